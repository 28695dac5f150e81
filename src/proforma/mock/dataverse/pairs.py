"""Many-to-many relationships: pairs of rows in an intersect table, one name on both sides (W-41, W-86)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from proforma.mock.schema import TableSchema, known_tables
from proforma.mock.values import Row
from proforma.mock.world import Table, World

#: Tables that hold nothing but pairs.
INTERSECTS: Final = ("msdyn_organizationalunit_pricelevel",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One side of a many-to-many relationship. `own`, `other`: the columns of the intersect table with the keys of both sides."""

    name: str
    intersect: TableSchema
    own: str
    other: str
    target: TableSchema

    def rows(self, world: World, row_id: str) -> Sequence[Row]:
        """The rows that are paired with this one, in order of arrival."""
        pairs, table = world.table(self.intersect.entity_set), self.table(world)
        wanted = [str(row.get(self.other)) for row in pairs.rows.values() if row.get(self.own) == row_id] if pairs else []
        return [table.rows[other] for other in dict.fromkeys(wanted) if other in table.rows]

    def table(self, world: World) -> Table:
        """The table of the other side."""
        table = world.table(self.target.entity_set)
        assert table is not None
        return table


def pairs_of(schema: TableSchema) -> Mapping[str, Pair]:
    """The many-to-many collections of a table's rows by name."""
    return _index().get(schema.logical, {})


@cache
def _index() -> Mapping[str, Mapping[str, Pair]]:
    found: dict[str, dict[str, Pair]] = {}
    for intersect in known_tables().values():
        if intersect.logical in INTERSECTS:
            (first, one), (second, other) = sides(intersect)
            for schema, own, far, target in ((first, one, other, second), (second, other, one, first)):
                pair = Pair(name=intersect.logical, intersect=intersect, own=own, other=far, target=target)
                found.setdefault(schema.logical, {})[pair.name] = pair
    return found


def sides(intersect: TableSchema) -> list[tuple[TableSchema, str]]:
    """The two tables of an intersect table, each with the column that holds its key."""
    keys = {table.primary_id: table for table in known_tables().values() if table.logical != intersect.logical}
    return [(keys[name], name) for name in intersect.columns if name in keys]
