"""Amounts that follow from an edit (I-82, I-111)."""

from __future__ import annotations

from decimal import Decimal

from proforma.domain.codes import AmountMethod
from proforma.domain.invoices import Figures
from proforma.domain.money import EXACT, round_amount, total
from proforma.domain.records import Actual

ZERO = Decimal(0)


def recomputed(now: Figures, basis: Figures | None, actual: Actual | None, *, extended: bool, precision: int) -> Decimal:
    """The amount of edited figures; the amount in `now` is not read.

    Figures set back to the basis take its stored amount again. `extended`: the basis holds a discount or fee, which follows (I-27).
    """
    if basis is not None and (basis.quantity, basis.price) == (now.quantity, now.price):
        return basis.amount
    return round_amount(_unrounded(now, basis, actual, extended=extended), precision=precision)


def _unrounded(now: Figures, basis: Figures | None, actual: Actual | None, *, extended: bool) -> Decimal:
    if now.quantity == 0:
        return ZERO
    method = None if actual is None else actual.amount_method
    if method is AmountMethod.BASIS_AMOUNT_BY_PERCENT and actual is not None and (amount := _by_percent(actual)) is not None:
        return amount
    if now.price is None:
        return ZERO if basis is None else _scaled(basis.amount, now.quantity, basis.quantity)
    product = EXACT.multiply(now.quantity, now.price)
    if extended and basis is not None and basis.price is not None:
        return _scaled(basis.amount, product, EXACT.multiply(basis.quantity, basis.price))
    if method is AmountMethod.FIXED_PRICE:
        return now.price
    if method is AmountMethod.BASIS_QUANTITY_BY_PRICE and actual is not None and actual.basis_quantity is not None:
        return EXACT.multiply(actual.basis_quantity, now.price)
    return product


def off_by(actual: Actual, *, precision: int) -> Decimal | None:
    """How far a stored amount lies from what its amount method gives, where that is more than one minor unit (I-111).

    The amount is billed as stored all the same. None: within a minor unit, or not to be known; an extended amount differs by right (I-27).
    """
    expected = _by_method(actual)
    if actual.amount is None or expected is None or actual.extended_amount is not None:
        return None
    difference = EXACT.subtract(actual.amount, expected)
    return round_amount(difference, precision=precision) if abs(difference) > Decimal(1).scaleb(-precision) else None


def _by_method(actual: Actual) -> Decimal | None:
    match actual.amount_method:
        case AmountMethod.FIXED_PRICE:
            return actual.price
        case AmountMethod.BASIS_QUANTITY_BY_PRICE:
            return _product(actual.basis_quantity, actual.price)
        case AmountMethod.BASIS_AMOUNT_BY_PERCENT:
            return _by_percent(actual)
        case None | AmountMethod.QUANTITY_BY_PRICE:
            return _product(actual.quantity, actual.price)
        case _:
            return None


def _by_percent(actual: Actual) -> Decimal | None:
    hundredfold = _product(actual.basis_amount, actual.percent)
    return None if hundredfold is None else EXACT.divide(hundredfold, Decimal(100))


def _product(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else EXACT.multiply(one, other)


def left_over(quantity: Decimal, now: Figures, before: Figures, *, precision: int) -> Decimal:
    """The amount of what is left of figures whose quantity was lowered: at the price before, or what the money leaves over.

    Where the amount before was no product of quantity and price, money is kept: the rest of it, or its share of a new price.
    An amount that does not follow the quantity (a percentage, a fixed price) leaves nothing over (I-111).
    """
    if now.amount == before.amount and now.price == before.price:
        return ZERO
    if before.price is None:
        return total((before.amount, -now.amount))
    unit = Decimal(1).scaleb(-precision)
    if abs(EXACT.subtract(EXACT.multiply(before.quantity, before.price), before.amount)) <= unit:
        return round_amount(EXACT.multiply(quantity, before.price), precision=precision)
    if now.price == before.price:
        return total((before.amount, -now.amount))
    return round_amount(_scaled(before.amount, quantity, before.quantity), precision=precision)


def _scaled(amount: Decimal, now: Decimal, before: Decimal) -> Decimal:
    return EXACT.divide(EXACT.multiply(amount, now), before) if before else amount
