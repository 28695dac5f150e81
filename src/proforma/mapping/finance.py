"""How a finance system is spoken to and what it is told, as data (F-44, F-45, F-74 … F-80). Address and sign-in are configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from proforma.domain.codes import BillingType, KeyKind, LineType, PushStatus
from proforma.mapping.body import Body

#: How a target makes sure that a document arrives once, best first (F-75).
Once = Literal["idempotency-key", "upsert", "find", "none"]
#: What an answer means for the push (F-77).
Outcome = Literal["accepted", "pending", "absent", "conflict", "refused", "stop", "misconfigured", "transient"]
#: Names of the values that an answer may tell, each found by a JSON pointer.
ANSWERS: Final = (
    "id", "number", "state", "total", "reference", "digest", "customer", "currency", "lines", "message", "errors",
    "posted_on", "tax", "remaining", "total_with_tax", "invoice_date",
)  # fmt: skip
#: What the answer to a question about a key may tell: the key itself, and why it may not be used.
CHECK_ANSWERS: Final = ("key", "refused")
#: What an accountant may give a line: a ledger account, an item or a resource of the finance system.
AccountKind = Literal["account", "item", "resource"]
#: What may stand in braces in the text of a comment.
COMMENT_WORDS: Final = (
    "date", "description", "quantity", "unit", "billing_type", "role", "resource", "category", "project", "task",
)  # fmt: skip
COMMENT_TEXT: Final = "{date} {description} ({quantity} {unit})"
#: What may stand in braces in a path or header.
PLACEHOLDERS: Final = ("reference", "id", "number", "company", "first", "before", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceCall:
    """One request: method, path below the target's address, headers, and how its answer is read.

    `path` and header values may hold {reference}, {id}, {number}, {company}, those of `list` {first} and {before}, those of a check {key}.
    `items`: JSON pointer to a list of documents, an empty one means absent; None where the answer is the document. `read`: JSON pointers
    by the names in `ANSWERS`, of a check by those in `CHECK_ANSWERS`. `body`: of `cancel` alone, a template of what is sent.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    success: tuple[int, ...]
    pending: tuple[int, ...]
    absent: tuple[int, ...]
    items: str | None
    read: Mapping[str, str]
    body: Body | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRule:
    """What finance books a detail on when all that is named here fits it: type of line, names of category, role, product and project.

    `number` may hold {customer}, {contract}, {project}, {category}, {role} and {product}: dimension values stand in an account (F-45).
    """

    kind: AccountKind
    number: str
    type: LineType | None = None
    category: str | None = None
    role: str | None = None
    product: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRules:
    """How the default document is written (F-79, F-80). `include`: billing types whose details are sent; chargeable always is (I-122).

    `customers` and `units`: names of Dataverse as finance knows them; what is not listed stays as it is. `accounts`: the first that fits
    wins, and where there are any, a line without one is refused. `due_days`: from the invoice date to the due date (none: finance decides).
    `other_units`: what becomes of a unit that `units` does not list. `zero`: whether an invoice of 0 is sent, or ends here (D-28).
    `comments`: billing types whose details are sent as lines that only say something (D-28, F-72), in the words of `comment_text` with the
    names in `COMMENT_WORDS`; `comments_booked`: the system wants an account for such a line, too (F-24).
    `number_length_max`: of numbers of customers, accounts, items and resources, where the system is known to take no more (F-62).
    """

    amounts: Literal["text", "number"] = "text"
    include: frozenset[BillingType] = frozenset({BillingType.CHARGEABLE})
    customers: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    accounts: tuple[AccountRule, ...] = ()
    due_days: int | None = None
    other_units: Literal["keep", "refuse"] = "keep"
    zero: Literal["send", "close"] = "send"
    comments: frozenset[BillingType] = frozenset()
    comment_text: str = COMMENT_TEXT
    comments_booked: bool = False
    number_length_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceMapping:
    """A finance target. After a doubt `settle_seconds` pass before a look-up is believed (F-85)."""

    target: str
    settle_seconds: int
    document: DocumentRules
    source: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicsMapping(FinanceMapping):
    """Dynamics 365 Finance. `header` and `line`: further columns of the CDS free text invoice with their values (F-24, F-44).

    `operations_max`: so many rows in one atomic change set; a longer invoice goes in chunks (F-31).
    """

    header: Mapping[str, str]
    line: Mapping[str, str]
    operations_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCentralMapping(FinanceMapping):
    """Business Central. `post`: post a complete document at once (F-67); `tolerance`: what its rounding may differ by in a line (F-65)."""

    post: bool
    tolerance: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RestMapping(FinanceMapping):
    """Any JSON/REST system. `states`: its words for the state of a document, as ours; `outcomes`: meanings of statuses, by number.

    `checks`: how it is asked about a key before a document names it (F-89).
    A key is good for `key_lifetime_hours` (F-76). `body` writes the document in the system's own form, None sends the default one;
    `credits` says whether it tells the total of a credit as a negative or a positive figure. `accept_at_most_once`: a person has
    agreed that without any guarantee a doubt is parked (F-75).
    """

    once: Once
    key_header: str | None
    key_lifetime_hours: int
    find: FinanceCall | None
    create: FinanceCall
    status: FinanceCall | None
    cancel: FinanceCall | None
    list_: FinanceCall | None = None
    checks: Mapping[KeyKind, FinanceCall] = field(default_factory=dict)
    states: Mapping[str, PushStatus]
    outcomes: Mapping[int, Outcome]
    body: Body | None
    credits: Literal["negative", "positive"]
    accept_at_most_once: bool

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
