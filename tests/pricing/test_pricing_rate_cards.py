"""Rate cards: what belongs to one, and what differs between two (P-7, P-8, P-40)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from pricing_world import World

from proforma.domain.codes import ItemPricingMethod, PriceCalculation, PriceListOwner, Side
from proforma.domain.contracts import Contract, Quote
from proforma.domain.ids import ContractId, Guid, PriceLineId, PriceListId, ProductId, QuoteId, RecordId
from proforma.domain.masters import Product
from proforma.domain.prices import PriceList
from proforma.pricing.rate_cards import CardChange, RateCard, card_of, changes, names_of

AT_COST, MARKUP = PriceCalculation.AT_COST, PriceCalculation.MARKUP_PERCENTAGE


def card(world: World, name: str = "FY26") -> RateCard:
    """The card of a list that is there."""
    found = card_of(world.records, PriceListId(Guid(name)))
    assert found is not None
    return found


def full(name: str = "FY26") -> World:
    """A list with two rows of each kind, and another list whose rows are none of its business."""
    world = World()
    world.dimension("role", sales=1)
    world.dimension("worktype", sales=2, markup=True)
    for listed in (name, "Other"):
        world.price_list(listed, created="2026-01-01T00:00")
        own = "" if listed == name else "other "
        world.role_price(f"{own}b", "200", on=listed)
        world.role_price(f"{own}a", "150", on=listed, unit="India", per="day", currency="EUR", percent="5", calculation=MARKUP)
        world.role_price(f"{own}retired", "1", on=listed, active=False)
        world.markup(f"{own}m2", "20", on=listed, more={"worktype": 2})
        world.markup(f"{own}m1", "10", on=listed, more={"worktype": 1})
        world.markup(f"{own}retired markup", "1", on=listed, active=False)
        world.override(f"{own}o2", "210", of=f"{own}b", since="2026-04-01", contract="deal")
        world.override(f"{own}o1", percent="15", of_markup=f"{own}m1", per=None)
        world.override(f"{own}retired override", "1", of=f"{own}b", active=False)
        world.category_price(f"{own}c2", "50", on=listed)
        world.category_price(f"{own}c1", on=listed, category="flight", calculation=AT_COST)
        world.category_price(f"{own}retired category", "1", on=listed, per="box", active=False)
        world.item(f"{own}i2", "4.25", on=listed)
        world.item(f"{own}i1", "40", on=listed, per="box")
    return world


def test_a_card_is_the_list_with_its_active_rows_by_id() -> None:
    """P-7: inactive rows and rows of other lists stay out; overrides come with the rows that they are of."""
    found = card(full())

    assert found.price_list.name == "FY26"
    assert [row.id for row in found.role_prices] == ["a", "b"]
    assert [row.id for row in found.markups] == ["m1", "m2"]
    assert [row.id for row in found.overrides] == ["o1", "o2"]
    assert [row.id for row in found.category_prices] == ["c1", "c2"]
    assert [row.id for row in found.items] == ["i1", "i2"]
    assert found.names == names_of(full().records)
    assert card_of(full().records, PriceListId(Guid("unheard of"))) is None


def test_names_are_what_people_call_things() -> None:
    """Documents go by their number, else by their name; what has no name is not in it."""
    world = World()
    world.price_list("FY26")
    world.add("products", Product(id=ProductId(Guid("cable")), name="Cable"), Product(id=ProductId(Guid("nameless"))))
    world.add(
        "contracts", Contract(id=ContractId(Guid("c-1")), name="One", number="ORD-1"), Contract(id=ContractId(Guid("c-2")), name="Two")
    )
    world.add("quotes", Quote(id=QuoteId(Guid("q-1")), name="One", number="QUO-1"), Quote(id=QuoteId(Guid("q-2")), name="Two"))

    assert names_of(world.records) == {
        **{code: code for code in ("USD", "EUR", "NOK", "GBP", "JPY")},
        **{unit: unit for unit in ("hour", "day", "week", "short day", "each", "box")},
        "US": "Fabrikam US", "India": "Fabrikam India", "UK": "Fabrikam UK",
        "developer": "Developer", "manager": "Manager", "tester": "Tester", "hotel": "Hotel", "flight": "Flight",
        "cable": "Cable", "FY26": "FY26", "c-1": "ORD-1", "c-2": "Two", "q-1": "QUO-1", "q-2": "Two",
    }  # fmt: skip


def _copy(line: PriceLineId | None) -> PriceLineId | None:
    return PriceLineId(Guid(f"copy of {line}")) if line else None


def test_a_copy_under_other_ids_and_with_other_zeros_is_the_same() -> None:
    """Rows are the same when they price the same thing; 100.0 and 100.00 are one price, and an empty currency is the list's."""
    before = card(full())
    renamed = {row.id: row for row in before.role_prices}
    after = replace(
        before,
        role_prices=tuple(
            replace(row, id=PriceLineId(Guid(f"copy of {row.id}")), price=(row.price or Decimal(0)).quantize(Decimal("0.0001")),
                    currency_id=row.currency_id or before.price_list.currency_id)
            for row in renamed.values()
        ),
        overrides=tuple(
            replace(row, id=RecordId(Guid(f"copy of {row.id}")), role_price_id=_copy(row.role_price_id))
            for row in before.overrides
        ),
    )  # fmt: skip

    assert changes(before, before) == ()
    assert changes(before, after) == ()


