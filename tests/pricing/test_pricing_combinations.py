"""Actuals that are decided in columns, each combination once, get what the rules for single records give (P-1 to P-68)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pricing_world import World, expense, material, other, time
from test_pricing_laws import worlds

from proforma.domain.codes import (
    AdjustmentStatus,
    AmountMethod,
    BillingMethod,
    BillingType,
    IncludedTasks,
    PriceCalculation,
    TransactionClass,
    TransactionType,
)
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, RecordId
from proforma.domain.policies import OverlapPolicy, PricingPolicy
from proforma.domain.records import Actual
from proforma.store import Store
from proforma.sync.combined import CombinedPricing

POLICIES = (
    PricingPolicy(),
    PricingPolicy(entered_price="recompute", unresolved_price="zero", rounding_mode="half_even"),
    PricingPolicy(round_unit_price="after_amount", unit_conversion="via_primary_unit", time_cost_currency="contracting_unit"),
    PricingPolicy(duplicate_price_rows="latest_created", dimension_matching="strict_drop", override_order="date_then_scope"),
    PricingPolicy(discounts_and_fees=True, open_ended_price_lists="unbounded", cost_currency_match="project", cost_plus_roles="ignore"),
    PricingPolicy(
        overlapping_price_lists=OverlapPolicy(sales="latest_created", purchase="latest_created"),
        material_pricing_methods="transaction_cost_methods",
        exchange_rate_source="finance_with_fallback",
    ),
)
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
COST = time("the cost", type=TransactionType.COST, price="40", currency="USD")


def among(*values: Any) -> st.SearchStrategy[Any]:
    """One of these, the first the likeliest, so that most records are ordinary in most respects."""
    return st.sampled_from((values[0],) * len(values) + values)


@st.composite
def actuals(draw: st.DrawFn) -> Actual:
    """Work, receipts, goods and other rows, ordinary and dirty."""
    make = draw(among(time, expense, material, lambda **work: other(TransactionClass.FEE, **work)))
    record: Actual = make(
        type=draw(among(TransactionType.UNBILLED_SALES, *TransactionType, None)),
        on=draw(among("2026-03-02", "2026-03-01", "2026-12-31", "2027-01-01", "0001-01-01", "9999-12-31", None)),
        document_date=draw(among(None, "2026-03-05")),
        contract=draw(among("deal", "other", None)),
        line=draw(among(None, "line 0", "line 1", "unknown")),
        project=draw(among("project", None)),
        task=draw(among(None, "design")),
        contracting_unit=draw(among("US", "UK", None)),
        unit=draw(among("US", "India", None)),
        per=draw(among("hour", "day", "each", "short day", None)),
        subcontract=draw(among(None, "subcontract")),
        customer=draw(among(None, "acme")),
        quantity=draw(among("7.5", "1", "0", "0.005", "-3", "1E+3", "1E+60", "NaN", "123456789.0123456789", None)),
        price=draw(among(None, "87.50", "0", "0.005", "-2", "1E+60", "NaN")),
        amount=draw(among(None, "100")),
        method=draw(among(None, *AmountMethod)),
        currency=draw(among("USD", "JPY", None)),
        billing_type=draw(among(BillingType.CHARGEABLE, None, BillingType.COMPLIMENTARY)),
        adjustment=draw(among(None, AdjustmentStatus.ADJUSTED)),
    )
    if record.transaction_class is not TransactionClass.TIME:
        return replace(record, category_id=draw(among(record.category_id, None)), product_id=draw(among(record.product_id, None)))
    role, work_type = draw(among("developer", "manager", "tester", None)), draw(among(None, 0, 1))
    values = {"role": role, "organizational-unit": record.resourcing_unit_id, "worktype": work_type}
    return replace(record, role_id=role, dimensions={name: value for name, value in values.items() if value is not None})


@st.composite
def described_worlds(draw: st.DrawFn) -> World:
    """Worlds under all policies, some with tasks that count."""
    world: World = draw(worlds())
    tasks = draw(st.sampled_from([None, IncludedTasks.SELECTED]))
    lines = [replace(line, included_tasks=tasks) for line in world.records.contract_lines]
    return replace(world, policy=draw(st.sampled_from(POLICIES)), records=replace(world.records, contract_lines=lines))


def combined(store: Store, world: World, records: Sequence[Actual]) -> tuple[dict[RecordId, PriceDecision], set[RecordId]]:
    """What is decided in columns, as it is read back, and what is left to the rules for single records."""
    with store.begin() as tx:
        tx.mirror.drop_entity("msdyn_actuals")
        tx.mirror.upsert("msdyn_actuals", Actual, records, [None] * len(records), 1)
    pricing = CombinedPricing(world.book())
    spans = list(pricing.spans(store))
    with store.begin() as tx:
        for span in spans:
            tx.decisions.save_grounds(span.grounds)
            tx.decisions.save_span(span.rows, NOON)
    alone = {record_id for span in spans for record_id in span.alone}
    with store.read() as reader:
        return reader.decisions.of(record.id for record in records if record.id not in alone), alone


def told(decision: PriceDecision) -> PriceDecision:
    """A decision as it is stored: without its trail, which the rules tell again."""
    return replace(decision, trail=())


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples."""
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('combined')}/proforma.db") as opened:
        yield opened


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)
@given(described_worlds(), st.lists(actuals(), min_size=1, max_size=12))
def test_every_record_gets_the_decision_of_the_rules(mirror: Store, world: World, drawn: list[Actual]) -> None:
    """Price, amount, list, row, reason and all other figures are those of the rules, digit for digit, whatever is connected."""
    records = [replace(record, id=RecordId(Guid(f"{record.id} {number}"))) for number, record in enumerate(drawn)]

    decisions, alone = combined(mirror, world, records)

    book = world.book()
    opposites = [replace(record, quantity=-record.quantity) for record in records if record.quantity and record.quantity.is_finite()]
    for record in records:
        if record.id not in alone:
            texts = [repr(found) for found in (decisions[record.id], told(book.decide(record, (COST, *opposites))))]
            assert texts[0] == texts[1]
    assert set(decisions) | alone == {record.id for record in records}


