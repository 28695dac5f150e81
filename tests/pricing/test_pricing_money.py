"""Rounding, discounts and fees, base values, and what unresolved prices look like (P-56, P-58, P-60, P-67)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from pricing_world import World, currency, estimate, expense, time, unit

from proforma.domain.codes import AdjustmentStatus, BillingMethod, BillingType, Side, TransactionType
from proforma.domain.money import Rounding, round_amount
from proforma.domain.policies import PricingPolicy
from proforma.pricing.exchange import base_precision, base_value
from proforma.pricing.outcomes import Unresolved


def daily(policy: PricingPolicy | None = None, *, price: str = "1000", code: str = "USD", per: str = "short day") -> World:
    """A rate per day of 7.5 hours."""
    found = World(policy=policy or PricingPolicy())
    found.contract("abroad", currency=code)
    found.price_list("FY26", currency=code, at="abroad")
    found.role_price("bill", price, per=per)
    return found


@pytest.mark.parametrize(("setting", "quantity", "amount"), [("before_amount", "8", "1066.64"), ("after_amount", "8", "1066.67")])
def test_p56_the_unit_price_is_rounded_before_the_amount(setting: str, quantity: str, amount: str) -> None:
    """P-56, S14: 1000 ÷ 7.5 = 133.333…; 8 × 133.33 = 1066.64, while 8 × 133.333… = 1066.67."""
    policy = PricingPolicy(round_unit_price=setting)  # type: ignore[arg-type]

    told = daily(policy).told(time(contract="abroad", quantity=quantity))

    assert told == f"P-33 role-price: FY26 › bill, 133.33, {amount} USD"


@pytest.mark.parametrize(("mode", "price"), [("half_up", "0.13"), ("half_even", "0.12")])
@pytest.mark.parametrize("sign", ["", "-"])
def test_p56_halves_go_away_from_zero_or_to_the_even_side(mode: str, price: str, sign: str) -> None:
    """P-56, S15: 1 ÷ 8 = 0.125 per hour; a negative quantity rounds like a positive one."""
    policy = PricingPolicy(rounding_mode=mode)  # type: ignore[arg-type]

    told = daily(policy, price="1", per="day").told(time(contract="abroad", quantity=f"{sign}1"))

    assert told == f"P-33 role-price: FY26 › bill, {price}, {sign}{price} USD"


@pytest.mark.parametrize(
    ("code", "precision", "told"),
    [
        ("JPY", None, "133, 399"),
        ("XX0", 0, "133, 399"),
        ("XX3", 3, "133.333, 399.999"),
        ("XX4", 4, "133.3333, 399.9999"),
        ("XX_", None, "133.33, 399.99"),
    ],
)
def test_p56_the_currencys_decimals_count(code: str, precision: int | None, told: str) -> None:
    """P-56: 0 to 4 decimals; an empty precision is two."""
    found = daily(code=code)
    found.add("currencies", currency(code, "1", precision)) if code.startswith("XX") else None

    assert found.told(time(contract="abroad", quantity="3")) == f"P-33 role-price: FY26 › bill, {told} {code}"


def test_p56_quantities_are_not_rounded() -> None:
    """P-56: a third of an hour in ten digits is multiplied as it is: 133.33 × 0.3333333333 = 44.4433…"""
    decision = daily().decide(time(contract="abroad", quantity="0.3333333333"))

    assert (f"{decision.amount:f}", f"{decision.quantity:f}") == ("44.44", "0.3333333333")


@pytest.mark.parametrize("amount", ["922337203685477.5807", "0.00005", "-0.00005"])
def test_p56_nineteen_digits_keep_their_last_one(amount: str) -> None:
    """P-56: no float, no context of the caller, takes a digit away."""
    assert (
        round_amount(Decimal(amount), precision=4, mode=Rounding.HALF_UP)
        == {
            "922337203685477.5807": Decimal("922337203685477.5807"),
            "0.00005": Decimal("0.0001"),
            "-0.00005": Decimal("-0.0001"),
        }[amount]
    )


def test_p58_base_values() -> None:
    """P-58: amount ÷ rate, with the base currency's decimals: 160,000 JPY ÷ 151 = 1,059.60 USD; 250 EUR ÷ 0.92 = 271.74."""
    facts = World().book().facts

    assert [
        f"{base_value(facts, Decimal(amount), paid.id):f}"
        for amount, paid in (("160000", currency("JPY", None)), ("250", currency("EUR", None)))
    ] == [
        "1059.60",
        "271.74",
    ]
    with pytest.raises(Unresolved, match="missing-exchange-rate"):
        base_value(facts, Decimal(1), currency("XTS", None).id)


def percentages(policy: PricingPolicy | None = None, **line: str) -> World:
    """A time-and-material line with 7.5 % discount and 2 % fee."""
    found = World(policy=policy or PricingPolicy(discounts_and_fees=True))
    found.price_list("FY26")
    found.role_price("bill", "200")
    found.line("line", discount=line.get("discount", "7.5"), fee=line.get("fee", "2"))
    return found


