"""Trails that are told once for a combination of columns are the trails of the rules for single records (P-67)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pricing_world import World, expense, material, time
from test_pricing_combinations import COST, POLICIES, actuals, described_worlds, differing, full_world

from proforma.domain.ids import Guid, RecordId
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Actual
from proforma.sync.retelling import Retelling


def compare(world: World, records: Sequence[Actual], related: Sequence[Actual] = ()) -> int:
    """Compares every trail that is told with that of the rules, whatever is connected; how many were told."""
    book = world.book()
    retelling, told = Retelling(book), 0
    for record in records:
        found = retelling.told(record)
        if found is not None:
            told += 1
            decision = book.decide(record, related)
            assert found.trail == decision.trail
            assert (found.decision.price, found.decision.grounds) == (decision.price, decision.grounds)
    return told


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
@given(described_worlds(), st.lists(actuals(), min_size=1, max_size=6))
def test_every_trail_is_that_of_the_rules(world: World, drawn: list[Actual]) -> None:
    """Each record comes twice, the second time on another day and with another quantity, so that what is shared is used."""
    day = drawn[0].transaction_date
    again = [replace(record, quantity=Decimal("2.5"), price=None, amount=None, transaction_date=day) for record in drawn]
    records = [replace(record, id=RecordId(Guid(f"{record.id} {number}"))) for number, record in enumerate((*drawn, *again))]
    opposites = [replace(record, quantity=-record.quantity) for record in records if record.quantity and record.quantity.is_finite()]

    compare(world, records, (COST, *opposites))


@pytest.mark.parametrize("overridden", [False, True], ids=["plain", "with overrides"])
@pytest.mark.parametrize("policy", POLICIES)
def test_records_that_differ_in_one_column_have_their_own_trail(policy: PricingPolicy, overridden: bool) -> None:
    """No column that a trail mentions is missing from what is shared."""
    bases = {"time": time(), "later": time(on="2026-07-02"), "expense": expense(), "material": material()}

    told = compare(full_world(policy, overridden=overridden), [row for name, base in bases.items() for row in differing(name, base)])

    assert told or policy.discounts_and_fees


def test_ordinary_work_is_told_without_asking_the_rules_again() -> None:
    """Day and amount are the record's own, all else is shared; a price that stands on the record, or an amount without one, is not."""
    world = World()
    world.price_list("FY26")
    world.role_price("developers", "120.125")
    retelling = Retelling(world.book())

    first, second = retelling.told(time("first", quantity="8")), retelling.told(time("second", on="2026-03-03", quantity="0.5"))

    assert first is not None
    assert second is not None
    assert first.decision is second.decision
    assert [(a, b) for a, b in zip(first.trail, second.trail, strict=True) if a != b] == [
        ("P-5 date: 2026-03-02, the transaction date", "P-5 date: 2026-03-03, the transaction date"),
        # The price of a unit is 120.13 once it is rounded: 8 × 120.13 = 961.04 and 0.5 × 120.13 = 60.065.
        ("P-4 amount: 8 × 120.13 = 961.04", "P-4 amount: 0.5 × 120.13 = 60.065, rounded to 60.07"),
    ]
    assert retelling.told(time("entered", price="99", currency="USD")) is None
    assert retelling.told(time("undated", on=None)) is None
    assert retelling.told(time("reversal", quantity="-1")) is None
