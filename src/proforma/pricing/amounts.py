"""The amount that follows from a price, and the discount and fee that follow from the amount (P-4, P-56, P-60)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.codes import AmountMethod, BillingMethod, BillingType, Side
from proforma.domain.money import EXACT, plain
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import PricedRecord
from proforma.pricing.billing_type import Placement
from proforma.pricing.rounding import Rounder
from proforma.pricing.trail import shown

_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)
#: What else than the quantity an amount method multiplies.
_NEEDED: Final[dict[AmountMethod | None, str]] = {
    AmountMethod.BASIS_QUANTITY_BY_PRICE: "basis quantity",
    AmountMethod.BASIS_AMOUNT_BY_PERCENT: "basis amount or percent",
}


@dataclass(frozen=True, slots=True)
class Extension:
    """Discount and fee of an amount, and what the trail says of them (P-60)."""

    discount: Decimal
    fee: Decimal
    step: str


def amount_of(record: PricedRecord, price: Decimal) -> Decimal | None:
    """The amount by the record's amount method, unrounded; None when a figure that the method needs is empty (P-4).

    Billable hours above or below the submitted ones are the quantity of the sale: they change the amount, never the price (P-64).
    """
    match record.amount_method:
        case AmountMethod.FIXED_PRICE:
            return price
        case AmountMethod.BASIS_QUANTITY_BY_PRICE:
            return _times(record.basis_quantity, price)
        case AmountMethod.BASIS_AMOUNT_BY_PERCENT:
            return percent_of(record.basis_amount, record.percent)
        case _:
            return _times(record.quantity, price)


def amount_step(record: PricedRecord, price: Decimal, exact: Decimal | None, amount: Decimal | None) -> str:
    """What the trail says of an amount: the product by the record's method, and what rounding made of it (P-4, P-56)."""
    if exact is None or amount is None:
        return f"P-4 amount: unknown, as the record has no {_NEEDED.get(record.amount_method, 'quantity')}"
    match record.amount_method:
        case AmountMethod.FIXED_PRICE:
            product = "the price is the amount"
        case AmountMethod.BASIS_QUANTITY_BY_PRICE:
            product = f"basis quantity {shown(record.basis_quantity or _ZERO)} × {shown(price)}"
        case AmountMethod.BASIS_AMOUNT_BY_PERCENT:
            product = f"{shown(record.percent or _ZERO)} % of basis amount {shown(record.basis_amount or _ZERO)}"
        case _:
            return product_step(record.quantity, shown(price), exact, amount)
    return _amount_step(product, exact, amount)


def product_step(quantity: Decimal | None, price: str, exact: Decimal, amount: Decimal) -> str:
    """What the trail says of quantity × price, the price as `shown` (P-4, P-56)."""
    return _amount_step(f"{shown(quantity or _ZERO)} × {price}", exact, amount)


def _amount_step(product: str, exact: Decimal, amount: Decimal) -> str:
    rounded = "" if exact == amount else f"{shown(exact)}, rounded to "
    return f"P-4 amount: {product} = {rounded}{plain(amount)}"


def percent_of(amount: Decimal | None, percent: Decimal | None) -> Decimal | None:
    """A percentage of an amount, unrounded."""
    product = _times(amount, percent)
    return None if product is None else EXACT.divide(product, _HUNDRED)


def extension_of(
    policy: PricingPolicy, amount: Decimal, *, side: Side, billing_type: BillingType | None, placement: Placement, rounder: Rounder
) -> Extension:
    """Discount and fee by the percentages of a time-and-material contract line, for chargeable sales only; else nothing (P-60, S26)."""
    line = placement.line
    is_sold = side is Side.SALES and billing_type is BillingType.CHARGEABLE
    if not is_sold or line is None or line.billing_method is not BillingMethod.TIME_AND_MATERIAL:
        return Extension(_ZERO, _ZERO, "P-60 no discount and no fee: not a chargeable sale on a time-and-material line")
    off, on = line.discount_percent or _ZERO, line.fee_percent or _ZERO
    discount = rounder(percent_of(amount, off) or _ZERO)
    base = amount if policy.fee_base == "gross" else EXACT.subtract(amount, discount)
    fee = rounder(percent_of(base, on) or _ZERO)
    return Extension(
        discount,
        fee,
        f"P-60 discount {plain(off)} % of {plain(amount)} = {plain(discount)}, fee {plain(on)} % of {plain(base)} = {plain(fee)}",
    )


def _times(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else EXACT.multiply(first, second)
