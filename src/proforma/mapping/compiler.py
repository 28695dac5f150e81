"""Turns a mapping into the type of its rows and a function from row to record.

The function runs for every row, so it is written out as Python once and compiled, instead of calling a closure a field. Its text is made
of names this module chooses (`c0`, `k0`) and fields of our own records; columns, words and constants of a mapping file are only ever
values beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec

from proforma.domain.ids import Guid, canonical_guid
from proforma.mapping import values
from proforma.mapping.dimensions import DimensionColumn
from proforma.mapping.entities import EntityMapping
from proforma.mapping.expression_data import expression_data
from proforma.mapping.expressions import (
    Case,
    Constant,
    Default,
    Expression,
    First,
    Join,
    Read,
    Template,
    Truncate,
    Values,
    WhenEqual,
    reads_of,
)
from proforma.mapping.faults import Fault, MappingError, RowRejectedError
from proforma.mapping.fields import FieldType, Kind, fields_of

R = TypeVar("R")

#: How a value travels. GUIDs and days are text on the wire; a dimension may turn out to be a lookup, an option, yes or no, or a text.
_WIRE: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: str | None,
    Kind.GUID: str | None,
    Kind.DATE: str | None,
    Kind.INTEGER: int | None,
    Kind.DECIMAL: Decimal | None,
    Kind.BOOLEAN: bool | None,
    Kind.INSTANT: datetime | None,
    Kind.DIMENSION: bool | int | str | None,
}
_VERSION: Final[Any] = int | str | None
#: Characters of a foreign value that a message repeats.
_SHOWN_MAX: Final = 60
#: What a conversion raises for a value that does not fit.
_MISFITS: Final = (ValueError, KeyError, OverflowError)

#: Kinds of fields whose values repeat themselves from row to row. GUIDs are remembered where they are read.
_REPEATED: Final = frozenset({Kind.DATE, Kind.BOOLEAN, Kind.CHOICE})

#: In the tail of shaped rows: the row's change number.
VERSION: Final = object()

#: What a shaping function makes of rows: a tuple a row that came out, and the rows that did not.
Shaped: TypeAlias = "tuple[list[tuple[Any, ...]], list[msgspec.Struct]]"


class Form(NamedTuple):
    """How a value is to come out: an expression with `{}` for it, and the objects that the expression mentions; None stays None."""

    expression: str = "{}"
    names: Mapping[str, object] = MappingProxyType({})


class CompiledEntity(Generic[R]):
    """A mapping ready for rows.

    `row_type` decodes a row of the entity set; its attributes are `c0` …, encoded under the foreign column names. `select` are the
    columns that must be there, `optional` those that the environment may lack; a column left out is an empty one. `fingerprint`
    changes when rows would be read differently.
    """

    def __init__(self, mapping: EntityMapping, layout: _Layout, source: _Source) -> None:
        self.mapping = mapping
        self.row_type: type[msgspec.Struct] = layout.row_type(mapping.entity)
        self.select: tuple[str, ...] = layout.required
        self.optional: tuple[str, ...] = layout.optional
        self.fingerprint: str = source.fingerprint()
        self.entity, self.entity_set, self.filter, self.changes = mapping.entity, mapping.entity_set, mapping.filter, mapping.changes
        self.record: type[R] = mapping.record
        self._keys: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_key_type(mapping.key))
        self._layout = layout
        self._source = source
        self._convert: Callable[[Any], R] = source.function(mapping.record)
        self._moment: Callable[[Any], datetime | None] | None = layout.moment(mapping.modified)

    def to_record(self, row: msgspec.Struct) -> R:
        """The record of a row. Raises RowRejectedError, which names the column and why."""
        try:
            return self._convert(row)
        except _MISFITS:
            raise self.rejection(row) from None

    def shaping(self, forms: Mapping[str, Form], tail: Sequence[object] = ()) -> Callable[[Iterable[Any]], Shaped]:
        """A function from rows to the fields of their records in the record's order, each in its form, with `tail` behind them.

        No record is made: that would cost more than all conversions. `rejection` says why a row did not come out.
        """
        return self._source.shaping(self.record, forms, tail)

    def key(self, row: msgspec.Struct) -> Guid | None:
        """The row's own id, None when it has none that can be read."""
        try:
            return canonical_guid(self._value(row, self.mapping.key))
        except (ValueError, TypeError):
            return None

    def key_of(self, raw: bytes) -> Guid | None:
        """The id in the JSON of a row that could not be decoded as a whole."""
        try:
            return canonical_guid(self._keys.decode(raw).key)
        except (ValueError, TypeError):
            return None

    def payload(self, row: msgspec.Struct) -> bytes:
        """The row as JSON under its foreign names, empty columns left out, decimals as text: what quarantine keeps."""
        wire = {column: value for column in self._layout.wire if (value := self._value(row, column)) is not None}
        return msgspec.json.encode(wire)

    def version(self, row: msgspec.Struct) -> int | None:
        """The row's change number, None when the table has none."""
        return values.whole(self._value(row, self.mapping.version))

    def modified(self, row: msgspec.Struct) -> datetime | None:
        """When the row was last changed, in UTC; None when the table does not say."""
        moment = self._value(row, self.mapping.modified)
        try:
            return values.instant_of_text(moment) if isinstance(moment, str) else None if moment is None else values.instant(moment)
        except ValueError:
            return None

    def newest(self, rows: Sequence[msgspec.Struct]) -> datetime | None:
        """The latest time of change among rows, in UTC; None when none of them says."""
        if self._moment is not None:
            try:
                latest = max(filter(None, map(self._moment, rows)), default=None)
            except TypeError:
                pass  # some with an offset and some without: each is read by itself
            else:
                return None if latest is None else values.instant(latest)
        return max(filter(None, map(self.modified, rows)), default=None)

    def place(self, row: msgspec.Struct) -> datetime | None:
        """Where the row lies on the column by which the entity may be read in ranges, in UTC; None without such a column, or a value."""
        moment = self._value(row, self.mapping.ranges)
        return None if moment is None else values.instant_of_text(moment) if isinstance(moment, str) else values.instant(moment)

    def _value(self, row: msgspec.Struct, column: str | None) -> Any:
        return None if column is None else getattr(row, self._layout.attributes[column], None)

    def rejection(self, row: msgspec.Struct) -> RowRejectedError:
        """Which field did not come out, and why; asked only after the whole row has failed."""
        for field, single in self._source.singles():
            try:
                single(row)
            except _MISFITS as error:
                return self._rejected(row, field, error)
        raise AssertionError(f"{self.mapping.entity}: the row failed as a whole but in no field")

    def _rejected(self, row: msgspec.Struct, field: str, error: Exception) -> RowRejectedError:
        expression = self._source.expressions[field]
        columns = [read.column for read in reads_of(expression)]
        shown = ", ".join(f"{column} = {_shown(self._value(row, column))}" for column in dict.fromkeys(columns)) or "a constant"
        line = self.mapping.line_of(field)
        at = self.mapping.source.name if line is None else f"{self.mapping.source.name}:{line}"
        reason, message = _reason(self._source.type_of(field), field, shown, error)
        column = columns[0] if columns else field
        return RowRejectedError(reason, message, column=column, field=field, at=at)


