"""A rate card as a YAML file that people read, compare and edit: ids with the names beside them, rows in a fixed order, exact decimals.

Reading is safe (`proforma.mapping.yaml_source`) and tells every fault with its place.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

from proforma.domain.codes import ItemPricingMethod, PriceCalculation, Side
from proforma.domain.ids import Guid, canonical_guid
from proforma.domain.money import plain
from proforma.domain.prices import CategoryPrice, DimensionValue, PriceList, PriceListItem, PriceOverride, RolePrice, RolePriceMarkup
from proforma.mapping.faults import Fault, MappingError, did_you_mean
from proforma.mapping.yaml_source import Entries, Items, Node, Scalar, parse_yaml
from proforma.pricing.rate_cards import RateCard

#: The form of the file. A number that we do not know is refused rather than half understood.
VERSION: Final = 1
#: Larger than any card that people maintain, small enough to be read at once.
BYTES_MAX: Final = 16 << 20

_DECIMAL: Final = re.compile(r"[-+]?[0-9]{1,15}(\.[0-9]{1,10})?")
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
Kind = Literal["text", "reference", "date", "instant", "decimal", "flag", "dimensions"]


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of the file: the field of the record that it fills, and how its value is written; a closed list of words is its own kind."""

    name: str
    field: str
    kind: Kind | type[StrEnum]


def _reference(name: str) -> _Key:
    return _Key(name, f"{name}_id", "reference")


_ID: Final = _Key("id", "id", "reference")
_PRICE: Final = _Key("price", "price", "decimal")
_PERCENT: Final = _Key("percent", "percent", "decimal")
_CREATED: Final = _Key("created_at", "created_at", "instant")
_CALCULATION: Final = _Key("calculation", "calculation", PriceCalculation)
_DIMENSIONS: Final = _Key("dimensions", "dimensions", "dimensions")
_HEADER: Final = (
    _ID, _Key("name", "name", "text"), _Key("context", "context", Side), _Key("first_day", "first_day", "date"),
    _Key("last_day", "last_day", "date"), _Key("first_day_independent", "first_day_independent", "date"),
    _Key("last_day_independent", "last_day_independent", "date"), _reference("currency"), _reference("time_unit"),
    _reference("copied_from"), _CREATED, _Key("active", "active", "flag"),
)  # fmt: skip
_OVERRIDE: Final = (
    _ID, _Key("effective_from", "effective_from", "date"), _PRICE, _PERCENT, _reference("unit"), _reference("contract"),
    _reference("quote"), _reference("customer"), _reference("vendor"), _reference("subcontract"), _reference("vendor_invoice"),
    _reference("organizational_unit"),
)  # fmt: skip
_ROLE: Final = (_ID, _DIMENSIONS, _reference("unit"), _PRICE, _PERCENT, _CALCULATION, _reference("currency"), _CREATED)
_MARKUP: Final = (_ID, _DIMENSIONS, _PERCENT, _CREATED)
_CATEGORY: Final = (_ID, _reference("category"), _reference("unit"), _PRICE, _PERCENT, _CALCULATION, _reference("currency"), _CREATED)
_ITEM: Final = (
    _ID, _reference("product"), _reference("unit"), _Key("amount", "amount", "decimal"), _PERCENT,
    _Key("method", "method", ItemPricingMethod), _Key("project_method", "project_method", PriceCalculation),
    _reference("currency"), _CREATED,
)  # fmt: skip
_SECTIONS: Final = ("role_prices", "markups", "category_prices", "items")


# ---- writing


def card_text(card: RateCard) -> str:
    """The card as YAML; the same card gives the same text."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: RateCard) -> Iterator[str]:
    yield f"rate_card: {VERSION}"
    yield "price_list:"
    yield from (f"  {line}" for line in _fields(card.price_list, _HEADER, card.names))
    for section, keys in zip(_SECTIONS, (_ROLE, _MARKUP, _CATEGORY, _ITEM), strict=True):
        rows = getattr(card, section)
        if rows:
            yield f"{section}:"
        for row in sorted(rows, key=lambda row: _order(row, card.names)):
            yield from _item([*_fields(row, keys, card.names), *_override_lines(card, row.id)])


def _override_lines(card: RateCard, parent: Guid) -> Iterator[str]:
    rows = [row for row in card.overrides if parent in (row.role_price_id, row.markup_id)]
    if rows:
        yield "overrides:"
    for row in sorted(rows, key=lambda row: (row.effective_from or date.min, row.id)):
        yield from _item(list(_fields(row, _OVERRIDE, card.names)))


def _item(lines: list[str]) -> Iterator[str]:
    """The lines of one row of a list."""
    for place, line in enumerate(lines):
        yield f"  {'- ' if place == 0 else '  '}{line}"


def _order(row: Any, names: Mapping[Guid, str]) -> tuple[str, ...]:
    """By what people call the row's things, so that a card reads like a table; the id settles what looks alike."""
    if isinstance(row, RolePrice | RolePriceMarkup):
        words = [names.get(Guid(str(value)), str(value)) for _, value in sorted(row.dimensions.items())]
    else:
        subject = Guid((row.category_id if isinstance(row, CategoryPrice) else row.product_id) or "")
        words = [names.get(subject, subject)]
    unit = Guid(getattr(row, "unit_id", None) or "")
    return (*words, names.get(unit, unit), row.id)


