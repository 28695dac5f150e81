"""Confirming drafts, corrections included: the ledger rows, the reference, and why a draft is refused (I-87 … I-94, I-98)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from proforma.domain.codes import BillingStatus, InvoiceStatus, NteStatus, SourceKind
from proforma.domain.ids import InvoiceId, RetainerId
from proforma.domain.invoices import Changes, Confirmed, Corrected, Happening, Invoice, InvoiceDetail, Refusal, SourceMark
from proforma.invoicing.after import after
from proforma.invoicing.billing import post
from proforma.invoicing.book import Book
from proforma.invoicing.changes import joined, refused
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.crediting import changes_something, credit
from proforma.invoicing.editing_limits import exceeded_by_edits
from proforma.invoicing.facts import Facts
from proforma.invoicing.journal import Journal
from proforma.invoicing.nte import Limits, assessed
from proforma.invoicing.origins import is_made_elsewhere
from proforma.invoicing.references import reference
from proforma.invoicing.retainers import balance
from proforma.invoicing.second_person import second_person_refusal
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.watching import by_id, changed_sources


def confirm(book: Book, clerk: Clerk, *, invoice_ids: Sequence[InvoiceId], accounting_date: date | None = None, as_of: date) -> Changes:
    """Confirms several drafts, each on its own: a refused one stays a draft and the others proceed (I-93).

    More than the policy allows at a time are all refused.
    """
    limit = book.policy.bulk_confirm_max
    if len(invoice_ids) > limit:
        message = f"at most {limit} invoices can be confirmed at a time"
        return Changes(refusals=tuple(Refusal(id=i, reason="too-many", message=message) for i in invoice_ids))
    parts = []
    for id_ in dict.fromkeys(invoice_ids):
        done = confirm_one(book, clerk, invoice_id=id_, accounting_date=accounting_date, as_of=as_of)
        book = after(book, done, clerk)
        parts.append(done)
    return joined(parts)


def confirm_one(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, accounting_date: date | None = None, as_of: date) -> Changes:
    """Confirms one draft; everything returned belongs into one transaction, together with its outbox row (I-87, I-89).

    Accounting date of the billed sales: the one entered, else the day of confirmation (I-94).
    """
    facts = Facts(book)
    invoice = facts.invoices.get(invoice_id)
    if invoice is None:
        return refused(invoice_id, "unknown-invoice", "no such invoice")
    # Last: somebody else is asked to look only at what could be confirmed.
    refusal = _refusal(facts, invoice) or second_person_refusal(book, clerk, invoice)
    if refusal is not None:
        return Changes(refusals=(refusal,))
    accounting = accounting_date or as_of
    confirmed = Confirmed(reference=reference(invoice), accounting_date=accounting)
    journal = Journal(invoice, clerk, accounting_date=accounting)
    if invoice.corrects is not None:
        return _correction(book, clerk, _Correction(facts, invoice, invoice.corrects, journal), confirmed)
    for detail in invoice.details:
        post(facts, journal, detail)
    return Changes(happenings=((invoice.id, confirmed),), ledger=journal.rows)


@dataclass(frozen=True, slots=True)
class _Correction:
    facts: Facts
    invoice: Invoice
    original: InvoiceId
    journal: Journal


def _correction(book: Book, clerk: Clerk, act: _Correction, confirmed: Confirmed) -> Changes:
    adjusted, marks = [], []
    for detail in act.invoice.details:
        credited = credit(act.facts, act.journal, detail)
        if credited is not None:
            adjusted.append(credited.adjusted)
            marks += [_ready_again(detail, clerk)] if credited.is_ready_again else []
    happenings: tuple[tuple[InvoiceId, Happening], ...] = (
        (act.invoice.id, confirmed),
        (act.original, Corrected(by=act.invoice.id)),
    )
    changes = Changes(happenings=happenings, ledger=act.journal.rows, adjusted=tuple(adjusted), marks=tuple(marks))
    return joined((changes, Changes(marks=tuple(_given_back_marks(after(book, changes, clerk), act.invoice.id, clerk)))))


def _ready_again(detail: InvoiceDetail, clerk: Clerk) -> SourceMark:
    """A credited milestone or retainer is ready, not not-ready (I-58, I-98, I-99)."""
    return SourceMark(source=detail.source, kind=detail.kind, at=clerk.at, by=clerk.by, status=BillingStatus.READY)


def _given_back_marks(book: Book, correction: InvoiceId, clerk: Clerk) -> Iterator[SourceMark]:
    """What a correction gives back is checked against the limits at once (I-98)."""
    facts = Facts(book)
    sources = collect(facts)
    limits = Limits(facts, sources)
    for source in sources:
        row = facts.given_back.get(source.id)
        if row is not None and row.invoice_id == correction:
            status, _ = assessed(facts, limits, source)
            if status is not NteStatus.NOT_EVALUATED:
                yield SourceMark(source=source.id, kind=SourceKind.ACTUAL, at=clerk.at, by=clerk.by, nte=status)


def _refusal(facts: Facts, invoice: Invoice) -> Refusal | None:
    """Why the draft cannot be confirmed (I-89); it stays a draft and nothing is written."""
    if invoice.status is not InvoiceStatus.DRAFT:
        return Refusal(id=invoice.id, reason="confirmed", message=f"the invoice is {invoice.status.value}, not a draft")
    if invoice.is_taken_over:
        return Refusal(
            id=invoice.id, reason="origin-dataverse", message="the invoice was made in Dataverse: it is taken over as it is there"
        )
    if invoice.corrects is None and is_made_elsewhere(facts, invoice.contract_id):
        message = "the invoices of this contract are made in Dataverse now (invoicing.origin): delete the draft"
        return Refusal(id=invoice.id, reason="origin-dataverse", message=message)
    if not any(invoice.details):
        return Refusal(id=invoice.id, reason="empty", message="the draft has no details: delete it, or refresh it")
    sources = collect(facts)
    changed = sorted({*invoice.flags, *changed_sources(facts, by_id(sources), invoice)})
    if changed:
        message = f"changed or gone since the draft was made: {', '.join(changed)}: refresh the draft or remove them"
        return Refusal(id=invoice.id, reason="source-changed", message=message)
    wrong = None if invoice.corrects is None else _correction_refusal(facts, invoice)
    return wrong or _nte_refusal(facts, sources, invoice)


def _correction_refusal(facts: Facts, invoice: Invoice) -> Refusal | None:
    if not changes_something(invoice):
        message = "the correction says what was invoiced already: change a quantity, or delete it"
        return Refusal(id=invoice.id, reason="nothing-to-correct", message=message)
    for detail in invoice.details:
        if detail.kind is SourceKind.RETAINER and balance(facts, facts.retainers[RetainerId(detail.source)]).used > 0:
            message = f"retainer {detail.source} has been used since: credit the invoices that it was applied to first"
            return Refusal(id=invoice.id, reason="retainer-used", message=message)
    return None


def _nte_refusal(facts: Facts, sources: Sequence[Source], invoice: Invoice) -> Refusal | None:
    exceeded = exceeded_by_edits(facts, invoice, sources)
    if exceeded is None:
        return None
    message = f"an edit exceeds the not-to-exceed limit {exceeded.limit} of the {exceeded.level}, of which {exceeded.used} are used"
    return Refusal(id=invoice.id, reason="nte-exceeded", message=message)