def test_a_column_that_cannot_be_taken_apart_is_decided_alone(mirror: Store) -> None:
    """Columns are read as one text; where one of them holds the mark between two, the record is left to the rules."""
    world = full_world(PricingPolicy(), overridden=False)
    odd = [time("odd task", task="a\x1fb"), time("odd unit", per="a\x1fb")]

    decisions, alone = combined(mirror, world, [time("plain"), *odd])

    assert (set(decisions), alone) == ({time("plain").id}, {record.id for record in odd})


def test_ordinary_records_are_decided_in_columns(mirror: Store) -> None:
    """Looked up, entered, refused and historic prices are shared; billed sales, fees, reversals and prices made of costs are not."""
    world = World()
    world.price_list("FY26")
    world.role_price("developers", "120")
    world.category_price("hotels", "90")
    world.item("cables", "7")
    world.category_price("flights", None, category="flight", calculation=PriceCalculation.MARKUP_PERCENTAGE, percent="10")
    shared = [
        time("work"),
        time("entered", price="99.995", currency="USD"),
        time("too late", on="2027-01-01"),
        time("undated", on=None),
        time("history", adjustment=AdjustmentStatus.ADJUSTED),
        expense("hotel"),
        material("cable"),
    ]
    single = [
        time("billed", type=TransactionType.BILLED_SALES),
        time("reversal", quantity="-1"),
        other(TransactionClass.FEE, "fee", price="5"),
        expense("flight", category="flight"),
    ]

    decisions, alone = combined(mirror, world, [*shared, *single])

    book = world.book()
    assert decisions == {record.id: told(book.decide(record)) for record in shared}
    assert decisions[RecordId(shared[1].id)].amount == Decimal("100.00")  # 99.995 keeps its decimals, the amount is rounded
    assert alone == {record.id for record in single}


def test_p62_the_billing_type_of_one_record_is_not_that_of_another(mirror: Store) -> None:
    """Records of one class share what their roles say, and that alone: neither the type that one of them names, nor its line."""
    world = World()
    world.price_list("FY26")
    world.role_price("developers", "120")
    records = [
        time(f"{n} {kind}", billing_type=kind) for n, kind in enumerate((BillingType.COMPLIMENTARY, None, BillingType.NON_CHARGEABLE))
    ]

    decisions, _ = combined(mirror, world, records)

    assert [decisions[record.id].billing_type for record in records] == [
        BillingType.COMPLIMENTARY,
        BillingType.CHARGEABLE,
        BillingType.NON_CHARGEABLE,
    ]


