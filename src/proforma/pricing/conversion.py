"""The price of one unit from the price of another, through the chain of unit factors (P-38, P-39)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.ids import CurrencyId, UnitId
from proforma.domain.money import EXACT
from proforma.domain.units import UnitConversionError
from proforma.pricing.facts import Facts
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.trail import shown


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """A price for one of a unit, in a currency; unrounded."""

    price: Decimal
    unit_id: UnitId | None
    currency_id: CurrencyId | None


def price_per(facts: Facts, base: UnitPrice, unit_id: UnitId | None, trail: list[str]) -> Decimal:
    """The price of one `unit_id`, unrounded; with S13 `via_primary_unit` the price of one base unit is rounded on the way (P-38).

    Raises Unresolved `missing-unit`, `unit-not-convertible` or `unit-factor-zero` (P-39). The same unit needs no chain.
    """
    if unit_id is None:
        raise Unresolved("P-39", "missing-unit", "the record has no unit")
    if unit_id == base.unit_id:
        return base.price
    if base.unit_id is None:
        raise Unresolved("P-39", "unit-not-convertible", "neither the price nor its list names a unit")
    try:
        wanted, given = facts.unit_factors(of=unit_id, against=base.unit_id)
    except UnitConversionError as error:
        raise Unresolved("P-39", error.reason, str(error)) from error
    said = f"P-38 unit: {shown(base.price)} per {facts.unit_name(base.unit_id)}"
    if facts.policy.unit_conversion == "direct":
        price = EXACT.divide(EXACT.multiply(base.price, wanted), given)
        trail.append(f"{said} × {wanted:f} ÷ {given:f} = {shown(price)} per {facts.unit_name(unit_id)}")
        return price
    primary = facts.rounder(base.currency_id)(EXACT.divide(base.price, given))
    price = EXACT.multiply(primary, wanted)
    trail.append(f"{said} ÷ {given:f} = {primary:f} per base unit, rounded; × {wanted:f} = {shown(price)} per {facts.unit_name(unit_id)}")
    return price
