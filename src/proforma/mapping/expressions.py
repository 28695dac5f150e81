"""What a mapping says about one field, after reading: a tree of the closed list of transforms, nothing else.

The tree is data. It holds column names, option tables and constants, never anything that could be run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from proforma.mapping.fields import Kind


class Transform(StrEnum):
    """The closed list of transforms."""

    COPY = "copy"
    CONSTANT = "constant"
    VALUES = "values"
    LOOKUP = "lookup"
    DATE = "date"
    INSTANT = "instant"
    DECIMAL = "decimal"
    MONEY = "money"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    JOIN = "join"
    FIRST = "first"
    TEMPLATE = "template"
    TRUNCATE = "truncate"
    UPPER = "upper"
    LOWER = "lower"
    DEFAULT = "default"
    WHEN_EQUAL = "when-equal"


#: Transforms that read one column as one kind of value.
READS: Final[Mapping[Transform, Kind]] = {
    Transform.LOOKUP: Kind.GUID,
    Transform.DATE: Kind.DATE,
    Transform.INSTANT: Kind.INSTANT,
    Transform.DECIMAL: Kind.DECIMAL,
    Transform.MONEY: Kind.DECIMAL,
    Transform.INTEGER: Kind.INTEGER,
    Transform.BOOLEAN: Kind.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class Read:
    """The value of a column. `optional`: the environment may lack the column."""

    column: str
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every row."""

    value: object


@dataclass(frozen=True, slots=True)
class Values:
    """A value by its number or word. With `closed` any other value rejects the row, else it gives `other`."""

    source: Expression
    table: Mapping[str | int | bool, object]
    closed: bool = True
    other: object = None


@dataclass(frozen=True, slots=True)
class First:
    """The first of several that is not empty."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class WhenEqual:
    """One of two, as a column holds one of the values given; None among them stands for an empty column."""

    column: Read
    equals: frozenset[str | int | bool | None]
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Join:
    """The parts that are not empty with a separator between; empty when all are."""

    parts: tuple[Expression, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text with columns in it; an empty column leaves its place empty, and without any column filled the whole is empty."""

    pieces: tuple[str | Read, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Text in upper or lower case."""

    source: Expression
    upper: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    """The first characters of a text."""

    source: Expression
    length: int


@dataclass(frozen=True, slots=True)
class Default:
    """A value for the empty."""

    source: Expression
    value: object


Expression: TypeAlias = "Read | Constant | Values | First | WhenEqual | Join | Template | Case | Truncate | Default"


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The expression and all expressions inside it."""
    yield expression
    match expression:
        case Values(source=source) | Case(source=source) | Truncate(source=source) | Default(source=source):
            yield from parts_of(source)
        case First(parts=parts) | Join(parts=parts):
            for part in parts:
                yield from parts_of(part)
        case WhenEqual(then=then, otherwise=otherwise):
            yield from parts_of(then)
            yield from parts_of(otherwise)
        case _:
            return


def reads_of(expression: Expression) -> Iterator[Read]:
    """Every column that an expression reads, in the order of the file."""
    match expression:
        case Read():
            yield expression
        case Constant():
            return
        case Values(source=source) | Case(source=source) | Truncate(source=source) | Default(source=source):
            yield from reads_of(source)
        case First(parts=parts) | Join(parts=parts):
            for part in parts:
                yield from reads_of(part)
        case Template(pieces=pieces):
            yield from (piece for piece in pieces if isinstance(piece, Read))
        case WhenEqual(column=column, then=then, otherwise=otherwise):
            yield column
            yield from reads_of(then)
            yield from reads_of(otherwise)
