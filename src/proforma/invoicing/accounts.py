"""Proving that no money is lost: what became of all unbilled sales of a contract, each part counted from a place of its own (I-10).

all unbilled sales  =  billed  +  drafted  +  backlog  +  excluded  +  changed
  mirror, given back    ledger     drafts      backlog     by reason     since they were billed or drafted
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from proforma.domain.codes import BillingStatus, BillingType, InvoiceStatus, LedgerType, SourceKind, TransactionType
from proforma.domain.ids import ContractId, Guid, SourceId
from proforma.domain.invoices import InvoiceDetail
from proforma.domain.money import plain, total
from proforma.invoicing.backlog import backlog_of
from proforma.invoicing.book import Book
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.statuses import OPEN, is_confirmed

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the unbilled sales of one contract. Rows without amount count as nothing and are counted in `unpriced`."""

    contract_id: ContractId
    currency: str | None
    unbilled: Decimal
    billed: Decimal
    drafted: Decimal
    backlog: Decimal
    excluded: Mapping[str, Decimal] = field(default_factory=dict)
    changed: Decimal
    unpriced: int

    @property
    def difference(self) -> Decimal:
        """What is left unexplained: nothing, while no rule and no row is broken."""
        parts = (self.billed, self.drafted, self.backlog, *self.excluded.values(), self.changed)
        return total((self.unbilled, *(-part for part in parts)))


@dataclass(frozen=True, slots=True)
class Unproven:
    """Something that does not hold of a contract's books; `subject` is a contract, invoice or source."""

    kind: str
    subject: Guid
    message: str


def account(book: Book, contract_id: ContractId, *, first: date | None = None, last: date | None = None) -> Account:
    """The account of one contract of the book, over all its work or that of some days; work without a date has no place among days."""
    facts = Facts(book)
    return _account(facts, collect(facts), contract_id, first=first, last=last)


def _account(facts: Facts, every: Sequence[Source], contract_id: ContractId, *, first: date | None, last: date | None) -> Account:
    def is_meant(source: Source) -> bool:
        if source.kind is not SourceKind.ACTUAL or source.contract_id != contract_id:
            return False
        is_within = source.day is not None and (first is None or first <= source.day) and (last is None or source.day <= last)
        return is_within or (first is None and last is None)

    sources = {source.id: source for source in every if is_meant(source)}
    waiting = {row.source: row.amount for row in backlog_of(facts, every) if row.status in OPEN and row.source in sources}
    held, taken = _held(facts, sources), _taken_over(facts, sources)
    counted = {detail.source for _, detail in (*held, *taken)}
    currency_id = facts.contracts[contract_id].currency_id
    currency = None if currency_id is None else facts.book.currencies.get(currency_id)
    return Account(
        contract_id=contract_id,
        currency=None if currency is None else currency.code,
        unbilled=total(source.amount or ZERO for source in sources.values()),
        billed=total((_billed(facts, sources), *(_said(detail) for draft, detail in taken if not draft))),
        drafted=total(_said(detail) for draft, detail in (*held, *taken) if draft),
        backlog=total(amount or ZERO for amount in waiting.values()),
        excluded=_excluded(facts, sources, lambda id_: id_ in waiting or id_ in counted),
        changed=total(total(((sources[d.source].amount or ZERO), -_said(d))) for _, d in (*held, *taken)),
        unpriced=sum(source.amount is None for source in sources.values()),
    )


def _held(facts: Facts, sources: Mapping[SourceId, Source]) -> list[tuple[bool, InvoiceDetail]]:
    """The details on our live invoices that hold these sources, and whether each is still a draft's."""
    found = ((h.is_draft, h.detail) for id_ in sources for h in facts.holdings.get(id_, ()))
    return [(is_draft, detail) for is_draft, detail in found if detail.kind is SourceKind.ACTUAL]


def _taken_over(facts: Facts, sources: Mapping[SourceId, Source]) -> list[tuple[bool, InvoiceDetail]]:
    """The details of invoices of Dataverse that bill these sources, and whether each is held here still (I-130)."""
    found = (pair for id_ in sources for pair in facts.taken_over.get(id_, ()))
    return [(i.status is InvoiceStatus.DRAFT, d) for i, d in found if d.kind is SourceKind.ACTUAL]


def _said(detail: InvoiceDetail) -> Decimal:
    """What the source said when it was drafted, or when a refresh read it again."""
    return ZERO if detail.original is None else detail.original.amount


def _billed(facts: Facts, sources: Mapping[SourceId, Source]) -> Decimal:
    """What confirmations took out of the unbilled sales: their reversals of these very rows, not of rows that they made themselves."""
    of_source = (row for id_ in sources for row in facts.ledger.get(id_, ()))
    taken = (r for r in of_source if r.type is LedgerType.UNBILLED and r.reversal and (r.reverses is None or r.reverses == r.source))
    return -total(row.amount for row in taken)


