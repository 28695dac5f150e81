"""Compares the mappings with the table definitions of a live environment: what it lacks, and which options it has besides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.metadata import CHOICES, LOOKUPS, TableDefinition, TableName, labels, options, table_definition, table_names
from proforma.mapping import EntityMapping, Mappings, Read, Values, compile_entity, nearest, values_of, words_of
from proforma.sync.assumed_names import COLUMN_LABELS, TABLE_LABELS, same_label
from proforma.transport.errors import HttpStatusError


class Weight(StrEnum):
    """What a difference does to a pull: ends it, holds rows back, or only leaves a field empty."""

    FAULT = "fault"
    WARNING = "warning"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that mapping and environment do not agree on. `kind`: table, set, key, column, lookup, option or new-option.

    `instead`: what the environment has in its place, as a mapping spells it; for a new option the word that its label says. `heads`: what
    changes with the name of a table.
    """

    entity: str
    kind: str
    name: str
    weight: Weight
    message: str
    at: str
    instead: str | None = None
    heads: tuple[tuple[str, str | None], ...] = ()

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"


def check_live(client: DataverseClient, mappings: Mappings) -> Iterator[Difference]:
    """Every difference, entity by entity. Raises the faults of the transfer."""
    names: list[TableName] = []
    for mapping in mappings.order():
        table = table_definition(client, mapping.table)
        if table is None:
            names = names or _names(client)
            yield _missing_table(mapping, names)
        else:
            yield from _of_table(mapping, table)
            yield from _of_columns(mapping, table, _Labels(client, table))
            yield from _of_options(client, mapping, table)
            yield from _of_written(mappings, mapping, table)


def _names(client: DataverseClient) -> list[TableName]:
    """All tables; none where the environment does not let us look, for a near name is only a hint."""
    try:
        return table_names(client)
    except HttpStatusError:
        return []


def _missing_table(mapping: EntityMapping, names: Sequence[TableName]) -> Difference:
    """The table may be there under another name: the one with the label of the documentation, or one whose name is near."""
    labels = TABLE_LABELS.get(mapping.entity, ())
    found = [table for table in names if any(same_label(table.label, label) for label in labels)]
    near = nearest(mapping.table, [table.name for table in names])
    by_label = len(found) == 1
    found = found if by_label else [table for table in names if table.name == near]
    called = _called(found[0].name, found[0].label if by_label else "") if found else ""
    message = f"the environment has no table {mapping.table!r}{called}"
    return Difference(
        entity=mapping.entity,
        kind="table",
        name=mapping.table,
        weight=Weight.REMARK if mapping.optional else Weight.FAULT,
        message=message,
        at=str(mapping.source),
        instead=found[0].name if found and (by_label or not mapping.optional) else None,
        heads=(("set", found[0].entity_set or None), ("key", found[0].key)) if found else (),
    )


def _of_table(mapping: EntityMapping, table: TableDefinition) -> Iterator[Difference]:
    pairs = (("set", mapping.entity_set, table.entity_set), ("key", mapping.key, table.key))
    for kind, ours, theirs in pairs:
        if theirs is not None and ours != theirs:
            message = f"the {kind} of {table.name} is {theirs!r}, not {ours!r}"
            at = str(mapping.source)
            yield Difference(entity=mapping.entity, kind=kind, name=ours, weight=Weight.FAULT, message=message, at=at, instead=theirs)


def _of_columns(mapping: EntityMapping, table: TableDefinition, called: _Labels) -> Iterator[Difference]:
    compiled = compile_entity(mapping)
    for column in (*compiled.select, *compiled.optional):
        optional = column in compiled.optional
        fault = _column_fault(mapping, column, table, called)
        if fault is not None:
            yield Difference(
                entity=mapping.entity,
                kind=fault.kind,
                name=column,
                weight=Weight.REMARK if optional else Weight.FAULT,
                message=fault.message,
                at=mapping.where(column),
                # A near name may be another thing: where nothing is missed, only a label makes sure.
                instead=fault.instead if fault.sure or not optional else None,
            )


class _ColumnFault(NamedTuple):
    """What is wrong with a column, and what to read instead; `sure` when that is more than a name that looks alike."""

    kind: str
    message: str
    instead: str | None
    sure: bool


