"""A company to price: rate cards of three years, contracts on them, and a million rows of work, the same for everybody measured."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from proforma.domain.codes import BillingMethod, BillingType, DimensionType, PriceListOwner, Side, TransactionClass, TransactionType
from proforma.domain.contracts import Contract, ContractLine
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    Guid,
    PriceLineId,
    PriceListId,
    ProductId,
    ProjectId,
    RecordId,
    RoleId,
    UnitId,
)
from proforma.domain.masters import Category, CurrencyRecord, Product, Role
from proforma.domain.prices import (
    ROLE_DIMENSION,
    UNIT_DIMENSION,
    CategoryPrice,
    DimensionValue,
    PriceList,
    PriceListAttachment,
    PriceListItem,
    PricingDimension,
    RolePrice,
)
from proforma.domain.records import Actual
from proforma.domain.units import Unit
from proforma.store import Store

CARDS, YEARS, CONTRACTS = 10, (2024, 2025, 2026), 2_000
ROLES, UNITS, WORK_TYPES, GRADES, CATEGORIES, PRODUCTS = 50, 20, 4, 3, 40, 500
WORK_TYPE: Final = "cr_worktype"
GRADE: Final = "cr_grade"
DIMENSIONS: Final = (ROLE_DIMENSION, UNIT_DIMENSION, WORK_TYPE, GRADE)
_PAGE: Final = 20_000
_SEEN_AT: Final = datetime(2026, 12, 31, tzinfo=UTC)
#: Of a thousand rows so many have no date, and so many a role that no list knows.
_UNDATED, _UNKNOWN = 3, 3


def guid(kind: int, number: int) -> Guid:
    """A GUID that looks like one: spread over the whole range, as Dataverse's are."""
    return Guid(f"{(number * 0x9E3779B1 + kind) & 0xFFFFFFFF:08x}-{kind:04x}-4000-8000-{number:012x}")


CURRENCIES: Final = tuple(
    CurrencyRecord(id=CurrencyId(guid(1, n)), code=code, precision=precision, exchange_rate=Decimal(rate))
    for n, (code, precision, rate) in enumerate((("USD", 2, "1"), ("EUR", 2, "0.9"), ("JPY", 0, "150")))
)
HOUR, DAY, EACH = (UnitId(guid(2, n)) for n in range(3))


@dataclass(frozen=True, slots=True)
class Company:
    """How much work there is, and how it is drawn."""

    actuals: int
    seed: int = 7

    def fill(self, store: Store) -> None:
        """Puts everything into the mirror of an empty store."""
        with store.begin() as tx:
            for entity, rows in (*_masters(), *_documents(), *_prices()):
                tx.mirror.upsert(entity, type(rows[0]), rows, [None] * len(rows), 1)
        for page in self._pages():
            with store.begin() as tx:
                tx.mirror.upsert("msdyn_actuals", Actual, [Actual(**{**_DEFAULTS, **row}) for row in page], [None] * len(page), 1)

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        draw = random.Random(self.seed)
        for first in range(0, self.actuals, _PAGE):
            yield [_actual(draw, n) for n in range(first, min(first + _PAGE, self.actuals))]


_DEFAULTS: Final[dict[str, Any]] = {"table": "msdyn_actuals", "type": TransactionType.UNBILLED_SALES, "dimensions": {}, "active": True}


