"""Values as a person reads them, in the locale of the United States (W-98)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from proforma.mock.schema import DATES, LOOKUPS, Column
from proforma.mock.values import Row, Value, as_instant
from proforma.mock.world import World

_PLACES: Final = 2
_PLACES_MAX: Final = 10


def formatted_value(world: World, row: Row, column: Column, value: Value) -> str | None:
    """The text beside a value: label, money with its symbol, number, date; None for plain strings, keys and lookups."""
    if column.type == "boolean":
        return "Yes" if value else "No"
    if column.type == "multiselect" and isinstance(value, str):
        labels = [column.options.get(int(part)) if part.strip().isdigit() else None for part in value.split(",")]
        return "; ".join(label for label in labels if label) or None
    if column.type in LOOKUPS or isinstance(value, list | dict):
        return None
    if column.type in DATES:
        return _date(column, str(value))
    if isinstance(value, int) and column.options:
        return column.options.get(value) or f"{value:,}"
    if column.type == "money" and isinstance(value, int | Decimal):
        return _money(world, row, Decimal(value))
    if isinstance(value, int):
        return f"{value:,}"
    return _number(value, column.details.precision) if isinstance(value, Decimal) else None


def _number(value: Decimal, places: int | None) -> str:
    step = Decimal(1).scaleb(-min(_PLACES if places is None else places, _PLACES_MAX))
    if value.adjusted() > 20:
        return f"{value:,f}"
    return f"{value.quantize(step, ROUND_HALF_UP):,f}"


def _money(world: World, row: Row, value: Decimal) -> str:
    """With the symbol and the places of the row's currency; letters keep a distance: `kr 960.00`."""
    currencies = world.table("transactioncurrencies")
    currency = currencies.rows.get(str(row.get("_transactioncurrencyid_value")), {}) if currencies else {}
    symbol, places = currency.get("currencysymbol"), currency.get("currencyprecision")
    figure = _number(abs(value), places if isinstance(places, int) else None)
    before = "" if not isinstance(symbol, str) else f"{symbol} " if symbol[-1:].isalpha() else symbol
    return f"{'-' if value < 0 else ''}{before}{figure}"


def _date(column: Column, text: str) -> str | None:
    at = as_instant(text.upper())
    if at is None:
        return None
    day = f"{at.month}/{at.day}/{at.year}"
    return day if column.type == "dateonly" else f"{day} {at.hour % 12 or 12}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"
