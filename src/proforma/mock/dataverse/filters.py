"""Filters as functions of a row: three-valued, so that a row is kept only when the whole is true (W-69)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from proforma.mock.dataverse.cells import Operand, Reader, Source, TableSource, comparable
from proforma.mock.dataverse.errors import ODataError, syntax_error
from proforma.mock.dataverse.operators import Condition, comparer, condition_of, matching, subject_of
from proforma.mock.dataverse.syntax import Comparison, Junction, Lambda, Literal, Match, Named, Negation, Node, Path, parse_filter
from proforma.mock.values import Row
from proforma.mock.world import Table, World

_EDM: Final = {
    "number": "Edm.Decimal",
    "text": "Edm.String",
    "guid": "Edm.Guid",
    "boolean": "Edm.Boolean",
    "instant": "Edm.DateTimeOffset",
    "enum": "Microsoft.Dynamics.CRM enumeration",
}
_KINDS: Final = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}
_AROUND: Final = {"contains": (".*", ".*"), "startswith": ("", ".*"), "endswith": (".*", "")}
#: Query functions of `$filter` whose operator is not their name in FetchXML's spelling.
_OPERATORS: Final = {
    "AboveOrEqual": "eq-or-above",
    "UnderOrEqual": "eq-or-under",
    "ContainValues": "contain-values",
    "DoesNotContainValues": "not-contain-values",
    "EqualBusinessId": "eq-businessid",
    "NotEqualBusinessId": "ne-businessid",
    "EqualUserId": "eq-userid",
    "NotEqualUserId": "ne-userid",
    "EqualUserLanguage": "eq-userlanguage",
    "EqualUserTeams": "eq-userteams",
    "EqualUserOrUserTeams": "eq-useroruserteams",
    "EqualUserOrUserHierarchy": "eq-useroruserhierarchy",
    "EqualUserOrUserHierarchyAndTeams": "eq-useroruserhierarchyandteams",
    "Last7Days": "last-seven-days",
    "Next7Days": "next-seven-days",
}
_WORDS: Final = re.compile(r"OlderThan|X(?=[A-Z])|[A-Z][a-z]*")


def row_filter(world: World, table: Table, text: str, aliases: Mapping[str, str]) -> Callable[[Row], bool]:
    """Whether a row of the table passes a `$filter`; raises `ODataError` for one that cannot be read or typed."""
    return filter_of(TableSource(world, table), text, aliases)


def filter_of(source: Source, text: str, aliases: Mapping[str, str]) -> Callable[[Row], bool]:
    """The same for whatever has named members, such as table definitions."""
    condition = _Compiler(source).condition(parse_filter(text, aliases))
    return lambda row: condition(row) is True


class _Compiler:
    """Turns a tree into a function. `variable`: in a condition of `any` or `all`, the name that its columns stand behind."""

    def __init__(self, source: Source, variable: str | None = None) -> None:
        self._source, self._variable = source, variable

    def condition(self, node: Node) -> Condition:
        kind, read = self._operand(node)
        if kind not in ("boolean", "any"):
            raise syntax_error("The $filter expression must evaluate to a single boolean value.")
        return lambda row: value if isinstance(value := read(row), bool) else None

    def _operand(self, node: Node) -> Operand:
        if isinstance(node, Literal):
            value = node.value
            constant = value.casefold() if node.kind in ("text", "enum") and isinstance(value, str) else value
            return node.kind, lambda _row: constant
        if isinstance(node, Path):
            return self._source.operand(self._steps(node.steps))
        return "boolean", self._truth(node)

    def _steps(self, steps: tuple[str, ...]) -> tuple[str, ...]:
        """The steps within the source; behind the variable where there is one, so that tables are never compared (W-66)."""
        if self._variable is None:
            return steps
        if steps[0] != self._variable or len(steps) < 2:
            raise syntax_error(f"Could not find a property '{'/'.join(steps)}' of the range variable '{self._variable}'.")
        return steps[1:]

    def _truth(self, node: Comparison | Junction | Negation | Match | Named | Lambda) -> Condition:
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
            case Lambda():
                return self._lambda(node)

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
        compare = comparer(node.operator)
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
        text = str(pattern.value)
        if node.function == "startswith" and text.startswith("%"):  # W-67
            raise syntax_error(f"A leading wildcard is not allowed: {node.function} with '{text}'.")
        condition = matching(subject, text, *_AROUND[node.function])
        return lambda row: condition(row) if isinstance(subject(row), str) else None

    def _named(self, node: Named) -> Condition:
        steps = tuple(node.property.split("/"))
        if self._variable is not None and steps[0] == self._variable:
            steps = steps[1:]
        source = self._source.named(steps)
        return condition_of(operator_of(node.function), subject_of(source.world, source.table, steps), node.values)

    def _lambda(self, node: Lambda) -> Condition:
        collection = self._source.collection(self._steps(node.collection))
        if node.condition is None or node.variable is None:
            return lambda row: bool(collection.of(row))
        inner = _Compiler(collection.source, node.variable).condition(node.condition)
        if node.quantifier == "any":
            return lambda row: any(inner(child) is True for child in collection.of(row))
        return lambda row: all(inner(child) is True for child in collection.of(row))


def operator_of(function: str) -> str:
    """The operator of a query function in FetchXML's spelling: `LastXDays` is `last-x-days` (W-72)."""
    return _OPERATORS.get(function) or "-".join(word.lower() for word in _WORDS.findall(function))


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
        case Lambda(condition=inner):
            return inner is not None and _has_named(inner)
        case _:
            return False
