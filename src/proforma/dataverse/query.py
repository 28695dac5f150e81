"""Queries as frozen values, and the only place where names and values become part of a Web API URL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from urllib.parse import quote
from uuid import UUID

Value: TypeAlias = "bool | int | Decimal | str | date | datetime | UUID | None"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH: Final = re.compile(rf"{_NAME.pattern}(?:/{_NAME.pattern})*")
_ORDER: Final = re.compile(rf"{_PATH.pattern}(?: (?:asc|desc))?")
_PAGE_ROWS_MAX: Final = 5000


def literal(value: Value) -> str:
    """A value as the Web API writes it in a filter (W-68): ids bare, texts quoted with doubled apostrophes, instants in UTC.

    Raises ValueError for what has no literal: a float, an instant without time zone, a number that is not finite.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | UUID():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case str():
            return "'" + value.replace("'", "''") + "'"
        case date() if not isinstance(value, datetime) or value.tzinfo is not None:
            return instant_text(value) if isinstance(value, datetime) else value.isoformat()
        case _:
            msg = f"a {type(value).__name__} cannot stand in a filter like this: {value!r}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a filter, already in the Web API's words; made by the functions below, joined with `and_` and `or_`."""

    text: str


def eq(column: str, value: Value) -> Condition:
    """`column` equals `value`; a column may be reached through lookups with slashes (W-70)."""
    return _compare(column, "eq", value)


def ne(column: str, value: Value) -> Condition:
    """`column` differs from `value`; rows where the column is null are not returned (W-69)."""
    return _compare(column, "ne", value)


def gt(column: str, value: Value) -> Condition:
    """`column` is after or above `value`."""
    return _compare(column, "gt", value)


def ge(column: str, value: Value) -> Condition:
    """`column` is `value`, or after or above it."""
    return _compare(column, "ge", value)


def lt(column: str, value: Value) -> Condition:
    """`column` is before or below `value`."""
    return _compare(column, "lt", value)


def le(column: str, value: Value) -> Condition:
    """`column` is `value`, or before or below it."""
    return _compare(column, "le", value)


def and_(*conditions: Condition) -> Condition:
    """All of them; at least one must be given."""
    return _join(" and ", conditions)


def or_(*conditions: Condition) -> Condition:
    """Any of them; at least one must be given. More than 500 conditions are refused by the service (W-74)."""
    return _join(" or ", conditions)


@dataclass(frozen=True, slots=True)
class Expand:
    """A single-valued navigation property to bring along, with the columns wanted of it (W-83); its name keeps its case."""

    navigation: str
    select: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(_NAME, (self.navigation, *self.select), "expand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which rows of an entity set, and which columns of them.

    `select`: columns that must exist; `optional`: columns that an environment may lack; both empty asks for all columns.
    `order_by`: "column" or "column desc"; end it with the primary key, since paging over ties repeats and skips rows (W-76).
    `track_changes`: ask for a delta link after the last page (W-164); such a query takes the whole table in the server's order (W-167).
    Raises ValueError for names that are none: they could change the meaning of the URL.
    """

    entity_set: str
    select: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    filter: Condition | None = None
    order_by: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    page_size: int | None = None
    track_changes: bool = False

    def __post_init__(self) -> None:
        _require(_NAME, (self.entity_set,), "entity set")
        _require(_NAME, (*self.select, *self.optional), "select")
        _require(_ORDER, self.order_by, "order")
        if self.page_size is not None and not 1 <= self.page_size <= _PAGE_ROWS_MAX:
            msg = f"a page has 1 to {_PAGE_ROWS_MAX} rows, not {self.page_size}"
            raise ValueError(msg)
        if self.track_changes and (self.filter or self.order_by or self.expand):
            raise ValueError("a tracked set cannot be filtered, ordered or expanded")

    def link(self, *, without: frozenset[str] = frozenset()) -> str:
        """The link relative to the Web API's base, asking for no column of `without`."""
        wanted = dict.fromkeys(column for column in (*self.select, *self.optional) if column not in without)
        options = {
            "$select": ",".join(wanted),
            "$filter": self.filter.text if self.filter else "",
            "$orderby": ",".join(self.order_by),
            "$expand": ",".join(_expand_text(expand) for expand in self.expand),
        }
        given = "&".join(f"{name}={_encoded(text)}" for name, text in options.items() if text)
        return f"{self.entity_set}?{given}" if given else self.entity_set

    def count_link(self) -> str:
        """The link that has its rows counted, which the service does for at most 50,000 of them (W-82)."""
        rows = f"filter({self.filter.text})/" if self.filter else ""
        return f"{self.entity_set}?$apply={_encoded(rows + 'aggregate($count as rows)')}"


def _compare(column: str, operator: str, value: Value) -> Condition:
    _require(_PATH, (column,), "filter")
    return Condition(f"{column} {operator} {literal(value)}")


def _join(word: str, conditions: tuple[Condition, ...]) -> Condition:
    if not conditions:
        msg = "no condition is given: an empty filter would mean all rows"
        raise ValueError(msg)
    if len(conditions) == 1:
        return conditions[0]
    return Condition("(" + word.join(condition.text for condition in conditions) + ")")


def instant_text(value: datetime) -> str:
    """UTC with Z; a fraction only where there is one, since the service keeps whole seconds (W-116)."""
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if value.microsecond else text) + "Z"


def _expand_text(expand: Expand) -> str:
    return f"{expand.navigation}($select={','.join(expand.select)})" if expand.select else expand.navigation


def _encoded(text: str) -> str:
    return quote(text, safe="(),'/:$=")


def _require(shape: re.Pattern[str], names: Iterable[str], place: str) -> None:
    for name in names:
        if not shape.fullmatch(name):
            msg = f"{name!r} is no name that can stand in {place}"
            raise ValueError(msg)
