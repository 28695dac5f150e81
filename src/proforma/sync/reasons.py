"""Keeps with each detail of an invoice why it has its price (promise 3).

Stored decisions say what was decided; the way there is told again by the rules when a source comes onto a draft, and is kept
only where it leads to the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from proforma.domain.codes import InvoiceStatus, SourceKind
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, PriceListId, SourceId
from proforma.domain.invoices import Invoice, InvoiceDetail
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import PriceList
from proforma.domain.reasons import CommonReason, OwnReason
from proforma.domain.records import Actual
from proforma.invoicing import Book
from proforma.pricing import PriceBook
from proforma.store import Reader, Transaction
from proforma.sync.price import price_book, related_records
from proforma.sync.retelling import Common, Retelling, Told, told_alone


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
        fresh = {invoice.id: list(_fresh(invoice, book)) for invoice in drafts}
        told = self._told(tx, book, [detail for each in fresh.values() for detail in each])
        names = _list_names(tx, told, [detail for each in fresh.values() for detail in each])
        for invoice in drafts:
            if fresh[invoice.id]:
                tx.reasons.save(invoice.id, at, _reasons(invoice, fresh[invoice.id], told, names))

    def _told(self, reader: Reader, book: Book, details: Sequence[InvoiceDetail]) -> dict[Guid, Told]:
        """Why these details have their prices, by source, where that is known."""
        told = self._told_again(reader, book, {detail.source for detail in details if detail.kind is SourceKind.ACTUAL})
        # What was asked in this very act is what the detail goes by.
        told.update({source: told_alone(decision) for source, decision in self._noted.items()})
        return told

    def _told_again(self, reader: Reader, book: Book, sources: Collection[SourceId]) -> dict[Guid, Told]:
        """What the rules say now, of those sources of which they say what is stored as decided."""
        if not sources:
            return {}
        if self._prices is None:
            prices = price_book(reader, self._policy)
            self._prices = prices, Retelling(prices)
        prices, retelling = self._prices
        records = [actual for actual in book.actuals if SourceId(actual.id) in sources and actual.id in book.decisions]
        again = {record.id: retelling.told(record) for record in records}
        alone = [record for record in records if again[record.id] is None]
        linked = related_records(reader, alone)
        for record in alone:
            again[record.id] = told_alone(prices.decide(record, linked.get(record.id, ())))
        return {id_: told for id_, told in again.items() if told is not None and _is_core_equal(book.decisions[id_], told.decision)}


def _fresh(invoice: Invoice, book: Book) -> Iterator[InvoiceDetail]:
    """The priced details of a draft that the book does not know, or knows with other figures of their source."""
    before = next((known for known in book.invoices if known.id == invoice.id), None)
    if before is None:
        return (d for d in invoice.details if d.price_rule is not None)
    known = {detail.id: detail for detail in before.details}
    return (d for d in invoice.details if d.price_rule is not None and not _is_priced_alike(known.get(d.id), d))


def _is_priced_alike(one: InvoiceDetail | None, other: InvoiceDetail) -> bool:
    if one is None or one is other:
        return one is other
    said = (one.original, one.price_rule, one.price_reason)
    return said == (other.original, other.price_rule, other.price_reason)


def _is_core_equal(one: PriceDecision, other: PriceDecision) -> bool:
    """Whether two decisions say the same price for the same reason."""
    return (
        one.price == other.price
        and one.rule == other.rule
        and one.reason == other.reason
        and one.price_list_id == other.price_list_id
        and one.price_line_id == other.price_line_id
        and one.currency_id == other.currency_id
    )


def _list_names(reader: Reader, told: Mapping[Guid, Told], details: Iterable[InvoiceDetail]) -> dict[PriceListId, str | None]:
    asked = {_list_of(detail, told.get(detail.source)) for detail in details}
    lists = reader.mirror.get_many(PriceList, {list_id for list_id in asked if list_id})
    return {list_id: found.name for list_id, found in lists.items()}


def _list_of(detail: InvoiceDetail, told: Told | None) -> PriceListId | None:
    return told.decision.price_list_id if told else detail.price_list_id


def _reasons(
    invoice: Invoice, details: Iterable[InvoiceDetail], told: Mapping[Guid, Told], names: Mapping[PriceListId, str | None]
) -> list[tuple[CommonReason, list[OwnReason]]]:
    """The reasons of an invoice's details, those together that have all but their own figures and steps in common.

    Where nothing is told, there is the little that the detail itself knows.
    """
    kept: dict[tuple[Common | None, str | None, str | None, PriceListId | None], list[OwnReason]] = {}
    for detail in details:
        found = told.get(detail.source)
        figures = detail.original or detail
        own = OwnReason(detail.source, figures.price, figures.amount, figures.quantity, found.own if found else ())
        key = (found.common if found else None, detail.price_rule, detail.price_reason, _list_of(detail, found))
        kept.setdefault(key, []).append(own)
    return [(_common_reason(invoice, *key, names), each) for key, each in kept.items()]


def _common_reason(
    invoice: Invoice,
    common: Common | None,
    rule: str | None,
    reason: str | None,
    list_id: PriceListId | None,
    names: Mapping[PriceListId, str | None],
) -> CommonReason:
    decision = common.decision if common else None
    return CommonReason(
        rule=rule or "",
        reason=reason or "",
        price_list_id=list_id,
        price_list=names.get(list_id) if list_id else None,
        price_line_id=decision.price_line_id if decision else None,
        markup_line_id=decision.markup_line_id if decision else None,
        override_id=decision.override_id if decision else None,
        currency=invoice.currency.code,
        steps=common.steps if common else (),
    )
