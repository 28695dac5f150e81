"""Which sales list prices a record (P-6, P-7, P-8, P-20 to P-23)."""

from __future__ import annotations

from datetime import date

import pytest
from pricing_world import World, estimate, expense, time

from proforma.domain.codes import EstimateOwner, PriceListOwner, Side
from proforma.domain.dates import Effective
from proforma.domain.policies import OverlapPolicy, PricingPolicy


def world_with(*lists: dict[str, str | None], policy: PricingPolicy | None = None) -> World:
    """A world with sales lists, each with one row named after it."""
    world = World(policy=policy or PricingPolicy())
    for number, given in enumerate(lists, start=1):
        name = given["name"] or ""
        world.price_list(
            name,
            since=given.get("since", "2026-01-01"),
            until=given.get("until", "2026-12-31"),
            currency=given.get("currency", "USD"),
            created=given.get("created"),
        )
        world.role_price(f"row of {name}", f"{number}00", on=name)
    return world


@pytest.mark.parametrize(
    ("since", "until", "on", "effective"),
    [
        ("2026-01-01", "2026-06-30", "2025-12-31", False),
        ("2026-01-01", "2026-06-30", "2026-01-01", True),
        ("2026-01-01", "2026-06-30", "2026-06-30", True),
        ("2026-01-01", "2026-06-30", "2026-07-01", False),
        ("2026-03-02", "2026-03-02", "2026-03-02", True),
        ("2026-06-30", "2026-01-01", "2026-03-02", False),
    ],
)
def test_p6_both_ends_of_a_list_count(since: str, until: str, on: str, effective: bool) -> None:
    """P-6: the first and the last day belong to a list; one that begins after its end never applies."""
    decision = world_with({"name": "FY26", "since": since, "until": until}).decide(time(on=on))

    assert decision.reason == ("role-price" if effective else "no-price-list-on-date")


@pytest.mark.parametrize(("since", "until"), [(None, "2026-12-31"), ("2026-01-01", None), (None, None)])
def test_p6_an_open_end_is_never_effective_unless_the_policy_says_so(since: str | None, until: str | None) -> None:
    """P-6, S4: an empty end makes a list useless; `unbounded` reads it as no limit, the filled end still limits."""
    strict = world_with({"name": "FY26", "since": since, "until": until})
    open_policy = PricingPolicy(open_ended_price_lists="unbounded")
    loose = world_with({"name": "FY26", "since": since, "until": until}, policy=open_policy)

    assert strict.told(time()) == "P-22 no-price-list-on-date: - › -, -, - -"
    days = f"{since or 'no first day'} to {until or 'no last day'}"
    assert f"P-6 price list FY26 (FY26): open-ended, {days}" in strict.decide(time()).trail
    assert loose.told(time()) == "P-33 role-price: FY26 › row of FY26, 100.00, 100.00 USD"
    assert (loose.decide(time(on="2025-12-31")).reason == "role-price") == (since is None)


def test_p7_inactive_lists_links_and_wrong_contexts_are_no_candidates() -> None:
    """P-7: what is inactive or of another context is seen, named, and never used."""
    world = world_with({"name": "FY26"})
    world.price_list("Retired", active=False)
    world.price_list("Cost", context=Side.COST)
    world.price_list("Purchase", context=Side.PURCHASE)
    world.price_list("Unlinked", at=None)
    world.attach("Unlinked", at="deal", active=False)
    world.attach("FY26", at="deal")

    decision = world.decide(time(stamped_list="Retired"))

    assert decision.price_list_id == "FY26"
    assert [step for step in decision.trail if "price list" in step] == [
        "P-7 price list Cost (Cost): wrong-context",
        "P-7 price list Purchase (Purchase): wrong-context",
        "P-7 price list Retired (Retired): inactive",
        "P-20 price list FY26 (FY26): chosen; the only one that fits",
    ]


def test_p7_a_list_without_a_known_context_fits_no_side() -> None:
    """P-7: an unknown option is not the side we happen to look for."""
    world = World()
    world.price_list("FY26", context=None)  # type: ignore[arg-type]  # as read from a number we do not know

    assert world.decide(time()).reason == "no-price-list-attached"


def test_p8_row_unit_and_currency_default_to_the_header() -> None:
    """P-8: an empty row unit is the list's time unit, an empty row currency the list's currency."""
    world = World()
    world.price_list("FY26", time_unit="day")
    world.role_price("bill", "800", per=None, currency=None)

    # 800 a day of 8 hours: 100 an hour.
    assert world.told(time(quantity="3")) == "P-33 role-price: FY26 › bill, 100.00, 300.00 USD"


