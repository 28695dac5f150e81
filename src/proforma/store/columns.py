"""How the fields of domain records become columns and back: a closed list of converters, chosen by a field's type alone.

Everything exact is text, the same in SQLite and PostgreSQL: decimals as their own digits, dates and UTC instants in ISO form (so that
they sort), words of a closed list as themselves, mappings and tuples as JSON (docs/store.md says what was measured and why).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import sqlalchemy as sa

from proforma.domain.frozen import open_twin_of
from proforma.domain.ids import Guid, RecordId, SourceId
from proforma.domain.invoices import Figures

#: A value as the database driver takes and gives it.
Cell = str | int | bytes | None
Cells = tuple[Cell, ...]
Row = Sequence[Any]

R = TypeVar("R")


def instant_text(at: datetime) -> str:
    """An instant as stored: UTC, microseconds, fixed width, so that text order is time order. Raises ValueError on a naive one."""
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError(f"{at.isoformat()} names no time zone: an instant must")
        at = at.astimezone(UTC)
    if at.microsecond:
        return at.isoformat(timespec="microseconds")
    # Dataverse sends whole seconds, and the JSON encoder writes them six times as fast: between quotation marks, a Z behind them.
    return f"{_json_instant(at)[1:20].decode()}.000000+00:00"


_json_instant: Final[Callable[[datetime], bytes]] = msgspec.json.encode


def instant(text: str) -> datetime:
    """The instant that `instant_text` wrote."""
    return datetime.fromisoformat(text)


def optional_instant_text(at: datetime | None) -> str | None:
    """An instant as stored, or None."""
    return None if at is None else instant_text(at)


def optional_instant(text: str | None) -> datetime | None:
    """The instant, or None."""
    return None if text is None else datetime.fromisoformat(text)


def optional_text(figure: Decimal | None) -> str | None:
    """An exact figure as stored, or None."""
    return None if figure is None else str(figure)


def optional_decimal(text: str | None) -> Decimal | None:
    """The figure, or None."""
    return None if text is None else Decimal(text)


def json_text(value: object) -> str:
    """A small structure as JSON text, the same text for equal values; decimals as strings."""
    return json_bytes(value).decode()


def json_bytes(value: object) -> bytes:
    """As `json_text`, in UTF-8."""
    return msgspec.json.encode(value, order="deterministic")


@lru_cache(maxsize=1 << 12)
def _pairs_text(pairs: tuple[tuple[str, object], ...]) -> str:
    return json_text(dict(pairs))


def _mapping_text(value: Mapping[str, object]) -> str:
    # Rows share a few hundred combinations of role, unit and the like.
    return _pairs_text(tuple(value.items())) if value else "{}"


_read_mapping: Final = msgspec.json.Decoder(dict[str, str | int]).decode


@lru_cache(maxsize=1 << 12)
def _mapping(text: str) -> Mapping[str, str | int]:
    # Records that say the same share one mapping, which nobody changes.
    return _read_mapping(text)


_strings: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_figures: Final = msgspec.json.Decoder(Figures).decode


@dataclass(frozen=True, slots=True)
class Converter:
    """How one type travels: its column type, and an expression each way with `{}` for the value; None passes untouched.

    `names` are the objects that the expressions mention. `in_json`: what SQLite makes the value's JSON with, `{}` for the column.
    """

    type: type[sa.types.TypeEngine[Any]]
    encode: str = "{}"
    decode: str = "{}"
    names: Mapping[str, object] = field(default_factory=dict)
    in_json: str = "{}"

    def mentioned(self) -> dict[str, object]:
        """The objects that `encode` mentions."""
        return {name: self.names[name] for name in re.findall(r"[a-z]\w*", self.encode) if name in self.names}


_TEXT: Final = Converter(sa.Text)
#: Types of texts that are a record's own: its id, and the ids of what it was made of.
_OWN_TEXTS: Final = (Guid, RecordId, SourceId)
_IS_JSON: Final = "json({})"
_BY_TYPE: Final[Mapping[object, Converter]] = {
    str: _TEXT,
    int: Converter(sa.BigInteger),
    bool: Converter(sa.SmallInteger, "(1 if {} else 0)", "({} == 1)", in_json="json(iif({} = 1, 'true', 'false'))"),
    Decimal: Converter(sa.Text, "str({})", "Decimal({})", {"Decimal": Decimal}),
    date: Converter(sa.Text, "{}.isoformat()", "day({})", {"day": date.fromisoformat}),
    datetime: Converter(sa.Text, "instant_text({})", "instant({})", {"instant_text": instant_text, "instant": instant}),
    Figures: Converter(sa.Text, "json_text({})", "figures({})", {"json_text": json_text, "figures": _figures}, _IS_JSON),
}
_DIMENSIONS: Final = Converter(sa.Text, "mapping_text({})", "mapping({})", {"mapping_text": _mapping_text, "mapping": _mapping}, _IS_JSON)
_STRINGS: Final = Converter(sa.Text, "json_text({})", "strings({})", {"json_text": json_text, "strings": _strings}, _IS_JSON)


def _word(words: type[StrEnum]) -> Converter:
    """Converter of a closed list of words; an unknown word in the database is a KeyError, never a guess."""
    by_word = {word._value_: word for word in words}
    name = f"word_{words.__name__}"
    return Converter(sa.Text, "{}._value_", name + "[{}]", {name: by_word})


def _converter(hint: object) -> Converter:
    while (base := getattr(hint, "__supertype__", None)) is not None:
        hint = base
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _word(hint)
    if get_origin(hint) is tuple:
        return _STRINGS
    if isinstance(get_origin(hint), type) and issubclass(cast(type, get_origin(hint)), Mapping):
        return _DIMENSIONS
    return _BY_TYPE[hint]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its name, its converter, whether it may be empty, and whether many records say the same text in it."""

    name: str
    converter: Converter
    optional: bool
    repeated: bool


