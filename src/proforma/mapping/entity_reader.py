"""Reads one file of `mappings/dataverse/`: gathers everything that is wrong with it, with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, get_args

from proforma.mapping.entities import ChangeMode, EntityMapping
from proforma.mapping.expressions import Expression
from proforma.mapping.faults import Fault, did_you_mean
from proforma.mapping.fields import RECORDS, FieldType, Kind, fields_of
from proforma.mapping.reading import is_null
from proforma.mapping.specifications import SpecificationReader
from proforma.mapping.yaml_source import Entries, Node, Scalar, read_yaml

NEEDED: Final = ("entity", "record", "set", "table", "key", "changes", "columns")
ALLOWED: Final = ("filter", "optional", "after", "dimensions", "custom_dimensions", "version", "modified", "ranges")
CHANGES: Final[tuple[ChangeMode, ...]] = get_args(ChangeMode)
#: The platform's own columns for the number and the time of the last change of a row.
VERSION: Final = "versionnumber"
MODIFIED: Final = "modifiedon"

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SET: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_DIMENSION: Final = re.compile(r"[a-z][a-z0-9_]*(-[a-z0-9_]+)*")


def read_entity(path: Path, faults: list[Fault]) -> EntityMapping | None:
    """The mapping in a file, or None when anything is wrong with it; every fault is added to `faults`."""
    before = len(faults)
    root = read_yaml(path, faults)
    mapping = None if root is None else _EntityReader(path, faults).read(root)
    return mapping if len(faults) == before else None


class _EntityReader:
    def __init__(self, path: Path, faults: list[Fault]) -> None:
        self._path = path
        self._fields = SpecificationReader(path, faults)
        self._places: dict[str, tuple[int, int]] = {}

    def read(self, root: Node) -> EntityMapping | None:
        if not isinstance(root, Entries):
            self._fields.fault(root, "a mapping file is a mapping of keys to values")
            return None
        self._fields.check_keys(root, NEEDED, ALLOWED)
        record = self._record(root)
        columns = self._columns(root, record)
        dimensions = self._dimensions(root, record)
        name = self._fields.text(root, "entity", form=_NAME, like="role-price")
        entity_set = self._fields.text(root, "set", form=_SET, like="msdyn_actuals")
        table, key = self._column(root, "table"), self._column(root, "key")
        mapping = EntityMapping(
            entity=name or "",
            record=record or object,
            entity_set=entity_set or "",
            table=table or "",
            key=key or "",
            columns=MappingProxyType(columns),
            dimensions=MappingProxyType(dimensions),
            custom_dimensions=self._fields.flag(root, "custom_dimensions"),
            filter=self._fields.text(root, "filter"),
            changes=_change_mode(self._fields.choice(root, "changes", CHANGES)),
            optional=self._fields.flag(root, "optional"),
            after=self._after(root),
            version=self._platform_column(root, "version", VERSION),
            modified=self._platform_column(root, "modified", MODIFIED),
            ranges=self._column(root, "ranges"),
            source=self._path,
            places=MappingProxyType(self._places),
        )
        if mapping.changes == "modified" and mapping.modified is None:
            self._fields.fault(root.get("changes") or root, "changes: modified needs a column that dates changes", "use changes: full")
        if mapping.changes == "tracked" and mapping.filter is not None:
            # W-167: a tracked set cannot be filtered.
            self._fields.fault(
                root.get("changes") or root, "changes: tracked reads whole tables, without a filter", "use changes: modified"
            )
        return mapping

    # ---- the head of the file ------------------------------------------------------------------------------------------

    def _record(self, root: Entries) -> type | None:
        node = root.get("record")
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self._fields.fault(node, "'record' is the name of one record")
            return None
        if node.text not in RECORDS:
            self._fields.fault(node, f"unknown record {node.text!r}", _nearest(node.text, tuple(RECORDS)))
        return RECORDS.get(node.text)

    def _column(self, root: Entries, key: str) -> str | None:
        node = root.get(key)
        return None if node is None else self._fields.column(node)

    def _platform_column(self, root: Entries, key: str, usual: str) -> str | None:
        node = root.get(key)
        if node is None:
            return usual
        return None if is_null(node) else self._fields.column(node)

    def _after(self, root: Entries) -> tuple[str, ...]:
        names = list(self._fields.items(root, "after", like="[entity, entity]"))
        self._places.update((f"after {name.text}", (name.line, name.column)) for name in names)
        return tuple(name.text for name in names)

    # ---- columns and dimensions ----------------------------------------------------------------------------------------

    def _columns(self, root: Entries, record: type | None) -> dict[str, Expression]:
        node = self._fields.entries(root, "columns", like="{field: column, ...}")
        if node is None or record is None:
            return {}
        known = fields_of(record)
        filled = self._filled(node, known, record.__name__)
        for needed in (name for name, field in known.items() if field.required and node.key(name) is None):
            self._fields.fault(node, f"field {needed!r} of {record.__name__} must be filled")
        return filled

    def _filled(self, node: Entries, known: Mapping[str, FieldType], record: str) -> dict[str, Expression]:
        filled: dict[str, Expression] = {}
        for key, value in node.pairs:
            field = known.get(key.text)
            if field is None:
                names = tuple(name for name, type_ in known.items() if type_.kind is not Kind.DIMENSIONS)
                self._fields.fault(key, f"{record} has no field {key.text!r}", did_you_mean(key.text, names))
                continue
            self._places[key.text] = (key.line, key.column)
            expression = self._fields.expression(value, field)
            if expression is not None:
                filled[key.text] = expression
        return filled

    def _dimensions(self, root: Entries, record: type | None) -> dict[str, Expression]:
        node = self._fields.entries(root, "dimensions", like="{dimension: column, ...}")
        carries = record is not None and any(field.kind is Kind.DIMENSIONS for field in fields_of(record).values())
        if record is not None and not carries:
            for place in filter(None, map(root.key, ("dimensions", "custom_dimensions"))):
                self._fields.fault(place, f"{record.__name__} carries no pricing dimensions")
            return {}
        if node is None:
            return {}
        filled: dict[str, Expression] = {}
        for key, value in node.pairs:
            if not _DIMENSION.fullmatch(key.text):
                self._fields.fault(key, f"{key.text!r} is no dimension name", "role, organizational-unit, or the schema name in lower case")
                continue
            self._places[key.text] = (key.line, key.column)
            expression = self._fields.expression(value, FieldType(Kind.DIMENSION))
            if expression is not None:
                filled[key.text] = expression
        return filled


def _change_mode(word: str | None) -> ChangeMode:
    return next((mode for mode in CHANGES if mode == word), "full")


def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    by_lower = {word.lower(): word for word in known}
    hint = did_you_mean(name, tuple(by_lower))
    if hint is None:
        return f"one of: {', '.join(known)}"
    return next((hint.replace(repr(lower), repr(word)) for lower, word in by_lower.items() if repr(lower) in hint), hint)
