"""Which sources a creation takes (I-53 … I-57), and which it passes over for a reason that a person must see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from proforma.domain.codes import AdjustmentStatus, BillingStatus, BillingType, SourceKind
from proforma.domain.ids import Guid, RetainerId
from proforma.domain.invoices import PassedOver
from proforma.invoicing.facts import Facts
from proforma.invoicing.retainers import balance
from proforma.invoicing.sources.source import Source
from proforma.invoicing.statuses import OPEN

#: Faults that matter only once a row is to be billed; the others are worth repairing before (I-55a, I-33).
_WHEN_READY = frozenset({"unpriced", "split-not-100"})


def is_pickable(source: Source, *, as_of: date) -> bool:
    """Whether the row can go on an invoice of that day: ready, whole, free, and, for unbilled sales, dated in time (I-53 … I-57)."""
    return (
        source.status is BillingStatus.READY
        and source.adjustment is None
        and source.fault is None
        and not source.elsewhere
        and source.billing_type is not BillingType.NOT_AVAILABLE
        and is_due(source, as_of=as_of)
    )


def is_due(source: Source, *, as_of: date) -> bool:
    """Whether the date allows it; milestones, retainers and products are not held back by date in a manual creation (I-57)."""
    return source.kind is not SourceKind.ACTUAL or (source.day is not None and source.day <= as_of)


def passed_over(facts: Facts, sources: Iterable[Source]) -> tuple[PassedOver, ...]:
    """The faulty rows of active contracts that wait to be billed, each with its reason (I, section 23)."""
    found: dict[Guid, PassedOver] = {}
    for source in sources:
        if source.fault is not None and source.id not in found and _is_waiting(facts, source, source.fault.reason):
            found[source.id] = PassedOver(
                source=source.id, reason=source.fault.reason, message=source.fault.message, contract_id=source.contract_id
            )
    return tuple(found.values())


def _is_waiting(facts: Facts, source: Source, reason: str) -> bool:
    contract = source.contract_id
    if contract is not None and not facts.is_invoiceable(contract):
        return False
    if source.adjustment not in (None, AdjustmentStatus.IN_PROCESS) or source.billing_type is BillingType.NOT_AVAILABLE:
        return False
    if source.kind is SourceKind.RETAINER and source.status is BillingStatus.INVOICE_POSTED:
        return balance(facts, facts.retainers[RetainerId(source.id)]).free > 0  # it waits to be applied (I-67)
    return source.status is BillingStatus.READY or (source.status in OPEN and reason not in _WHEN_READY)
