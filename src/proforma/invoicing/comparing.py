"""Comparing an invoice of the source system with our own pricing, line by line (I-130)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal

from proforma.domain.codes import BillingType, SourceKind, TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import ContractLineId, RecordId, RetainerId
from proforma.domain.invoices import InvoiceDetail, PriceDifference
from proforma.domain.money import plain
from proforma.domain.records import Actual, PricedRecord
from proforma.domain.upstream import UpstreamDetail
from proforma.invoicing.amounts import recomputed
from proforma.invoicing.billing import figures
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources import Source
from proforma.invoicing.sources.products import product_amount

#: Prices a record whose stored price is set aside; by what it says the invoice is judged.
Pricer = Callable[[Actual], PriceDecision]


class Comparison:
    """Compares the details of the invoices of one book."""

    def __init__(self, facts: Facts, sources: tuple[Source, ...], price: Pricer) -> None:
        self._facts = facts
        self._sources = sources
        self._price = price

    def of(self, detail: InvoiceDetail, row: UpstreamDetail | None) -> tuple[InvoiceDetail, PriceDifference | None]:
        """The detail, with the rule of its price where we agree, and how it differs where we do not.

        What is not chargeable bills nothing, and a full credit says no price: neither differs.
        """
        match detail.kind:
            case SourceKind.ACTUAL | SourceKind.MANUAL:
                return self._work(detail, row)
            case SourceKind.MILESTONE:
                return detail, self._milestone(detail, row)
            case SourceKind.PRODUCT:
                return detail, self._product(detail)
            case _:
                return detail, self._retainer(detail)

    def _work(self, detail: InvoiceDetail, row: UpstreamDetail | None) -> tuple[InvoiceDetail, PriceDifference | None]:
        record = self._facts.actuals.get(RecordId(detail.source)) or (None if row is None else _as_actual(row))
        if record is None:
            return detail, _differs(detail, reason="unpriced", message="there is nothing to price it by", ours=None)
        decision = self._price(replace(record, adjustment=None))
        if not _is_worth_comparing(detail):
            return _with_rule(detail, decision), None
        if decision.price is None and decision.amount is None:
            return detail, _differs(
                detail, reason="unpriced", message=f"our rules find no price: {decision.reason} ({decision.rule})", ours=None
            )
        ours = self._amount(detail, record, decision)
        if decision.price not in (None, detail.price) and detail.price is not None:
            said = f"billed at {plain(detail.price)}, our price is {plain(decision.price)} ({decision.reason}, {decision.rule})"
            return detail, _differs(detail, reason="price-differs", message=said, ours=ours)
        if ours != detail.amount:
            return detail, _differs(
                detail, reason="amount-differs", message=f"{plain(detail.amount)} billed, ours is {plain(ours)}", ours=ours
            )
        return _with_rule(detail, decision), None

    def _amount(self, detail: InvoiceDetail, record: Actual, decision: PriceDecision) -> Decimal:
        """What our price makes of the billed quantity."""
        precision = self._facts.precision(record.contract_id)
        worth = decision.extended if decision.extended is not None else decision.amount
        quantity = record.quantity if record.quantity is not None else decision.quantity
        before = figures(detail)
        if worth is None or quantity is None:
            return recomputed(replace(before, price=decision.price), None, record, extended=False, precision=precision)
        basis = replace(before, quantity=quantity, price=decision.price, amount=worth)
        is_extended = bool(decision.discount or decision.fee)
        return recomputed(replace(before, price=decision.price), basis, record, extended=is_extended, precision=precision)

    def _milestone(self, detail: InvoiceDetail, row: UpstreamDetail | None) -> PriceDifference | None:
        customer = None if row is None else row.customer_id
        found = [s for s in self._sources if s.kind is SourceKind.MILESTONE and s.id == detail.source]
        own = next((m for m in found if m.customer_id == customer), found[0] if found else None)
        if not _is_worth_comparing(detail):
            return None
        if own is None:
            return _differs(detail, reason="unknown-milestone", message="no milestone of the contract line has this amount", ours=None)
        return _unless_equal(detail, own.amount, "milestone")

    def _product(self, detail: InvoiceDetail) -> PriceDifference | None:
        line = self._facts.line(ContractLineId(detail.source))
        if line is None:
            return _differs(detail, reason="unpriced", message="the contract has no such product line", ours=None)
        return _unless_equal(detail, product_amount(line, precision=self._facts.precision(line.contract_id)), "contract line")

    def _retainer(self, detail: InvoiceDetail) -> PriceDifference | None:
        found = self._facts.retainers.get(RetainerId(detail.source))
        if found is None or detail.kind is not SourceKind.RETAINER or not _is_worth_comparing(detail):
            return None
        return _unless_equal(detail, found.amount, "retainer")


def _is_worth_comparing(detail: InvoiceDetail) -> bool:
    is_full_credit = detail.previous is not None and detail.quantity == 0
    return detail.billing_type is BillingType.CHARGEABLE and not is_full_credit


def _with_rule(detail: InvoiceDetail, decision: PriceDecision) -> InvoiceDetail:
    return replace(detail, price_reason=decision.reason, price_rule=decision.rule)


def _unless_equal(detail: InvoiceDetail, ours: Decimal | None, what: str) -> PriceDifference | None:
    if ours == detail.amount:
        return None
    known = "says nothing" if ours is None else f"says {plain(ours)}"
    return _differs(detail, reason="amount-differs", message=f"{plain(detail.amount)} billed, the {what} {known}", ours=ours)


def _differs(detail: InvoiceDetail, *, reason: str, message: str, ours: Decimal | None) -> PriceDifference:
    return PriceDifference(detail=detail.id, source=detail.source, reason=reason, message=message, billed=detail.amount, ours=ours)


def _as_actual(row: UpstreamDetail) -> Actual:
    """What was added by hand, as the unbilled row that it would be (I-83)."""
    said = {field.name: getattr(row, field.name) for field in fields(PricedRecord)}
    made = {**said, "table": "msdyn_actuals", "type": TransactionType.UNBILLED_SALES}
    return Actual(**made, account_id=row.account_id, customer_kind=row.customer_kind)