def _column_fault(mapping: EntityMapping, column: str, table: TableDefinition, called: _Labels) -> _ColumnFault | None:
    """What is wrong with a column of the wire (W-61): a lookup `x` travels as `_x_value`."""
    if column.startswith("_") and column.endswith("_value"):
        target = column.removeprefix("_").removesuffix("_value")
        if table.columns.get(target) in LOOKUPS or column in table.columns:
            return None
        if target in table.columns:
            message = f"{target!r} of {table.name} is no lookup but {table.columns[target]}; read it by its own name"
            return _ColumnFault("lookup", message, target, sure=True)
        near, label = called.other_name(mapping, column, target, [name for name, type_ in table.columns.items() if type_ in LOOKUPS])
        message = f"{table.name} has no lookup {target!r}" + _called(near, label)
        return _ColumnFault("lookup", message, near and f"_{near}_value", sure=label != "")
    if table.columns.get(column) in LOOKUPS:
        message = f"{column!r} of {table.name} is a lookup; read it as '_{column}_value'"
        return _ColumnFault("column", message, f"_{column}_value", sure=True)
    if column in table.columns:
        return None
    near, label = called.other_name(mapping, column, column, [name for name, type_ in table.columns.items() if type_ not in LOOKUPS])
    return _ColumnFault("column", f"{table.name} has no column {column!r}" + _called(near, label), near, sure=label != "")


class _Labels:
    """What people call the columns of a table: asked for when the first column is missing."""

    def __init__(self, client: DataverseClient, table: TableDefinition) -> None:
        self._client = client
        self._table = table

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return labels(self._client, self._table.name)

    def other_name(self, mapping: EntityMapping, column: str, name: str, among: Sequence[str]) -> tuple[str | None, str]:
        """The one column that has a label of the documentation, with it; else the one whose name is near."""
        documented = [label for field in mapping.fields_from(column) for label in COLUMN_LABELS.get((mapping.entity, field), ())]
        found = [other for other in among if any(same_label(self._by_name.get(other, ""), label) for label in documented)]
        return (found[0], self._by_name[found[0]]) if len(found) == 1 else (nearest(name, among), "")


def _called(name: str | None, label: str) -> str:
    if name is None:
        return ""
    return f" (did you mean {name!r}, “{label}”?)" if label else f" (did you mean {name!r}?)"


def _of_options(client: DataverseClient, mapping: EntityMapping, table: TableDefinition) -> Iterator[Difference]:
    """Options that the mapping has no word for reject rows; words for options that the environment lacks do no harm."""
    mapped = [(value, value.source) for value in values_of(mapping) if isinstance(value.source, Read)]
    kinds = {table.columns[read.column] for _, read in mapped if table.columns.get(read.column) in CHOICES}
    known = {column: found for kind in sorted(kinds) for column, found in options(client, mapping.table, kind).items()}
    for value, read in mapped:
        if known.get(read.column):
            yield from _of_choice(mapping, value, read.column, known[read.column])


def _of_written(mappings: Mappings, mapping: EntityMapping, table: TableDefinition) -> Iterator[Difference]:
    """Columns that are written back and are not there: nothing could be written to any row (D-111)."""
    written = mappings.write_back.get(mapping.entity)
    for column in written.columns if written is not None else ():
        if written is not None and column not in table.columns:
            message = f"{table.name} has no column {column!r} to write back to"
            at = written.where(column)
            yield Difference(entity=mapping.entity, kind="column", name=column, weight=Weight.FAULT, message=message, at=at)


def _of_choice(mapping: EntityMapping, value: Values, column: str, there: dict[int, str]) -> Iterator[Difference]:
    at = mapping.where(column)
    for number, label in there.items():
        if number not in value.table:
            yield Difference(
                entity=mapping.entity,
                kind="new-option",
                name=f"{column}={number}",
                weight=Weight.WARNING if value.closed else Weight.REMARK,
                message=f"option {number} ({label}) of {column} has no word in the mapping" + ("; rows with it are held" * value.closed),
                at=at,
                instead=next((word for word in words_of(mapping, column) if same_label(word, label)), None),
            )
    for mapped in value.table:
        if isinstance(mapped, int) and not isinstance(mapped, bool) and mapped not in there:
            message = f"the environment has no option {mapped} of {column}"
            yield Difference(entity=mapping.entity, kind="option", name=f"{column}={mapped}", weight=Weight.REMARK, message=message, at=at)