def change(kind: str, table: str, what: str, before: dict[str, str], after: dict[str, str]) -> CardChange:
    """One expected change."""
    return CardChange(kind=kind, table=table, what=what, before=before, after=after)  # type: ignore[arg-type]


def test_every_kind_of_row_that_changed_is_told_with_the_figures_that_differ() -> None:
    """Header first, then role prices, markups, overrides, categories and items; nothing that stayed the same is mentioned."""
    after = full()
    records = after.records
    by_id = {row.id: row for row in records.role_prices}
    after.records = replace(
        records,
        role_prices=[replace(by_id[Guid("a")], price=Decimal("160"), percent=Decimal("6"), currency_id=None), by_id[Guid("b")]],  # type: ignore[index]
        markups=[replace(row, percent=Decimal("12.50")) for row in records.markups if row.id == "m1"],
        overrides=[
            replace(row, price=Decimal("215")) if row.id == "o2" else replace(row, percent=None) for row in records.overrides if row.active
        ],
        category_prices=[replace(row, calculation=None, price=Decimal("9")) for row in records.category_prices if row.id == "c1"],
        items=[
            replace(row, method=ItemPricingMethod.MARKUP_CURRENT_COST, percent=Decimal("3"), project_method=AT_COST)
            for row in records.items
            if row.id == "i2"
        ],
    )
    after.add("items", *(replace(row, id=PriceLineId(Guid("i3")), unit_id=None) for row in records.items if row.id == "i1"))

    assert changes(card(full()), card(after)) == (
        change("changed", "role price", "organizational-unit Fabrikam India, role Developer, unit day",
               {"price": "150", "percent": "5", "currency": "EUR"}, {"price": "160", "percent": "6", "currency": "USD"}),
        change("changed", "markup", "worktype 1", {"percent": "10"}, {"percent": "12.5"}),
        change("removed", "markup", "worktype 2", {"percent": "20"}, {}),
        change("changed", "override", "of markup, worktype 1, effective_from 2026-03-01", {"percent": "15"}, {}),
        change("changed", "override", "of role price, role Developer, contract deal, effective_from 2026-04-01",
               {"price": "210"}, {"price": "215"}),
        change("changed", "category price", "category Flight, unit each",
               {"calculation": "at-cost"}, {"price": "9"}),
        change("removed", "category price", "category Hotel, unit each", {"price": "50", "currency": "USD"}, {}),
        change("added", "item", "product cable", {}, {"amount": "40", "method": "currency-amount", "currency": "USD"}),
        change("removed", "item", "product cable, unit box", {"amount": "40", "method": "currency-amount", "currency": "USD"}, {}),
        change("changed", "item", "product cable, unit each", {"method": "currency-amount"},
               {"percent": "3", "method": "markup-current-cost", "project_method": "at-cost"}),
    )  # fmt: skip


