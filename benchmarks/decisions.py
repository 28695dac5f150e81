"""Price decisions a second, with trails, beside the plainest matcher that gives the same role price: one scan of all rows a record."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from proforma.domain.codes import DimensionType, PriceListOwner, Side, TransactionClass, TransactionType
from proforma.domain.contracts import Contract
from proforma.domain.ids import (
    ContractId,
    CurrencyId,
    Guid,
    PriceLineId,
    PriceListId,
    RecordId,
    RoleId,
    UnitId,
)
from proforma.domain.masters import CurrencyRecord
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import ROLE_DIMENSION, UNIT_DIMENSION, PriceList, PriceListAttachment, PricingDimension, RolePrice
from proforma.domain.records import Actual
from proforma.domain.units import Unit
from proforma.pricing import PriceBook, PricingRecords

ROLES, UNITS, CONTRACTS, RECORDS = 30, 29, 40, 20_000


def _guid(kind: int, number: int) -> Guid:
    return Guid(f"{kind:08x}-0000-4000-8000-{number:012x}")


def _records() -> PricingRecords:
    currency, unit, price_list = CurrencyId(_guid(1, 1)), UnitId(_guid(2, 1)), PriceListId(_guid(3, 1))
    rows = [
        RolePrice(
            id=PriceLineId(_guid(4, role * 100 + place)),
            price_list_id=price_list,
            dimensions={ROLE_DIMENSION: _guid(5, role)} | ({UNIT_DIMENSION: _guid(6, place)} if place else {}),
            unit_id=unit,
            price=Decimal(100 + role),
            currency_id=currency,
        )
        for role in range(ROLES)
        for place in range(UNITS + 1)
    ]
    dimensions = [
        PricingDimension(
            id=RecordId(_guid(7, priority)), name=name, type=DimensionType.AMOUNT_BASED, applies_to_sales=True, priority_sales=priority
        )
        for priority, name in enumerate((ROLE_DIMENSION, UNIT_DIMENSION), 1)
    ]
    return PricingRecords(
        currencies=[CurrencyRecord(id=currency, code="USD", precision=2, exchange_rate=Decimal(1))],
        units=[Unit(id=unit, name="Hour", is_group_base=True, quantity=Decimal(1))],
        price_lists=[
            PriceList(id=price_list, context=Side.SALES, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31), currency_id=currency)
        ],
        attachments=[
            PriceListAttachment(id=RecordId(_guid(8, n)), owner=PriceListOwner.CONTRACT, owner_id=_guid(9, n), price_list_id=price_list)
            for n in range(CONTRACTS)
        ],
        contracts=[Contract(id=ContractId(_guid(9, n)), currency_id=currency) for n in range(CONTRACTS)],
        role_prices=rows,
        dimensions=dimensions,
    )


def _actuals() -> list[Actual]:
    return [
        Actual(
            id=RecordId(_guid(10, n)),
            table="msdyn_actuals",
            type=TransactionType.UNBILLED_SALES,
            transaction_class=TransactionClass.TIME,
            transaction_date=date(2026, 1 + n % 12, 1 + n % 28),
            contract_id=ContractId(_guid(9, n % CONTRACTS)),
            role_id=RoleId(_guid(5, n % ROLES)),
            unit_id=UnitId(_guid(2, 1)),
            quantity=Decimal("7.5"),
            dimensions={ROLE_DIMENSION: _guid(5, n % ROLES), UNIT_DIMENSION: _guid(6, n % (UNITS + 5))},
        )
        for n in range(RECORDS)
    ]


def _plain_price(rows: list[RolePrice], actual: Actual) -> Decimal | None:
    """The price by a scan of all rows: those that fit, the most specific first."""
    fitting = [row for row in rows if all(actual.dimensions.get(name) == value for name, value in row.dimensions.items())]
    best = max(fitting, key=lambda row: (ROLE_DIMENSION in row.dimensions, UNIT_DIMENSION in row.dimensions), default=None)
    return None if best is None else best.price


def _rate(work: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def decisions_per_second() -> dict[str, float]:
    """Figures by name; both ways must agree on every price, or the figures mean nothing."""
    records, actuals = _records(), _actuals()
    rows = list(records.role_prices)
    book = PriceBook(records, PricingPolicy())
    some = actuals[:2_000]
    if [book.decide(actual).price for actual in some] != [_plain_price(rows, actual) for actual in some]:
        raise SystemExit("the two ways to find a role price disagree")
    ours = _rate(lambda: [book.decide(actual) for actual in actuals], len(actuals))
    plain = _rate(lambda: [_plain_price(rows, actual) for actual in some], len(some))
    return {"with reason and trail": ours, "price alone, by one scan of 900 rows a record": plain}


def run(rounds: int, quick: bool) -> None:
    """Prints the figures; the sizes are small anyway."""
    del rounds, quick
    for name, figure in decisions_per_second().items():
        print(f"decisions {figure:>10,.0f} a second, {name}")
