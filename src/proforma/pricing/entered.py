"""Prices that are not looked up: entered on the record, or copied from the record it stems from (P-2, P-3, P-59, P-61)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from proforma.domain.codes import AdjustmentStatus, AmountMethod, BillingType, Side, TransactionClass, TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CurrencyId, PriceListId
from proforma.domain.money import EXACT, plain
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import PricedRecord
from proforma.pricing.amounts import Extension, amount_of, percent_of

#: Classes that price lists price; all others live on entered amounts (P-2, P-59).
LISTED: Final = (TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.MATERIAL)
_HISTORY: Final = (AdjustmentStatus.ADJUSTED, AdjustmentStatus.UNADJUSTABLE)
#: Classes whose billed sales may be their own beginning: a milestone has no unbilled one (P-2).
_OWN_AMOUNT: Final = (TransactionClass.MILESTONE, TransactionClass.RETAINER, TransactionClass.TAX)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entered:
    """A price and amount that stand on the record; the price is None where only an amount was entered that does not divide evenly."""

    price: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a billed sale or a reversal takes over from the record it stems from (P-2). `extension`: its discount and fee, where known."""

    extension: Extension | None
    price: Decimal | None
    amount: Decimal | None
    currency_id: CurrencyId | None
    price_list_id: PriceListId | None
    billing_type: BillingType | None
    step: str


def is_settled(record: PricedRecord) -> bool:
    """Whether the record is history for which no decision is made (P-2)."""
    return record.adjustment in _HISTORY


def entered_on(record: PricedRecord, *, side: Side, policy: PricingPolicy) -> Entered | None:
    """The price or amount entered on the record, where it wins; 0 is entered, empty is not (P-3, S20)."""
    if policy.entered_price == "recompute" and _is_recomputed(record, side):
        return None
    if record.transaction_class in LISTED:
        return _entered_work(record)
    if record.transaction_class is TransactionClass.FEE and side is not Side.SALES:
        return None  # P-59: a fee has no cost
    return _entered_amount(record)


def copied_from_origin(
    record: PricedRecord, related: Sequence[PricedRecord], decide: Callable[[PricedRecord], PriceDecision]
) -> Copied | None:
    """What a billed sale or reversal copies; None for every other record, and where there is nothing to copy (P-2, P-61).

    The record's own figures are the copy; what it lacks comes from the record it stems from.
    """
    origin = origin_of(record, related) if related else None
    if origin is None and (record.type is not TransactionType.BILLED_SALES or record.transaction_class in _OWN_AMOUNT):
        return None
    source = None if origin is None else decide(replace(origin, adjustment=None))
    figures = _stored(record) or (None if source is None else _taken_over(record, source))
    if figures is None or (figures.price is None and figures.amount is None):
        return None
    return Copied(
        extension=None if source is None else _extension_taken_over(figures, source),
        price=figures.price,
        amount=figures.amount,
        currency_id=record.currency_id or (source.currency_id if source else None),
        price_list_id=record.price_list_id or (source.price_list_id if source else None),
        billing_type=record.billing_type or (source.billing_type if source else None),
        step=f"P-2 copied from {origin.id if origin else 'the record it was billed from'}: {_told(figures)}; never resolved again",
    )


def origin_of(record: PricedRecord, related: Sequence[PricedRecord]) -> PricedRecord | None:
    """The record that a billed sale (its unbilled sale) or a reversal (the row it takes back) stems from.

    Told by type and quantity, as the text of a link decides nothing (P-49): a reversal has the negative of its origin's
    quantity. Of several, the first one created; None when that is not one.
    """
    if record.type is TransactionType.BILLED_SALES:
        found = [row for row in related if row.type is TransactionType.UNBILLED_SALES and not _opposite(row, record)]
        found = found or [row for row in related if row.type is record.type and _reverses(record, row)]
    else:
        found = [row for row in related if row.type is record.type and _reverses(record, row)]
    first = min((row.created_at or _LATEST for row in found), default=None)
    earliest = [row for row in found if (row.created_at or _LATEST) == first]
    return earliest[0] if len(earliest) == 1 else None


