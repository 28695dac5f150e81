"""Expressions as plain data, with every transform named: for people, and to tell whether two mappings read the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from proforma.domain.money import plain
from proforma.mapping.expressions import (
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
from proforma.mapping.fields import Kind

Data: TypeAlias = "bool | int | str | list[Data] | dict[str, Data] | None"

_READ_AS: Final[Mapping[Kind, Transform]] = {
    Kind.GUID: Transform.LOOKUP,
    Kind.DATE: Transform.DATE,
    Kind.INSTANT: Transform.INSTANT,
    Kind.DECIMAL: Transform.DECIMAL,
    Kind.INTEGER: Transform.INTEGER,
    Kind.BOOLEAN: Transform.BOOLEAN,
}


def expression_data(expression: Expression) -> dict[str, Data]:
    """The expression in the long form of a mapping file."""
    match expression:
        case Read():
            return _read(expression)
        case Constant(value=value):
            data: dict[str, Data] = {"transform": "constant", "constant": _word(value)}
        case Values():
            data = _values(expression)
        case First(parts=parts):
            data = {"transform": "first", "columns": [expression_data(part) for part in parts]}
        case Join(parts=parts, separator=separator):
            data = {"transform": "join", "columns": [expression_data(part) for part in parts], "separator": separator}
        case WhenEqual():
            data = _when_equal(expression)
        case Template(pieces=pieces):
            text = "".join("{" + piece.column + "}" if isinstance(piece, Read) else piece for piece in pieces)
            optional = any(piece.optional for piece in pieces if isinstance(piece, Read))
            data = {"transform": "template", "template": text} | ({"optional": True} if optional else {})
        case Case(source=source, upper=upper):
            data = {"transform": "upper" if upper else "lower", "of": expression_data(source)}
        case Truncate(source=source, length=length):
            data = {"transform": "truncate", "of": expression_data(source), "length": length}
        case Default(source=source, value=value):
            data = expression_data(source) | {"default": _word(value)}
    return data


def _read(read: Read) -> dict[str, Data]:
    data: dict[str, Data] = {"transform": _READ_AS.get(read.kind, Transform.COPY).value, "column": read.column}
    return data | {"optional": True} if read.optional else data


def _values(expression: Values) -> dict[str, Data]:
    table: dict[str, Data] = {
        str(key).lower() if isinstance(key, bool) else str(key): _word(word) for key, word in expression.table.items()
    }
    data: dict[str, Data] = {"transform": "values", "of": expression_data(expression.source), "values": table}
    return data if expression.closed else data | {"other": _word(expression.other)}


def _when_equal(expression: WhenEqual) -> dict[str, Data]:
    equals = sorted((_word(value) for value in expression.equals), key=lambda value: (value is not None, str(value)))
    return _read(expression.column) | {
        "transform": "when-equal",
        "equals": list(equals),
        "then": expression_data(expression.then),
        "else": expression_data(expression.otherwise),
    }


def _word(value: object) -> Data:
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Decimal):
        return plain(value)
    assert isinstance(value, date)  # datetime included
    return value.isoformat()
