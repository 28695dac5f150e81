"""Aggregates of FetchXML: groups of combined rows and their figures (W-82, W-199)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proforma.mock.dataverse.aggregates import check_size, figure, grouped
from proforma.mock.dataverse.errors import syntax_error
from proforma.mock.dataverse.fetchxml import Attribute, Fetch, all_orders
from proforma.mock.dataverse.joins import Joined, Joins, Place, Reader
from proforma.mock.dataverse.ordering import Rank, rank
from proforma.mock.schema import INTEGERS
from proforma.mock.values import Row, Value, as_instant

_METHODS: Final[Mapping[str, str]] = {"avg": "average"}


def groups_of(joins: Joins, fetch: Fetch) -> list[Row]:
    """One row for each group, its members under their aliases, those that are null left out; in the order that was asked."""
    rows = joins.rows()
    check_size(rows)
    asked = [(attribute, joins.place(part.alias, attribute.name)) for part in joins.parts.values() for attribute in part.attributes or ()]
    keys = [_key(attribute, place) for attribute, place in asked if attribute.group]
    groups = list(grouped(rows, keys).items()) if keys else [((), rows)]
    groups.sort(key=lambda group: tuple(map(rank, group[0])))
    shown = [_shown(asked, key, members) for key, members in groups]
    for _, order in reversed(all_orders(fetch)):
        if not order.by_alias:
            raise syntax_error("An aggregate is ordered by the alias of an attribute.")
        shown.sort(key=lambda row, name=order.name: _rank(row.get(name)), reverse=order.descending)  # type: ignore[misc]
    return shown


def _key(attribute: Attribute, place: Place) -> Reader:
    grouping = attribute.date_grouping
    if grouping is None:
        return place.read
    if place.kind not in ("instant", "any"):
        raise syntax_error(f"The dategrouping of '{attribute.name}' needs a date column.")
    return lambda row: _date_part(row[place.alias].get(place.cell), grouping)


def _shown(asked: Sequence[tuple[Attribute, Place]], key: Sequence[object], members: Sequence[Joined]) -> Row:
    shown: Row = {}
    keys = iter(key)
    for attribute, place in asked:
        if attribute.alias is None:
            raise syntax_error(f"The attribute '{attribute.name}' needs an alias in an aggregate.")
        value = _group(attribute, place, next(keys), members) if attribute.group else _figure(attribute, place, members)
        if value is not None:
            shown[attribute.alias] = value
    return shown


def _group(attribute: Attribute, place: Place, key: object, members: Sequence[Joined]) -> Value:
    """What the members of a group have in common, as it is stored."""
    if attribute.date_grouping is not None:
        return key if isinstance(key, int | str) else None
    return members[0][place.alias].get(place.cell)


def _figure(attribute: Attribute, place: Place, members: Sequence[Joined]) -> Value:
    if attribute.aggregate is None:
        raise syntax_error(f"The attribute '{attribute.name}' of an aggregate is neither a group nor a figure.")
    if attribute.aggregate == "count":
        return len(members)
    cells = [(member[place.alias].get(place.cell), place.read(member)) for member in members]
    if attribute.aggregate == "countcolumn":
        filled = [cell for _, cell in cells if cell is not None]
        return len(set(filled)) if attribute.distinct else len(filled)
    if attribute.aggregate in ("sum", "avg") and place.kind not in ("number", "any"):
        raise syntax_error(f"The aggregate '{attribute.aggregate}' needs a number; '{attribute.name}' is none.")
    whole = place.column is not None and place.column.type in INTEGERS
    return figure(_METHODS.get(attribute.aggregate, attribute.aggregate), cells, whole=whole)


def _date_part(value: Value, grouping: str) -> int | str | None:
    at = as_instant(value.upper()) if isinstance(value, str) else None
    if at is None:
        return None
    quarter = (at.month + 2) // 3
    parts: Mapping[str, int | str] = {
        "day": at.day,
        "week": int(at.strftime("%U")) + 1,
        "month": at.month,
        "quarter": quarter,
        "year": at.year,
        "fiscal-period": f"Quarter {quarter} FY{at.year}",
        "fiscal-year": f"FY{at.year}",
    }
    return parts[grouping]


def _rank(value: Value) -> Rank:
    return rank(value.casefold() if isinstance(value, str) else value)
