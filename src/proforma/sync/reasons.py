"""Keeps with each detail of an invoice why it has its price (promise 3).

Stored decisions say what was decided; the way there is told again by the rules when a source comes onto a draft, and is kept
only where it leads to the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from proforma.domain.codes import InvoiceStatus, SourceKind
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, PriceListId, RecordId, SourceId
from proforma.domain.invoices import Invoice, InvoiceDetail
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import PriceList
from proforma.domain.reasons import KeptReason
from proforma.domain.records import Actual
from proforma.invoicing import Book
from proforma.pricing import PriceBook
from proforma.store import Reader, Transaction
from proforma.sync.price import price_book, related_records
from proforma.sync.retelling import Retelling, Told

_Drafted = tuple[Invoice, InvoiceDetail]


class ReasonKeeper:
    """Keeps the reasons of drafts. The price book is read when the first one is needed, and then stays: a keeper serves one run."""

    def __init__(self, policy: PricingPolicy) -> None:
        self._policy = policy
        self._prices: tuple[PriceBook, Retelling] | None = None
        self._noted: dict[Guid, PriceDecision] = {}

    def noting(self, decide: Callable[[Actual], PriceDecision]) -> Callable[[Actual], PriceDecision]:
        """A pricer that remembers what it said: the work of a detail added by hand is in no mirror to be asked again."""

        def decided(record: Actual) -> PriceDecision:
            decision = self._noted[record.id] = decide(record)
            return decision

        return decided

    def keep(self, tx: Transaction, book: Book, invoices: Sequence[Invoice], at: datetime) -> None:
        """Keeps the reason of every detail that came onto these drafts, or was priced anew there, since the book was read.

        A correction starts from what was billed: its reasons are those of the invoice that it corrects. An invoice of Dataverse may
        be confirmed at once.
        """
        drafts = [i for i in invoices if (i.status is InvoiceStatus.DRAFT or i.is_taken_over) and i.corrects is None]
        fresh = [pair for invoice in drafts for pair in _fresh(invoice, book)]
        if fresh:
            tx.reasons.save(self._reasons(tx, book, fresh, at))

    def _reasons(self, reader: Reader, book: Book, details: Sequence[_Drafted], at: datetime) -> Iterator[KeptReason]:
        work = {detail.source for _, detail in details if detail.kind is SourceKind.ACTUAL}
        told = self._told_again(reader, book, work)
        # What was asked in this very act is what the detail goes by.
        told.update({source: Told(decision, decision.trail) for source, decision in self._noted.items()})
        asked = {detail.source: _list_of(detail, told.get(detail.source)) for _, detail in details}
        lists = reader.mirror.get_many(PriceList, {list_id for list_id in asked.values() if list_id})
        for invoice, detail in details:
            list_id = asked[detail.source]
            name = lists[list_id].name if list_id in lists else None
            yield _reason(invoice, detail, told.get(detail.source), (list_id, name), at)

    def _told_again(self, reader: Reader, book: Book, sources: Collection[SourceId]) -> dict[Guid, Told]:
        """What the rules say now, of those sources of which they say what is stored as decided."""
        if not sources:
            return {}
        if self._prices is None:
            prices = price_book(reader, self._policy)
            self._prices = prices, Retelling(prices)
        prices, retelling = self._prices
        records = [actual for actual in book.actuals if SourceId(actual.id) in sources and actual.id in book.decisions]
        again: dict[Guid, Told | None] = {record.id: retelling.told(record) for record in records}
        alone = [record for record in records if again[record.id] is None]
        linked = related_records(reader, alone)
        for record in alone:
            decision = prices.decide(record, linked.get(record.id, ()))
            again[record.id] = Told(decision, decision.trail)
        return {id_: told for id_, told in again.items() if told and _core(book.decisions[RecordId(id_)]) == _core(told.decision)}


def _fresh(invoice: Invoice, book: Book) -> Iterator[_Drafted]:
    """The priced details of a draft that the book does not know, or knows with other figures of their source."""
    before = next((known for known in book.invoices if known.id == invoice.id), None)
    known = {} if before is None else {detail.id: _priced_as(detail) for detail in before.details}
    return ((invoice, d) for d in invoice.details if d.price_rule is not None and known.get(d.id) != _priced_as(d))


def _priced_as(detail: InvoiceDetail) -> tuple[object, ...]:
    return (detail.original, detail.price_rule, detail.price_reason)


def _core(decision: PriceDecision) -> tuple[object, ...]:
    return (decision.rule, decision.reason, decision.price_list_id, decision.price_line_id, decision.price, decision.currency_id)


def _list_of(detail: InvoiceDetail, told: Told | None) -> PriceListId | None:
    return told.decision.price_list_id if told else detail.price_list_id


def _reason(
    invoice: Invoice,
    detail: InvoiceDetail,
    told: Told | None,
    price_list: tuple[PriceListId | None, str | None],
    at: datetime,
) -> KeptReason:
    """The reason with all that led there; without a decision, the little that the detail itself knows."""
    figures = detail.original or detail
    decision = told.decision if told else None
    return KeptReason(
        invoice_id=invoice.id,
        source=detail.source,
        kept_at=at,
        rule=detail.price_rule or "",
        reason=detail.price_reason or "",
        price_list_id=price_list[0],
        price_list=price_list[1],
        price_line_id=decision.price_line_id if decision else None,
        markup_line_id=decision.markup_line_id if decision else None,
        override_id=decision.override_id if decision else None,
        price=figures.price,
        amount=figures.amount,
        quantity=figures.quantity,
        currency=invoice.currency.code,
        trail=told.trail if told else (),
    )
