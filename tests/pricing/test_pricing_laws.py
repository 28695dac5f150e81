"""What holds for every price, whatever the rows (P-33, P-61, P-68)."""

from __future__ import annotations

import re
import time as clock
from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from itertools import product
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing_world import World, dimensions, estimate, expense, material, time, told

from proforma.domain.codes import AmountMethod, PriceCalculation, PriceListOwner, TransactionType
from proforma.domain.ids import Guid, PriceLineId
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import DimensionValue, RolePrice
from proforma.domain.records import PricedRecord
from proforma.pricing import PriceBook, PricingRecords
from proforma.pricing.amounts import amount_of
from proforma.pricing.defaults import default_price_lists
from proforma.pricing.dimensions import values_of
from proforma.pricing.matching import RowTable, Words

Row = TypeVar("Row")
ROLES, UNITS, HOURS = ("developer", "manager", None), ("US", "India", None), ("hour", "day", "each")
FEW = st.integers(0, 5)
ROWS = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(UNITS), st.sampled_from(HOURS)), max_size=6)
SPANS = st.sampled_from([("2026-01-01", "2026-12-31"), ("2026-01-01", "2026-03-02"), ("2026-03-02", "2026-12-31"), ("2025-01-01", None)])
CREATED = st.sampled_from([None, "2026-01-01T00:00", "2026-01-02T00:00"])

