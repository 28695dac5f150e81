"""Reads what a mapping file says about one field and checks it against what the field holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from proforma.domain.dates import calendar_date
from proforma.domain.ids import canonical_guid
from proforma.mapping.expressions import (
    READS,
    Case,
    Constant,
    Default,
    Expression,
    First,
    Join,
    Read,
    Template,
    Transform,
    Truncate,
    Values,
    WhenEqual,
)
from proforma.mapping.faults import Fault, did_you_mean
from proforma.mapping.fields import FieldType, Kind
from proforma.mapping.reading import KeyReader, is_null
from proforma.mapping.yaml_source import Entries, Items, Node, Plain, Scalar

#: Names of columns as they go into a query: logical names, lookups with their underscores.
COLUMN: Final = re.compile(r"_?[a-z][a-z0-9_]{0,127}")
_PIECE: Final = re.compile(r"\{([^{}]*)\}")
_TEXT: Final = FieldType(Kind.TEXT)


@dataclass(frozen=True, slots=True)
class _Arguments:
    """Keys that a transform needs and those it may have, besides `transform`, `optional` and `default`."""

    needed: tuple[str, ...]
    allowed: tuple[str, ...] = ()


_SOURCE: Final = ("column", "of")
_ARGUMENTS: Final[Mapping[Transform, _Arguments]] = {
    Transform.COPY: _Arguments(("column",)),
    **{transform: _Arguments(("column",)) for transform in READS},
    Transform.CONSTANT: _Arguments(("constant",)),
    Transform.VALUES: _Arguments(("values",), (*_SOURCE, "other")),
    Transform.JOIN: _Arguments(("columns",), ("separator",)),
    Transform.FIRST: _Arguments(("columns",)),
    Transform.TEMPLATE: _Arguments(("template",)),
    Transform.TRUNCATE: _Arguments(("length",), _SOURCE),
    Transform.UPPER: _Arguments((), _SOURCE),
    Transform.LOWER: _Arguments((), _SOURCE),
    Transform.DEFAULT: _Arguments(("default",), _SOURCE),
    Transform.WHEN_EQUAL: _Arguments(("column", "equals"), ("then", "else")),
}
#: A transform need not be named where one of its own keys says it.
_TELLING: Final = {
    "constant": Transform.CONSTANT,
    "values": Transform.VALUES,
    "template": Transform.TEMPLATE,
    "equals": Transform.WHEN_EQUAL,
    "length": Transform.TRUNCATE,
}
_MAKES_TEXT: Final = (Transform.JOIN, Transform.TEMPLATE, Transform.TRUNCATE, Transform.UPPER, Transform.LOWER)


class SpecificationReader(KeyReader):
    """Turns nodes into expressions; what is wrong is added to `faults`, and the answer is then None."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        super().__init__(path, faults)
        self._readers: Mapping[Transform, Callable[[Entries, FieldType, bool], Expression | None]] = {
            Transform.CONSTANT: self._constant,
            Transform.VALUES: self._values,
            Transform.JOIN: self._join,
            Transform.FIRST: self._first,
            Transform.TEMPLATE: self._template,
            Transform.TRUNCATE: self._truncate,
            Transform.UPPER: lambda node, target, optional: self._case(node, optional, upper=True),
            Transform.LOWER: lambda node, target, optional: self._case(node, optional, upper=False),
            Transform.DEFAULT: self._source,
            Transform.WHEN_EQUAL: self._when_equal,
        }

    def expression(self, node: Node, target: FieldType, *, optional: bool = False) -> Expression | None:
        """The expression of one field: a column's name, or a mapping with `transform` and its arguments."""
        if isinstance(node, Scalar):
            return self._read(node, Transform.COPY, target, optional=optional)
        if isinstance(node, Items):
            self.fault(node, "a list cannot fill a field", "write {transform: first, columns: [...]} or {transform: join, columns: [...]}")
            return None
        transform = self._transform(node)
        if transform is None or not self._check_arguments(node, transform):
            return None
        if transform in _MAKES_TEXT and target.kind is not Kind.TEXT:
            self.fault(node, f"transform {transform.value!r} makes text, but the field holds a {target.kind}")
            return None
        optional = self.flag(node, "optional") or optional
        made = self._made(node, transform, target, optional)
        default = node.get("default")
        if made is None or default is None:
            return made
        value = self._word(default, target)
        return None if value is None else Default(made, value)

    def _made(self, node: Entries, transform: Transform, target: FieldType, optional: bool) -> Expression | None:
        reader = self._readers.get(transform)
        if reader is not None:
            return reader(node, target, optional)
        column = node.get("column")
        return None if column is None else self._read(column, transform, target, optional=optional)

    def _transform(self, node: Entries) -> Transform | None:
        named = node.get("transform")
        if named is None:
            return next((transform for key, transform in _TELLING.items() if node.key(key) is not None), Transform.COPY)
        known = [transform.value for transform in Transform]
        if isinstance(named, Scalar) and named.text in known:
            return Transform(named.text)
        text = named.text if isinstance(named, Scalar) else "a list"
        self.fault(named, f"unknown transform {text!r}", did_you_mean(text, known) or f"one of: {', '.join(known)}")
        return None

    def _check_arguments(self, node: Entries, transform: Transform) -> bool:
        arguments = _ARGUMENTS[transform]
        allowed = ("transform", *arguments.allowed, "optional", "default")
        right = self.check_keys(node, arguments.needed, allowed, where=f" for transform {transform.value!r}")
        if arguments.allowed[:2] == _SOURCE and (node.key("column") is None) == (node.key("of") is None):
            self.fault(node, f"transform {transform.value!r} needs either 'column' or 'of'")
            right = False
        return right

    # ---- reading a column ----------------------------------------------------------------------------------------------

    def column(self, node: Node) -> str | None:
        """A column's name, checked: it becomes part of a query."""
        if isinstance(node, Scalar) and isinstance(node.value, str) and COLUMN.fullmatch(node.value):
            return node.value
        text = node.text if isinstance(node, Scalar) else "a list or mapping"
        hint = (
            "logical names are lower case" if COLUMN.fullmatch(text.lower()) else "letters, digits and underscores; lookups as _name_value"
        )
        self.fault(node, f"{text!r} is no column name", hint)
        return None

    def _read(self, node: Node, transform: Transform, target: FieldType, *, optional: bool) -> Read | None:
        name = self.column(node)
        if name is None:
            return None
        kind = READS.get(transform)
        if target.kind is Kind.DIMENSION:
            return self._read_dimension(node, name, kind, optional=optional)
        if target.kind is Kind.CHOICE:
            self.fault(
                node,
                f"the field holds a word of a closed list ({_words(target)}), the column a number",
                "write values: {number: word, ...}",
            )
            return None
        if target.kind is Kind.DIMENSIONS:
            self.fault(node, "dimension values are mapped under 'dimensions:'")
            return None
        if kind is not None and kind is not target.kind:
            self.fault(node, f"transform {transform.value!r} reads a {kind}, but the field holds a {target.kind}")
            return None
        return Read(name, target.kind, optional)

    def _read_dimension(self, node: Node, name: str, kind: Kind | None, *, optional: bool) -> Read | None:
        if kind not in (None, Kind.GUID, Kind.INTEGER):
            self.fault(node, f"a dimension is a lookup or an option, not a {kind}")
            return None
        is_lookup = name.startswith("_") and name.endswith("_value")
        return Read(name, kind or (Kind.GUID if is_lookup else Kind.DIMENSION), optional)

    def _source(self, node: Entries, target: FieldType, optional: bool) -> Expression | None:
        column, inner = node.get("column"), node.get("of")
        if column is not None:
            return self._read(column, Transform.COPY, target, optional=optional)
        return None if inner is None else self.expression(inner, target, optional=optional)

    # ---- the transforms ------------------------------------------------------------------------------------------------

    def _constant(self, node: Entries, target: FieldType, optional: bool) -> Constant | None:
        given = node.get("constant")
        value = None if given is None else self._word(given, target)
        return None if value is None else Constant(value)

    def _values(self, node: Entries, target: FieldType, optional: bool) -> Values | None:
        table = node.get("values")
        if not isinstance(table, Entries) or not table.pairs:
            self.fault(table or node, "'values' is a mapping: {number: word, ...}")
            return None
        kinds = {_kind_of(key.value) for key, _ in table.pairs}
        kind = kinds.pop()
        if kinds or kind is None:
            self.fault(table, "the keys of 'values' are all numbers, all words, or true and false")
            return None
        source = self._source(node, FieldType(kind), optional)
        words: dict[str | int | bool, object] = {}
        for key, value in table.pairs:
            words[_hashable(key.value)] = None if is_null(value) else self._word(value, target)
        other = node.get("other")
        default = None if other is None or is_null(other) else self._word(other, target)
        return None if source is None else Values(source, words, closed=other is None, other=default)

    def _first(self, node: Entries, target: FieldType, optional: bool) -> First | None:
        parts = self._parts(node, target, optional)
        return None if parts is None else First(parts)

    def _join(self, node: Entries, target: FieldType, optional: bool) -> Join | None:
        parts = self._parts(node, _TEXT, optional)
        separator = node.get("separator")
        if separator is not None and not (isinstance(separator, Scalar) and isinstance(separator.value, str)):
            self.fault(separator, "'separator' is text", "put it in quotes")
            return None
        return None if parts is None else Join(parts, " " if separator is None else separator.text)

    def _parts(self, node: Entries, target: FieldType, optional: bool) -> tuple[Expression, ...] | None:
        columns = node.get("columns")
        if not isinstance(columns, Items) or not columns.nodes:
            self.fault(columns or node, "'columns' is a list: [column, column, ...]")
            return None
        parts = [self.expression(part, target, optional=optional) for part in columns.nodes]
        return tuple(part for part in parts if part is not None) if None not in parts else None

    def _template(self, node: Entries, target: FieldType, optional: bool) -> Template | None:
        given = node.get("template")
        if not isinstance(given, Scalar) or not isinstance(given.value, str):
            self.fault(given or node, "'template' is text with {column} in it", "put it in quotes")
            return None
        pieces: list[str | Read] = []
        for index, piece in enumerate(_PIECE.split(given.value)):
            if index % 2:
                name = self.column(Scalar(piece, piece, given.line, given.column))
                if name is None:
                    return None
                pieces.append(Read(name, Kind.TEXT, optional))
            elif "{" in piece or "}" in piece:
                self.fault(given, "a brace in 'template' has no partner", "write {column} around each column")
                return None
            elif piece:
                pieces.append(piece)
        if not any(isinstance(piece, Read) for piece in pieces):
            self.fault(given, "'template' names no column", "use {constant: ...} for text that is always the same")
            return None
        return Template(tuple(pieces))

    def _truncate(self, node: Entries, target: FieldType, optional: bool) -> Truncate | None:
        length = node.get("length")
        if not isinstance(length, Scalar) or not isinstance(length.value, int) or isinstance(length.value, bool) or length.value < 1:
            self.fault(length or node, "'length' is a number of characters, at least 1")
            return None
        source = self._source(node, _TEXT, optional)
        return None if source is None else Truncate(source, length.value)

    def _case(self, node: Entries, optional: bool, *, upper: bool) -> Case | None:
        source = self._source(node, _TEXT, optional)
        return None if source is None else Case(source, upper)

    def _when_equal(self, node: Entries, target: FieldType, optional: bool) -> WhenEqual | None:
        given = node.get("equals")
        choices = given.nodes if isinstance(given, Items) else (given,)
        plain = [choice.value for choice in choices if isinstance(choice, Scalar) and not isinstance(choice.value, Decimal)]
        kinds = [kind for kind in map(_kind_of, plain) if kind is not None]
        if len(plain) != len(choices) or len(set(kinds)) != 1:
            self.fault(given or node, "'equals' is a number, a word, true or false, or a list of one kind of them; null stands for empty")
            return None
        column_node = node.get("column")
        name = None if column_node is None else self.column(column_node)
        then, otherwise = self._branch(node, "then", target, optional), self._branch(node, "else", target, optional)
        if name is None or then is None or otherwise is None:
            return None
        return WhenEqual(Read(name, kinds[0], optional), frozenset(_nullable(value) for value in plain), then, otherwise)

    def _branch(self, node: Entries, key: str, target: FieldType, optional: bool) -> Expression | None:
        given = node.get(key)
        if given is None:
            if target.kind is Kind.BOOLEAN:
                return Constant(key == "then")
            self.fault(node, f"transform 'when-equal' needs the key {key!r}", "write null for nothing")
            return None
        if is_null(given):
            return Constant(None)
        return self.expression(given, target, optional=optional)

    # ---- constants -----------------------------------------------------------------------------------------------------

    def _word(self, node: Node, target: FieldType) -> object:
        """A value written in the file, as the field holds it; None and a fault when it does not fit."""
        if not isinstance(node, Scalar) or node.value is None:
            self.fault(node, "expected a single value")
            return None
        if target.kind is Kind.CHOICE and target.choices is not None:
            words = [choice.value for choice in target.choices]
            if node.text in words:
                return target.choices(node.text)
            self.fault(node, f"{node.text!r} is none of the words of this field", did_you_mean(node.text, words) or _words(target))
            return None
        value = _fitting(node.value, target.kind)
        if value is None:
            hint = "put it in quotes" if target.kind is Kind.TEXT else None
            self.fault(node, f"{node.text!r} is no {target.kind}", hint)
        return value


