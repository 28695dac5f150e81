"""Changes the text of a mapping file: names and options alone, everything else stays as a person wrote it, comments and layout too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proforma.mapping.faults import Fault, MappingError
from proforma.mapping.yaml_source import Entries, Items, Node, Scalar, parse_yaml

#: Keys of a file that name something of the environment.
_HEADS: Final = ("set", "table", "key", "version", "modified", "ranges")
#: Keys below which texts are no columns.
_NO_COLUMNS: Final = frozenset({"values", "constant", "equals", "default", "other", "separator", "transform"})


@dataclass(frozen=True, slots=True)
class Rename:
    """Another name of the environment for one that the file uses. `head`: only in this key at the top; else wherever a column stands."""

    old: str
    new: str
    head: str | None = None


@dataclass(frozen=True, slots=True)
class NewOption:
    """A word for a number of a choice, beside the words that its table has."""

    column: str
    number: int
    word: str


@dataclass(frozen=True, slots=True, order=True)
class _Cut:
    """Characters from `start` to `end` of the text that give way to `text`."""

    start: int
    end: int
    text: str


def edited(path: Path, renames: Sequence[Rename], options: Sequence[NewOption]) -> str:
    """The file's text with the changes made. Raises MappingError when it cannot be read as YAML."""
    data = path.read_bytes()
    faults: list[Fault] = []
    root = parse_yaml(data, path, faults)
    if not isinstance(root, Entries):
        raise MappingError(faults or [Fault(path, 1, 1, "a mapping file is a mapping of keys to values")])
    text = data.decode("utf-8-sig")
    places = _Places(text)
    cuts = {cut for rename in renames for cut in _renamed(root, rename, places)}
    cuts |= {cut for option in options for cut in _added(root, option, places)}
    for cut in sorted(cuts, reverse=True):
        text = text[: cut.start] + cut.text + text[cut.end :]
    return text


class _Places:
    """Offsets of lines and columns, which count from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def at(self, node: Node) -> int:
        return self._starts[node.line - 1] + node.column - 1

    def line_end(self, node: Node) -> int:
        """Where the line after the node's begins."""
        return self._starts[node.line] if node.line < len(self._starts) else len(self.text)

    def token(self, scalar: Scalar) -> tuple[int, int]:
        """From the first to behind the last character of a scalar's text, without quotation marks."""
        start = self.at(scalar)
        start += self.text[start] in "'\""
        return start, start + len(scalar.text)


def _renamed(root: Entries, rename: Rename, places: _Places) -> Iterator[_Cut]:
    for scalar in _named(root, rename.head):
        start, end = places.token(scalar)
        if scalar.text == rename.old and places.text[start:end] == rename.old:
            yield _Cut(start, end, rename.new)


def _named(root: Entries, head: str | None) -> Iterator[Scalar]:
    """The scalars that may name a column, or the one of a key at the top."""
    for key in _HEADS if head is None else (head,):
        if isinstance(node := root.get(key), Scalar):
            yield node
    if head is None:
        for key in ("columns", "dimensions"):
            yield from _columns(root.get(key))


def _columns(node: Node | None) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Items(nodes=nodes):
            for inner in nodes:
                yield from _columns(inner)
        case Entries(pairs=pairs):
            for key, inner in pairs:
                if key.text not in _NO_COLUMNS:
                    yield from _columns(inner)
        case None:
            return


def _added(root: Entries, option: NewOption, places: _Places) -> Iterator[_Cut]:
    for table in _tables(root, option.column):
        if any(key.text == str(option.number) for key, _ in table.pairs) or not table.pairs:
            continue
        key, value = table.pairs[-1]
        entry = f"{option.number}: {option.word}"
        if places.text[places.at(table)] == "{" and isinstance(value, Scalar):
            end = places.token(value)[1] + (places.text[places.at(value)] in "'\"")
            yield _Cut(end, end, f", {entry}")
        else:
            end = places.line_end(value)
            before = "" if places.text[:end].endswith("\n") else "\n"
            yield _Cut(end, end, f"{before}{' ' * (key.column - 1)}{entry}\n")


def _tables(root: Entries, column: str) -> Iterator[Entries]:
    """The tables from numbers to words of a column."""
    fields: Mapping[str, Node] = {}
    if isinstance(columns := root.get("columns"), Entries):
        fields = {key.text: node for key, node in columns.pairs}
    for node in fields.values():
        if isinstance(node, Entries) and isinstance(named := node.get("column"), Scalar) and named.text == column:
            table = node.get("values")
            if isinstance(table, Entries):
                yield table
