"""Changing a draft: editing and removing details, setting applied retainers, refreshing, deleting (I-80 … I-86, I-101)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from proforma.domain.codes import BillingStatus, InvoiceStatus, SourceKind
from proforma.domain.errors import RefusedError
from proforma.domain.ids import Guid, InvoiceId, RetainerId, SourceId
from proforma.domain.invoices import Changes, Deleted, DetailsChanged, Flagged, Happening, Invoice, InvoiceDetail, InvoiceLine, LinesChanged
from proforma.domain.money import round_amount, total
from proforma.invoicing.book import Book
from proforma.invoicing.changes import happened, joined, refused
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.details import arranged, detail_of, figures_of, with_source
from proforma.invoicing.edits import edited, is_billable
from proforma.invoicing.facts import Facts
from proforma.invoicing.origins import is_made_elsewhere, require_made_here
from proforma.invoicing.retainers import advance, applied_anew, balance, balances, chargeable_base, lowered, refund, refundable, set_by_hand
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.sources.picking import is_pickable
from proforma.invoicing.watching import by_id, changed_sources


def edit(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, source: SourceId, changes: Mapping[str, str]) -> Changes:
    """Changes fields of the detail made from a source: quantity, price, billing_type, tax, description, external_description (I-81).

    The amount follows (I-82), and applied retainers that no longer fit are lowered (I-67). Nothing happens when the detail
    already says so.
    """
    return edit_many(book, clerk, invoice_id=invoice_id, edits={source: changes})


def edit_many(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, edits: Mapping[SourceId, Mapping[str, str]]) -> Changes:
    """As `edit`, several details at once: refused ones stay as they are and are reported, the rest proceeds in one event (I-81)."""
    facts = Facts(book)
    try:
        invoice = draft_of(facts, invoice_id)
    except RefusedError as refusal:
        return joined(refused(source, refusal.reason, refusal.message) for source in edits)
    details = _first_of_each(invoice)
    after: dict[Guid, InvoiceDetail] = {}
    refusals: list[Changes] = []
    for source, changes in edits.items():
        try:
            detail = _detail(invoice, details, source)
            after[detail.id] = edited(facts, invoice, detail, changes)
        except RefusedError as refusal:
            refusals.append(refused(source, refusal.reason, refusal.message))
    return joined((relined(facts, invoice, "edit", (after.get(d.id, d) for d in invoice.details)), *refusals))


def remove(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, source: SourceId) -> Changes:
    """Takes a detail off a draft; its source is ready again, and the next creation or refresh will pick it up once more (I-84)."""
    facts = Facts(book)
    try:
        invoice = draft_of(facts, invoice_id)
        detail = _detail(invoice, _first_of_each(invoice), source)
    except RefusedError as refusal:
        return refused(source, refusal.reason, refusal.message)
    return relined(facts, invoice, "remove", (d for d in invoice.details if d.id != detail.id))


def apply_retainer(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, retainer_id: RetainerId, amount: Decimal) -> Changes:
    """Sets how much of a retainer a draft uses, 0 included; a refresh keeps it (I-67).

    Refused `over-available` above what is available and not reserved by other drafts, and above the chargeable work that the
    draft's other retainers leave over.
    """
    facts = Facts(book)
    source = SourceId(retainer_id)
    try:
        invoice = draft_of(facts, invoice_id)
        if invoice.corrects is not None:
            raise RefusedError("not-editable", "a correction applies no retainers")
        amount = _check_application(facts, invoice, retainer_id, amount)
    except RefusedError as refusal:
        return refused(source, refusal.reason, refusal.message)
    others = [d for d in invoice.details if not _applies(d, source)]
    old = next((d for d in invoice.details if _applies(d, source)), None)
    new = set_by_hand(old or advance(facts, retainer_id, amount, clerk), amount)
    return Changes() if new == old else relined(facts, invoice, "apply", (*others, new))


def _applies(detail: InvoiceDetail, source: SourceId) -> bool:
    return detail.is_application and detail.source == source


def _check_application(facts: Facts, invoice: Invoice, retainer_id: RetainerId, wanted: Decimal) -> Decimal:
    """The amount to apply, rounded to the invoice's currency (I-112). Raises RefusedError."""
    retainer = facts.retainers.get(retainer_id)
    if retainer is None or retainer.contract_id != invoice.contract_id or retainer.customer_id != invoice.customer_id:
        raise RefusedError("over-available", "the retainer is not one of this contract and customer")
    if facts.is_foreign(retainer.contract_id, retainer.currency_id):
        raise RefusedError("currency-mismatch", "the retainer is not in the currency of its contract, and nothing is converted")
    if not is_billable(wanted) or wanted < 0:
        raise RefusedError("not-editable", f"{wanted} cannot be applied: give 0 or more")
    amount = round_amount(wanted, precision=invoice.currency.precision)
    others = total(d.amount for d in invoice.details if d.is_application and d.source != SourceId(retainer_id))
    paid_back = total(
        d.amount for d in invoice.details if d.source == SourceId(retainer_id) and d.kind is SourceKind.ADVANCE and not d.is_application
    )
    free = total((balance(facts, retainer, without=invoice.id).free, paid_back))
    coverable = total((chargeable_base(invoice.details), others))
    if amount > free:
        raise RefusedError("over-available", f"only {free} of the retainer is available")
    if amount > max(coverable, Decimal(0)):
        raise RefusedError("over-available", f"only {coverable} of the draft's chargeable work is left to be covered")
    return amount