def _actual(draw: random.Random, number: int) -> dict[str, Any]:
    contract = draw.randrange(CONTRACTS)
    kind = draw.random()
    row: dict[str, Any] = {
        "id": RecordId(Guid(f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}-4000-8000-{number:012x}")),
        "transaction_date": None if draw.randrange(1000) < _UNDATED else date(2024, 1, 1) + timedelta(days=draw.randrange(1096)),
        "contract_id": guid(9, contract),
        "contract_line_id": guid(10, contract),
        "project_id": guid(11, contract),
        "task_id": guid(12, contract * 10 + draw.randrange(10)),
        "resource_id": guid(13, draw.randrange(3_000)),
        "account_id": guid(14, contract // 4),
        "customer_id": guid(14, contract // 4),
        "currency_id": CURRENCIES[contract % CARDS % 3].id,
        "billing_type": None if draw.random() < 0.1 else BillingType.CHARGEABLE,
        "description": "Radar interface, second iteration",
        "created_at": _SEEN_AT,
    }
    if kind < 0.7:
        return row | _time(draw)
    if kind < 0.85:
        quantity = Decimal(draw.randrange(100, 50_000)).scaleb(-2)
        expense = {"transaction_class": TransactionClass.EXPENSE, "category_id": guid(6, draw.randrange(CATEGORIES))}
        return row | expense | {"quantity": quantity, "unit_id": EACH}
    material = {"transaction_class": TransactionClass.MATERIAL, "product_id": guid(8, draw.randrange(PRODUCTS))}
    return row | material | {"quantity": Decimal(draw.randrange(1, 100)), "unit_id": EACH}


def _time(draw: random.Random) -> dict[str, Any]:
    role = ROLES + 1 if draw.randrange(1000) < _UNKNOWN else draw.randrange(ROLES)
    unit = guid(7, draw.randrange(UNITS))
    dimensions: dict[str, DimensionValue] = {ROLE_DIMENSION: guid(5, role), UNIT_DIMENSION: unit}
    if draw.random() < 0.5:
        dimensions[WORK_TYPE] = draw.randrange(WORK_TYPES)
    if draw.random() < 0.5:
        dimensions[GRADE] = draw.randrange(GRADES)
    return {
        "transaction_class": TransactionClass.TIME,
        "role_id": guid(5, role),
        "resourcing_unit_id": unit,
        "unit_id": DAY if draw.random() < 0.1 else HOUR,
        "quantity": Decimal(draw.randrange(1, 41)) / 4,
        "dimensions": dimensions,
    }


def _masters() -> Iterator[tuple[str, Sequence[Any]]]:
    yield "transactioncurrencies", CURRENCIES
    hour = Unit(id=HOUR, name="Hour", is_group_base=True, quantity=Decimal(1))
    day = Unit(id=DAY, name="Day", base_unit_id=HOUR, quantity=Decimal(8))
    yield "uoms", [hour, day, Unit(id=EACH, name="Each", is_group_base=True, quantity=Decimal(1))]
    yield "bookableresourcecategories", [Role(id=RoleId(guid(5, n)), name=f"Role {n}") for n in range(ROLES)]
    yield "msdyn_transactioncategories", [Category(id=CategoryId(guid(6, n)), name=f"Category {n}") for n in range(CATEGORIES)]
    yield "products", [Product(id=ProductId(guid(8, n)), name=f"Product {n}") for n in range(PRODUCTS)]
    yield (
        "msdyn_dimensions",
        [
            PricingDimension(
                id=RecordId(guid(4, n)), name=name, type=DimensionType.AMOUNT_BASED, applies_to_sales=True, priority_sales=n + 1
            )
            for n, name in enumerate(DIMENSIONS)
        ],
    )


def _documents() -> Iterator[tuple[str, Sequence[Any]]]:
    numbers = range(CONTRACTS)
    yield "salesorders", [Contract(id=ContractId(guid(9, n)), currency_id=CURRENCIES[n % CARDS % 3].id) for n in numbers]
    yield (
        "salesorderdetails",
        [
            ContractLine(
                id=ContractLineId(guid(10, n)),
                contract_id=ContractId(guid(9, n)),
                is_project_based=True,
                project_id=ProjectId(guid(11, n)),
                billing_method=BillingMethod.TIME_AND_MATERIAL,
            )
            for n in numbers
        ],
    )
    yield (
        "msdyn_orderpricelists",
        [
            PriceListAttachment(
                id=RecordId(guid(15, n * 3 + year)),
                owner=PriceListOwner.CONTRACT,
                owner_id=guid(9, n),
                price_list_id=_list_id(n % CARDS, year),
            )
            for n in numbers
            for year in range(3)
        ],
    )


def _list_id(card: int, year: int) -> PriceListId:
    return PriceListId(guid(3, card * 3 + year))


def _prices() -> Iterator[tuple[str, Sequence[Any]]]:
    lists = [(card, year) for card in range(CARDS) for year in range(3)]
    yield (
        "pricelevels",
        [
            PriceList(
                id=_list_id(card, year),
                name=f"Card {card}, {YEARS[year]}",
                context=Side.SALES,
                first_day=date(YEARS[year], 1, 1),
                last_day=date(YEARS[year], 12, 31),
                currency_id=CURRENCIES[card % 3].id,
                time_unit_id=HOUR,
            )
            for card, year in lists
        ],
    )
    yield "msdyn_resourcecategorypricelevels", [row for card, year in lists for row in _role_prices(card, year)]
    yield (
        "msdyn_transactioncategorypricelevels",
        [
            CategoryPrice(
                id=PriceLineId(guid(17, (card * 3 + year) * 1000 + n)),
                price_list_id=_list_id(card, year),
                category_id=CategoryId(guid(6, n)),
                unit_id=EACH,
                price=Decimal(100 + n + year).scaleb(-2),
            )
            for card, year in lists
            for n in range(CATEGORIES)
        ],
    )
    yield (
        "productpricelevels",
        [
            PriceListItem(
                id=PriceLineId(guid(18, (card * 3 + year) * 1000 + n)),
                price_list_id=_list_id(card, year),
                product_id=ProductId(guid(8, n)),
                unit_id=EACH,
                amount=Decimal(1000 + 7 * n + card).scaleb(-2),
            )
            for card, year in lists
            for n in range(PRODUCTS)
        ],
    )


def _role_prices(card: int, year: int) -> Iterator[RolePrice]:
    """A price for each role everywhere, one for each role and unit, and dearer ones for some kinds of work and grades."""
    for number, (role, unit, work_type, grade) in enumerate(_combinations()):
        values = (guid(5, role), None if unit is None else guid(7, unit), work_type, grade)
        yield RolePrice(
            id=PriceLineId(guid(16, (card * 3 + year) * 10_000 + number)),
            price_list_id=_list_id(card, year),
            dimensions={name: value for name, value in zip(DIMENSIONS, values, strict=True) if value is not None},
            unit_id=DAY if number % 10 == 0 else None,
            price=Decimal(8_000 + 37 * number + 100 * year + card).scaleb(-2),
        )


def _combinations() -> Iterator[tuple[int, int | None, int | None, int | None]]:
    for role in range(ROLES):
        yield role, None, None, None
        for unit in range(UNITS):
            yield role, unit, None, None
        for work_type in range(1, WORK_TYPES):
            yield role, None, work_type, None
            yield role, role % UNITS, work_type, 0
        for grade in range(GRADES - 1):
            yield role, None, None, grade
