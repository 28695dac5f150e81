"""Prices per hour, day and week (P-38, P-39)."""

from __future__ import annotations

import pytest
from pricing_world import World, time, unit

from proforma.domain.policies import PricingPolicy


def world(price: str, per: str | None, *, policy: PricingPolicy | None = None) -> World:
    """One role price per a unit; the list names no unit of its own."""
    found = World(policy=policy or PricingPolicy())
    found.price_list("FY26", time_unit=None)
    found.role_price("bill", price, per=per)
    return found


@pytest.mark.parametrize(
    ("price", "row_unit", "record_unit", "quantity", "expected"),
    [
        ("800", "day", "hour", "3", "100.00, 300.00"),  # 800 × 1 ÷ 8
        ("100", "hour", "day", "2", "800.00, 1600.00"),  # 100 × 8 ÷ 1
        ("6000", "week", "hour", "4", "150.00, 600.00"),  # 6000 ÷ (5 × 8)
        ("6000", "week", "day", "1", "1200.00, 1200.00"),  # 6000 × 8 ÷ 40
        ("1000", "day", "day", "2", "1000.00, 2000.00"),
        ("1000", "short day", "hour", "8", "133.33, 1066.64"),  # 1000 ÷ 7.5 = 133.333…; 8 × 133.33
        ("1000", "short day", "day", "1", "1066.67, 1066.67"),  # 1000 × 8 ÷ 7.5 = 1066.666…
    ],
)
def test_p38_the_chain_of_factors_converts(price: str, row_unit: str, record_unit: str, quantity: str, expected: str) -> None:
    """P-38: row price × factor of the record's unit ÷ factor of the row's unit, rounded once; quantity and unit stay."""
    decision = world(price, row_unit).decide(time(per=record_unit, quantity=quantity))

    assert f"{decision.price:f}, {decision.amount:f}" == expected
    assert (f"{decision.quantity:f}", decision.unit_id) == (quantity, record_unit)


def test_p38_names_of_units_mean_nothing() -> None:
    """P-38: a day of ten hours is not a day of eight, whatever both are called. 1000 ÷ 10 = 100."""
    found = world("1000", "long day")
    found.add("units", unit("long day", "10", "hour"))

    assert found.told(time()) == "P-33 role-price: FY26 › bill, 100.00, 100.00 USD"


def test_p38_by_way_of_the_base_unit() -> None:
    """P-38, S13: the price of one base unit is rounded first: 1000 ÷ 7.5 = 133.33, a day of 8 then 1066.64 instead of 1066.67."""
    via = PricingPolicy(unit_conversion="via_primary_unit")

    assert world("1000", "short day", policy=via).told(time(per="day")) == "P-33 role-price: FY26 › bill, 1066.64, 1066.64 USD"
    assert world("1000", "day", policy=via).told(time(per="day")) == "P-33 role-price: FY26 › bill, 1000.00, 1000.00 USD"


@pytest.mark.parametrize(
    ("row_unit", "record_unit", "reason"),
    [
        ("hour", None, "missing-unit"),
        ("hour", "each", "unit-not-convertible"),
        (None, "hour", "unit-not-convertible"),
        ("orphan", "hour", "unit-not-convertible"),
        ("hour", "circle", "unit-not-convertible"),
        ("nothing", "hour", "unit-factor-zero"),
        ("hour", "unheard of", "unit-not-convertible"),
        ("silent", "hour", "unit-not-convertible"),
        ("hour", "negative", "unit-not-convertible"),
    ],
)
def test_p39_what_cannot_be_converted_has_no_price(row_unit: str | None, record_unit: str | None, reason: str) -> None:
    """P-39: other groups, broken chains, factors of 0, below 0 or unknown end the search; the next best row is not tried."""
    found = world("100", row_unit)
    found.role_price("anyone", "1", role=None, per="each")
    found.add(
        "units", unit("orphan", "8", "gone"), unit("circle", "2", "round"), unit("round", "2", "circle"), unit("nothing", "0", "hour"),
        unit("silent", None, "hour"), unit("negative", "-8", "hour"),
    )  # fmt: skip

    assert found.told(time(per=record_unit)) == f"P-39 {reason}: FY26 › -, -, - -"


@pytest.mark.parametrize("same", ["orphan", "unheard of", "nothing"])
def test_p39_the_same_unit_needs_no_chain(same: str) -> None:
    """P-39: a row and a record in one unit agree, however broken that unit's chain is."""
    found = world("100", same)
    found.add("units", unit("orphan", "8", "gone"), unit("nothing", "0", "hour"))

    assert found.told(time(per=same)) == "P-33 role-price: FY26 › bill, 100.00, 100.00 USD"


@pytest.mark.parametrize(
    ("row_unit", "record_unit", "message"),
    [
        ("hour", None, "the record has no unit"),
        (None, "hour", "neither the price nor its list names a unit"),
        ("hour", "each", "units each and hour have no common base unit"),
        ("hour", "circle", "the chain of unit circle ends at circle"),
        ("nothing", "hour", "unit nothing holds 0 of its base unit"),
        ("silent", "hour", "unit silent holds an unknown number of its base unit"),
        ("hour", "negative", "unit negative holds -8 of its base unit"),
    ],
)
def test_p39_the_trail_says_why_units_do_not_convert(row_unit: str | None, record_unit: str | None, message: str) -> None:
    """P-39, P-67: in the words that people have for the units."""
    found = world("100", row_unit)
    found.add(
        "units", unit("circle", "2", "round"), unit("round", "2", "circle"), unit("nothing", "0", "hour"),
        unit("silent", None, "hour"), unit("negative", "-8", "hour"),
    )  # fmt: skip

    assert found.decide(time(per=record_unit)).trail[-1] == f"P-39 stopped: {message}"


def test_p38_long_chains_up_and_down() -> None:
    """P-38: a quarter of 13 weeks of 5 days of 8 hours is 520 hours: 52,000 a quarter is 100 an hour and 800 a day, and back."""
    for price, row_unit, record_unit, expected in (
        ("52000", "quarter", "hour", "100.00"),
        ("52000", "quarter", "day", "800.00"),
        ("100", "hour", "quarter", "52000.00"),
        ("7", "minute", "hour", "420.00"),  # a minute is a sixtieth, written with ten decimals: 7 ÷ 0.0166666667 = 419.99999916
        ("420", "hour", "minute", "7.00"),  # 420 × 0.0166666667 = 7.000000014
    ):
        found = world(price, row_unit)
        found.add("units", unit("quarter", "13", "week"), unit("minute", "0.0166666667", "hour"))
        assert f"{found.decide(time(per=record_unit)).price:f}" == expected


def test_p38_the_trail_shows_both_ways_of_calculating() -> None:
    """P-38, P-67: direct in one step; by way of the base unit with the figure that was rounded on the way."""
    direct, via = (
        world("1000", "short day", policy=PricingPolicy(unit_conversion=way)).decide(time(per="day", quantity="2")).trail[-3:]
        for way in ("direct", "via_primary_unit")
    )

    assert direct == (
        "P-38 unit: 1000 per short day × 8 ÷ 7.5 = 1066.6666666666… per day",
        "P-56 price: 1066.6666666666… rounded to 1066.67 USD",
        "P-4 amount: 2 × 1066.67 = 2133.34",
    )
    assert via == (
        "P-38 unit: 1000 per short day ÷ 7.5 = 133.33 per base unit, rounded; × 8 = 1066.64 per day",
        "P-56 price: 1066.64 USD",
        "P-4 amount: 2 × 1066.64 = 2133.28",
    )
