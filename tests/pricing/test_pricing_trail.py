"""The answer to "why": one step an entry, in the order of the rules (P-67)."""

from __future__ import annotations

import pytest
from pricing_world import Work, World, estimate, time

from proforma.domain.codes import AmountMethod, PriceCalculation, Side, TransactionType
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import PricedRecord


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
    world.override("april", "900", of="bill", since="2026-04-01", contract="deal")
    world.override("others", "901", of="bill", customer="someone else")
    world.override("winter", "902", of="bill", since="2026-02-01")
    world.line("line", discount="10", fee="1")

    decision = world.decide(time(quantity="8", line="line", more={"worktype": 1}))

    # 750 + 10 % = 825 a day of 7.5 hours = 110 an hour; 8 × 110 = 880; less 10 % = 88, plus 1 % = 8.80.
    assert decision.trail == (
        "P-1 side: sales, from the type unbilled-sales",
        "P-5 date: 2026-03-02, the transaction date",
        "P-20 asked: contract deal, in USD",
        "P-6 price list FY25 (FY25): not-effective, 2025-01-01 to 2025-12-31",
        "P-7 price list Cost (Cost): wrong-context",
        "P-20 price list Euro (Euro): wrong-currency, EUR",
        "P-6 price list Open (Open): open-ended, 2026-01-01 to no last day",
        "P-20 price list FY26 (FY26): chosen; the only one that fits",
        "P-30 dimensions: role = Developer (developer), organizational-unit = Fabrikam US (US)",
        "P-33 role price bill: match 10; best",
        "P-33 role price outranked: anyone (00)",
        "P-41 overrides passed over: april (begins 2026-04-01), others (not for this record, scope customer),"
        " winter (outranked, from 2026-02-01, scope everybody)",
        "P-40 override spring: in force from 2026-03-01, scope contract",
        "P-40 price of the override: 750 USD per short day",
        "P-37 markup overtime: match 010; best",
        "P-37 markup overtime: 750 + 10 % = 825",
        "P-38 unit: 825 per short day × 1 ÷ 7.5 = 110 per hour",
        "P-56 price: 110.00 USD",
        "P-4 amount: 8 × 110.00 = 880.00",
        "P-60 discount 10 % of 880.00 = 88.00, fee 1 % of 880.00 = 8.80",
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
    assert trail[-5:] == (
        "P-49 cost record cost: 413.37 GBP (P-3, entered-price)",
        "P-48 markup over cost: 413.37 + 10 % = 454.707",
        "P-55 exchange GBP to JPY: 454.707 ÷ 0.80 × 151 = 85825.94625",
        "P-56 price: 85825.94625 rounded to 85826 JPY",
        "P-4 amount: 1 × 85826 = 85826",
    )


def test_p67_the_trail_of_a_failure_ends_with_its_rule() -> None:
    """P-67: the last step says what stopped the search; the steps before it stay."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "700", per="each")

    trail = world.decide(time()).trail

    assert trail[-3:] == (
        "P-33 role price bill: match 10; best",
        "P-45 price of the row: 700 USD per each",
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


def test_p67_the_trail_says_whose_lists_were_asked() -> None:
    """P-20, P-24, P-28, P-29, P-67: owner, how it was found when the record does not name it, and the currency that is looked for."""
    world = World()
    world.line("line", project="other project")

    def asked(record: PricedRecord) -> list[str]:
        trail = world.decide(record).trail
        return [trail[0], *(step for step in trail if step.split()[0] in ("P-20", "P-24", "P-25", "P-27", "P-28", "P-29"))]

    sales, cost = "P-1 side: sales, from the type unbilled-sales", "P-1 side: cost, from the type cost"
    assert asked(time()) == [sales, "P-20 asked: contract deal, in USD"]
    assert asked(time(contract=None, line="line", project=None)) == [
        sales, "P-20 contract: of the record's contract line line", "P-20 asked: contract deal, in USD",
    ]  # fmt: skip
    assert asked(time(contract=None)) == [
        sales, "P-20 contract: of the record's project project", "P-20 asked: contract deal, in USD",
    ]  # fmt: skip
    assert asked(time(type=TransactionType.COST)) == [
        cost,
        "P-24 asked: unit Fabrikam US (US), in USD",
        "P-25 asked next: the parameters, as no list of the unit fits",
        "P-25 stopped: no cost list of the unit or the parameters fits by context and currency",
    ]
    assert asked(time(type=TransactionType.COST, contracting_unit=None))[:2] == [
        cost,
        "P-24 contracting unit: of the record's project project",
    ]
    assert asked(time(type=TransactionType.RESOURCING_UNIT_COST, unit="UK"))[1:3] == [
        "P-28 unit: the one that lends, as this is its cost", "P-24 asked: unit Fabrikam UK (UK), in GBP",
    ]  # fmt: skip
    assert asked(time(type=TransactionType.COST, subcontract="subcontract")) == [
        "P-1 side: purchase, from the type cost, as the record names a subcontract",
        "P-29 asked: subcontract subcontract, in any currency",
        "P-29 stopped: no usable purchase price list is attached to the subcontract",
    ]
    world.policy = PricingPolicy(multi_currency_cost_price_lists=True, cost_fallback_when_none_effective="parameters")
    world.cost_list("Old", until="2025-12-31")
    assert asked(time(type=TransactionType.COST))[1:3] == [
        "P-24 asked: unit Fabrikam US (US), in any currency (P-27)", "P-25 asked next: the parameters, as no list of the unit holds",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("work", "steps"),
    [
        ({"price": "87.5", "quantity": "4"},
         ("P-3 entered: price 87.5 USD stands on the record and is kept", "P-4 amount: 4 × 87.5 = 350.00")),
        ({"price": "5", "currency": None},
         ("P-3 entered: price 5 without currency stands on the record and is kept", "P-4 amount: 1 × 5 = 5.00")),
        ({"price": "0.333", "quantity": "2", "amount": "1"},
         ("P-4 amount: 2 × 0.333 = 0.666, rounded to 0.67", "P-4 amount: 0.67 by the amount method, while 1 is stored")),
        ({"price": "250", "quantity": "4", "method": AmountMethod.FIXED_PRICE}, ("P-4 amount: the price is the amount = 250.00",)),
        ({"price": "10", "basis_quantity": "2.5", "method": AmountMethod.BASIS_QUANTITY_BY_PRICE},
         ("P-4 amount: basis quantity 2.5 × 10 = 25.00",)),
        ({"price": "10", "basis_amount": "999", "percent": "12.5", "method": AmountMethod.BASIS_AMOUNT_BY_PERCENT},
         ("P-4 amount: 12.5 % of basis amount 999 = 124.875, rounded to 124.88",)),
        ({"price": "10", "quantity": None}, ("P-4 amount: unknown, as the record has no quantity",)),
        ({"price": "10", "method": AmountMethod.BASIS_QUANTITY_BY_PRICE}, ("P-4 amount: unknown, as the record has no basis quantity",)),
        ({"price": "10", "basis_amount": "999", "method": AmountMethod.BASIS_AMOUNT_BY_PERCENT},
         ("P-4 amount: unknown, as the record has no basis amount or percent",)),
        ({"price": "1", "quantity": "1." + "9" * 30}, ("P-4 amount: 1.9999999999… × 1 = 1.9999999999…, rounded to 2.00",)),
    ],
)  # fmt: skip
def test_p4_the_trail_shows_how_the_amount_came_about(work: Work, steps: tuple[str, ...]) -> None:
    """P-3, P-4, P-67: what stands on the record, the method of the amount with its figures, and what rounding made of it."""
    given: Work = {"currency": "USD", **work}

    assert World().decide(time(**given)).trail[-len(steps) :] == steps


def test_p50_the_trail_of_a_price_that_is_0_by_rule() -> None:
    """P-50, P-67: why it is 0, and that the amount is not a product."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", None, calculation=PriceCalculation.AT_COST)

    assert world.decide(estimate(quantity="8")).trail[-3:] == (
        "P-50 price: roles that follow their cost are 0 on quote and contract details",
        "P-56 price: 0.00 USD",
        "P-4 amount: 0, as the price is",
    )
