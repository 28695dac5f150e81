"""Lists of new documents, and copies of lists (P-11 to P-19)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pricing_world import World, estimate, ident, instant

from proforma.domain.codes import EstimateOwner, PriceCalculation, PriceListOwner, Side, TransactionType
from proforma.domain.contracts import Contract, Quote
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ContractId, CurrencyId, CustomerId, Guid, PriceLineId, PriceListId, QuoteId, UnitId
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import PriceList
from proforma.pricing.copies import CopiedRow, FrozenPrice, copy_name, frozen_prices, plan_copy, rows_left_out, updated_price
from proforma.pricing.defaults import DefaultLists, PlannedList, default_price_lists, planned_contract_lists, planned_custom_lists

OSLO = ZoneInfo("Europe/Oslo")
CREATED = "2026-03-01T09:00"
OWNERS = {
    "opportunity": (PriceListOwner.OPPORTUNITY, "chance"),
    "account": (PriceListOwner.ACCOUNT, "acme"),
    "contact": (PriceListOwner.CONTACT, "acme"),
    "parameters": (PriceListOwner.PARAMETERS, "parameters"),
    "quote": (PriceListOwner.QUOTE, "new offer"),
}


def world(*sources: str, policy: PricingPolicy | None = None) -> World:
    """A list of 2026 and one of 2025 at each source, in USD."""
    found = World(policy=policy or PricingPolicy())
    for source in sources:
        owner, at = OWNERS[source]
        found.price_list(f"{source} 26", at=at, owner=owner)
        found.price_list(f"{source} 25", since="2025-01-01", until="2025-12-31", at=at, owner=owner)
    return found


def quote(
    found: World, *, opportunity: str | None = None, created: str | None = CREATED, code: str = "USD", customer: str | None = "acme"
) -> Guid:
    """A new quote of a customer."""
    found.add(
        "quotes",
        Quote(
            id=QuoteId(Guid("new offer")),
            name="Offer 7",
            customer_id=ident(CustomerId, customer),
            opportunity_id=ident(Guid, opportunity),
            currency_id=CurrencyId(Guid(code)),
            created_at=instant(created),
        ),
    )
    return Guid("new offer")


def contract(found: World, *, won: bool = False, opportunity: str | None = None) -> ContractId:
    """A new contract of acme."""
    found.add(
        "contracts",
        Contract(
            id=ContractId(Guid("new deal")),
            name="Deal 7",
            customer_id=CustomerId(Guid("acme")),
            quote_id=QuoteId(Guid("new offer")) if won else None,
            opportunity_id=ident(Guid, opportunity),
            currency_id=CurrencyId(Guid("USD")),
            created_at=instant(CREATED),
        ),
    )
    return ContractId(Guid("new deal"))


def defaults(there: World, document: Guid, zone: ZoneInfo = OSLO) -> DefaultLists:
    """The default lists of a document that the world holds by now."""
    return default_price_lists(there.book(), document, zone)


def lists(*names: str) -> DefaultLists:
    """The answer with these lists; without any, with its warning."""
    return DefaultLists(tuple(PriceListId(Guid(name)) for name in names), None if names else "no-project-price-lists")


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (("opportunity", "account", "parameters"), ("opportunity 25", "opportunity 26")),
        (("account", "parameters"), ("account 26",)),
        (("contact", "parameters"), ("contact 26",)),
        (("parameters",), ("parameters 26",)),
        ((), ()),
    ],
)
def test_p11_the_first_source_with_lists_is_the_only_one(sources: tuple[str, ...], found: tuple[str, ...]) -> None:
    """P-11: opportunity (as attached), else the customer's, else the parameters' that are effective on the day of creation."""
    there = world(*sources)

    assert defaults(there, quote(there, opportunity="chance")) == lists(*found)


def test_p11_a_source_whose_lists_are_over_is_not_followed_by_the_next() -> None:
    """P-11: none is attached, and a warning says so."""
    there = world("parameters")
    there.price_list("acme 25", since="2025-01-01", until="2025-12-31", at="acme", owner=PriceListOwner.ACCOUNT)

    assert defaults(there, quote(there)) == lists()
    assert defaults(there, Guid("new offer")).warning == "no-project-price-lists"


@pytest.mark.parametrize("source", ["opportunity", "account", "contact"])
def test_p11_a_source_whose_lists_are_inactive_is_not_followed_by_the_next(source: str) -> None:
    """P-11, P-7: an inactive list is attached and no candidate, so the document gets none."""
    there = world("parameters")
    owner, at = OWNERS[source]
    there.price_list("retired", active=False, at=at, owner=owner)

    assert defaults(there, quote(there, opportunity="chance")) == lists()


@pytest.mark.parametrize("source", ["opportunity", "account", "contact"])
def test_p11_what_should_not_be_attached_counts_as_not_attached(source: str) -> None:
    """P-11, P-9: a cost list, and a list whose association is inactive, leave the way to the next source open."""
    there = world("parameters")
    owner, at = OWNERS[source]
    there.price_list("cost", context=Side.COST, at=at, owner=owner)
    there.price_list("once", at=None)
    there.attach("once", at=at, owner=owner, active=False)

    assert defaults(there, quote(there, opportunity="chance")) == lists("parameters 26")


def test_p11_all_lists_of_the_day_are_attached_and_other_currencies_left_out() -> None:
    """P-11, D17: overlapping defaults are all attached; pricing reports the overlap later."""
    there = world("account")
    there.price_list("acme too", at="acme", owner=PriceListOwner.ACCOUNT)
    there.price_list("acme euro", currency="EUR", at="acme", owner=PriceListOwner.ACCOUNT)
    there.price_list("acme cost", context=Side.COST, at="acme", owner=PriceListOwner.ACCOUNT)
    there.price_list("acme retired", active=False, at="acme", owner=PriceListOwner.ACCOUNT)

    assert defaults(there, quote(there)) == lists("account 26", "acme too")


def test_p11_parameters_give_sales_lists_in_the_quotes_currency() -> None:
    """P-11: cost lists of the parameters never default onto anything (P-13)."""
    there = world("parameters")
    there.price_list("general euro", currency="EUR", at="parameters", owner=PriceListOwner.PARAMETERS)
    there.price_list("general cost", context=Side.COST, currency="EUR", at="parameters", owner=PriceListOwner.PARAMETERS)

    assert defaults(there, quote(there, code="EUR", customer=None)) == lists("general euro")


@pytest.mark.parametrize(
    ("created", "zone", "found"),
    [
        ("2025-12-31T23:30", "Europe/Oslo", ("account 26",)),
        ("2025-12-31T23:30", "America/St_Johns", ("account 25",)),
        ("2026-01-01T03:00", "America/St_Johns", ("account 25",)),
        ("2026-01-01T03:30", "America/St_Johns", ("account 26",)),
    ],
)
def test_p11_the_day_of_creation_is_that_of_the_business_time_zone(created: str, zone: str, found: tuple[str, ...]) -> None:
    """P-11: half past eleven at night in London is the new year in Oslo."""
    there = world("account")

    assert defaults(there, quote(there, created=created), ZoneInfo(zone)) == lists(*found)


def test_p11_without_a_creation_date_nothing_is_effective() -> None:
    """P-11: no day, no list."""
    there = world("account")

    assert defaults(there, quote(there, created=None)) == lists()


def test_p11_a_document_that_nobody_knows() -> None:
    """P-11: a wrong id is named."""
    with pytest.raises(RefusedError, match="no quote or contract nothing"):
        defaults(World(), Guid("nothing"))


def test_p12_a_won_quote_hands_on_its_lists() -> None:
    """P-12: without a new date check; the account's are not looked at."""
    there = world("quote", "account")
    quote(there)

    assert defaults(there, contract(there, won=True)) == lists("quote 25", "quote 26")


