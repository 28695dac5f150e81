"""Proforma invoices that were made and confirmed in the source system, as it holds them: header, lines, line details."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from proforma.domain.codes import CustomerKind, OrderType, UpstreamStatus
from proforma.domain.ids import ContractId, ContractLineId, CurrencyId, CustomerId, Guid, InvoiceId, ProductId, UnitId
from proforma.domain.records import PricedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamInvoice:
    """Header of an invoice of one contract and customer. `active` is false once it was canceled.

    `line_total`: sum of its lines before tax, discounts and freight, which are unsupported (I-86).
    """

    id: InvoiceId
    number: str | None = None
    order_type: OrderType | None = None
    contract_id: ContractId | None = None
    customer_id: CustomerId | None = None
    currency_id: CurrencyId | None = None
    status: UpstreamStatus | None = None
    invoice_date: date | None = None
    line_total: Decimal | None = None
    discount: Decimal | None = None
    discount_percent: Decimal | None = None
    freight: Decimal | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLine:
    """A line: one a contract line, also without details; a product line has none, and its own quantity and amounts (I-71, I-76)."""

    id: Guid
    invoice_id: InvoiceId | None = None
    contract_line_id: ContractLineId | None = None
    is_project_based: bool = True
    description: str | None = None
    chargeable: Decimal | None = None
    quantity: Decimal | None = None
    price_per_unit: Decimal | None = None
    manual_discount: Decimal | None = None
    base_amount: Decimal | None = None
    extended_amount: Decimal | None = None
    tax: Decimal | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamDetail(PricedRecord):
    """A line detail: work, a milestone, a retainer. It has what an actual has, and on a correction what it corrects (I-95, I-96)."""

    invoice_id: InvoiceId | None = None
    invoice_line_id: Guid | None = None
    account_id: CustomerId | None = None
    customer_kind: CustomerKind | None = None
    external_description: str | None = None
    is_correction: bool = False
    original_id: Guid | None = None
    previous_amount: Decimal | None = None
    invoice_amount: Decimal | None = None