def full_world(policy: PricingPolicy, *, overridden: bool) -> World:
    """A company in which every column of a record can matter: contract, line, task, customer, day, unit, kind of work."""
    world = World(policy=policy)
    for weight, name in enumerate(("role", "organizational-unit", "grade"), 1):
        world.dimension(name, sales=weight, cost=weight)
    world.dimension("worktype", sales=4, cost=4, markup=True)
    world.contract("other", customer="contoso")
    world.price_list("FY26", until="2026-06-30")
    world.attach("FY26", at="other")
    world.price_list("FY26b", since="2026-07-01")
    world.contract("yen", currency="JPY")
    world.price_list("FYJ", at="yen", currency="JPY")
    world.role_price("all FYJ", "10000", on="FYJ", per="short day")
    world.cost_list("Cost US")
    world.cost_list("Cost UK", at="UK", currency="GBP")
    for place, on in enumerate(("FY26", "FY26b", "Cost US", "Cost UK"), 1):
        world.role_price(f"all {on}", f"{place}00", on=on, per="short day")  # 7.5 h: an hour's price has to be rounded
        world.role_price(f"India {on}", f"{place}10", on=on, unit="India")
        world.role_price(f"senior {on}", f"{place}20", on=on, more={"grade": 1}, currency="EUR" if on == "Cost US" else None)
        if on != "FY26b":
            world.markup(f"night {on}", "15", on=on, more={"worktype": 1})
    if overridden:
        world.override("for contoso", "77", of="all FY26", customer="contoso", since="2026-03-01")
        world.override("for the other", "66", of="all FY26", contract="other", since="2026-04-01")
        world.override("for India", "55", of="all Cost US", unit="India", since="2026-03-01")
        world.override("nights", of_markup="night FY26", percent="20", since="2026-04-01")
    world.category_price("hotels", "90")
    world.category_price("flights", "300", category="flight")
    world.category_price("hotel boxes", "9", per="box")
    world.item("cables", "7")
    world.line("support", tasks=IncludedTasks.SELECTED, order=1)
    world.line_task("support", "design", BillingType.COMPLIMENTARY)
    world.line("anything", order=2)
    world.line("fixed", billing_method=BillingMethod.FIXED_PRICE, project="elsewhere")
    world.line_role("anything", "tester", BillingType.NON_CHARGEABLE)
    return world


def differing(name: str, record: Actual) -> list[Actual]:
    """The record, and one like it for each column with another value in it."""
    more: dict[str, tuple[Any, ...]] = {
        "type": tuple(TransactionType),
        "transaction_date": (date(2026, 4, 1), date(2026, 6, 30), date(2026, 7, 1), date(2027, 1, 1), None),
        "contract_id": ("other", "yen", None),
        "contract_line_id": ("support", "fixed"),
        "project_id": (None,),
        "task_id": ("design", "coffee"),
        "contracting_unit_id": ("UK", None),
        "resourcing_unit_id": ("India",),
        "subcontract_id": ("subcontract",),
        "account_id": ("contoso",),
        "role_id": ("tester",),
        "category_id": ("flight", None),
        "product_id": ("pipe", None),
        "unit_id": ("hour", "day", "box", None),
        "quantity": (Decimal("2.5"), None),
        "price": (Decimal("12.345"),),
        "currency_id": ("JPY",),
        "billing_type": (BillingType.COMPLIMENTARY,),
        "adjustment": (AdjustmentStatus.ADJUSTED,),
        "amount_method": (AmountMethod.FIXED_PRICE,),
        "dimensions": tuple(
            {**record.dimensions, **change} for change in ({"organizational-unit": "India"}, {"grade": 1}, {"worktype": 1})
        ),
    }
    changed = [{column: value} for column, values in more.items() for value in values]
    # Each twice: with the cost side's columns alone many would say nothing.
    sides = (record, replace(record, type=TransactionType.COST))
    rows = [replace(side, **change) for side in sides for change in ({}, *changed)]
    return [replace(row, id=RecordId(Guid(f"{name} {number}"))) for number, row in enumerate(rows)]


@pytest.mark.parametrize("overridden", [False, True], ids=["plain", "with overrides"])
@pytest.mark.parametrize("policy", POLICIES)
def test_records_that_differ_in_one_column_are_told_apart(mirror: Store, policy: PricingPolicy, overridden: bool) -> None:
    """No column that a rule reads is missing from a combination: beside a thousand alike, the one that differs has its own decision."""
    world = full_world(policy, overridden=overridden)
    bases = {
        "time": time(),
        "later": time(on="2026-07-02"),
        "expense": expense(),
        "material": material(),
        "night": time(more={"worktype": 1}, on="2026-04-02"),
    }
    records = [record for name, base in bases.items() for record in differing(name, base)]

    decisions, alone = combined(mirror, world, records)

    book = world.book()
    wanted = {record.id: told(book.decide(record)) for record in records if record.id not in alone}
    assert {key: repr(found) for key, found in decisions.items()} == {key: repr(found) for key, found in wanted.items()}
    assert len(decisions) > len(records) // 3
