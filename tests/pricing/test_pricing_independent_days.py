"""Which pair of a list's days decides: the time-zone independent one for actuals, begin and end for plans (P-5)."""

from __future__ import annotations

import pytest
from pricing_world import World, estimate, time

from proforma.domain.codes import EstimateOwner, PriceListOwner, Side, TransactionType
from proforma.domain.ids import Guid
from proforma.pricing.attaching import attachment_problems

FOUND = "P-33 role-price: FY26 › rate, 100.00, 100.00 USD"
NOT_FOUND = "P-22 no-price-list-on-date: - › -, -, - -"


def _world(*, since: str | None, until: str | None) -> World:
    """A list of 2026 by begin and end, with independent days beside them."""
    world = World()
    world.price_list("FY26", since_independent=since, until_independent=until)
    world.role_price("rate", "100")
    return world


@pytest.mark.parametrize(
    ("since", "until", "day", "of_actual", "of_plan"),
    [
        pytest.param("2025-12-31", "2026-12-30", "2025-12-31", FOUND, NOT_FOUND, id="the pair begins earlier"),
        pytest.param("2025-12-31", "2026-12-30", "2026-12-31", NOT_FOUND, FOUND, id="the pair ends earlier"),
        pytest.param(None, "2027-01-01", "2027-01-01", FOUND, NOT_FOUND, id="only the last day is filled"),
        pytest.param(None, "2027-01-01", "2025-12-31", NOT_FOUND, NOT_FOUND, id="an empty end leaves begindate"),
        pytest.param(None, None, "2026-12-31", FOUND, FOUND, id="not mapped"),
        pytest.param("2026-06-02", "2026-06-01", "2026-06-01", NOT_FOUND, FOUND, id="begin after end holds never"),
    ],
)
def test_p5_the_independent_pair_decides_for_actuals_alone(
    since: str | None, until: str | None, day: str, of_actual: str, of_plan: str
) -> None:
    """P-5: the same day of work and of plan may find different lists, in either order of asking."""
    world = _world(since=since, until=until)
    plan = estimate(type=TransactionType.UNBILLED_SALES, start=day)
    assert (world.told(time(on=day)), world.told(plan), world.told(time(on=day))) == (of_actual, of_plan, of_actual)


def test_p5_cost_lists_follow_the_pair_too() -> None:
    """P-5, P-24: the unit's list ends by begin and end on 31 December, by its independent day a day later."""
    world = World()
    world.price_list("Cost", context=Side.COST, at="US", owner=PriceListOwner.ORGANIZATIONAL_UNIT, until_independent="2027-01-01")
    world.role_price("cost", "80", on="Cost")
    work = time(type=TransactionType.COST, on="2027-01-01")
    plan = estimate(type=TransactionType.COST, start="2027-01-01")
    assert (world.told(work), world.told(plan)) == (
        "P-33 role-price: Cost › cost, 80.00, 80.00 USD",
        "P-25 no-price-list-on-date: - › -, -, - -",
    )


def test_p10_lists_that_actuals_find_on_one_day_overlap() -> None:
    """P-10: begin and end only touch, yet the independent days share 1 July: actuals of that day would find two lists."""
    world = World()
    world.price_list("H1", until="2026-06-30", until_independent="2026-07-01")
    world.price_list("H2", since="2026-07-01")
    problems = attachment_problems(world.book(), Guid("deal"))
    assert [(p.price_list_id, p.reason, p.other_id) for p in problems] == [("H2", "overlap", "H1")]


def test_p5_the_trail_names_the_days_that_were_looked_at() -> None:
    """P-5, P-6: for actuals the independent pair where there is one, for plans begin and end; quotes and purchases alike."""
    world = World()
    for name, context, at, owner in (
        ("S", Side.SALES, "deal", PriceListOwner.CONTRACT), ("Q", Side.SALES, "offer", PriceListOwner.QUOTE),
        ("P", Side.PURCHASE, "subcontract", PriceListOwner.SUBCONTRACT),
    ):  # fmt: skip
        world.price_list(name, context=context, at=at, owner=owner, until="2026-06-30", until_independent="2026-07-01")
        world.role_price(f"row of {name}", "1", on=name)
    late = "2026-07-02"
    cost = TransactionType.COST
    records = (
        time(on=late), estimate(start=late), estimate(start=late, owner=EstimateOwner.QUOTE, quote="offer"),
        time(on=late, type=cost, subcontract="subcontract"), estimate(start=late, type=cost, subcontract="subcontract"),
    )  # fmt: skip

    steps = [next(step for step in world.decide(record).trail if step.startswith("P-6")) for record in records]

    assert steps == [
        f"P-6 price list {name} ({name}): not-effective, 2026-01-01 to {until}"
        for name, until in (("S", "2026-07-01"), ("S", "2026-06-30"), ("Q", "2026-06-30"), ("P", "2026-07-01"), ("P", "2026-06-30"))
    ]
