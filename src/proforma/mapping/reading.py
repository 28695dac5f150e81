"""Reads single keys of a mapping file, noting what is wrong and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from proforma.mapping.faults import Fault, did_you_mean
from proforma.mapping.yaml_source import Entries, Items, Node, Scalar


class KeyReader:
    """Every answer is checked; where a key is missing or wrong the answer is the usual value, and a wrong one is a fault."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        self.path = path
        self._faults = faults

    def fault(self, node: Node, message: str, hint: str | None = None) -> None:
        """Note a mistake at the place of a node."""
        self._faults.append(Fault(self.path, node.line, node.column, message, hint))

    def check_keys(self, node: Entries, needed: Sequence[str], allowed: Sequence[str], *, where: str = "") -> bool:
        """Whether all needed keys are there and no unknown ones."""
        known, right = (*needed, *allowed), True
        for key, _ in node.pairs:
            if key.text not in known:
                self.fault(key, f"unknown key {key.text!r}{where}", did_you_mean(key.text, known))
                right = False
        for key_needed in needed:
            if node.key(key_needed) is None:
                self.fault(node, f"the key {key_needed!r} is missing{where}")
                right = False
        return right

    def flag(self, node: Entries, key: str) -> bool:
        """True or false; false where the key is missing."""
        given = node.get(key)
        if given is None:
            return False
        if isinstance(given, Scalar) and isinstance(given.value, bool):
            return given.value
        self.fault(given, f"{key!r} is true or false")
        return False

    def text(self, node: Entries, key: str, *, form: re.Pattern[str] | None = None, like: str | None = None) -> str | None:
        """Text, of a form where one is asked; an explicit null is a missing key."""
        given = node.get(key)
        if given is None or is_null(given):
            return None
        if isinstance(given, Scalar) and isinstance(given.value, str) and (form is None or form.fullmatch(given.value)):
            return given.value
        self.fault(given, f"{key!r} is text like {like!r}" if like else f"{key!r} is text", None if like else "put it in quotes")
        return None

    def whole(self, node: Entries, key: str, *, usual: int, least: int = 0) -> int:
        """A whole number of at least `least`."""
        given = node.get(key)
        if given is None:
            return usual
        if isinstance(given, Scalar) and isinstance(given.value, int) and not isinstance(given.value, bool) and given.value >= least:
            return given.value
        self.fault(given, f"{key!r} is a whole number of at least {least}")
        return usual

    def choice(self, node: Entries, key: str, choices: Sequence[str]) -> str | None:
        """One of a closed list of words."""
        given = node.get(key)
        if given is None:
            return None
        if isinstance(given, Scalar) and given.text in choices:
            return given.text
        text = given.text if isinstance(given, Scalar) else ""
        self.fault(given, f"{key!r} is one of: {', '.join(choices)}", did_you_mean(text, choices) if len(choices) > 12 else None)
        return None

    def entries(self, node: Entries, key: str, *, like: str) -> Entries | None:
        """A mapping below a key."""
        given = node.get(key)
        if given is None or isinstance(given, Entries):
            return given
        self.fault(given, f"{key!r} is a mapping: {like}")
        return None

    def items(self, node: Entries, key: str, *, like: str) -> Iterator[Scalar]:
        """The single values of a list below a key; anything else is a fault."""
        given = node.get(key)
        if given is None:
            return
        if not isinstance(given, Items):
            self.fault(given, f"{key!r} is a list: {like}")
            return
        for item in given.nodes:
            if isinstance(item, Scalar) and item.value is not None:
                yield item
            else:
                self.fault(item, f"{key!r} is a list: {like}")


def is_null(node: Node) -> bool:
    """Whether a node is an explicit nothing."""
    return isinstance(node, Scalar) and node.value is None