def _words(target: FieldType) -> str:
    return ", ".join(choice.value for choice in target.choices or ())


def _kind_of(value: Plain) -> Kind | None:
    match value:
        case bool():
            return Kind.BOOLEAN
        case int():
            return Kind.INTEGER
        case str():
            return Kind.TEXT
        case _:
            return None


def _hashable(value: Plain) -> str | int | bool:
    assert isinstance(value, str | int | bool)
    return value


def _nullable(value: Plain) -> str | int | bool | None:
    return None if value is None else _hashable(value)


def _fitting(value: Plain, kind: Kind) -> object:
    """The value as a field of this kind holds it, None when it does not fit."""
    match kind, value:
        case Kind.BOOLEAN, bool():
            return value
        case _, bool():
            return None
        case (Kind.INTEGER | Kind.DIMENSION, int()) | (Kind.TEXT | Kind.DIMENSION, str()):
            return value
        case Kind.DECIMAL, int() | Decimal():
            return Decimal(value)
        case Kind.GUID | Kind.DATE | Kind.INSTANT, str():
            return _parsed(value, kind)
        case _:
            return None


def _parsed(text: str, kind: Kind) -> object:
    try:
        match kind:
            case Kind.GUID:
                return canonical_guid(text)
            case Kind.DATE:
                return calendar_date(text)
            case _:
                instant = datetime.fromisoformat(text)
                return instant if instant.tzinfo is not None else None
    except ValueError:
        return None
