"""Limits of edited amounts, checked when a draft is confirmed (I-46)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from proforma.domain.codes import BillingType, SourceKind
from proforma.domain.invoices import Figures, Invoice, InvoiceDetail
from proforma.invoicing.facts import Facts
from proforma.invoicing.nte import ZERO, Exceeded, Limits, Place, is_committed
from proforma.invoicing.sources import Source


class _Edit(NamedTuple):
    """A detail that an edit or a hand made: what its limits count now, what was chargeable before, what will be."""

    place: Place
    counted: Decimal
    before: Decimal
    now: Decimal


def exceeded_by_edits(facts: Facts, invoice: Invoice, sources: Sequence[Source]) -> Exceeded | None:
    """The first limit that a raised or added amount would exceed; amounts that were lowered make room first."""
    edits = sorted(_edits(facts, invoice, sources), key=lambda e: e.now > e.before)
    if not edits or edits[-1].now <= edits[-1].before:
        return None
    limits = Limits(facts, sources)
    for edit in edits:
        limits.add(edit.place, -edit.counted)
        exceeded = limits.exceeded_by(edit.place, edit.now) if edit.now > edit.before else None
        if exceeded is not None:
            return exceeded
        limits.add(edit.place, edit.now)
    return None


def _edits(facts: Facts, invoice: Invoice, sources: Iterable[Source]) -> list[_Edit]:
    committed = {s.id: s.amount or ZERO for s in sources if is_committed(facts, s)}
    return [
        _edit(invoice, detail, committed.get(detail.source, ZERO))
        for detail in invoice.details
        if detail.kind in (SourceKind.ACTUAL, SourceKind.MANUAL) and facts.is_time_and_material(detail.contract_line_id)
    ]


def _edit(invoice: Invoice, detail: InvoiceDetail, committed: Decimal) -> _Edit:
    """A correction replaces what was billed, a draft what its source had committed."""
    place = Place(contract_id=invoice.contract_id, line_id=detail.contract_line_id, customer_id=invoice.customer_id)
    now = detail.amount if detail.billing_type is BillingType.CHARGEABLE else ZERO
    if detail.previous is not None:
        before = _chargeable(detail.previous)
        return _Edit(place, counted=before, before=before, now=now)
    before = ZERO if detail.original is None else _chargeable(detail.original)
    return _Edit(place, counted=committed, before=before, now=now)


def _chargeable(figures: Figures) -> Decimal:
    return figures.amount if figures.billing_type is BillingType.CHARGEABLE else ZERO
