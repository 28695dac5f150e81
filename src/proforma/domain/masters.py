"""Master data: currencies as Dataverse keeps them, organizational units, roles, categories, products, customers, resources."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.codes import BillingType, CustomerKind
from proforma.domain.ids import (
    CategoryId,
    CurrencyId,
    CustomerId,
    OrganizationalUnitId,
    ProductId,
    ResourceId,
    RoleId,
    TaskId,
    UnitGroupId,
    UnitId,
)
from proforma.domain.money import DEFAULT_PRECISION, PRECISION_MAX, Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRecord:
    """A currency with its undated rate: units of it for one unit of the base currency (P-55)."""

    id: CurrencyId
    code: str
    precision: int | None = None
    exchange_rate: Decimal | None = None
    active: bool = True

    @property
    def decimals(self) -> int:
        """Number of decimals of amounts; two where the precision is empty or is none that a money column has (P-56)."""
        return self.precision if self.precision is not None and 0 <= self.precision <= PRECISION_MAX else DEFAULT_PRECISION

    @property
    def currency(self) -> Currency:
        """The currency of amounts."""
        return Currency(self.code, self.decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationalUnit:
    """A unit of the company that sells (contracting) or lends people (resourcing)."""

    id: OrganizationalUnitId
    name: str | None = None
    currency_id: CurrencyId | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A resource role with the billing type that holds where a contract line says nothing else (P-62)."""

    id: RoleId
    name: str | None = None
    billing_type: BillingType | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A transaction category, likewise."""

    id: CategoryId
    name: str | None = None
    billing_type: BillingType | None = None
    unit_group_id: UnitGroupId | None = None
    default_unit_id: UnitId | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product or material; its own list price never prices project material (P-52)."""

    id: ProductId
    name: str | None = None
    number: str | None = None
    unit_id: UnitId | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A company or person that is billed; `number` is what finance systems usually know it by (D-4).

    `street`: the lines above the postal code, one below the other.
    """

    id: CustomerId
    kind: CustomerKind
    name: str | None = None
    number: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    currency_id: CurrencyId | None = None
    active: bool = True

    @property
    def address(self) -> tuple[str, ...]:
        """The lines of its address, as far as they are known."""
        place = " ".join(word for word in (self.postal_code, self.city) if word)
        below = ", ".join(word for word in (place, self.region) if word)
        return tuple(line for line in (*(self.street or "").splitlines(), below, self.country or "") if line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A person or thing that works; only its name is of interest."""

    id: ResourceId
    name: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of a project; carried as description."""

    id: TaskId
    name: str | None = None
    active: bool = True
