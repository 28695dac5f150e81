"""Quotes, project contracts, their lines, customers, milestones, retainers and schedules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from proforma.domain.codes import (
    BillingMethod,
    BillingStatus,
    BillingType,
    ContractState,
    CustomerKind,
    IncludedTasks,
    OrderType,
    ScheduleRunStatus,
    TransactionClass,
)
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    Guid,
    MilestoneId,
    OrganizationalUnitId,
    PriceListId,
    ProductId,
    ProjectId,
    QuoteId,
    RecordId,
    RetainerId,
    RoleId,
    SubcontractId,
    TaskId,
    UnitId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quote; the contract that it became names it (P-41)."""

    id: QuoteId
    name: str | None = None
    number: str | None = None
    order_type: OrderType | None = None
    customer_id: CustomerId | None = None
    opportunity_id: Guid | None = None
    currency_id: CurrencyId | None = None
    contracting_unit_id: OrganizationalUnitId | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """A line of a quote."""

    id: RecordId
    quote_id: QuoteId | None = None
    description: str | None = None
    is_project_based: bool = True
    billing_method: BillingMethod | None = None
    project_id: ProjectId | None = None
    include_time: bool | None = None
    include_expense: bool | None = None
    include_material: bool | None = None
    include_fee: bool | None = None
    discount_percent: Decimal | None = None
    fee_percent: Decimal | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A project contract: a work-based sales order (I-20). `customer_id` is its primary customer (I-36)."""

    id: ContractId
    name: str | None = None
    number: str | None = None
    order_type: OrderType | None = None
    state: ContractState | None = None
    customer_id: CustomerId | None = None
    customer_kind: CustomerKind | None = None
    currency_id: CurrencyId | None = None
    quote_id: QuoteId | None = None
    opportunity_id: Guid | None = None
    contracting_unit_id: OrganizationalUnitId | None = None
    company_id: Guid | None = None
    price_list_id: PriceListId | None = None
    nte_limit: Decimal | None = None
    requested_delivery: date | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine:
    """A line of a project contract: project-based work, or a product (I-22, I-71).

    An included class is None where the column is empty. `order` is the contract's own order of lines.
    """

    id: ContractLineId
    contract_id: ContractId | None = None
    order: int | None = None
    description: str | None = None
    is_project_based: bool = True
    billing_method: BillingMethod | None = None
    project_id: ProjectId | None = None
    include_time: bool | None = None
    include_expense: bool | None = None
    include_material: bool | None = None
    include_fee: bool | None = None
    included_tasks: IncludedTasks | None = None
    nte_limit: Decimal | None = None
    discount_percent: Decimal | None = None
    fee_percent: Decimal | None = None
    billing_start: date | None = None
    currency_id: CurrencyId | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None
    billing_status: BillingStatus | None = None
    quantity: Decimal | None = None
    price_per_unit: Decimal | None = None
    manual_discount: Decimal | None = None
    volume_discount: Decimal | None = None
    tax: Decimal | None = None
    base_amount: Decimal | None = None
    extended_amount: Decimal | None = None
    created_at: datetime | None = None
    active: bool = True

    def includes(self, transaction_class: TransactionClass) -> bool | None:
        """What the line says of a class: included, excluded, or None where it says nothing (I-23, P-62)."""
        match transaction_class:
            case TransactionClass.TIME:
                return self.include_time
            case TransactionClass.EXPENSE:
                return self.include_expense
            case TransactionClass.MATERIAL:
                return self.include_material
            case TransactionClass.FEE:
                return self.include_fee
            case _:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRole:
    """Billing type of a role on one contract line (P-62, I-25)."""

    id: RecordId
    contract_line_id: ContractLineId | None = None
    role_id: RoleId | None = None
    billing_type: BillingType | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCategory:
    """Billing type of a category on one contract line (P-62, I-25)."""

    id: RecordId
    contract_line_id: ContractLineId | None = None
    category_id: CategoryId | None = None
    billing_type: BillingType | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTask:
    """Billing type of a task on one contract line that includes selected tasks only (P-62, I-25)."""

    id: RecordId
    contract_line_id: ContractLineId | None = None
    task_id: TaskId | None = None
    billing_type: BillingType | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCustomer:
    """A customer of a contract, with its share in percent (I-32)."""

    id: RecordId
    contract_id: ContractId | None = None
    customer_id: CustomerId | None = None
    percent: Decimal | None = None
    is_rounding: bool = False
    is_primary: bool = False
    nte_limit: Decimal | None = None
    payment_terms: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCustomer:
    """A customer of a contract line, with its share in percent; wins over the contract's (I-32)."""

    id: RecordId
    contract_line_id: ContractLineId | None = None
    customer_id: CustomerId | None = None
    percent: Decimal | None = None
    is_rounding: bool = False
    nte_limit: Decimal | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """An amount due on a fixed-price line (I-59). `date_independent` is the time-zone independent date and wins over `invoice_date`."""

    id: MilestoneId
    name: str | None = None
    contract_id: ContractId | None = None
    contract_line_id: ContractLineId | None = None
    project_id: ProjectId | None = None
    customer_id: CustomerId | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    invoice_date: date | None = None
    date_independent: date | None = None
    status: BillingStatus | None = None
    currency_id: CurrencyId | None = None
    created_at: datetime | None = None
    active: bool = True

    @property
    def due_date(self) -> date | None:
        """Date of the milestone (I 1.4)."""
        return self.date_independent or self.invoice_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Retainer:
    """Money that a customer pays in advance: billed first, then applied to later invoices (I-64)."""

    id: RetainerId
    description: str | None = None
    contract_id: ContractId | None = None
    customer_id: CustomerId | None = None
    amount: Decimal | None = None
    invoice_date: date | None = None
    status: BillingStatus | None = None
    used: Decimal | None = None
    available: Decimal | None = None
    currency_id: CurrencyId | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """One planned run of a contract line: run date, and the last transaction date that goes with it (I-91, I-92)."""

    id: RecordId
    contract_line_id: ContractLineId | None = None
    milestone_id: MilestoneId | None = None
    run_date: date | None = None
    cut_off: date | None = None
    status: ScheduleRunStatus | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project, and the contract and contracting unit that its records belong to when they name none (P-20, P-24)."""

    id: ProjectId
    name: str | None = None
    contract_id: ContractId | None = None
    contracting_unit_id: OrganizationalUnitId | None = None
    currency_id: CurrencyId | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcontract:
    """Work bought from a vendor (P-29)."""

    id: SubcontractId
    name: str | None = None
    vendor_id: Guid | None = None
    currency_id: CurrencyId | None = None
    active: bool = True
