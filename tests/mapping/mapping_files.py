"""Small mapping files for tests, and what becomes of their rows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import msgspec

from proforma.domain.ids import Guid
from proforma.mapping import CompiledEntity, DimensionColumn, EntityMapping, Fault, compile_entity
from proforma.mapping.entity_reader import read_entity

HEAD = """\
entity: milestone
record: Milestone
set: msdyn_milestones
table: msdyn_milestone
key: msdyn_milestoneid
changes: modified
columns:
  id: msdyn_milestoneid
"""


def guid(name: str) -> Guid:
    """The GUID that a world's symbolic id stands for."""
    return Guid(str(uuid5(NAMESPACE_OID, f"@{name}")))


def faults_of(folder: Path, text: str) -> list[str]:
    """What is wrong with a mapping file, as line:column: message (hint)."""
    mapping, faults = read(folder, text)
    assert (mapping is None) == bool(faults)
    return [str(fault).removeprefix(f"{fault.file}:") for fault in faults]


def read(folder: Path, text: str) -> tuple[EntityMapping | None, list[Fault]]:
    """The mapping of a file with this text, and its faults."""
    path = folder / "case.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    faults: list[Fault] = []
    return read_entity(path, faults), faults


def compiled(folder: Path, text: str, dimensions: Sequence[DimensionColumn] = ()) -> CompiledEntity[Any]:
    """The compiled form of a mapping file with this text."""
    mapping, faults = read(folder, text)
    assert mapping is not None, faults
    return compile_entity(mapping, dimensions)


def milestone(folder: Path, *fields: str) -> CompiledEntity[Any]:
    """A mapping to Milestone with these lines below its columns."""
    return compiled(folder, HEAD + "".join(f"  {line}\n" for field in fields for line in field.splitlines()))


def row(entity: CompiledEntity[Any], values: Mapping[str, object]) -> msgspec.Struct:
    """A row as the server sends it; the id is filled in. `msgspec.Raw` is JSON as it stands."""
    return msgspec.json.decode(msgspec.json.encode({entity.mapping.key: guid("row"), **values}), type=entity.row_type)


def record(entity: CompiledEntity[Any], **values: object) -> Any:
    """The record of a row with these values."""
    return entity.to_record(row(entity, values))