#: One record of each kind; the last sale follows the cost.
COST = time("cost", type=TransactionType.COST)
RECORDS: tuple[PricedRecord, ...] = (
    time("a"),
    time("b", unit="India", per="day"),
    time("c", role=None, more={"worktype": 1}),
    expense("d"),
    material("e"),
    time("f", price="87.50", currency="EUR"),
    estimate("g"),
    COST,
)
POLICIES = (
    PricingPolicy(),
    PricingPolicy(duplicate_price_rows="latest_created", dimension_matching="strict_drop", discounts_and_fees=True),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Lists that may overlap or be over, rows that may be duplicates, overrides and markups that may clash."""
    world = World(policy=draw(st.sampled_from(POLICIES)))
    if draw(st.booleans()):
        world.dimension("role", sales=1, cost=1)
        world.dimension("organizational-unit", sales=draw(st.integers(1, 3)), cost=2)
        world.dimension("worktype", sales=2, markup=True)
    for name in ("FY26", "Other")[: draw(st.integers(1, 2))]:
        since, until = draw(SPANS)
        world.price_list(name, since=since, until=until, created=draw(CREATED), currency=draw(st.sampled_from(["USD", "USD", "EUR"])))
    world.cost_list("Cost")
    for number, (role, unit, per) in enumerate(draw(ROWS)):
        on = draw(st.sampled_from(["FY26", "Cost"]))
        calculation = draw(st.sampled_from([None, None, PriceCalculation.AT_COST]))
        world.role_price(
            f"row {number}", f"{number}00", on=on, role=role, unit=unit, per=per, created=draw(CREATED), calculation=calculation
        )
        if draw(st.booleans()):
            contract = draw(st.sampled_from(["deal", "other", None]))
            world.override(
                f"override {number}",
                "77",
                of=f"row {draw(FEW)}",
                contract=contract,
                since=draw(st.sampled_from(["2026-03-01", "2026-03-02"])),
            )
    for number in range(draw(st.integers(0, 3))):
        world.markup(f"markup {number}", "20", more=draw(st.sampled_from([None, {"worktype": 1}])))
        world.category_price(f"category {number}", f"{number}", created=draw(CREATED))
        world.item(f"item {number}", f"{number}", created=draw(CREATED))
        world.line(f"line {number}", discount="7.5", fee="2", order=draw(st.sampled_from([1, 2, None])))
    return world


def answers(records: PricingRecords, policy: PricingPolicy) -> list[object]:
    """All that is decided for one record of each kind, trails included."""
    book = PriceBook(records, policy)
    return [book.decide(record, (COST,)) for record in RECORDS]


@given(worlds(), st.randoms(use_true_random=False))
def test_p68_the_order_of_rows_changes_nothing(world: World, shuffle: object) -> None:
    """P-68: any feed order gives the same decisions, word for word in their trails."""
    shuffled = {}
    for item in fields(PricingRecords):
        rows = getattr(world.records, item.name)
        if item.name != "owner_currencies":
            rows = list(rows)
            shuffle.shuffle(rows)  # type: ignore[attr-defined]
        shuffled[item.name] = rows

    assert answers(PricingRecords(**shuffled), world.policy) == answers(world.records, world.policy)


@given(worlds())
def test_p68_ids_change_nothing_but_themselves(world: World) -> None:
    """P-68: with ids that sort the other way round the same rows win."""

    def renamed(name: str) -> str:
        return "".join(chr(ord("0") + ord("9") - ord(letter)) if letter.isdigit() else letter for letter in name)

    def flipped(rows: Sequence[Row]) -> list[Row]:
        return [replace(row, id=renamed(row.id)) for row in rows]  # type: ignore[type-var, attr-defined]

    records = world.records
    mirror = replace(
        records,
        role_prices=flipped(records.role_prices),
        markups=flipped(records.markups),
        category_prices=flipped(records.category_prices),
        items=flipped(records.items),
        contract_lines=flipped(records.contract_lines),
        overrides=[replace(row, id=renamed(row.id), role_price_id=renamed(row.role_price_id or "")) for row in records.overrides],  # type: ignore[arg-type]
    )
    book, mirrored = world.book(), PriceBook(mirror, world.policy)

    for record in RECORDS:
        first, second = book.decide(record, (COST,)), mirrored.decide(record, (COST,))
        line, markup, override = (value and renamed(value) for value in (second.price_line_id, second.markup_line_id, second.override_id))
        restored = replace(second, price_line_id=line, markup_line_id=markup, override_id=override, trail=first.trail)  # type: ignore[arg-type]
        assert restored == first


@given(worlds(), ROWS)
def test_p68_rows_of_another_list_change_nothing(world: World, rows: list[tuple[str | None, str | None, str]]) -> None:
    """P-23, P-32: only rows of the decided list are looked at."""
    before = answers(world.records, world.policy)
    for number, (role, unit, per) in enumerate(rows):
        world.role_price(f"foreign {number}", "1", on="Foreign", role=role, unit=unit, per=per)
        world.markup(f"foreign markup {number}", "50", on="Foreign", role=role, unit=unit)
        world.category_price(f"foreign category {number}", "1", on="Foreign")
        world.item(f"foreign item {number}", "1", on="Foreign")

    assert answers(world.records, world.policy) == before


@given(worlds())
def test_p67_every_step_of_a_trail_begins_with_its_rule(world: World) -> None:
    """P-67: a reader, or a program, finds the number first; the decision's rule is one of the page."""
    rule = re.compile(r"P-([1-9]|[1-5]\d|6[0-8])")
    for decision in (world.decide(record, COST) for record in RECORDS):
        assert rule.fullmatch(decision.rule)
        assert all(rule.match(step) and step.split(" ", 1)[1] for step in decision.trail)


VALUES = st.sampled_from(["x", "y", 0, None])
NAMES = ("a", "b", "c", "d")


def row(number: int, values: tuple[DimensionValue | None, ...]) -> RolePrice:
    """A role price with values in four dimensions."""
    filled = {name: value for name, value in zip(NAMES, values, strict=True) if value is not None}
    return RolePrice(id=PriceLineId(Guid(f"{number:03}")), dimensions=filled)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES), max_size=30), st.tuples(VALUES, VALUES, VALUES, VALUES))
def test_p33_matching_is_the_greatest_string_of_all_candidates(
    rows: list[tuple[DimensionValue | None, ...]], wanted: tuple[DimensionValue | None, ...]
) -> None:
    """P-32, P-33: the quick table and a plain search through all rows agree, ties included."""
    prices = [row(number, values) for number, values in enumerate(rows)]
    fitting = [
        (tuple(value is not None for value in values), price.id)
        for price, values in zip(prices, rows, strict=True)
        if all(value is None or value == sought for value, sought in zip(values, wanted, strict=True))
    ]
    best = max((pattern for pattern, _ in fitting), default=())

    match = RowTable(prices, NAMES).best(wanted, words=Words("row", {}), strict=False)

    assert [price.id for price in match.rows] == [price_id for pattern, price_id in fitting if pattern == best]


