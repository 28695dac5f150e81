"""Drafts and confirmed invoices whose sources changed in Dataverse (I-8, I-89)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from proforma.domain.codes import AdjustmentStatus, BillingStatus, InvoiceStatus, LedgerType, SourceKind
from proforma.domain.ids import ContractId, InvoiceId, MilestoneId, RecordId, RetainerId, SourceId
from proforma.domain.invoices import Changes, Figures, Flagged, Happening, Invoice, InvoiceDetail, PassedOver
from proforma.invoicing.book import Book
from proforma.invoicing.details import figures_of
from proforma.invoicing.facts import Facts
from proforma.invoicing.origins import is_made_elsewhere
from proforma.invoicing.retainers import balance
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.sources.picking import passed_over
from proforma.invoicing.statuses import OPEN, is_confirmed

_WATCHED = frozenset({SourceKind.ACTUAL, SourceKind.MILESTONE, SourceKind.PRODUCT, SourceKind.RETAINER})


def source_changes(book: Book) -> Changes:
    """Flags the drafts whose sources changed, were taken back or vanished, and takes flags away that no longer hold (section 20).

    What a person must see of all contracts of the book is told anew; the backlog of the source system is decided there (I-130).
    """
    facts = Facts(book)
    sources = collect(facts)
    known = by_id(sources)
    happenings: list[tuple[InvoiceId, Happening]] = []
    for invoice in facts.invoices.values():
        if invoice.status is InvoiceStatus.DRAFT:
            changed = changed_sources(facts, known, invoice)
            if changed != invoice.flags:
                happenings.append((invoice.id, Flagged(sources=changed)))
    of_contract = by_contract(sources)
    ours = (id_ for id_ in facts.contracts if not is_made_elsewhere(facts, id_))
    seen = tuple(row for id_ in ours for row in attention(facts, of_contract.get(id_, ()), id_))
    return Changes(happenings=tuple(happenings), passed_over=seen, considered=tuple(facts.contracts))


def problems(book: Book) -> tuple[PassedOver, ...]:
    """The rows that a person must see: faulty ones that wait to be billed, and billed ones that changed since (I, section 23)."""
    facts = Facts(book)
    of_contract = by_contract(collect(facts))
    nowhere = passed_over(facts, of_contract.get(None, ()))
    return (*nowhere, *(row for id_ in facts.contracts for row in attention(facts, of_contract.get(id_, ()), id_)))


def by_contract(sources: Iterable[Source]) -> dict[ContractId | None, list[Source]]:
    """The sources of each contract, in their order."""
    found: dict[ContractId | None, list[Source]] = {}
    for source in sources:
        found.setdefault(source.contract_id, []).append(source)
    return found


def by_id(sources: Iterable[Source]) -> dict[SourceId, list[Source]]:
    """The sources of each id: several where several customers pay a milestone (I-61)."""
    found: dict[SourceId, list[Source]] = {}
    for source in sources:
        found.setdefault(source.id, []).append(source)
    return found


def attention(facts: Facts, own: Sequence[Source], contract_id: ContractId) -> tuple[PassedOver, ...]:
    """What a person must see of one contract, whose sources are `own`; each row once."""
    found = {p.source: p for p in (*_alerts(facts, own, contract_id), *passed_over(facts, own))}
    return tuple(found.values())


def _alerts(facts: Facts, own: Sequence[Source], contract_id: ContractId) -> Iterator[PassedOver]:
    """Sources of confirmed invoices that Dataverse changed or deleted since: nothing changes here, but a person is told (section 20)."""
    confirmed = [i for i in facts.invoices.values() if i.contract_id == contract_id and is_confirmed(i.status)]
    known = by_id(own) if confirmed else {}
    for invoice in confirmed:
        for source in changed_sources(facts, known, invoice):
            yield _alert(invoice, source)


def _alert(invoice: Invoice, source: SourceId) -> PassedOver:
    message = f"changed or gone after invoice {invoice.number} was confirmed: correct the invoice if it is wrong now"
    return PassedOver(source=source, reason="source-changed", message=message, contract_id=invoice.contract_id)


def changed_sources(facts: Facts, sources: Mapping[SourceId, Sequence[Source]], invoice: Invoice) -> tuple[SourceId, ...]:
    """The sources of an invoice, found by their ids, that no longer say what it was drafted from. A correction depends on no source.

    An invoice of the source system is compared as a whole, when it is taken over and ever after (I-130).
    """
    if invoice.corrects is not None or invoice.is_taken_over:
        return ()
    found = {d.source for d in invoice.details if _is_changed(facts, sources.get(d.source, ()), invoice, d)}
    return tuple(sorted(found))


def _is_changed(facts: Facts, sources: Sequence[Source], invoice: Invoice, detail: InvoiceDetail) -> bool:
    is_draft = invoice.status is InvoiceStatus.DRAFT
    if detail.kind is SourceKind.ADVANCE:
        return is_draft and _is_overdrawn(facts, invoice, detail)
    if detail.kind not in _WATCHED or detail.original is None or not (is_draft or _stands_billed(facts, detail.source)):
        return False
    source = next((s for s in sources if s.customer_id == invoice.customer_id), None)
    if source is None or source.contract_id != invoice.contract_id or source.line_id != detail.contract_line_id:
        return True
    if is_draft:
        return _is_taken_back(facts, source) or _says_otherwise(facts, source, detail.original)
    return _was_recalled(facts, source) or _was_changed(facts, source, detail.original)


def _stands_billed(facts: Facts, source: SourceId) -> bool:
    """Whether anything of a source is billed that was not credited since."""
    return any(r.type is LedgerType.BILLED and not r.reversal and not r.adjusted for r in facts.ledger.get(source, ()))


def _is_taken_back(facts: Facts, source: Source) -> bool:
    """Whether Dataverse reversed a drafted row, is about to, or has put it on an invoice of its own; or nothing bills such a row any
    more, as when its contract line became a fixed-price one (I-2, I-22, I-53).
    """
    mirror = _mirror_status(facts, source)
    unbillable = source.fault is not None and source.fault.reason != "unpriced"
    return source.adjustment is not None or source.elsewhere or unbillable or (mirror is not None and mirror not in OPEN)


def _was_recalled(facts: Facts, source: Source) -> bool:
    """Whether Dataverse reversed a billed row; that our own edit made it adjusted here is none of Dataverse's."""
    actual = facts.actuals.get(RecordId(source.id))
    return actual is not None and actual.adjustment is AdjustmentStatus.ADJUSTED


def _was_changed(facts: Facts, source: Source, original: Figures) -> bool:
    """Whether a billed row says something else now. A price that is ours alone may change: the row did not."""
    actual = facts.actuals.get(RecordId(source.id))
    if actual is not None and actual.amount is None and actual.extended_amount is None:
        return (source.quantity, source.billing_type) != (original.quantity, original.billing_type)
    return _says_otherwise(facts, source, original)


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
    retainer = facts.retainers.get(RetainerId(detail.source))
    return retainer is None or balance(facts, retainer, without=invoice.id).available < -detail.amount
