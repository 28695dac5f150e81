"""Which cost or purchase list prices a record (P-24 to P-29), and in which currency (P-27, P-44)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pricing_world import World, estimate, expense, material, time

from proforma.domain.codes import EstimateOwner, PriceListOwner, Side, TransactionType
from proforma.domain.policies import OverlapPolicy, PricingPolicy
from proforma.domain.records import Actual

COST = TransactionType.COST


def cost(**work: str | None) -> Actual:
    """A developer's hour as a cost record."""
    return time("cost", type=COST, **work)  # type: ignore[arg-type]


def parameter_list(world: World, name: str, *, context: Side = Side.COST, currency: str = "USD", since: str = "2026-01-01") -> None:
    """A list of the parameters with one row."""
    world.price_list(name, context=context, currency=currency, since=since, at="parameters", owner=PriceListOwner.PARAMETERS)
    world.role_price(f"row of {name}", "50", on=name)


def unit_list(world: World, name: str, price: str = "80", *, at: str = "US", currency: str = "USD", until: str = "2026-12-31") -> None:
    """A cost list of a unit with one row."""
    world.cost_list(name, at=at, currency=currency, until=until)
    world.role_price(f"row of {name}", price, on=name)


def test_p24_the_contracting_unit_supplies_the_list() -> None:
    """P-24: the lender's list prices nothing here; the record's unit wins over the project's, which stands in for an empty one."""
    world = World()
    unit_list(world, "US cost", "80")
    unit_list(world, "India cost", "30", at="India")

    assert world.told(cost(unit="India")) == "P-33 role-price: US cost › row of US cost, 80.00, 80.00 USD"
    assert world.decide(cost(contracting_unit="India")).price_list_id == "India cost"
    assert world.decide(cost(contracting_unit=None)).price_list_id == "US cost"
    assert world.told(cost(contracting_unit=None, project=None)) == "P-24 no-contracting-unit: - › -, -, - -"


def test_p24_the_lists_currency_is_the_units() -> None:
    """P-24, S6: the unit's currency selects; with `project` the project's."""
    world = World()
    unit_list(world, "Dollar cost", "80")
    unit_list(world, "Euro cost", "70", currency="EUR")

    assert world.told(cost()) == "P-33 role-price: Dollar cost › row of Dollar cost, 80.00, 80.00 USD"
    world.policy = PricingPolicy(cost_currency_match="project")
    assert world.told(cost()) == "P-33 role-price: Euro cost › row of Euro cost, 70.00, 70.00 EUR"


def test_p25_parameters_stand_in_for_a_unit_without_lists_that_fit() -> None:
    """P-25: sales lists and lists of another currency do not count as lists of the unit; the contract's never do."""
    world = World()
    unit_list(world, "Euro cost", currency="EUR")
    world.price_list("Unit sales", context=Side.SALES, at="US", owner=PriceListOwner.ORGANIZATIONAL_UNIT)
    world.price_list("Deal cost", context=Side.COST, at="deal")
    world.role_price("deal row", "1", on="Deal cost")
    parameter_list(world, "General sales", context=Side.SALES)
    parameter_list(world, "General euro", currency="EUR")
    parameter_list(world, "General")

    decision = world.decide(cost())

    assert (decision.price_list_id, decision.price_line_id) == ("General", "row of General")
    assert [step for step in decision.trail if "price list" in step] == [
        "P-24 price list Euro cost (Euro cost): wrong-currency, EUR",
        "P-7 price list Unit sales (Unit sales): wrong-context",
        "P-24 price list General euro (General euro): wrong-currency, EUR",
        "P-7 price list General sales (General sales): wrong-context",
        "P-24 price list General (General): chosen; the only one that fits",
    ]


def test_p25_a_unit_whose_lists_are_over_stops_unless_the_policy_asks_on() -> None:
    """P-25, S5: attached but not effective ends the search; `parameters` goes on."""
    world = World()
    unit_list(world, "Old cost", until="2025-12-31")
    parameter_list(world, "General")

    assert world.told(cost()) == "P-25 no-price-list-on-date: - › -, -, - -"
    world.policy = PricingPolicy(cost_fallback_when_none_effective="parameters")
    assert world.decide(cost()).price_list_id == "General"
    world.records = replace(world.records, price_lists=[row for row in world.records.price_lists if row.id == "Old cost"])
    assert world.told(cost()) == "P-25 no-price-list-on-date: - › -, -, - -"


