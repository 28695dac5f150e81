"""Percentages on top of a role price, and their overrides (P-36, P-37, P-42)."""

from __future__ import annotations

import pytest
from pricing_world import World, time

from proforma.domain.codes import TransactionType
from proforma.domain.policies import PricingPolicy

OVERTIME, REGULAR, NIGHT = {"worktype": 1}, {"worktype": 0}, {"worktype": 2}


def world() -> World:
    """Role (1), worktype as markup (2), unit (3); developers of India cost 100, others 160."""
    found = World()
    found.price_list("FY26")
    found.dimension("role", sales=1, cost=1)
    found.dimension("worktype", sales=2, markup=True)
    found.dimension("organizational-unit", sales=3, cost=2)
    found.role_price("India", "100", unit="India")
    found.role_price("rest", "160")
    return found


@pytest.mark.parametrize(
    ("unit", "more", "told"),
    [
        # 100 + 15 % = 115; two hours: 230. Regular hours have no markup: 2 × 100.
        ("India", OVERTIME, "P-33 role-price: FY26 › India + India overtime, 115.00, 230.00 USD"),
        ("India", REGULAR, "P-33 role-price: FY26 › India, 100.00, 200.00 USD"),
        ("India", {}, "P-33 role-price: FY26 › India, 100.00, 200.00 USD"),
        # The markup of the unit does not fit, the general one does: 160 + 20 % = 192.
        ("US", OVERTIME, "P-33 role-price: FY26 › rest + overtime, 192.00, 384.00 USD"),
        ("US", NIGHT, "P-33 role-price: FY26 › rest, 160.00, 320.00 USD"),
    ],
)
def test_p37_the_best_markup_row_goes_on_the_base(unit: str, more: dict[str, int], told: str) -> None:
    """P-37: exactly one row applies, ranked over all dimensions; percentages are never added."""
    found = world()
    found.markup("overtime", "20", more=OVERTIME)
    found.markup("India overtime", "15", unit="India", more=OVERTIME)
    found.markup("retired", "99", role="developer", more=OVERTIME, active=False)
    found.price_list("Other", at="other deal")
    found.markup("elsewhere", "99", on="Other", role="developer", unit="India", more=OVERTIME)

    assert found.told(time(unit=unit, quantity="2", more=more)) == told


def test_p37_the_order_of_all_dimensions_ranks_markups() -> None:
    """P-37: worktype (2) outweighs unit (3), although it is no dimension of the base."""
    found = world()
    found.markup("by worktype", "10", more=OVERTIME)
    found.markup("by unit", "50", unit="India")

    assert found.decide(time(unit="India", more=OVERTIME)).markup_line_id == "by worktype"
    assert found.decide(time(unit="India", more=NIGHT)).markup_line_id == "by unit"


@pytest.mark.parametrize(
    ("percent", "price"), [("-30", "112.00"), ("-100", "0.00"), ("-250", "0.00"), (None, "160.00"), ("0", "160.00"), ("12.345", "179.75")]
)
def test_p37_percent_may_be_negative_down_to_minus_100(percent: str | None, price: str) -> None:
    """P-37: a markup lowers the price to nothing at most; an empty percent is 0. 160 × 1.12345 = 179.752."""
    found = world()
    found.markup("always", percent)

    assert found.told(time()) == f"P-33 role-price: FY26 › rest + always, {price}, {price} USD"


def test_p37_duplicates_of_the_best_markup_are_ambiguous() -> None:
    """P-37: two best rows give no price at all; duplicates below the best do not matter."""
    found = world()
    found.markup("any 1", "1")
    found.markup("any 2", "2")
    found.markup("overtime 1", "20", more=OVERTIME)
    assert found.decide(time(more=OVERTIME)).markup_line_id == "overtime 1"

    found.markup("overtime 2", "30", more=OVERTIME)
    assert found.told(time(more=OVERTIME)) == "P-37 ambiguous-markup: FY26 › -, -, - -"


def test_p37_without_a_base_there_is_no_price() -> None:
    """P-37: a markup of nothing is nothing."""
    found = world()
    found.markup("always", "20")

    assert found.told(time(role="tester")) == "P-45 no-role-price: FY26 › -, -, - -"


def test_p36_a_side_without_markup_dimension_looks_at_no_markup() -> None:
    """P-36: rows without any value do not apply either when the side knows no markup-based dimension."""
    found = world()
    found.cost_list("Cost")
    found.role_price("cost", "80", on="Cost")
    found.markup("cost markup", "50", on="Cost")

    assert found.told(time(type=TransactionType.COST)) == "P-33 role-price: Cost › cost, 80.00, 80.00 USD"


@pytest.mark.parametrize(
    ("on", "told"),
    [
        # Base 100: 10 %, from 15 March 20 %, from 1 April 25 %.
        ("2026-03-14", "P-33 role-price: FY26 › India + overtime, 110.00, 110.00 USD"),
        ("2026-03-15", "P-33 role-price: FY26 › India + overtime ! March, 120.00, 120.00 USD"),
        ("2026-04-01", "P-33 role-price: FY26 › India + overtime ! April, 125.00, 125.00 USD"),
    ],
)
def test_p42_an_override_of_a_markup_is_another_percentage(on: str, told: str) -> None:
    """P-42: same rules of date and scope as for prices; the reason stays that of the base."""
    found = world()
    found.markup("overtime", "10", more=OVERTIME)
    found.override("March", of_markup="overtime", percent="20", since="2026-03-15")
    found.override("April", of_markup="overtime", percent="25", since="2026-04-01")
    found.override("other deal's", of_markup="overtime", percent="99", since="2026-03-01", contract="other deal")

    assert found.told(time(unit="India", more=OVERTIME, on=on)) == told


def test_p42_a_markup_goes_on_the_overridden_base() -> None:
    """P-42: price override and markup override apply together; the price override is the one named. 110 + 20 % = 132."""
    found = world()
    found.markup("overtime", "10", more=OVERTIME)
    found.override("base", "110", of="India")
    found.override("percent", of_markup="overtime", percent="20")

    assert found.told(time(unit="India", more=OVERTIME)) == "P-40 role-price-override: FY26 › India + overtime ! base, 132.00, 132.00 USD"


def test_p37_progressive_drop_holds_for_markups_too() -> None:
    """P-33, P-37, S9: a markup for role and work type is skipped when the organizational unit between them is dropped first."""
    for matching, price in (("weighted", "120.00"), ("strict_drop", "110.00")):
        world = World(policy=PricingPolicy(dimension_matching=matching))  # type: ignore[arg-type]
        world.dimension("role", sales=1)
        world.dimension("organizational-unit", sales=2)
        world.dimension("worktype", sales=3, markup=True)
        world.price_list("FY26")
        world.role_price("bill", "100")
        world.markup("skipping", "20", role="developer", more={"worktype": 1})
        world.markup("general", "10", role="developer")

        assert f"{world.decide(time(more={'worktype': 1})).price:f}" == price
