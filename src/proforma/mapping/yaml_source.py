"""YAML as mapping files may use it: plain mappings, lists and values, each with its place in the file.

A subset on purpose: no aliases, anchors, merge keys, tags, directives or second documents, so that a small file stays small
when it is read and says only what stands there. YAML 1.2: `NO` is a word, `true` and `false` are the only booleans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from proforma.mapping.faults import Fault

BYTES_MAX: Final = 1 << 20
DEPTH_MAX: Final = 16

Plain: TypeAlias = "str | int | bool | Decimal | None"

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]{1,40}\.[0-9]{1,40}")
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `text` is how it is written."""

    value: Plain
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    nodes: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping: keys in the order of the file, none twice."""

    pairs: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        """The key itself, for its place."""
        return next((name for name, _ in self.pairs if name.text == key), None)


Node: TypeAlias = "Scalar | Items | Entries"


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read; in a mapping keys and values alternate."""

    is_mapping: bool
    line: int
    column: int
    nodes: list[Node] = field(default_factory=list)


def read_yaml(path: Path, faults: list[Fault]) -> Node | None:
    """The content of a YAML file, None when it cannot be read; everything wrong with it is added to `faults`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES_MAX + 1)
    except OSError as error:
        faults.append(Fault(path, 1, 1, f"cannot be read: {error.strerror}"))
        return None
    return parse_yaml(data, path, faults)


def parse_yaml(data: bytes, path: Path, faults: list[Fault], *, bytes_max: int = BYTES_MAX) -> Node | None:
    """As `read_yaml`, from the bytes of the file."""
    if len(data) > bytes_max:
        faults.append(Fault(path, 1, 1, f"is larger than {bytes_max} bytes", "split it into one file an entity"))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault(path, line, error.start - data.rfind(b"\n", 0, error.start), "is not UTF-8", "save the file as UTF-8"))
        return None
    builder = _Builder(path, faults)
    try:
        return builder.build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        faults.append(Fault(path, line, column, f"is not YAML: {error.problem or error.context}"))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        faults.append(Fault(path, line, error.position - text.rfind("\n", 0, error.position), "holds a character that YAML forbids"))
    except (YAMLError, ValueError, RecursionError) as error:
        faults.append(Fault(path, 1, 1, f"is not YAML: {error}"))
    return None


class _TooDeepError(Exception):
    """Nesting went past the limit; what follows is not worth reading."""


class _Builder:
    """Builds nodes from the parser's events without recursion, so that depth costs nothing before it is refused."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        self._path = path
        self._faults = faults
        self._open: list[_Open] = []
        self._documents = 0
        self._root: Node | None = None

    def build(self, events: Iterator[Event]) -> Node | None:
        try:
            for event in events:
                self._take(event)
        except _TooDeepError:
            return None
        if self._root is None and self._documents == 0:
            self._faults.append(Fault(self._path, 1, 1, "is empty"))
        return self._root

    def _take(self, event: Event) -> None:
        match event:
            case DocumentStartEvent():
                self._documents += 1
                self._refuse_if(event, self._documents > 1, "a second document", "one file, one document")
                self._refuse_if(event, bool(event.version or event.tags), "a directive", "remove the line above that starts with %")
            case MappingStartEvent() | SequenceStartEvent():
                self._check_marks(event)
                self._push(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._add(self._closed(self._open.pop()))
            case AliasEvent():
                self._fault(event, f"alias *{event.anchor}: aliases are not used in mapping files", "write the value out")
                self._add(Scalar(None, "", *self._place(event)))
            case ScalarEvent():
                self._check_marks(event)
                self._add(_scalar(event, *self._place(event)))
            case _:
                pass

    def _push(self, event: Any) -> None:
        if len(self._open) >= DEPTH_MAX:
            self._fault(event, f"is nested deeper than {DEPTH_MAX} levels")
            raise _TooDeepError
        self._open.append(_Open(isinstance(event, MappingStartEvent), *self._place(event)))

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1].nodes.append(node)
        elif self._root is None:
            self._root = node

    def _closed(self, done: _Open) -> Node:
        if not done.is_mapping:
            return Items(tuple(done.nodes), done.line, done.column)
        seen: dict[Plain, int] = {}
        pairs: list[tuple[Scalar, Node]] = []
        for key, value in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._faults.append(Fault(self._path, key.line, key.column, "a key must be a single word"))
            elif key.text == "<<":
                self._at(key, "merge key <<: not used in mapping files", "write the keys out")
            elif key.value in seen:
                self._at(key, f"key {key.text!r} stands here a second time", f"first in line {seen[key.value]}")
            else:
                seen[key.value] = key.line
                pairs.append((key, _beside(key, value)))
        return Entries(tuple(pairs), done.line, done.column)

    def _check_marks(self, event: Any) -> None:
        if event.anchor is not None:
            self._fault(event, f"anchor &{event.anchor}: anchors are not used in mapping files", "write the value out where it is needed")
        if event.tag is not None:
            self._fault(event, f"tag {event.tag}: tags are not used in mapping files", "remove it; quote the value if it is text")

    def _refuse_if(self, event: Any, wrong: bool, what: str, hint: str) -> None:
        if wrong:
            self._fault(event, f"{what} is not used in mapping files", hint)

    def _fault(self, event: Any, message: str, hint: str | None = None) -> None:
        self._faults.append(Fault(self._path, *self._place(event), message, hint))

    def _at(self, node: Node, message: str, hint: str | None = None) -> None:
        self._faults.append(Fault(self._path, node.line, node.column, message, hint))

    @staticmethod
    def _place(event: Any) -> tuple[int, int]:
        return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar(event: Any, line: int, column: int) -> Scalar:
    text = str(event.value)
    return Scalar(text if event.style else _plain(text), text, line, column)


def _beside(key: Scalar, value: Node) -> Node:
    """An empty value has its place where the next thing begins; a person looks for it at its key."""
    return Scalar(None, "", key.line, key.column) if isinstance(value, Scalar) and not value.text and value.value is None else value


def _plain(text: str) -> Plain:
    """An unquoted value: the core schema of YAML 1.2, decimals exact, without octal, hexadecimal or exponent forms."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
