"""Prices that change on a day, for everybody or for one deal (P-40, P-41)."""

from __future__ import annotations

import pytest
from pricing_world import World, estimate, time

from proforma.domain.codes import EstimateOwner, PriceListOwner, Side, TransactionType
from proforma.domain.policies import PricingPolicy


def world(policy: PricingPolicy | None = None) -> World:
    """A developer's hour at 100 all year."""
    found = World(policy=policy or PricingPolicy())
    found.price_list("FY26")
    found.role_price("bill", "100")
    found.role_price("tester", "80", role="tester")
    return found


@pytest.mark.parametrize(
    ("on", "told"),
    [
        ("2026-03-14", "P-33 role-price: FY26 › bill, 100.00, 100.00 USD"),
        ("2026-03-15", "P-40 role-price-override: FY26 › bill ! March, 110.00, 110.00 USD"),
        ("2026-03-31", "P-40 role-price-override: FY26 › bill ! March, 110.00, 110.00 USD"),
        ("2026-04-01", "P-40 role-price-override: FY26 › bill ! April, 120.00, 120.00 USD"),
        ("2026-12-31", "P-40 role-price-override: FY26 › bill ! April, 120.00, 120.00 USD"),
    ],
)
def test_p40_an_override_holds_from_its_day_to_the_next(on: str, told: str) -> None:
    """P-40: its first day counts; overrides of other rows, and inactive ones, do not."""
    found = world()
    found.override("April", "120", of="bill", since="2026-04-01")
    found.override("March", "110", of="bill", since="2026-03-15")
    found.override("tester's", "1", of="tester", since="2026-01-01")
    found.override("withdrawn", "2", of="bill", since="2026-01-01", active=False)

    assert found.told(time(on=on)) == told


def test_p40_the_row_is_chosen_before_its_override() -> None:
    """P-40: an override of a worse row changes nothing."""
    found = world()
    found.role_price("US", "210", unit="US")
    found.override("March", "1", of="bill")

    assert found.told(time()) == "P-33 role-price: FY26 › US, 210.00, 210.00 USD"


@pytest.mark.parametrize("since", ["2025-12-31", None])
def test_p40_an_override_that_begins_outside_its_list_is_ignored_and_reported(since: str | None) -> None:
    """P-40: such a row is a mistake of set-up."""
    found = world()
    found.override("early", "1", of="bill", since=since)

    decision = found.decide(time())

    assert decision.reason == "role-price"
    assert "P-40 override early: ignored, it begins outside the days of its price list" in decision.trail


def test_p40_the_overrides_own_unit_holds() -> None:
    """P-40: 880 a day of 8 hours is 110 an hour; an empty unit is the row's."""
    found = world()
    found.override("per day", "880", of="bill", per="day")
    assert found.told(time()) == "P-40 role-price-override: FY26 › bill ! per day, 110.00, 110.00 USD"

    found = world()
    found.override("per row", "105", of="bill", per=None)
    assert found.told(time()) == "P-40 role-price-override: FY26 › bill ! per row, 105.00, 105.00 USD"


def test_p40_two_of_one_scope_and_day_are_ambiguous() -> None:
    """P-40: nobody can say which holds; a later one of the same scope settles it, and other scopes are not the same."""
    found = world()
    found.override("one", "110", of="bill")
    found.override("two", "111", of="bill")
    assert found.told(time()) == "P-40 ambiguous-override: FY26 › -, -, - -"

    found.override("later", "112", of="bill", since="2026-03-02")
    assert found.decide(time()).override_id == "later"


def test_p40_an_override_without_price_is_no_price() -> None:
    """P-45: as with a row, an empty figure is not replaced by another."""
    found = world()
    found.override("empty", None, of="bill")

    assert found.told(time()) == "P-45 price-missing-on-line: FY26 › -, -, - -"