def extension(found: World, **work: object) -> str:
    """Amount, discount, fee and extended amount of six hours."""
    decision = found.decide(time(**{"quantity": "6", "line": "line", **work}))  # type: ignore[arg-type]
    return ", ".join(
        f"{figure:f}" for figure in (decision.amount, decision.discount, decision.fee, decision.extended) if figure is not None
    )


def test_p60_discount_and_fee_of_one_amount() -> None:
    """P-60, S27: 6 × 200 = 1200; 7.5 % = 90; 2 % = 24; extended 1134. On the net: 2 % of 1110 = 22.20; extended 1132.20."""
    net = PricingPolicy(discounts_and_fees=True, fee_base="net_of_discount")

    assert extension(percentages()) == "1200.00, 90.00, 24.00, 1134.00"
    assert extension(percentages(net)) == "1200.00, 90.00, 22.20, 1132.20"
    assert extension(percentages(PricingPolicy())) == "1200.00, 0, 0, 1200.00"


def test_p60_each_percentage_is_rounded_by_itself() -> None:
    """P-60: 33.335 % of 200 = 66.67; 0.0125 % = 0.025 → 0.03; a changed quantity changes both."""
    found = percentages(discount="33.335", fee="0.0125")

    assert extension(found, quantity="1") == "200.00, 66.67, 0.03, 133.36"
    assert extension(found, quantity="2") == "400.00, 133.34, 0.05, 266.71"
    # P-61: taken back to the cent.
    assert extension(found, quantity="-1") == "-200.00, -66.67, -0.03, -133.36"


@pytest.mark.parametrize("billing_type", [BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY, BillingType.NOT_AVAILABLE])
def test_p60_p63_only_what_is_chargeable_has_discount_and_fee(billing_type: BillingType) -> None:
    """P-60, P-63: every billing type is priced alike; discount and fee are for chargeable records only."""
    assert extension(percentages(), billing_type=billing_type) == "1200.00, 0, 0, 1200.00"


def test_p60_not_on_fixed_price_lines_costs_or_without_a_line() -> None:
    """P-60: sales of time-and-material contract lines only."""
    found = percentages()
    found.line("fixed", discount="10", fee="10", billing_method=BillingMethod.FIXED_PRICE)
    found.cost_list("Cost")
    found.role_price("cost", "80", on="Cost")

    assert extension(found, line="fixed", price="200", currency="USD") == "1200.00, 0, 0, 1200.00"
    assert extension(found, type=TransactionType.COST) == "480.00, 0, 0, 480.00"
    assert extension(found, line=None, project=None) == "1200.00, 0, 0, 1200.00"


@pytest.mark.parametrize("billing_type", list(BillingType))
def test_p63_every_billing_type_is_priced_alike(billing_type: BillingType) -> None:
    """P-63: two of eight hours not chargeable: 6 × 200 = 1200 and 2 × 200 = 400, at one price."""
    found = percentages(PricingPolicy())

    assert found.told(time(quantity="6", billing_type=billing_type)) == "P-33 role-price: FY26 › bill, 200.00, 1200.00 USD"
    assert found.told(time(quantity="2", billing_type=billing_type)) == "P-33 role-price: FY26 › bill, 200.00, 400.00 USD"


def test_p64_billable_hours_change_the_quantity_alone() -> None:
    """P-64: ten billable for eight worked: sales 10 × 200 = 2000, cost 8 × 80 = 640; neither price moves."""
    found = percentages(PricingPolicy())
    found.cost_list("Cost")
    found.role_price("cost", "80", on="Cost")

    assert found.told(time(quantity="10")) == "P-33 role-price: FY26 › bill, 200.00, 2000.00 USD"
    assert found.told(time(quantity="8", type=TransactionType.COST)) == "P-33 role-price: Cost › cost, 80.00, 640.00 USD"


def test_p67_unresolved_is_null_or_by_policy_zero() -> None:
    """P-67, S21: null so that nothing is billed at 0 unseen; `zero` writes what the source system writes; history stays null."""
    zero = World(policy=PricingPolicy(unresolved_price="zero"))
    zero.price_list("FY26")

    assert World().told(time()) == "P-21 no-price-list-attached: - › -, -, - -"
    assert zero.told(time()) == "P-45 no-role-price: FY26 › -, 0, 0 -"
    assert zero.told(time(adjustment=AdjustmentStatus.ADJUSTED)) == "P-2 not-priced: - › -, -, - -"
    zero.role_price("bill", "200")
    assert zero.told(time()) == "P-33 role-price: FY26 › bill, 200.00, 200.00 USD"


def test_p67_the_list_is_kept_where_it_was_decided() -> None:
    """P-67: a price that failed later still names its list."""
    found = World()
    found.price_list("FY26")

    assert {found.decide(record).price_list_id for record in (time(), expense(), estimate())} == {"FY26"}


