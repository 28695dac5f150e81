"""Compares the mappings with the table definitions of a live environment: what it lacks, and which options it has besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.metadata import CHOICES, LOOKUPS, TableDefinition, options, table_definition
from proforma.mapping import EntityMapping, Mappings, Read, Values, compile_entity, did_you_mean, values_of


class Weight(StrEnum):
    """What a difference does to a pull: ends it, holds rows back, or only leaves a field empty."""

    FAULT = "fault"
    WARNING = "warning"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that mapping and environment do not agree on. `kind`: table, set, key, column, lookup, option or new-option."""

    entity: str
    kind: str
    name: str
    weight: Weight
    message: str
    at: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"


def check_live(client: DataverseClient, mappings: Mappings) -> Iterator[Difference]:
    """Every difference, entity by entity. Raises the faults of the transfer."""
    for mapping in mappings.order():
        table = table_definition(client, mapping.table)
        if table is None:
            yield _missing_table(mapping)
        else:
            yield from _of_table(mapping, table)
            yield from _of_columns(mapping, table)
            yield from _of_options(client, mapping, table)


def _missing_table(mapping: EntityMapping) -> Difference:
    message = f"the environment has no table {mapping.table!r}"
    weight = Weight.REMARK if mapping.optional else Weight.FAULT
    return Difference(entity=mapping.entity, kind="table", name=mapping.table, weight=weight, message=message, at=str(mapping.source))


def _of_table(mapping: EntityMapping, table: TableDefinition) -> Iterator[Difference]:
    pairs = (("set", mapping.entity_set, table.entity_set), ("key", mapping.key, table.key))
    for kind, ours, theirs in pairs:
        if theirs is not None and ours != theirs:
            message = f"the {kind} of {table.name} is {theirs!r}, not {ours!r}"
            yield Difference(entity=mapping.entity, kind=kind, name=ours, weight=Weight.FAULT, message=message, at=str(mapping.source))


def _of_columns(mapping: EntityMapping, table: TableDefinition) -> Iterator[Difference]:
    compiled = compile_entity(mapping)
    for column in (*compiled.select, *compiled.optional):
        fault = _column_fault(column, table)
        if fault is not None:
            kind, message = fault
            weight = Weight.REMARK if column in compiled.optional else Weight.FAULT
            yield Difference(
                entity=mapping.entity, kind=kind, name=column, weight=weight, message=message, at=mapping.where(column)
            )  # fmt: skip


def _column_fault(column: str, table: TableDefinition) -> tuple[str, str] | None:
    """What is wrong with a column of the wire (W-61): a lookup `x` travels as `_x_value`."""
    if column.startswith("_") and column.endswith("_value"):
        target = column.removeprefix("_").removesuffix("_value")
        if table.columns.get(target) in LOOKUPS or column in table.columns:
            return None
        if target in table.columns:
            return "lookup", f"{target!r} of {table.name} is no lookup but {table.columns[target]}; read it by its own name"
        return "lookup", f"{table.name} has no lookup {target!r}" + _near(target, (n for n, t in table.columns.items() if t in LOOKUPS))
    if table.columns.get(column) in LOOKUPS:
        return "column", f"{column!r} of {table.name} is a lookup; read it as '_{column}_value'"
    if column in table.columns:
        return None
    return "column", f"{table.name} has no column {column!r}" + _near(column, table.columns)


def _near(name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, tuple(known))
    # Where nothing is near it lists all that is known: too long for a table.
    return f" ({hint})" if hint is not None and hint.startswith("did you mean") else ""


def _of_options(client: DataverseClient, mapping: EntityMapping, table: TableDefinition) -> Iterator[Difference]:
    """Options that the mapping has no word for reject rows; words for options that the environment lacks do no harm."""
    mapped = [(value, value.source) for value in values_of(mapping) if isinstance(value.source, Read)]
    kinds = {table.columns[read.column] for _, read in mapped if table.columns.get(read.column) in CHOICES}
    known = {column: found for kind in sorted(kinds) for column, found in options(client, mapping.table, kind).items()}
    for value, read in mapped:
        if known.get(read.column):
            yield from _of_choice(mapping, value, read.column, known[read.column])


def _of_choice(mapping: EntityMapping, value: Values, column: str, there: dict[int, str]) -> Iterator[Difference]:
    at = mapping.where(column)
    for number, label in there.items():
        if number not in value.table:
            weight = Weight.WARNING if value.closed else Weight.REMARK
            message = f"option {number} ({label}) of {column} has no word in the mapping" + (
                "; rows with it are held" if value.closed else ""
            )
            yield Difference(entity=mapping.entity, kind="new-option", name=f"{column}={number}", weight=weight, message=message, at=at)
    for mapped in value.table:
        if isinstance(mapped, int) and not isinstance(mapped, bool) and mapped not in there:
            message = f"the environment has no option {mapped} of {column}"
            yield Difference(entity=mapping.entity, kind="option", name=f"{column}={mapped}", weight=Weight.REMARK, message=message, at=at)