@pytest.mark.parametrize(
    ("sources", "opportunity", "won", "found"),
    [
        (("account", "parameters"), None, False, ("account 26",)),
        (("opportunity", "account"), "chance", False, ("opportunity 25", "opportunity 26")),
        (("opportunity", "account"), None, False, ("account 26",)),
        (("parameters",), None, False, ("parameters 26",)),
        (("account",), None, True, ("account 26",)),
    ],
)
def test_p12_a_contract_from_scratch_or_from_a_quote_without_lists(
    sources: tuple[str, ...], opportunity: str | None, won: bool, found: tuple[str, ...]
) -> None:
    """P-12: quote, opportunity, customer, global settings, in this order."""
    there = world(*sources)
    quote(there)

    assert defaults(there, contract(there, won=won, opportunity=opportunity)) == lists(*found)


def test_p13_defaults_and_prices_are_two_things() -> None:
    """P-13: that a document would have received a list does not let the list price its records (P-21)."""
    there = world("account")
    contract(there)
    there.role_price("bill", "100", on="account 26")

    assert there.decide(estimate(contract="new deal")).reason == "no-price-list-attached"


@pytest.mark.parametrize(
    ("policy", "won", "name"),
    [
        (PricingPolicy(), False, "Deal 7 2026-03-01 10:00:00"),
        (PricingPolicy(contract_creation_price_lists="associate"), False, None),
        (PricingPolicy(), True, "Deal 7 2026-03-01 10:00:00"),
        (PricingPolicy(quote_win_price_lists="associate"), True, None),
        (PricingPolicy(quote_win_price_lists="associate_with_overrides"), True, None),
    ],
)
def test_p14_p15_copies_or_the_same_lists(policy: PricingPolicy, won: bool, name: str | None) -> None:
    """P-14, P-15, S22, S23: a new contract has copies of its own unless the policy shares the lists."""
    there = world("account", policy=policy)
    quote(there)
    there.price_list("offered", at="new offer", owner=PriceListOwner.QUOTE)
    contract(there, won=won)

    planned = planned_contract_lists(there.book(), ContractId(Guid("new deal")), OSLO)

    assert planned == (PlannedList(PriceListId(Guid("offered" if won else "account 26")), name),)
    assert planned[0].is_copy == (name is not None)


