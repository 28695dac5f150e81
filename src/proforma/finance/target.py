"""The protocol of a finance target, and what its answers mean (F-75, F-83, F-87)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from proforma.domain.codes import KeyKind, PushStatus
from proforma.domain.invoices import ReadBack
from proforma.finance.document import FinanceDocument
from proforma.finance.questions import Question


class Guarantee(StrEnum):
    """How a target lets one document be created once, best first (F-75). With its own key it refuses a second one by itself (F-30)."""

    OWN_KEY = "own-key"
    IDEMPOTENCY_KEY = "idempotency-key"
    UPSERT = "upsert"
    FIND_FIRST = "find-first"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document as the target has it; figures it does not tell are None and not compared.

    `complete` is False while steps are missing: lines not all there, not yet posted though it should be. `total` is without tax;
    `line_amounts`, in order, where the target tells them. `posted_on`, `tax`, `total_with_tax` and `remaining` are read back after
    posting (F-90). `invoice_date` tells documents apart whose reference is not known (`proforma.sync.adoption`).
    `tag` names the state that was seen: who changes the document only if it is still that one sends it along.
    """

    reference: str | None
    external_id: str | None
    number: str | None
    state: PushStatus
    customer: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    lines: int | None = None
    line_amounts: tuple[Decimal, ...] | None = None
    digest: str | None = None
    complete: bool = True
    message: str | None = None
    request_id: str | None = None
    posted_on: date | None = None
    tax: Decimal | None = None
    remaining: Decimal | None = None
    total_with_tax: Decimal | None = None
    invoice_date: date | None = None
    tag: str | None = None

    @property
    def read_back(self) -> ReadBack | None:
        """What is to be kept of a posted document."""
        told = ReadBack(posted_on=self.posted_on, tax=self.tax, remaining=self.remaining, total_with_tax=self.total_with_tax)
        return told if self.state is PushStatus.POSTED and told != ReadBack() else None

    def differs_from(self, document: FinanceDocument) -> tuple[str, ...]:
        """What differs between the target's document and ours, in words; empty means it is ours (F-87).

        Of a document that is not complete, only what it has so far is compared.
        """
        pairs: dict[str, tuple[object, object]] = {
            "reference": (self.reference, document.reference),
            "customer": (self.customer, document.customer),
            "currency": (self.currency, document.currency),
        }
        if self.complete:
            pairs |= {
                "total": (self.total, document.total),
                "number of lines": (self.lines, document.lines),
                "digest": (self.digest, document.digest),
            }
        different = [
            f"{name}: finance has {theirs}, we sent {ours}"
            for name, (theirs, ours) in pairs.items()
            if theirs is not None and theirs != ours
        ]
        return (*different, *self._different_lines(document))

    def _different_lines(self, document: FinanceDocument) -> list[str]:
        theirs = self.line_amounts or ()
        if not self.complete and len(theirs) > document.lines:
            return [f"number of lines: finance has {len(theirs)}, we sent {document.lines}"]
        return [
            f"line {number}: finance has {amount}, we sent {ours}"
            for number, (amount, ours) in enumerate(zip(theirs, document.line_amounts, strict=False), start=1)
            if amount != ours
        ]


class TargetRefusedError(Exception):
    """The target says no to this document and will say so again; `message` is its own explanation, for a person (F-77).

    `exists`: it says that the reference is taken. `certain` is False when its words are unknown to us: it is asked before it is believed.
    """

    def __init__(self, message: str, *, exists: bool = False, certain: bool = True, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.exists = exists
        self.certain = certain
        self.request_id = request_id


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
    def can_be_followed(self) -> bool:
        """Whether it tells how a document stands after it was accepted."""

    @property
    def repeatable_for(self) -> timedelta:
        """How long after the first sending the same document may be sent again without a second one coming to be (F-76)."""

    @property
    def settle_seconds(self) -> float:
        """How long after a sending an absence is not believed: the request may still be worked on, or look-ups lag (F-85)."""

    def find(self, document: FinanceDocument) -> tuple[Found, ...]:
        """The documents with its reference, strongly consistent (F-85). Only a definite "none" is empty: failures raise (F-86)."""

    def create(self, document: FinanceDocument, begun: Found | None = None) -> Found:
        """Creates the document, or completes one that was begun. Raises TargetRefusedError; `exists` when the reference is taken."""

    def status(self, document: FinanceDocument, external_id: str | None) -> Found | None:
        """How a document stands now, None when it is gone. Raises as `find` does."""

    @property
    def can_cancel(self) -> bool:
        """Whether a document that is not posted can be taken back."""

    def cancel(self, document: FinanceDocument, found: Found) -> None:
        """Takes back the document that was just found, unposted and unchanged (F-43). It is gone, or cancelled there, when this returns.

        Raises TargetRefusedError when it says no, also because somebody changed the document meanwhile.
        """

    def references(self, first: str, before: str) -> tuple[str, ...]:
        """The references that it holds from `first` on and before the other one; () where it cannot list. Raises as `find` does."""

    @property
    def needs(self) -> frozenset[KeyKind]:
        """The kinds of key that its documents name (F-89)."""

    @property
    def answers(self) -> frozenset[KeyKind]:
        """Those that it can be asked about."""

    def objection(self, question: Question) -> str | None:
        """Why it would refuse documents with this key; None: no reason known. For what it `answers`; reads only, raises as `find` does."""

    def close(self) -> None:
        """Gives connections back."""
