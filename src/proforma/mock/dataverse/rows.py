"""Rows as they appear in an answer: chosen columns, etag, annotations, expanded lookups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from proforma.mock.dataverse.errors import no_property, not_served, syntax_error
from proforma.mock.dataverse.query import Expand, Preferences
from proforma.mock.schema import LOOKUPS, Column, TableSchema
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"
LOOKUP_NAME: Final = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION: Final = "Microsoft.Dynamics.CRM.associatednavigationproperty"


def etag_of(row: Row) -> str:
    """The weak tag of a row: its version (W-140)."""
    return f'W/"{row.get("versionnumber")}"'


def has_column(table: Table, name: str) -> bool:
    """Whether a row of the table may show this name."""
    return name in table.schema.wire or name in table.names or name == table.schema.primary_id


def chosen_columns(table: Table, select: Sequence[str] | None) -> tuple[str, ...]:
    """Names that an answer shows: all, or the asked ones and the key (W-62). Raises for an unknown one (W-61)."""
    schema = table.schema
    if select is None:
        return tuple(dict.fromkeys([*schema.wire, schema.primary_id, *sorted(table.names)]))
    for name in select:
        if not has_column(table, name):
            raise no_property(name, schema.logical)
    return tuple(dict.fromkeys([*select, schema.primary_id]))


class Renderer:
    """Shows rows of one table for one request."""

    def __init__(
        self,
        world: World,
        table: Table,
        *,
        select: Sequence[str] | None = None,
        expands: Sequence[Expand] = (),
        preferences: Preferences | None = None,
    ) -> None:
        self._world, self._table, self._preferences = world, table, preferences
        self.names = chosen_columns(table, select)
        self._expands = [(expand.nav, self._expander(expand)) for expand in expands]
        self._annotated = preferences is not None and any(map(preferences.wants, (FORMATTED, LOOKUP_NAME, NAVIGATION)))

    def row(self, row: Row, *, etag: bool = True) -> dict[str, Value]:
        """The row as JSON shows it; columns that were never set are null (W-121)."""
        shown: dict[str, Value] = {"@odata.etag": etag_of(row)} if etag else {}
        get = row.get
        if self._annotated:
            self._annotate(row, shown)
        else:
            shown.update((name, get(name)) for name in self.names)
        for nav, expand in self._expands:
            shown[nav] = expand(row)
        return shown

    def _annotate(self, row: Row, shown: dict[str, Value]) -> None:
        wants = self._preferences.wants if self._preferences else (lambda _name: False)
        formatted, lookup_name, navigation = wants(FORMATTED), wants(LOOKUP_NAME), wants(NAVIGATION)
        for name in self.names:
            value = row.get(name)
            column = self._table.schema.wire.get(name)
            if column is not None and value is not None:
                target = self._target(column, str(value)) if column.type in LOOKUPS else None
                text = self._formatted(column, value, target) if formatted else None
                if text is not None:
                    shown[f"{name}@{FORMATTED}"] = text
                if target is not None and navigation:
                    shown[f"{name}@{NAVIGATION}"] = target[0]
                if target is not None and lookup_name:
                    shown[f"{name}@{LOOKUP_NAME}"] = target[1]
            shown[name] = value

    def _formatted(self, column: Column, value: Value, target: tuple[str, str, Row | None] | None) -> str | None:
        if column.type == "boolean":
            return "Yes" if value else "No"
        if column.options and isinstance(value, int):
            return column.options.get(value)
        if target is None or target[2] is None:
            return None
        table = self._world.table_of(target[1])
        name = table.schema.primary_name if table else None
        text = target[2].get(name) if name else None
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

    def _expander(self, expand: Expand) -> Callable[[Row], Value]:
        schema = self._table.schema
        column = schema.navs.get(expand.nav)
        if column is None:
            raise _no_navigation(expand.nav, schema)
        tables = [table for logical in column.navs[expand.nav] if (table := self._world.table_of(logical))]
        if not tables:
            raise not_served(f"$expand of '{expand.nav}': its table is not known")
        shown = [
            (table, Renderer(self._world, table, select=expand.select, expands=expand.expands, preferences=self._preferences))
            for table in tables
        ]

        def related(row: Row) -> Value:
            row_id = str(row.get(column.wire))
            for table, renderer in shown:
                if row_id in table.rows:
                    return renderer.row(table.rows[row_id], etag=False)
            return None

        return related


def _no_navigation(nav: str, schema: TableSchema) -> Exception:
    if nav in schema.columns or nav in schema.wire:
        return syntax_error(
            f"The property '{nav}' on type 'Microsoft.Dynamics.CRM.{schema.logical}' is not a navigation property or complex property. "
            "Only navigation properties can be expanded."
        )
    return no_property(nav, schema.logical)
