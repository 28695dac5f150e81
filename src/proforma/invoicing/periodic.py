"""The periodic creation of drafts by invoice schedules (I-79, I-91, I-92)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from proforma.domain.codes import ScheduleRunStatus, SourceKind
from proforma.domain.contracts import Contract, ScheduleRow
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ContractLineId
from proforma.domain.invoices import Changes, ScheduleMark
from proforma.invoicing.book import Book
from proforma.invoicing.changes import joined, refused
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.drafting import Draughtsman, drafts_of
from proforma.invoicing.facts import Facts
from proforma.invoicing.origins import is_made_elsewhere, require_local
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.sources.picking import is_pickable
from proforma.invoicing.watching import attention, by_contract


def run_periodic(book: Book, clerk: Clerk, *, as_of: date) -> Changes:
    """Drafts for whatever the schedules of all active contracts make due on that day; a second run finds nothing (I-79).

    Each contract and customer gets at most one new draft, also beside an older one. A day that was missed is caught up. The due
    rows are marked successful even when nothing was ready, failed when their contract could not be drafted.
    """
    facts = Facts(book)
    drawing = Draughtsman(facts=facts, sources=by_contract(collect(facts)), clerk=clerk, as_of=as_of, periodic=True)
    due = [row for row in book.schedule if _is_due(facts, row, as_of)]
    active = (c for c in facts.contracts.values() if facts.is_invoiceable(c.id) and not is_made_elsewhere(facts, c.id))
    return joined(_run(drawing, contract, [r for r in due if _contract_of(facts, r) == contract.id]) for contract in active)


def _is_due(facts: Facts, row: ScheduleRow, as_of: date) -> bool:
    """Not run or failed, and its run date reached; what was run here wins over what Dataverse says."""
    done = facts.book.run_rows.get(row.id, False) or row.status is ScheduleRunStatus.SUCCESSFUL
    return row.active and not done and row.run_date is not None and row.run_date <= as_of


def _contract_of(facts: Facts, row: ScheduleRow) -> str | None:
    line = facts.line(row.contract_line_id)
    return None if line is None else line.contract_id


def _run(drawing: Draughtsman, contract: Contract, due: list[ScheduleRow]) -> Changes:
    try:
        require_local(drawing.facts, contract.id)
        drafts, successful = joined(_drafts(drawing, contract, _cut_offs(due))), True
    except RefusedError as fault:
        drafts, successful = refused(contract.id, fault.reason, str(fault)), False
    marks = tuple(ScheduleMark(row_id=r.id, successful=successful, at=drawing.clerk.at) for r in due)
    seen = Changes(schedule=marks, passed_over=attention(drawing.facts, drawing.of(contract.id), contract.id), considered=(contract.id,))
    return joined((drafts, seen))


def _cut_offs(due: list[ScheduleRow]) -> dict[ContractLineId, date]:
    """The last transaction day of each line that is due: the latest of its rows, and each row's day belongs to it (I-79, I-92)."""
    cut_offs: dict[ContractLineId, date] = {}
    for row in due:
        if row.contract_line_id is not None and row.run_date is not None:
            cut_off = row.cut_off or row.run_date - timedelta(days=1)
            cut_offs[row.contract_line_id] = max(cut_off, cut_offs.get(row.contract_line_id, cut_off))
    return cut_offs


def _drafts(drawing: Draughtsman, contract: Contract, cut_offs: Mapping[ContractLineId, date]) -> Iterator[Changes]:
    """Scheduled work, milestones and retainers; products only ride along on a draft of the primary customer (I-79)."""
    pickable = [s for s in drawing.of(contract.id) if is_pickable(s, as_of=date.max)]
    picked = [s for s in pickable if _is_scheduled(s, cut_offs, drawing.as_of)]
    products = [s for s in pickable if s.kind is SourceKind.PRODUCT]
    if any(s.customer_id == contract.customer_id and s.is_chargeable for s in picked):
        picked += products
    yield from drafts_of(drawing, contract, picked)


def _is_scheduled(source: Source, cut_offs: Mapping[ContractLineId, date], as_of: date) -> bool:
    match source.kind:
        case SourceKind.ACTUAL:
            cut_off = None if source.line_id is None else cut_offs.get(source.line_id)
            return cut_off is not None and source.day is not None and source.day <= cut_off
        case SourceKind.MILESTONE | SourceKind.RETAINER:
            return source.day is not None and source.day <= as_of
        case _:
            return False