def _fields(row: object, keys: tuple[_Key, ...], names: Mapping[Guid, str]) -> Iterator[str]:
    for key in keys:
        value = getattr(row, key.field)
        if value is None or (key.kind == "flag" and value is True):
            continue
        if key.kind == "dimensions":
            yield from _dimension_lines(value, names)
        elif key is _ID:
            yield f"id: {value}"
        else:
            yield f"{key.name}: {_written(value, key, names)}"


def _dimension_lines(dimensions: Mapping[str, DimensionValue], names: Mapping[Guid, str]) -> Iterator[str]:
    if dimensions:
        yield "dimensions:"
    for name, value in sorted(dimensions.items()):
        shown = str(value) if isinstance(value, int) else _pointed(Guid(value), names)
        yield f"  {name if _PLAIN_NAME.fullmatch(name) else _quoted(name)}: {shown}"


def _written(value: Any, key: _Key, names: Mapping[Guid, str]) -> str:
    match key.kind:
        case "decimal":
            return plain(value)
        case "date" | "instant":
            return str(value.isoformat())
        case "flag":
            return "true" if value else "false"
        case "reference":
            return _pointed(value, names)
        case "text":
            return _quoted(value)
        case _:
            return str(value)


def _pointed(id_: Guid, names: Mapping[Guid, str]) -> str:
    """An id with the name of the thing beside it."""
    name = names.get(id_)
    return f"{{id: {_quoted(id_)}, name: {_quoted(name)}}}" if name else _quoted(id_)