def refresh(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, as_of: date) -> Changes:
    """Brings a draft up to date: adds what became pickable, keeps edits, applies retainers anew but for amounts set by hand (I-85).

    A detail whose source changed takes the new figures unless a person had edited it; one whose source was taken back or vanished
    leaves the draft, because nothing could ever confirm it (I-8).
    """
    facts = Facts(book)
    try:
        invoice = draft_of(facts, invoice_id)
        if invoice.corrects is not None:
            raise RefusedError("not-editable", "new work cannot be added to a correction")
    except RefusedError as refusal:
        return refused(invoice_id, refusal.reason, refusal.message)
    if is_made_elsewhere(facts, invoice.contract_id):
        return refused(
            invoice_id, "origin-dataverse", "the invoices of this contract are made in Dataverse now (invoicing.origin): delete the draft"
        )
    if not facts.is_invoiceable(invoice.contract_id):
        return refused(invoice_id, "contract-not-active", "the contract is not active any more: delete the draft, or confirm it")
    own = [s for s in collect(facts) if s.contract_id == invoice.contract_id and s.customer_id == invoice.customer_id]
    changed = frozenset(changed_sources(facts, by_id(own), invoice))
    kept = _renewed(facts, invoice, {s.id: s for s in own}, changed)
    new = [detail_of(facts, s, clerk.new_id()) for s in own if is_pickable(s, as_of=as_of)]
    usable = balances(facts, invoice.contract_id, invoice.customer_id, without=invoice.id)
    return relined(facts, invoice, "refresh", applied_anew((*kept, *new, *refunds(facts, invoice, clerk)), usable, clerk))


def refunds(facts: Facts, invoice: Invoice, clerk: Clerk) -> list[InvoiceDetail]:
    """Details for the retainers that this draft could pay back and does not yet (I-70)."""
    return [refund(found, clerk) for found in refundable(facts, invoice.contract_id, invoice.customer_id)]


def _renewed(facts: Facts, invoice: Invoice, sources: Mapping[SourceId, Source], changed: Iterable[SourceId]) -> list[InvoiceDetail]:
    """The details with changed sources read again, without those that cannot be billed any more."""
    details: list[InvoiceDetail] = []
    for detail in invoice.details:
        source = sources.get(detail.source)
        if detail.source not in changed or detail.kind is SourceKind.ADVANCE:
            details.append(detail)
        elif source is not None and _is_still_billable(source):
            details.append(_reread(facts, detail, source))
    return details