def _field(name: str, hint: object) -> Field:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [option for option in options if option is not NoneType]
    converter = _converter(kinds[0])
    return Field(name, converter, NoneType in options, converter is _TEXT and kinds[0] not in _OWN_TEXTS)


@dataclass(frozen=True, slots=True)
class Codec(Generic[R]):
    """Columns of a record class, and the functions made for it: records to rows of cells, and rows to records.

    The functions are generated: 45 fields by hand-written loops cost several times the insert itself. Only field names of our own
    dataclasses and the expressions above go into their text.
    """

    cls: type[R]
    fields: tuple[Field, ...]
    encode: Callable[[Iterable[R]], list[Cells]]
    decode: Callable[[Iterable[Row]], Iterator[R]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the fields."""
        return tuple(entry.name for entry in self.fields)

    def columns(self, *, key: str | None = None) -> list[sa.Column[Any]]:
        """Fresh columns for a table; `key` names the primary key."""
        return [
            sa.Column(entry.name, entry.converter.type(), primary_key=entry.name == key, nullable=entry.optional) for entry in self.fields
        ]

    def forms(self) -> dict[str, tuple[str, dict[str, object]]]:
        """For each field the expression that makes a cell of a value, `{}` in its place, and the objects that the expression mentions."""
        return {entry.name: (entry.converter.encode, entry.converter.mentioned()) for entry in self.fields}

    def json_object(self, table: sa.Table) -> str:
        """What SQLite makes a row's JSON with; msgspec makes the record of that."""
        values = ((entry.name, entry.converter.in_json.format(f'{table.name}."{entry.name}"')) for entry in self.fields)
        members = ", ".join(f"'{name}', {value}" for name, value in values)
        return f"json_object({members})"

    def partial(self, names: Sequence[str]) -> Callable[[Sequence[Cell]], R]:
        """What makes records of these columns alone; every other field has its default, or is blank where it has none."""
        by_name = {entry.name: entry for entry in self.fields}
        given = [
            f"{name}={_expression(by_name[name].converter.decode, n, optional=by_name[name].optional)}" for n, name in enumerate(names)
        ]
        required = [entry.name for entry in fields(cast(Any, self.cls)) if entry.default is MISSING and entry.default_factory is MISSING]
        blank = [f"{name}=''" for name in required if name not in names]
        unpacked = "".join(f"v{n}, " for n in range(len(names)))
        scope: dict[str, object] = {"cls": self.cls}
        for name in names:
            scope.update(by_name[name].converter.names)
        # S102: as above, the text is made of our own field names and of the expressions of this module.
        exec(f"def make(cells):\n    {unpacked}= cells\n    return cls({', '.join((*given, *blank))})", scope)  # noqa: S102
        return cast(Callable[[Sequence[Cell]], R], scope["make"])

    def cell(self, name: str, value: object) -> Cell:
        """A value of one field as its column holds it, to compare with. Raises TypeError for fields that equality cannot search."""
        if name not in self.names:
            raise TypeError(f"{self.cls.__name__} has no field {name!r}")
        if isinstance(value, Decimal | Mapping | tuple | Figures):
            raise TypeError(f"{self.cls.__name__}.{name} cannot be searched by equality: its stored text is not unique")
        return _plain_cell(value)


def _plain_cell(value: object) -> Cell:
    match value:
        case None:
            return None
        case StrEnum():
            return str(value.value)
        case bool():
            return int(value)
        case str() | int():
            return value
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} is no value of a column")


