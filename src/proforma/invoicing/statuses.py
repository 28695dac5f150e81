"""Where a source stands: the mirror's word, our marks over it, our own invoices over both.

    mirror  not-ready | ready | invoice-created | invoice-posted | canceled      (empty: not-ready)
    mark              ready ⇄ not-ready        only over a mirror that says one of the two
    ours                      invoice-created (draft) | invoice-posted (confirmed)

Derived each time, never stored: a deleted draft gives its sources back by no longer holding them (I-54, I-101).
"""

from __future__ import annotations

from typing import Final

from proforma.domain.codes import AdjustmentStatus, BillingStatus, InvoiceStatus, LedgerType, NteStatus, SourceKind
from proforma.domain.ids import CustomerId, SourceId
from proforma.invoicing.facts import Facts, Holding

#: States between which a person may move a row (I-52).
OPEN: Final = frozenset({BillingStatus.NOT_READY, BillingStatus.READY})
#: Sources that are ready again when what was billed of them is credited in full; the others stay posted (I-98, I-99).
_RETURNING: Final = frozenset({SourceKind.MILESTONE, SourceKind.RETAINER})


def billing_status(
    facts: Facts, source: SourceId, kind: SourceKind, *, mirror: BillingStatus | None, customer_id: CustomerId | None = None
) -> BillingStatus:
    """Where a source stands: on a draft created, on a confirmed invoice posted, whatever its kind (I-52, I-54, I-58, I-60).

    `customer_id`: of one share of a milestone that several customers pay (I-61).
    """
    ours = _held(facts, source, kind, customer_id)
    if ours is not None:
        return ours
    mirrored = mirror or BillingStatus.NOT_READY
    mark = facts.book.marks.get(source)
    if mirrored in OPEN and mark is not None and mark.status in OPEN:
        return mark.status
    return BillingStatus.INVOICE_POSTED if mirrored is BillingStatus.READY_TO_REFUND else mirrored


def is_to_be_refunded(facts: Facts, source: SourceId, *, mirror: BillingStatus | None) -> bool:
    """Whether somebody wants the rest of a retainer paid back, here or, where its mapping says so, in Dataverse; we win (I-70)."""
    mark = facts.book.marks.get(source)
    said = mirror if mark is None or mark.status is None else mark.status
    return said is BillingStatus.READY_TO_REFUND


def adjustment(facts: Facts, source: SourceId, *, mirror: AdjustmentStatus | None) -> AdjustmentStatus | None:
    """The adjustment status; a detail confirmed with edits makes its source adjusted (I-88)."""
    holdings = facts.holdings.get(source)
    if holdings and any(h.detail.is_edited for h in holdings if not h.is_draft):
        return AdjustmentStatus.ADJUSTED
    return mirror


def nte_status(facts: Facts, source: SourceId, *, mirror: NteStatus | None) -> NteStatus:
    """The not-to-exceed status; empty counts as not evaluated (I-44)."""
    mark = facts.book.marks.get(source)
    ours = None if mark is None else mark.nte
    return ours or mirror or NteStatus.NOT_EVALUATED


def _held(facts: Facts, source: SourceId, kind: SourceKind, customer_id: CustomerId | None) -> BillingStatus | None:
    held = facts.holdings.get(source)
    if not held:
        return None
    holdings = [h for h in held if _is_of(h, kind, customer_id)]
    if any(h.is_draft for h in holdings):
        return BillingStatus.INVOICE_CREATED
    if not holdings:
        return None
    if kind in _RETURNING and not any(_stands(facts, h) for h in holdings):
        return None
    return BillingStatus.INVOICE_POSTED


def _is_of(holding: Holding, kind: SourceKind, customer_id: CustomerId | None) -> bool:
    """Applying a retainer does not hold it: it stays available for other invoices (I-67)."""
    if holding.detail.kind is SourceKind.ADVANCE:
        return False
    return kind is not SourceKind.MILESTONE or customer_id in (None, holding.invoice.customer_id)


def _stands(facts: Facts, holding: Holding) -> bool:
    """Whether what a confirmed detail billed has not been credited since (I-98)."""
    rows = facts.ledger.get(holding.detail.source, ())
    return any(r.detail_id == holding.detail.id and r.type is LedgerType.BILLED and not r.reversal and not r.adjusted for r in rows)


def is_confirmed(status: InvoiceStatus) -> bool:
    """Whether an invoice was confirmed, and perhaps corrected since (I-100)."""
    return status in (InvoiceStatus.CONFIRMED, InvoiceStatus.CORRECTED)
