"""Stored prices against ours: which differences are found, and what is said to have caused them (P-3, P-67)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from pricing_world import World, estimate, expense, time

from proforma.domain.codes import AdjustmentStatus, BillingType, PriceListOwner, Side, TransactionType
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