def _shown(value: object) -> str:
    """A foreign value in a message that stays readable: nobody wants to see a million digits."""
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}… ({len(text)} characters)"


def _reason(type_: FieldType, field: str, shown: str, error: Exception) -> tuple[str, str]:
    if isinstance(error, values.MissingError):
        return "missing-value", f"{field} cannot be empty ({shown})"
    if isinstance(error, KeyError):
        return "unknown-status", f"{field}: the mapping has no word for {shown}"
    if type_.kind is Kind.DECIMAL:
        return "malformed-value", f"{field}: {shown} is no decimal number of at most {values.DIGITS_MAX + 1} digits before the point"
    return "malformed-value", f"{field}: {shown} is no {type_.kind}"


@dataclass(frozen=True, slots=True)
class _Layout:
    """The foreign columns of an entity: their kinds on the wire, the attribute each is read from, and which may be missing."""

    wire: Mapping[str, Any]
    attributes: Mapping[str, str]
    required: tuple[str, ...]
    optional: tuple[str, ...]

    def moment(self, column: str | None) -> Callable[[Any], datetime | None] | None:
        """What takes an instant out of a row; None where there is no such column, or where it travels as text."""
        return attrgetter(self.attributes[column]) if column is not None and self.wire[column] == _WIRE[Kind.INSTANT] else None

    def row_type(self, entity: str) -> type[msgspec.Struct]:
        name = "".join(part.capitalize() for part in entity.split("-")) + "Row"
        return _row_type(name, tuple((self.attributes[column], column, wire) for column, wire in self.wire.items()))