@pytest.mark.parametrize(
    ("scopes", "winner"),
    [
        ("contract quote customer none", "contract"),
        ("quote customer none", "quote"),
        ("customer none", "customer"),
        ("none", "none"),
        ("foreign vendor unit", None),
    ],
)
def test_p41_contract_quote_customer_none(scopes: str, winner: str | None) -> None:
    """P-41: the strongest scope that fits wins whatever the dates; a scope that does not fit is invisible."""
    found = World()
    found.contract("won deal", quote="offer")
    found.price_list("FY26", at="won deal")
    found.role_price("bill", "100")
    for number, scope in enumerate(scopes.split(), start=1):
        found.override(
            scope,
            "50",
            of="bill",
            since=f"2026-02-0{number}",
            contract={"contract": "won deal", "foreign": "other deal"}.get(scope),
            quote="offer" if scope == "quote" else None,
            customer="acme" if scope == "customer" else None,
            vendor="vendor" if scope == "vendor" else None,
            unit="US" if scope == "unit" else None,
        )

    assert found.decide(time(contract="won deal")).override_id == winner


def test_p41_a_later_general_override_does_not_displace_the_deals_own() -> None:
    """P-41, S11: scope before date; the other way round by policy, where equal days still go by scope."""
    for order, winner in (("scope_then_date", "deal's"), ("date_then_scope", "general")):
        found = world(PricingPolicy(override_order=order))  # type: ignore[arg-type]
        found.override("deal's", "110", of="bill", since="2026-03-15", contract="deal")
        found.override("acme's", "105", of="bill", since="2026-04-01", customer="acme")
        found.override("general", "130", of="bill", since="2026-04-02")

        assert found.decide(time(on="2026-04-10")).override_id == winner
        assert found.decide(time(on="2026-04-01")).override_id == ("deal's" if order == "scope_then_date" else "acme's")


def test_p41_a_foreign_override_does_not_end_another() -> None:
    """P-41: what is invisible cannot stand between a price and its next one."""
    found = world()
    found.override("general", "110", of="bill", since="2026-02-01")
    found.override("foreign", "1", of="bill", since="2026-03-01", contract="other deal")

    assert found.decide(time()).override_id == "general"


@pytest.mark.parametrize(("own", "winner"), [("other customer", None), ("acme", "acme's"), (None, "acme's")])
def test_p41_the_customer_is_the_records_account_else_the_contracts(own: str | None, winner: str | None) -> None:
    """P-41: an account on the record hides the contract's customer."""
    found = world()
    found.override("acme's", "95", of="bill", customer="acme")

    assert found.decide(time(customer=own)).override_id == winner


def test_p41_the_won_quote_reaches_the_contract_unless_s12_says_no() -> None:
    """P-41, S12: actuals know no quote; the one that the contract was won from stands in."""
    for reaches, winner in ((True, "offer's"), (False, None)):
        found = World(policy=PricingPolicy(quote_scope_reaches_contract=reaches))
        found.contract("won deal", quote="offer")
        found.price_list("FY26", at="won deal")
        found.role_price("bill", "100")
        found.override("offer's", "95", of="bill", quote="offer")

        assert found.decide(time(contract="won deal")).override_id == winner


def test_p41_a_quote_detail_sees_its_quote_and_customer_not_a_contract() -> None:
    """P-41: the quote of the detail itself, whatever S12 says; its customer comes from the quote."""
    found = World(policy=PricingPolicy(quote_scope_reaches_contract=False))
    found.price_list("Offer", at="offer", owner=PriceListOwner.QUOTE)
    found.role_price("bill", "100", on="Offer")
    found.override("deal's", "1", of="bill", contract="deal")
    found.override("acme's", "95", of="bill", customer="acme")
    plan = estimate(owner=EstimateOwner.QUOTE, quote="offer")
    assert found.decide(plan).override_id == "acme's"

    found.override("offer's", "90", of="bill", quote="offer")
    assert found.decide(plan).override_id == "offer's"


