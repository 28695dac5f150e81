"""Decisions about backlog rows: ready or not ready, limits checked or reset (I-44, I-45, I-52, I-58)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from proforma.domain.codes import AdjustmentStatus, BillingStatus, BillingType, NteStatus
from proforma.domain.errors import RefusedError
from proforma.domain.ids import SourceId
from proforma.domain.invoices import Changes, Refusal, SourceMark
from proforma.invoicing.backlog import least_advanced
from proforma.invoicing.book import Book
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.facts import Facts
from proforma.invoicing.nte import Exceeded, Limits, assessed, is_checked
from proforma.invoicing.origins import require_local
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.statuses import OPEN

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
#: Why a row in this state cannot be moved by hand (I-52).
_FIXED: Final = {
    BillingStatus.INVOICE_CREATED: ("on-draft", "the row is on a draft invoice: remove it there first"),
    BillingStatus.INVOICE_POSTED: ("invoiced", "the row is on a confirmed invoice: only a correction changes that"),
    BillingStatus.CANCELED: ("canceled", "the row was canceled in Dataverse"),
    BillingStatus.WORK_ORDER_POSTED: ("invoiced", "the row was posted with its work order"),
}
#: A person may only move rows that were not taken back, and make ready only rows that nobody is about to take back (I-52).
_TAKEN_BACK: Final = frozenset({AdjustmentStatus.ADJUSTED, AdjustmentStatus.UNADJUSTABLE})


def mark(book: Book, clerk: Clerk, *, sources: Sequence[SourceId], ready: bool) -> Changes:
    """Marks rows ready or not ready, each on its own: refused ones are reported, the rest proceeds (I-52, I-58).

    A row whose limits were never evaluated is evaluated first, in the order in which rows were created (I-44, I-43). A row that
    already is in the state asked for gives neither mark nor refusal.
    """
    facts = Facts(book)
    everything = collect(facts)
    selected, unknown = _select(facts, everything, sources)
    marker = _Marker(facts, Limits(facts, everything), clerk)
    outcomes = [marker.marked(row, ready=ready) for row in selected]
    return Changes(
        marks=tuple(o for o in outcomes if isinstance(o, SourceMark)) + tuple(marker.failed),
        refusals=(*unknown, *(o for o in outcomes if isinstance(o, Refusal))),
    )


def evaluate_nte(book: Book, clerk: Clerk, *, sources: Sequence[SourceId]) -> Changes:
    """Checks the selected rows against their limits, in the order of creation; rows that limits are not about are skipped (I-45)."""
    facts = Facts(book)
    everything = collect(facts)
    selected, unknown = _select(facts, everything, sources)
    limits = Limits(facts, everything)
    marks = []
    for row in _open_to_nte(facts, selected):
        status, _ = assessed(facts, limits, row)
        if status is not row.nte:
            marks.append(_mark(row, clerk, nte=status))
    return Changes(marks=tuple(marks), refusals=tuple(unknown))


def reset_nte(book: Book, clerk: Clerk, *, sources: Sequence[SourceId]) -> Changes:
    """Frees the commitments of the selected rows; one that was ready is not ready any more (I-45)."""
    facts = Facts(book)
    selected, unknown = _select(facts, collect(facts), sources)
    marks = []
    for row in _open_to_nte(facts, selected):
        was_ready = row.status is BillingStatus.READY
        if was_ready or row.nte is not NteStatus.NOT_EVALUATED:
            marks.append(_mark(row, clerk, status=BillingStatus.NOT_READY if was_ready else None, nte=NteStatus.NOT_EVALUATED))
    return Changes(marks=tuple(marks), refusals=tuple(unknown))


class _Marker:
    """One act of marking: the limits that it consumes, and the rows that turned out not to fit."""

    def __init__(self, facts: Facts, limits: Limits, clerk: Clerk) -> None:
        self._facts = facts
        self._limits = limits
        self._clerk = clerk
        self.failed: list[SourceMark] = []

    def marked(self, row: Source, *, ready: bool) -> SourceMark | Refusal | None:
        """The mark of a row, why it is refused, or None when it is in that state already."""
        refusal = _refusal(row, ready=ready)
        wanted = BillingStatus.READY if ready else BillingStatus.NOT_READY
        if refusal is not None or row.status is wanted:
            return refusal
        return self._made_ready(row) if ready else _mark(row, self._clerk, status=wanted)

    def _made_ready(self, row: Source) -> SourceMark | Refusal:
        checked = is_checked(self._facts, row)
        if checked and row.nte is NteStatus.FAILED:
            return _nte_refusal(row, None)
        if not checked or row.nte is not NteStatus.NOT_EVALUATED:
            return _mark(row, self._clerk, status=BillingStatus.READY)
        status, exceeded = assessed(self._facts, self._limits, row)
        if status is NteStatus.FAILED:
            self.failed.append(_mark(row, self._clerk, nte=status))
            return _nte_refusal(row, exceeded)
        return _mark(row, self._clerk, status=BillingStatus.READY, nte=status)


def _refusal(row: Source, *, ready: bool) -> Refusal | None:
    """Why a person may not move the row (I-52)."""
    if row.status in _FIXED:
        reason, message = _FIXED[row.status]
        return Refusal(id=row.id, reason=reason, message=message)
    if row.elsewhere:
        return Refusal(id=row.id, reason="on-draft", message="an invoice of Dataverse itself holds the row")
    if row.adjustment in _TAKEN_BACK:
        return Refusal(id=row.id, reason="adjusted", message="the row was taken back")
    if ready and row.adjustment is not None:
        return Refusal(id=row.id, reason="adjusted", message="a journal that takes the row back is open")
    if ready and row.billing_type is BillingType.NOT_AVAILABLE:
        return Refusal(id=row.id, reason="not-ready", message="the billing type Not Available cannot be billed")
    return None


def _nte_refusal(row: Source, exceeded: Exceeded | None) -> Refusal:
    if exceeded is None:
        message = "the row does not fit its not-to-exceed limits: raise a limit and evaluate again"
    else:
        message = f"{exceeded.used} of the limit {exceeded.limit} of the {exceeded.level} are used, {row.amount} more do not fit"
    return Refusal(id=row.id, reason="nte-failed", message=message)


def _select(facts: Facts, everything: Sequence[Source], wanted: Sequence[SourceId]) -> tuple[list[Source], list[Refusal]]:
    """The wanted rows in the order of their creation, then id (I-43), and a refusal for each unknown one, or not ours to decide.

    A milestone that several customers pay is marked as one row, in the state of its last share (I-61).
    """
    rows: dict[SourceId, Source] = {}
    for source in everything:
        known = rows.get(source.id)
        rows[source.id] = source if known is None else replace(known, status=least_advanced((known.status, source.status)))
    refusals = {i: refusal for i in dict.fromkeys(wanted) if (refusal := _not_ours(facts, rows.get(i), i)) is not None}
    selected = sorted((rows[i] for i in set(wanted) if i not in refusals), key=lambda s: (s.created_at or _EARLIEST, s.id))
    return selected, list(refusals.values())


def _not_ours(facts: Facts, row: Source | None, id_: SourceId) -> Refusal | None:
    if row is None:
        return Refusal(id=id_, reason="unknown-source", message="no such row in the backlog")
    try:
        require_local(facts, row.contract_id)
    except RefusedError as refusal:
        return Refusal(id=id_, reason=refusal.reason, message=refusal.message)
    return None


def _open_to_nte(facts: Facts, rows: Sequence[Source]) -> Iterator[Source]:
    """Chargeable unbilled sales that are neither invoiced nor on a draft (I-45)."""
    return (r for r in rows if is_checked(facts, r) and r.status in OPEN and r.adjustment not in _TAKEN_BACK and not r.elsewhere)


def _mark(row: Source, clerk: Clerk, *, status: BillingStatus | None = None, nte: NteStatus | None = None) -> SourceMark:
    return SourceMark(source=row.id, kind=row.kind, at=clerk.at, by=clerk.by, status=status, nte=nte)
