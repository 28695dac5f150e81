"""The configuration file as plain values, with the place of every key for messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proforma.domain.errors import ConfigurationError
from proforma.mapping.faults import Fault
from proforma.mapping.yaml_source import Entries, Items, Node, read_yaml


@dataclass(frozen=True, slots=True)
class Document:
    """Values, and the line of each key by its path; of those that the environment has overruled, the variable."""

    path: Path
    data: dict[str, Any]
    lines: dict[tuple[str, ...], int]
    variables: dict[tuple[str, ...], str] = field(default_factory=dict)

    def line(self, path: tuple[str, ...]) -> int | None:
        """The line of a key, None when its value does not stand in the file."""
        return None if path in self.variables else self.lines.get(path)

    def where(self, path: tuple[str, ...]) -> str:
        """file:line of a key, or of the nearest section around it; the variable of one that the environment overrules."""
        if path in self.variables:
            return f"the environment variable {self.variables[path]}"
        for length in range(len(path), 0, -1):
            if (line := self.lines.get(path[:length])) is not None:
                return f"{self.path}:{line}"
        return str(self.path)


def read_document(path: Path) -> Document:
    """Reads the file. Raises ConfigurationError with every fault of its YAML, each with line and column."""
    faults: list[Fault] = []
    node = read_yaml(path, faults)
    if node is not None and not isinstance(node, Entries):
        faults.append(Fault(path, node.line, node.column, "must be a mapping of keys and values"))
    if faults:
        raise ConfigurationError("\n".join(str(fault) for fault in faults))
    lines: dict[tuple[str, ...], int] = {}
    data = _plain(node, (), lines) if node is not None else {}
    return Document(path, data, lines)


def _plain(node: Node, path: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> Any:
    if isinstance(node, Entries):
        result = {}
        for key, value in node.pairs:
            here = (*path, key.text)
            lines[here] = key.line
            result[key.text] = _plain(value, here, lines)
        return result
    if isinstance(node, Items):
        return [_plain(item, (*path, str(index)), lines) for index, item in enumerate(node.nodes)]
    return node.value
