"""A mapping of one entity set to one domain record, as data, and all mappings of a folder together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from proforma.mapping.expressions import Expression, Read, Values, parts_of, reads_of
from proforma.mapping.fields import fields_of
from proforma.mapping.finance import FinanceMapping
from proforma.mapping.write_back import WriteBackMapping

#: How changes are found: by the table's own change tracking, by the time of the last change, or by reading everything again.
ChangeMode = Literal["tracked", "modified", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMapping:
    """How the rows of one entity set become records.

    `columns`: for each field of the record what fills it. `dimensions`: likewise for each pricing dimension the record carries.
    `custom_dimensions`: whether dimensions found in the environment are read too. `optional`: the environment may lack the whole set.
    `version` and `modified` name the columns that count and date changes; None where the table has none.
    `ranges` names the column, set once for each row, by which the table may be read in parts at the same time. `places`: line and column of
    each field, dimension and `after NAME` in the file.
    """

    entity: str
    record: type[Any]
    entity_set: str
    table: str
    key: str
    columns: Mapping[str, Expression]
    dimensions: Mapping[str, Expression]
    custom_dimensions: bool
    filter: str | None
    changes: ChangeMode
    optional: bool
    after: tuple[str, ...]
    version: str | None
    modified: str | None
    ranges: str | None
    source: Path
    places: Mapping[str, tuple[int, int]]

    def line_of(self, column: str) -> int | None:
        """Line in the file of a field, a dimension, or the first that reads this foreign column."""
        place = self.place_of(column)
        return None if place is None else place[0]

    def place_of(self, column: str) -> tuple[int, int] | None:
        """As `line_of`, with the position in the line; both count from 1."""
        if column in self.places:
            return self.places[column]
        both = (*self.columns.items(), *self.dimensions.items())
        return next((self.places.get(name) for name, filled in both if any(read.column == column for read in reads_of(filled))), None)

    def fields_from(self, column: str) -> tuple[str, ...]:
        """The fields that read a foreign column."""
        return tuple(name for name, filled in self.columns.items() if any(read.column == column for read in reads_of(filled)))

    def where(self, column: str) -> str:
        """Place of a field or foreign column, as messages name it: file, and line where it is known."""
        line = self.line_of(column)
        return str(self.source) if line is None else f"{self.source}:{line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """All mappings of one folder, by name."""

    entities: Mapping[str, EntityMapping]
    finance: Mapping[str, FinanceMapping]
    write_back: Mapping[str, WriteBackMapping] = field(default_factory=dict)

    def by_record(self, record: type[Any]) -> tuple[EntityMapping, ...]:
        """The entities that become this record, in the order in which they are pulled."""
        return tuple(entity for entity in self.order() if entity.record is record)

    def order(self) -> tuple[EntityMapping, ...]:
        """All entities, each after those it needs; otherwise by name."""
        arranged, _ = arrange({name: entity.after for name, entity in self.entities.items()})
        return tuple(self.entities[name] for name in arranged)


def values_of(mapping: EntityMapping) -> Iterator[Values]:
    """Every table from numbers to words in a mapping."""
    for expression in (*mapping.columns.values(), *mapping.dimensions.values()):
        yield from (part for part in parts_of(expression) if isinstance(part, Values))


def table_of(mapping: EntityMapping, field_name: str) -> tuple[str, Mapping[str | int | bool, object]] | None:
    """The column that a field reads, and the word of each of its values; None where it is filled in another way."""
    parts = parts_of(mapping.columns[field_name]) if field_name in mapping.columns else ()
    found = next((part for part in parts if isinstance(part, Values) and isinstance(part.source, Read)), None)
    return None if found is None or not isinstance(found.source, Read) else (found.source.column, found.table)


def words_of(mapping: EntityMapping, column: str) -> tuple[str, ...]:
    """The words that the fields filled from a column may hold, where they come from a closed list."""
    record: type = mapping.record
    types = fields_of(record)
    choices = [types[name].choices for name in mapping.fields_from(column) if name in types]
    return tuple(str(word) for words in choices if words is not None for word in words)


def arrange(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Names in an order that respects what each needs, ties by name; and those that wait for each other in a circle."""
    waiting = {name: {need for need in needed if need in needs} for name, needed in needs.items()}
    arranged: list[str] = []
    while free := sorted(name for name, needed in waiting.items() if not needed):
        arranged += free
        for name in free:
            del waiting[name]
        for needed in waiting.values():
            needed.difference_update(free)
    # Those that merely wait for a circle, and are in none themselves, are no fault.
    while outside := waiting.keys() - {need for needed in waiting.values() for need in needed}:
        for name in outside:
            del waiting[name]
    return arranged, sorted(waiting)