@pytest.mark.parametrize(
    ("scopes", "winner"),
    [
        ("invoice subcontract vendor none", "invoice"),
        ("subcontract vendor none", "subcontract"),
        ("vendor none", "vendor"),
        ("deal unit", None),
    ],
)
def test_p41_scopes_of_purchases(scopes: str, winner: str | None) -> None:
    """P-41: vendor invoice, subcontract, vendor, none; scopes of other sides are invisible."""
    found = World()
    found.price_list("Vendor", context=Side.PURCHASE, at="subcontract", owner=PriceListOwner.SUBCONTRACT)
    found.role_price("bought", "70", on="Vendor")
    for scope in scopes.split():
        found.override(
            scope,
            "60",
            of="bought",
            vendor_invoice="vendor invoice" if scope == "invoice" else None,
            subcontract="subcontract" if scope == "subcontract" else None,
            vendor="vendor" if scope == "vendor" else None,
            contract="deal" if scope == "deal" else None,
            unit="US" if scope == "unit" else None,
        )

    record = time(type=TransactionType.COST, subcontract="subcontract", vendor_invoice="vendor invoice")
    assert found.decide(record).override_id == winner


def test_p41_the_scope_of_costs_is_the_resourcing_unit() -> None:
    """P-41: not the contracting unit, and no deal: a cost rate cannot be overridden for a contract or customer."""
    found = World()
    found.cost_list("Cost")
    found.role_price("cost", "80", on="Cost")
    found.override("US", "81", of="cost", unit="US")
    found.override("India", "30", of="cost", unit="India")
    found.override("deal", "1", of="cost", contract="deal")
    found.override("acme", "2", of="cost", customer="acme")

    told = [found.decide(time(type=TransactionType.COST, unit=unit)).override_id for unit in ("India", "US", "UK", None)]

    assert told == ["India", "US", None, None]


def test_p41_the_trail_names_ten_of_the_overrides_that_do_not_hold() -> None:
    """P-41, P-67: twelve deals have their own price; ten are named, the rest is counted."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "100")
    for number in range(12):
        world.override(f"o{number:02}", "90", of="bill", contract=f"deal {number:02}")

    step = next(step for step in world.decide(time()).trail if step.startswith("P-41"))

    named = ", ".join(f"o{number:02} (not for this record, scope contract)" for number in range(10))
    assert step == f"P-41 overrides passed over: {named} and 2 more"


@pytest.mark.parametrize(("customer", "price"), [("acme", "90.00"), ("contoso", "100.00")])
def test_p41_the_customer_of_a_quote_detail_is_its_quotes(customer: str, price: str) -> None:
    """P-41: a detail without an account of its own has the customer of its quote, whatever contract it names too."""
    found = World()
    found.contract("other", customer="contoso")
    found.price_list("Offer", at="offer", owner=PriceListOwner.QUOTE)
    found.role_price("rate", "100", on="Offer")
    found.override("theirs", "90", of="rate", customer=customer, since="2026-03-01")

    decision = found.decide(estimate(owner=EstimateOwner.QUOTE, quote="offer", contract="other", customer=None))

    assert f"{decision.price:f}" == price


def test_p41_the_trail_names_scopes_in_words() -> None:
    """P-67: an override is told with its scope as people call it, one for everybody too."""
    found = World()
    found.price_list("Vendor", context=Side.PURCHASE, at="subcontract", owner=PriceListOwner.SUBCONTRACT)
    found.role_price("bought", "70", on="Vendor")
    found.override("invoice", "60", of="bought", vendor_invoice="vendor invoice", since="2026-03-01")
    found.override("all", "65", of="bought", since="2026-03-01")

    record = time(type=TransactionType.COST, subcontract="subcontract", vendor_invoice="vendor invoice")
    told = [step for step in found.decide(record).trail if "override" in step]

    assert told[0] == "P-41 overrides passed over: all (outranked, from 2026-03-01, scope everybody)"
    assert told[1] == "P-40 override invoice: in force from 2026-03-01, scope vendor invoice"
