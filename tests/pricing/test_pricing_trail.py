"""The answer to "why": one step an entry, in the order of the rules (P-67)."""

from __future__ import annotations

from pricing_world import World, time

from proforma.domain.codes import PriceCalculation, Side, TransactionType
from proforma.domain.policies import PricingPolicy


def test_p67_the_trail_of_a_price_with_everything() -> None:
    """P-67: side, day, lists with verdicts, list, dimensions, row and losers, override, cost or markup, unit, rounding, discount."""
    world = World(policy=PricingPolicy(discounts_and_fees=True))
    world.dimension("role", sales=1)
    world.dimension("worktype", sales=2, markup=True)
    world.dimension("organizational-unit", sales=3)
    world.price_list("FY25", since="2025-01-01", until="2025-12-31")
    world.price_list("Euro", currency="EUR")
    world.price_list("Open", until=None)
    world.price_list("Cost", context=Side.COST)
    world.price_list("FY26")
    world.role_price("anyone", "1", role=None)
    world.role_price("bill", "700")
    world.markup("overtime", "10", more={"worktype": 1})
    world.override("spring", "750", of="bill", per="short day", contract="deal")
    world.line("line", discount="10", fee="1")

    decision = world.decide(time(quantity="8", line="line", more={"worktype": 1}))

    # 750 + 10 % = 825 a day of 7.5 hours = 110 an hour; 8 × 110 = 880; less 10 % = 88, plus 1 % = 8.80.
    assert decision.trail == (
        "P-1 side: sales, from the type unbilled-sales",
        "P-5 date: 2026-03-02, the transaction date",
        "P-6 price list FY25 (FY25): not-effective",
        "P-7 price list Cost (Cost): wrong-context",
        "P-20 price list Euro (Euro): wrong-currency",
        "P-6 price list Open (Open): open-ended",
        "P-20 price list FY26 (FY26): chosen; the only one that fits on 2026-03-02",
        "P-30 dimensions: role = Developer (developer), organizational-unit = Fabrikam US (US)",
        "P-33 role price bill: match 10; best",
        "P-33 role price outranked: anyone (00)",
        "P-40 override spring: in force from 2026-03-01, scope contract",
        "P-37 markup overtime: match 010; best",
        "P-37 markup overtime: 10 % on the base price",
        "P-38 unit: price per short day × 1 ÷ 7.5 = price per hour",
        "P-56 rounding: price 110.00 USD; amount 880.00",
        "P-60 discount 88.00, fee 8.80",
    )


def test_p67_the_trail_of_a_price_by_cost() -> None:
    """P-67: the cost record with its own rule and reason, the percentage, and the rates."""
    world = World()
    world.contract("abroad", currency="JPY")
    world.price_list("FY26", currency="JPY", at="abroad")
    world.role_price("bill", None, calculation=PriceCalculation.MARKUP_PERCENTAGE, percent="10")
    cost = time("cost", type=TransactionType.COST, price="413.37", currency="GBP")

    trail = world.decide(time(contract="abroad"), cost).trail

    # 413.37 × 1.1 = 454.707; ÷ 0.80 × 151 = 85825.94625.
    assert trail[-4:] == (
        "P-49 cost record cost: 413.37 GBP (P-3, entered-price)",
        "P-48 markup over cost: 413.37 + 10 % = 454.707",
        "P-55 exchange GBP to JPY: 454.707 ÷ 0.80 × 151 = 85825.94625",
        "P-56 rounding: price 85825.94625 rounded to 85826 JPY; amount 85826",
    )


def test_p67_the_trail_of_a_failure_ends_with_its_rule() -> None:
    """P-67: the last step says what stopped the search; the steps before it stay."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "700", per="each")

    trail = world.decide(time()).trail

    assert trail[-2:] == (
        "P-33 role price bill: match 10; best",
        "P-39 stopped: units hour and each have no common base unit",
    )


def test_p67_equal_rows_are_named_in_one_order() -> None:
    """P-68: duplicates and overlapping lists are named alike whatever the feed's order."""
    for names in (("first", "second"), ("second", "first")):
        world = World()
        world.price_list("FY26")
        for name in names:
            world.role_price(name, "1")

        assert world.decide(time()).trail[-1] == "P-34 stopped: role prices first and second have the same values"