@pytest.mark.parametrize(("setting", "name"), [("full_copy", "FY26 Deal 7 2026-03-05 12:00:00"), ("scoped_overrides", None)])
def test_p16_custom_pricing(setting: str, name: str | None) -> None:
    """P-16, S24: copies instead of the originals, or the originals stay; a quote has no lists here."""
    there = World(policy=PricingPolicy(custom_pricing=setting))  # type: ignore[arg-type]
    contract(there)
    there.price_list("FY26", at="new deal")
    quote(there)
    at = datetime(2026, 3, 5, 12, tzinfo=UTC)

    assert planned_custom_lists(there.book(), Guid("new deal"), at) == (PlannedList(PriceListId(Guid("FY26")), name),)
    assert planned_custom_lists(there.book(), Guid("new offer"), at) == ()


def test_p15_p16_overrides_freeze_todays_price_of_estimated_roles() -> None:
    """P-15, P-16: one for each role price used by a sales detail of the quote; costs, other quotes and unpriced roles give none.

    The price is the row's of today: with its override, per its own unit, and without the markup that goes on top of any override.
    """
    there = World()
    there.dimension("role", sales=1)
    there.dimension("worktype", sales=2, markup=True)
    there.price_list("FY26", at="offer", owner=PriceListOwner.QUOTE)
    there.role_price("bill", "100")
    there.markup("overtime", "50")
    there.role_price("manager", "150", role="manager")
    there.override("this spring", "160", of="manager", since="2026-04-01")
    there.override("this summer", "170", of="manager", since="2026-04-02")
    there.role_price("by cost", None, role="architect", calculation=PriceCalculation.AT_COST)
    book = there.book()
    plans = [
        estimate("b", owner=EstimateOwner.QUOTE, quote="offer"),
        estimate("a", owner=EstimateOwner.QUOTE, quote="offer", quantity="7"),
        estimate("c", owner=EstimateOwner.QUOTE, quote="offer", role="manager", per="day"),
        estimate("d", owner=EstimateOwner.QUOTE, quote="offer", role="tester"),
        estimate("e", owner=EstimateOwner.QUOTE, quote="offer", type=TransactionType.COST, price="1"),
        estimate("g", owner=EstimateOwner.QUOTE, quote="offer", role="architect"),
        estimate("f", owner=EstimateOwner.QUOTE, quote="other offer", price="1"),
    ]

    frozen = frozen_prices(book, QuoteId(Guid("offer")), [(plan, book.decide(plan)) for plan in plans], today=date(2026, 4, 1))

    hour = UnitId(Guid("hour"))
    assert frozen == (
        FrozenPrice(role_price_id=PriceLineId(Guid("bill")), effective_from=date(2026, 4, 1), price=Decimal("100"), unit_id=hour),
        FrozenPrice(role_price_id=PriceLineId(Guid("manager")), effective_from=date(2026, 4, 1), price=Decimal("160"), unit_id=hour),
    )


