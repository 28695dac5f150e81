"""Reads the key `body` of a finance mapping into a template (F-79)."""

from __future__ import annotations

import re
from typing import Final, Literal

from proforma.mapping.body import WORDS, Each, From, Listed, Literally, Members, Template, Value, When
from proforma.mapping.reading import KeyReader
from proforma.mapping.yaml_source import Entries, Items, Node, Scalar

WRITTEN: Final = ("number", "text")
_POINTER: Final = re.compile(r"(/[^/]*)+")
_KEYS: Final = {
    "from": ("as", "length", "default"),
    "absolute": ("as", "default"),
    "each": ("item",),
    "when": ("is",),
}


class BodyReader(KeyReader):
    """Reads one file's `body`."""

    def body(self, root: Entries) -> Template | None:
        """The template, None where there is none."""
        node = self.entries(root, "body", like="{Reference: {from: /reference}}")
        return None if node is None else self._template(node)

    def _template(self, node: Node) -> Template:
        if isinstance(node, Items):
            return Listed(tuple(self._template(item) for item in node.nodes))
        if not isinstance(node, Entries):
            return Literally(_value(node))
        word = next((word for word in WORDS if node.get(word) is not None), None)
        if word is None:
            return Members({key.text: self._template(value) for key, value in node.pairs})
        self.check_keys(node, (word,), _KEYS[word], where=f" beside {word!r}")
        pointer = self.text(node, word, form=_POINTER, like="/reference") or "/"
        if word == "each":
            return Each(pointer, self._template(node.get("item") or node.get(word) or node))
        if word == "when":
            words = self.entries(node, "is", like="{invoice: A, credit: B}")
            return When(pointer, {} if words is None else {key.text: _value(value) for key, value in words.pairs})
        return self._from(node, word, pointer)

    def _from(self, node: Entries, word: str, pointer: str) -> From:
        chosen = self.choice(node, "as", WRITTEN)
        written: Literal["as-is", "number", "text"] = "number" if chosen == "number" else "text" if chosen == "text" else "as-is"
        length = self.whole(node, "length", usual=0, least=1)
        default = node.get("default")
        return From(
            pointer,
            written=written,
            absolute=word == "absolute",
            length=length or None,
            default=None if default is None else _value(default),
        )


def _value(node: Node) -> Value:
    return node.value if isinstance(node, Scalar) else None
