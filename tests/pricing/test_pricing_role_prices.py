"""Which role price fits a record best (P-30 to P-36, P-45)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pricing_world import World, time

from proforma.domain.codes import PriceListOwner, Side, TransactionType
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import DimensionValue

STRICT = PricingPolicy(dimension_matching="strict_drop")


def world_of(*rows: tuple[str, Mapping[str, DimensionValue]], policy: PricingPolicy | None = None) -> World:
    """A list with dimensions a, b and c, heaviest first, and rows by the values they fill."""
    world = World(policy=policy or PricingPolicy())
    world.price_list("FY26")
    for weight, name in enumerate("abc", start=1):
        world.dimension(name, sales=weight)
    for name, values in rows:
        world.role_price(name, "100", role=None, more=values)
    return world


def test_p30_role_and_unit_hold_when_no_dimension_is_set_up() -> None:
    """P-30: without dimension rows, or with inactive ones alone, role (1) and organizational unit (2) choose, on every side."""
    world = World()
    world.price_list("FY26")
    world.role_price("role only", "180")
    world.role_price("unit only", "100", role=None, unit="US")
    world.dimension("role", sales=2, active=False)

    assert world.decide(time()).price_line_id == "role only"


def test_p30_a_dimension_that_was_switched_off_takes_no_part() -> None:
    """P-30: nor does its priority clash with that of an active one."""
    world = World()
    world.price_list("FY26")
    world.dimension("title", sales=1)
    world.dimension("role", sales=1, active=False)
    world.role_price("senior", "180", role="manager", more={"title": "senior"})

    assert world.decide(time(more={"title": "senior"})).price_line_id == "senior"


def test_p30_a_dimension_of_no_type_chooses_the_price() -> None:
    """P-30: only a dimension that is called markup-based is left to the markups."""
    world = World()
    world.price_list("FY26")
    world.dimension("role", sales=1)
    world.records = replace(world.records, dimensions=[replace(row, type=None) for row in world.records.dimensions])
    world.role_price("developer", "180")
    world.role_price("manager", "250", role="manager")

    assert world.decide(time()).price_line_id == "developer"


def test_p30_each_side_has_its_own_dimensions_and_order() -> None:
    """P-30: the same rows are ranked by the priorities of the side; the smallest number weighs most."""
    world = World()
    world.dimension("role", sales=1, cost=2)
    world.dimension("title", sales=2, cost=1)
    for name, context, owner, at in (
        ("Bill", Side.SALES, PriceListOwner.CONTRACT, "deal"),
        ("Cost", Side.COST, PriceListOwner.ORGANIZATIONAL_UNIT, "US"),
    ):
        world.price_list(name, context=context, at=at, owner=owner)
        world.role_price(f"{name} by role", "100", on=name)
        world.role_price(f"{name} by title", "100", on=name, role=None, more={"title": "senior"})
    more = {"title": "senior"}

    assert world.decide(time(more=more)).price_line_id == "Bill by role"
    assert world.decide(time(more=more, type=TransactionType.COST)).price_line_id == "Cost by title"


def test_p30_purchase_has_dimensions_of_its_own() -> None:
    """P-30: a vendor's person may weigh more than the role, on the purchase side only."""
    world = World()
    world.dimension("role", sales=1, cost=1, purchase=2)
    world.dimension("resource", purchase=1)
    world.price_list("Vendor", context=Side.PURCHASE, at="subcontract", owner=PriceListOwner.SUBCONTRACT)
    world.role_price("anyone", "70", on="Vendor")
    world.role_price("Kim", "82", on="Vendor", role=None, more={"resource": "kim"})

    def row(resource: str) -> str | None:
        return world.decide(time(type=TransactionType.COST, subcontract="subcontract", more={"resource": resource})).price_line_id

    assert (row("kim"), row("lee")) == ("Kim", "anyone")


