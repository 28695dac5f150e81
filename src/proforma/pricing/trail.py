"""Words of the trail: every step begins with the number of its rule, a space, and a short sentence for a colleague (P-67)."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from proforma.domain.money import EXACT, plain
from proforma.domain.prices import PriceList

_DIGITS_SHOWN = Decimal("0.0000000001")


def named(price_list: PriceList) -> str:
    """A price list by name and id."""
    return f"{price_list.name} ({price_list.id})" if price_list.name else str(price_list.id)


def shown(value: Decimal) -> str:
    """A figure of a calculation: exact where it ends within ten decimals, else cut there and marked."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -10:
        return plain(value)
    cut = value.quantize(_DIGITS_SHOWN, rounding=ROUND_DOWN, context=EXACT).normalize(EXACT)
    return plain(cut) if cut == value else f"{plain(cut)}…"
