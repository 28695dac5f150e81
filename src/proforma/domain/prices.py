"""Price lists, their rows, their date-effective overrides, what they are attached to, and the pricing dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from proforma.domain.codes import DimensionType, ItemPricingMethod, PriceCalculation, PriceListOwner, Side
from proforma.domain.dates import Effective
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    CurrencyId,
    CustomerId,
    Guid,
    OrganizationalUnitId,
    PriceLineId,
    PriceListId,
    ProductId,
    QuoteId,
    RecordId,
    SubcontractId,
    UnitId,
)

#: Value of a pricing dimension: a lookup's GUID or an option's number. 0 is a value, not empty (P-31).
DimensionValue = str | int
#: Dimension name -> value; empty dimensions are absent.
Dimensions = Mapping[str, DimensionValue]

#: Names of the two dimensions that hold when a company has set up none (P-30).
ROLE_DIMENSION: Final = "role"
UNIT_DIMENSION: Final = "organizational-unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """Header of a price list. Context None: a number we do not know, so it fits no side (P-7).

    The `independent` days are the pair that no time zone moves, where an environment has it and the mapping names it (P-5).
    """

    id: PriceListId
    name: str | None = None
    context: Side | None = None
    first_day: date | None = None
    last_day: date | None = None
    currency_id: CurrencyId | None = None
    time_unit_id: UnitId | None = None
    copied_from_id: PriceListId | None = None
    first_day_independent: date | None = None
    last_day_independent: date | None = None
    created_at: datetime | None = None
    active: bool = True

    @property
    def effective(self) -> Effective:
        """Days on which the list applies to plans and documents (P-6)."""
        return Effective(first=self.first_day, last=self.last_day)

    @property
    def effective_for_actuals(self) -> Effective:
        """Days on which the list applies to what has happened: the time-zone independent ones win, end by end (P-5)."""
        return Effective(first=self.first_day_independent or self.first_day, last=self.last_day_independent or self.last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListAttachment:
    """A price list attached to an owner: contract, quote, account, unit, parameters, subcontract … (P-9)."""

    id: RecordId
    owner: PriceListOwner
    owner_id: Guid | None = None
    price_list_id: PriceListId | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePrice:
    """A price of time for a combination of dimension values (P-32). Unit and currency empty: the list's (P-8)."""

    id: PriceLineId
    price_list_id: PriceListId | None = None
    dimensions: Dimensions = field(default_factory=dict)
    unit_id: UnitId | None = None
    price: Decimal | None = None
    percent: Decimal | None = None
    calculation: PriceCalculation | None = None
    currency_id: CurrencyId | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePriceMarkup:
    """A percentage on top of a role price for a combination of dimension values (P-37)."""

    id: PriceLineId
    price_list_id: PriceListId | None = None
    dimensions: Dimensions = field(default_factory=dict)
    percent: Decimal | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """Another price or percentage of one row from a day on, for one scope or, with all scopes empty, for everybody (P-40, P-41)."""

    id: RecordId
    role_price_id: PriceLineId | None = None
    markup_id: PriceLineId | None = None
    effective_from: date | None = None
    price: Decimal | None = None
    unit_id: UnitId | None = None
    percent: Decimal | None = None
    contract_id: ContractId | None = None
    quote_id: QuoteId | None = None
    customer_id: CustomerId | None = None
    vendor_id: Guid | None = None
    subcontract_id: SubcontractId | None = None
    vendor_invoice_id: Guid | None = None
    organizational_unit_id: OrganizationalUnitId | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryPrice:
    """A price of an expense for a category and unit (P-46)."""

    id: PriceLineId
    price_list_id: PriceListId | None = None
    category_id: CategoryId | None = None
    unit_id: UnitId | None = None
    calculation: PriceCalculation | None = None
    price: Decimal | None = None
    percent: Decimal | None = None
    currency_id: CurrencyId | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListItem:
    """A price of a product for a unit (P-52). `project_method`: how project material is priced since UR 30, where mapped (P-53)."""

    id: PriceLineId
    price_list_id: PriceListId | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None
    method: ItemPricingMethod | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    project_method: PriceCalculation | None = None
    currency_id: CurrencyId | None = None
    created_at: datetime | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingDimension:
    """A pricing dimension: on which sides it takes part and how much it weighs there; the smallest number weighs most (P-30).

    `name` is the word under which rows and records carry its values: "role", "organizational-unit", or the
    lower-case column name of a custom dimension.
    """

    id: RecordId
    name: str
    type: DimensionType | None = None
    applies_to_sales: bool = False
    applies_to_cost: bool = False
    applies_to_purchase: bool = False
    priority_sales: int | None = None
    priority_cost: int | None = None
    priority_purchase: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionFieldName:
    """The other column under which one table carries a dimension (P-31); used when rows are mapped."""

    id: RecordId
    dimension_id: RecordId | None = None
    table: str | None = None
    column: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedExchangeRate:
    """A rate that finance keeps by date: units of `to` for one unit of `from_` (P-57)."""

    id: RecordId
    from_currency_id: CurrencyId | None = None
    to_currency_id: CurrencyId | None = None
    first_day: date | None = None
    last_day: date | None = None
    rate: Decimal | None = None
    active: bool = True