@pytest.mark.parametrize(
    ("precision", "price", "amount"),
    [(0, "33", "99"), (3, "33.333", "99.999"), (4, "33.3333", "99.9999"), (None, "33.33", "99.99"), (-1, "33.33", "99.99"),
     (11, "33.33", "99.99")],
)  # fmt: skip
def test_p56_the_precision_is_one_that_money_columns_have(precision: int | None, price: str, amount: str) -> None:
    """P-56: 1000 per 30 hours is 33.33333… an hour; an empty precision, or one that no column has, means two decimals."""
    found = World()
    found.add("currencies", currency("XXX", "1", precision=precision))
    found.add("units", unit("stint", "30", "hour"))
    found.contract("odd", currency="XXX")
    found.price_list("FY26", currency="XXX", at="odd")
    found.role_price("bill", "1000", per="stint")

    decision = found.decide(time(contract="odd", quantity="3"))

    assert (f"{decision.price:f}", f"{decision.amount:f}") == (price, amount)


def test_p61_discount_and_fee_of_a_reversal_are_those_of_what_it_takes_back() -> None:
    """P-61: negated, not calculated from the percentages of a line; a part of it, as another quantity, has its own (P-60)."""
    found = percentages()
    origin = time("origin", quantity="6", line="line", price="200", currency="USD")
    whole, part = (time(quantity=quantity, line=None, project=None) for quantity in ("-6", "-2"))

    sold, back = found.decide(origin), found.decide(whole, origin)

    # 6 × 200 = 1200; the line of the origin gives 7.5 % discount and 2 % fee; the reversal names no line at all.
    assert (f"{sold.discount:f}", f"{sold.fee:f}", f"{sold.extended:f}") == ("90.00", "24.00", "1134.00")
    assert (f"{back.amount:f}", f"{back.discount:f}", f"{back.fee:f}", f"{back.extended:f}") == ("-1200.00", "-90.00", "-24.00", "-1134.00")
    assert back.trail[-1] == "P-61 discount -90.00, fee -24.00: those of the record it stems from"
    assert found.told(part, origin) == "P-33 role-price: FY26 › bill, 200.00, -400.00 USD"
    assert found.decide(part, origin).discount == Decimal(0)


def test_p60_the_trail_shows_what_each_percentage_is_of() -> None:
    """P-60, S27, P-67: of the amount, or for the fee of what the discount leaves: 1200 − 90 = 1110; and why there is none."""

    def last(found: World, **work: object) -> str:
        return found.decide(time(**{"quantity": "6", "line": "line", **work})).trail[-1]  # type: ignore[arg-type]

    net = PricingPolicy(discounts_and_fees=True, fee_base="net_of_discount")
    assert last(percentages()) == "P-60 discount 7.5 % of 1200.00 = 90.00, fee 2 % of 1200.00 = 24.00"
    assert last(percentages(net)) == "P-60 discount 7.5 % of 1200.00 = 90.00, fee 2 % of 1110.00 = 22.20"
    assert last(percentages(), line=None, project=None).startswith("P-60 no discount and no fee: ")


@pytest.mark.parametrize(
    ("bases", "precision"),
    [((("AAA", "1", 3),), 3), ((("AAA", "1", 3), ("BBB", "2", 0)), 3), ((("AAA", "1", 3), ("BBB", "1.0", 0)), 2),
     ((("AAA", "1", 3), ("BBB", "1", 3)), 3), ((("AAA", "2", 3),), 2), ((), 2)],
)  # fmt: skip
def test_p58_the_base_currency_is_the_one_whose_rate_is_1(bases: tuple[tuple[str, str, int], ...], precision: int) -> None:
    """P-58: its decimals count; none, or several that disagree, mean two."""
    world = World()
    world.records = replace(world.records, currencies=[currency(code, rate, precision=decimals) for code, rate, decimals in bases])

    assert base_precision(world.book().facts) == precision


def test_p60_discount_and_fee_have_the_decimals_of_the_currency() -> None:
    """P-56, P-60: 7.5 % of 999 yen are 74.925, so 75; 2 % are 19.98, so 20."""
    found = percentages()
    found.contract("abroad", currency="JPY")
    found.price_list("Yen", currency="JPY", at="abroad")
    found.role_price("yen", "999", on="Yen")
    found.line("yen line", contract="abroad", discount="7.5", fee="2")

    assert extension(found, contract="abroad", line="yen line", quantity="1") == "999, 75, 20, 944"


def test_p67_an_unresolved_decision_keeps_what_the_record_says() -> None:
    """P-67: side, quantity and unit are the record's; what was not decided is empty."""
    decision = World().decide(time(quantity="3", per="day"))

    assert (decision.side, decision.quantity, decision.unit_id, decision.table) == (Side.SALES, Decimal(3), "day", "actuals")
    assert (decision.extended, decision.discount, decision.fee, decision.price_line_id) == (None, Decimal(0), Decimal(0), None)
