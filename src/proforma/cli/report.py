"""How acts and stages are reported, the same way by every command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import typer

from proforma.cli.output import Output, text
from proforma.cli.shapes import invoice_shape, refusals_shape
from proforma.domain.codes import InvoiceStatus, PushStatus
from proforma.domain.contracts import Contract
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice, PassedOver, Refusal
from proforma.domain.masters import Customer
from proforma.store import Header, Reader
from proforma.store.write_backs import DONE
from proforma.sync.cycle import Cycle
from proforma.sync.delivery import Pushed
from proforma.sync.draft import Answer
from proforma.sync.pull import Pulled
from proforma.sync.write_back import WrittenBack

if TYPE_CHECKING:
    from proforma.sync.cancellation import Withdrawn


def decimal(value: str, what: str) -> Decimal:
    """An amount given on the command line. Raises ConfigurationError."""
    try:
        number = Decimal(value)
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ConfigurationError(f"{what}: {value!r} is no number", hint="write it like 1234.50")
    return number


def report_answer(out: Output, answer: Answer, *, done: str) -> None:
    """What an act on rows or invoices did; ends with exit code 1 when something was refused or passed over."""
    report_answers(out, [answer], done=lambda _: done)


def report_answers(out: Output, answers: Iterable[Answer], *, done: Callable[[int], str]) -> None:
    """As `report_answer`, for acts that come one after the other: each is told at once, and no invoice is kept."""
    told = _Told()
    rest = iter(answers)
    # What fails at once, such as a locked store, fails before anything is written.
    answers = chain(list(islice(rest, 1)), rest)
    if out.json:
        shapes = (invoice_shape(invoice) for answer in answers for invoice in told.of(answer))
        out.stream({}, "invoices", shapes, told.rest())
    else:
        for answer in answers:
            for invoice in told.of(answer):
                out.line(f"{invoice.number}  {invoice.status}  {text(invoice.total)} {invoice.currency.code}")
        out.remark(done(told.invoices))
        for refusal in told.refusals:
            out.warn(f"refused {refusal.id}: {refusal.reason}: {refusal.message}")
        if told.passed_over:
            out.warn(f"{len(told.passed_over)} rows were passed over; see `proforma problems list`")
    if told.refusals or told.passed_over:
        raise typer.Exit(1)


class _Told:
    """What is left to say when the invoices of several answers were told."""

    def __init__(self) -> None:
        self.invoices = 0
        self.refusals: list[Refusal] = []
        self.passed_over: list[PassedOver] = []

    def of(self, answer: Answer) -> Sequence[Invoice]:
        """The invoices of an answer; the rest of it is remembered."""
        self.invoices += len(answer.invoices)
        self.refusals += answer.changes.refusals
        self.passed_over += answer.changes.passed_over
        return answer.invoices

    def rest(self) -> Iterator[dict[str, Any]]:
        """The members of the JSON document behind its invoices, asked for when all were told."""
        passed_over = [{"source": row.source, "reason": row.reason, "message": row.message} for row in self.passed_over]
        yield {"refused": refusals_shape(self.refusals), "passed_over": passed_over}


def report_pull(out: Output, pulled: Sequence[Pulled]) -> bool:
    """What a pull did; whether something needs attention."""
    if out.json:
        out.document({"entities": [_pulled_shape(entity) for entity in pulled]})
    else:
        moved = [p for p in pulled if p.rows or p.deleted or p.quarantined]
        rows = [(p.entity, p.mode, str(p.rows), str(p.deleted), str(p.quarantined)) for p in moved]
        out.table(("entity", "mode", "rows", "deleted", "quarantined"), rows, right=("rows", "deleted", "quarantined"))
        out.remark(f"{len(pulled) - len(moved)} other entities had nothing to read")
        absent = [p.entity for p in pulled if p.absent]
        if absent:
            out.remark(f"not in this environment: {', '.join(absent)}")
        for note in dict.fromkeys(p.note for p in pulled if p.note):
            out.remark(f"{note}: {', '.join(p.entity for p in pulled if p.note == note)}")
    quarantined = sum(p.quarantined for p in pulled)
    if quarantined:
        out.warn(f"{quarantined} rows could not be mapped and are held; see `proforma problems list`")
    return quarantined > 0


def _pulled_shape(pulled: Pulled) -> dict[str, Any]:
    return {
        "entity": pulled.entity,
        "mode": pulled.mode,
        "rows": pulled.rows,
        "pages": pulled.pages,
        "deleted": pulled.deleted,
        "quarantined": pulled.quarantined,
        "missing_columns": pulled.missing,
        "absent": pulled.absent,
        "note": pulled.note,
    }


def report_push(out: Output, pushed: Sequence[Pushed]) -> bool:
    """What a push did; whether something needs attention."""
    if out.json:
        out.document({"invoices": [pushed_shape(row) for row in pushed]})
    else:
        for row in pushed:
            out.line("  ".join(filter(None, (row.number, row.push, row.external_number, row.message))))
        out.remark(f"{len(pushed)} invoices handled")
    return any(row.needs_a_person or row.push is PushStatus.SENDING for row in pushed)


def pushed_shape(row: Pushed) -> dict[str, Any]:
    """What became of one invoice in a push."""
    return {
        "id": row.invoice_id,
        "number": row.number,
        "push": row.push,
        "external_number": row.external_number,
        "message": row.message,
    }


def report_withdrawn(out: Output, done: Sequence[Withdrawn], present: Mapping[InvoiceId, Header]) -> None:
    """What became of documents that were to be taken back; raises the first fault, exits with 1 after a refusal."""
    refused = [row for row in done if row.refused is not None]
    if out.json:
        told = [
            {"id": row.invoice.id, "number": row.invoice.number, "push": present[row.invoice.id].push, "message": row.message}
            for row in done
            if row.refused is None
        ]
        no = [{"id": row.invoice.id, "reason": row.refused, "message": row.message} for row in refused]
        out.document({"invoices": told, "refused": no})
    else:
        for row in done:
            if row.refused is None:
                out.line(f"{row.invoice.number}  {present[row.invoice.id].push}  {row.message}")
            else:
                out.warn(f"refused {row.invoice.number}: {row.refused}: {row.message}")
    for row in done:
        if row.fault is not None:
            raise row.fault
    if refused:
        raise typer.Exit(1)


def report_write_back(out: Output, written: Sequence[WrittenBack]) -> bool:
    """What was written back; whether something needs attention."""
    if out.json:
        out.document({"rows": [written_shape(row) for row in written]})
    else:
        for row in written:
            if row.message:
                out.line(f"{row.entity} {row.row_id}  {row.state}  {row.message}")
        out.remark(f"{sum(row.state == DONE for row in written)} of {len(written)} rows say what they are to say")
    return any(row.state != DONE for row in written)


def written_shape(row: WrittenBack) -> dict[str, Any]:
    """What became of one row."""
    return {"entity": row.entity, "row": row.row_id, "invoice": row.invoice_id, "state": row.state, "message": row.message}


def invoice_table(out: Output, reader: Reader, headers: Sequence[Header]) -> None:
    """Invoices, a line each, with the names of contract and customer."""
    contracts = reader.mirror.get_many(Contract, {header.contract_id for header in headers})
    customers = reader.mirror.get_many(Customer, {header.customer_id for header in headers})
    columns = ("number", "status", "push", "date", "total", "currency", "finance", "contract", "customer")
    rows = (
        (h.number, state_of(h), h.push, str(h.invoice_date), text(h.total) or "", h.currency, h.external_number or "",
         _label(contracts.get(h.contract_id), h.contract_id), _label(customers.get(h.customer_id), h.customer_id))
        for h in headers
    )  # fmt: skip
    out.table(columns, rows, right=("total",))


def state_of(invoice: Invoice | Header) -> str:
    """The state of an invoice, and whether Dataverse made it; a draft of Dataverse is one that is held here."""
    if not invoice.is_taken_over:
        return invoice.status.value
    return "held, of Dataverse" if invoice.status is InvoiceStatus.DRAFT else f"{invoice.status.value}, of Dataverse"


def _label(record: Contract | Customer | None, id_: str) -> str:
    """How a person knows it: number and name, else its id."""
    words = [word for word in (record.number, record.name) if word] if record else []
    return " ".join(words) or id_


def cycle_line(cycle: Cycle) -> str:
    """One cycle in one line."""
    return ", ".join(f"{count} {name}" for name, count in cycle.counts.items())


def report_cycle(out: Output, cycle: Cycle) -> bool:
    """What a whole cycle did; whether something needs attention."""
    if out.json:
        out.document(
            {
                "dry_run": cycle.dry_run,
                "counts": cycle.counts,
                "waiting": cycle.waiting,
                "entities": [_pulled_shape(entity) for entity in cycle.pulled],
                "taken_over": [invoice_shape(invoice) for invoice in cycle.taken_over.invoices],
                "drafted": [invoice_shape(invoice) for invoice in cycle.drafted.invoices],
                "confirmed": [invoice_shape(invoice) for invoice in cycle.confirmed.invoices],
                "pushed": [pushed_shape(row) for row in cycle.pushed],
                "written_back": [written_shape(row) for row in cycle.written_back],
                "refused": refusals_shape((*cycle.drafted.changes.refusals, *cycle.confirmed.changes.refusals)),
            }
        )
    else:
        out.line(cycle_line(cycle))
        out.line("waiting: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in cycle.waiting.items()))
        for held in cycle.taken_over.changes.passed_over:
            out.warn(f"{held.reason}: {held.message}")
        for refusal in (*cycle.drafted.changes.refusals, *cycle.confirmed.changes.refusals):
            out.warn(f"refused {refusal.id}: {refusal.reason}: {refusal.message}")
    return cycle.needs_attention
