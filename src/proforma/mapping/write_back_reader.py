"""Reads one file of `mappings/write-back/`: gathers everything that is wrong with it, with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.records import Actual
from proforma.mapping.entities import EntityMapping, table_of
from proforma.mapping.expressions import reads_of
from proforma.mapping.faults import Fault, did_you_mean
from proforma.mapping.reading import KeyReader
from proforma.mapping.write_back import FACTS, SAYS, WRITTEN, Fact, ReadyAction, Say, Word, WriteBackMapping, WrittenColumn
from proforma.mapping.yaml_source import Entries, Node, Scalar, read_yaml

NEEDED: Final = ("write",)
ALLOWED: Final = ("columns", "ready")
READY_NEEDED: Final = ("action", "rows", "flag", "says")
#: States of which Dataverse can be told: an invoice that is only queued or on its way is nobody's news yet.
TOLD: Final = (
    PushStatus.SENT, PushStatus.ACCEPTED, PushStatus.POSTED, PushStatus.REFUSED, PushStatus.CONFLICT, PushStatus.PARKED,
    PushStatus.CANCELLED,
)  # fmt: skip
#: What the values of a fact may be; facts that are not here have any.
_WORDS: Final[Mapping[Fact, tuple[str, ...]]] = {"status": tuple(state.value for state in TOLD), "paid": ("yes", "no")}

_ENTITY: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
#: A column of one's own has the prefix of its publisher; those of the product are not ours to write (D-110, D-111).
_OWN_COLUMN: Final = re.compile(r"(?!msdyn)[a-z][a-z0-9]{1,7}_[a-z0-9_]{1,100}")


def read_write_back(path: Path, faults: list[Fault]) -> WriteBackMapping | None:
    """The mapping in a file, or None when anything is wrong with it; every fault is added to `faults`."""
    before = len(faults)
    root = read_yaml(path, faults)
    mapping = None if root is None else _WriteBackReader(path, faults).read(root)
    return mapping if len(faults) == before else None


class _WriteBackReader(KeyReader):
    def read(self, root: Node) -> WriteBackMapping | None:
        if not isinstance(root, Entries):
            self.fault(root, "a mapping file is a mapping of keys to values")
            return None
        self.check_keys(root, NEEDED, ALLOWED)
        entity = self.text(root, "write", form=_ENTITY, like="actual")
        columns, places = self._columns(root)
        ready = self._ready(root)
        if not columns and ready is None:
            self.fault(root, "nothing is written back", "name columns, or take the file away")
        if entity is None:
            return None
        return WriteBackMapping(
            entity=entity,
            columns=MappingProxyType(columns),
            ready=ready,
            source=self.path,
            places=MappingProxyType({**places, "write": self._place(root, "write"), "ready": self._place(root, "ready")}),
        )

    def _place(self, node: Entries, key: str) -> tuple[int, int]:
        found = node.key(key)
        return (1, 1) if found is None else (found.line, found.column)

    def _columns(self, root: Entries) -> tuple[dict[str, WrittenColumn], dict[str, tuple[int, int]]]:
        given = self.entries(root, "columns", like="{contoso_financenumber: number}")
        columns: dict[str, WrittenColumn] = {}
        places: dict[str, tuple[int, int]] = {}
        for key, value in () if given is None else given.pairs:
            places[key.text] = (key.line, key.column)
            if not _OWN_COLUMN.fullmatch(key.text):
                hint = "name a column that you have added, with your publisher's prefix, such as contoso_financenumber"
                self.fault(key, f"{key.text!r} is no column of your own: nothing else is written back", hint)
            elif (column := self._column(value)) is not None:
                columns[key.text] = column
        return columns, places

    def _column(self, node: Node) -> WrittenColumn | None:
        if isinstance(node, Entries):
            self.check_keys(node, ("fact", "values"), (), where=" in a written column")
            fact, words = self._fact(node.get("fact") or node), self._words(node)
            if fact is None or words is None:
                return None
            self._check_words(node, fact, words)
            return WrittenColumn(fact=fact, words=MappingProxyType(words))
        fact = self._fact(node)
        return None if fact is None else WrittenColumn(fact=fact)

    def _fact(self, node: Node) -> Fact | None:
        text = node.text if isinstance(node, Scalar) else ""
        fact = next((fact for fact in FACTS if fact == text), None)
        if fact is None:
            self.fault(node, f"a column is filled with one of: {', '.join(FACTS)}", did_you_mean(text, FACTS))
        return fact

    def _words(self, node: Entries) -> dict[str, Word] | None:
        given = self.entries(node, "values", like="{accepted: 1, posted: 2}")
        words: dict[str, Word] = {}
        for key, value in () if given is None else given.pairs:
            if isinstance(value, Scalar) and isinstance(value.value, str | int | bool):
                words[key.text] = value.value
            else:
                self.fault(value, f"{key.text!r} is written as a text, a whole number, or true or false")
        return words or None

    def _check_words(self, node: Entries, fact: Fact, words: Mapping[str, Word]) -> None:
        given = node.get("values")
        known = _WORDS.get(fact)
        for key, _ in given.pairs if known is not None and isinstance(given, Entries) else ():
            if known is not None and key.text not in known:
                self.fault(key, f"{key.text!r} is no {fact}: it is one of {', '.join(known)}", did_you_mean(key.text, known))

    def _ready(self, root: Entries) -> ReadyAction | None:
        node = self.entries(root, "ready", like="{action: msdyn_MarkActualReadyToInvoiceOrNot, rows: …, flag: …, says: [marks]}")
        if node is None or not self.check_keys(node, READY_NEEDED, (), where=" in 'ready'"):
            return None
        action, rows, flag = (self.text(node, key, form=_NAME, like="ActualIds") for key in ("action", "rows", "flag"))
        says: set[Say] = set()
        for item in self.items(node, "says", like="[marks, billed]"):
            word = next((word for word in SAYS if word == item.text), None)
            if word is None:
                self.fault(item, f"{item.text!r} says nothing: write one of {', '.join(SAYS)}", did_you_mean(item.text, SAYS))
            else:
                says.add(word)
        if not says or action is None or rows is None or flag is None:
            return None
        return ReadyAction(action=action, rows=rows, flag=flag, says=frozenset(says))


def write_back_faults(mapping: WriteBackMapping, entities: Mapping[str, EntityMapping]) -> Iterator[Fault]:
    """What does not fit the entities that are read."""
    entity = entities.get(mapping.entity)
    place = mapping.places["write"]
    if entity is None:
        yield Fault(mapping.source, *place, f"there is no entity {mapping.entity!r}", did_you_mean(mapping.entity, tuple(entities)))
        return
    if entity.record not in WRITTEN:
        known = ", ".join(sorted(name for name, other in entities.items() if other.record in WRITTEN))
        yield Fault(mapping.source, *place, f"invoices have nothing to tell the rows of {mapping.entity!r}", f"write one of: {known}")
    if mapping.ready is not None and (entity.record is not Actual or table_of(entity, "billing_status") is None):
        yield Fault(mapping.source, *mapping.places["ready"], "only actuals whose billing_status is mapped by values are marked ready")
    read = {read.column for filled in (*entity.columns.values(), *entity.dimensions.values()) for read in reads_of(filled)}
    for column in mapping.columns:
        if column in read:
            message = f"{column!r} is read by mappings/dataverse: what we wrote would come back as if somebody had said it"
            yield Fault(mapping.source, *mapping.places[column], message)
