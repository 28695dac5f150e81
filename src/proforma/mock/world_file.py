"""Reading a world from YAML or JSON, plain or gzipped, with the place of every mistake."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from proforma.mock.values import Value, decode
from proforma.mock.world import WorldError

YAML_BYTES_MAX: Final = 32 * 1024 * 1024
JSON_BYTES_MAX: Final = 1024 * 1024 * 1024
_DEPTH_MAX: Final = 50
_TAG: Final = "tag:yaml.org,2002:"


def read_world(path: Path) -> dict[str, Value]:
    """The document of a world file, unchecked against any schema; numbers with a fraction are Decimals.

    The name decides the format: `.json` and `.json.gz` are JSON, everything else is YAML. Raises `WorldError`
    with file and line.
    """
    text = _bytes(path)
    name = path.name.removesuffix(".gz")
    document = _from_json(path, text) if name.endswith(".json") else _from_yaml(path, text)
    if not isinstance(document, dict):
        raise WorldError(f"{path}:1: expected entity set → list of rows at the top")
    return document


def _bytes(path: Path) -> bytes:
    limit = JSON_BYTES_MAX if ".json" in path.suffixes else YAML_BYTES_MAX
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            text = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as problem:
        raise WorldError(f"{path}: cannot be read: {getattr(problem, 'strerror', None) or problem}") from problem
    if len(text) > limit:
        raise WorldError(f"{path}: larger than {limit // 1024**2} MiB; use JSON for a large world")
    return text


def _from_json(path: Path, text: bytes) -> Value:
    try:
        document = decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        found = re.search(r"\(byte (\d+)\)", str(problem))
        line = text.count(b"\n", 0, int(found[1])) + 1 if found else 1
        raise WorldError(f"{path}:{line}: not JSON: {problem}") from problem
    for name, number, found_row in _strangers(document):
        raise WorldError(f"{path}: {name}[{number}]: expected a row (column: value), found {found_row!r}")
    return document


def _strangers(document: Value) -> Iterator[tuple[str, int, Value]]:
    """Whatever stands where a row should."""
    for name, rows in document.items() if isinstance(document, dict) else ():
        if isinstance(rows, list) and not name.startswith("$"):
            yield from ((name, number, row) for number, row in enumerate(rows) if not isinstance(row, dict))


def _from_yaml(path: Path, text: bytes) -> Value:
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        raise WorldError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {problem.problem}") from problem
    except (YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise WorldError(f"{path}:1: not YAML: {problem}") from problem
    if node is None:
        return {}
    _check_shape(path, node)
    return _Reader(path).value(node, 0)


def _check_shape(path: Path, node: Node) -> None:
    """A mapping of lists of mappings, apart from settings; the line of the first that is not."""
    if not isinstance(node, MappingNode):
        raise WorldError(f"{path}:{_line(node)}: expected entity set → list of rows at the top")
    for key, rows in node.value:
        if str(key.value).startswith("$") or rows.tag == _TAG + "null":
            continue
        if not isinstance(rows, SequenceNode):
            raise WorldError(f"{path}:{_line(rows)}: {key.value}: expected a list of rows")
        for row in rows.value:
            if not isinstance(row, MappingNode):
                raise WorldError(f"{path}:{_line(row)}: {key.value}: expected a row (column: value)")


class _Reader:
    """Turns nodes into values: fractions exact, dates as the text they are, no alias, no tag."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: set[int] = set()

    def value(self, node: Node, depth: int) -> Value:
        """The value of a node and of everything below it."""
        if depth > _DEPTH_MAX:
            raise self._error(node, f"nested more than {_DEPTH_MAX} deep")
        if id(node) in self._seen:
            raise self._error(node, "aliases (*name) are not allowed in a world")
        self._seen.add(id(node))
        if not str(node.tag).startswith(_TAG):
            raise self._error(node, f"the tag {node.tag} is not allowed in a world")
        if isinstance(node, MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, depth: int) -> Value:
        result: dict[str, Value] = {}
        for key, item in node.value:
            if not isinstance(key, ScalarNode) or key.tag == _TAG + "merge":
                raise self._error(key, "a name must be plain text")
            if key.value in result:
                raise self._error(key, f"{key.value!r} stands here a second time")
            result[str(key.value)] = self.value(item, depth + 1)
        return result

    def _scalar(self, node: Node) -> Value:
        text = str(node.value)
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in ("str", "timestamp"):
            return text
        if kind in ("int", "float"):
            return self._number(node, text)
        raise self._error(node, f"the tag {node.tag} is not allowed in a world")

    def _number(self, node: Node, text: str) -> Value:
        plain = text.replace("_", "")
        if re.fullmatch(r"[-+]?\d+", plain):
            return int(plain)
        if re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?", plain):
            return Decimal(plain)
        raise self._error(node, f"{text} is no decimal number: write it in quotes to keep it as text")

    def _error(self, node: Node, reason: str) -> WorldError:
        return WorldError(f"{self._path}:{_line(node)}: {reason}")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
