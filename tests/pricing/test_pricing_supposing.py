"""Suppose that a rate card held: which contracts it prices, on which days, and what it takes the place of (P-6, P-7, P-20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pricing_world import World, expense, material, time

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.ids import Guid, PriceListId
from proforma.pricing.rate_cards import RateCard, card_of
from proforma.pricing.supposing import is_sales, suppose


def company() -> World:
    """The deal and a second contract in USD, a third in EUR; FY26 is attached to the deal with rows of each kind."""
    world = World()
    world.dimension("role", sales=1, cost=1)
    world.dimension("worktype", sales=2, markup=True)
    world.contract("second")
    world.contract("third", currency="EUR")
    world.price_list("FY26")
    world.role_price("old", "100")
    world.markup("old markup", "10", more={"worktype": 1})
    world.override("old override", "105", of="old", since="2026-06-01")
    world.category_price("old night", "50")
    world.item("old cable", "4")
    world.price_list("Draft", active=False, at=None, since="2027-01-01", until="2027-12-31")
    world.role_price("new", "120", on="Draft")
    world.category_price("new night", "60", on="Draft")
    world.item("new cable", "5", on="Draft")
    world.price_list("Cost", context=Side.COST, at="US", owner=PriceListOwner.ORGANIZATIONAL_UNIT)
    world.role_price("cost", "80", on="Cost")
    world.attach("FY26", at="acme", owner=PriceListOwner.ACCOUNT)
    return world


def card(world: World, name: str) -> RateCard:
    """The card of a list."""
    found = card_of(world.records, PriceListId(Guid(name)))
    assert found is not None
    return found


def told(world: World, records: object, *, on: str = "2026-07-01", contract: str = "deal") -> list[str]:
    """What work, a night and a cable would be priced at on a day."""
    supposed = World(policy=world.policy, records=records)  # type: ignore[arg-type]
    work = (time(on=on, contract=contract, more={"worktype": 1}), expense(on=on, contract=contract), material(on=on, contract=contract))
    return [supposed.told(record).partition(": ")[2] for record in work]


def test_a_list_that_is_attached_nowhere_prices_all_contracts_in_its_currency_on_any_day() -> None:
    """P-20: it takes the place of all their lists, active whatever its state; nothing of the old lists shows through."""
    world = company()

    found = suppose(world.records, card(world, "Draft"))

    assert (found.contracts, found.days) == (frozenset({"deal", "second"}), "any")
    new = ["Draft › new, 120.00, 120.00 USD", "Draft › new night, 60.00, 60.00 USD", "Draft › new cable, 5.00, 5.00 USD"]
    assert told(world, found.records) == told(world, found.records, contract="second") == new
    assert told(world, found.records, on="1999-12-31") == told(world, found.records, on="9999-12-31") == new
    assert told(world, found.records, contract="third") == ["- › -, -, - -"] * 3


def test_own_days_may_be_asked_for() -> None:
    """P-6: then the card holds from its first to its last day, the independent ones included where it has them."""
    world = company()
    ours = card(world, "Draft")

    found = suppose(world.records, ours, days="own")
    shifted = replace(
        ours, price_list=replace(ours.price_list, first_day_independent=date(2027, 2, 1), last_day_independent=date(2027, 3, 1))
    )
    moved, anyway = (suppose(world.records, shifted, days=days) for days in ("own", "any"))

    assert found.days == "own"
    assert told(world, found.records, on="2026-12-31")[0] == "- › -, -, - -"
    assert told(world, found.records, on="2027-01-01")[0] == "Draft › new, 120.00, 120.00 USD"
    assert told(world, moved.records, on="2027-01-31")[0] == "- › -, -, - -"
    assert told(world, moved.records, on="2027-03-01")[0] == "Draft › new, 120.00, 120.00 USD"
    assert told(world, anyway.records, on="2027-01-31")[0] == "Draft › new, 120.00, 120.00 USD"


def test_an_attached_list_prices_its_own_contracts_on_its_own_days() -> None:
    """P-7: links that are inactive, of other owners, or to nobody attach it to nothing."""
    world = company()
    world.attach("FY26", at="third", active=False)
    ours = card(world, "FY26")
    raised = replace(ours, role_prices=tuple(replace(row, price=Decimal(200)) for row in ours.role_prices))

    found = suppose(world.records, raised)

    assert (found.contracts, found.days) == (frozenset({"deal"}), "own")
    assert told(world, found.records, on="2026-03-02") == [
        "FY26 › old + old markup, 220.00, 220.00 USD", "FY26 › old night, 50.00, 50.00 USD", "FY26 › old cable, 4.00, 4.00 USD",
    ]  # fmt: skip
    assert told(world, found.records, on="2027-01-01")[0] == "- › -, -, - -"


def test_rows_that_were_taken_out_of_the_card_are_gone() -> None:
    """A card with the id of a list stands for that list: what it no longer has, overrides included, prices nothing."""
    world = company()
    bare = replace(card(world, "FY26"), role_prices=(), markups=(), overrides=(), category_prices=(), items=())

    found = suppose(world.records, bare)

    assert told(world, found.records) == ["FY26 › -, -, - -"] * 3
    left = found.records
    assert [row.id for row in left.role_prices] == ["new", "cost"]
    assert (left.markups, left.overrides) == ([], [])
    assert ([row.id for row in left.category_prices], [row.id for row in left.items]) == (["new night"], ["new cable"])
    kept = suppose(world.records, replace(card(world, "FY26"), overrides=()))
    assert told(world, kept.records)[0] == "FY26 › old + old markup, 110.00, 110.00 USD"
    assert (
        told(world, suppose(world.records, card(world, "FY26")).records)[0] == "FY26 › old + old markup ! old override, 115.50, 115.50 USD"
    )


def test_costs_accounts_and_other_contracts_keep_their_lists() -> None:
    """P-20, P-24: only the lists of the supposed contracts are set aside."""
    world = company()
    world.price_list("Third", at="third", currency="EUR")

    left = suppose(world.records, card(world, "Draft")).records

    links = {(row.owner, row.owner_id, row.price_list_id) for row in left.attachments}
    assert links == {
        (PriceListOwner.CONTRACT, "deal", "Draft"), (PriceListOwner.CONTRACT, "second", "Draft"),
        (PriceListOwner.CONTRACT, "third", "Third"),
        (PriceListOwner.ORGANIZATIONAL_UNIT, "US", "Cost"), (PriceListOwner.ACCOUNT, "acme", "FY26"),
    }  # fmt: skip
    assert [row.id for row in left.price_lists] == ["FY26", "Cost", "Third", "Draft"]


@pytest.mark.parametrize(("context", "expected"), [(Side.SALES, True), (Side.COST, False), (Side.PURCHASE, False), (None, False)])
def test_only_sales_lists_price_a_backlog(context: Side | None, expected: bool) -> None:
    """P-7: cost and purchase lists, and lists of an unknown context, cannot be supposed."""
    world = company()
    ours = card(world, "Draft")

    assert is_sales(replace(ours, price_list=replace(ours.price_list, context=context))) is expected