def _is_still_billable(source: Source) -> bool:
    return source.fault is None and source.adjustment is None and not source.elsewhere and source.status is BillingStatus.INVOICE_CREATED


def _reread(facts: Facts, detail: InvoiceDetail, source: Source) -> InvoiceDetail:
    """New figures, but a person's edit stays: it is told apart from the source as it is now (I-85, I-88)."""
    if detail.is_edited:
        return replace(detail, original=figures_of(source))
    return with_source(facts, detail, source)


def delete(book: Book, clerk: Clerk, *, invoice_id: InvoiceId) -> Changes:
    """Deletes a draft; its sources are free again, reservations end, and the number stays used (I-101, I-102)."""
    try:
        invoice = draft_of(Facts(book), invoice_id)
    except RefusedError as refusal:
        return refused(invoice_id, refusal.reason, refusal.message)
    return happened(invoice.id, Deleted())


def draft_of(facts: Facts, invoice_id: InvoiceId) -> Invoice:
    """The draft of that id. Raises RefusedError: `confirmed` when it is no draft any more (I-102), `origin-dataverse` when not ours."""
    invoice = facts.invoices.get(invoice_id)
    if invoice is None:
        raise RefusedError("unknown-invoice", "no such invoice")
    require_made_here(invoice)
    if invoice.status is not InvoiceStatus.DRAFT:
        raise RefusedError("confirmed", f"the invoice is {invoice.status.value}, not a draft")
    return invoice


def _first_of_each(invoice: Invoice) -> dict[SourceId, InvoiceDetail]:
    """The details by source; of several of one source the first."""
    found: dict[SourceId, InvoiceDetail] = {}
    for detail in invoice.details:
        found.setdefault(detail.source, detail)
    return found


def _detail(invoice: Invoice, details: Mapping[SourceId, InvoiceDetail], source: SourceId) -> InvoiceDetail:
    """The detail of a source. Raises RefusedError `not-editable` when the invoice has none."""
    if source not in details:
        raise RefusedError("not-editable", f"invoice {invoice.number} holds no detail of this row")
    return details[source]


def relined(facts: Facts, invoice: Invoice, act: str, details: Iterable[InvoiceDetail]) -> Changes:
    """The draft with these details: retainers lowered to what is left to cover, lines arranged, flags of details that went taken away."""
    after = tuple(details) if invoice.corrects is not None else lowered(tuple(details))
    happenings: list[Happening] = []
    lines = arranged(facts, after)
    if {d.id: d for d in after} != {d.id: d for d in invoice.details}:
        happenings.append(_lines_event(invoice, act, lines))
    flags = _flags_after(invoice, after, act)
    if flags != invoice.flags:
        happenings.append(Flagged(sources=flags))
    return happened(invoice.id, *happenings)


def _lines_event(invoice: Invoice, act: str, lines: tuple[InvoiceLine, ...]) -> DetailsChanged | LinesChanged:
    """What changed, where that leads to the new lines; else, as when details were added, the new lines whole."""
    before, after = {d.id: d for d in invoice.details}, {d.id: d for line in lines for d in line.details}
    change = DetailsChanged(
        act=act,
        changed=tuple(d for id_, d in after.items() if id_ in before and d != before[id_]),
        removed=tuple(id_ for id_ in before if id_ not in after),
    )
    return change if change.applied_to(invoice.lines) == lines else LinesChanged(act=act, lines=lines)


def _flags_after(invoice: Invoice, details: Sequence[InvoiceDetail], act: str) -> tuple[SourceId, ...]:
    """A refresh answers all flags; removing a detail answers its own."""
    if act == "refresh":
        return ()
    held = {d.source for d in details}
    return tuple(s for s in invoice.flags if s in held)
