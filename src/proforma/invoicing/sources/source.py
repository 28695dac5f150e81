"""One row that may be billed, as the mirror and the ledger together see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from proforma.domain.codes import AdjustmentStatus, BillingStatus, BillingType, NteStatus, SourceKind, TransactionClass
from proforma.domain.contracts import ContractLine
from proforma.domain.frozen import made_quickly
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    PriceListId,
    ProductId,
    ProjectId,
    ResourceId,
    RoleId,
    SourceId,
    TaskId,
    UnitId,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be billed until somebody repairs it: a code of I, section 23, and what to do."""

    reason: str
    message: str


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What a detail shows of its source beside figures."""

    project_id: ProjectId | None = None
    task_id: TaskId | None = None
    role_id: RoleId | None = None
    resource_id: ResourceId | None = None
    category_id: CategoryId | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None
    price_list_id: PriceListId | None = None
    price_reason: str | None = None
    price_rule: str | None = None


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One row that may be billed to one customer.

    `status` is where it stands after our marks and our own invoices are laid over the mirror. `elsewhere`: an invoice of
    Dataverse itself holds it (I-54). `amount` None: unpriced (I-55a). `extended`: the amount carries a discount or fee, so an
    edit scales it instead of multiplying (I-27). `is_share`: one customer's part of a milestone (I-61).
    """

    id: SourceId
    kind: SourceKind
    contract_id: ContractId | None
    line: ContractLine | None
    customer_id: CustomerId | None
    transaction_class: TransactionClass | None
    billing_type: BillingType | None
    status: BillingStatus
    quantity: Decimal
    price: Decimal | None
    amount: Decimal | None
    currency_id: CurrencyId | None
    adjustment: AdjustmentStatus | None = None
    nte: NteStatus | None = None
    day: date | None = None
    tax: Decimal | None = None
    created_at: datetime | None = None
    description: str | None = None
    external_description: str | None = None
    attributes: Attributes = Attributes()
    elsewhere: bool = False
    extended: bool = False
    is_share: bool = False
    fault: Fault | None = None

    @property
    def line_id(self) -> ContractLineId | None:
        """Id of its contract line."""
        return None if self.line is None else self.line.id

    @property
    def project_id(self) -> ProjectId | None:
        """Its own project, else that of its contract line."""
        return self.attributes.project_id or (None if self.line is None else self.line.project_id)

    @property
    def is_chargeable(self) -> bool:
        """Whether it adds to an invoice (I-26)."""
        return self.billing_type is BillingType.CHARGEABLE
