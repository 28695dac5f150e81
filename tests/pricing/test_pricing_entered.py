"""Prices that stand on the record or come from the record it stems from (P-2, P-3, P-4, P-59, P-61)."""

from __future__ import annotations

import pytest
from pricing_world import Work, World, expense, material, other, time

from proforma.domain.codes import AdjustmentStatus, AmountMethod, BillingType, TransactionClass, TransactionType
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import PricedRecord

BILLED, COST = TransactionType.BILLED_SALES, TransactionType.COST


def world(policy: PricingPolicy | None = None) -> World:
    """Lists that would give other prices than those on the records."""
    found = World(policy=policy or PricingPolicy())
    found.price_list("FY26")
    found.role_price("bill", "100")
    found.category_price("night", "101")
    found.item("cable", "102")
    found.cost_list("Cost")
    found.role_price("cost", "80", on="Cost")
    found.category_price("cost night", "81", on="Cost")
    found.item("cost cable", "82", on="Cost")
    return found


@pytest.mark.parametrize(
    ("price", "quantity", "told"),
    [
        ("87.50", "4", "P-3 entered-price: - › -, 87.50, 350.00 EUR"),
        ("0", "4", "P-3 entered-price: - › -, 0.00, 0.00 EUR"),
        ("87.5", "-4", "P-3 entered-price: - › -, 87.50, -350.00 EUR"),
        ("0.0345", "1000", "P-3 entered-price: - › -, 0.0345, 34.50 EUR"),
        (None, "4", "P-33 role-price: FY26 › bill, 100.00, 400.00 USD"),
    ],
)
def test_p3_an_entered_price_is_kept(price: str | None, quantity: str, told: str) -> None:
    """P-3, P-4: 0 is entered, empty is not; currency is the record's; no list is needed; a negative quantity turns the amount alone."""
    assert world().told(time(price=price, quantity=quantity, currency="EUR")) == told


def test_p3_needs_no_date_no_contract_and_no_list() -> None:
    """P-3: what is entered is known, whatever else is missing."""
    record = time(price="5", currency="USD", on=None, contract=None, project=None, per=None)

    assert World().told(record) == "P-3 entered-price: - › -, 5.00, 5.00 USD"


def test_p3_a_stored_amount_that_differs_is_mentioned() -> None:
    """P-4: the decision's amount follows the method; the trail shows the stored one."""
    decision = world().decide(time(price="33.33", quantity="3", amount="100.00", currency="USD"))

    assert f"{decision.amount:f}" == "99.99"
    assert decision.trail[-1] == "P-4 amount: 99.99 by the amount method, while 100.00 is stored"


@pytest.mark.parametrize(
    ("record", "kept", "recomputed"),
    [
        (time(price="5", currency="USD"), "entered-price", "role-price"),
        (time(price="5", currency="USD", type=COST), "entered-price", "role-price"),
        (material(price="5", currency="USD"), "entered-price", "price-list-item"),
        (material(price="5", currency="USD", type=COST), "entered-price", "price-list-item"),
        (expense(price="5", currency="USD"), "entered-price", "category-price"),
        (expense(price="5", currency="USD", type=COST), "entered-price", "entered-price"),
        (material(price="5", currency="USD", product=None), "entered-price", "entered-price"),
        (other(TransactionClass.FEE, price="5", currency="USD"), "entered-price", "entered-price"),
        (other(TransactionClass.MILESTONE, amount="5", currency="USD"), "entered-price", "entered-price"),
        (time(price="5", currency="USD", type=BILLED), "copied-from-origin", "copied-from-origin"),
    ],
)
def test_p3_recompute_sets_aside_what_a_list_could_know(record: PricedRecord, kept: str, recomputed: str) -> None:
    """P-3, S20: to verify stored prices; never where only the record knows the price."""
    assert world().decide(record).reason == kept
    assert world(PricingPolicy(entered_price="recompute")).decide(record).reason == recomputed


@pytest.mark.parametrize(
    ("work", "amount"),
    [
        ({}, "400.00"),
        ({"method": AmountMethod.QUANTITY_BY_PRICE}, "400.00"),
        ({"method": AmountMethod.FIXED_PRICE}, "100.00"),
        ({"method": AmountMethod.BASIS_QUANTITY_BY_PRICE, "basis_quantity": "2.5"}, "250.00"),
        ({"method": AmountMethod.BASIS_AMOUNT_BY_PERCENT, "basis_amount": "999", "percent": "12.5"}, "124.88"),  # 124.875
        ({"method": AmountMethod.BASIS_QUANTITY_BY_PRICE}, None),
        ({"quantity": None}, None),
    ],
)
@pytest.mark.parametrize("entered", [True, False])
def test_p4_the_amount_follows_the_method(work: Work, amount: str | None, entered: bool) -> None:
    """P-4: for entered and for resolved prices alike; without the figure that the method needs there is no amount."""
    given: Work = {"quantity": "4", **work}
    if entered:
        given = {**given, "price": "100", "currency": "USD"}

    decision = world().decide(time(**given))

    assert (f"{decision.price:f}", None if decision.amount is None else f"{decision.amount:f}") == ("100.00", amount)