def test_p25_nothing_anywhere() -> None:
    """P-25: nothing that fits by context and currency is `attached`; something that fits, but not today, is `on-date`."""
    world = World()
    parameter_list(world, "Euro", currency="EUR")
    assert world.told(cost()) == "P-25 no-price-list-attached: - › -, -, - -"

    parameter_list(world, "Later", since="2026-06-01")
    assert world.told(cost()) == "P-25 no-price-list-on-date: - › -, -, - -"


def test_p26_of_two_cost_lists_the_one_created_last() -> None:
    """P-26, S2: at the unit and at the parameters alike; equal creation, or `no_price`, gives none."""
    for owner, at in ((PriceListOwner.ORGANIZATIONAL_UNIT, "US"), (PriceListOwner.PARAMETERS, "parameters")):
        world = World()
        for name, created in (("Older", "2025-11-01T00:00"), ("Newer", "2025-12-01T00:00")):
            world.price_list(name, context=Side.COST, created=created, at=at, owner=owner)
            world.role_price(f"row of {name}", "80", on=name)
        assert world.decide(cost()).price_list_id == "Newer"

        world.policy = PricingPolicy(overlapping_price_lists=OverlapPolicy(cost="no_price"))
        assert world.told(cost()) == "P-26 overlapping-price-lists: - › -, -, - -"

        world.policy = PricingPolicy()
        world.records = replace(world.records, price_lists=[replace(row, created_at=None) for row in world.records.price_lists])
        assert world.told(cost()) == "P-26 overlapping-price-lists: - › -, -, - -"


def test_p27_multi_currency_lists_are_chosen_by_day_alone() -> None:
    """P-27, S7: the header currency no longer selects; the row's currency is the result's, the header's where the row has none."""
    world = World(policy=PricingPolicy(multi_currency_cost_price_lists=True))
    world.cost_list("World cost", currency="EUR")
    world.role_price("rupees", "40", on="World cost", unit="India", currency="GBP")
    world.role_price("rest", "70", on="World cost")
    parameter_list(world, "General")

    assert world.told(cost(unit="India")) == "P-33 role-price: World cost › rupees, 40.00, 40.00 GBP"
    assert world.told(cost(unit="US")) == "P-33 role-price: World cost › rest, 70.00, 70.00 EUR"


def test_p28_inter_unit_records() -> None:
    """P-28: resourcing unit cost from the lender's list, in its currency; inter-organizational sales at the price of the cost record."""
    world = World()
    world.price_list("Bill")
    world.role_price("bill", "200", on="Bill")
    unit_list(world, "US cost", "120")
    unit_list(world, "UK cost", "88", at="UK", currency="GBP")
    work = {"unit": "UK", "quantity": "10"}

    told = {kind: world.told(time(type=kind, **work)) for kind in TransactionType}  # type: ignore[arg-type]

    # Per hour, for 10 hours: cost 120 USD, bill 200 USD, lender's cost 88 GBP, inter-organizational sales 120 USD.
    assert told[COST] == "P-33 role-price: US cost › row of US cost, 120.00, 1200.00 USD"
    assert told[TransactionType.UNBILLED_SALES] == "P-33 role-price: Bill › bill, 200.00, 2000.00 USD"
    assert told[TransactionType.RESOURCING_UNIT_COST] == "P-33 role-price: UK cost › row of UK cost, 88.00, 880.00 GBP"
    assert told[TransactionType.INTER_ORGANIZATIONAL_SALES] == told[COST]


def test_p28_the_lenders_currency_holds_whatever_s6_says() -> None:
    """P-28: the project's currency is no matter of the lender's; without a lender there is no list."""
    world = World(policy=PricingPolicy(cost_currency_match="project"))
    unit_list(world, "UK cost", "88", at="UK", currency="GBP")
    lent = time(type=TransactionType.RESOURCING_UNIT_COST, unit="UK")

    assert world.decide(lent).price_list_id == "UK cost"
    assert world.decide(time(type=TransactionType.RESOURCING_UNIT_COST, unit=None)).reason == "no-contracting-unit"


def purchase_world(policy: PricingPolicy | None = None) -> World:
    """A subcontract with a purchase list in EUR, beside a cost list of the unit that must not be used."""
    world = World(policy=policy or PricingPolicy())
    unit_list(world, "US cost")
    world.price_list("Vendor", context=Side.PURCHASE, currency="EUR", at="subcontract", owner=PriceListOwner.SUBCONTRACT)
    world.role_price("vendor developer", "70", on="Vendor")
    world.category_price("vendor hotel", "90", on="Vendor")
    world.item("vendor cable", "3", on="Vendor")
    return world