def _is_recomputed(record: PricedRecord, side: Side) -> bool:
    """Whether S20 `recompute` sets the stored price aside: what a list could give, never what only the record knows (P-3)."""
    match record.transaction_class:
        case TransactionClass.TIME:
            return True
        case TransactionClass.MATERIAL:
            return record.product_id is not None
        case TransactionClass.EXPENSE:
            return side is Side.SALES
        case _:
            return False


def _entered_work(record: PricedRecord) -> Entered | None:
    """Time, expense, material: an entered price, or an amount that is the price (P-4, Fixed price)."""
    price = record.price
    if price is None and record.amount_method is AmountMethod.FIXED_PRICE:
        price = record.amount
    if price is None:
        return None
    amount = amount_of(record, price)
    return Entered(price, record.amount if amount is None else amount)


def _entered_amount(record: PricedRecord) -> Entered | None:
    """Fees, milestones, retainers: the entered amount, else the one that follows from the price; without quantity, the price itself."""
    amount = record.amount
    if amount is None and record.amount_method is AmountMethod.BASIS_AMOUNT_BY_PERCENT:
        amount = percent_of(record.basis_amount, record.percent)
    if record.price is not None:
        follows = record.price if record.quantity is None else amount_of(record, record.price)
        is_fee = record.transaction_class is TransactionClass.FEE
        return Entered(record.price, follows if amount is None or (is_fee and follows is not None) else amount)
    return None if amount is None else Entered(_per_unit(record, amount), amount)


def _stored(record: PricedRecord) -> Entered | None:
    """The figures of a copy itself; what was billed is not calculated again."""
    if record.price is None or record.amount is None:
        return _entered_amount(record)
    return Entered(record.price, record.amount)


def _told(figures: Entered) -> str:
    named = (("price", figures.price), ("amount", figures.amount))
    return ", ".join(f"{name} {plain(value)}" for name, value in named if value is not None)


def _per_unit(record: PricedRecord, amount: Decimal) -> Decimal | None:
    """Amount ÷ quantity where that is exact; the amount itself without quantity, or where the price is the amount."""
    quantity = record.quantity
    if not quantity or record.amount_method is AmountMethod.FIXED_PRICE:
        return amount
    price = EXACT.divide(amount, quantity)
    return price if EXACT.multiply(price, quantity) == amount else None


def _taken_over(record: PricedRecord, source: PriceDecision) -> Entered | None:
    """Price and amount of the origin; a reversal carries the negative amount to the cent, not a recalculation (P-61)."""
    if source.price is None and source.amount is None:
        return None
    if record.quantity is not None and source.quantity == record.quantity.copy_negate() and source.amount is not None:
        return Entered(source.price, source.amount.copy_negate())
    same = record.quantity is None or record.quantity == source.quantity
    amount = source.amount if same or source.price is None else amount_of(record, source.price)
    return Entered(source.price, amount)


def _extension_taken_over(figures: Entered, source: PriceDecision) -> Extension | None:
    """Discount and fee of the origin with the sign of the amount; None where the amount is another, as both then follow from it (P-61)."""
    amount = source.amount
    if amount is None or not amount or figures.amount is None or abs(figures.amount) != abs(amount):
        return None
    same = figures.amount == amount
    discount, fee = (value if same or not value else value.copy_negate() for value in (source.discount, source.fee))
    return Extension(discount, fee, f"P-61 discount {plain(discount)}, fee {plain(fee)}: those of the record it stems from")


def _reverses(record: PricedRecord, origin: PricedRecord) -> bool:
    return record.quantity is not None and record.quantity < 0 and _opposite(origin, record)


def _opposite(first: PricedRecord, second: PricedRecord) -> bool:
    quantities = (first.quantity, second.quantity)
    return (
        None not in quantities
        and first.quantity == -(second.quantity or Decimal(0))
        and first.transaction_class is second.transaction_class
    )
