"""Rows of several tables beside each other, as the links of a FetchXML query put them, and what passes its filters (W-199)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from proforma.mock.dataverse.cells import comparable, kind_of
from proforma.mock.dataverse.errors import ODataError, syntax_error
from proforma.mock.dataverse.fetchxml import Condition, Fetch, Filter, Link, Part, by_alias, links_of
from proforma.mock.dataverse.operators import COMPARISONS, comparer, condition_of, subject_of
from proforma.mock.schema import Column
from proforma.mock.values import Row
from proforma.mock.world import Table, World

Joined: TypeAlias = "dict[str, Row]"
Passes: TypeAlias = Callable[[Joined], bool | None]
Reader: TypeAlias = Callable[[Joined], object]

_EMPTY: Final[Row] = {}
_JOINED_MAX: Final = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A column of a part. `cell`: its name in a row; `read`: its value as it compares."""

    alias: str
    cell: str
    kind: str
    column: Column | None
    read: Reader


class Joins:
    """The parts of a query over one world. A combined row has a row for each alias; that of the entity stands under the empty one."""

    def __init__(self, world: World, fetch: Fetch) -> None:
        self._world, self._entity = world, fetch.entity
        self.parts = by_alias(fetch)
        self.tables = {alias: self._table(part) for alias, part in self.parts.items()}

    def rows(self) -> list[Joined]:
        """The combined rows that pass every filter, in order of arrival."""
        early = self._passes("", [one for one in self._entity.filters if not _names_links(one)])
        rows: list[Joined] = [{"": row} for row in self.tables[""].rows.values()]
        rows = self._linked([row for row in rows if early(row)], self._entity)
        late = self._passes("", [one for one in self._entity.filters if _names_links(one)])
        return [row for row in rows if late(row)]

    def part(self, alias: str) -> Part:
        """The entity or link of an alias; raises for one that no link has."""
        if alias not in self.parts:
            raise syntax_error(f"No link-entity has the alias '{alias}'.")
        return self.parts[alias]

    def place(self, alias: str, name: str) -> Place:
        """A column of a part by its logical name; raises for one that its table does not have."""
        self.part(alias)
        table = self.tables[alias]
        cell = cell_name(table, name)
        column = table.schema.wire.get(cell)
        kind = "guid" if cell == table.schema.primary_id else kind_of(column)
        return Place(alias=alias, cell=cell, kind=kind, column=column, read=lambda row: comparable(kind, row[alias].get(cell)))

    def _table(self, part: Part) -> Table:
        table = self._world.table_of(part.name)
        if table is None:
            raise ODataError(400, "0x80041102", f"The entity with a name = '{part.name}' was not found in the MetadataCache.")
        return table

    def _passes(self, alias: str, filters: Sequence[Filter]) -> Passes:
        return _all_of([self._filter(alias, one) for one in filters])

    def _filter(self, alias: str, given: Filter) -> Passes:
        parts = [self._condition(alias, condition) for condition in given.conditions]
        parts += [self._filter(alias, inner) for inner in given.filters]
        return _any_of(parts) if given.either and parts else _all_of(parts)

    def _condition(self, alias: str, condition: Condition) -> Passes:
        alias = alias if condition.entity is None else condition.entity
        place = self.place(alias, condition.name)
        if condition.value_of is not None:
            return self._beside(place, condition)
        subject = subject_of(self._world, self.tables[alias], (place.cell,))
        holds = condition_of(condition.operator, subject, condition.values)
        return lambda row: holds(row[alias])

    def _beside(self, place: Place, condition: Condition) -> Passes:
        """A column beside another of the query: `valueof` names it, with the alias of its link before a dot."""
        alias, _, name = (condition.value_of or "").rpartition(".")
        if alias not in self.tables or condition.operator not in COMPARISONS:
            raise syntax_error(f"The valueof '{condition.value_of}' cannot be compared with the operator '{condition.operator}'.")
        other, compare = self.place(alias or place.alias, name), comparer(COMPARISONS[condition.operator])
        if place.kind != other.kind:
            raise syntax_error(f"The columns '{condition.name}' and '{condition.value_of}' have different types.")

        def holds(row: Joined) -> bool | None:
            one, two = place.read(row), other.read(row)
            return None if one is None or two is None else compare(one, two)

        return holds

    def _linked(self, rows: list[Joined], part: Part) -> list[Joined]:
        for link in part.links:
            rows = self._with_link(rows, part.alias, link)
        return rows

    def _with_link(self, rows: list[Joined], alias: str, link: Link) -> list[Joined]:
        partners = self._partners(link)
        target = self.place(alias, link.target)
        absent: Joined = {part.alias: _EMPTY for part in (link.part, *(inner.part for inner in links_of(link.part)))}
        found: list[Joined] = []
        for row in rows:
            key = target.read(row)
            matches = partners.get(key, []) if key is not None else []
            if link.kind == "inner":
                found += [{**row, **match} for match in matches]
            elif link.kind == "outer":
                found += [{**row, **match} for match in matches or [absent]]
            elif bool(matches) is (link.kind != "not any"):
                found.append({**row, **absent})
            if len(found) > _JOINED_MAX:
                raise ODataError(500, "0x80044151", "SQL timeout expired: the links of the query give too many rows.")  # W-187
        return found

    def _partners(self, link: Link) -> Mapping[object, list[Joined]]:
        """The rows of a link, with those linked to them, by the column that the link goes over."""
        alias = link.part.alias
        if any(map(_names_links, link.part.filters)):
            raise syntax_error(
                "A filter of a link-entity is about its own columns: conditions with entityname stand in the entity's filter."
            )
        passes = self._passes(alias, link.part.filters)
        rows: list[Joined] = [{alias: row} for row in self.tables[alias].rows.values()]
        rows = self._linked([row for row in rows if passes(row)], link.part)
        source = self.place(alias, link.source)
        found: dict[object, list[Joined]] = {}
        for row in rows:
            found.setdefault(source.read(row), []).append(row)
        return found


def cell_name(table: Table, name: str) -> str:
    """The name in a row of a column by its logical name (W-40)."""
    column = table.schema.columns.get(name)
    candidates = [column.wire] if column else [name, f"_{name}_value"]
    for candidate in candidates:
        if column or candidate in table.names or candidate == table.schema.primary_id:
            return candidate
    raise ODataError(
        400, "0x80041103", f"'{table.schema.logical}' entity doesn't contain attribute with Name = '{name}' and NameMapping = 'Logical'."
    )


def _names_links(given: Filter) -> bool:
    own = any(condition.entity is not None or "." in (condition.value_of or "") for condition in given.conditions)
    return own or any(_names_links(inner) for inner in given.filters)


def _all_of(parts: Sequence[Passes]) -> Passes:
    def holds(row: Joined) -> bool | None:
        values = [part(row) for part in parts]
        return False if False in values else None if None in values else True

    return holds


def _any_of(parts: Sequence[Passes]) -> Passes:
    def holds(row: Joined) -> bool | None:
        values = [part(row) for part in parts]
        return True if True in values else None if None in values else False

    return holds
