"""Retainers and advances that wait to be billed (I-65)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from proforma.domain.codes import BillingType, SourceKind, TransactionClass
from proforma.domain.contracts import Retainer
from proforma.domain.ids import SourceId
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.source import Fault, Source
from proforma.invoicing.statuses import billing_status


def retainers(facts: Facts) -> Iterator[Source]:
    """All retainers, each billed whole to its customer."""
    for retainer in facts.retainers.values():
        yield _source(facts, retainer)


def _source(facts: Facts, retainer: Retainer) -> Source:
    id_ = SourceId(retainer.id)
    return Source(
        id=id_,
        kind=SourceKind.RETAINER,
        contract_id=retainer.contract_id,
        line=None,
        customer_id=retainer.customer_id,
        transaction_class=TransactionClass.RETAINER,
        billing_type=BillingType.CHARGEABLE,
        status=billing_status(facts, id_, SourceKind.RETAINER, mirror=retainer.status),
        day=retainer.invoice_date,
        quantity=Decimal(1),
        price=retainer.amount,
        amount=retainer.amount,
        currency_id=retainer.currency_id,
        created_at=retainer.created_at,
        description=retainer.description,
        fault=_fault(facts, retainer),
    )


def _fault(facts: Facts, retainer: Retainer) -> Fault | None:
    if retainer.customer_id is None:
        return Fault("no-customer", "the retainer names no customer: each customer needs one of its own")
    if facts.is_foreign(retainer.contract_id, retainer.currency_id):
        return Fault("currency-mismatch", "the retainer is not in the currency of its contract, and nothing is converted")
    return Fault("unpriced", "the retainer has no amount") if retainer.amount is None else None