def _quoted(text: str) -> str:
    """Text in double quotes; whatever cannot be printed is escaped, so that every name survives."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable() and char != "\ufeff":
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


# ---- reading


def read_card(path: Path) -> RateCard:
    """The card in a file. Raises MappingError with every fault and its place; nothing is half read."""
    faults: list[Fault] = []
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES_MAX + 1)
    except OSError as error:
        raise MappingError([Fault(path, 1, 1, f"cannot be read: {error.strerror}")]) from error
    if len(data) > BYTES_MAX:
        raise MappingError([Fault(path, 1, 1, f"is larger than {BYTES_MAX >> 20} MiB", "a rate card is one price list")])
    node = parse_yaml(data, path, faults, bytes_max=BYTES_MAX)
    reader = _Reader(path, faults)
    card = reader.card(node) if node is not None and not faults else None
    if faults or card is None:
        raise MappingError(faults)
    return card


class _Reader:
    """Turns nodes into records and collects faults; a record is only made of what was understood."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        self._path = path
        self._faults = faults
        self._names: dict[Guid, str] = {}
        self._ids: dict[Guid, int] = {}

    def card(self, node: Node) -> RateCard | None:
        root = self._entries(node, ("rate_card", "price_list", *_SECTIONS), "a rate card")
        version = root.get("rate_card")
        if not isinstance(version, Scalar) or version.value != VERSION:
            self._fault(version or root, f"is no rate card of form {VERSION}", f"begin the file with `rate_card: {VERSION}`")
            return None
        header = root.get("price_list")
        if header is None:
            self._fault(root, "has no price_list", "the head of the card: name, context, days, currency")
            return None
        values = self._row(header, _HEADER, "price list", "price_list")
        values.setdefault("active", True)
        price_list = PriceList(**values)
        overrides: list[PriceOverride] = []
        role_prices = tuple(self._rows(root, "role_prices", _ROLE, RolePrice, price_list, overrides))
        markups = tuple(self._rows(root, "markups", _MARKUP, RolePriceMarkup, price_list, overrides))
        categories = tuple(self._rows(root, "category_prices", _CATEGORY, CategoryPrice, price_list, overrides))
        items = tuple(self._rows(root, "items", _ITEM, PriceListItem, price_list, overrides))
        return RateCard(
            price_list=price_list,
            role_prices=tuple(sorted(role_prices, key=lambda row: row.id)),
            markups=tuple(sorted(markups, key=lambda row: row.id)),
            overrides=tuple(sorted(overrides, key=lambda row: row.id)),
            category_prices=tuple(sorted(categories, key=lambda row: row.id)),
            items=tuple(sorted(items, key=lambda row: row.id)),
            names=self._names,
        )

    def _rows(
        self, root: Entries, section: str, keys: tuple[_Key, ...], made: type[Any], price_list: PriceList, overrides: list[PriceOverride]
    ) -> Iterator[Any]:
        for place, node in enumerate(self._items(root.get(section), section)):
            more = ("overrides",) if _DIMENSIONS in keys else ()
            values = self._row(node, keys, section, f"{price_list.id}/{section}/{place}", more=more)
            row = made(price_list_id=price_list.id, **values)
            yield row
            given = node.get("overrides") if isinstance(node, Entries) else None
            parent = "role_price_id" if made is RolePrice else "markup_id"
            for number, override in enumerate(self._items(given, "overrides")):
                found = self._row(override, _OVERRIDE, "overrides", f"{row.id}/{number}")
                overrides.append(PriceOverride(**{parent: row.id}, **found))

    def _row(self, node: Node, keys: tuple[_Key, ...], what: str, seed: str, *, more: tuple[str, ...] = ()) -> dict[str, Any]:
        """The fields of one row; one without an id gets one that follows from its place."""
        entries = self._entries(node, (*_names(keys), *more), what)
        values: dict[str, Any] = {}
        for key in keys:
            given = entries.get(key.name)
            if given is not None and not (isinstance(given, Scalar) and given.value is None):
                values[key.field] = self._value(given, key)
        if values.get("dimensions", ()) is None:
            del values["dimensions"]
        id_ = values["id"] = values.get("id") or Guid(str(uuid.uuid5(uuid.NAMESPACE_OID, seed)))
        if id_ in self._ids:
            self._fault(node, f"id {id_} stands here a second time", f"first in line {self._ids[id_]}")
        self._ids.setdefault(id_, node.line)
        return values

    def _value(self, node: Node, key: _Key) -> object:
        if key.kind == "reference":
            return self._pointed(node)
        if key.kind == "dimensions":
            return self._dimensions(node)
        if not isinstance(node, Scalar):
            self._fault(node, f"{key.name} must be a single value")
            return None
        return self._scalar(node, key)

    def _scalar(self, node: Scalar, key: _Key) -> object:
        kind, text = key.kind, node.text
        try:
            match kind:
                case "text":
                    return text
                case "decimal" if _DECIMAL.fullmatch(text):
                    return Decimal(text)
                case "date":
                    return date.fromisoformat(text)
                case "instant" if (instant := datetime.fromisoformat(text)).tzinfo is not None:
                    return instant
                case "flag" if isinstance(node.value, bool):
                    return node.value
                case type():
                    return kind(text)
        except ValueError:
            pass
        hint = did_you_mean(text, [str(word) for word in kind]) if isinstance(kind, type) else _HINTS.get(str(kind))
        self._fault(node, f"{key.name}: {_short(text)} is no {_KINDS.get(str(kind), 'word for this')}", hint)
        return None

    def _pointed(self, node: Node) -> Guid | None:
        """An id, alone or with a name beside it."""
        entries = self._entries(node, ("id", "name"), "a reference") if isinstance(node, Entries) else None
        given = entries.get("id") if entries is not None else node
        if not isinstance(given, Scalar):
            self._fault(node, "an id is missing here", 'write "GUID", or {id: "GUID", name: "…"}')
            return None
        try:
            id_ = canonical_guid(given.text)
        except ValueError:
            self._fault(given, f"{_short(given.text)} is no GUID", "write it as 0f8fad5b-d9cb-469f-a165-70867728950e")
            return None
        name = entries.get("name") if entries is not None else None
        if isinstance(name, Scalar) and name.text:
            self._names[id_] = name.text
        return id_

    def _dimensions(self, node: Node) -> dict[str, DimensionValue] | None:
        if not isinstance(node, Entries):
            self._fault(node, "dimensions must name their values", "for example role: {id: …}")
            return None
        found: dict[str, DimensionValue] = {}
        for name, value in node.pairs:
            if isinstance(value, Scalar) and _INTEGER.fullmatch(value.text) and not isinstance(value.value, str):
                found[name.text] = int(value.text)
            elif (id_ := self._pointed(value)) is not None:
                found[name.text] = id_
        return found

    def _entries(self, node: Node, known: tuple[str, ...], what: str) -> Entries:
        if not isinstance(node, Entries):
            self._fault(node, f"{what} must be keys with values")
            return Entries((), node.line, node.column)
        for name, _ in node.pairs:
            if name.text not in known:
                self._fault(name, f"unknown key {_short(name.text)} in {what}", did_you_mean(name.text, known))
        return node

    def _items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return ()
        if not isinstance(node, Items):
            self._fault(node, f"{what} must be a list")
            return ()
        return node.nodes

    def _fault(self, node: Node, message: str, hint: str | None = None) -> None:
        self._faults.append(Fault(self._path, node.line, node.column, message, hint))


_KINDS: Final = {"decimal": "figure", "date": "date", "instant": "instant", "flag": "true or false"}
_HINTS: Final = {
    "decimal": "at most 15 digits before the point and 10 behind it, for example 120.00",
    "date": "write YYYY-MM-DD",
    "instant": "write 2026-01-31T09:00:00+00:00",
}


def _names(keys: tuple[_Key, ...]) -> tuple[str, ...]:
    return tuple(key.name for key in keys)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