def full_list(policy: PricingPolicy | None = None) -> World:
    """A list with rows of all kinds, active and not, and an override."""
    there = World(policy=policy or PricingPolicy())
    there.price_list("FY26")
    there.role_price("role", "100.00")
    there.role_price("role per day", "1000", role="tester", per="short day")
    there.role_price("retired role", "1", role="manager", active=False)
    there.markup("markup", "20")
    there.markup("retired markup", "20", active=False)
    there.category_price("category", "50")
    there.category_price("at cost", calculation=PriceCalculation.AT_COST, category="flight")
    there.category_price("retired category", "1", per="box", active=False)
    there.item("item", "4.00")
    there.override("override", "110", of="role")
    there.price_list("Other", at=None)
    there.role_price("other role", "1", on="Other")
    return there


def copied(there: World, **options: str) -> dict[str, str | None]:
    """Rows of a planned copy with their prices."""
    rows = plan_copy(there.book(), PriceListId(Guid("FY26")), **options)  # type: ignore[arg-type]
    return {row.of: None if row.price is None else f"{row.price:f}" for row in rows}


@pytest.mark.parametrize(("setting", "items"), [("role_and_category", []), ("all", ["item"])])
def test_p17_rows_of_a_custom_copy(setting: str, items: list[str]) -> None:
    """P-17, S25: active role prices, markups and categories, items only by policy; overrides never; what is left out is reported."""
    there = full_list(PricingPolicy(copied_child_rows=setting))  # type: ignore[arg-type]

    assert sorted(copied(there, action="custom-pricing", to="deal")) == sorted(
        ["role", "role per day", "markup", "category", "at cost", *items]
    )
    assert rows_left_out(there.book(), PriceListId(Guid("FY26"))) == (() if items else ("item",))


def test_p16_with_scoped_overrides_nothing_is_copied() -> None:
    """P-16, S24: the originals stay attached."""
    there = full_list(PricingPolicy(custom_pricing="scoped_overrides"))

    assert copied(there, action="custom-pricing", to="deal") == {}
    assert rows_left_out(there.book(), PriceListId(Guid("FY26"))) == ()
    assert sorted(copied(there, action="copy")) == ["at cost", "category", "item", "role", "role per day"]


def test_p18_the_copy_action_takes_role_category_and_item_rows() -> None:
    """P-18: at their own prices; the copy is named after its source."""
    there = full_list()

    assert copied(there) == {"at cost": None, "category": "50", "item": "4.00", "role": "100.00", "role per day": "1000"}
    assert copy_name(PriceList(id=PriceListId(Guid("x")), name="FY26")) == "FY26-copy"


def test_p18_another_currency_converts_every_price() -> None:
    """P-18, P-55, P-56: × 151 into yen, without decimals; 0.92 × 4 = 3.68 EUR; rows already there keep theirs."""
    there = full_list()
    there.role_price("euros", "99.99", role="manager", currency="EUR")

    assert copied(there, currency="JPY") == {
        "at cost": None,
        "category": "7550",
        "euros": "16411",  # 99.99 ÷ 0.92 × 151 = 16,411.40
        "item": "604",
        "role": "15100",
        "role per day": "151000",
    }
    assert copied(there, currency="EUR")["euros"] == "99.99"
    assert copied(there, currency="EUR")["item"] == "3.68"