def _excluded(facts: Facts, sources: Mapping[SourceId, Source], is_counted: Callable[[SourceId], bool]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for source in sources.values():
        if not is_counted(source.id):
            reason = exclusion(facts, source)
            sums[reason] = total((sums.get(reason, ZERO), source.amount or ZERO))
    return dict(sorted(sums.items()))


def exclusion(facts: Facts, source: Source) -> str:
    """Why an unbilled row that none of our invoices holds is not in the backlog."""
    if not facts.is_work_based(source.contract_id):
        return "no-project-contract"
    if source.adjustment is not None:
        return source.adjustment.value
    if source.billing_type is not None and source.billing_type is BillingType.NOT_AVAILABLE:
        return "not-available"
    if source.status is BillingStatus.CANCELED:
        return "canceled"
    if source.status not in OPEN:
        return "invoiced-in-dataverse"
    return "other" if source.fault is None else source.fault.reason


# ---- what must hold ---------------------------------------------------------------------------------------------------------


def unproven(book: Book) -> Iterator[Unproven]:
    """Everything in the books of these contracts that does not hold: sums, sources on two invoices, traces that lead nowhere."""
    facts = Facts(book)
    every = collect(facts)
    for contract_id in facts.contracts:
        difference = _account(facts, every, contract_id, first=None, last=None).difference
        if difference:
            message = f"{plain(difference)} of its unbilled sales are neither billed, drafted, waiting nor excluded (I-10)"
            yield Unproven("account", contract_id, message)
        yield from _totals(facts, contract_id)
    yield from _doubled(facts)
    yield from _upstream(facts)
    yield from _traces(facts)


def _totals(facts: Facts, contract_id: ContractId) -> Iterator[Unproven]:
    """Chargeable billed rows add up to the totals of the confirmed invoices that were made here."""
    rows = (r for r in facts.book.ledger if r.contract_id == contract_id and r.type is LedgerType.BILLED)
    booked = total(r.amount for r in rows if r.billing_type is BillingType.CHARGEABLE)
    ours = (i for i in facts.invoices.values() if i.contract_id == contract_id and not i.is_taken_over)
    said = total(i.total for i in ours if is_confirmed(i.status))
    if booked != said:
        yield Unproven("totals", contract_id, f"{plain(booked)} are booked as billed, its confirmed invoices say {plain(said)}")


def _upstream(facts: Facts) -> Iterator[Unproven]:
    """What was taken over is what Dataverse billed: where it says which billed sales belong to an invoice, they add up to it (I-130)."""
    taken = {Guid(i.id): i for i in facts.invoices.values() if i.is_taken_over and is_confirmed(i.status)}
    billed: dict[Guid, list[Decimal]] = {}
    for actual in facts.actuals.values():
        if actual.type is TransactionType.BILLED_SALES and actual.invoice_id in taken and actual.billing_type is BillingType.CHARGEABLE:
            billed.setdefault(actual.invoice_id, []).append(actual.amount or ZERO)
    for id_, amounts in billed.items():
        if total(amounts) != taken[id_].total:
            said = f"{plain(taken[id_].total)}, billed in Dataverse are {plain(total(amounts))}"
            message = f"{taken[id_].number} was taken over with {said} (I-130)"
            yield Unproven("upstream", id_, message)
    sources = Counter(d.source for i in taken.values() for d in i.details if d.kind is SourceKind.ACTUAL and d.previous is None)
    for source, times in sources.items():
        if times > 1:
            yield Unproven("double", source, f"{times} invoices that were taken over bill it (I-130)")


def _doubled(facts: Facts) -> Iterator[Unproven]:
    """Sources that two live invoices of one customer bill; a milestone or retainer may be billed again once it was credited (I-54)."""
    for source, holdings in facts.holdings.items():
        open_ = [h for h in holdings if h.detail.kind is not SourceKind.ADVANCE and _stands(facts, h.detail, is_draft=h.is_draft)]
        for customer, times in Counter(h.invoice.customer_id for h in open_).items():
            if times > 1:
                yield Unproven("double", source, f"{times} live invoices bill it to customer {customer} (I-54)")


def _stands(facts: Facts, detail: InvoiceDetail, *, is_draft: bool) -> bool:
    """Whether what a detail bills has not been taken back whole. Work that was credited comes back under an id of its own (I-98)."""
    if is_draft or detail.kind not in (SourceKind.MILESTONE, SourceKind.RETAINER):
        return True
    return any(r.type is LedgerType.BILLED and not r.reversal and not r.adjusted for r in facts.ledger_of_detail.get(detail.id, ()))


def _traces(facts: Facts) -> Iterator[Unproven]:
    """Every ledger row leads to its detail and source, every reversal to what it takes back, every confirmed amount to its rows (I-12)."""
    known = {row.id for row in facts.book.ledger}
    for row in facts.book.ledger:
        detail = facts.details.get(row.detail_id)
        if detail is None or detail.source != row.source:
            yield Unproven("trace", row.id, f"the ledger row does not lead to a detail of source {row.source} (I-12)")
        if row.reverses is not None and row.reverses not in known:
            yield Unproven("trace", row.id, f"the reversal takes back {row.reverses}, which is not in the ledger (I-12)")
    for invoice in facts.invoices.values():
        if invoice.status is InvoiceStatus.DRAFT or not invoice.is_live or invoice.is_taken_over:
            continue
        for detail in invoice.details:
            rows = (r for r in facts.ledger_of_detail.get(detail.id, ()) if r.type is LedgerType.BILLED)
            booked = total(r.amount for r in rows if r.billing_type is BillingType.CHARGEABLE)
            if booked != detail.value:
                message = f"{invoice.number} bills {plain(detail.value)} of it, booked are {plain(booked)} (I-12)"
                yield Unproven("trace", detail.source, message)
