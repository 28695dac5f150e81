"""Putting the changes of several parts of one act together."""

from __future__ import annotations

from collections.abc import Iterable

from proforma.domain.ids import Guid, InvoiceId
from proforma.domain.invoices import Changes, Happening, Refusal


def joined(parts: Iterable[Changes]) -> Changes:
    """All parts as one, in their order."""
    kept = tuple(parts)
    return Changes(
        happenings=tuple(h for p in kept for h in p.happenings),
        ledger=tuple(row for p in kept for row in p.ledger),
        adjusted=tuple(i for p in kept for i in p.adjusted),
        marks=tuple(m for p in kept for m in p.marks),
        schedule=tuple(s for p in kept for s in p.schedule),
        refusals=tuple(r for p in kept for r in p.refusals),
        passed_over=tuple(p_ for p in kept for p_ in p.passed_over),
        considered=tuple(c for p in kept for c in p.considered),
    )


def refused(id_: Guid, reason: str, message: str) -> Changes:
    """An act that changes nothing but answers why (I, section 23)."""
    return Changes(refusals=(Refusal(id=id_, reason=reason, message=message),))


def happened(invoice_id: InvoiceId, *happenings: Happening) -> Changes:
    """Things that happened to one invoice, in order."""
    return Changes(happenings=tuple((invoice_id, h) for h in happenings))
