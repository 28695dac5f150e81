"""What this world serves: its tables, their columns with types, keys, and choices that several tables share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from proforma.mock.schema import DATES, LOOKUPS, Column, TableSchema, known_tables
from proforma.mock.values import as_guid, as_instant
from proforma.mock.world import Table, World

_CHOICES: Final = frozenset({"picklist", "multiselect"})
_KINDS: Final[Mapping[type, str]] = {bool: "boolean", int: "int", str: "string"}
_LOOKUP: Final = re.compile(r"_(\w+)_value")


def served_tables(world: World) -> list[TableSchema]:
    """Every table that has an answer here: documented ones and those of the world."""
    own = [table.schema for name, table in world.tables.items() if name not in known_tables()]
    return [*known_tables().values(), *own]


def columns_of(world: World, schema: TableSchema) -> list[Column]:
    """Columns of the schema, and those that only rows of the world have, typed by what stands in them."""
    table = world.tables.get(schema.entity_set)
    names = (table.names if table else set()) | {schema.primary_id}
    extra = sorted(names - set(schema.wire) - set(schema.columns))
    return [*schema.columns.values(), *(guessed_column(world, table, name) for name in extra if table)]


def guessed_column(world: World, table: Table, name: str) -> Column:
    """A column that no schema knows, of the type that its first filled cell has; a lookup's target is where its row lies."""
    if name == table.schema.primary_id:
        return Column(name=name, type="guid")
    value = next((value for row in table.rows.values() if (value := row.get(name)) is not None), None)
    lookup = _LOOKUP.fullmatch(name)
    if lookup:
        targets = [other.schema.logical for other in world.tables.values() if str(value) in other.rows]
        return Column(name=lookup[1], type="lookup", navs={lookup[1]: tuple(targets[:1])} if targets else {})
    if isinstance(value, str) and as_guid(value):
        return Column(name=name, type="guid")
    if isinstance(value, str) and len(value) > len("2026-01-01T") and as_instant(value.upper()):
        return Column(name=name, type="datetime")
    return Column(name=name, type=_KINDS.get(type(value), "decimal") if value is not None else "string")


def alternate_keys(world: World, schema: TableSchema) -> list[tuple[str, ...]]:
    """The declared keys of a table by the logical names of their columns (W-52)."""
    table = world.tables.get(schema.entity_set)
    columns = schema.wire
    return [tuple(columns[name].name if name in columns else name for name in key) for key in (table.keys if table else [])]


@cache
def shared_choices() -> Mapping[str, Column]:
    """Global choices by name: columns of publishers that have the same name and options in several tables."""
    lists: dict[tuple[str, tuple[int, ...]], list[Column]] = {}
    for schema in known_tables().values():
        for column in schema.columns.values():
            if column.type in _CHOICES and column.options and "_" in column.name:
                lists.setdefault((column.name, tuple(sorted(column.options))), []).append(column)
    by_use = sorted(lists.items(), key=lambda item: len(item[1]))  # of two lists of one name the more frequent is the global one
    shared = {name: columns[0] for (name, _), columns in by_use if len(columns) > 1}
    return dict(sorted(shared.items()))


def is_shared(column: Column) -> bool:
    """Whether the column's options are a global choice."""
    shared = shared_choices().get(column.name)
    return shared is not None and column.type in _CHOICES and set(shared.options) == set(column.options)


def edm_type(column: Column) -> str:
    """The type of the column's values on the wire (W-39)."""
    if column.type in LOOKUPS or column.type == "guid":
        return "Edm.Guid"
    if column.type in DATES:
        return "Edm.Date" if column.type == "dateonly" else "Edm.DateTimeOffset"
    return _EDM.get(column.type, "Edm.String")


_EDM: Final = {
    "int": "Edm.Int32",
    "picklist": "Edm.Int32",
    "state": "Edm.Int32",
    "status": "Edm.Int32",
    "bigint": "Edm.Int64",
    "decimal": "Edm.Decimal",
    "money": "Edm.Decimal",
    "double": "Edm.Double",
    "boolean": "Edm.Boolean",
    "image": "Edm.Binary",
}
