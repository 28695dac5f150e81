"""Sales prices that follow a cost (P-43, P-48 to P-51, P-55, P-57)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pricing_world import World, currency, estimate, expense, time

from proforma.domain.codes import AdjustmentStatus, AmountMethod, EstimateOwner, PriceCalculation, TransactionClass, TransactionType
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Actual, Estimate

AT_COST, MARKUP = PriceCalculation.AT_COST, PriceCalculation.MARKUP_PERCENTAGE


def world(policy: PricingPolicy | None = None, code: str = "USD") -> World:
    """A deal in a currency whose hotels are billed at cost and flights at cost plus 10 %."""
    found = World(policy=policy or PricingPolicy())
    found.contract("abroad", currency=code)
    found.price_list("FY26", currency=code, at="abroad")
    found.category_price("hotels", "1", calculation=AT_COST, percent="50")
    found.category_price("flights", None, category="flight", calculation=MARKUP, percent="10")
    return found


def paid(price: str | None, code: str = "USD", name: str = "paid", **work: str) -> Actual:
    """What a person entered as cost of an expense."""
    return expense(name, type=TransactionType.COST, price=price, currency=code, **work)  # type: ignore[arg-type]


def billed(**work: str) -> Actual:
    """The sales side of an expense of the deal abroad."""
    return expense("sale", contract="abroad", **work)  # type: ignore[arg-type]


def test_p48_at_cost_takes_the_unit_price_of_the_cost() -> None:
    """P-48: price and percent on the row are ignored; quantity and unit of the sales record stay."""
    decision = world().decide(billed(quantity="3"), paid("230", quantity="2"))

    assert (f"{decision.price:f}", f"{decision.amount:f}", decision.cost_record_id) == ("230.00", "690.00", "paid")
    assert (decision.rule, decision.reason, decision.price_line_id) == ("P-48", "category-at-cost", "hotels")


@pytest.mark.parametrize(
    ("percent", "cost", "price"),
    # 115 × 1.1 = 126.50; 33.33 × 0.85 = 28.3305; 0 stays 0; an empty percent is 0.
    [("10", "115", "126.50"), ("-15", "33.33", "28.33"), ("10", "0", "0.00"), (None, "115", "115.00")],
)
def test_p48_markup_over_cost(percent: str | None, cost: str, price: str) -> None:
    """P-48: cost × (1 + percent/100), rounded once."""
    found = World()
    found.price_list("FY26")
    found.category_price("flights", None, category="flight", calculation=MARKUP, percent=percent)

    told = found.told(expense("sale", category="flight"), paid(cost))
    assert told == f"P-48 category-markup: FY26 › flights, {price}, {price} USD"


def test_p48_p55_the_cost_is_converted_without_rounding_in_between() -> None:
    """P-48, P-55, P-56: 413.37 GBP × 1.1 ÷ 0.80 × 151 = 85,825.95… → 85,826 JPY; two of them 171,652."""
    found = world(code="JPY")

    told = found.told(billed(category="flight", quantity="2"), paid("413.37", "GBP", quantity="2"))
    assert told == "P-48 category-markup: FY26 › flights, 85826, 171652 JPY"


def test_p55_at_cost_into_another_currency() -> None:
    """P-55: 230 EUR ÷ 0.92 × 10.40 = 2,600 NOK, and the trail shows the sum."""
    decision = world(code="NOK").decide(billed(), paid("230.00", "EUR"))

    assert (f"{decision.price:f}", decision.currency) == ("2600.00", "NOK")
    assert "P-55 exchange EUR to NOK: 230.00 ÷ 0.92 × 10.40 = 2600.00" in decision.trail


@pytest.mark.parametrize(("rate", "code"), [(None, "XTS"), ("0", "XTS"), ("1", None)])
def test_p57_without_a_rate_there_is_no_price(rate: str | None, code: str | None) -> None:
    """P-57: a missing or zero rate, or an unknown currency, ends the search."""
    found = world()
    found.add("currencies", currency("XTS", rate))

    decision = found.decide(billed(), replace(paid("230", "XTS"), currency_id=None if code is None else paid("1", code).currency_id))

    assert (decision.rule, decision.reason, decision.price_list_id, decision.price) == ("P-57", "missing-exchange-rate", "FY26", None)


def test_p57_the_same_currency_needs_no_rate() -> None:
    """P-55: what is not converted needs nothing to convert it with."""
    found = world(code="XTS")
    found.add("currencies", currency("XTS", None))

    assert found.told(billed(), paid("230", "XTS")) == "P-48 category-at-cost: FY26 › hotels, 230.00, 230.00 XTS"


@pytest.mark.parametrize(
    ("on", "price"),
    # Finance: 11 until 1 March, 12 from 2 March, 12.5 in a newer range from 10 March; none in January: 100 ÷ 0.92 × 10.40 = 1130.43.
    [("2026-03-01", "1100.00"), ("2026-03-02", "1200.00"), ("2026-03-10", "1250.00"), ("2026-01-31", "1130.43")],
)
def test_p57_finances_rate_of_the_day(on: str, price: str) -> None:
    """P-57, S16: for cost-plus prices the rate that finance has for the pricing day, else Dataverse's."""
    found = world(PricingPolicy(exchange_rate_source="finance_with_fallback"), code="NOK")
    found.dated_rate("Feb", "EUR", "NOK", "11", since="2026-02-01", until="2026-03-01")
    found.dated_rate("Mar", "EUR", "NOK", "12", since="2026-03-02", until=None)
    found.dated_rate("newer", "EUR", "NOK", "12.5", since="2026-03-10", until="2026-03-31")
    found.dated_rate("other way", "NOK", "EUR", "99", since="2026-01-01", until=None)
    found.dated_rate("no rate", "EUR", "NOK", None, since="2026-03-05", until=None)

    assert f"{found.decide(billed(on=on), paid('100', 'EUR')).price:f}" == price
    found.policy = PricingPolicy()
    assert f"{found.decide(billed(on=on), paid('100', 'EUR')).price:f}" == "1130.43"


