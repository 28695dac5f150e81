"""Many-to-many relationships: pairs of rows in an intersect table, one name on both sides (W-41, W-86)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from uuid import uuid4

from proforma.mock.dataverse.errors import ODataError
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
        table = self.table(world)
        wanted = [str(row.get(self.other)) for row in self._pairs(world).rows.values() if row.get(self.own) == row_id]
        return [table.rows[other] for other in dict.fromkeys(wanted) if other in table.rows]

    def join(self, world: World, row_id: str, other_id: str) -> None:
        """Pairs two rows (W-137). Raises when they are a pair already."""
        pairs = self._pairs(world)
        if pairs.find({self.own: row_id, self.other: other_id}):
            raise ODataError(412, "0x80040237", "A record with matching key values already exists.")
        row: Row = {self.intersect.primary_id: str(uuid4()), self.own: row_id, self.other: other_id}
        world.stamp(row)
        world.put(pairs, row)

    def part(self, world: World, row_id: str, other_id: str) -> bool:
        """Ends the pairing of two rows, which both stay; False when they were none."""
        pairs = self._pairs(world)
        found = pairs.find({self.own: row_id, self.other: other_id})
        return found is not None and world.delete(pairs, str(found[self.intersect.primary_id]))

    def _pairs(self, world: World) -> Table:
        table = world.table(self.intersect.entity_set)
        assert table is not None
        return table

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
