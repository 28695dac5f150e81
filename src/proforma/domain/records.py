"""The records that get a price: actuals and estimates; and the links between actuals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from proforma.domain.codes import (
    AdjustmentStatus,
    AmountMethod,
    BillingStatus,
    BillingType,
    CustomerKind,
    EstimateOwner,
    NteStatus,
    TransactionClass,
    TransactionType,
)
from proforma.domain.frozen import made_quickly
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    Guid,
    InvoiceId,
    OrganizationalUnitId,
    PriceListId,
    ProductId,
    ProjectId,
    QuoteId,
    RecordId,
    ResourceId,
    RoleId,
    SubcontractId,
    TaskId,
    UnitId,
)
from proforma.domain.prices import Dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedRecord:
    """What pricing reads of a record (P, section 1.3). Empty columns are None; an empty price is not a price of 0 (P-3).

    `table` names the source table for readers. `dimensions` holds the values of all pricing dimensions, by dimension name.
    """

    id: RecordId
    table: str
    type: TransactionType | None = None
    transaction_class: TransactionClass | None = None
    transaction_date: date | None = None
    document_date: date | None = None
    start_date: date | None = None
    contract_id: ContractId | None = None
    contract_line_id: ContractLineId | None = None
    project_id: ProjectId | None = None
    task_id: TaskId | None = None
    contracting_unit_id: OrganizationalUnitId | None = None
    resourcing_unit_id: OrganizationalUnitId | None = None
    role_id: RoleId | None = None
    resource_id: ResourceId | None = None
    category_id: CategoryId | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None
    subcontract_id: SubcontractId | None = None
    vendor_invoice_id: Guid | None = None
    customer_id: CustomerId | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    amount_method: AmountMethod | None = None
    basis_quantity: Decimal | None = None
    basis_price: Decimal | None = None
    basis_amount: Decimal | None = None
    percent: Decimal | None = None
    price_list_id: PriceListId | None = None
    currency_id: CurrencyId | None = None
    billing_type: BillingType | None = None
    adjustment: AdjustmentStatus | None = None
    dimensions: Dimensions = field(default_factory=dict)
    description: str | None = None
    created_at: datetime | None = None
    active: bool = True


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Actual(PricedRecord):
    """Work, expense or material that happened (I-1). `customer_id` is the account, or the contact when the customer is a person (I 1.4).

    `account_id` is the account column alone, which the scope of an override reads (P-41). `invoice_id` is Dataverse's own invoice (I-54).
    """

    account_id: CustomerId | None = None
    customer_kind: CustomerKind | None = None
    billing_status: BillingStatus | None = None
    nte_status: NteStatus | None = None
    invoice_id: InvoiceId | None = None
    external_description: str | None = None
    extended_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(PricedRecord):
    """A line detail of a quote or contract, or an estimate line of a project: work that is planned (P-5).

    Cost and sales are separate records; `related_id` names the other one where the source links them directly.
    """

    owner: EstimateOwner
    quote_id: QuoteId | None = None
    quote_line_id: RecordId | None = None
    end_date: date | None = None
    related_id: RecordId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionConnection:
    """A link between two records; the text roles are informative, the types of the linked actuals decide (P-49, I-11)."""

    id: RecordId
    first_id: Guid | None = None
    first_type: str | None = None
    first_role: str | None = None
    second_id: Guid | None = None
    second_type: str | None = None
    second_role: str | None = None
    active: bool = True
