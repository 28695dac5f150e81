"""Drafts and confirmed invoices whose sources changed in Dataverse (I-8, I-89)."""

from __future__ import annotations

from collections.abc import Sequence

from proforma.domain.codes import AdjustmentStatus, BillingStatus, InvoiceStatus, SourceKind
from proforma.domain.ids import InvoiceId, MilestoneId, RecordId, RetainerId, SourceId
from proforma.domain.invoices import Changes, Figures, Flagged, Happening, Invoice, InvoiceDetail, PassedOver
from proforma.invoicing.book import Book
from proforma.invoicing.details import figures_of
from proforma.invoicing.facts import Facts
from proforma.invoicing.retainers import balance
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.statuses import OPEN, is_confirmed

_WATCHED = frozenset({SourceKind.ACTUAL, SourceKind.MILESTONE, SourceKind.PRODUCT, SourceKind.RETAINER})


def source_changes(book: Book) -> Changes:
    """Flags the drafts whose sources changed, were taken back or vanished, and takes flags away that no longer hold (section 20)."""
    facts = Facts(book)
    sources = collect(facts)
    happenings: list[tuple[InvoiceId, Happening]] = []
    for invoice in facts.invoices.values():
        if invoice.status is InvoiceStatus.DRAFT:
            changed = changed_sources(facts, sources, invoice)
            if changed != invoice.flags:
                happenings.append((invoice.id, Flagged(sources=changed)))
    return Changes(happenings=tuple(happenings))


def alerts(book: Book) -> tuple[PassedOver, ...]:
    """Sources of confirmed invoices that Dataverse changed or deleted since: a person must know, nothing else happens (section 20)."""
    facts = Facts(book)
    sources = collect(facts)
    confirmed = (i for i in facts.invoices.values() if is_confirmed(i.status))
    return tuple(_alert(i, source) for i in confirmed for source in changed_sources(facts, sources, i))


def _alert(invoice: Invoice, source: SourceId) -> PassedOver:
    message = f"changed or gone after invoice {invoice.number} was confirmed: correct the invoice if it is wrong now"
    return PassedOver(source=source, reason="source-changed", message=message, contract_id=invoice.contract_id)


def changed_sources(facts: Facts, sources: Sequence[Source], invoice: Invoice) -> tuple[SourceId, ...]:
    """The sources of an invoice that no longer say what it was drafted from, by id. A correction depends on no source."""
    if invoice.corrects is not None:
        return ()
    by_id: dict[SourceId, list[Source]] = {}
    for source in sources:
        by_id.setdefault(source.id, []).append(source)
    found = {d.source for d in invoice.details if _is_changed(facts, by_id.get(d.source, ()), invoice, d)}
    return tuple(sorted(found))


def _is_changed(facts: Facts, sources: Sequence[Source], invoice: Invoice, detail: InvoiceDetail) -> bool:
    if detail.kind is SourceKind.ADVANCE:
        return _is_overdrawn(facts, invoice, detail)
    if detail.kind not in _WATCHED or detail.original is None:
        return False
    source = next((s for s in sources if s.customer_id == invoice.customer_id), None)
    if source is None or source.contract_id != invoice.contract_id or source.line_id != detail.contract_line_id:
        return True
    return _is_taken_back(facts, source, invoice) or _says_otherwise(facts, source, detail.original)


def _is_taken_back(facts: Facts, source: Source, invoice: Invoice) -> bool:
    """Whether Dataverse reversed it, is about to, or has put it on an invoice of its own.

    The adjustment that our own confirmation of an edited detail causes is none of Dataverse's.
    """
    actual = facts.actuals.get(RecordId(source.id))
    reversed_ = source.adjustment if actual is None else actual.adjustment
    if invoice.status is InvoiceStatus.DRAFT:
        mirror = _mirror_status(facts, source)
        return reversed_ is not None or source.elsewhere or (mirror is not None and mirror not in OPEN)
    return reversed_ is AdjustmentStatus.ADJUSTED and actual is not None


def _mirror_status(facts: Facts, source: Source) -> BillingStatus | None:
    match source.kind:
        case SourceKind.ACTUAL:
            actual = facts.actuals.get(RecordId(source.id))
            return None if actual is None else actual.billing_status
        case SourceKind.PRODUCT:
            return None if source.line is None else source.line.billing_status
        case SourceKind.RETAINER:
            return facts.retainers[RetainerId(source.id)].status
        case _:
            return facts.milestones[MilestoneId(source.id)].status


def _says_otherwise(facts: Facts, source: Source, original: Figures) -> bool:
    """Whether the figures differ. A row whose decision is not in the book is not judged: it was priced when it was drafted."""
    if source.amount is None or source.billing_type is None:
        return source.kind is not SourceKind.ACTUAL or RecordId(source.id) in facts.book.decisions
    return figures_of(source) != original


def _is_overdrawn(facts: Facts, invoice: Invoice, detail: InvoiceDetail) -> bool:
    """Whether a retainer no longer holds what a draft applies of it."""
    if invoice.status is not InvoiceStatus.DRAFT:
        return False
    retainer = facts.retainers.get(RetainerId(detail.source))
    return retainer is None or balance(facts, retainer, without=invoice.id).available < -detail.amount
