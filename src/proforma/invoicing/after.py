"""A book as it is after an act, so that the next act of the same call sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proforma.domain.hands import has_a_hand, joined_by
from proforma.domain.ids import InvoiceId, RecordId, SourceId
from proforma.domain.invoices import Changes, Drafted, Invoice, InvoiceEvent, LedgerActual, SourceMark, apply
from proforma.invoicing.book import Book
from proforma.invoicing.clerk import Clerk


def after(book: Book, changes: Changes, clerk: Clerk) -> Book:
    """The book with the changes folded in, as a caller would read it after committing them."""
    return replace(
        book,
        invoices=_invoices(book, changes, clerk),
        ledger=_ledger(book, changes),
        marks=_marks(book, changes),
        run_rows={**book.run_rows, **{RecordId(m.row_id): m.successful for m in changes.schedule}},
        makers=_makers(book, changes, clerk),
    )


def _invoices(book: Book, changes: Changes, clerk: Clerk) -> tuple[Invoice, ...]:
    invoices: dict[InvoiceId, Invoice] = {i.id: i for i in book.invoices}
    for id_, happening in changes.happenings:
        event = InvoiceEvent(invoice_id=id_, sequence=1, at=clerk.at, by=clerk.by, happening=happening)
        invoices[id_] = apply(invoices.get(id_), event)
    return tuple(invoices.values())


def _makers(book: Book, changes: Changes, clerk: Clerk) -> dict[InvoiceId, tuple[str, ...]]:
    makers = dict(book.makers)
    for id_, happening in changes.happenings:
        earlier = makers.get(id_, ())
        periodic = isinstance(happening, Drafted) and happening.invoice.periodic
        makers[id_] = joined_by(earlier, clerk.by) if has_a_hand(type(happening), periodic=periodic) else earlier
    return makers


def _ledger(book: Book, changes: Changes) -> tuple[LedgerActual, ...]:
    adjusted = frozenset(changes.adjusted)
    kept: Iterable[LedgerActual] = (*book.ledger, *changes.ledger)
    return tuple(replace(row, adjusted=True) if row.id in adjusted else row for row in kept)


def _marks(book: Book, changes: Changes) -> dict[SourceId, SourceMark]:
    marks = dict(book.marks)
    for mark in changes.marks:
        old = marks.get(mark.source)
        marks[mark.source] = mark if old is None else merged(old, mark)
    return marks


def merged(old: SourceMark, new: SourceMark) -> SourceMark:
    """The newer mark, with what it leaves open taken from the older one (I-52, I-45)."""
    return replace(new, status=new.status or old.status, nte=new.nte or old.nte)