def test_p57_two_rates_for_one_day_fall_back() -> None:
    """P-57: finance that says two things says nothing."""
    found = world(PricingPolicy(exchange_rate_source="finance_with_fallback"), code="NOK")
    found.dated_rate("one", "EUR", "NOK", "11", since="2026-03-01", until=None)
    found.dated_rate("two", "EUR", "NOK", "12", since="2026-03-01", until=None)

    assert f"{found.decide(billed(), paid('100', 'EUR')).price:f}" == "1130.43"


def test_p49_the_type_of_the_linked_record_decides() -> None:
    """P-49: of all connected records only a live cost counts; history, reversals, other types and repetitions do not."""
    cost = paid("230")
    distractors = (
        replace(paid("1", name="adjusted"), adjustment=AdjustmentStatus.ADJUSTED),
        replace(paid("2", name="reversal"), adjustment=AdjustmentStatus.UNADJUSTABLE),
        replace(paid("3", name="resourcing"), type=TransactionType.RESOURCING_UNIT_COST),
        replace(paid("4", name="deleted"), active=False),
        replace(billed(), id=paid("5", name="sales").id),
        cost,
    )

    assert world().decide(billed(), *distractors, cost).cost_record_id == "paid"


def test_p49_none_several_or_unpriced() -> None:
    """P-49: no cost, more than one, or one that has no price itself."""
    found = world()

    assert found.told(billed()) == "P-49 no-related-cost: FY26 › -, -, - -"
    assert found.told(billed(), paid("1"), paid("1", name="again")) == "P-49 ambiguous-related-cost: FY26 › -, -, - -"
    assert found.told(billed(), paid(None)) == "P-49 cost-unpriced: FY26 › -, -, - -"


def test_p49_an_unpriced_cost_stays_one_when_zeros_are_written() -> None:
    """P-49, S21: the 0 written for an unresolved cost is not a cost of 0."""
    found = world(PricingPolicy(unresolved_price="zero"))

    assert found.decide(billed(), paid(None)).reason == "cost-unpriced"


def test_p49_the_costs_own_price_is_resolved() -> None:
    """P-49: a cost without an entered price is priced from its own list first. 90 × 1.1 = 99."""
    found = world()
    found.cost_list("Cost")
    found.category_price("flight cost", "90", on="Cost", category="flight")

    told = found.told(billed(category="flight"), paid(None, category="flight"))
    assert told == "P-48 category-markup: FY26 › flights, 99.00, 99.00 USD"


def plan(**work: str) -> Estimate:
    """A planned flight on the contract."""
    return estimate("plan", TransactionClass.EXPENSE, contract="abroad", category="flight", per="each", **work)  # type: ignore[arg-type]


def test_p50_cost_based_expenses_are_zero_on_estimates() -> None:
    """P-50: a price of 0 by rule, with list and row; with S17 the paired cost estimate is used."""
    planned_cost = estimate(
        "planned cost", TransactionClass.EXPENSE, type=TransactionType.COST, category="flight", per="each", price="100", currency="USD"
    )

    assert world().told(plan(), planned_cost) == "P-50 cost-plus-on-estimate: FY26 › flights, 0.00, 0.00 USD"
    used = world(PricingPolicy(cost_plus_on_estimates="from_cost_estimate"))
    assert used.told(plan(quantity="2"), planned_cost) == "P-48 category-markup: FY26 › flights, 110.00, 220.00 USD"
    assert used.decide(plan()).reason == "no-related-cost"


