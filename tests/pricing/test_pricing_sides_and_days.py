"""Which side and day a record has, and which records are never priced (P-1, P-2, P-5)."""

from __future__ import annotations

import pytest
from pricing_world import World, estimate, expense, material, other, time

from proforma.domain.codes import (
    AdjustmentStatus,
    BillingMethod,
    BillingType,
    EstimateOwner,
    PriceListOwner,
    Side,
    TransactionClass,
    TransactionType,
)


@pytest.mark.parametrize(
    ("transaction_type", "subcontract", "side"),
    [
        (TransactionType.COST, None, Side.COST),
        (TransactionType.COST, "subcontract", Side.PURCHASE),
        (TransactionType.UNBILLED_SALES, None, Side.SALES),
        (TransactionType.UNBILLED_SALES, "subcontract", Side.SALES),
        (TransactionType.PROJECT_CONTRACT, None, Side.SALES),
        (TransactionType.BILLED_SALES, None, Side.SALES),
        (TransactionType.RESOURCING_UNIT_COST, None, Side.COST),
        (TransactionType.RESOURCING_UNIT_COST, "subcontract", Side.COST),
        (TransactionType.INTER_ORGANIZATIONAL_SALES, None, Side.COST),
        (None, None, None),
    ],
)
def test_p1_the_type_gives_the_side(transaction_type: TransactionType | None, subcontract: str | None, side: Side | None) -> None:
    """P-1: only a cost record that names a subcontract is a purchase."""
    assert World().decide(time(type=transaction_type, subcontract=subcontract)).side is side


def test_p1_a_record_without_type_is_not_priced() -> None:
    """P-1: without a type nobody knows the side, so nothing is guessed, not even from an entered price."""
    assert World().told(time(type=None, price="10", currency="USD")) == "P-1 not-priced: - › -, -, - -"


def test_p1_cost_and_sales_of_a_plan_are_priced_on_their_own_sides() -> None:
    """P-1: the pair of details shares the work, not the price."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "200")
    world.cost_list("Cost")
    world.role_price("cost", "80", on="Cost")

    sales = world.told(estimate(type=TransactionType.UNBILLED_SALES))
    cost = world.told(estimate(type=TransactionType.COST))

    assert (sales, cost) == ("P-33 role-price: FY26 › bill, 200.00, 200.00 USD", "P-33 role-price: Cost › cost, 80.00, 80.00 USD")


@pytest.mark.parametrize("adjustment", [AdjustmentStatus.ADJUSTED, AdjustmentStatus.UNADJUSTABLE])
def test_p2_settled_history_is_not_decided(adjustment: AdjustmentStatus) -> None:
    """P-2: an adjusted row and a reversal keep what they have; whatever they carry, there is no decision."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "200")

    decision = world.decide(time(price="87.50", amount="87.50", currency="USD", adjustment=adjustment, billing_type=BillingType.CHARGEABLE))

    assert (decision.reason, decision.price, decision.amount, decision.currency, decision.price_list_id, decision.billing_type) == (
        "not-priced",
        None,
        None,
        None,
        None,
        BillingType.CHARGEABLE,
    )


