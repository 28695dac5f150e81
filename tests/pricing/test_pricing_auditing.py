"""Stored prices against ours: which differences are found, and what is said to have caused them (P-3, P-67)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from pricing_world import Work, World, estimate, expense, time, unit

from proforma.domain.codes import AdjustmentStatus, BillingType, PriceCalculation, PriceListOwner, Side, TransactionType
from proforma.domain.ids import CurrencyId, Guid
from proforma.domain.policies import OverlapPolicy
from proforma.domain.records import PricedRecord
from proforma.pricing.auditing import Auditor, Difference, Stake, Uncompared


def _told(world: World, record: PricedRecord, *related: PricedRecord) -> str:
    """The finding in one line: cause, what is at stake, ours minus stored."""
    found = Auditor(world.records, world.policy).audit(record, related)
    if isinstance(found, Uncompared):
        return str(found)
    return f"{found.cause} {found.stake} {'-' if found.amount is None else f'{found.amount:f}'}"


def _world() -> World:
    world = World()
    world.price_list("FY26")
    world.price_list("Old", since="2025-01-01", until="2025-12-31")
    world.role_price("rate", "100")
    return world


@pytest.mark.parametrize(
    ("price", "amount", "stamped", "currency", "told"),
    [
        pytest.param("100", "800", None, "USD", "agrees", id="equal"),
        pytest.param("100.0000", "800.0000", "FY26", "USD", "agrees", id="equal with more decimals"),
        pytest.param(None, None, None, "USD", "not-stored", id="nothing stored"),
        pytest.param("90", "720", None, "USD", "price-differs billing 80.00", id="stored too low: 800 - 720"),
        pytest.param("110", None, None, "USD", "price-differs billing -80.00", id="stored too high, its amount follows: 800 - 880"),
        pytest.param("90", "720", "Old", "USD", "list-differs billing 80.00", id="another list, another price"),
        pytest.param("100", "800", "Old", "USD", "list-differs billing 0.00", id="another list, the same price"),
        pytest.param("0", "0", None, "USD", "stored-zero billing 800.00", id="a zero that would be billed"),
        pytest.param("100.01", "800.08", None, "USD", "rounding billing -0.08", id="a cent in the price"),
        pytest.param("100", "800.01", None, "USD", "rounding billing -0.01", id="a cent in the amount"),
        pytest.param("100", "850", None, "USD", "amount-differs billing -50.00", id="price agrees, amount does not"),
        pytest.param("92", "736", None, "EUR", "currency-differs billing -", id="another currency is never subtracted"),
    ],
)
def test_each_difference_has_its_cause(price: str | None, amount: str | None, stamped: str | None, currency: str, told: str) -> None:
    """P-3: 8 hours at 100.00 USD are ours; what is stored instead is named with its cause and the money between."""
    record = time(quantity="8", price=price, amount=amount, stamped_list=stamped, currency=currency, billing_type=BillingType.CHARGEABLE)
    assert _told(_world(), record) == told


def test_an_override_that_was_not_applied_or_is_over_is_a_stale_override() -> None:
    """P-40: 100, from 15 March 110, from 1 April 120. On 2 April 120 is ours; 100 and 110 are what no longer holds."""
    world = _world()
    world.override("march", "110", of="rate", since="2026-03-15")
    world.override("april", "120", of="rate", since="2026-04-01")
    told = [_told(world, time(on="2026-04-02", price=stored, currency="USD")) for stored in ("100", "110", "120", "115")]
    assert told == [
        "stale-override billing 20.00", "stale-override billing 10.00", "agrees", "price-differs billing 5.00",
    ]  # fmt: skip


def test_an_override_before_its_day_is_stale_too() -> None:
    """P-40: on 2 March the override of 15 March is not in force; its price stored then came too early."""
    world = _world()
    world.override("march", "110", of="rate", since="2026-03-15")
    assert _told(world, time(price="110", currency="USD")) == "stale-override billing -10.00"


def test_a_price_of_another_switch_names_the_switch() -> None:
    """P-56, S14: 1,000 a day of 7.5 h is 133.33 an hour; 8 h are 1,066.64, stored was 1,066.67 = 8 × 133.3333…"""
    world = World()
    world.price_list("FY26")
    world.role_price("rate", "1000", per="short day")
    assert _told(world, time(quantity="8", price="133.33", amount="1066.67", currency="USD")) == "rounding billing -0.03"


def test_without_a_price_of_ours_the_reason_is_the_cause() -> None:
    """P-67: no money is claimed where we have no price; what is stored stays to be proven."""
    world = World()
    world.price_list("FY26")
    found = Auditor(world.records, world.policy).audit(time(quantity="8", price="90", currency="USD"))
    assert isinstance(found, Difference)
    assert (found.cause, found.stake, found.stored_amount, found.amount) == ("no-role-price", Stake.BILLING, Decimal("720.00"), None)


def test_what_is_at_stake_follows_the_record() -> None:
    """P-63: complimentary work is priced alike and bills nothing; cost and plans are other money than an invoice."""
    world = _world()
    world.price_list("Cost", context=Side.COST, at="US", owner=PriceListOwner.ORGANIZATIONAL_UNIT)
    world.role_price("cost", "80", on="Cost")
    records = (
        time(price="90", currency="USD", billing_type=BillingType.COMPLIMENTARY),
        time(price="90", currency="USD", type=TransactionType.COST),
        estimate(price="90", currency="USD", type=TransactionType.UNBILLED_SALES),
    )
    assert [_told(world, record) for record in records] == [
        "price-differs not-billed 10.00", "price-differs cost -10.00", "price-differs estimate 10.00",
    ]  # fmt: skip


def test_what_only_the_record_knows_is_not_compared() -> None:
    """P-2, P-3: an entered expense cost, settled history and billed sales are their own proof."""
    world = _world()
    records = (
        expense(price="55", currency="USD", type=TransactionType.COST),
        time(price="1", currency="USD", adjustment=AdjustmentStatus.ADJUSTED),
        time(price="1", currency="USD", type=TransactionType.BILLED_SALES),
    )
    assert [_told(world, record) for record in records] == ["own-price"] * 3


@pytest.mark.parametrize("zero", ["null", "zero"])
def test_the_zero_switch_hides_nothing(zero: str) -> None:
    """S21: a price that we do not find is a difference even where the policy writes 0, and a stored 0 is not proof of one."""
    world = World()
    world.policy = replace(world.policy, unresolved_price=zero)  # type: ignore[arg-type]
    assert _told(world, time(price="0", amount="0", currency="USD")) == "no-price-list-attached billing -"


def _drop(world: World) -> None:
    """Two dimensions in front of a row that progressive dropping does not reach."""
    world.dimension("role", sales=1)
    world.dimension("organizational-unit", sales=2)
    world.dimension("title", sales=3)
    world.role_price("skipping", "130", more={"title": "senior"})


def _scopes(world: World) -> None:
    world.override("deal's", "110", of="rate", since="2026-02-01", contract="deal")
    world.override("everybody's", "105", of="rate", since="2026-03-01")


def _by_cost(world: World) -> None:
    world.cost_list("Cost")
    world.role_price("cost", "80", on="Cost")
    world.role_price("by cost", "95", role="manager", calculation=PriceCalculation.AT_COST)


@pytest.mark.parametrize(
    ("switch", "other", "prepare", "work", "ours", "stored"),
    [
        ("round_unit_price", "after_amount", None, {"per": "short day", "quantity": "3"}, "750.00 2250.00", "750.00 2250.00"),
        ("rounding_mode", "half_even", None, {"per": "odd", "quantity": "1"}, "0.13 0.13", "0.12 0.12"),
        ("unit_conversion", "via_primary_unit", None, {"per": "day", "role": "tester", "quantity": "1"},
         "1066.67 1066.67", "1066.64 1066.64"),
        ("dimension_matching", "strict_drop", _drop, {"more": {"title": "senior"}}, "130.00 130.00", "100.00 100.00"),
        ("override_order", "date_then_scope", _scopes, {}, "110.00 110.00", "105.00 105.00"),
        ("cost_plus_roles", "ignore", _by_cost, {"role": "manager"}, "80.00 80.00", "95.00 95.00"),
        ("overlapping_price_lists", OverlapPolicy(sales="latest_created", cost="latest_created", purchase="latest_created"), None, {},
         "100.00 100.00", "100.00 100.00"),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value else "",
)  # fmt: skip
def test_every_switch_that_explains_a_stored_price_is_named(
    switch: str, other: object, prepare: Callable[[World], None] | None, work: Work, ours: str, stored: str
) -> None:
    """Section 2: the stored price is what the other value of one switch gives; where both values agree there is no difference."""
    world = _world()
    world.add("units", unit("odd", "0.00125", "hour"))
    world.role_price("daily", "1000", role="tester", per="short day")
    if prepare:
        prepare(world)
    cost = time("cost", type=TransactionType.COST, price="80", currency="USD")
    record = replace(time(**work), currency_id=CurrencyId(Guid("USD")))
    decided = world.decide(record, cost)
    assert f"{decided.price:f} {decided.amount:f}" == ours
    changed = World(policy=replace(world.policy, **{switch: other}), records=world.records).decide(record, cost)  # type: ignore[arg-type]
    assert f"{changed.price:f} {changed.amount:f}" == stored

    found = Auditor(world.records, world.policy).audit(replace(record, price=changed.price, amount=changed.amount), (cost,))
    backwards = Auditor(world.records, replace(world.policy, **{switch: other}))  # type: ignore[arg-type]
    back = backwards.audit(replace(record, price=decided.price, amount=decided.amount), (cost,))

    agrees = ours == stored
    expected = ["agrees"] * 2 if agrees else [f"switch-{switch}"] * 2
    assert [str(each) if isinstance(each, Uncompared) else each.cause for each in (found, back)] == expected


def test_an_overlap_that_the_source_system_settled_names_the_switch() -> None:
    """P-26: of two cost lists ours takes the newest; the policy `no_price` finds none, and then the reason is the cause."""
    world = _world()
    for name, created in (("old cost", "2026-01-01T00:00"), ("new cost", "2026-01-02T00:00")):
        world.price_list(name, context=Side.COST, at="US", owner=PriceListOwner.ORGANIZATIONAL_UNIT, created=created)
        world.role_price(f"row of {name}", "80" if name == "old cost" else "85", on=name)
    work = time(type=TransactionType.COST, price="80", currency="USD")

    assert _told(world, work) == "price-differs cost 5.00"
    world.policy = replace(world.policy, overlapping_price_lists=OverlapPolicy(cost="no_price"))
    assert _told(world, work) == "overlapping-price-lists cost -"


def test_a_markup_that_was_not_applied_is_named() -> None:
    """P-37: 100 and 15 % are 115; stored is 100, the price without the markup."""
    world = _world()
    world.dimension("role", sales=1)
    world.dimension("worktype", sales=2, markup=True)
    world.markup("overtime", "15", more={"worktype": 1})

    assert _told(world, time(price="100", currency="USD", more={"worktype": 1})) == "markup-not-applied billing 15.00"
    assert _told(world, time(price="115", currency="USD", more={"worktype": 1})) == "agrees"


def test_an_override_per_another_unit_is_stale_too() -> None:
    """P-38, P-40: 900 a day of 7.5 hours is 120 an hour; one that cannot be converted, or has no price, explains nothing."""
    world = _world()
    world.override("april", "900", of="rate", since="2026-04-01", per="short day")
    world.override("pieces", "77", of="rate", since="2026-04-02", per="each")
    world.override("empty", None, of="rate", since="2026-04-03")

    assert _told(world, time(price="120", currency="USD")) == "stale-override billing -20.00"
    assert _told(world, time(price="77", currency="USD")) == "price-differs billing 23.00"
    assert _told(world, time(price="900", currency="USD")) == "price-differs billing -800.00"


def test_plans_by_cost_name_their_switch() -> None:
    """P-50, S17: ours is 0 by rule; the 80 that the paired cost detail gives is what `from_cost_estimate` says."""
    world = World()
    world.price_list("FY26")
    world.role_price("by cost", None, calculation=PriceCalculation.AT_COST)
    world.cost_list("Cost")
    world.role_price("cost", "80", on="Cost")
    cost = estimate("cost", type=TransactionType.COST, price="80", currency="USD")

    assert _told(world, estimate(price="80", currency="USD"), cost) == "switch-cost_plus_on_estimates estimate -80.00"
    assert _told(world, estimate(price="81", currency="USD"), cost) == "price-differs estimate -81.00"


def test_a_cent_is_one_unit_of_the_currencys_last_decimal() -> None:
    """P-56: in yen one yen, in dollars one cent; two of them are no rounding."""
    world = World()
    world.contract("abroad", currency="JPY")
    world.price_list("FY26", currency="JPY", at="abroad")
    world.role_price("rate", "10000")

    told = [_told(world, time(contract="abroad", price=price, currency="JPY")) for price in ("10001", "9999", "10002", "9998")]
    assert [each.split()[0] for each in told] == ["rounding", "rounding", "price-differs", "price-differs"]


def test_an_amount_alone_is_compared_as_it_is() -> None:
    """P-3: without a stored price the amount decides; what more digits than a column make of a price is no amount to subtract."""
    assert _told(_world(), time(amount="100", currency="USD")) == "agrees"
    assert _told(_world(), time(amount="60", currency="USD")) == "price-differs billing 40.00"
    huge = time(price="9" * 30, quantity="9" * 30, currency="USD")
    found = Auditor(_world().records, _world().policy).audit(huge)
    assert isinstance(found, Difference)
    assert (found.stored_amount, found.amount) == (None, None)
