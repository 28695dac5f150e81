"""The operators that the query functions of `$filter` and the conditions of FetchXML share, by FetchXML's names (W-72, W-199).

A condition answers true, false, or None where the cell is null; a row is kept only when the whole is true (W-69).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, cast

from proforma.mock.dataverse.authors import SIGNED_IN
from proforma.mock.dataverse.cells import Reader, column_at, column_reader, comparable
from proforma.mock.dataverse.errors import syntax_error
from proforma.mock.dataverse.periods import is_finer_than_days, is_period, span
from proforma.mock.schema import Column, TableSchema
from proforma.mock.values import Row, as_guid, as_instant, as_number, mapping_of, symbol_guid
from proforma.mock.world import Table, World

Condition: TypeAlias = Callable[[Row], bool | None]

BUSINESS_UNIT: Final = "@mock-business-unit"
LANGUAGE: Final = 1033
COMPARISONS: Final = {"eq": "eq", "ne": "ne", "neq": "ne", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le"}
_LIKES: Final = {
    "like": ("", ""),
    "begins-with": ("", ".*"),
    "begin-with": ("", ".*"),
    "ends-with": (".*", ""),
    "end-with": (".*", ""),
}
_HIERARCHY: Final = frozenset({"above", "eq-or-above", "under", "eq-or-under", "not-under"})
_USERS: Final = ("eq-userid", "eq-userteams", "eq-useroruserteams", "eq-useroruserhierarchy", "eq-useroruserhierarchyandteams")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The column that a condition is about. `name`: as the query wrote it."""

    world: World
    table: Table
    name: str
    column: Column | None
    kind: str
    read: Reader


def subject_of(world: World, table: Table, steps: Sequence[str]) -> Subject:
    """A column of the table, reached through any number of lookups; raises for an unknown one."""
    kind, read = column_reader(world, table, steps)
    return Subject(world=world, table=table, name="/".join(steps), column=column_at(world, table, steps), kind=kind, read=read)


def condition_of(name: str, subject: Subject, values: Sequence[str]) -> Condition:
    """The condition of an operator on a column; raises for an unknown operator and for values that do not fit."""
    if name in ("null", "not-null"):
        _expect(name, values, 0)
        return lambda row: (subject.read(row) is None) is (name == "null")
    if name in COMPARISONS:
        _expect(name, values, 1)
        return compared(subject.read, COMPARISONS[name], _typed(subject, name, values)[0])
    if name in ("in", "not-in", "between", "not-between"):
        return _ranged(name, subject, values)
    positive = _positive(name)
    if positive in _LIKES:
        _expect(name, values, 1)
        return _signed(matching(subject.read, values[0], *_LIKES[positive]), negated=name != positive)
    if positive == "contain-values":
        return _signed(_containing(subject, values), negated=name != positive)
    if name in _HIERARCHY:
        _expect(name, values, 1)
        return _in_hierarchy(name, subject, values[0])
    return _by_caller_or_time(name, subject, values)


def compared(read: Reader, name: str, value: object) -> Condition:
    """The cell beside a value of its kind."""
    compare = comparer(name)

    def condition(row: Row) -> bool | None:
        cell = read(row)
        if cell is None:
            return None
        try:
            return compare(cell, _like_cell(cell, value))
        except TypeError:  # cells of a column that no schema knows may be of any type
            return None

    return condition


def _like_cell(cell: object, value: object) -> object:
    """A value that came as text beside a cell of a column that no schema knows."""
    if not isinstance(value, str) or isinstance(cell, str):
        return value
    if isinstance(cell, bool):
        return {"true": True, "1": True, "false": False, "0": False}.get(value)
    return as_number(value)


def comparer(name: str) -> Callable[[object, object], bool]:
    """Python's own comparison of two cells of one kind."""
    return cast("Callable[[object, object], bool]", getattr(operator, name))


def matching(read: Reader, pattern: str, before: str, after: str) -> Condition:
    """SQL's LIKE, without regard to case; `before` and `after` are what may stand around the pattern."""
    shape = like(pattern, before, after)
    return lambda row: None if (cell := read(row)) is None else bool(shape.fullmatch(cell)) if isinstance(cell, str) else False


