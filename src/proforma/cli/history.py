"""What happened to an invoice, and who did it."""

from __future__ import annotations

from typing import Any

from proforma.domain.invoices import (
    Adopted,
    Compared,
    Confirmed,
    Corrected,
    Deleted,
    DetailsChanged,
    Drafted,
    Flagged,
    InvoiceEvent,
    LinesChanged,
    PushChanged,
)


def history_shape(event: InvoiceEvent) -> dict[str, Any]:
    """One event as other programs read it: when, by whom, what."""
    return {"at": event.at, "by": event.by, "act": act_of(event)}


def act_of(event: InvoiceEvent) -> str:
    """An event in a word or two, without its figures."""
    match event.happening:
        case Drafted(invoice=invoice):
            return "drafted by schedule" if invoice.periodic else "drafted"
        case LinesChanged(act=act) | DetailsChanged(act=act):
            return act
        case Flagged(sources=sources):
            return "flagged" if sources else "flags taken away"
        case PushChanged(push=push):
            return f"push {push.value}"
        case Compared() | Confirmed() | Deleted() | Corrected() | Adopted() as happening:
            return type(happening).__name__.lower()