def test_p31_zero_is_a_value_and_an_option_is_a_number() -> None:
    """P-31: 0 is not empty; a row for 0 fits a record with 0 and no other."""
    world = world_of(("zero", {"a": 0}), ("one", {"a": 1}), ("any", {}))

    assert [world.decide(time(more=more)).price_line_id for more in ({"a": 0}, {"a": 1}, {"a": 2}, {})] == ["zero", "one", "any", "any"]


@pytest.mark.parametrize(
    ("role", "unit", "row"),
    [
        ("developer", "India", "developer India"),
        ("developer", "US", "developer"),
        ("developer", None, "developer"),
        ("manager", "India", "manager India"),
        ("manager", "US", None),
        ("manager", None, None),
        (None, "India", None),
    ],
)
def test_p32_values_are_equal_or_empty_never_foreign(role: str | None, unit: str | None, row: str | None) -> None:
    """P-32: a row with another value is out, also where the record's value is empty."""
    world = World()
    world.price_list("FY26")
    world.role_price("developer", "180")
    world.role_price("developer India", "112", unit="India")
    world.role_price("manager India", "140", role="manager", unit="India")
    world.price_list("Other", at="other deal")
    world.role_price("elsewhere", "1", on="Other")
    world.role_price("retired", "1", active=False)

    decision = world.decide(time(role=role, unit=unit))

    assert (decision.price_line_id, decision.rule, decision.reason) == (
        (row, "P-33", "role-price") if row else (None, "P-45", "no-role-price")
    )


def test_p32_columns_that_are_no_dimensions_are_ignored() -> None:
    """P-32: what a row carries beside the dimensions of the side neither helps nor hurts it."""
    world = World()
    world.price_list("FY26")
    world.role_price("developer", "180", more={"mood": "grim"})

    assert world.decide(time(more={"mood": "sunny"})).price_line_id == "developer"


@pytest.mark.parametrize(
    ("values", "weighted", "strict"),
    [
        ("abc ab ac a bc b c -", "abc", "abc"),
        ("ab ac a bc b c -", "ab", "ab"),
        ("ac a bc b c -", "ac", "a"),
        ("a bc b c -", "a", "a"),
        ("bc b c -", "bc", "-"),
        ("b c -", "b", "-"),
        ("c -", "c", "-"),
        ("-", "-", "-"),
        ("bc", "bc", None),
    ],
)
def test_p33_one_match_on_the_top_beats_all_below(values: str, weighted: str, strict: str | None) -> None:
    """P-33, S9: 111, 110, 101, 100, 011, 010, 001, 000; the progressive drop only knows 111, 110, 100, 000."""
    rows = [(name, {letter: "x" for letter in name if letter != "-"}) for name in values.split()]
    work = time(more={"a": "x", "b": "x", "c": "x"})

    assert world_of(*rows).decide(work).price_line_id == weighted
    assert world_of(*rows, policy=STRICT).decide(work).price_line_id == strict


def test_p33_strict_drop_does_not_drop_what_the_record_leaves_empty() -> None:
    """P-33, S9: a record without a has b and c left; a row for both is its exact match."""
    rows = [("bc", {"b": "x", "c": "x"}), ("c", {"c": "x"})]

    assert world_of(*rows, policy=STRICT).decide(time(more={"b": "x", "c": "x"})).price_line_id == "bc"
    assert world_of(rows[1], policy=STRICT).decide(time(more={"b": "x", "c": "x"})).reason == "no-role-price"


def test_p33_the_trail_names_the_winner_and_up_to_ten_losers() -> None:
    """P-33: dimensions with values, the winner's string, and the outranked rows with theirs."""
    rows = [("winner", {"a": "x", "b": "x"}), *((f"row {n:02}", {"a": "x"}) for n in range(12))]

    trail = world_of(*rows).decide(time(more={"a": "x", "b": "x"})).trail

    losers = ", ".join(f"row {n:02} (100)" for n in range(10))
    assert [step for step in trail if step.startswith(("P-30", "P-33"))] == [
        "P-30 dimensions: a = x, b = x, c = empty",
        "P-33 role price winner: match 110; best",
        f"P-33 role price outranked: {losers} and 2 more",
    ]


