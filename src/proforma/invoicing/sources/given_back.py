"""Unbilled sales that corrections gave back: they live in our ledger alone (I-98, I-130)."""

from __future__ import annotations

from collections.abc import Iterator

from proforma.domain.codes import AdjustmentStatus, SourceKind
from proforma.domain.ids import ContractId, CurrencyId, Guid, RecordId, SourceId
from proforma.domain.invoices import InvoiceDetail, LedgerActual
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.source import Attributes, Source
from proforma.invoicing.statuses import adjustment, billing_status, nte_status


def given_back_sales(facts: Facts) -> Iterator[Source]:
    """The unbilled rows of confirmed corrections; their ledger id is their source from now on."""
    for row in facts.given_back.values():
        yield _source(facts, row)


def _source(facts: Facts, row: LedgerActual) -> Source:
    id_ = SourceId(row.id)
    detail = facts.details.get(row.detail_id)
    return Source(
        id=id_,
        kind=SourceKind.ACTUAL,
        contract_id=row.contract_id,
        line=facts.line(row.contract_line_id),
        customer_id=row.customer_id,
        transaction_class=row.transaction_class,
        billing_type=row.billing_type,
        status=billing_status(facts, id_, SourceKind.ACTUAL, mirror=row.billing_status),
        adjustment=adjustment(facts, id_, mirror=_adjustment(facts, row)),
        nte=nte_status(facts, id_, mirror=None),
        day=row.day,
        quantity=row.quantity,
        price=row.price,
        amount=row.amount,
        currency_id=_currency_id(facts, row.contract_id),
        description=None if detail is None else detail.description,
        external_description=None if detail is None else detail.external_description,
        attributes=Attributes() if detail is None else attributes_of(detail),
    )


def attributes_of(detail: InvoiceDetail) -> Attributes:
    """What a detail showed of its source."""
    return Attributes(
        project_id=detail.project_id,
        task_id=detail.task_id,
        role_id=detail.role_id,
        resource_id=detail.resource_id,
        category_id=detail.category_id,
        product_id=detail.product_id,
        unit_id=detail.unit_id,
        price_list_id=detail.price_list_id,
        price_reason=detail.price_reason,
        price_rule=detail.price_rule,
    )


def _adjustment(facts: Facts, row: LedgerActual) -> AdjustmentStatus | None:
    """A fully credited entry may be recalled in Dataverse: then what was given back of it is not billed again (I-8)."""
    origin: Guid = row.source
    while origin in facts.given_back:
        origin = facts.given_back[origin].source
    detail = facts.details.get(row.detail_id)
    if row.adjusted:
        return AdjustmentStatus.ADJUSTED
    if detail is None or detail.kind is not SourceKind.ACTUAL:
        return None
    actual = facts.actuals.get(RecordId(origin))
    return AdjustmentStatus.ADJUSTED if actual is None else actual.adjustment


def _currency_id(facts: Facts, contract_id: ContractId) -> CurrencyId | None:
    contract = facts.contracts.get(contract_id)
    return None if contract is None else contract.currency_id