# The same columns are the same type, however often the mappings are read anew: a daemon does so at every tick, and what decodes a type is
# kept for as long as hundreds of others.
@lru_cache(maxsize=256)
def _row_type(name: str, columns: tuple[tuple[str, str, Any], ...]) -> type[msgspec.Struct]:
    """The type of rows with these columns: attribute, foreign column, what it is on the wire."""
    fields = [(attribute, wire, None) for attribute, _, wire in columns]
    renamed = {attribute: column for attribute, column, _ in columns}
    return msgspec.defstruct(name, fields, rename=renamed, frozen=True, gc=False)


@lru_cache(maxsize=256)
def _key_type(key: str) -> type[msgspec.Struct]:
    """The type of a row of which only the key is read."""
    return msgspec.defstruct("Key", [("key", str | None, None)], rename={"key": key})


def compile_entity(mapping: EntityMapping, dimensions: Sequence[DimensionColumn] = ()) -> CompiledEntity[Any]:
    """The mapping ready for rows, reading the environment's own pricing dimensions too (P-31).

    Raises MappingError when one column is read in two ways that exclude each other.
    """
    carried = _dimensions(mapping, dimensions)
    layout = _layout(mapping, carried)
    return CompiledEntity(mapping, layout, _Source(mapping, carried, layout))


def _dimensions(mapping: EntityMapping, found: Sequence[DimensionColumn]) -> dict[str, Expression]:
    """The mapping's own dimensions, and over them those of the environment: as a lookup or as an option, whichever the row has."""
    carried = dict(mapping.dimensions)
    known = {read.column: read for filled in (*mapping.columns.values(), *carried.values()) for read in reads_of(filled)}
    for dimension in found:
        lookup = Read(f"_{dimension.column}_value", Kind.GUID, optional=True)
        option = Read(dimension.column, Kind.DIMENSION, optional=True)
        # A lookup that the mapping reads anyway is certainly a lookup, and there or not as the mapping says.
        carried[dimension.name] = known.get(lookup.column) or First((lookup, option))
    return carried


def _layout(mapping: EntityMapping, carried: Mapping[str, Expression]) -> _Layout:
    wire: dict[str, Any] = {mapping.key: _WIRE[Kind.GUID]}
    required = {column for column in (mapping.key, mapping.version, mapping.modified, mapping.ranges) if column is not None}
    if mapping.version is not None:
        wire[mapping.version] = _VERSION
    for dated in (mapping.modified, mapping.ranges):
        if dated is not None:
            wire[dated] = _WIRE[Kind.INSTANT]
    faults: list[Fault] = []
    for field, expression in (*mapping.columns.items(), *carried.items()):
        for read in reads_of(expression):
            agreed = _agreed(wire.get(read.column, _WIRE[read.kind]), _WIRE[read.kind])
            if agreed is None:
                place = mapping.place_of(field) or (1, 1)
                faults.append(Fault(mapping.source, *place, f"column {read.column!r} is read as {read.kind} here, but otherwise elsewhere"))
            wire[read.column] = agreed
            if not read.optional:
                required.add(read.column)
    if faults:
        raise MappingError(faults)
    attributes = {column: f"c{index}" for index, column in enumerate(wire)}
    return _Layout(wire, attributes, tuple(c for c in wire if c in required), tuple(c for c in wire if c not in required))


def _agreed(first: Any, second: Any) -> Any:
    """One wire type that serves both readings, None when there is none."""
    if first == second:
        return first
    pair = (first, second)
    if _WIRE[Kind.INSTANT] in pair and _WIRE[Kind.TEXT] in pair:
        return _WIRE[Kind.TEXT]  # instants are then parsed here
    if _WIRE[Kind.DIMENSION] in pair and any(_WIRE[kind] in pair for kind in (Kind.INTEGER, Kind.BOOLEAN, Kind.TEXT)):
        return _WIRE[Kind.DIMENSION]
    return None


_FIELD: Final = re.compile(r"[a-z][a-z0-9_]*_?")