def test_p18_another_time_unit_converts_role_prices_only() -> None:
    """P-18, P-38: 100 an hour is 800 a day of 8; 1000 a day of 7.5 hours is 1066.67 a day of 8."""
    assert copied(full_list(), time_unit="day") == {
        "at cost": None,
        "category": "50",
        "item": "4.00",
        "role": "800.00",
        "role per day": "1066.67",
    }
    # Both at once: 1000 ÷ 7.5 × 151 = 20,133.33 yen an hour, rounded once.
    assert copied(full_list(), time_unit="hour", currency="JPY")["role per day"] == "20133"


@pytest.mark.parametrize(
    ("options", "reason"), [({"currency": "XTS"}, "missing-exchange-rate"), ({"time_unit": "each"}, "unit-not-convertible")]
)
def test_p18_what_cannot_be_converted_refuses_the_copy(options: dict[str, str], reason: str) -> None:
    """P-18: no half copies."""
    with pytest.raises(RefusedError) as refused:
        copied(full_list(), **options)

    assert refused.value.reason == reason
    assert (refused.value.hint, str(refused.value).startswith("price row ")) == ("no row of the copy is made", True)


def test_p18_a_list_that_nobody_knows() -> None:
    """P-18: the id is named."""
    with pytest.raises(RefusedError, match="no price list nothing") as refused:
        plan_copy(World().book(), PriceListId(Guid("nothing")))

    assert (refused.value.reason, refused.value.hint) == ("unknown-price-list", "pull first, or check the id")


def test_p17_an_empty_list_makes_an_empty_copy() -> None:
    """P-17, P-18: no rows, no fault."""
    there = World(policy=PricingPolicy(copied_child_rows="all"))
    there.price_list("FY26")

    assert [plan_copy(there.book(), PriceListId(Guid("FY26")), action=action) for action in ("copy", "custom-pricing")] == [(), ()]


def test_p18_by_way_of_the_base_unit_the_copy_rounds_in_its_own_currency() -> None:
    """P-18, P-38, S13: 1000 a day of 7.5 hours in JPY is 133 an hour by way of the base unit, and 1064 a day of 8."""
    there = World(policy=PricingPolicy(unit_conversion="via_primary_unit"))
    there.price_list("FY26", currency="JPY")
    there.role_price("bill", "1000", per="short day")

    rows = plan_copy(there.book(), PriceListId(Guid("FY26")), time_unit=UnitId(Guid("day")))
    assert rows == (CopiedRow(PriceLineId(Guid("bill")), Decimal(1064)),)


def test_p17_rows_come_in_an_order_of_their_own() -> None:
    """P-68: not in the order of the feed."""
    there = World()
    there.price_list("FY26")
    there.role_price("z", "1")
    there.role_price("a", "2", role="tester")

    rows = plan_copy(there.book(), PriceListId(Guid("FY26")))
    assert rows == (CopiedRow(PriceLineId(Guid("a")), Decimal(2)), CopiedRow(PriceLineId(Guid("z")), Decimal(1)))


@pytest.mark.parametrize(
    ("price", "percent", "precision", "updated"),
    [("100", "3.5", 2, "103.50"), ("99.99", "-10", 2, "89.99"), ("33.33", "1.5", 2, "33.83"), ("15100", "3.333", 0, "15603")],
)
def test_p19_update_prices(price: str, percent: str, precision: int, updated: str) -> None:
    """P-19: price × (1 + percent/100), rounded: 99.99 × 0.9 = 89.991; 33.33 × 1.015 = 33.82995; 15100 × 1.03333 = 15603.28."""
    assert f"{updated_price(Decimal(price), Decimal(percent), precision=precision):f}" == updated
