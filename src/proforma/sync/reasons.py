"""Keeps with each detail of an invoice why it has its price (promise 3).

Stored decisions say what was decided; the way there is told again by the rules when a source comes onto a draft, and is kept
only where it leads to the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from proforma.domain.codes import InvoiceStatus, SourceKind
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, PriceListId, RecordId, SourceId
from proforma.domain.invoices import Invoice, InvoiceDetail
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import PriceList
from proforma.domain.reasons import KeptReason
from proforma.domain.records import Actual
from proforma.pricing import PriceBook
from proforma.store import Reader, Transaction
from proforma.sync.price import price_book, related_records


class ReasonKeeper:
    """Keeps the reasons of drafts. The price book is read when the first one is needed, and then stays: a keeper serves one run."""

    def __init__(self, policy: PricingPolicy) -> None:
        self._policy = policy
        self._book: PriceBook | None = None
        self._noted: dict[Guid, PriceDecision] = {}

    def noting(self, decide: Callable[[Actual], PriceDecision]) -> Callable[[Actual], PriceDecision]:
        """A pricer that remembers what it said: the work of a detail added by hand is in no mirror to be asked again."""

        def decided(record: Actual) -> PriceDecision:
            decision = self._noted[record.id] = decide(record)
            return decision

        return decided

    def keep(self, tx: Transaction, invoices: Sequence[Invoice], at: datetime) -> None:
        """Keeps the reason of every detail of these drafts that has none yet, or that was priced anew since.

        A correction starts from what was billed: its reasons are those of the invoice that it corrects. An invoice of Dataverse may
        be confirmed at once.
        """
        drafts = [i for i in invoices if (i.status is InvoiceStatus.DRAFT or i.is_taken_over) and i.corrects is None]
        known = tx.reasons.of_invoices(invoice.id for invoice in drafts)
        missing = [
            (invoice, detail)
            for invoice in drafts
            for detail in invoice.details
            if detail.price_rule is not None and not _is_kept(known.get((invoice.id, detail.source)), detail)
        ]
        if missing:
            tx.reasons.save(list(self._reasons(tx, missing, at)))

    def _reasons(self, reader: Reader, details: Sequence[tuple[Invoice, InvoiceDetail]], at: datetime) -> Iterator[KeptReason]:
        work = [detail.source for _, detail in details if detail.kind is SourceKind.ACTUAL]
        # What was asked in this very act is what the detail goes by.
        decided = {**self._told_again(reader, work), **self._noted}
        asked = {detail.source: _list_of(detail, decided.get(detail.source)) for _, detail in details}
        lists = reader.mirror.get_many(PriceList, [list_id for list_id in asked.values() if list_id])
        for invoice, detail in details:
            list_id = asked[detail.source]
            name = lists[list_id].name if list_id in lists else None
            yield _reason(invoice, detail, decided.get(detail.source), (list_id, name), at)

    def _told_again(self, reader: Reader, sources: Sequence[SourceId]) -> Mapping[Guid, PriceDecision]:
        """What the rules say now, of those sources of which they say what is stored as decided."""
        if not sources:
            return {}
        if self._book is None:
            self._book = price_book(reader, self._policy)
        stored = reader.decisions.of(sources)
        actuals = reader.mirror.get_many(Actual, [RecordId(source) for source in sources])
        linked = related_records(reader, list(actuals.values()))
        again = {record_id: self._book.decide(record, linked.get(record_id, ())) for record_id, record in actuals.items()}
        return {
            record_id: decision
            for record_id, decision in again.items()
            if (was := stored.get(SourceId(record_id))) is not None and _core(was) == _core(decision)
        }


def _is_kept(reason: KeptReason | None, detail: InvoiceDetail) -> bool:
    """Whether a reason is there, and is of the figures that the source has brought onto the draft."""
    if reason is None:
        return False
    was = detail.original
    same_figures = was is None or (was.price, was.quantity) == (reason.price, reason.quantity)
    return same_figures and (reason.rule, reason.reason) == (detail.price_rule, detail.price_reason)


def _core(decision: PriceDecision) -> tuple[object, ...]:
    return (decision.rule, decision.reason, decision.price_list_id, decision.price_line_id, decision.price, decision.currency_id)


def _list_of(detail: InvoiceDetail, decision: PriceDecision | None) -> PriceListId | None:
    return decision.price_list_id if decision else detail.price_list_id


def _reason(
    invoice: Invoice,
    detail: InvoiceDetail,
    decision: PriceDecision | None,
    price_list: tuple[PriceListId | None, str | None],
    at: datetime,
) -> KeptReason:
    """The reason with all that led there; without a decision, the little that the detail itself knows."""
    figures = detail.original or detail
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
        trail=decision.trail if decision else (),
    )
