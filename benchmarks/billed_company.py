"""A company to bill: contracts with a team each, a month of work that is priced and ready, and a schedule that makes all of it due."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from benchmarks.priced_company import guid
from proforma.domain.codes import (
    BillingMethod,
    BillingStatus,
    BillingType,
    ContractState,
    DimensionType,
    OrderType,
    PriceListOwner,
    Side,
    TransactionClass,
    TransactionType,
)
from proforma.domain.contracts import Contract, ContractCustomer, ContractLine, ScheduleRow
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    Guid,
    PriceLineId,
    PriceListId,
    ProjectId,
    RecordId,
    ResourceId,
    RoleId,
    TaskId,
    UnitId,
)
from proforma.domain.masters import Category, CurrencyRecord, Role
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import ROLE_DIMENSION, CategoryPrice, PriceList, PriceListAttachment, PricingDimension, RolePrice
from proforma.domain.records import Actual
from proforma.domain.units import Unit
from proforma.store import Store
from proforma.sync.price import price

AS_OF: Final = date(2026, 3, 31)
CARDS, ROLES, CATEGORIES, TEAM = 10, 30, 20, 10
_PAGE: Final = 20_000
_NOW: Final = datetime(2026, 4, 1, tzinfo=UTC)
HOUR, EACH = UnitId(guid(2, 0)), UnitId(guid(2, 1))
USD: Final = CurrencyRecord(id=CurrencyId(guid(1, 0)), code="USD")


@dataclass(frozen=True, slots=True)
class BilledCompany:
    """How many contracts there are, and how many rows of work wait on each. Ids are spread as Dataverse's are."""

    contracts: int
    rows_each: int
    seed: int = 7

    def fill(self, store: Store) -> None:
        """Puts everything into the mirror of an empty store, and prices it."""
        with store.begin() as tx:
            for entity, rows in (*_masters(), *_cards(), *_documents(self.contracts)):
                tx.mirror.upsert(entity, type(rows[0]), rows, [None] * len(rows), 1)
        for page in self._pages():
            with store.begin() as tx:
                tx.mirror.upsert("actual", Actual, page, [None] * len(page), 1)
        for _ in price(store, PricingPolicy(), now=lambda: _NOW):
            pass

    def _pages(self) -> Iterator[list[Actual]]:
        draw = random.Random(self.seed)
        rows = self.contracts * self.rows_each
        for first in range(0, rows, _PAGE):
            # Contract after contract in turns, as work is approved: rows of one contract lie far apart.
            yield [_work(draw, number, number % self.contracts) for number in range(first, min(first + _PAGE, rows))]


