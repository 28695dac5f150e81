"""Rows as they appear in an answer: chosen columns, etag, annotations, related rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from proforma.mock.dataverse.cells import has_column
from proforma.mock.dataverse.errors import no_property
from proforma.mock.dataverse.expand import Surroundings, expander
from proforma.mock.dataverse.formatted import formatted_value
from proforma.mock.dataverse.query import Expand, Preferences
from proforma.mock.schema import LOOKUPS, PRINCIPALS, Column
from proforma.mock.values import Row, Value, encode
from proforma.mock.world import Table, World

FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"
LOOKUP_NAME: Final = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION: Final = "Microsoft.Dynamics.CRM.associatednavigationproperty"
_CURRENCY: Final = "_transactioncurrencyid_value"
#: Types whose numbers may be asked for as texts, since not every reader keeps all their digits (W-110).
_NUMBERS_AS_TEXT: Final = frozenset({"money", "decimal", "bigint"})
_CENTS: Final = Decimal("0.0001")
#: Parts of an address, whose whole is shown beside them (W-63).
_ADDRESS: Final = re.compile(r"(address\d|billto|shipto)_(?:line\d|city|stateorprovince|postalcode|country)")


def etag_of(row: Row) -> str:
    """The weak tag of a row: its version (W-140)."""
    return f'W/"{row.get("versionnumber")}"'


def chosen_columns(table: Table, select: Sequence[str] | None) -> tuple[str, ...]:
    """Names that an answer shows: all, or the asked ones and the key (W-62) with what belongs to them (W-63).

    Raises for an unknown one (W-61).
    """
    schema = table.schema
    inherited = ("ownerid",) if schema.logical in PRINCIPALS else ()  # W-83
    if select is None:
        return tuple(dict.fromkeys([*schema.wire, schema.primary_id, *inherited, *sorted(table.names)]))
    for name in select:
        if not has_column(table, name):
            raise no_property(name, schema.logical)
    return tuple(dict.fromkeys([*select, *_unasked(table, select), schema.primary_id, *inherited]))


def _unasked(table: Table, select: Sequence[str]) -> list[str]:
    wire = table.schema.wire
    names = [_CURRENCY] if _CURRENCY in wire and any(name in wire and wire[name].type == "money" for name in select) else []
    addresses = (found[1] for name in select if (found := _ADDRESS.fullmatch(name)))
    return [*names, *(name for address in addresses if (name := f"{address}_composite") in wire)]


class Renderer:
    """Shows rows of one table for one request. `api`: what addresses begin with; `page_size`: of nested pages (W-85)."""

    def __init__(
        self,
        world: World,
        table: Table,
        *,
        select: Sequence[str] | None = None,
        expands: Sequence[Expand] = (),
        preferences: Preferences | None = None,
        api: str = "",
        nested: bool | None = None,
    ) -> None:
        self._world, self._table, self._preferences, self._api = world, table, preferences, api
        self._nested = any(expand.expands for expand in expands) if nested is None else nested
        self.names = chosen_columns(table, select)
        wire = table.schema.wire
        self._money = [name for name in self.names if name in wire and wire[name].type == "money"]
        exact = wire if preferences is not None and preferences.number_texts else {}
        self._texts = [name for name in self.names if name in exact and exact[name].type in _NUMBERS_AS_TEXT]
        self._inherited = "ownerid" in self.names and table.schema.logical in PRINCIPALS
        self._expanders = [expander(self._surroundings(), table, expand) for expand in expands]
        self._annotated = preferences is not None and any(map(preferences.wants, (FORMATTED, LOOKUP_NAME, NAVIGATION)))

    def row(self, row: Row, *, etag: bool = True) -> dict[str, Value]:
        """The row as JSON shows it; columns that were never set are null (W-121)."""
        shown: dict[str, Value] = {"@odata.etag": etag_of(row)} if etag else {}
        get = row.get
        if self._annotated:
            self._annotate(row, shown)
        else:
            shown.update((name, get(name)) for name in self.names)
        for name in self._money:
            shown[name] = _with_cents(shown[name])
        for name in self._texts:
            shown[name] = _number_text(shown[name])
        if self._inherited:
            shown["ownerid"] = row[self._table.schema.primary_id]
        for expand in self._expanders:
            expand(row, shown)
        return shown

    def _surroundings(self) -> Surroundings:
        size = self._preferences.page_size if self._preferences and self._nested else None
        return Surroundings(world=self._world, api=self._api, page_size=size, nested=self._nested, render=self._related)

    def _related(self, table: Table, expand: Expand) -> Callable[[Row], dict[str, Value]]:
        renderer = Renderer(
            self._world,
            table,
            select=expand.select,
            expands=expand.expands,
            preferences=self._preferences,
            api=self._api,
            nested=self._nested,
        )
        many = expand.nav not in self._table.schema.navs  # rows of collections have tags, single ones may do without
        return lambda row: renderer.row(row, etag=many)

    def _annotate(self, row: Row, shown: dict[str, Value]) -> None:
        wants = self._preferences.wants if self._preferences else (lambda _name: False)
        formatted, lookup_name, navigation = wants(FORMATTED), wants(LOOKUP_NAME), wants(NAVIGATION)
        for name in self.names:
            value = row.get(name)
            column = self._table.schema.wire.get(name)
            if column is not None and value is not None:
                target = self._target(column, str(value)) if column.type in LOOKUPS else None
                text = self._formatted(row, column, value, target) if formatted else None
                if text is not None:
                    shown[f"{name}@{FORMATTED}"] = text
                if target is not None and navigation:
                    shown[f"{name}@{NAVIGATION}"] = target[0]
                if target is not None and lookup_name:
                    shown[f"{name}@{LOOKUP_NAME}"] = target[1]
            shown[name] = value

    def _formatted(self, row: Row, column: Column, value: Value, target: tuple[str, str, Row | None] | None) -> str | None:
        if column.type not in LOOKUPS:
            return formatted_value(self._world, row, column, value)
        table = self._world.table_of(target[1]) if target else None
        name = table.schema.primary_name if table else None
        text = target[2].get(name) if name and target and target[2] else None
        return text if isinstance(text, str) else None

    def _target(self, column: Column, row_id: str) -> tuple[str, str, Row | None] | None:
        """Navigation property, table and row that a lookup cell points at; the first target when no row is there."""
        first: tuple[str, str, Row | None] | None = None
        for nav, logicals in column.navs.items():
            for logical in logicals:
                table = self._world.table_of(logical)
                row = table.rows.get(row_id) if table else None
                if row is not None:
                    return nav, logical, row
                first = first or (nav, logical, None)
        return first


def _number_text(value: Value) -> Value:
    """A number as a text with its digits."""
    return encode(value).decode() if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _with_cents(value: Value) -> Value:
    """Money with four decimals at least (W-109)."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not isinstance(exponent := value.as_tuple().exponent, int) or exponent <= -4:
        return value
    return value.quantize(_CENTS) if value.adjusted() < 20 else value
