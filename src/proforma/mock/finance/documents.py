"""Every document any finance target has accepted, in order of arrival, doubles included."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from proforma.mock.values import Value

RUN: Final = "mock-finance"
#: What a filter of either Microsoft system may say of a text, by its word.
COMPARISONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "eq": operator.eq, "ne": operator.ne, "ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt,
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Document:
    """An invoice as a target holds it. `polls`: how often its state was asked while it is being processed; `tag` grows with each change."""

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
    polls: int = 0
    tag: int = 1


@dataclass(slots=True)
class Documents:
    """The documents, oldest first."""

    documents: list[Document] = field(default_factory=list)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything as it was when the block raises."""
        before = [(document, replace(document)) for document in self.documents]
        try:
            yield
        except BaseException:
            self.documents[:] = [document for document, _ in before]
            for document, was in before:
                for name in ("number", "body", "state", "tag"):
                    setattr(document, name, getattr(was, name))
            raise

    def add(
        self, *, target: str, body: Mapping[str, Value], key: str | None, state: str, now: float, reference: str | None = None
    ) -> Document:
        """Keep a new document under the next number."""
        sequence = len(self.documents) + 1
        document = Document(
            sequence=sequence,
            target=target,
            id=str(uuid5(NAMESPACE_OID, f"{RUN}/{target}/{sequence}")),
            number=f"INV-{sequence:06d}",
            reference=str(body.get("reference")) if reference is None else reference,
            key=key,
            body=body,
            state=state,
            received_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            received_monotonic=now,
        )
        self.documents.append(document)
        return document

    def of(self, target: str, reference: str) -> list[Document]:
        """The documents of a target with this reference."""
        return [d for d in self.documents if d.target == target and d.reference == reference]

    def by_id(self, target: str, document_id: str) -> Document | None:
        """The document of a target with this id."""
        return next((d for d in self.documents if d.target == target and d.id == document_id), None)

    def clear(self) -> None:
        """Forget all of them."""
        self.documents.clear()

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
                "body": dict(d.body),
            }
            for d in self.documents
        ]