def duplicates(
    *, policy: PricingPolicy | None = None, units: tuple[str, str] = ("hour", "hour"), created: str = "2026-01-02T00:00"
) -> World:
    """Two rows with the same values, beside a worse pair of duplicates that does not matter."""
    world = World(policy=policy or PricingPolicy())
    world.price_list("FY26")
    world.role_price("first", "100", per=units[0], created="2026-01-01T00:00")
    world.role_price("second", "900", per=units[1], created=created)
    world.role_price("any 1", "1", role=None)
    world.role_price("any 2", "2", role=None)
    return world


def test_p34_duplicates_give_no_price() -> None:
    """P-34: two rows with the same values are ambiguous and both named; duplicates below the winner do not matter."""
    decision = duplicates().decide(time())

    assert (decision.rule, decision.reason, decision.price_list_id, decision.price) == ("P-34", "ambiguous-role-price", "FY26", None)
    assert decision.trail[-1] == "P-34 stopped: role prices first and second have the same values"


def test_p34_the_row_in_the_records_own_unit_wins() -> None:
    """P-34: rows per hour and per day may stand side by side; the record's unit tells them apart."""
    world = duplicates(units=("hour", "day"))

    assert world.decide(time(per="hour")).price_line_id == "first"
    assert world.decide(time(per="day")).price_line_id == "second"
    assert world.decide(time(per="week")).reason == "ambiguous-role-price"


def test_p34_the_row_created_last_by_policy() -> None:
    """P-34, S10: the latest creation wins; equal creation wins nothing."""
    latest = PricingPolicy(duplicate_price_rows="latest_created")

    assert duplicates(policy=latest).decide(time()).price_line_id == "second"
    assert duplicates(policy=latest, created="2026-01-01T00:00").decide(time()).reason == "ambiguous-role-price"


def test_p35_two_dimensions_of_one_priority_stop_the_side() -> None:
    """P-35: the tie is not broken by name; markup dimensions count too; other sides and inactive dimensions do not matter."""
    world = World()
    world.price_list("FY26")
    world.role_price("developer", "180")
    world.dimension("role", sales=1, cost=1)
    world.dimension("worktype", sales=1, markup=True)
    world.cost_list("Cost")
    world.role_price("cost", "80", on="Cost")

    assert world.told(time()) == "P-35 dimension-priority-conflict: FY26 › -, -, - -"
    assert world.decide(time(type=TransactionType.COST)).reason == "role-price"


def test_p35_an_empty_priority_comes_last_and_two_conflict() -> None:
    """P-35: one dimension without priority ranks after all others; two cannot be ranked."""
    world = world_of(("d", {"d": "x"}), ("c", {"c": "x"}))
    world.dimension("d", empty_priority=True)
    assert world.decide(time(more={"c": "x", "d": "x"})).price_line_id == "c"

    world.dimension("e", empty_priority=True)
    assert world.decide(time(more={"c": "x", "d": "x"})).reason == "dimension-priority-conflict"


def test_p36_markup_dimensions_do_not_choose_the_base() -> None:
    """P-36: a role price may carry a value in a markup dimension; it is ignored there."""
    world = World()
    world.price_list("FY26")
    world.dimension("role", sales=1)
    world.dimension("worktype", sales=2, markup=True)
    world.role_price("developer", "180", more={"worktype": 2})

    assert world.told(time(more={"worktype": 1})) == "P-33 role-price: FY26 › developer, 180.00, 180.00 USD"


def test_p45_a_row_without_price_is_not_replaced_and_zero_is_a_price() -> None:
    """P-45: the best row decides even when it is empty; 0 is a price like any other."""
    world = World()
    world.price_list("FY26")
    world.role_price("developer", None)
    world.role_price("anyone", "50", role=None)
    world.role_price("free", "0", role="tester")

    assert world.told(time()) == "P-45 price-missing-on-line: FY26 › -, -, - -"
    assert world.told(time(role="tester")) == "P-33 role-price: FY26 › free, 0.00, 0.00 USD"
