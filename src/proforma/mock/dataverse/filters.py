"""Filters as functions of a row: three-valued, so that a row is kept only when the whole is true (W-69)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias, cast

from proforma.mock.dataverse.errors import ODataError, no_property, not_served, syntax_error
from proforma.mock.dataverse.syntax import Comparison, Junction, Literal, Match, Named, Negation, Node, Path, parse_filter
from proforma.mock.schema import DATES, LOOKUPS, NUMBERS, TEXTS, Column
from proforma.mock.values import Row, Value, as_guid, as_instant, as_number
from proforma.mock.world import Table, World

Reader: TypeAlias = Callable[[Row], object]
Condition: TypeAlias = Callable[[Row], bool | None]
Operand: TypeAlias = tuple[str, Reader]

_EDM: Final = {
    "number": "Edm.Decimal",
    "text": "Edm.String",
    "guid": "Edm.Guid",
    "boolean": "Edm.Boolean",
    "instant": "Edm.DateTimeOffset",
}
_KINDS: Final = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}


def row_filter(world: World, table: Table, text: str, aliases: Mapping[str, str]) -> Callable[[Row], bool]:
    """Whether a row of the table passes a `$filter`; raises `ODataError` for one that cannot be read or typed."""
    condition = _Compiler(world, table).condition(parse_filter(text, aliases))
    return lambda row: condition(row) is True


def kind_of(column: Column | None) -> str:
    """How values of a column compare: number, text, guid, boolean, instant, or any where the schema does not know."""
    if column is None:
        return "any"
    families = (("number", NUMBERS), ("text", TEXTS), ("guid", LOOKUPS), ("instant", DATES))
    return next((kind for kind, types in families if column.type in types), column.type if column.type in _EDM else "any")


def comparable(kind: str, value: Value) -> object:
    """A cell in the form in which it compares with others of the kind; None when it has no such form."""
    if kind == "number":
        return as_number(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if not isinstance(value, str):
        scalar = None if isinstance(value, list | dict) else value
        return scalar if kind == "any" else None
    if kind == "instant":
        return as_instant(value.upper())
    return as_guid(value) or value.lower() if kind == "guid" else value.casefold()


def column_reader(world: World, table: Table, steps: tuple[str, ...]) -> Operand:
    """Kind and reader of a column, reached through any number of lookups (W-70)."""
    name, *rest = steps
    schema = table.schema
    if not rest:
        if name not in schema.wire and name not in table.names and name != schema.primary_id:
            raise no_property(name, schema.logical)
        kind = "guid" if name == schema.primary_id else kind_of(schema.wire.get(name))
        return kind, lambda row: comparable(kind, row.get(name))
    column = schema.navs.get(name)
    target = next((t for logical in column.navs[name] if (t := world.table_of(logical))), None) if column else None
    if column is None or target is None:
        raise no_property(name, schema.logical)
    kind, read = column_reader(world, target, tuple(rest))
    wire, rows = column.wire, target.rows

    def follow(row: Row) -> object:
        related = rows.get(str(row.get(wire)))
        return None if related is None else read(related)

    return kind, follow


class _Compiler:
    def __init__(self, world: World, table: Table) -> None:
        self._world, self._table = world, table

    def condition(self, node: Node) -> Condition:
        kind, read = self._operand(node)
        if kind not in ("boolean", "any"):
            raise syntax_error("The $filter expression must evaluate to a single boolean value.")
        return lambda row: value if isinstance(value := read(row), bool) else None

    def _operand(self, node: Node) -> Operand:
        if isinstance(node, Literal):
            value = node.value
            constant = value.casefold() if node.kind == "text" and isinstance(value, str) else value
            return node.kind, lambda _row: constant
        if isinstance(node, Path):
            return column_reader(self._world, self._table, node.steps)
        return "boolean", self._truth(node)

    def _truth(self, node: Comparison | Junction | Negation | Match | Named) -> Condition:
        match node:
            case Comparison():
                return self._comparison(node)
            case Junction():
                return self._junction(node)
            case Negation(of):
                return self._negation(of)
            case Match():
                return self._match(node)
            case Named():
                return self._named(node)

    def _negation(self, of: Node) -> Condition:
        if _has_named(of):
            raise syntax_error("Not operator along with the Custom Named Condition operators is not allowed")
        inner = self.condition(of)
        return lambda row: None if (value := inner(row)) is None else not value

    def _junction(self, node: Junction) -> Condition:
        left, right = self.condition(node.left), self.condition(node.right)
        decisive = node.operator == "or"  # true settles an or, false settles an and

        def joined(row: Row) -> bool | None:
            first = left(row)
            if first is decisive:
                return decisive
            second = right(row)
            if second is decisive:
                return decisive
            return None if first is None or second is None else not decisive

        return joined

    def _comparison(self, node: Comparison) -> Condition:
        (left_kind, left), (right_kind, right) = self._operand(node.left), self._operand(node.right)
        if "null" in (left_kind, right_kind):
            return _null_test(node.operator, left, right)
        kind = _common_kind(left_kind, right_kind, node.operator)
        compare = _comparer(node.operator)
        read_left, read_right = _as(kind, left_kind, left), _as(kind, right_kind, right)

        def compared(row: Row) -> bool | None:
            one, other = read_left(row), read_right(row)
            if one is None or other is None:
                return None
            try:
                return compare(one, other)
            except TypeError:  # cells of a column that no schema knows may be of any type
                return None

        return compared

    def _match(self, node: Match) -> Condition:
        kind, subject = self._operand(node.subject)
        pattern = node.pattern
        if not isinstance(pattern, Literal) or pattern.kind != "text" or kind not in ("text", "any"):
            raise ODataError(
                400, "0x0", f"No function signature for the function with name '{node.function}' matches the specified arguments."
            )
        text = str(pattern.value).casefold()
        if node.function == "startswith" and text.startswith("%"):  # W-67
            raise syntax_error(f"A leading wildcard is not allowed: {node.function} with '{text}'.")
        shape = _like(text, node.function)
        return lambda row: bool(shape.fullmatch(cell)) if isinstance(cell := subject(row), str) else None

    def _named(self, node: Named) -> Condition:
        if node.function not in ("In", "NotIn", "Between"):
            raise not_served(f"the query function Microsoft.Dynamics.CRM.{node.function}")
        kind, read = column_reader(self._world, self._table, tuple(node.property.split("/")))
        values = [comparable(kind, text) for text in node.values]
        if kind == "boolean":
            values = [text.lower() == "true" for text in node.values]
        if None in values or not values:
            raise syntax_error(f"The values of Microsoft.Dynamics.CRM.{node.function} do not fit '{node.property}'.")
        return _between(node, read, values) if node.function == "Between" else _membership(node, read, values)


def _comparer(name: str) -> Callable[[object, object], bool]:
    """Python's own comparison of two cells of one kind."""
    return cast("Callable[[object, object], bool]", getattr(operator, name))