@given(st.sets(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1))
def test_p33_strict_drop_never_finds_what_weighing_does_not(patterns: set[tuple[bool, ...]]) -> None:
    """P-33: where both find a row, it is the same one unless a skipped pattern outranks it."""
    rows = [row(number, (*("x" if filled else None for filled in pattern), None)) for number, pattern in enumerate(sorted(patterns))]
    table = RowTable(rows, NAMES)
    wanted = values_of({"a": "x", "b": "x", "c": "x"}, NAMES)

    weighted = table.best(wanted, words=Words("row", {}), strict=False).rows
    strict = table.best(wanted, words=Words("row", {}), strict=True).rows

    progressive = [pattern for pattern in patterns if list(pattern) == sorted(pattern, reverse=True)]
    assert len(weighted) == 1
    assert bool(strict) == bool(progressive)
    if strict and max(patterns) in progressive:
        assert strict == weighted


@pytest.mark.parametrize(("role", "unit"), list(product(("developer", None), ("US", None))))
def test_p33_a_wildcard_never_beats_a_specific_row(role: str | None, unit: str | None) -> None:
    """P-33: emptying a dimension of a fitting row never makes it better."""
    world = World()
    world.price_list("FY26")
    world.role_price("specific", "100", role="developer", unit="US")
    world.role_price("wilder", "1", role=role, unit=unit)

    expected = "ambiguous-role-price" if dimensions(role=role, unit=unit) == dimensions(role="developer", unit="US") else "role-price"
    decision = world.decide(time())
    assert (decision.reason, decision.price_line_id) == (expected, "specific" if expected == "role-price" else None)


DECIMALS = st.decimals(min_value=-10_000, max_value=10_000, places=4)


@given(quantity=DECIMALS, price=DECIMALS)
def test_p4_half_the_quantity_is_half_the_amount(quantity: Decimal, price: Decimal) -> None:
    """P-4: before rounding, amounts are proportional to quantities; a fixed price is not."""
    whole, half = (replace(time(), quantity=quantity), replace(time(), quantity=quantity / 2))

    assert amount_of(whole, price) == 2 * (amount_of(half, price) or Decimal(0))
    assert amount_of(replace(whole, amount_method=AmountMethod.FIXED_PRICE), price) == price


@given(quantity=st.decimals(min_value=0, max_value=1000, places=3), price=st.integers(0, 10_000))
def test_p4_a_negative_quantity_mirrors_the_amount(quantity: Decimal, price: int) -> None:
    """P-4, P-56, P-61: to the cent, with the same price."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", str(price), per="short day")

    given_, taken = (world.decide(replace(time(), quantity=signed)) for signed in (quantity, -quantity))

    assert (taken.price, taken.amount) == (given_.price, -(given_.amount or Decimal(0)))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_p68_the_time_zone_of_the_machine_changes_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P-5, P-11, P-68: neither prices nor default lists move with the server."""
    world = World()
    world.price_list("New year", since="2026-01-01", until="2026-01-01")
    world.attach("New year", at="acme", owner=PriceListOwner.ACCOUNT)
    world.role_price("bill", "100", on="New year")
    world.records = replace(
        world.records, contracts=[replace(row, created_at=time(created="2025-12-31T23:30").created_at) for row in world.records.contracts]
    )

    monkeypatch.setenv("TZ", zone)
    clock.tzset()
    try:
        prices = [told(world.decide(time(on=day))) for day in ("2025-12-31", "2026-01-01", "2026-01-02")]
        defaults = default_price_lists(world.book(), Guid("deal"), ZoneInfo("Europe/Oslo"))
    finally:
        monkeypatch.undo()
        clock.tzset()

    unpriced = "P-22 no-price-list-on-date: - › -, -, - -"
    assert prices == [unpriced, "P-33 role-price: New year › bill, 100.00, 100.00 USD", unpriced]
    assert defaults.lists == ("New year",)
