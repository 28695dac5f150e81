"""Starting a correction of a confirmed invoice (I-95 … I-100)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from proforma.domain.codes import InvoiceStatus, PushStatus, SourceKind
from proforma.domain.ids import Guid, InvoiceId, RetainerId, SourceId
from proforma.domain.invoices import Changes, Drafted, Figures, Invoice, InvoiceDetail, LedgerActual, Refusal
from proforma.invoicing.book import Book
from proforma.invoicing.changes import happened, joined, refused
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.crediting import standing_row
from proforma.invoicing.details import arranged
from proforma.invoicing.facts import Facts
from proforma.invoicing.retainers import balance
from proforma.invoicing.statuses import is_confirmed


def correct(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, only: Sequence[SourceId] = (), as_of: date | None = None) -> Changes:
    """A draft that corrects a confirmed invoice, all of it or the chosen details, each starting at quantity 0: a full credit (I-95, I-96).

    Details that cannot be corrected are refused one by one and the rest proceeds. Details that an earlier correction has
    replaced are corrected there (I-100). `as_of` defaults to the day of the act.
    """
    facts = Facts(book)
    invoice = facts.invoices.get(invoice_id)
    if invoice is None:
        return refused(invoice_id, "unknown-invoice", "no such invoice")
    if invoice.is_taken_over:
        return refused(
            invoice_id,
            "origin-dataverse",
            f"invoice {invoice.number} was made in Dataverse: correct it there, its correction is taken over",
        )
    if not is_confirmed(invoice.status):
        return refused(invoice_id, "not-confirmed", f"the invoice is {invoice.status.value}: only a confirmed one is corrected")
    outcomes = [_corrected(facts, clerk, d, named=bool(only)) for d in invoice.details if not only or d.source in only]
    details = [o for o in outcomes if isinstance(o, InvoiceDetail)]
    refusals = [*(o for o in outcomes if isinstance(o, Refusal)), *_strangers(invoice, only)]
    if not details and not refusals:
        return refused(invoice_id, "nothing-to-correct", "all of the invoice was corrected already: correct its corrections")
    answers = Changes(refusals=tuple(refusals))
    return joined((_draft(facts, clerk, invoice, details, as_of or clerk.at.date()), answers)) if details else answers


def _strangers(invoice: Invoice, only: Sequence[SourceId]) -> list[Refusal]:
    held = {d.source for d in invoice.details}
    message = "the invoice holds no detail of this row"
    return [Refusal(id=s, reason="nothing-to-correct", message=message) for s in dict.fromkeys(only) if s not in held]


def _corrected(facts: Facts, clerk: Clerk, detail: InvoiceDetail, *, named: bool) -> InvoiceDetail | Refusal | None:
    """The detail at quantity 0, why it is refused, or None when there is nothing of it left to correct and nobody asked for it."""
    if detail.kind is SourceKind.PRODUCT:
        return Refusal(id=detail.source, reason="product-not-correctable", message="product lines are credited by a journal")
    if _is_open(facts, detail.id):
        return Refusal(id=detail.source, reason="correction-open", message="a draft correction holds the detail: confirm or delete it")
    billed = standing_row(facts, detail.id)
    if billed is None:
        message = "nothing of it stands billed on this invoice any more"
        return Refusal(id=detail.source, reason="nothing-to-correct", message=message) if named else None
    if detail.kind is SourceKind.RETAINER and _is_used(facts, RetainerId(detail.source)):
        message = "the retainer has been applied: credit those invoices first"
        return Refusal(id=detail.source, reason="retainer-used", message=message)
    return _at_zero(detail, billed, clerk.new_id())


def _is_open(facts: Facts, detail_id: Guid) -> bool:
    drafts = (i for i in facts.invoices.values() if i.status is InvoiceStatus.DRAFT and i.corrects is not None)
    return any(d.corrects_detail == detail_id for i in drafts for d in i.details)


def _is_used(facts: Facts, retainer_id: RetainerId) -> bool:
    found = balance(facts, facts.retainers[retainer_id])
    return found.used > 0 or found.reserved > 0


def _at_zero(detail: InvoiceDetail, billed: LedgerActual, id_: Guid) -> InvoiceDetail:
    """Quantity and tax begin at 0; the number entered is what should have been invoiced (I-96)."""
    previous = Figures(quantity=billed.quantity, price=billed.price, amount=billed.amount, billing_type=billed.billing_type)
    return replace(
        detail,
        id=id_,
        quantity=Decimal(0),
        price=billed.price,
        amount=Decimal(0),
        tax=None if detail.tax is None else Decimal(0),
        billing_type=billed.billing_type,
        original=None,
        previous=previous,
        corrects_detail=detail.id,
        touched=False,
    )


def _draft(facts: Facts, clerk: Clerk, invoice: Invoice, details: Sequence[InvoiceDetail], as_of: date) -> Changes:
    correction = replace(
        invoice,
        id=InvoiceId(clerk.new_id()),
        number=clerk.next_number(),
        as_of=as_of,
        invoice_date=as_of,
        created_at=clerk.at,
        lines=arranged(facts, details),
        status=InvoiceStatus.DRAFT,
        push=PushStatus.NONE,
        reference=None,
        corrects=invoice.id,
        periodic=False,
        accounting_date=None,
        confirmed_at=None,
        external_id=None,
        external_number=None,
        flags=(),
    )
    return happened(correction.id, Drafted(invoice=correction))
