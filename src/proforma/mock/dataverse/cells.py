"""Cells as values that compare: the kind of a column, and readers that follow lookups to it (W-66 to W-70)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from proforma.mock.dataverse.errors import no_property, syntax_error
from proforma.mock.dataverse.relations import collections_of
from proforma.mock.schema import DATES, LOOKUPS, NUMBERS, PRINCIPALS, TEXTS, Column
from proforma.mock.values import Row, Value, as_guid, as_instant, as_number
from proforma.mock.world import Table, World

Reader: TypeAlias = Callable[[Row], object]
Operand: TypeAlias = tuple[str, Reader]

#: Members of definitions that hold labels.
LABELS: Final = frozenset({"DisplayName", "DisplayCollectionName", "Description"})
KINDS: Final = frozenset({"number", "text", "guid", "boolean", "instant"})


def kind_of(column: Column | None) -> str:
    """How values of a column compare: number, text, guid, boolean, instant, or any where the schema does not know."""
    if column is None:
        return "any"
    families = (("number", NUMBERS), ("text", TEXTS), ("guid", LOOKUPS), ("instant", DATES))
    return next((kind for kind, types in families if column.type in types), column.type if column.type in KINDS else "any")


def comparable(kind: str, value: Value) -> object:
    """A cell in the form in which it compares with others of the kind; None when it has no such form."""
    if kind == "number":
        return as_number(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if not isinstance(value, str):
        scalar = None if isinstance(value, list | dict) else value
        return scalar if kind == "any" else None
    if kind == "instant":
        return as_instant(value.upper())
    return as_guid(value) or value.lower() if kind == "guid" else value.casefold()


def has_column(table: Table, name: str) -> bool:
    """Whether a row of the table may show this name."""
    inherited = name == "ownerid" and table.schema.logical in PRINCIPALS
    return name in table.schema.wire or name in table.names or name == table.schema.primary_id or inherited


def column_reader(world: World, table: Table, steps: Sequence[str]) -> Operand:
    """Kind and reader of a column, reached through any number of lookups (W-70)."""
    name, *rest = steps
    schema = table.schema
    if not rest:
        if not has_column(table, name):
            raise no_property(name, schema.logical)
        if name == "ownerid" and schema.logical in PRINCIPALS:  # the inherited key (W-38)
            name = schema.primary_id
        kind = "guid" if name == schema.primary_id else kind_of(schema.wire.get(name))
        return kind, lambda row: comparable(kind, row.get(name))
    column = schema.navs.get(name)
    target = next((t for logical in column.navs[name] if (t := world.table_of(logical))), None) if column else None
    if column is None or target is None:
        raise no_property(name, schema.logical)
    kind, read = column_reader(world, target, rest)
    wire, rows = column.wire, target.rows

    def follow(row: Row) -> object:
        related = rows.get(str(row.get(wire)))
        return None if related is None else read(related)

    return kind, follow


def column_at(world: World, table: Table, steps: Sequence[str]) -> Column | None:
    """The schema's column at the end of the steps, None where no schema knows it."""
    name, *rest = steps
    if not rest:
        return table.schema.wire.get(name)
    column = table.schema.navs.get(name)
    target = next((t for logical in column.navs[name] if (t := world.table_of(logical))), None) if column else None
    return column_at(world, target, rest) if target else None


def raw_reader(world: World, table: Table, steps: Sequence[str]) -> tuple[Table, Callable[[Row], Value]]:
    """The table at the end of the steps and a reader of its column as it is stored; the steps are known to lead there."""
    name, *rest = steps
    if not rest:
        return table, lambda row: row.get(name)
    column = table.schema.navs[name]
    target = next(t for logical in column.navs[name] if (t := world.table_of(logical)))
    owner, read = raw_reader(world, target, rest)
    wire, rows = column.wire, target.rows

    def follow(row: Row) -> Value:
        related = rows.get(str(row.get(wire)))
        return None if related is None else read(related)

    return owner, follow


class Source(Protocol):
    """What the names of a filter mean: the columns of rows, the members of definitions."""

    def operand(self, steps: Sequence[str]) -> Operand:
        """Kind and reader of what the steps lead to; raises `ODataError` when they lead nowhere."""

    def named(self, steps: Sequence[str]) -> TableSource:
        """The table that a query function reads; raises where there are none."""

    def collection(self, steps: Sequence[str]) -> Collection:
        """The collection that the steps lead to, for `any` and `all` (W-71)."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Rows that belong to a row, and what the names of a condition on them mean."""

    of: Callable[[Row], Sequence[Row]]
    source: Source


@dataclass(frozen=True, slots=True)
class TableSource:
    """The columns of a table."""

    world: World
    table: Table

    def operand(self, steps: Sequence[str]) -> Operand:
        return column_reader(self.world, self.table, steps)

    def named(self, steps: Sequence[str]) -> TableSource:
        self.operand(steps)
        return self

    def collection(self, steps: Sequence[str]) -> Collection:
        schema = self.table.schema
        relation = collections_of(schema).get(steps[0])
        if relation is None and steps[0] not in schema.navs:
            raise no_property(steps[0], schema.logical)
        if relation is None or len(steps) > 1:
            raise syntax_error(f"any and all go over a collection of the row itself; '{'/'.join(steps)}' is none.")
        target = relation.table(self.world)
        children = rows_by(relation.column.wire, target)
        return Collection(lambda row: children.get(row.get(schema.primary_id), ()), TableSource(self.world, target))


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """The members of definitions, one step into objects such as managed properties (W-47)."""

    type_name: str
    names: frozenset[str]

    def operand(self, steps: Sequence[str]) -> Operand:
        if steps[0] not in self.names:
            raise no_property(steps[0], self.type_name)
        if steps[0] in LABELS:
            raise syntax_error(f"'{steps[0]}' is a label: definitions cannot be filtered by labels.")

        def read(row: Row) -> object:
            value: Value = row
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
            return comparable("any", value)

        return "any", read

    def named(self, steps: Sequence[str]) -> TableSource:
        raise syntax_error(f"Query functions are not supported on {self.type_name}.")

    def collection(self, steps: Sequence[str]) -> Collection:
        raise syntax_error(f"any and all are not supported on {self.type_name}.")


def rows_by(wire: str, table: Table) -> Mapping[Value, Sequence[Row]]:
    """The rows of a table by what stands in one of its lookups, in order of arrival."""
    found: dict[Value, list[Row]] = {}
    for row in table.rows.values():
        cell = row.get(wire)
        if isinstance(cell, str):
            found.setdefault(cell, []).append(row)
    return found
