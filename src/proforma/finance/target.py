"""The protocol of a finance target, and what its answers mean (F-75, F-83, F-87)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from proforma.domain.codes import PushStatus
from proforma.finance.document import FinanceDocument


class Guarantee(StrEnum):
    """How a target lets one document be created once, best first (F-75)."""

    IDEMPOTENCY_KEY = "idempotency-key"
    UPSERT = "upsert"
    FIND_FIRST = "find-first"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document as the target has it; figures it does not tell are None and not compared."""

    reference: str | None
    external_id: str | None
    number: str | None
    state: PushStatus
    customer: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    lines: int | None = None
    digest: str | None = None

    def differs_from(self, document: FinanceDocument) -> tuple[str, ...]:
        """What differs between the target's document and ours, in words; empty means it is ours (F-87)."""
        pairs = {
            "reference": (self.reference, document.reference),
            "customer": (self.customer, document.customer),
            "currency": (self.currency, document.currency),
            "total": (self.total, document.total),
            "number of lines": (self.lines, document.lines),
            "digest": (self.digest, document.digest),
        }
        return tuple(
            f"{name}: finance has {theirs}, we sent {ours}"
            for name, (theirs, ours) in pairs.items()
            if theirs is not None and theirs != ours
        )


class TargetRefusedError(Exception):
    """The target says no to this document and will say so again; `message` is its own explanation, for a person (F-77)."""

    def __init__(self, message: str, *, exists: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.exists = exists


class Target(Protocol):
    """A finance system. TransportError of `proforma.transport` passes through: `doubtful` on it means a document may exist."""

    @property
    def name(self) -> str:
        """Name in the configuration."""

    @property
    def guarantee(self) -> Guarantee:
        """How it lets one document be created once."""

    @property
    def can_be_asked(self) -> bool:
        """Whether a document can be looked up by its reference."""

    @property
    def repeatable_for(self) -> timedelta:
        """How long after the first sending the same document may be sent again without a second one coming to be (F-76)."""

    def find(self, reference: str) -> tuple[Found, ...]:
        """The documents with this reference, strongly consistent (F-85). Only a definite "none" is empty: failures raise (F-86)."""

    def create(self, document: FinanceDocument) -> Found:
        """Creates the document. Raises TargetRefusedError; `exists` when the target says that the reference is taken."""

    def close(self) -> None:
        """Gives connections back."""