def test_p50_zero_by_rule_is_zero_whatever_the_amount_method() -> None:
    """P-50: no percentage of a basis amount turns a price of 0 into money."""
    record = estimate(
        transaction_class=TransactionClass.EXPENSE,
        contract="abroad",
        category="flight",
        per="each",
        method=AmountMethod.BASIS_AMOUNT_BY_PERCENT,
        basis_amount="100",
        percent="50",
    )

    assert world().told(record) == "P-50 cost-plus-on-estimate: FY26 › flights, 0.00, 0.00 USD"


def test_p51_cost_lists_know_only_a_price_per_unit() -> None:
    """P-51: At cost on a cost list says nothing: no price for an actual, 0 for an estimate."""
    found = World()
    found.cost_list("Cost")
    found.category_price("hotels", "90", on="Cost", calculation=AT_COST)
    planned = estimate(transaction_class=TransactionClass.EXPENSE, type=TransactionType.COST, category="hotel", per="each")

    assert found.told(expense(type=TransactionType.COST)) == "P-51 cost-plus-on-cost-list: Cost › -, -, - -"
    assert found.told(planned) == "P-51 cost-plus-on-cost-list: Cost › hotels, 0.00, 0.00 USD"


def role_world(calculation: PriceCalculation, *, percent: str | None = None, policy: PricingPolicy | None = None) -> World:
    """Developers billed by their cost; their cost is 80 an hour."""
    found = World(policy=policy or PricingPolicy())
    found.price_list("FY26")
    found.role_price("bill", "200", calculation=calculation, percent=percent)
    found.cost_list("Cost")
    found.role_price("cost", "80", on="Cost", calculation=MARKUP, percent="999")
    return found


WORKED = time("worked", type=TransactionType.COST)


@pytest.mark.parametrize(
    ("calculation", "percent", "told"),
    [
        (AT_COST, "25", "P-43 role-at-cost: FY26 › bill, 80.00, 80.00 USD"),
        (MARKUP, "25", "P-43 role-markup-over-cost: FY26 › bill, 100.00, 100.00 USD"),  # 80 × 1.25
        (MARKUP, "-10", "P-43 role-markup-over-cost: FY26 › bill, 72.00, 72.00 USD"),  # 80 × 0.9
        (PriceCalculation.PRICE_PER_UNIT, "25", "P-33 role-price: FY26 › bill, 200.00, 200.00 USD"),
    ],
)
def test_p43_roles_billed_by_their_cost(calculation: PriceCalculation, percent: str, told: str) -> None:
    """P-43: on sales lists the row may follow the cost; on the cost list itself the method is ignored."""
    found = role_world(calculation, percent=percent)

    assert found.told(time(), WORKED) == told
    assert found.told(WORKED) == "P-33 role-price: Cost › cost, 80.00, 80.00 USD"


def test_p43_s18_ignores_the_method() -> None:
    """P-43, S18: with `ignore` every role price is a price per unit."""
    found = role_world(AT_COST, policy=PricingPolicy(cost_plus_roles="ignore"))

    assert found.told(time()) == "P-33 role-price: FY26 › bill, 200.00, 200.00 USD"


def test_p43_the_cost_is_per_the_cost_records_unit() -> None:
    """P-43, P-38: 80 an hour is 640 for a day that is sold."""
    assert role_world(AT_COST).told(time(per="day"), WORKED) == "P-43 role-at-cost: FY26 › bill, 640.00, 640.00 USD"


def test_p43_a_markup_row_goes_on_the_cost_too() -> None:
    """P-37, P-43: the base of a markup is whatever the role price gives. 80 + 50 % = 120."""
    found = role_world(AT_COST)
    found.dimension("role", sales=1, cost=1)
    found.dimension("worktype", sales=2, markup=True)
    found.markup("overtime", "50", more={"worktype": 1})

    assert found.told(time(more={"worktype": 1}), WORKED) == "P-43 role-at-cost: FY26 › bill + overtime, 120.00, 120.00 USD"


@pytest.mark.parametrize(
    ("owner", "setting", "reason", "price"),
    [
        (EstimateOwner.PROJECT, "zero", "role-at-cost", "80.00"),
        (EstimateOwner.CONTRACT, "zero", "cost-plus-on-estimate", "0.00"),
        (EstimateOwner.CONTRACT, "from_cost_estimate", "role-at-cost", "80.00"),
    ],
)
def test_p43_roles_by_cost_on_estimates(owner: EstimateOwner, setting: str, reason: str, price: str) -> None:
    """P-43, S17: valid on project estimates; on contract and quote details the policy decides."""
    found = role_world(AT_COST, policy=PricingPolicy(cost_plus_on_estimates=setting))  # type: ignore[arg-type]

    decision = found.decide(estimate(owner=owner), estimate("planned cost", type=TransactionType.COST))

    assert (decision.reason, f"{decision.price:f}", decision.price_line_id) == (reason, price, "bill")