def test_p4_with_fixed_price_an_entered_amount_is_the_price() -> None:
    """P-4: the price is the amount; with any other method an amount alone is no entered price (P-3)."""
    fixed = time(amount="250", quantity="4", currency="USD", method=AmountMethod.FIXED_PRICE)

    assert world().told(fixed) == "P-3 entered-price: - › -, 250.00, 250.00 USD"
    assert world().told(time(amount="250", quantity="4", currency="USD")) == "P-33 role-price: FY26 › bill, 100.00, 400.00 USD"


@pytest.mark.parametrize(
    ("kind", "work", "told"),
    [
        (TransactionClass.FEE, {"price": "500", "quantity": "1"}, "P-3 entered-price: - › -, 500.00, 500.00 USD"),
        (TransactionClass.FEE, {"price": "500", "quantity": "2"}, "P-3 entered-price: - › -, 500.00, 1000.00 USD"),
        (TransactionClass.FEE, {"price": "500"}, "P-3 entered-price: - › -, 500.00, 500.00 USD"),
        (TransactionClass.FEE, {"amount": "500", "quantity": "2"}, "P-3 entered-price: - › -, 250.00, 500.00 USD"),
        (TransactionClass.FEE, {"amount": "500", "quantity": "3"}, "P-3 entered-price: - › -, -, 500.00 USD"),
        (TransactionClass.FEE, {}, "P-59 not-priced: - › -, -, - -"),
        (TransactionClass.FEE, {"price": "500", "type": COST}, "P-59 not-priced: - › -, -, - -"),
        (TransactionClass.MILESTONE, {"amount": "9000"}, "P-3 entered-price: - › -, 9000.00, 9000.00 USD"),
        (TransactionClass.MILESTONE, {"amount": "9000", "type": BILLED}, "P-3 entered-price: - › -, 9000.00, 9000.00 USD"),
        (TransactionClass.RETAINER, {"price": "0"}, "P-3 entered-price: - › -, 0.00, 0.00 USD"),
        (TransactionClass.TAX, {"price": "10", "quantity": "1", "amount": "9.99"}, "P-3 entered-price: - › -, 10.00, 9.99 USD"),
        (TransactionClass.RETAINER, {"quantity": "1"}, "P-2 not-priced: - › -, -, - -"),
    ],
)
def test_p59_p2_classes_without_lists_live_on_entered_figures(kind: TransactionClass, work: Work, told: str) -> None:
    """P-59, P-2: a fee's price or amount is its price, and it has no cost; milestone, retainer and tax have an entered amount."""
    given: Work = {"currency": "USD", **work}

    assert world().told(other(kind, **given)) == told


def unbilled(name: str = "unbilled", **work: str) -> PricedRecord:
    """Ten hours not yet billed, at 100."""
    return time(name, **{"quantity": "10", "created": "2026-03-03T00:00", **work})  # type: ignore[arg-type]


def test_p2_a_billed_sale_keeps_what_it_has() -> None:
    """P-2: price, amount, currency, list and billing type stand on it; the lists of today are not asked."""
    record = time(
        type=BILLED,
        price="87.50",
        amount="875.01",
        quantity="10",
        currency="EUR",
        stamped_list="Then",
        billing_type=BillingType.COMPLIMENTARY,
    )

    decision = world().decide(record, unbilled())

    assert world().told(record, unbilled()) == "P-2 copied-from-origin: Then › -, 87.50, 875.01 EUR"
    assert decision.billing_type is BillingType.COMPLIMENTARY


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (unbilled(), "P-2 copied-from-origin: FY26 › -, 100.00, 1000.00 USD"),
        (unbilled(price="90", currency="EUR"), "P-2 copied-from-origin: - › -, 90.00, 900.00 EUR"),
        (unbilled(quantity="12"), "P-2 copied-from-origin: FY26 › -, 100.00, 1000.00 USD"),
        (unbilled(role="nobody"), "P-2 not-priced: - › -, -, - -"),
        (unbilled(quantity="-10"), "P-2 not-priced: - › -, -, - -"),
        (time(type=COST, price="1", currency="USD", quantity="10"), "P-2 not-priced: - › -, -, - -"),
    ],
)
def test_p2_what_a_billed_sale_lacks_comes_from_its_unbilled_one(origin: PricedRecord, told: str) -> None:
    """P-2: not from its reversal, nor from the cost; a billed sale is never resolved from a list."""
    assert world().told(time(type=BILLED, quantity="10"), origin) == told


def test_p2_the_first_unbilled_sale_is_the_origin() -> None:
    """P-2: a correction links a replacing unbilled sale as well, which came later."""
    later = unbilled("replacing", price="1", created="2026-04-01T00:00")

    assert world().told(time(type=BILLED, quantity="10"), later, unbilled()) == "P-2 copied-from-origin: FY26 › -, 100.00, 1000.00 USD"
    same = unbilled("same", price="1")
    assert world().decide(time(type=BILLED, quantity="10"), same, unbilled()).reason == "not-priced"