_CODECS: Final[dict[type[Any], Codec[Any]]] = {}


def codec(cls: type[R]) -> Codec[R]:
    """The codec of a record class, made once."""
    made = _CODECS.get(cls)
    if made is None:
        made = _CODECS[cls] = _made(cls)
    return made


def _made(cls: type[R]) -> Codec[R]:
    hints = get_type_hints(cls)
    kept = [_field(entry.name, hints[entry.name]) for entry in fields(cast(Any, cls))]
    twin = open_twin_of(cls)
    names: dict[str, object] = {"cls": cls, "new": object.__new__, "twin": twin}
    for entry in kept:
        names.update(entry.converter.names)
    # S102: the text is made of field names of our own classes and of the expressions of this module, nothing else.
    exec(_source(kept, is_open=twin is not None), names)  # noqa: S102
    return Codec(
        cls,
        tuple(kept),
        cast(Callable[[Iterable[R]], list[Cells]], names["encode"]),
        cast(Callable[[Iterable[Row]], Iterator[R]], names["decode"]),
    )


def _source(kept: Sequence[Field], *, is_open: bool) -> str:
    loads = [f"        v{n} = record.{entry.name}" for n, entry in enumerate(kept)]
    cells = [_expression(entry.converter.encode, n, optional=entry.optional) for n, entry in enumerate(kept)]
    values = [(entry.name, _value(entry, n)) for n, entry in enumerate(kept)]
    called = [f"        yield cls({', '.join(f'{name}={value}' for name, value in values)})"]
    filled = [
        "        record = new(twin)",
        *(f"        record.{name} = {value}" for name, value in values),
        "        record.__class__ = cls",
        "        yield record",
    ]
    unpacked = "".join(f"v{n}, " for n in range(len(kept)))
    return "\n".join(
        [
            "def encode(records):",
            "    rows = []",
            "    add = rows.append",
            "    for record in records:",
            *loads,
            f"        add(({', '.join(cells)},))",
            "    return rows",
            "def decode(rows):",
            "    share = {}.setdefault",
            f"    for {unpacked}in rows:",
            *(filled if is_open else called),
        ]
    )


def _value(entry: Field, n: int) -> str:
    # A text that many rows say is kept once for all of them: it is a hundred bytes each time.
    return f"share(v{n}, v{n})" if entry.repeated else _expression(entry.converter.decode, n, optional=entry.optional)


def _expression(template: str, n: int, *, optional: bool) -> str:
    value = f"v{n}"
    converted = template.replace("{}", value)
    return converted if converted == value or not optional else f"None if {value} is None else {converted}"
