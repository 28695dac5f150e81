"""Planned work spread over weeks (P-66)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing_world import World, estimate

from proforma.domain.codes import EstimateOwner, PriceListOwner, TransactionClass, TransactionType
from proforma.domain.records import Estimate
from proforma.pricing.phasing import phases, weighted_average


def offer(*, since: str = "2025-01-01", until: str = "2025-12-31") -> World:
    """A quote whose developers cost 200, and 250 from 5 February 2025, a Wednesday."""
    world = World()
    world.price_list("FY25", since=since, until=until, at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("bill", "200", on="FY25")
    world.override("February", "250", of="bill", since="2025-02-05")
    return world


def plan(start: str, end: str | None, **work: str) -> Estimate:
    """A detail of the quote."""
    return estimate(owner=EstimateOwner.QUOTE, quote="offer", start=start, end=end, **work)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "end", "price"),
    [
        # 46 days, the last 6 (from Monday 10 February) at 250: (40 × 200 + 6 × 250) ÷ 46 = 9500 ÷ 46 = 206.52.
        ("2025-01-01", "2025-02-15", "206.52"),
        ("2025-01-01", "2025-02-09", "200.00"),
        # The week of 3 February is at 200 to its end, the next two days at 250: (7 × 200 + 2 × 250) ÷ 9 = 211.11.
        ("2025-02-03", "2025-02-11", "211.11"),
        # The first week begins on the detail's own start, Thursday 6 February: all at 250.
        ("2025-02-06", "2025-02-12", "250.00"),
        ("2025-02-04", "2025-02-07", "200.00"),
    ],
)
def test_p66_each_week_is_priced_on_its_first_day(start: str, end: str, price: str) -> None:
    """P-66: days from start to end, both included; weeks begin on Monday; the detail shows the weighted average."""
    decision = offer().decide(plan(start, end, quantity="10"))

    assert (f"{decision.price:f}", decision.amount) == (price, Decimal(price) * 10)


def test_p66_the_average_names_the_first_days_list_and_row() -> None:
    """P-66: the trail shows the sum."""
    decision = offer().decide(plan("2025-01-01", "2025-02-15"))

    assert (decision.rule, decision.reason, decision.price_list_id, decision.price_line_id) == ("P-66", "role-price", "FY25", "bill")
    assert "P-66 average: 40 days at 200 + 6 days at 250 = 206.5217391304…" in decision.trail


def test_p66_only_quote_details_are_phased() -> None:
    """P-66: contract details and project estimates are priced on their start, as are details of one day."""
    world = offer()
    world.attach("FY25", at="deal")

    assert f"{world.decide(estimate(start='2025-01-01', end='2025-02-15')).price:f}" == "200.00"
    assert world.decide(plan("2025-02-05", None)).reason == "role-price-override"
    assert world.decide(plan("2025-02-05", "2025-02-05")).rule == "P-40"


def test_p66_a_week_without_a_list_leaves_the_detail_without_a_price() -> None:
    """P-66: nothing is guessed for the weeks after a list ends; a last week that began in time is still covered."""
    world = offer(until="2025-02-11")

    assert world.told(plan("2025-02-03", "2025-02-20")) == "P-22 no-price-list-on-date: - › -, -, - -"
    assert f"{world.decide(plan('2025-02-03', '2025-02-16')).price:f}" == "225.00"  # (7 × 200 + 7 × 250) ÷ 14


def test_p66_lists_of_two_years_and_costs_of_two_currencies() -> None:
    """P-66, P-55: a week is priced from the list of its first day; another currency is brought into the first one's."""
    world = World()
    for name, year, price, code in (("Cost 25", "2025", "100", "USD"), ("Cost 26", "2026", "92", "EUR")):
        world.cost_list(name, since=f"{year}-01-01", until=f"{year}-12-31")
        world.role_price(name, price, on=name, currency=code)
    record = plan("2025-12-29", "2026-01-11", type=TransactionType.COST)

    # Both weeks cost 100 USD (92 EUR ÷ 0.92): from Monday 29 December, and from 5 January.
    assert world.told(record) == "P-33 role-price: Cost 25 › Cost 25, 100.00, 100.00 USD"