@pytest.mark.parametrize("owner", [EstimateOwner.CONTRACT, EstimateOwner.PROJECT])
def test_p43_an_override_in_force_replaces_the_cost_on_plans_too(owner: EstimateOwner) -> None:
    """P-40, P-43: an agreed price of 150 is the price of plans and actuals alike; it is not 0 because the row under it follows the cost."""
    found = role_world(AT_COST)
    found.override("agreed", "150", of="bill")

    told = [found.told(record) for record in (estimate(owner=owner), time())]

    assert told == ["P-40 role-price-override: FY26 › bill ! agreed, 150.00, 150.00 USD"] * 2


@pytest.mark.parametrize(("usd", "eur"), [("0", "0.92"), (None, "0.92"), ("-1", "0.92"), ("1", "0"), ("1", None), ("1", "-0.92")])
def test_p57_a_rate_of_nothing_or_less_is_no_rate(usd: str | None, eur: str | None) -> None:
    """P-57: neither currency may lack its rate; a negative one would turn a price into its opposite."""
    found = World()
    found.price_list("FY26")
    found.category_price("night", calculation=AT_COST)
    found.records = replace(found.records, currencies=[currency("USD", usd), currency("EUR", eur)])

    cost = expense("cost", type=TransactionType.COST, price="100", currency="EUR")
    assert found.told(expense(), cost) == "P-57 missing-exchange-rate: FY26 › -, -, - -"


@pytest.mark.parametrize("rate", ["0", "-0.08", None])
def test_p57_finance_may_have_no_usable_rate_of_the_day(rate: str | None) -> None:
    """P-57, S16: what is no rate is passed over; Dataverse's 92 EUR ÷ 0.92 is 100 USD."""
    found = World(policy=PricingPolicy(exchange_rate_source="finance_with_fallback"))
    found.price_list("FY26")
    found.category_price("night", calculation=AT_COST)
    found.dated_rate("odd", "EUR", "USD", rate, since="2026-01-01", until=None)

    decision = found.decide(expense(), expense("cost", type=TransactionType.COST, price="92", currency="EUR"))

    assert f"{decision.price:f}" == "100.00"
    assert "P-57 exchange EUR to USD: finance has no rate for 2026-03-02" in decision.trail


def test_p43_p48_the_decision_names_the_cost_record() -> None:
    """P-43, P-48, P-67: roles and categories alike; a price of its own names none."""
    found = role_world(AT_COST)
    found.category_price("night", calculation=AT_COST)
    found.category_price("flights", "9", category="flight")
    cost = time("worked", type=TransactionType.COST, price="80", currency="USD")

    decisions = [found.decide(record, cost) for record in (time(), expense(), expense(category="flight"))]

    assert [decision.cost_record_id for decision in decisions] == ["worked", "worked", None]


def test_p50_the_rule_and_the_step_of_what_is_0_on_plans() -> None:
    """P-50: for roles and for categories the decision names the rule, and the trail says why."""
    found = role_world(AT_COST)
    found.category_price("night", calculation=AT_COST)
    night = estimate("night plan", TransactionClass.EXPENSE, category="hotel", per="each")

    assert [found.told(record) for record in (estimate(), night)] == [
        "P-50 cost-plus-on-estimate: FY26 › bill, 0.00, 0.00 USD",
        "P-50 cost-plus-on-estimate: FY26 › night, 0.00, 0.00 USD",
    ]
    assert "P-50 price: rows that follow the cost are 0 on estimates" in found.decide(night).trail


def test_p57_finances_rate_may_be_below_1() -> None:
    """P-57: 100 USD × 0.90 = 90 EUR by finance's rate; the trail names both currencies."""
    found = World(policy=PricingPolicy(exchange_rate_source="finance_with_fallback"))
    found.contract("abroad", currency="EUR")
    found.price_list("FY26", currency="EUR", at="abroad")
    found.category_price("night", calculation=AT_COST)
    found.dated_rate("march", "USD", "EUR", "0.90", since="2026-03-01", until="2026-03-31")

    decision = found.decide(expense(contract="abroad"), expense("cost", type=TransactionType.COST, price="100", currency="USD"))

    assert f"{decision.price:f}" == "90.00"
    assert "P-57 exchange USD to EUR: × 0.90, finance's rate of 2026-03-02" in decision.trail