def test_p29_subcontracted_work_costs_what_the_subcontract_says() -> None:
    """P-29: role, category and item rows of the purchase list, in its currency; sales of the same work are not concerned."""
    world = purchase_world()
    bought = {"type": COST, "subcontract": "subcontract"}

    assert world.told(time(**bought)) == "P-33 role-price: Vendor › vendor developer, 70.00, 70.00 EUR"  # type: ignore[arg-type]
    assert world.told(expense(**bought)) == "P-47 category-price: Vendor › vendor hotel, 90.00, 90.00 EUR"  # type: ignore[arg-type]
    assert world.told(material(**bought)) == "P-52 price-list-item: Vendor › vendor cable, 3.00, 3.00 EUR"  # type: ignore[arg-type]
    assert world.decide(time(subcontract="subcontract")).reason == "no-price-list-attached"


def test_p29_there_is_no_fallback_to_the_units_list() -> None:
    """P-29: without a usable purchase list, or on another day, there is no price."""
    world = purchase_world()

    assert world.told(cost(subcontract="bare")) == "P-29 no-purchase-price-list: - › -, -, - -"
    assert world.told(cost(subcontract="subcontract", on="2027-01-01")) == "P-29 no-price-list-on-date: - › -, -, - -"
    assert world.decide(cost(subcontract="subcontract", role="tester")).reason == "no-role-price"


def test_p29_overlapping_purchase_lists() -> None:
    """P-29, S3: none by default, the one created last by policy."""
    for setting, found in (("no_price", None), ("latest_created", "Newer")):
        world = purchase_world(PricingPolicy(overlapping_price_lists=OverlapPolicy(purchase=setting)))  # type: ignore[arg-type]
        world.price_list("Newer", context=Side.PURCHASE, created="2026-01-01T00:00", at="subcontract", owner=PriceListOwner.SUBCONTRACT)
        world.role_price("newer", "75", on="Newer")

        decision = world.decide(cost(subcontract="subcontract"))

        assert (decision.price_list_id, decision.reason) == (found, "role-price" if found else "overlapping-price-lists")


def test_p29_a_purchase_row_must_be_in_its_lists_currency() -> None:
    """P-29, P-8: only cost role prices may differ."""
    world = purchase_world()
    world.role_price("odd", "70", on="Vendor", role="tester", currency="USD")

    assert world.told(cost(subcontract="subcontract", role="tester")) == "P-8 row-currency-differs: Vendor › -, -, - -"


def test_p44_a_cost_keeps_the_currency_of_its_row() -> None:
    """P-44, S8: costs of one project may be in several currencies; `contracting_unit` converts to the unit's."""
    world = World()
    world.cost_list("US cost")
    world.role_price("euros", "46", on="US cost", currency="EUR")

    assert world.told(cost()) == "P-33 role-price: US cost › euros, 46.00, 46.00 EUR"
    world.policy = PricingPolicy(time_cost_currency="contracting_unit")
    # 46 EUR ÷ 0.92 × 1 = 50 USD.
    assert world.told(cost()) == "P-33 role-price: US cost › euros, 50.00, 50.00 USD"


def test_p44_a_planned_cost_is_shown_in_the_projects_currency_too() -> None:
    """P-44: the decision stays in the row's currency; the trail shows the project's. 100 USD × 0.92 = 92 EUR."""
    world = World()
    unit_list(world, "US cost", "100")

    decision = world.decide(estimate(type=COST, owner=EstimateOwner.PROJECT))

    assert (decision.price is not None and f"{decision.price:f}", decision.currency) == ("100.00", "USD")
    assert decision.trail[-1] == "P-44 in project currency: 92.00 EUR"


def test_p27_a_list_without_currency_leaves_it_to_its_rows() -> None:
    """P-27, P-8: with nothing in the header there is nothing that a row could differ from."""
    world = World(policy=PricingPolicy(multi_currency_cost_price_lists=True))
    world.price_list("Any cost", context=Side.COST, currency=None, at="US", owner=PriceListOwner.ORGANIZATIONAL_UNIT)
    world.category_price("night", "90", on="Any cost", currency="EUR")

    assert world.told(expense(type=COST)) == "P-47 category-price: Any cost › night, 90.00, 90.00 EUR"


@pytest.mark.parametrize("record", [expense, material])
def test_p8_cost_rows_of_expense_and_material_must_be_in_the_lists_currency(record: type[Actual]) -> None:
    """P-8: only role prices of a cost list may be in any currency."""
    world = World()
    world.cost_list("US cost")
    world.category_price("night", "90", on="US cost", currency="EUR")
    world.item("cable", "3", on="US cost", currency="EUR")

    assert world.told(record(type=COST)) == "P-8 row-currency-differs: US cost › -, -, - -"  # type: ignore[call-arg]
