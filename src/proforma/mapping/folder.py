"""Finds and loads the mapping files: those shipped with the package, or a company's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from proforma.mapping.entities import EntityMapping, Mappings, arrange
from proforma.mapping.entity_reader import read_entity
from proforma.mapping.faults import Fault, MappingError, did_you_mean
from proforma.mapping.finance_reader import read_finance
from proforma.mapping.write_back_reader import read_write_back, write_back_faults

M = TypeVar("M")


def load_mappings(folder: Path | None) -> Mappings:
    """All mappings of a folder, or those shipped with the package. Raises MappingError with every fault of every file."""
    home = shipped_mappings() if folder is None else folder
    faults: list[Fault] = []
    entities = _read(home / "dataverse", read_entity, lambda mapping: mapping.entity, faults)
    finance = _read(home / "finance", read_finance, lambda mapping: mapping.target, faults)
    write_back = _read(home / "write-back", read_write_back, lambda mapping: mapping.entity, faults)
    if not faults and not entities:
        faults.append(Fault(home / "dataverse", 1, 1, "holds no mapping file", "copy the shipped ones with: proforma init"))
    if not faults:
        faults += _dependency_faults(entities)
        faults += [fault for mapping in write_back.values() for fault in write_back_faults(mapping, entities)]
    if faults:
        raise MappingError(faults)
    return Mappings(entities=MappingProxyType(entities), finance=MappingProxyType(finance), write_back=MappingProxyType(write_back))


def shipped_mappings() -> Path:
    """The mappings that come with the package: inside it when installed, beside the sources in a checkout."""
    installed = Path(str(files("proforma"))) / "mappings"
    return installed if installed.is_dir() else installed.parents[2] / "mappings"


def _read(folder: Path, read: Callable[[Path, list[Fault]], M | None], name: Callable[[M], str], faults: list[Fault]) -> dict[str, M]:
    found: dict[str, M] = {}
    places: dict[str, Path] = {}
    for path in _files(folder):
        mapping = read(path, faults)
        if mapping is None:
            continue
        if name(mapping) in found:
            faults.append(Fault(path, 1, 1, f"{name(mapping)!r} is mapped already", f"by {places[name(mapping)].name}"))
        found[name(mapping)], places[name(mapping)] = mapping, path
    return found


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    yield from sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and not path.name.startswith("."))


def _dependency_faults(entities: dict[str, EntityMapping]) -> Iterator[Fault]:
    _, circle = arrange({name: mapping.after for name, mapping in entities.items()})
    for mapping in entities.values():
        for name in mapping.after:
            place = mapping.place_of(f"after {name}") or (1, 1)
            if name not in entities:
                yield Fault(mapping.source, *place, f"'after' names an unknown entity {name!r}", did_you_mean(name, tuple(entities)))
            elif mapping.entity in circle and name in circle:
                yield Fault(mapping.source, *place, f"{mapping.entity!r} waits for itself", f"in the circle: {', '.join(circle)}")
