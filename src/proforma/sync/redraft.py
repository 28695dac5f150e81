"""Brings drafts up to date whose rows changed; a confirmed invoice is never among them."""

from __future__ import annotations

from datetime import date

from proforma.domain.codes import InvoiceStatus
from proforma.store import Store
from proforma.sync.draft import BillingDesk


def refresh_flagged(store: Store, desk: BillingDesk, *, as_of: date) -> int:
    """Refreshes each draft that carries a flag (I-85); answers how many took the new figures."""
    with store.read() as reader:
        flagged = [i.id for i in reader.ledger.all_headers() if i.status is InvoiceStatus.DRAFT and i.flags]
    return sum(not desk.refresh(invoice, as_of=as_of).changes.refusals for invoice in flagged)
