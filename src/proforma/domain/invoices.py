"""Proforma invoices as records: header, lines, details, the events that make them, the ledger's actuals, the marks on sources.

An invoice is the fold of its events (`apply`); nothing changes one in any other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from proforma.domain.codes import (
    BillingStatus,
    BillingType,
    InvoiceStatus,
    LedgerType,
    LineType,
    NteStatus,
    Origin,
    PushStatus,
    SourceKind,
    TransactionClass,
)
from proforma.domain.frozen import made_quickly
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    Guid,
    InvoiceId,
    PriceListId,
    ProductId,
    ProjectId,
    RecordId,
    ResourceId,
    RoleId,
    SourceId,
    TaskId,
    UnitId,
)
from proforma.domain.money import Currency, total


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Quantity, price, amount and billing type together: what a source said, or what was invoiced before."""

    quantity: Decimal
    price: Decimal | None
    amount: Decimal
    billing_type: BillingType


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDetail:
    """One source on an invoice.

    `source` is the id of the actual, milestone, product line or retainer; a detail added by hand is its own source.
    `original` holds what the source said when it was drafted (None: added by hand), so that an edit can be told at confirmation (I-88).
    `previous` is set on corrections only (I-96): the figures invoiced so far.
    `touched`: a person set this figure, a refresh keeps it (I-67).
    """

    id: Guid
    source: SourceId
    kind: SourceKind
    type: LineType
    transaction_class: TransactionClass
    contract_line_id: ContractLineId | None
    line_order: int = 0
    day: date | None = None
    billing_type: BillingType
    quantity: Decimal
    price: Decimal | None
    amount: Decimal
    tax: Decimal | None = None
    original: Figures | None = None
    previous: Figures | None = None
    corrects_detail: Guid | None = None
    touched: bool = False
    description: str | None = None
    external_description: str | None = None
    project_id: ProjectId | None = None
    task_id: TaskId | None = None
    role_id: RoleId | None = None
    resource_id: ResourceId | None = None
    category_id: CategoryId | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None
    price_list_id: PriceListId | None = None
    price_reason: str | None = None
    price_rule: str | None = None

    @property
    def previous_amount(self) -> Decimal | None:
        """Amount invoiced before, on a correction."""
        return None if self.previous is None else self.previous.amount

    @property
    def invoice_amount(self) -> Decimal | None:
        """What a correction adds or takes: amount minus previous amount (I-96)."""
        return None if self.previous is None else total((self.amount, -self.previous.amount))

    @property
    def value(self) -> Decimal:
        """What this detail adds to its line: 0 unless chargeable (I-26); the difference on a correction (I-96)."""
        if self.billing_type is not BillingType.CHARGEABLE:
            return Decimal(0)
        return self.amount if self.previous is None else total((self.amount, -self.previous.amount))

    @property
    def is_application(self) -> bool:
        """Whether it uses a retainer for the work of its invoice (I-67); paying one back is no such use (I-70)."""
        return self.kind is SourceKind.ADVANCE and self.type is LineType.ADVANCE_APPLIED

    @property
    def is_edited(self) -> bool:
        """Whether quantity, price, amount or billing type differ from the source (I-88)."""
        return self.original is not None and self.original != Figures(
            quantity=self.quantity, price=self.price, amount=self.amount, billing_type=self.billing_type
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """Details of one contract line and type (I-76). `description` is the contract line's, or says what the line is."""

    contract_line_id: ContractLineId | None
    type: LineType
    description: str
    details: tuple[InvoiceDetail, ...]

    @property
    def amount(self) -> Decimal:
        """Sum of the values of its details (I-86)."""
        return total(detail.value for detail in self.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What finance told of a posted document: its day, its tax, its total with tax, what is still to be paid (F-90)."""

    posted_on: date | None = None
    tax: Decimal | None = None
    remaining: Decimal | None = None
    total_with_tax: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A proforma invoice of one contract and customer (I-75).

    `reference` is fixed at confirmation, at most 35 characters of A–Z, 0–9 and hyphen (promise 4); empty before.
    `flags` names the sources that changed or vanished while drafted; a flagged draft cannot be confirmed (I-89).
    `origin`: an invoice of the source system has its id and number there; while it is a draft here, it is held (I-130).
    """

    id: InvoiceId
    number: str
    contract_id: ContractId
    customer_id: CustomerId
    currency: Currency
    currency_id: CurrencyId
    as_of: date
    invoice_date: date
    created_at: datetime
    lines: tuple[InvoiceLine, ...] = ()
    status: InvoiceStatus = InvoiceStatus.DRAFT
    push: PushStatus = PushStatus.NONE
    reference: str | None = None
    corrects: InvoiceId | None = None
    periodic: bool = False
    accounting_date: date | None = None
    confirmed_at: datetime | None = None
    external_id: str | None = None
    external_number: str | None = None
    read_back: ReadBack | None = None
    flags: tuple[SourceId, ...] = ()
    origin: Origin = Origin.LOCAL

    @property
    def total(self) -> Decimal:
        """Sum of the line amounts, negative ones too; tax excluded (I-86, I-110, I-114)."""
        return total(line.amount for line in self.lines)

    @property
    def details(self) -> Iterator[InvoiceDetail]:
        """All details, line by line."""
        return (detail for line in self.lines for detail in line.details)

    @property
    def is_taken_over(self) -> bool:
        """Whether it was made in the source system (I-130)."""
        return self.origin is Origin.DATAVERSE

    @property
    def is_live(self) -> bool:
        """Whether it holds its sources: everything but a deleted draft."""
        return self.status is not InvoiceStatus.DELETED


# ---- what happens to an invoice ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """The draft came into being, with its lines."""

    invoice: Invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesChanged:
    """The lines are now these; `act` says what was done: edit, add, remove, refresh, apply (I-81 … I-86)."""

    act: str
    lines: tuple[InvoiceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsChanged:
    """These details are now these, each at its old place, and those are gone; a line that has none left is gone too (I-81, I-84).

    Says no more than what changed: the event of an edit does not grow with its invoice.
    """

    act: str
    changed: tuple[InvoiceDetail, ...] = ()
    removed: tuple[Guid, ...] = ()

    def applied_to(self, lines: tuple[InvoiceLine, ...]) -> tuple[InvoiceLine, ...]:
        """The lines afterwards."""
        changed, removed = {detail.id: detail for detail in self.changed}, frozenset(self.removed)
        after = (
            replace(line, details=tuple(changed.get(detail.id, detail) for detail in line.details if detail.id not in removed))
            for line in lines
        )
        return tuple(line for line in after if line.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDifference:
    """What an invoice of the source system bills of one detail, and what our rules say of it (I-130). None: nobody knows."""

    detail: Guid
    source: SourceId
    reason: str
    message: str
    billed: Decimal
    ours: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An invoice of the source system was compared with our pricing, line by line; nothing of it is changed by that (I-130)."""

    differences: tuple[PriceDifference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """These sources changed or vanished in Dataverse; an empty tuple takes the flag away (I-8, I-89)."""

    sources: tuple[SourceId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The draft was confirmed; from here on it is immutable (I-87)."""

    reference: str
    accounting_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The draft was deleted; its sources are ready again (I-101)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction of this invoice was confirmed (I-100)."""

    by: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class PushChanged:
    """The push moved on (F-83)."""

    push: PushStatus
    attempt: int = 0
    external_id: str | None = None
    external_number: str | None = None
    message: str | None = None
    read_back: ReadBack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """Finance had this invoice already, under the reference of a history that our store has lost; it is ours again."""

    reference: str


Happening = Drafted | LinesChanged | DetailsChanged | Compared | Flagged | Confirmed | Deleted | Corrected | PushChanged | Adopted


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent:
    """Something that happened to one invoice: which, when, by whom. `sequence` counts from 1 within the invoice."""

    invoice_id: InvoiceId
    sequence: int
    at: datetime
    by: str
    happening: Happening


class ImpossibleEventError(ValueError):
    """An event does not fit the state of its invoice; the ledger is damaged or a rule was by-passed."""


def apply(invoice: Invoice | None, event: InvoiceEvent) -> Invoice:
    """The invoice after the event. Raises ImpossibleEventError when the event cannot follow the state (I, section 20)."""
    happening = event.happening
    if isinstance(happening, Drafted):
        if invoice is not None:
            raise ImpossibleEventError(f"invoice {event.invoice_id} is drafted twice")
        return happening.invoice
    if invoice is None:
        raise ImpossibleEventError(f"invoice {event.invoice_id} has no beginning")
    return _apply_to(invoice, event.at, happening)


def _apply_to(invoice: Invoice, at: datetime, happening: Happening) -> Invoice:
    needs_draft = isinstance(happening, LinesChanged | DetailsChanged | Compared | Flagged | Confirmed | Deleted)
    if needs_draft != (invoice.status is InvoiceStatus.DRAFT):
        raise ImpossibleEventError(f"{type(happening).__name__} cannot happen to invoice {invoice.id}: it is {invoice.status}")
    match happening:
        case LinesChanged(lines=lines):
            return replace(invoice, lines=lines)
        case DetailsChanged():
            return replace(invoice, lines=happening.applied_to(invoice.lines))
        case Compared():
            return invoice
        case Flagged(sources=sources):
            return replace(invoice, flags=sources)
        case Confirmed(reference=reference, accounting_date=accounting_date):
            return replace(
                invoice,
                status=InvoiceStatus.CONFIRMED,
                push=PushStatus.QUEUED,
                reference=reference,
                accounting_date=accounting_date,
                confirmed_at=at,
            )
        case Deleted():
            return replace(invoice, status=InvoiceStatus.DELETED)
        case Corrected():
            return replace(invoice, status=InvoiceStatus.CORRECTED)
        case PushChanged() | Adopted():
            return _in_finance(invoice, happening)
        case Drafted():  # pragma: no cover - handled by the caller
            raise ImpossibleEventError(f"invoice {invoice.id} is drafted twice")


def _in_finance(invoice: Invoice, happening: PushChanged | Adopted) -> Invoice:
    """The invoice after news of its document."""
    if isinstance(happening, Adopted):
        return replace(invoice, reference=happening.reference)
    return replace(
        invoice,
        push=happening.push,
        external_id=happening.external_id or invoice.external_id,
        external_number=happening.external_number or invoice.external_number,
        read_back=happening.read_back or invoice.read_back,
    )


def fold(events: Iterable[InvoiceEvent]) -> Invoice:
    """The present state of one invoice from all its events, in order. Raises ImpossibleEventError on none or a misfit."""
    invoice: Invoice | None = None
    for event in events:
        invoice = apply(invoice, event)
    if invoice is None:
        raise ImpossibleEventError("an invoice without events")
    return invoice


# ---- what confirmations leave behind ---------------------------------------------------------------------------------------


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerActual:
    """An actual that a confirmation put into our ledger (I-88, I-98). With origin `local` these exist here only (I-130).

    Invoice, detail and source lead from it to what made it, and `reverses` to what it takes back (I-12).

    `billing_status`: of an unbilled row. `adjusted`: set later on a billed row that a correction replaced; `reverses`: the
    ledger row that a reversal takes back, None when it takes back a Dataverse actual.
    """

    id: Guid
    invoice_id: InvoiceId
    detail_id: Guid
    sequence: int
    source: SourceId
    type: LedgerType
    transaction_class: TransactionClass
    reversal: bool
    quantity: Decimal
    price: Decimal | None
    amount: Decimal
    billing_type: BillingType
    billing_status: BillingStatus | None = None
    contract_id: ContractId
    contract_line_id: ContractLineId | None = None
    customer_id: CustomerId
    currency: str
    day: date | None = None
    accounting_date: date | None = None
    adjusted: bool = False
    reverses: Guid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMark:
    """A decision made here about a source row, laid over the mirror: ready or not-ready, and its not-to-exceed status (I-52, I-45).

    None leaves that part as it is. A pull never undoes a mark.
    """

    source: SourceId
    kind: SourceKind
    at: datetime
    by: str
    status: BillingStatus | None = None
    nte: NteStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A row that could not be billed and that a person must see; reason is a code of I, section 23."""

    source: Guid
    reason: str
    message: str
    contract_id: ContractId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An act on one row or invoice that was refused; reason is a code of I, section 23."""

    id: Guid
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMark:
    """The periodic run has handled this schedule row (I-79)."""

    row_id: RecordId
    successful: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything one act changes, for the caller to commit in one transaction; nothing of it may be saved without the rest (I-89).

    `happenings`: in order, each for the invoice named. `adjusted`: ledger rows that become adjusted. `refusals` and `passed_over`
    are answers to the person, `considered` the contracts whose passed-over rows are now these and no others; None stands for no contract.
    """

    happenings: tuple[tuple[InvoiceId, Happening], ...] = ()
    ledger: tuple[LedgerActual, ...] = ()
    adjusted: tuple[Guid, ...] = ()
    marks: tuple[SourceMark, ...] = ()
    schedule: tuple[ScheduleMark, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    considered: tuple[ContractId | None, ...] = ()