def test_p2_a_row_whose_correction_is_open_is_still_priced() -> None:
    """P-2: In process is not history."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "200")

    assert world.told(time(adjustment=AdjustmentStatus.IN_PROCESS)) == "P-33 role-price: FY26 › bill, 200.00, 200.00 USD"


def test_p2_work_on_a_fixed_price_line_has_no_sales_price() -> None:
    """P-2: a fixed-price line is billed by milestones; only the cost of its work has a price."""
    world = World()
    world.price_list("FY26")
    world.role_price("bill", "200")
    world.cost_list("Cost")
    world.role_price("cost", "80", on="Cost")
    world.line("fixed", billing_method=BillingMethod.FIXED_PRICE)

    assert world.told(time(line="fixed")) == "P-2 not-priced: - › -, -, - -"
    assert world.told(time(line="fixed", type=TransactionType.COST)) == "P-33 role-price: Cost › cost, 80.00, 80.00 USD"
    assert world.told(time(line="fixed", price="10", currency="USD")) == "P-3 entered-price: - › -, 10.00, 10.00 USD"
    assert world.told(estimate(line="fixed")) == "P-33 role-price: FY26 › bill, 200.00, 200.00 USD"


@pytest.mark.parametrize("kind", [TransactionClass.MILESTONE, TransactionClass.RETAINER, TransactionClass.TAX, None])
def test_p2_other_classes_have_no_list(kind: TransactionClass | None) -> None:
    """P-2: a milestone, retainer or tax without an entered amount is not priced, even where a catch-all row would fit."""
    world = World()
    world.price_list("FY26")
    world.role_price("anything", "1", role=None)

    assert world.told(other(kind)) == "P-2 not-priced: - › -, -, - -"


PRICES = {"2026-03-01": "1", "2026-03-02": "2", "2026-03-03": "3", "2026-03-04": "4"}


def daily_world() -> World:
    """A list for each of four days, whose price tells the day."""
    world = World()
    for text, price in PRICES.items():
        world.price_list(text, since=text, until=text)
        world.attach(text, at="offer", owner=PriceListOwner.QUOTE)
        world.role_price(f"row {text}", price, on=text)
    return world


@pytest.mark.parametrize(
    ("on", "document", "start", "price", "words"),
    [
        ("2026-03-01", "2026-03-02", "2026-03-03", "1.00", "P-5 date: 2026-03-01, the transaction date"),
        (None, "2026-03-02", "2026-03-03", "2.00", "P-5 date: 2026-03-02, the document date, as transaction date is empty"),
        (None, None, "2026-03-03", "3.00", "P-5 date: 2026-03-03, the start, as transaction date is empty"),
    ],
)
def test_p5_an_actual_is_priced_on_its_transaction_date(
    on: str | None, document: str | None, start: str | None, price: str, words: str
) -> None:
    """P-5: document date and start stand in for an empty transaction date, and the trail says so."""
    decision = daily_world().decide(time(on=on, document_date=document, start=start, created="2026-03-04T00:00"))

    assert f"{decision.price:f}" == price
    assert words in decision.trail


@pytest.mark.parametrize("owner", list(EstimateOwner))
def test_p5_an_estimate_is_priced_on_its_start(owner: EstimateOwner) -> None:
    """P-5: planned work is priced on the day it begins, whatever other dates it carries."""
    plan = estimate(owner=owner, quote="offer", start="2026-03-03", on="2026-03-01", document_date="2026-03-02")

    assert daily_world().told(plan) == "P-33 role-price: 2026-03-03 › row 2026-03-03, 3.00, 3.00 USD"


def test_p5_without_any_date_there_is_no_price() -> None:
    """P-5: neither creation nor today stands in for a date."""
    assert daily_world().told(time(on=None, created="2026-03-04T00:00")) == "P-5 missing-date: - › -, -, - -"


@pytest.mark.parametrize("edge", ["0001-01-01", "9999-12-31"])
def test_p5_the_edges_of_the_calendar_are_days_like_others(edge: str) -> None:
    """P-5: 0001-01-01 and 9999-12-31 pass through untouched."""
    world = World()
    world.price_list("Edge", since=edge, until=edge)
    world.role_price("row", "5", on="Edge")

    assert world.told(time(on=edge)) == "P-33 role-price: Edge › row, 5.00, 5.00 USD"


def test_p68_the_first_step_that_fails_gives_the_reason() -> None:
    """P-68: date before list, list before row, row before unit; nothing later is guessed."""
    world = World()

    assert world.decide(time(on=None)).reason == "missing-date"
    assert world.decide(time(per=None)).reason == "no-price-list-attached"
    world.price_list("FY26")
    assert world.decide(time(per=None)).reason == "no-role-price"
    world.role_price("bill", "200")
    assert world.decide(time(per=None)).reason == "missing-unit"
    assert world.decide(expense(category=None, on="2027-01-01")).reason == "no-price-list-on-date"
    assert world.decide(material(product=None)).reason == "write-in-without-price"