class _Source:
    """Writes the function from row to record, and keeps the values it refers to under names of its own."""

    def __init__(self, mapping: EntityMapping, carried: Mapping[str, Expression], layout: _Layout) -> None:
        self._layout = layout
        self._names: dict[str, object] = {
            "guids": values.guids, "own_guid": canonical_guid, "day": values.day,
            "instant": values.instant, "instant_of_text": values.instant_of_text,
            "option": values.option, "finite": values.finite, "joined": values.joined, "filled": values.filled, "missing": values.missing,
            "whole": values.whole,
        }  # fmt: skip
        self._temporaries = 0
        self._key, self._version = mapping.key, mapping.version
        record: type = mapping.record
        self._types = fields_of(record)
        self.expressions: dict[str, Expression] = {**carried, **mapping.columns}
        self._columns = {field: self._field(expression, self._types[field]) for field, expression in mapping.columns.items()}
        self._dimensions = {name: self._text(expression) for name, expression in carried.items()}

    def type_of(self, field: str) -> FieldType:
        return self._types.get(field) or FieldType(Kind.DIMENSION)

    def function(self, record: type[R]) -> Callable[[Any], R]:
        """The whole record in one call."""
        assert all(_FIELD.fullmatch(field) for field in self._columns)
        arguments = [f"{field}={text}" for field, text in self._columns.items()]
        if self._dimensions:
            arguments.append("dimensions=dimensions")
        lines = ["def convert(row):", *self._carried(" "), f" return {self._keep(record)}({', '.join(arguments)})"]
        convert: Callable[[Any], R] = self._compiled(record, lines, {})
        return convert

    def shaping(self, record: type[Any], forms: Mapping[str, Form], tail: Sequence[object]) -> Callable[[Iterable[Any]], Shaped]:
        """All rows of a page in one call; what no column fills has the record's own default."""
        names = {name: value for form in forms.values() for name, value in form.names.items()}
        assert names.keys().isdisjoint(self._names), "a form mentions a name that means something else here"
        cells = [self._formed(item, forms.get(item.name, Form())) for item in fields(record)]
        cells += [self._change_number() if value is VERSION else self._keep(value) for value in tail]
        lines = ["def convert(rows):", " made, misfits = [], []", " add = made.append", " for row in rows:", "  try:"]
        lines += [f"   add(({', '.join(cells)},))", "  except misfit:", "   misfits.append(row)"]
        convert: Callable[[Iterable[Any]], Shaped] = self._compiled(
            record, [*lines, " return made, misfits"], {**names, "misfit": _MISFITS}
        )
        return convert

    def _formed(self, item: Field[Any], form: Form) -> str:
        """A field in its form, taken from memory where it depends on columns that repeat themselves."""
        if item.name == "dimensions" and self._dimensions:
            lines = [*self._carried(" "), f" return {form.expression.replace('{}', 'dimensions')}"]
            columns = {read.column for name in self._dimensions for read in reads_of(self.expressions[name])}
        else:
            text = self._in_form(self._columns.get(item.name) or self._default(item), self._types[item.name], form)
            lines = [f" return {text}"]
            columns = {read.column for read in reads_of(self.expressions.get(item.name, Constant(None)))}
            if len(columns) != 1 or self._types[item.name].kind not in _REPEATED:
                return text
        return self._remembered(sorted(columns), lines, form.names, days=self._types[item.name].kind is Kind.DATE)

    def _in_form(self, text: str, type_: FieldType, form: Form) -> str:
        if form.expression == "{}":
            return text
        if type_.required or type_.empty is not None or type_.kind is Kind.DIMENSIONS:
            return form.expression.replace("{}", text)
        name = self._temporary()
        return f"(None if ({name} := {text}) is None else {form.expression.replace('{}', name)})"

    def _remembered(self, columns: Sequence[str], lines: Sequence[str], names: Mapping[str, object], *, days: bool) -> str:
        """The look-up of what the lines make of a row that has these columns alone."""
        attributes = [self._layout.attributes[column] for column in columns]
        row = msgspec.defstruct("Part", [(attribute, Any) for attribute in attributes])
        convert = self._compiled(object, ["def convert(row):", *lines], names)
        one = len(attributes) == 1
        memory = values.Memory(lambda value: convert(row(value) if one else row(*value)))
        wire = [f"row.{attribute}" for attribute in attributes]
        if one and self._layout.wire[columns[0]] == _WIRE[Kind.DATE] and days:
            # What follows the day does not change it (P-5), and would be new in every row.
            wire = [f"row.{attributes[0]} and row.{attributes[0]}[:10]"]
        return f"{self._keep(memory)}[{', '.join(wire)}]"

    def _change_number(self) -> str:
        if self._version is None:
            return "None"
        name = self._temporary()
        return f"({name} if type({name} := row.{self._layout.attributes[self._version]}) is int else whole({name}))"

    def _default(self, item: Field[Any]) -> str:
        if item.name == "dimensions" and self._dimensions:
            return "dimensions"
        made = item.default if item.default_factory is MISSING else item.default_factory()
        assert made is not MISSING, f"{item.name} must be filled"
        return self._keep(made)

    def _carried(self, indent: str) -> Iterator[str]:
        """Lines that gather the dimensions that a row has a value for."""
        if self._dimensions:
            yield f"{indent}dimensions = {{}}"
        for name, text in self._dimensions.items():
            yield f"{indent}if (value := {text}) is not None: dimensions[{self._keep(name)}] = value"

    def _compiled(self, record: type[Any], lines: Sequence[str], names: Mapping[str, object]) -> Any:
        scope = {**self._names, **names}
        exec(compile("\n".join(lines), f"<mapping of {record.__name__}>", "exec"), scope)  # noqa: S102 - see the module's docstring
        return scope["convert"]

    def fingerprint(self) -> str:
        """Digest of what fills which field, in any order."""
        data = {field: expression_data(expression) for field, expression in self.expressions.items()}
        return hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest()

    def singles(self) -> Iterator[tuple[str, Callable[[Any], object]]]:
        """One function for each field, to find the one that fails."""
        for field, text in (*self._dimensions.items(), *self._columns.items()):
            yield field, eval(f"lambda row: {text}", dict(self._names))  # noqa: S307 - see the module's docstring

    # ---- the text of one expression ------------------------------------------------------------------------------------

    def _field(self, expression: Expression, field: FieldType) -> str:
        text = self._text(expression)
        if isinstance(expression, Constant) or (not field.required and field.empty is None):
            return text
        name = self._temporary()
        return f"({name} if ({name} := {text}) is not None else {'missing()' if field.required else self._keep(field.empty)})"

    def _text(self, expression: Expression) -> str:  # noqa: PLR0911 - one return a transform
        match expression:
            case Read():
                return self._read(expression)
            case Constant(value=value):
                return self._keep(value)
            case Values():
                return self._values(expression)
            case First(parts=parts):
                return self._first([self._text(part) for part in parts])
            case WhenEqual(column=column, equals=equals, then=then, otherwise=otherwise):
                test = f"row.{self._layout.attributes[column.column]} in {self._keep(equals)}"
                return f"({self._text(then)} if {test} else {self._text(otherwise)})"
            case Join(parts=parts, separator=separator):
                return f"joined({self._keep(separator)}, ({', '.join(self._text(part) for part in parts)},))"
            case Template():
                return self._template(expression)
            case Case(source=source, upper=upper):
                return self._on(source, "{}.upper()" if upper else "{}.lower()")
            case Truncate(source=source, length=length):
                return self._on(source, f"{{}}[:{self._keep(length)}]")
            case Default(source=source, value=value):
                return self._first([self._text(source), self._keep(value)])

    def _read(self, read: Read) -> str:
        column = f"row.{self._layout.attributes[read.column]}"
        match read.kind:
            case Kind.TEXT:
                return f"({column} or None)"
            case Kind.GUID:
                # A row's own id comes once: remembering it would only push out the others.
                return self._call("own_guid", column) if read.column == self._key else f"guids[{column}]"
            case Kind.DATE:
                return self._call("day", column)
            case Kind.DIMENSION:
                return self._call("option", column)
            case Kind.DECIMAL:
                return self._call("finite", column)
            case Kind.INSTANT:
                parsed = self._layout.wire[read.column] == _WIRE[Kind.INSTANT]
                return self._call("instant" if parsed else "instant_of_text", column)
            case _:
                return column

    def _call(self, function: str, argument: str) -> str:
        name = self._temporary()
        return f"(None if ({name} := {argument}) is None else {function}({name}))"

    def _on(self, source: Expression, form: str) -> str:
        name = self._temporary()
        return f"(None if ({name} := {self._text(source)}) is None else {form.format(name)})"

    def _values(self, expression: Values) -> str:
        table = self._keep(dict(expression.table))
        if expression.closed:
            return self._on(expression.source, f"{table}[{{}}]")
        return self._on(expression.source, f"{table}.get({{}}, {self._keep(expression.other)})")

    def _first(self, parts: Sequence[str]) -> str:
        text = parts[-1]
        for part in reversed(parts[:-1]):
            name = self._temporary()
            text = f"({name} if ({name} := {part}) is not None else {text})"
        return text

    def _template(self, template: Template) -> str:
        pieces = [self._text(piece) if isinstance(piece, Read) else self._keep(piece) for piece in template.pieces]
        columns = [self._text(piece) for piece in template.pieces if isinstance(piece, Read)]
        return f"filled(({', '.join(pieces)},), ({', '.join(columns)},))"

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    def _keep(self, value: object) -> str:
        """The name under which the function finds a value."""
        if value is None or value is True or value is False:
            return repr(value)
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name
