"""Every document any finance target has accepted, in order of arrival, doubles included."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from proforma.mock.values import Row, Value

RUN: Final = "mock-finance"
#: What a filter of either Microsoft system may say of a text, by its word.
COMPARISONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "eq": operator.eq, "ne": operator.ne, "ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt,
}  # fmt: skip


@dataclass(slots=True, kw_only=True, eq=False)
class Document:
    """An invoice as a target holds it. `polls`: how often its state was asked while it is being processed; `tag` grows with each change.

    `lines`: by number, where the target takes lines one by one; None where they came within the body.
    """

    sequence: int
    target: str
    id: str
    number: str
    reference: str
    key: str | None
    body: Mapping[str, Value]
    state: str
    received_at: str
    received_monotonic: float
    lines: dict[Decimal | None, Row] | None = None
    polls: int = 0
    tag: int = 1

    @property
    def whole(self) -> Row:
        """The body with its lines, in the order in which they came."""
        return dict(self.body) if self.lines is None else {**self.body, "lines": list(self.lines.values())}


@dataclass(slots=True)
class Documents:
    """The documents, oldest first, found by reference, key or id without a look at all others."""

    _all: dict[str, Document] = field(default_factory=dict)
    _by_reference: defaultdict[tuple[str, str], list[Document]] = field(default_factory=lambda: defaultdict(list))
    _by_key: defaultdict[tuple[str, str], list[Document]] = field(default_factory=lambda: defaultdict(list))
    _last: int = 0
    _undo: list[Callable[[], None]] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything as it was when the block raises; only what the block changed is looked at."""
        self._undo = []
        try:
            yield
        except BaseException:
            for step in reversed(self._undo):
                step()
            raise
        finally:
            self._undo = None

    # ---- changing --------------------------------------------------------------------------------------------------------

    def add(
        self,
        *,
        target: str,
        body: Mapping[str, Value],
        key: str | None,
        state: str,
        now: float,
        reference: str | None = None,
        lines: dict[Decimal | None, Row] | None = None,
    ) -> Document:
        """Keep a new document under the next number."""
        self._last += 1
        document = Document(
            sequence=self._last,
            target=target,
            id=str(uuid5(NAMESPACE_OID, f"{RUN}/{target}/{self._last}")),
            number=f"INV-{self._last:06d}",
            reference=str(body.get("reference")) if reference is None else reference,
            key=key,
            body=body,
            state=state,
            received_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            received_monotonic=now,
            lines=lines,
        )
        self._all[document.id] = document
        self._by_reference[target, document.reference.casefold()].append(document)
        self._by_key[target, key or ""].append(document)
        self._undone_by(lambda: self._take_back(document))
        return document

    def change(
        self, document: Document, *, body: Mapping[str, Value] | None = None, state: str | None = None, number: str | None = None
    ) -> None:
        """Another body, state or number; what is not said stays."""
        before = (document.body, document.state, document.number, document.tag)

        def undo() -> None:
            document.body, document.state, document.number, document.tag = before

        self._undone_by(undo)
        document.body = document.body if body is None else body
        document.state, document.number, document.tag = state or document.state, number or document.number, document.tag + 1

    def add_line(self, document: Document, number: Decimal | None, line: Row) -> None:
        """One more line, under a number that the document does not have yet."""
        lines = document.lines
        assert lines is not None, "documents of this target come whole"
        lines[number] = line
        document.tag += 1

        def undo() -> None:
            del lines[number]
            document.tag -= 1

        self._undone_by(undo)

    def remove(self, document: Document) -> None:
        """Somebody deleted it there."""
        self._forget(document)

    def clear(self) -> None:
        """Forget all of them."""
        self._all.clear()
        self._by_reference.clear()
        self._by_key.clear()
        self._last = 0

    def _undone_by(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def _take_back(self, document: Document) -> None:
        self._forget(document)
        self._last -= 1

    def _forget(self, document: Document) -> None:
        del self._all[document.id]
        self._by_reference[document.target, document.reference.casefold()].remove(document)
        self._by_key[document.target, document.key or ""].remove(document)

    # ---- finding ---------------------------------------------------------------------------------------------------------

    def of_target(self, target: str) -> list[Document]:
        """All documents of a target."""
        return [document for document in self._all.values() if document.target == target]

    def of(self, target: str, reference: str) -> list[Document]:
        """The documents of a target with exactly this reference."""
        return [document for document in self.like(target, reference) if document.reference == reference]

    def like(self, target: str, reference: str) -> list[Document]:
        """The documents of a target with this reference, whatever its case."""
        return list(self._by_reference.get((target, reference.casefold()), ()))

    def with_key(self, target: str, key: str) -> list[Document]:
        """The documents of a target that were made under this key."""
        return list(self._by_key.get((target, key), ()))

    def by_id(self, target: str, document_id: str) -> Document | None:
        """The document of a target with this id."""
        document = self._all.get(document_id)
        return document if document is not None and document.target == target else None

    def described(self) -> list[Value]:
        """The list that `/mock/finance/documents` shows."""
        return [
            {
                "sequence": d.sequence,
                "target": d.target,
                "id": d.id,
                "number": d.number,
                "reference": d.reference,
                "key": d.key,
                "state": d.state,
                "received_at": d.received_at,
                "body": d.whole,
            }
            for d in self._all.values()
        ]