def test_the_header_tells_its_own_changes() -> None:
    """Every field of the header that a price depends on, in one change under the new name; ids are shown by name."""
    world = World()
    world.price_list("old", since="2025-01-01", until=None, time_unit="day")
    world.price_list("new", context=Side.COST, since_independent="2026-01-02", until_independent="2026-12-30", currency="EUR", active=False)
    world.price_list("bare", since=None, until=None, currency=None, time_unit=None)

    assert changes(card(world, "old"), card(world, "new")) == (
        change(
            "changed", "price list", "new",
            {"name": "old", "context": "sales", "first_day": "2025-01-01", "currency": "USD", "time_unit": "day", "active": "yes"},
            {"name": "new", "context": "cost", "first_day": "2026-01-01", "last_day": "2026-12-31", "first_day_independent": "2026-01-02",
             "last_day_independent": "2026-12-30", "currency": "EUR", "time_unit": "hour", "active": "no"},
        ),
    )  # fmt: skip
    nameless = replace(card(world, "bare"), price_list=PriceList(id=PriceListId(Guid("x")), context=Side.SALES))
    assert changes(card(world, "bare"), nameless) == (change("changed", "price list", "", {"name": "bare"}, {}),)


def test_rows_for_the_same_thing_are_paired_by_their_figures() -> None:
    """Of duplicates the equal ones cancel out; the rest is paired in the order of its figures, what is left over added or removed."""
    before, after = World(), World()
    for world, prices in ((before, ("100", "120", "140")), (after, ("140", "125"))):
        world.price_list("FY26")
        for price in prices:
            world.role_price(f"row at {price}", price, role=None)

    assert changes(card(before), card(after)) == (
        change("changed", "role price", "unit hour", {"price": "100"}, {"price": "125"}),
        change("removed", "role price", "unit hour", {"price": "120", "currency": "USD"}, {}),
    )


def test_a_row_for_everything_says_so() -> None:
    """A markup without any dimension is for everything; zero is a figure, and an override without its row is told by its day."""
    before, after = World(), World()
    for world in (before, after):
        world.price_list("FY26", time_unit=None)
    after.markup("all", "0.0")
    after.override("stray", "5", of_markup="all", per=None)

    assert changes(card(before), card(after)) == (
        change("added", "markup", "everything", {}, {"percent": "0"}),
        change("added", "override", "of markup, effective_from 2026-03-01", {}, {"price": "5"}),
    )


@pytest.mark.parametrize("scope", ["contract", "quote", "customer", "vendor", "subcontract", "vendor_invoice", "organizational_unit"])
def test_overrides_are_told_apart_by_their_scope(scope: str) -> None:
    """P-41: an override for one scope is another row than the same override for everybody."""
    before, after = World(), World()
    for world in (before, after):
        world.price_list("FY26", at="deal", owner=PriceListOwner.CONTRACT)
        world.role_price("bill", "100")
    before.override("o", "110", of="bill", per="day")
    argument = {"organizational_unit": "unit"}.get(scope, scope)
    after.override("o", "110", of="bill", per="day", **{argument: "someone"})  # type: ignore[arg-type]

    row, figures = "of role price, role Developer", {"price": "110", "unit": "day"}
    assert sorted(changes(card(before), card(after)), key=lambda found: found.kind) == [
        change("added", "override", f"{row}, {scope} someone, effective_from 2026-03-01", {}, figures),
        change("removed", "override", f"{row}, effective_from 2026-03-01", figures, {}),
    ]
