"""What the mock knows about Dataverse's tables: columns with their types, lookups, option labels.

`schema.json` holds documented tables, `details.json` their casing, limits and relationship names; `assumed.json` adds the names
that no public source confirms (pricing P, section 1.4; invoicing, section 2), so that worlds may use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from proforma.mock.values import Value, decode, mapping_of

NUMBERS: Final = frozenset({"int", "bigint", "decimal", "double", "money", "picklist", "state", "status"})
INTEGERS: Final = frozenset({"int", "bigint", "picklist", "state", "status"})
LOOKUPS: Final = frozenset({"lookup", "customer", "owner"})
DATES: Final = frozenset({"datetime", "dateonly"})
TEXTS: Final = frozenset({"string", "memo", "multiselect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What only table definitions and checks need. `relationship`: the collection on a lookup's target; `states`: status → state."""

    schema_name: str | None = None
    length: int | None = None
    precision: int | None = None
    source: int | None = None
    required: str = "none"
    read_only: bool = False
    relationship: str | None = None
    states: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column by its logical name. `navs`: single-valued navigation property → logical names of its targets."""

    name: str
    type: str
    navs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[int, str] = field(default_factory=dict)
    first_status: Mapping[int, int] = field(default_factory=dict)
    details: Details = field(default_factory=Details)

    @property
    def wire(self) -> str:
        """Name in a row: `_x_value` for a lookup (W-40)."""
        return f"_{self.name}_value" if self.type in LOOKUPS else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """A table. `wire` has the columns by their names in rows, `navs` the lookups by navigation property."""

    entity_set: str
    logical: str
    primary_id: str
    primary_name: str | None
    columns: Mapping[str, Column]
    known: bool = True
    schema_name: str | None = None
    wire: Mapping[str, Column] = field(init=False)
    navs: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wire", {column.wire: column for column in self.columns.values()})
        navs = {nav: column for column in self.columns.values() for nav in column.navs}
        object.__setattr__(self, "navs", navs)


@cache
def known_tables() -> Mapping[str, TableSchema]:
    """Every table of the two data files, by entity set."""
    tables = dict(_read("schema.json"))
    for entity_set, extra in _read("assumed.json").items():
        known = mapping_of(tables.get(entity_set))
        columns = {**(mapping_of(known.get("columns")) or _platform_columns()), **mapping_of(mapping_of(extra)["columns"])}
        tables[entity_set] = {**known, **mapping_of(extra), "columns": columns}
    details = _read("details.json")
    return {name: _table(name, mapping_of(table), mapping_of(details.get(name))) for name, table in tables.items()}


@cache
def tables_by_logical_name() -> Mapping[str, TableSchema]:
    """The same tables by logical name."""
    return {table.logical: table for table in known_tables().values()}


def guessed_table(entity_set: str, column_names: list[str]) -> TableSchema:
    """Schema of a table that only a world knows: its key is the singular name + `id` where a row has that column."""
    singulars = [entity_set.removesuffix(ending) + more for ending, more in (("ies", "y"), ("es", ""), ("set", ""), ("s", ""))
                 if entity_set.endswith(ending)] + [entity_set]  # fmt: skip
    candidates = [name for name in singulars if f"{name}id" in column_names]
    logical = candidates[0] if candidates else singulars[-2] if len(singulars) > 1 else entity_set
    return TableSchema(entity_set=entity_set, logical=logical, primary_id=f"{logical}id", primary_name=None, columns={}, known=False)


def _read(name: str) -> Mapping[str, Value]:
    return mapping_of(decode(files("proforma.mock").joinpath(name).read_bytes()))


def _platform_columns() -> dict[str, Value]:
    """Columns every user-owned table has."""
    options: Value = {"0": "Active", "1": "Inactive"}
    statuses: Value = {"type": "status", "options": {"1": "Active", "2": "Inactive"}, "first": {"0": 1, "1": 2}}
    return {
        "createdon": "datetime",
        "modifiedon": "datetime",
        "versionnumber": "bigint",
        "statecode": {"type": "state", "options": options},
        "statuscode": statuses,
    }


def _table(entity_set: str, table: Mapping[str, Value], details: Mapping[str, Value]) -> TableSchema:
    name, schema_name = table.get("name"), details.get("schema")
    more = mapping_of(details.get("columns"))
    return TableSchema(
        entity_set=entity_set,
        logical=str(table["logical"]),
        primary_id=str(table["id"]),
        primary_name=str(name) if name else None,
        schema_name=str(schema_name) if schema_name else None,
        columns={key: _column(key, value, _details(mapping_of(more.get(key)))) for key, value in mapping_of(table["columns"]).items()},
    )


def _details(parts: Mapping[str, Value]) -> Details:
    def number(name: str) -> int | None:
        value = parts.get(name)
        return value if isinstance(value, int) else None

    def text(name: str) -> str | None:
        value = parts.get(name)
        return value if isinstance(value, str) else None

    return Details(
        schema_name=text("schema"),
        length=number("length"),
        precision=number("precision"),
        source=number("source"),
        required=text("required") or "none",
        read_only=parts.get("read_only") is True,
        relationship=text("relationship"),
        states={int(status): int(str(state)) for status, state in mapping_of(parts.get("states")).items()},
    )


def _column(name: str, described: Value, details: Details) -> Column:
    if isinstance(described, str):
        return Column(name=name, type=described, details=details)
    parts = mapping_of(described)
    navs = {nav: tuple(str(t) for t in targets) for nav, targets in mapping_of(parts.get("nav")).items() if isinstance(targets, list)}
    options = {int(value): str(label) for value, label in mapping_of(parts.get("options")).items()}
    first = {int(state): int(str(value)) for state, value in mapping_of(parts.get("first")).items()}
    return Column(name=name, type=str(parts["type"]), navs=navs, options=options, first_status=first, details=details)