def test_p66_a_plan_to_the_end_of_the_calendar_costs_no_more_than_its_changes() -> None:
    """P-66: an end date of 9999-12-31 is a few phases, not half a million weeks."""
    world = World()
    world.price_list("Always", since="0001-01-01", until="9999-12-31", at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("bill", "200", on="Always")

    assert world.told(plan("2025-01-01", "9999-12-31")) == "P-33 role-price: Always › bill, 200.00, 200.00 USD"


def test_p66_expenses_are_phased_too() -> None:
    """P-66: spread like time. Monday 29 December to 1 January: one week, priced in the old year."""
    world = World()
    for year, price in (("2025", "10"), ("2026", "20")):
        world.price_list(year, since=f"{year}-01-01", until=f"{year}-12-31", at="offer", owner=PriceListOwner.QUOTE)
        world.category_price(f"night {year}", price, on=year)

    def detail(end: str) -> str:
        work = {"owner": EstimateOwner.QUOTE, "quote": "offer", "category": "hotel", "per": "each", "start": "2025-12-29", "end": end}
        return world.told(estimate("plan", TransactionClass.EXPENSE, **work))  # type: ignore[arg-type]

    assert detail("2026-01-04") == "P-47 category-price: 2025 › night 2025, 10.00, 10.00 USD"
    assert detail("2026-01-11") == "P-66 category-price: 2025 › night 2025, 15.00, 15.00 USD"


DAYS = st.dates(date(2024, 12, 1), date(2026, 2, 1))


@given(first=DAYS, length=st.integers(0, 400), changes=st.lists(DAYS, max_size=8))
def test_p66_phases_equal_a_walk_from_day_to_day(first: date, length: int, changes: list[date]) -> None:
    """P-66: asking once a phase gives each day the price that a walk through the weeks gives it."""
    last = first + timedelta(days=length)

    def price_on(day: date) -> Decimal:
        return Decimal(sum(change <= day for change in changes))

    walked: list[Decimal] = []
    week_price = price_on(first)
    for offset in range(length + 1):
        day = first + timedelta(days=offset)
        week_price = price_on(day) if day.weekday() == 0 else week_price
        walked.append(week_price)
    phased = [price_on(phase.first_day) for phase in phases(first, last, sorted(set(changes))) for _ in range(phase.days)]

    assert phased == walked


@given(st.lists(st.tuples(st.integers(1, 10_000).map(Decimal), st.integers(1, 60)), min_size=1, max_size=6))
def test_p66_the_average_lies_between_its_prices(parts: list[tuple[Decimal, int]]) -> None:
    """P-66: and equals them where they are one."""
    prices = [price for price, _ in parts]

    assert min(prices) <= weighted_average(parts) <= max(prices)
    assert weighted_average([(Decimal(7), days) for _, days in parts]) == 7


def test_p66_an_average_of_no_days_is_refused() -> None:
    """P-66: there is nothing to divide by."""
    with pytest.raises(ValueError, match="at least one day"):
        weighted_average([])


def test_p66_the_trail_tells_where_the_price_changes() -> None:
    """P-66, P-67: all steps of the first week, then of each later price the steps that differ, and the sum."""
    trail = offer().decide(plan("2025-02-03", "2025-02-16")).trail

    assert trail[5:] == (
        "P-33 role price bill: match 10; best",
        "P-41 overrides passed over: February (begins 2025-02-05)",
        "P-45 price of the row: 200 USD per hour",
        "P-66 from 2025-02-10: 7 days at another price or way to it",
        "P-40 override February: in force from 2025-02-05, scope everybody",
        "P-40 price of the override: 250 USD per hour",
        "P-66 average: 7 days at 200 + 7 days at 250 = 225",
        "P-56 price: 225.00 USD",
        "P-4 amount: 1 × 225.00 = 225.00",
    )


def test_p66_the_trail_tells_in_which_week_the_search_stopped() -> None:
    """P-66, P-67: the lists of the week without a price are named, not only those of the first."""
    trail = offer(until="2025-02-11").decide(plan("2025-02-03", "2025-02-23")).trail

    assert trail[-3:] == (
        "P-66 from 2025-02-17: 7 days at another price or way to it",
        "P-6 price list FY25 (FY25): not-effective, 2025-01-01 to 2025-02-11",
        "P-22 stopped: no list of the quote is effective on 2025-02-17",
    )


def test_p66_the_year_may_end_within_a_week() -> None:
    """P-66: weeks begin on Mondays whatever the year; 1 January 2026 is a Thursday, so the new price counts from 5 January.

    Three days from Monday 29 December at 100, four more at the old price, then three at 130: (7 × 100 + 3 × 130) ÷ 10 = 109.
    """
    world = World()
    world.price_list("Both", since="2025-01-01", until="2026-12-31", at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("bill", "100", on="Both")
    world.override("new year", "130", of="bill", since="2026-01-01")

    assert world.told(plan("2025-12-29", "2026-01-07", quantity="10")) == "P-66 role-price: Both › bill, 109.00, 1090.00 USD"