def test_p61_a_reversal_carries_the_negative_to_the_cent() -> None:
    """P-61: the amount of the row it takes back, negated, even where multiplying again would differ; same price."""
    origin = time("origin", quantity="3", price="33.33", amount="99.99", currency="EUR", adjustment=AdjustmentStatus.ADJUSTED)
    fixed = time("fixed", quantity="3", price="250", currency="EUR", method=AmountMethod.FIXED_PRICE)

    assert world().told(time(quantity="-3"), origin) == "P-2 copied-from-origin: - › -, 33.33, -99.99 EUR"
    assert world().told(time(quantity="-3"), fixed) == "P-2 copied-from-origin: - › -, 250.00, -250.00 EUR"
    assert world().decide(time(quantity="3"), time("reversal", quantity="-3")).reason == "role-price"


@pytest.mark.parametrize(
    ("record", "origin", "told"),
    [
        (time(type=BILLED, quantity="-10"), time("sold", type=BILLED, quantity="10", price="90", amount="900", currency="EUR"),
         "P-2 copied-from-origin: - › -, 90.00, -900.00 EUR"),
        (time(type=BILLED, quantity="-10"), time("sold", type=BILLED, quantity="9", price="90", amount="810", currency="EUR"),
         "P-2 not-priced: - › -, -, - -"),
        (time(type=BILLED, quantity="-10"), expense("sold", type=BILLED, quantity="10", price="90", amount="900", currency="EUR"),
         "P-2 not-priced: - › -, -, - -"),
        (time(type=COST, quantity="-2"), time("worked", type=COST, quantity="2", price="80", currency="USD"),
         "P-2 copied-from-origin: - › -, 80.00, -160.00 USD"),
        (time(type=BILLED, quantity=None), unbilled(price="90", currency="EUR"), "P-2 copied-from-origin: - › -, 90.00, 900.00 EUR"),
        (time(type=BILLED, quantity="4"), unbilled(price="90", currency="EUR"), "P-2 copied-from-origin: - › -, 90.00, 360.00 EUR"),
        (time(type=BILLED, price="7", quantity="10", currency="EUR"), unbilled(), "P-2 copied-from-origin: FY26 › -, 7.00, 70.00 EUR"),
        (time(type=BILLED, amount="75", quantity="10", currency="EUR"), unbilled(), "P-2 copied-from-origin: FY26 › -, 7.50, 75.00 EUR"),
    ],
)  # fmt: skip
def test_p2_reversals_and_parts_take_over_what_fits(record: PricedRecord, origin: PricedRecord, told: str) -> None:
    """P-2, P-61: a reversal of its opposite of one type and class; a part at the price of the whole; a figure of its own stays."""
    assert world().told(record, origin) == told


BY_PERCENT = AmountMethod.BASIS_AMOUNT_BY_PERCENT


@pytest.mark.parametrize(
    ("kind", "work", "told"),
    [
        pytest.param(
            TransactionClass.FEE,
            Work(method=BY_PERCENT, basis_amount="1200", percent="7.5", currency="USD"),
            "P-3 entered-price: - › -, 90.00, 90.00 USD",
            id="1,200 × 7.5 %",
        ),
        pytest.param(
            TransactionClass.FEE,
            Work(method=BY_PERCENT, basis_amount="1200", percent="7.5", amount="100", currency="USD"),
            "P-3 entered-price: - › -, 100.00, 100.00 USD",
            id="an entered amount stands",
        ),
        pytest.param(
            TransactionClass.FEE,
            Work(method=AmountMethod.FIXED_PRICE, basis_amount="1200", percent="7.5", currency="USD"),
            "P-59 not-priced: - › -, -, - -",
            id="no other method reads the basis",
        ),
        pytest.param(
            TransactionClass.FEE,
            Work(price="50", quantity="2", amount="80", currency="USD"),
            "P-3 entered-price: - › -, 50.00, 100.00 USD",
            id="a fee is quantity × price",
        ),
        pytest.param(
            TransactionClass.MILESTONE,
            Work(price="50", quantity="2", amount="80", currency="USD"),
            "P-3 entered-price: - › -, 50.00, 80.00 USD",
            id="a milestone is its amount",
        ),
    ],
)
def test_p59_p4_an_entered_amount_and_the_percent_of_a_basis(kind: TransactionClass, work: Work, told: str) -> None:
    """P-4, P-59: the percentage of a basis is the amount of its method alone, and only where none was entered."""
    assert World().told(other(kind, **work)) == told


def test_p2_only_a_negative_quantity_takes_back() -> None:
    """P-2: half an hour is no reversal of half an hour less than nothing; it is work of its own."""
    taken_back = time("minus", quantity="-0.5", price="1", currency="USD")

    assert world().told(time(quantity="0.5"), taken_back) == "P-33 role-price: FY26 › bill, 100.00, 50.00 USD"
