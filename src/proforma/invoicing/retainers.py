"""Balances of retainers, applying them to the work of an invoice, and paying the rest back (I-64 … I-70)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from proforma.domain.codes import BillingStatus, BillingType, LedgerType, LineType, SourceKind, TransactionClass
from proforma.domain.contracts import Retainer
from proforma.domain.ids import ContractId, CustomerId, InvoiceId, RetainerId, SourceId
from proforma.domain.invoices import InvoiceDetail, LedgerActual
from proforma.domain.money import total
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.facts import Facts
from proforma.invoicing.statuses import billing_status, is_to_be_refunded

ZERO: Final = Decimal(0)
#: Lines whose chargeable work a retainer may pay for; a retainer being billed is no such work (I-67).
BASE_TYPES: Final = frozenset({LineType.TIME, LineType.EXPENSE, LineType.MATERIAL, LineType.FEE, LineType.MILESTONE, LineType.PRODUCT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left of a retainer.

    `used`: applied on confirmed invoices, Dataverse's and ours. `available`: amount less used once its own invoice is confirmed,
    0 before. `reserved`: applied on our live drafts; it still counts as available. `invoiced_on`: its own invoice's day.
    """

    retainer: Retainer
    status: BillingStatus
    used: Decimal
    available: Decimal
    reserved: Decimal
    invoiced_on: date | None
    is_to_be_refunded: bool = False

    @property
    def free(self) -> Decimal:
        """What another draft can still use (I-67)."""
        return max(total((self.available, -self.reserved)), ZERO)


def balance(facts: Facts, retainer: Retainer, *, without: InvoiceId | None = None) -> Balance:
    """The balance of a retainer; `without` leaves out what that draft has reserved."""
    source = SourceId(retainer.id)
    status = billing_status(facts, source, SourceKind.RETAINER, mirror=retainer.status)
    used_here = _used_here(facts.ledger.get(source, ()))
    return Balance(
        retainer=retainer,
        status=status,
        used=total((retainer.used or ZERO, used_here)),
        available=max(total((_paid_in(retainer), -used_here)), ZERO) if status is BillingStatus.INVOICE_POSTED else ZERO,
        reserved=_reserved(facts, source, without),
        invoiced_on=_invoiced_on(facts, retainer),
        is_to_be_refunded=is_to_be_refunded(facts, source, mirror=retainer.status),
    )


def _paid_in(retainer: Retainer) -> Decimal:
    """What is left of it as far as Dataverse knows. One billed by us alone has no balance there yet: all of it."""
    if retainer.status in (BillingStatus.INVOICE_POSTED, BillingStatus.READY_TO_REFUND) and retainer.available is not None:
        return retainer.available
    return total((retainer.amount or ZERO, -(retainer.used or ZERO)))


def _used_here(rows: Iterable[LedgerActual]) -> Decimal:
    """Applied on our confirmed invoices, credits taken off: billing a retainer books plus, applying it minus (I-68, I-69)."""
    billed = (r for r in rows if r.type is LedgerType.BILLED and r.transaction_class is TransactionClass.RETAINER)
    return -total(r.amount for r in billed if (r.amount < 0) is not r.reversal)


def _reserved(facts: Facts, source: SourceId, without: InvoiceId | None) -> Decimal:
    holdings = (h for h in facts.holdings.get(source, ()) if h.is_draft and h.invoice.id != without)
    return -total(h.detail.amount for h in holdings if h.detail.kind is SourceKind.ADVANCE)


def _invoiced_on(facts: Facts, retainer: Retainer) -> date | None:
    for holding in facts.holdings.get(SourceId(retainer.id), ()):
        if holding.detail.kind is SourceKind.RETAINER and not holding.is_draft:
            return holding.invoice.invoice_date
    return retainer.invoice_date


def balances(facts: Facts, contract_id: ContractId, customer_id: CustomerId, *, without: InvoiceId | None = None) -> list[Balance]:
    """The retainers that an invoice of this contract and customer may use, oldest first (I-67); one that is paid back is none (I-70)."""
    return [b for b in _free(facts, contract_id, customer_id, without=without) if not b.is_to_be_refunded]


