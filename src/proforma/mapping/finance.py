"""How a generic JSON/REST finance system is spoken to, as data (F-74 … F-80). Address and sign-in belong to the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from proforma.domain.codes import BillingType, PushStatus

#: How a target makes sure that a document arrives once, best first (F-75).
Once = Literal["idempotency-key", "upsert", "find", "none"]
#: What an answer means for the push (F-77).
Outcome = Literal["accepted", "pending", "absent", "conflict", "refused", "stop", "misconfigured", "transient"]
#: Names of the values that an answer may tell, each found by a JSON pointer.
ANSWERS: Final = ("id", "number", "state", "total", "reference", "digest", "customer", "currency", "lines", "message", "errors")
#: What may stand in braces in a path or header.
PLACEHOLDERS: Final = ("reference", "id", "number", "company")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceCall:
    """One request: method, path below the target's address, headers, and how its answer is read.

    `path` and header values may hold {reference}, {id}, {number}, {company}. `items`: JSON pointer to a list of documents, an empty
    one means absent; None where the answer is the document. `read`: JSON pointers by the names in `ANSWERS`.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    success: tuple[int, ...]
    pending: tuple[int, ...]
    absent: tuple[int, ...]
    items: str | None
    read: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRules:
    """How the default document is written (F-79, F-80). `include`: billing types whose details are sent; chargeable always is (I-122)."""

    amounts: Literal["text", "number"] = "text"
    include: frozenset[BillingType] = frozenset({BillingType.CHARGEABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceMapping:
    """A finance target. `states`: the target's words for the state of a document, as ours; `outcomes`: meanings of statuses, by number.

    A key is good for `key_lifetime_hours` (F-76); after a doubt `settle_seconds` pass before a look-up is believed (F-85).
    """

    target: str
    once: Once
    key_header: str | None
    key_lifetime_hours: int
    settle_seconds: int
    find: FinanceCall | None
    create: FinanceCall
    status: FinanceCall | None
    cancel: FinanceCall | None
    states: Mapping[str, PushStatus]
    outcomes: Mapping[int, Outcome]
    document: DocumentRules
    source: Path

    def outcome(self, status: int, *, call: FinanceCall) -> Outcome:
        """What an answer's status means for a call: its own lists first, then the target's table, then the common one of F-77."""
        if status in call.success:
            return "accepted"
        if status in call.pending:
            return "pending"
        if status in call.absent:
            return "absent"
        return self.outcomes.get(status) or _COMMON.get(status) or _BY_CLASS.get(status // 100, "transient")


_COMMON: Final[Mapping[int, Outcome]] = {
    401: "stop",
    403: "stop",
    404: "misconfigured",
    408: "transient",
    409: "conflict",
    425: "transient",
    429: "transient",
}
# An unlisted success is a doubt, not a success; redirects are not followed (F-81).
_BY_CLASS: Final[Mapping[int, Outcome]] = {2: "transient", 3: "misconfigured", 4: "refused"}
