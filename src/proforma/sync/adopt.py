"""Proposes what to change in the mapping files so that they fit an environment, as a diff to read before anything is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from proforma.mapping import EntityMapping, Mappings, NewOption, Rename, edited, load_mappings, words_of
from proforma.sync.live_check import Difference, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The new text of each file that changes, and what only a person can decide."""

    folder: Path
    texts: Mapping[Path, str]
    asks: tuple[str, ...]

    def diff(self) -> str:
        """A unified diff of all files, with paths relative to the folder of the mappings."""
        return "".join(self._diffs())

    def _diffs(self) -> Iterator[str]:
        for path, text in sorted(self.texts.items()):
            name = path.relative_to(self.folder).as_posix()
            before = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
            yield from unified_diff(before, text.splitlines(keepends=True), f"a/{name}", f"b/{name}")

    def check(self) -> None:
        """Raises MappingError when the changed files would not load; nothing has been written then."""
        with tempfile.TemporaryDirectory() as temporary:
            copy = Path(temporary) / "mappings"
            shutil.copytree(self.folder, copy)
            for path, text in self.texts.items():
                (copy / path.relative_to(self.folder)).write_text(text, encoding="utf-8")
            load_mappings(copy)

    def write(self) -> None:
        """Changes the files."""
        for path, text in self.texts.items():
            path.write_text(text, encoding="utf-8")


def propose(mappings: Mappings, differences: Iterable[Difference], folder: Path) -> Proposal:
    """What follows from the differences: names and options that are certain go into the files, the rest is asked."""
    by_entity: dict[str, list[Difference]] = {}
    for difference in differences:
        by_entity.setdefault(difference.entity, []).append(difference)
    texts: dict[Path, str] = {}
    asks: list[str] = []
    for entity, found in by_entity.items():
        mapping = mappings.entities[entity]
        texts[mapping.source] = edited(mapping.source, list(_renames(mapping, found)), list(_options(found)))
        asks += [
            _ask(mappings, difference) for difference in found if difference.instead is None and difference.weight is not Weight.REMARK
        ]
    changed = {path: text for path, text in texts.items() if text != path.read_text(encoding="utf-8-sig")}
    return Proposal(folder=folder, texts=changed, asks=tuple(asks))


def _renames(mapping: EntityMapping, found: Sequence[Difference]) -> Iterator[Rename]:
    for difference in found:
        if difference.instead is None or difference.kind == "new-option":
            continue
        heads = {difference.kind: difference.instead} if difference.kind in ("table", "set", "key") else {}
        heads |= {name: new for name, new in difference.heads if new is not None}
        old = {"table": mapping.table, "set": mapping.entity_set, "key": mapping.key}
        yield from (Rename(old[name], new, name) for name, new in heads.items())
        if "key" in heads:
            # The column of the row's own id carries the same name.
            yield Rename(mapping.key, heads["key"])
        if not heads:
            yield Rename(difference.name, difference.instead)


def _options(found: Sequence[Difference]) -> Iterator[NewOption]:
    for difference in found:
        if difference.kind == "new-option" and difference.instead is not None:
            column, _, number = difference.name.rpartition("=")
            yield NewOption(column, int(number), difference.instead)


def _ask(mappings: Mappings, difference: Difference) -> str:
    if difference.kind != "new-option":
        return str(difference)
    column, _, number = difference.name.rpartition("=")
    words = ", ".join(words_of(mappings.entities[difference.entity], column))
    return f"{difference}: add `{number}: WORD`" + (f", one of {words}" if words else "")