def refundable(facts: Facts, contract_id: ContractId, customer_id: CustomerId, *, without: InvoiceId | None = None) -> list[Balance]:
    """The retainers whose rest the next draft of this contract and customer pays back, oldest first (I-70)."""
    return [b for b in _free(facts, contract_id, customer_id, without=without) if b.is_to_be_refunded]


def _free(facts: Facts, contract_id: ContractId, customer_id: CustomerId, *, without: InvoiceId | None) -> list[Balance]:
    own = (r for r in facts.retainers.values() if r.contract_id == contract_id and r.customer_id == customer_id)
    found = (balance(facts, r, without=without) for r in own if not facts.is_foreign(contract_id, r.currency_id))
    return sorted((b for b in found if b.free > 0), key=lambda b: (b.invoiced_on or date.max, b.retainer.id))


def refund(found: Balance, clerk: Clerk) -> InvoiceDetail:
    """A detail that pays back what no draft has reserved of a retainer: a line of its own with a negative amount (I-70)."""
    return replace(_advance(found, found.free, clerk), type=LineType.RETAINER)


def chargeable_base(details: Iterable[InvoiceDetail]) -> Decimal:
    """The chargeable amount of the work on an invoice: the most that retainers can pay (I-67)."""
    return total(d.value for d in details if d.type in BASE_TYPES)


def applied_anew(details: Sequence[InvoiceDetail], usable: Sequence[Balance], clerk: Clerk) -> tuple[InvoiceDetail, ...]:
    """The details with retainers applied as on creation; amounts that a person set are kept (I-67).

    `usable`: balances that leave out this invoice's own reservations, oldest first.
    """
    before = {d.source: d for d in details if d.is_application}
    if not before and not usable:
        return tuple(details)
    kept = [d for d in details if not d.is_application or d.touched]
    left = chargeable_base(kept) + total(d.amount for d in kept if d.is_application)
    applied: list[InvoiceDetail] = []
    for found in usable:
        source = SourceId(found.retainer.id)
        amount = min(found.free, left)
        if amount > 0 and not any(d.source == source for d in kept):
            old = before.get(source)
            applied.append(_advance(found, amount, clerk) if old is None else _set(old, amount))
            left = total((left, -amount))
    return lowered((*kept, *applied))


def lowered(details: Sequence[InvoiceDetail]) -> tuple[InvoiceDetail, ...]:
    """The details with applied amounts cut back to the chargeable base, youngest retainer first (I-67).

    An amount that falls to 0 leaves the invoice, unless a person had set it.
    """
    excess = -(chargeable_base(details) + total(d.amount for d in details if d.is_application))
    changed: dict[SourceId, InvoiceDetail] = {}
    for detail in sorted((d for d in details if d.is_application), key=lambda d: (d.day or date.max, d.source), reverse=True):
        cut = min(excess, -detail.amount)
        if cut > 0:
            changed[detail.source] = _set(detail, total((-detail.amount, -cut)))
            excess = total((excess, -cut))
    result = (changed.get(d.source, d) if d.is_application else d for d in details)
    return tuple(d for d in result if not d.is_application or d.amount or d.touched)


def _set(detail: InvoiceDetail, amount: Decimal) -> InvoiceDetail:
    return replace(detail, price=-amount, amount=-amount)


def set_by_hand(detail: InvoiceDetail, amount: Decimal) -> InvoiceDetail:
    """An applied retainer with the amount that a person chose; a refresh keeps it (I-67)."""
    return replace(_set(detail, amount), touched=True)


def advance(facts: Facts, retainer_id: RetainerId, amount: Decimal, clerk: Clerk) -> InvoiceDetail:
    """A new application of a retainer."""
    return _advance(balance(facts, facts.retainers[retainer_id]), amount, clerk)


def _advance(found: Balance, amount: Decimal, clerk: Clerk) -> InvoiceDetail:
    return InvoiceDetail(
        id=clerk.new_id(),
        source=SourceId(found.retainer.id),
        kind=SourceKind.ADVANCE,
        type=LineType.ADVANCE_APPLIED,
        transaction_class=TransactionClass.RETAINER,
        contract_line_id=None,
        day=found.invoiced_on,
        billing_type=BillingType.CHARGEABLE,
        quantity=Decimal(1),
        price=-amount,
        amount=-amount,
        description=found.retainer.description,
    )
