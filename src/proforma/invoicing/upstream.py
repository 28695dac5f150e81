"""Reading an invoice of the source system: its details as ours, and what is wrong with it as a whole (I-130).

A detail bills what it is connected to (I-11): an unbilled sales row, a milestone, a retainer; a line of a product bills itself
(I-71). An invoice that is not whole, or not understood, has faults and is never taken over in part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from proforma.domain.codes import BillingType, InvoiceStatus, LineType, SourceKind, TransactionClass, TransactionType
from proforma.domain.contracts import ContractLine
from proforma.domain.errors import RefusedError
from proforma.domain.ids import Guid, InvoiceId, ProjectId, RecordId, RetainerId, SourceId
from proforma.domain.invoices import Figures, Invoice, InvoiceDetail
from proforma.domain.money import plain, total
from proforma.domain.records import Actual
from proforma.domain.upstream import UpstreamDetail, UpstreamInvoice, UpstreamLine
from proforma.invoicing.billing import figures
from proforma.invoicing.details import line_type
from proforma.invoicing.facts import Facts
from proforma.invoicing.origins import billed_here
from proforma.invoicing.sources import Fault, Source
from proforma.invoicing.sources.actuals import BILLABLE_CLASSES, transaction_day
from proforma.invoicing.sources.products import product_amount

ZERO: Final = Decimal(0)
_Row = TypeVar("_Row", UpstreamLine, UpstreamDetail, Actual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The invoices of the source system for the contracts of a book, drafts and all.

    `links`: for a detail the ids at the other ends of its connections. `numbers`: invoice numbers in use here, and by which invoice.
    `given_up`: invoices that a person decided not to take over.
    """

    invoices: Sequence[UpstreamInvoice] = ()
    lines: Sequence[UpstreamLine] = ()
    details: Sequence[UpstreamDetail] = ()
    links: Mapping[str, Sequence[Guid]] = field(default_factory=dict)
    numbers: Mapping[str, InvoiceId] = field(default_factory=dict)
    given_up: frozenset[InvoiceId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An invoice of the source system as we read it. `corrects`: the invoices whose details it corrects."""

    header: UpstreamInvoice
    number: str
    details: tuple[InvoiceDetail, ...]
    corrects: tuple[Invoice, ...]
    faults: tuple[Fault, ...]


class Rows:
    """The rows of the source system by what is asked of them: the same for a whole run, whatever is taken over in it."""

    def __init__(self, facts: Facts, upstream: Upstream, sources: Sequence[Source]) -> None:
        self.upstream = upstream
        self.lines = _by_invoice(upstream.lines)
        self.details = _by_invoice(upstream.details)
        self.milestones = [source for source in sources if source.kind is SourceKind.MILESTONE]
        self.unbilled = _by_invoice([actual for actual in facts.actuals.values() if _is_unbilled(actual)])


class Reader:
    """Reads the invoices of one book of contracts; made anew when the book has changed."""

    def __init__(self, facts: Facts, rows: Rows) -> None:
        self._facts = facts
        self._rows = rows
        self._numbers = {**rows.upstream.numbers, **{invoice.number: invoice.id for invoice in facts.invoices.values()}}

    def read(self, header: UpstreamInvoice) -> Reading:
        """The invoice with everything that is wrong with it; without faults it can be taken over as it is."""
        lines, rows = self._rows.lines.get(header.id, []), self._rows.details.get(header.id, [])
        details, faults = self._read_details(header, lines, rows)
        originals = dict.fromkeys(self._facts.invoice_of[d.corrects_detail].id for d in details if d.corrects_detail is not None)
        number = header.number or f"DV-{header.id[:8]}".upper()
        # What the sums of a row that cannot be read come to is no second fault.
        sums = () if faults else _of_sums(header, lines, rows, details)
        return Reading(
            header=header,
            number=number,
            details=tuple(details),
            corrects=tuple(self._facts.invoices[id_] for id_ in originals),
            faults=(*self._of_header(header, number), *faults, *sums, *self._twice(header, details)),
        )

    def _read_details(
        self, header: UpstreamInvoice, lines: Sequence[UpstreamLine], rows: Sequence[UpstreamDetail]
    ) -> tuple[list[InvoiceDetail], list[Fault]]:
        reader = _InvoiceReader(self._facts, self._rows, header, rows)
        products = [line for line in lines if not line.is_project_based]
        makers = [*(partial(reader.detail, row) for row in rows), *(partial(reader.product, line) for line in products)]
        details: list[InvoiceDetail] = []
        faults: list[Fault] = []
        for make in makers:
            try:
                details.append(make())
            except RefusedError as refusal:
                faults.append(Fault(refusal.reason, refusal.message))
        return details, faults

    def _of_header(self, header: UpstreamInvoice, number: str) -> Iterator[Fault]:
        contract = None if header.contract_id is None else self._facts.contracts.get(header.contract_id)
        own = None if contract is None else billed_here(self._facts, contract.id)
        if own is not None:
            yield Fault(
                "origin-conflict",
                f"{own.number} of the same contract was made here, and a contract has one origin: delete or credit it, "
                "or name the contract in invoicing.origins as local",
            )
        if header.customer_id is None:
            yield Fault("no-customer", "the invoice names no customer")
        if (
            contract is None
            or header.currency_id not in (None, contract.currency_id)
            or contract.currency_id not in self._facts.book.currencies
        ):
            yield Fault("currency-mismatch", "the invoice is not in the currency of its contract, and nothing is converted")
        if self._numbers.get(number, header.id) != header.id:
            yield Fault("number-taken", f"another invoice has the number {number} already")
        if any((header.discount, header.discount_percent, header.freight)):
            yield Fault("header-discount", "a discount or freight on the whole invoice is not supported (I-86): put it on a line")

    def _twice(self, header: UpstreamInvoice, details: Sequence[InvoiceDetail]) -> Iterator[Fault]:
        for detail in details:
            other = next((i for i, _ in self._facts.taken_over.get(detail.source, ()) if i.id != header.id), None)
            if detail.kind is SourceKind.ACTUAL and detail.previous is None and other is not None:
                yield Fault("billed-twice", f"{other.number} bills {detail.source} already")


class _InvoiceReader:
    """Makes details of the rows of one invoice. Raises RefusedError with what is wrong with a row."""

    def __init__(self, facts: Facts, known: Rows, header: UpstreamInvoice, rows: Sequence[UpstreamDetail]) -> None:
        self._facts = facts
        self._header = header
        self._links = known.upstream.links
        self._milestones = [m for m in known.milestones if m.customer_id == header.customer_id]
        linked = {id_ for row in rows for id_ in self._links.get(row.id, ())}
        self._unclaimed = [a for a in known.unbilled.get(header.id, ()) if a.id not in linked]

    def detail(self, row: UpstreamDetail) -> InvoiceDetail:
        """The detail of a row."""
        if row.billing_type in (None, BillingType.NOT_AVAILABLE) or row.transaction_class is None:
            raise RefusedError("unknown-status", f"detail {row.id} has no class or no billing type that can be billed")
        if row.amount is None:
            raise RefusedError("unpriced", f"detail {row.id} has no amount")
        if row.original_id is not None or row.is_correction:
            return self._correction(row, row.amount)
        match row.transaction_class:
            case TransactionClass.MILESTONE:
                found = self._milestone(row)
                return self._made(row, SourceKind.MILESTONE, SourceId(found.id if found else row.id))
            case TransactionClass.RETAINER:
                return self._retainer(row, row.amount)
            case class_ if class_ in BILLABLE_CLASSES:
                return self._work(row)
        raise RefusedError("unknown-status", f"no rule bills the class {row.transaction_class.value} of detail {row.id}")

    def product(self, line: UpstreamLine) -> InvoiceDetail:
        """A product line is its own detail (I-71)."""
        amount = product_amount(line, precision=self._facts.precision(self._header.contract_id))
        if amount is None:
            raise RefusedError("unpriced", f"product line {line.id} has neither amount nor price")
        return InvoiceDetail(
            id=line.id,
            source=SourceId(line.contract_line_id or line.id),
            kind=SourceKind.PRODUCT,
            type=LineType.PRODUCT,
            transaction_class=TransactionClass.PRODUCT,
            contract_line_id=line.contract_line_id,
            line_order=self._facts.line_order(line.contract_line_id),
            billing_type=BillingType.CHARGEABLE,
            quantity=Decimal(1) if line.quantity is None else line.quantity,
            price=line.price_per_unit,
            amount=amount,
            tax=line.tax,
            description=line.description,
            product_id=line.product_id,
            unit_id=line.unit_id,
        )

    def _work(self, row: UpstreamDetail) -> InvoiceDetail:
        linked = self._links.get(row.id, ())
        actual = next((a for id_ in linked if (a := self._facts.actuals.get(RecordId(id_))) is not None and _is_unbilled(a)), None)
        if actual is None and linked:
            others = ", ".join(sorted(linked))
            raise RefusedError("unknown-actual", f"detail {row.id} bills {others}, which is no unbilled sales of this contract: pull again")
        actual = actual or self._alike(row)
        if actual is None:
            return self._made(row, SourceKind.MANUAL, SourceId(row.id))
        return replace(self._made(row, SourceKind.ACTUAL, SourceId(actual.id)), original=_figures_of(actual))

    def _alike(self, row: UpstreamDetail) -> Actual | None:
        """The one actual that the source system has put on this invoice and that says what the detail says, where no connection tells."""
        said = (row.transaction_class, transaction_day(row), row.quantity, row.amount)
        found = [a for a in self._unclaimed if (a.transaction_class, transaction_day(a), a.quantity, a.amount) == said]
        return found[0] if len(found) == 1 else None

    def _milestone(self, row: UpstreamDetail) -> Source | None:
        """The milestone that it is connected to; else the one of its line with its amount, and its name if there are several."""
        linked = self._links.get(row.id, ())
        own = [m for m in self._milestones if m.id in linked] or [
            m for m in self._milestones if m.line_id == row.contract_line_id and m.amount == row.amount
        ]
        named = [m for m in own if m.description == row.description] if len(own) > 1 else own
        return named[0] if len(named) == 1 else None

    def _retainer(self, row: UpstreamDetail, amount: Decimal) -> InvoiceDetail:
        known = (RetainerId(id_) for id_ in self._links.get(row.id, ()))
        source = next((SourceId(id_) for id_ in known if id_ in self._facts.retainers), SourceId(row.id))
        if amount >= 0:
            return self._made(row, SourceKind.RETAINER, source)
        return replace(self._made(row, SourceKind.ADVANCE, source), type=LineType.ADVANCE_APPLIED)

    def _correction(self, row: UpstreamDetail, amount: Decimal) -> InvoiceDetail:
        """What should have been invoiced, beside what was (I-96)."""
        original = None if row.original_id is None else self._facts.details.get(row.original_id)
        if original is None or row.original_id not in self._facts.invoice_of:
            raise RefusedError(
                "original-unknown", f"detail {row.id} corrects one of an invoice that was not taken over: credit it in finance"
            )
        if self._facts.invoice_of[original.id].status is InvoiceStatus.DRAFT:
            raise RefusedError(
                "original-held", f"it corrects {self._facts.invoice_of[original.id].number}, which is held: settle that one first"
            )
        before = figures(original)
        if row.previous_amount not in (None, before.amount):
            said = f"{plain(row.previous_amount)} before, we took over {plain(before.amount)}"
            raise RefusedError("previous-differs", f"detail {row.id} corrects {said}")
        made = self._made(row, original.kind, original.source)
        return replace(made, type=original.type, quantity=row.quantity or ZERO, previous=before, corrects_detail=original.id, amount=amount)

    def _made(self, row: UpstreamDetail, kind: SourceKind, source: SourceId) -> InvoiceDetail:
        assert row.transaction_class is not None
        assert row.billing_type is not None
        assert row.amount is not None
        line = self._facts.line(row.contract_line_id)
        return InvoiceDetail(
            id=row.id,
            source=source,
            kind=kind,
            type=line_type(row.transaction_class),
            transaction_class=row.transaction_class,
            contract_line_id=None if row.transaction_class is TransactionClass.RETAINER else row.contract_line_id,
            line_order=self._facts.line_order(row.contract_line_id),
            day=transaction_day(row),
            billing_type=row.billing_type,
            quantity=Decimal(1) if row.quantity is None else row.quantity,
            price=row.price,
            amount=row.amount,
            description=row.description,
            external_description=row.external_description,
            project_id=row.project_id or _project_of(line),
            task_id=row.task_id,
            role_id=row.role_id,
            resource_id=row.resource_id,
            category_id=row.category_id,
            product_id=row.product_id,
            unit_id=row.unit_id,
            price_list_id=row.price_list_id,
        )


def _project_of(line: ContractLine | None) -> ProjectId | None:
    return None if line is None else line.project_id


def _figures_of(actual: Actual) -> Figures | None:
    """What the unbilled row said; None while it has no figures of its own."""
    if actual.amount is None or actual.billing_type is None:
        return None
    quantity = Decimal(1) if actual.quantity is None else actual.quantity
    return Figures(quantity=quantity, price=actual.price, amount=actual.amount, billing_type=actual.billing_type)


def _is_unbilled(actual: Actual) -> bool:
    return actual.type is TransactionType.UNBILLED_SALES


def _by_invoice(rows: Sequence[_Row]) -> dict[InvoiceId, list[_Row]]:
    found: dict[InvoiceId, list[_Row]] = {}
    for row in rows:
        if row.invoice_id is not None and row.active:
            found.setdefault(row.invoice_id, []).append(row)
    return found


# ---- whether it is whole ------------------------------------------------------------------------------------------------------


def _of_sums(
    header: UpstreamInvoice, lines: Sequence[UpstreamLine], rows: Sequence[UpstreamDetail], details: Sequence[InvoiceDetail]
) -> Iterator[Fault]:
    """Sums that do not add up tell that rows are missing, or that somebody is still at work (I-86)."""
    if not rows and not details:
        yield Fault("empty", "the invoice has no details")
        return
    line_of: dict[str, Guid | None] = {row.id: row.invoice_line_id for row in rows}
    for line in lines:
        billed = total(d.value for d in details if line_of.get(d.id) == line.id)
        if line.is_project_based and line.chargeable is not None and line.chargeable != billed:
            yield _unequal(f"line {line.description or line.id}", line.chargeable, billed)
    missing = sorted({row.invoice_line_id for row in rows if row.invoice_line_id is not None} - {line.id for line in lines})
    if missing:
        yield Fault("incomplete", f"lines are missing: {', '.join(missing)}; pull again")
    billed = total(d.value for d in details)
    if header.line_total is not None and header.line_total != billed:
        yield _unequal("the invoice", header.line_total, billed)


def _unequal(what: str, said: Decimal, found: Decimal) -> Fault:
    return Fault("incomplete", f"{what} says {plain(said)}, its details come to {plain(found)}: pull again")
