"""The amount that follows from a price, and the discount and fee that follow from the amount (P-4, P-56, P-60)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.codes import AmountMethod, BillingMethod, BillingType, Side
from proforma.domain.money import EXACT
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import PricedRecord
from proforma.pricing.billing_type import Placement
from proforma.pricing.rounding import Rounder

_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Extension:
    """Discount and fee of an amount (P-60)."""

    discount: Decimal
    fee: Decimal


NOTHING: Final = Extension(_ZERO, _ZERO)


def amount_of(record: PricedRecord, price: Decimal) -> Decimal | None:
    """The amount by the record's amount method, unrounded; None when a figure that the method needs is empty (P-4)."""
    match record.amount_method:
        case AmountMethod.FIXED_PRICE:
            return price
        case AmountMethod.BASIS_QUANTITY_BY_PRICE:
            return _times(record.basis_quantity, price)
        case AmountMethod.BASIS_AMOUNT_BY_PERCENT:
            return percent_of(record.basis_amount, record.percent)
        case _:
            return _times(record.quantity, price)


def percent_of(amount: Decimal | None, percent: Decimal | None) -> Decimal | None:
    """A percentage of an amount, unrounded."""
    product = _times(amount, percent)
    return None if product is None else EXACT.divide(product, _HUNDRED)


def extension_of(
    policy: PricingPolicy, amount: Decimal, *, side: Side, billing_type: BillingType | None, placement: Placement, rounder: Rounder
) -> Extension:
    """Discount and fee by the percentages of a time-and-material contract line, for chargeable sales only; else nothing (P-60, S26)."""
    line = placement.line
    if not policy.discounts_and_fees or side is not Side.SALES or billing_type is not BillingType.CHARGEABLE or line is None:
        return NOTHING
    if line.billing_method is not BillingMethod.TIME_AND_MATERIAL:
        return NOTHING
    discount = rounder(percent_of(amount, line.discount_percent) or _ZERO)
    base = amount if policy.fee_base == "gross" else EXACT.subtract(amount, discount)
    return Extension(discount, rounder(percent_of(base, line.fee_percent) or _ZERO))


def _times(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else EXACT.multiply(first, second)
