"""Why a record has its price: today's answer of the rules, and for each invoice that it was put on, the answer of that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, RecordId
from proforma.domain.invoices import Figures, Invoice, InvoiceDetail
from proforma.domain.policies import PricingPolicy
from proforma.domain.reasons import KeptReason
from proforma.domain.records import Actual, Estimate, PricedRecord
from proforma.pricing import PriceBook
from proforma.pricing.billing_type import billing_type_step
from proforma.pricing.explaining import Step, steps_of
from proforma.pricing.rate_cards import names_of
from proforma.store import Reader, Store
from proforma.sync.price import pricing_records, related_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """The record on one invoice: its figures there, why they were so, and which of them the rules answer otherwise today.

    `reason` None: added by hand with its price, or there were no rules to ask. `differs` names `price`, `amount`, `price list` or
    `currency`.
    """

    invoice: Invoice
    detail: InvoiceDetail
    reason: KeptReason | None
    differs: tuple[str, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that led to the price when the record came onto the draft."""
        return steps_of(self.reason.trail) if self.reason else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything there is to say about the price of one record.

    `record` and `decision` are None for what is on an invoice alone: details added by hand, and records that Dataverse deleted since.
    """

    record_id: RecordId
    record: PricedRecord | None
    decision: PriceDecision | None
    steps: tuple[Step, ...]
    billed: tuple[Billing, ...]
    names: Mapping[Guid, str]


def explain(store: Store, policy: PricingPolicy, record_id: RecordId) -> Explanation | None:
    """The explanation of one record; None when neither the mirror nor an invoice knows it. Writes nothing."""
    with store.read() as reader:
        record: PricedRecord | None = reader.mirror.get(Actual, record_id) or reader.mirror.get(Estimate, record_id)
        invoices = reader.ledger.invoices_with(record_id)
        if record is None and not invoices:
            return None
        records = pricing_records(reader)
        decision, steps = _answer(reader, PriceBook(records, policy), record)
        kept = {reason.invoice_id: reason for reason in reader.reasons.of_source(record_id)}
    return Explanation(
        record_id=record_id,
        record=record,
        decision=decision,
        steps=steps,
        billed=tuple(
            _billing(invoice, detail, kept.get(invoice.corrects or invoice.id), decision)
            for invoice in invoices
            for detail in invoice.details
            if str(detail.source) == record_id
        ),
        names=names_of(records),
    )


def _answer(reader: Reader, book: PriceBook, record: PricedRecord | None) -> tuple[PriceDecision | None, tuple[Step, ...]]:
    if record is None:
        return None, ()
    decision = book.decide(record, related_records(reader, [record]).get(record.id, ()))
    return decision, steps_of((*decision.trail, billing_type_step(book.facts, record)))


def _billing(invoice: Invoice, detail: InvoiceDetail, reason: KeptReason | None, today: PriceDecision | None) -> Billing:
    """What the rules say otherwise today than when the record came onto the draft; edits of the draft are no difference of the rules."""
    differs: tuple[str, ...] = ()
    if today is not None and today.reason != "not-priced":
        was: Figures | InvoiceDetail = detail.original or detail
        pairs: Sequence[tuple[str, object, object]] = (
            ("price", was.price, today.price),
            ("amount", was.amount if was.quantity == today.quantity else None, today.extended),
            ("price list", reason and reason.price_list_id, today.price_list_id),
            ("currency", invoice.currency.code, today.currency),
        )
        differs = tuple(name for name, then, now in pairs if then is not None and then != now and (now is not None or name == "price"))
    return Billing(invoice=invoice, detail=detail, reason=reason, differs=differs)