def _membership(node: Named, read: Reader, values: list[object]) -> Condition:
    members, wanted = set(values), node.function == "In"
    texts = {str(value) for value in values}  # cells of a column that no schema knows compare as text

    def member(row: Row) -> bool | None:
        cell = read(row)
        return None if cell is None else (cell in members or str(cell) in texts) is wanted

    return member


def _between(node: Named, read: Reader, values: list[object]) -> Condition:
    if len(values) != 2:
        raise syntax_error("Microsoft.Dynamics.CRM.Between takes two values.")
    low, high = values
    at_most = _comparer("le")

    def inside(row: Row) -> bool | None:
        cell = read(row)
        return None if cell is None else at_most(low, cell) and at_most(cell, high)

    return inside


def _null_test(name: str, left: Reader, right: Reader) -> Condition:
    if name not in ("eq", "ne"):
        return lambda _row: None
    equal = name == "eq"
    return lambda row: (left(row) is None and right(row) is None) is equal


def _common_kind(left: str, right: str, name: str) -> str:
    if right in {left, "any"}:
        return left
    if left == "any":
        return right
    message = (
        "A binary operator with incompatible types was detected. "
        f"Found operand types '{_EDM[left]}' and '{_EDM[right]}' for operator kind '{_KINDS[name]}'."
    )
    raise syntax_error(message)


def _as(kind: str, own: str, read: Reader) -> Reader:
    """A reader of cells of no known kind, made to answer in the other side's kind."""
    if own != "any" or kind == "any":
        return read

    def converted(row: Row) -> object:
        cell = read(row)
        if isinstance(cell, datetime):
            return cell
        return comparable(kind, cell if isinstance(cell, bool | int | Decimal | str) else None)

    return converted


def _has_named(node: Node) -> bool:
    match node:
        case Named():
            return True
        case Junction(_, left, right) | Comparison(_, left, right):
            return _has_named(left) or _has_named(right)
        case Negation(of):
            return _has_named(of)
        case _:
            return False


def _like(text: str, function: str) -> re.Pattern[str]:
    """SQL's LIKE as a regular expression: `%` any text, `_` any character, `[ab]`, `[^ab]` sets (W-67)."""
    parts: list[str] = []
    position = 0
    while position < len(text):
        group = re.compile(r"\[(\^?)([^\]]+)\]").match(text, position)
        if group:
            members = re.sub(r"([\\\[\]^&~|])", r"\\\1", group[2])
            parts.append(f"[{group[1]}{members}]")
            position = group.end()
            continue
        parts.append({"%": ".*", "_": "."}.get(text[position], re.escape(text[position])))
        position += 1
    before = "" if function == "startswith" else ".*"
    after = "" if function == "endswith" else ".*"
    try:
        return re.compile(f"{before}{''.join(parts)}{after}", re.IGNORECASE | re.DOTALL)
    except re.error as problem:
        raise syntax_error(f"The pattern '{text}' cannot be read: {problem}.") from problem
