"""Category prices and price list items: category or product, and unit, must both match (P-46, P-47, P-51 to P-54)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pricing_world import World, estimate, expense, material, time

from proforma.domain.codes import ItemPricingMethod, PriceCalculation, TransactionClass, TransactionType
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Actual


def world(policy: PricingPolicy | None = None) -> World:
    """Hotels and cables by the piece, and a foreign list with everything."""
    found = World(policy=policy or PricingPolicy())
    found.price_list("FY26")
    found.category_price("hotels", "10")
    found.category_price("hotels by the box", "100", per="box")
    found.category_price("retired", "1", active=False)
    found.item("cables", "4.25")
    found.item("boxes of cables", "40", per="box")
    found.price_list("Other", at="other deal")
    found.category_price("foreign", "1", on="Other", per="hour")
    found.item("foreign item", "1", on="Other", per="hour")
    return found


@pytest.mark.parametrize(
    ("category", "per", "told"),
    [
        ("hotel", "each", "P-47 category-price: FY26 › hotels, 10.00, 30.00 USD"),
        ("hotel", "box", "P-47 category-price: FY26 › hotels by the box, 100.00, 300.00 USD"),
        ("hotel", "hour", "P-46 no-category-price: FY26 › -, -, - -"),
        ("hotel", None, "P-46 no-category-price: FY26 › -, -, - -"),
        ("flight", "each", "P-46 no-category-price: FY26 › -, -, - -"),
        (None, "each", "P-46 no-category-price: FY26 › -, -, - -"),
    ],
)
def test_p46_category_and_unit_must_be_equal(category: str | None, per: str | None, told: str) -> None:
    """P-46: a box of twelve is not twelve pieces here; role, resource and unit of organization play no part."""
    assert world().told(expense(category=category, per=per, quantity="3", role="developer", unit="India")) == told


@pytest.mark.parametrize("method", [None, PriceCalculation.PRICE_PER_UNIT])
@pytest.mark.parametrize("side", [TransactionType.UNBILLED_SALES, TransactionType.COST])
def test_p47_price_per_unit_or_an_empty_method(method: PriceCalculation | None, side: TransactionType) -> None:
    """P-47: on all lists, for actuals and estimates."""
    found = World()
    for name in ("FY26", "Cost"):
        found.price_list(name) if name == "FY26" else found.cost_list(name)
        found.category_price(f"{name} night", "95", on=name, calculation=method)
    name = "FY26" if side is TransactionType.UNBILLED_SALES else "Cost"
    told = f"P-47 category-price: {name} › {name} night, 95.00, 95.00 USD"

    assert found.told(expense(type=side)) == told
    assert found.told(estimate(transaction_class=TransactionClass.EXPENSE, type=side, category="hotel", per="each")) == told


@pytest.mark.parametrize(
    ("record", "row", "reason", "rule"),
    [(expense, "hotels again", "ambiguous-category-price", "P-46"), (material, "cables again", "ambiguous-price-list-item", "P-52")],
)
def test_p46_p52_two_rows_for_one_thing_and_unit(record: Callable[[], Actual], row: str, reason: str, rule: str) -> None:
    """P-46, P-52, S10: ambiguous by default, the one created last by policy, unless both were created at once."""
    found = world()
    found.category_price("hotels again", "11", created="2026-01-01T00:00")
    found.item("cables again", "5", created="2026-01-01T00:00")

    assert found.told(record()) == f"{rule} {reason}: FY26 › -, -, - -"
    found.policy = PricingPolicy(duplicate_price_rows="latest_created")
    assert found.decide(record()).price_line_id == row
    found.category_price("hotels once more", "12", created="2026-01-01T00:00")
    found.item("cables once more", "6", created="2026-01-01T00:00")
    assert found.decide(record()).reason == reason


@pytest.mark.parametrize("price", [None, "0"])
def test_p45_an_empty_price_is_missing_and_zero_is_a_price(price: str | None) -> None:
    """P-45 for category prices and items."""
    found = World()
    found.price_list("FY26")
    found.category_price("night", price)
    found.item("cable", price)
    expected = "P-45 price-missing-on-line" if price is None else None

    for record, priced in ((expense(), "P-47 category-price: FY26 › night"), (material(), "P-52 price-list-item: FY26 › cable")):
        assert found.told(record) == (f"{expected}: FY26 › -, -, - -" if expected else f"{priced}, 0.00, 0.00 USD")


@pytest.mark.parametrize(
    ("product", "per", "told"),
    [
        ("cable", "each", "P-52 price-list-item: FY26 › cables, 4.25, 12.75 USD"),
        ("cable", "box", "P-52 price-list-item: FY26 › boxes of cables, 40.00, 120.00 USD"),
        ("cable", "hour", "P-52 no-price-list-item: FY26 › -, -, - -"),
        ("router", "each", "P-52 no-price-list-item: FY26 › -, -, - -"),
        (None, "each", "P-53 write-in-without-price: FY26 › -, -, - -"),
    ],
)
def test_p52_product_and_unit_must_be_equal(product: str | None, per: str, told: str) -> None:
    """P-52, P-53: nothing is converted; a write-in product has no other price than an entered one."""
    assert world().told(material(product=product, per=per, quantity="3")) == told


@pytest.mark.parametrize("method", [method for method in ItemPricingMethod if method is not ItemPricingMethod.CURRENCY_AMOUNT])
def test_p53_only_a_currency_amount_prices_project_material(method: ItemPricingMethod) -> None:
    """P-53: methods 2 to 6 give no price, even where an amount stands on the row."""
    found = World()
    found.price_list("FY26")
    found.item("cable", "4.25", method=method, percent="10")

    assert found.told(material()) == "P-53 unsupported-material-method: FY26 › -, -, - -"


@pytest.mark.parametrize(
    ("project_method", "told"),
    [
        (PriceCalculation.PRICE_PER_UNIT, "P-52 price-list-item: FY26 › cable, 4.25, 8.50 USD"),
        (PriceCalculation.AT_COST, "P-48 price-list-item: FY26 › cable, 3.00, 6.00 USD"),
        (PriceCalculation.MARKUP_PERCENTAGE, "P-48 price-list-item: FY26 › cable, 3.60, 7.20 USD"),  # 3.00 + 20 %
        (None, "P-52 price-list-item: FY26 › cable, 4.25, 8.50 USD"),
    ],
)
def test_p53_transaction_cost_methods_by_policy(project_method: PriceCalculation | None, told: str) -> None:
    """P-53, S19: the project method of an item is honoured on sales lists only, and only by policy."""
    cost = material("cost", type=TransactionType.COST, price="3", currency="USD")
    found = World(policy=PricingPolicy(material_pricing_methods="transaction_cost_methods"))
    found.price_list("FY26")
    found.item("cable", "4.25", project_method=project_method, percent="20")
    found.cost_list("Cost")
    found.item("cost cable", "2", on="Cost", project_method=project_method)

    assert found.told(material(quantity="2"), cost) == told
    assert found.told(material(type=TransactionType.COST)) == "P-52 price-list-item: Cost › cost cable, 2.00, 2.00 USD"
    found.policy = PricingPolicy()
    assert found.told(material(quantity="2"), cost) == "P-52 price-list-item: FY26 › cable, 4.25, 8.50 USD"


def test_p53_p50_cost_based_material_is_zero_on_estimates() -> None:
    """P-50, P-53: as for expenses."""
    found = World(policy=PricingPolicy(material_pricing_methods="transaction_cost_methods"))
    found.price_list("FY26")
    found.item("cable", "4.25", project_method=PriceCalculation.AT_COST)
    plan = estimate(transaction_class=TransactionClass.MATERIAL, product="cable", per="each")

    assert found.told(plan) == "P-50 cost-plus-on-estimate: FY26 › cable, 0.00, 0.00 USD"


def test_p54_no_class_is_priced_from_the_rows_of_another() -> None:
    """P-54: material not from categories, expense not from items, time from neither."""
    found = World()
    found.price_list("FY26")
    found.category_price("category", "1", category="thing")
    assert found.decide(material(product="thing", category="thing")).reason == "no-price-list-item"
    assert found.decide(time(category="thing", per="each")).reason == "no-role-price"

    found = World()
    found.price_list("FY26")
    found.item("item", "1", product="thing")
    assert found.decide(expense(product="thing", category="thing")).reason == "no-category-price"
    assert found.decide(time(product="thing", per="each")).reason == "no-role-price"