def _work(draw: random.Random, number: int, contract: int) -> Actual:
    member = draw.randrange(TEAM)
    more: dict[str, Any] = _expense(draw) if draw.random() < 0.1 else _time(draw, contract, member)
    return Actual(
        id=RecordId(Guid(f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}-4000-8000-{number:012x}")),
        table="msdyn_actuals",
        type=TransactionType.UNBILLED_SALES,
        transaction_date=date(2026, 3, 1) + timedelta(days=draw.randrange(30)),
        contract_id=ContractId(guid(9, contract)),
        contract_line_id=ContractLineId(guid(10, contract)),
        project_id=ProjectId(guid(11, contract)),
        task_id=TaskId(guid(12, contract * 10 + draw.randrange(10))),
        resource_id=ResourceId(guid(13, contract * TEAM + member)),
        account_id=_customer(contract),
        customer_id=_customer(contract),
        currency_id=USD.id,
        billing_type=BillingType.CHARGEABLE,
        billing_status=BillingStatus.READY,
        description="Radar interface, second iteration",
        created_at=_NOW,
        **more,
    )


def _time(draw: random.Random, contract: int, member: int) -> dict[str, Any]:
    role = guid(5, (contract + member) % ROLES)
    return {
        "transaction_class": TransactionClass.TIME,
        "role_id": role,
        "unit_id": HOUR,
        "quantity": Decimal(draw.randrange(1, 41)) / 4,
        "dimensions": {ROLE_DIMENSION: role},
    }


def _expense(draw: random.Random) -> dict[str, Any]:
    return {
        "transaction_class": TransactionClass.EXPENSE,
        "category_id": guid(6, draw.randrange(CATEGORIES)),
        "quantity": Decimal(draw.randrange(100, 50_000)).scaleb(-2),
        "unit_id": EACH,
    }


def _customer(contract: int) -> CustomerId:
    return CustomerId(guid(14, contract // 4))


def _masters() -> Iterator[tuple[str, Sequence[Any]]]:
    yield "currency", [USD]
    units = [Unit(id=HOUR, name="Hour", is_group_base=True, quantity=Decimal(1)), Unit(id=EACH, name="Each", quantity=Decimal(1))]
    yield "unit", units
    yield "role", [Role(id=RoleId(guid(5, n)), name=f"Role {n}") for n in range(ROLES)]
    yield "category", [Category(id=CategoryId(guid(6, n)), name=f"Category {n}") for n in range(CATEGORIES)]
    dimension = PricingDimension(
        id=RecordId(guid(4, 0)), name=ROLE_DIMENSION, type=DimensionType.AMOUNT_BASED, applies_to_sales=True, priority_sales=1
    )
    yield "pricing-dimension", [dimension]


def _documents(contracts: int) -> Iterator[tuple[str, Sequence[Any]]]:
    numbers = range(contracts)
    yield (
        "contract",
        [
            Contract(
                id=ContractId(guid(9, n)),
                number=f"C-{n:05d}",
                order_type=OrderType.WORK_BASED,
                state=ContractState.ACTIVE,
                customer_id=_customer(n),
                currency_id=USD.id,
            )
            for n in numbers
        ],
    )
    yield (
        "contract-line",
        [
            ContractLine(
                id=ContractLineId(guid(10, n)),
                contract_id=ContractId(guid(9, n)),
                description="Development",
                is_project_based=True,
                project_id=ProjectId(guid(11, n)),
                billing_method=BillingMethod.TIME_AND_MATERIAL,
                currency_id=USD.id,
            )
            for n in numbers
        ],
    )
    yield (
        "contract-customer",
        [
            ContractCustomer(id=RecordId(guid(19, n)), contract_id=ContractId(guid(9, n)), customer_id=_customer(n), percent=Decimal(100))
            for n in numbers
        ],
    )
    yield (
        "schedule-row",
        [
            ScheduleRow(id=RecordId(guid(20, n)), contract_line_id=ContractLineId(guid(10, n)), run_date=AS_OF, cut_off=AS_OF)
            for n in numbers
        ],
    )
    yield (
        "price-list-attachment",
        [
            PriceListAttachment(
                id=RecordId(guid(15, n)), owner=PriceListOwner.CONTRACT, owner_id=guid(9, n), price_list_id=_list_id(n % CARDS)
            )
            for n in numbers
        ],
    )


def _list_id(card: int) -> PriceListId:
    return PriceListId(guid(3, card))


def _cards() -> Iterator[tuple[str, Sequence[Any]]]:
    cards = range(CARDS)
    yield (
        "price-list",
        [
            PriceList(
                id=_list_id(card),
                name=f"Card {card}, 2026",
                context=Side.SALES,
                first_day=date(2026, 1, 1),
                last_day=date(2026, 12, 31),
                currency_id=USD.id,
                time_unit_id=HOUR,
            )
            for card in cards
        ],
    )
    yield (
        "role-price",
        [
            RolePrice(
                id=PriceLineId(guid(16, card * 1000 + n)),
                price_list_id=_list_id(card),
                dimensions={ROLE_DIMENSION: guid(5, n)},
                unit_id=HOUR,
                price=Decimal(8_000 + 370 * n + card).scaleb(-2),
            )
            for card in cards
            for n in range(ROLES)
        ],
    )
    yield (
        "category-price",
        [
            CategoryPrice(
                id=PriceLineId(guid(17, card * 1000 + n)),
                price_list_id=_list_id(card),
                category_id=CategoryId(guid(6, n)),
                unit_id=EACH,
                price=Decimal(100 + n).scaleb(-2),
            )
            for card in cards
            for n in range(CATEGORIES)
        ],
    )
