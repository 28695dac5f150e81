"""Marking the unused rest of a retainer to be paid back, or taking that back (I-70)."""

from __future__ import annotations

from collections.abc import Sequence

from proforma.domain.codes import BillingStatus, SourceKind
from proforma.domain.errors import RefusedError
from proforma.domain.ids import RetainerId, SourceId
from proforma.domain.invoices import Changes, Refusal, SourceMark
from proforma.invoicing.book import Book
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.facts import Facts
from proforma.invoicing.origins import require_local
from proforma.invoicing.retainers import balance


def mark_refund(book: Book, clerk: Clerk, *, retainers: Sequence[SourceId], wanted: bool) -> Changes:
    """Marks retainers to be refunded by the next draft of their customer, or not any more; each on its own.

    Refused: `not-ready` before its own invoice is confirmed, `over-available` when nothing is left, `on-draft` to cancel what a draft
    pays back already: remove it there. Asking for what is so already is nothing.
    """
    facts = Facts(book)
    outcomes = [_marked(facts, clerk, id_, wanted=wanted) for id_ in dict.fromkeys(retainers)]
    return Changes(
        marks=tuple(o for o in outcomes if isinstance(o, SourceMark)), refusals=tuple(o for o in outcomes if isinstance(o, Refusal))
    )


def _marked(facts: Facts, clerk: Clerk, id_: SourceId, *, wanted: bool) -> SourceMark | Refusal | None:
    retainer = facts.retainers.get(RetainerId(id_))
    if retainer is None:
        return Refusal(id=id_, reason="unknown-source", message="no such retainer")
    try:
        require_local(facts, retainer.contract_id)
    except RefusedError as refusal:
        return Refusal(id=id_, reason=refusal.reason, message=refusal.message)
    found = balance(facts, retainer)
    if found.is_to_be_refunded is wanted:
        return None
    if wanted and found.status is not BillingStatus.INVOICE_POSTED:
        return Refusal(id=id_, reason="not-ready", message="the retainer has not been billed and confirmed: there is nothing to pay back")
    if wanted and found.free <= 0:
        return Refusal(id=id_, reason="over-available", message="nothing of the retainer is left that no draft has reserved")
    if not wanted and _is_on_draft(facts, id_):
        return Refusal(id=id_, reason="on-draft", message="a draft pays it back: remove the detail there first")
    status = BillingStatus.READY_TO_REFUND if wanted else BillingStatus.INVOICE_POSTED
    return SourceMark(source=id_, kind=SourceKind.RETAINER, at=clerk.at, by=clerk.by, status=status)


def _is_on_draft(facts: Facts, id_: SourceId) -> bool:
    held = (h for h in facts.holdings.get(id_, ()) if h.is_draft)
    return any(h.detail.kind is SourceKind.ADVANCE and not h.detail.is_application for h in held)