def like(pattern: str, before: str = "", after: str = "") -> re.Pattern[str]:
    """SQL's LIKE as a regular expression: `%` any text, `_` any character, `[ab]`, `[^ab]` sets (W-67)."""
    parts: list[str] = []
    position = 0
    text = pattern.casefold()
    while position < len(text):
        group = re.compile(r"\[(\^?)([^\]]+)\]").match(text, position)
        if group:
            members = re.sub(r"([\\\[\]^&~|])", r"\\\1", group[2])
            parts.append(f"[{group[1]}{members}]")
            position = group.end()
            continue
        parts.append({"%": ".*", "_": "."}.get(text[position], re.escape(text[position])))
        position += 1
    try:
        return re.compile(f"{before}{re.sub(r'(?:[.][*])+', '.*', ''.join(parts))}{after}", re.IGNORECASE | re.DOTALL)
    except re.error as problem:
        raise syntax_error(f"The pattern '{pattern}' cannot be read: {problem}.") from problem


def parent_column(schema: TableSchema) -> Column | None:
    """The lookup that makes a hierarchy of the table: the one to the table itself, a `parent…` one first."""
    own = [column for column in schema.columns.values() if any(schema.logical in targets for targets in column.navs.values())]
    return min(own, key=lambda column: ("parent" not in column.name, column.name), default=None)


def _positive(name: str) -> str:
    return name.removeprefix("not-").replace("begin-with", "begins-with").replace("end-with", "ends-with")


def _signed(condition: Condition, *, negated: bool) -> Condition:
    """The condition or its opposite; what is unknown stays so."""
    if not negated:
        return condition
    return lambda row: None if (value := condition(row)) is None else not value


def _ranged(name: str, subject: Subject, values: Sequence[str]) -> Condition:
    typed, read = _typed(subject, name, values), subject.read
    if name.endswith("between"):
        _expect(name, values, 2)
        low, high = compared(read, "ge", typed[0]), compared(read, "le", typed[1])

        def inside(row: Row) -> bool | None:
            first, second = low(row), high(row)
            return None if first is None or second is None else first and second

        return _signed(inside, negated=name.startswith("not"))
    texts = {str(value) for value in typed}  # cells of a column that no schema knows compare as text
    return _signed(_among(read, set(typed), texts), negated=name.startswith("not"))


def _among(read: Reader, members: Collection[object], texts: Collection[str] = ()) -> Condition:
    """Whether the cell, or its text, is one of these."""

    def among(row: Row) -> bool | None:
        cell = read(row)
        return None if cell is None else cell in members or str(cell) in texts

    return among