def test_p8_a_sales_row_in_another_currency_is_refused() -> None:
    """P-8: nothing is converted; the row is a data error."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "100", currency="EUR")
    world.category_price("night", "10", currency="EUR")

    assert world.told(time()) == "P-8 row-currency-differs: FY26 › -, -, - -"
    assert world.told(expense()) == "P-8 row-currency-differs: FY26 › -, -, - -"


@pytest.mark.parametrize(
    ("own", "line", "project", "found"),
    [("deal", "line", "project", "FY26"), (None, "line", "project", "Other"), (None, None, "project", "FY26"), (None, None, None, None)],
)
def test_p20_the_contract_is_the_records_its_lines_or_its_projects(
    own: str | None, line: str | None, project: str | None, found: str | None
) -> None:
    """P-20, P-21: own contract, else the line's, else the project's; without any there is no price."""
    world = world_with({"name": "FY26"})
    world.contract("other deal")
    world.line("line", contract="other deal")
    world.price_list("Other", at="other deal")
    world.role_price("other", "300", on="Other")

    decision = world.decide(time(contract=own, line=line, project=project))

    assert (decision.price_list_id, decision.reason) == (found, "role-price" if found else "no-contract")


def test_p20_a_quote_detail_is_priced_from_the_quotes_lists() -> None:
    """P-20: the contract's lists say nothing about a quote."""
    world = world_with({"name": "FY26"})
    world.price_list("Offer", at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("offered", "90", on="Offer")

    assert world.told(estimate(owner=EstimateOwner.QUOTE, quote="offer")) == "P-33 role-price: Offer › offered, 90.00, 90.00 USD"
    assert world.decide(estimate(owner=EstimateOwner.QUOTE, quote=None)).reason == "no-contract"


def test_p20_the_contracts_currency_selects_nothing_else_does() -> None:
    """P-20: a record in EUR under a contract in USD is priced from the USD list, in USD."""
    world = world_with({"name": "Euro", "currency": "EUR"}, {"name": "Dollar"})

    decision = world.decide(time(currency="EUR"))

    assert (decision.price_list_id, decision.currency) == ("Dollar", "USD")
    assert "P-20 price list Euro (Euro): wrong-currency, EUR" in decision.trail


def test_p21_no_other_source_is_asked() -> None:
    """P-21: lists of the account, the opportunity, the quote and the parameters do not fill a gap at transaction time."""
    world = World()
    for owner in (PriceListOwner.ACCOUNT, PriceListOwner.OPPORTUNITY, PriceListOwner.QUOTE, PriceListOwner.PARAMETERS):
        world.price_list(f"{owner} list", at="acme", owner=owner)
        world.role_price(f"{owner} row", "100", on=f"{owner} list")

    assert world.told(time()) == "P-21 no-price-list-attached: - › -, -, - -"


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        ([{"name": "A", "until": "2026-02-28"}, {"name": "B", "since": "2026-03-03"}], "no-price-list-on-date"),
        ([{"name": "A", "currency": "EUR"}, {"name": "B", "currency": "NOK"}], "no-price-list-in-currency"),
        ([{"name": "A", "currency": "EUR"}, {"name": "B", "until": "2026-02-28"}], "no-price-list-on-date"),
    ],
)
def test_p22_no_list_on_the_date_or_in_the_currency(lists: list[dict[str, str | None]], reason: str) -> None:
    """P-22: the nearest list in time is not taken; currency is the reason only when all usable lists fail on it."""
    assert world_with(*lists).told(time()) == f"P-22 {reason}: - › -, -, - -"


OVERLAP: list[dict[str, str | None]] = [
    {"name": "Old", "created": "2025-12-01T00:00"},
    {"name": "New", "since": "2026-03-01", "created": "2026-02-01T00:00"},
]


def test_p23_two_lists_on_one_day_give_no_price() -> None:
    """P-23: by default nobody chooses, and both are named; a day that only one holds is priced."""
    world = world_with(*OVERLAP)

    decision = world.decide(time())

    assert (decision.rule, decision.reason, decision.price_list_id) == ("P-23", "overlapping-price-lists", None)
    assert [step for step in decision.trail if step.startswith("P-23")] == [
        "P-23 price list Old (Old): overlaps",
        "P-23 price list New (New): overlaps",
        "P-23 stopped: 2 lists are effective on 2026-03-02",
    ]
    assert world.decide(time(on="2026-02-28")).price_list_id == "Old"


def test_p23_the_list_created_last_by_policy() -> None:
    """P-23, S1: the list's own creation decides, even when only the other one has a row; equal creation decides nothing."""
    latest = PricingPolicy(overlapping_price_lists=OverlapPolicy(sales="latest_created"))

    assert world_with(*OVERLAP, policy=latest).told(time()) == "P-33 role-price: New › row of New, 200.00, 200.00 USD"
    assert world_with(*OVERLAP, policy=latest).decide(time(role="tester")).reason == "no-role-price"
    same: list[dict[str, str | None]] = [{**given, "created": "2026-01-01T00:00"} for given in OVERLAP]
    assert world_with(*same, policy=latest).decide(time()).reason == "overlapping-price-lists"


def test_p23_a_list_linked_twice_does_not_overlap_itself() -> None:
    """P-23: two associations of one list are one list."""
    world = world_with({"name": "FY26"})
    world.attach("FY26", at="deal")

    assert world.decide(time()).reason == "role-price"


def test_p10_lists_that_touch_do_not_share_a_day() -> None:
    """P-10: one ends on 30 June, the next begins on 1 July; a shared 30 June would be an overlap."""
    spring = Effective(first=date(2026, 1, 1), last=date(2026, 6, 30))

    assert not spring.overlaps(Effective(first=date(2026, 7, 1), last=date(2026, 12, 31)))
    assert spring.overlaps(Effective(first=date(2026, 6, 30), last=date(2026, 12, 31)))