def _typed(subject: Subject, name: str, values: Sequence[str]) -> list[object]:
    if subject.kind == "boolean":
        typed: list[object] = [{"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower()) for text in values]
    elif subject.kind == "guid":
        typed = [as_guid(text.strip()) for text in values]
    else:
        typed = [comparable(subject.kind, text) for text in values]
    if None in typed or not typed:
        raise syntax_error(f"The values of the operator '{name}' do not fit '{subject.name}'.")
    return typed


def _containing(subject: Subject, values: Sequence[str]) -> Condition:
    """Whether a multi-select column holds one of the options at least (W-72, W-115)."""
    if not values or not all(value.strip().lstrip("-").isdigit() for value in values):
        raise syntax_error(f"The values of the operator 'contain-values' do not fit '{subject.name}'.")
    wanted = {value.strip() for value in values}

    def contains(row: Row) -> bool | None:
        cell = subject.read(row)
        return None if cell is None else not wanted.isdisjoint(part.strip() for part in str(cell).split(","))

    return contains


def _by_caller_or_time(name: str, subject: Subject, values: Sequence[str]) -> Condition:
    if name in _USERS or name == "ne-userid":
        return _member(name, subject, values, _callers(subject.world, name.replace("ne-", "eq-")))
    if name in ("eq-businessid", "ne-businessid"):
        return _member(name, subject, values, {symbol_guid(BUSINESS_UNIT)})
    if name == "eq-userlanguage":
        return compared(subject.read, "eq", as_number(LANGUAGE))
    if name == "in-fiscal-period":
        return _in_quarter(subject, values)
    positive = "on" if name in ("not-on", "on") else name
    if not is_period(positive):
        raise syntax_error(f"The condition operator '{name}' is not supported.")
    return _signed(_in_period(positive, subject, values), negated=name == "not-on")


def _member(name: str, subject: Subject, values: Sequence[str], ids: set[str]) -> Condition:
    _expect(name, values, 0)
    return _signed(_among(subject.read, ids), negated=name.startswith("ne-"))


def _callers(world: World, name: str) -> set[str]:
    """The caller, and those that the operator counts as the same: teams, people below."""
    user = world.author.user if world.author else SIGNED_IN
    found: set[str] = set() if name == "eq-userteams" else {user}
    if "hierarchy" in name:
        found |= _below(world.table_of("systemuser"), user)
    if "teams" in name:
        memberships = world.tables.get("teammemberships")
        rows = memberships.rows.values() if memberships else ()
        found |= {str(row.get("teamid")) for row in rows if row.get("systemuserid") == user}
    return found


def _in_hierarchy(name: str, subject: Subject, text: str) -> Condition:
    """Rows above or below another along the table's lookup to itself (W-72)."""
    row_id, column = as_guid(text.strip()), parent_column(subject.table.schema)
    if row_id is None or column is None:
        raise syntax_error(f"The operator '{name}' needs a table with a hierarchy and the id of one of its rows.")
    found = _above(subject.table, row_id, column) if "above" in name else _below(subject.table, row_id)
    if name.startswith("eq-or"):
        found = found | {row_id}
    return _signed(_among(subject.read, found), negated=name == "not-under")


def _above(table: Table, row_id: str, column: Column) -> set[str]:
    found: set[str] = set()
    cell = mapping_of(table.rows.get(row_id)).get(column.wire)
    while isinstance(cell, str) and cell not in found:
        found.add(cell)
        cell = mapping_of(table.rows.get(cell)).get(column.wire)
    return found


def _below(table: Table | None, row_id: str) -> set[str]:
    column = parent_column(table.schema) if table else None
    if table is None or column is None:
        return set()
    found: set[str] = set()
    level = {row_id}
    while level:
        level = {row for row, cells in table.rows.items() if cells.get(column.wire) in level} - found
        found |= level
    return found


def _in_period(name: str, subject: Subject, values: Sequence[str]) -> Condition:
    column = subject.column
    if subject.kind not in ("instant", "any"):
        raise syntax_error(f"The operator '{name}' needs a date column; '{subject.name}' is none.")
    if column is not None and column.type == "dateonly" and is_finer_than_days(name):  # W-117
        raise syntax_error(f"The operator '{name}' is not supported on '{subject.name}', whose behavior is DateOnly.")
    try:
        period = span(name, [_given(text) for text in values], subject.world.now())
    except ValueError as problem:
        raise syntax_error(f"The values of the operator '{name}' do not fit '{subject.name}': {problem}.") from problem

    def within(row: Row) -> bool | None:
        at = _instant(subject.read(row))
        return None if at is None else period.start <= at < period.end

    return within


def _in_quarter(subject: Subject, values: Sequence[str]) -> Condition:
    _expect("in-fiscal-period", values, 1)

    def within(row: Row) -> bool | None:
        at = _instant(subject.read(row))
        return None if at is None else str((at.month + 2) // 3) == values[0].strip()

    return within


def _given(text: str) -> datetime | int:
    plain = text.strip()
    if plain.isascii() and plain.isdigit() and len(plain) < 7:
        return int(plain)
    instant = as_instant(plain.upper())
    if instant is None:
        raise ValueError(f"'{text}' is neither a whole number nor a date")
    return instant


def _instant(cell: object) -> datetime | None:
    return as_instant(cell.upper()) if isinstance(cell, str) else cell if isinstance(cell, datetime) else None


def _expect(name: str, values: Sequence[str], count: int) -> None:
    if len(values) != count:
        raise syntax_error(f"The operator '{name}' takes {count} value{'s' * (count != 1)}, not {len(values)}.")
