"""A second pricing looks at what changed alone, and everything stands as if all had been priced anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pricing_world import World, estimate, expense, material, time
from test_pricing_combinations import full_world

from proforma.domain.codes import BillingType, CustomerKind, EstimateOwner, PriceCalculation, PriceListOwner, Side, TransactionType
from proforma.domain.errors import RefusedError
from proforma.domain.ids import CurrencyId, CustomerId, Guid, RecordId
from proforma.domain.masters import Customer
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Actual, Estimate, TransactionConnection
from proforma.store import ContractSpan, Store, codec, tail
from proforma.store import due as due_module
from proforma.sync.price import Priced, begin_parts, complete_parts, price, price_part

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
COST = time("cost", type=TransactionType.COST, price="40", currency="USD")
FLIGHT = expense("flight", category="flight", billing_type=None)
ACTUALS: tuple[Actual, ...] = (
    time("time", line="anything", billing_type=None),
    time("late", on="2026-04-02", more={"worktype": 1}),
    time("night", on="2026-03-20", more={"worktype": 1}),
    time("without contract", contract=None),
    time("tester", role="tester", line="anything", billing_type=None),
    time("lent", type=TransactionType.COST, unit="India"),
    time("far", type=TransactionType.COST, contracting_unit="UK", unit="India"),
    expense("expense"),
    FLIGHT,
    material("material"),
    COST,
)


def link(name: str, first: str, second: str, *, active: bool = True) -> TransactionConnection:
    """A connection of two actuals."""
    return TransactionConnection(id=RecordId(Guid(name)), first_id=Guid(first), second_id=Guid(second), active=active)


def company() -> World:
    """A company in which nearly everything matters to one of the actuals; its flights follow their cost."""
    world = full_world(PricingPolicy(), overridden=True)
    flights = [
        replace(row, calculation=PriceCalculation.MARKUP_PERCENTAGE, percent=Decimal(10)) if row.category_id == "flight" else row
        for row in world.records.category_prices
    ]
    world.records = replace(world.records, category_prices=flights)
    return world


#: Dated rates matter to prices that follow a cost abroad (P-57).
DATED = PricingPolicy(exchange_rate_source="finance_with_fallback")
ABROAD = expense("cost abroad", category="flight", type=TransactionType.COST, price="92", currency="EUR")
WIDER: tuple[Actual, ...] = (
    expense("flight abroad", category="flight", billing_type=None),
    ABROAD,
    time("designed", line="support", task="design", billing_type=None),
    time("bought", type=TransactionType.COST, subcontract="subcontract"),
    time("of the offer", contract="won"),
)
PLANS: tuple[Estimate, ...] = (
    estimate("planned", owner=EstimateOwner.QUOTE, quote="offer", contract=None, project=None),
    estimate("planned on a line", owner=EstimateOwner.CONTRACT, line="anything", billing_type=None),
)


def wider_company() -> World:
    """The company with what is rarer: rates by date, selected tasks, categories of lines, vendors, and a contract won from a quote."""
    world = company()
    world.dated_rate("March", "EUR", "USD", "1.25", since="2026-03-01", until="2026-03-31")
    world.line_category("anything", "flight", BillingType.COMPLIMENTARY)
    world.price_list("Bought", context=Side.PURCHASE, at="subcontract", owner=PriceListOwner.SUBCONTRACT, currency="EUR")
    world.role_price("outside", "60", on="Bought")
    world.override("by the vendor", "55", of="outside", vendor="vendor")
    world.contract("won", quote="offer")
    world.attach("FY26", at="won")
    world.override("by the offer", "190", of="all FY26", quote="offer", contract=None, since="2026-03-01")
    world.price_list("Offered", at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("offered", "210", on="Offered")
    return world


def put(store: Store, *rows: Any) -> None:
    """Rows of one class, as a pull brings them."""
    with store.begin() as tx:
        tx.mirror.upsert(type(rows[0]).__name__, type(rows[0]), rows, [None] * len(rows), 1)


def fill(store: Store, world: World, actuals: Sequence[Actual] = ACTUALS) -> None:
    """Everything that the company has."""
    for entry in fields(world.records):
        rows = getattr(world.records, entry.name)
        if rows and not isinstance(rows, Mapping):
            put(store, *rows)
    put(store, *actuals)
    put(store, link("paid", "flight", "cost"))


def priced(store: Store, policy: PricingPolicy | None = None, *, anew: bool = False) -> tuple[Priced, int]:
    """All that one pricing counts, as one batch, and how many decisions it changed."""
    batches = list(price(store, policy or PricingPolicy(), now=lambda: NOON, anew=anew))
    return batches[-1], sum(batch.changed for batch in batches)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store in which everything has been priced."""
    fill(store, company())
    priced(store)
    return store


def changed_row(name: str, key: str, of: Callable[[], World] = company, **values: Any) -> Callable[[], Any]:
    """A row of the company with other values."""

    def made() -> Any:
        return next(replace(row, **values) for row in getattr(of().records, name) if row.id == key)

    return made


#: Everything that a price follows from besides the actual itself, each changed so that a decision changes with it.
CHANGES: dict[str, Callable[[], Any]] = {
    "price list": changed_row("price_lists", "FY26", last_day=date(2026, 3, 1)),
    "attachment": changed_row("attachments", "FY26 at deal", active=False),
    "role price": changed_row("role_prices", "all FY26", price=Decimal(401)),
    "markup": changed_row("markups", "night FY26", percent=Decimal(17)),
    "override": changed_row("overrides", "nights", percent=Decimal(21)),
    "category price": changed_row("category_prices", "hotels", price=Decimal(91)),
    "item": changed_row("items", "cables", amount=Decimal(8)),
    "dimension": changed_row("dimensions", "dimension worktype", active=False),
    "unit": changed_row("units", "short day", quantity=Decimal(10)),
    "currency": changed_row("currencies", "USD", precision=0),
    "role": changed_row("roles", "developer", billing_type=BillingType.NON_CHARGEABLE),
    "category": changed_row("categories", "flight", billing_type=BillingType.COMPLIMENTARY),
    "contract": changed_row("contracts", "deal", currency_id=CurrencyId(Guid("EUR"))),
    "contract line": changed_row("contract_lines", "anything", include_time=False),
    "role of a line": changed_row("line_roles", "tester on anything", billing_type=BillingType.COMPLIMENTARY),
    "project": changed_row("projects", "project", contract_id=None),
    "unit of the company": changed_row("organizational_units", "UK", currency_id=CurrencyId(Guid("USD"))),
    "actual": lambda: replace(ACTUALS[0], quantity=Decimal(9)),
    "new actual": lambda: time("another"),
    "cost of a sale": lambda: replace(COST, price=Decimal(50)),
    "connection": lambda: link("paid", "flight", "nobody"),
    "connection that ends": lambda: link("paid", "flight", "cost", active=False),
}


def test_nothing_is_decided_when_nothing_changed(filled: Store) -> None:
    """The second pricing counts what stands, as the first one did, and writes nothing."""
    first, _ = priced(filled, anew=True)
    with filled.begin() as tx:
        before = tx.due.state()

    second, changed = priced(filled)

    assert (second, changed) == (replace(first, changed=0), 0)
    with filled.read() as reader:
        assert reader.due.state() == before


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_a_price_follows_from_is_seen(filled: Store, name: str) -> None:
    """After a change of anything that a rule reads, what stands is what a pricing of everything gives; at least one decision changed."""
    put(filled, CHANGES[name]())

    seen, changed = priced(filled)

    assert changed > 0
    everything, missed = priced(filled, anew=True)
    assert (missed, seen.reasons, seen.priced) == (0, everything.reasons, everything.priced)


#: What few prices follow from, each changed so that exactly the decisions named with it change.
WIDER_CHANGES: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "dated rate": (changed_row("exchange_rates", "March", wider_company, rate=Decimal("1.5")), {"flight abroad"}),
    "days of a dated rate": (changed_row("exchange_rates", "March", wider_company, last_day=date(2026, 3, 1)), {"flight abroad"}),
    "inactive dated rate": (changed_row("exchange_rates", "March", wider_company, active=False), {"flight abroad"}),
    "task of a line": (
        changed_row("line_tasks", "design on support", wider_company, billing_type=BillingType.NON_CHARGEABLE),
        {"designed"},
    ),
    "category of a line": (
        changed_row("line_categories", "flight on anything", wider_company, billing_type=BillingType.NON_CHARGEABLE),
        {"flight", "flight abroad", "cost abroad"},
    ),
    "vendor of a subcontract": (changed_row("subcontracts", "subcontract", wider_company, vendor_id=Guid("another")), {"bought"}),
    "quote of a contract": (changed_row("contracts", "won", wider_company, quote_id=None), {"of the offer"}),
    "cost abroad": (lambda: replace(ABROAD, price=Decimal(46)), {"cost abroad", "flight abroad"}),
}


def decisions_of(store: Store) -> dict[str, Any]:
    """What stands of every actual, without the time at which it was written."""
    with store.read() as reader:
        return {row.id: reader.decisions.get(row.id) for row in (*ACTUALS, *WIDER)}


@pytest.fixture
def wider(store: Store) -> Store:
    """A store in which everything of the wider company has been priced."""
    fill(store, wider_company(), (*ACTUALS, *WIDER))
    put(store, link("paid abroad", "flight abroad", "cost abroad"))
    priced(store, DATED)
    return store


@pytest.mark.parametrize("name", WIDER_CHANGES)
def test_what_few_prices_follow_from_is_seen_too(wider: Store, name: str) -> None:
    """Rates by date (P-57), tasks and categories of lines (P-62), vendors, won quotes (P-41): what follows changes, nothing else."""
    change, expected = WIDER_CHANGES[name]
    before = decisions_of(wider)
    put(wider, change())

    seen, changed = priced(wider, DATED)

    after = decisions_of(wider)
    assert {id_ for id_ in after if after[id_] != before[id_]} == expected
    everything, missed = priced(wider, DATED, anew=True)
    assert (changed, missed, seen.reasons) == (len(expected), 0, everything.reasons)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(changed_row("quotes", "offer", wider_company, currency_id=CurrencyId(Guid("EUR"))), ["planned"], id="quote"),
        pytest.param(changed_row("role_prices", "offered", wider_company, price=Decimal(211)), ["planned"], id="price of a quote"),
        pytest.param(changed_row("role_prices", "all FY26", wider_company, price=Decimal(401)), ["planned on a line"], id="list of both"),
        pytest.param(lambda: replace(PLANS[0], quantity=Decimal(2)), ["planned"], id="plan"),
    ],
)
def test_a_plan_follows_what_it_is_priced_from(wider: Store, change: Callable[[], Any], expected: list[str]) -> None:
    """Plans of quotes and contracts are decided whenever they are asked for, so that no change of theirs can be missed (P-1, P-20)."""
    put(wider, *PLANS)
    before = planned(wider)
    put(wider, change())

    after = planned(wider)

    assert [name for name in after if after[name] != before[name]] == expected


def planned(store: Store) -> dict[str, Any]:
    """The decisions about the plans after a pricing of everything that is due, and of them."""
    for _ in price(store, DATED, now=lambda: NOON, estimates=True):
        pass
    with store.read() as reader:
        return {row.id: reader.decisions.get(row.id) for row in PLANS}


def test_the_currency_of_a_customer_is_part_of_the_book(filled: Store) -> None:
    """Owners of price lists that are no records of pricing count too: everything is priced anew when one changes."""
    with filled.read() as reader:
        before = reader.due.state().fingerprint
    put(filled, Customer(id=CustomerId(Guid("acme")), kind=CustomerKind.ACCOUNT, currency_id=CurrencyId(Guid("USD"))))

    priced(filled)

    with filled.read() as reader:
        assert reader.due.state().fingerprint != before


def test_another_policy_prices_everything_anew(filled: Store) -> None:
    """A switch belongs to the book: what stood under another one does not stand."""
    _, changed = priced(filled, PricingPolicy(rounding_mode="half_even", unresolved_price="zero", override_order="date_then_scope"))

    assert changed > 0
    assert priced(filled)[1] == changed


@pytest.mark.parametrize("gone", ["cost", "flight", "time"])
def test_a_removed_actual_is_not_counted_and_no_cost_any_more(filled: Store, gone: str) -> None:
    """What Dataverse removed has no decision that counts, and whatever followed from it is decided anew (promise 2)."""
    with filled.begin() as tx:
        tx.mirror.delete("Actual", [gone], NOON)

    seen, _ = priced(filled)

    everything, missed = priced(filled, anew=True)
    assert (missed, seen.reasons) == (0, everything.reasons)
    assert seen.records == len(ACTUALS) - 1


@pytest.mark.parametrize("entity", ["TransactionConnection", "Actual"])
def test_what_a_full_pull_no_longer_sees_is_decided_anew(filled: Store, entity: str) -> None:
    """A sweep notes what it removes, and for a connection both its ends."""
    with filled.begin() as tx:
        tx.mirror.sweep(entity, 2, NOON)
    put(filled, FLIGHT)

    seen, _ = priced(filled)

    everything, missed = priced(filled, anew=True)
    assert (missed, seen.reasons) == (0, everything.reasons)


def test_a_removed_connection_leaves_the_sale_without_cost(filled: Store) -> None:
    """Only the connection is gone; the sale that followed it is decided anew (P-49)."""
    with filled.begin() as tx:
        tx.mirror.delete("TransactionConnection", ["paid"], NOON)

    _, changed = priced(filled)

    with filled.read() as reader:
        decision = reader.decisions.get("flight")
    assert (changed, decision and decision.reason) == (1, "no-related-cost")


def test_a_rebuilt_mirror_is_priced_from_the_beginning(filled: Store) -> None:
    """Forgetting an entity forgets what is known about its changes."""
    with filled.begin() as tx:
        tx.mirror.drop_entity("Actual")
    put(filled, *ACTUALS[:2], replace(ACTUALS[2], quantity=Decimal(9)))

    seen, changed = priced(filled)

    assert (seen.records, changed) == (3, 1)


def test_a_pricing_that_was_stopped_leaves_everything_due(store: Store) -> None:
    """Only when it has come to its end is the rest known to stand."""
    fill(store, company())
    for _ in price(store, PricingPolicy(), now=lambda: NOON):
        break

    with store.read() as reader:
        assert reader.due.state().fingerprint is None
    assert priced(store)[0].records == len(ACTUALS)


def test_a_change_while_everything_is_priced_is_due_afterwards(store: Store) -> None:
    """A pull may commit while prices are decided from an older snapshot."""
    fill(store, company())
    running = price(store, PricingPolicy(), now=lambda: NOON)
    next(running)
    put(store, replace(ACTUALS[0], quantity=Decimal(9)))
    list(running)

    _, changed = priced(store)

    assert changed == 1


def test_very_many_changes_make_everything_due(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are bounded: beyond their number nothing is noted until everything has been priced again."""
    monkeypatch.setattr(due_module, "NOTED_MAX", 2)
    put(filled, *ACTUALS[:4])

    with filled.read() as reader:
        assert (reader.due.state(), reader.due.names(1_000)) == (due_module.DueState(False, None), [])
    put(filled, replace(ACTUALS[0], quantity=Decimal(9)))
    assert priced(filled)[1] == 1


@pytest.mark.parametrize("row", [replace(ACTUALS[0], quantity=Decimal(9)), link("paid", "flight", "nobody")], ids=["actual", "connection"])
def test_what_a_backfill_reads_anew_is_due(filled: Store, row: Any) -> None:
    """Rows that come beside the pull are priced like those that it brings."""
    name = type(row).__name__
    with filled.begin() as tx:
        tx.mirror.renew(name, type(row), [(*codec(type(row)).encode([row])[0], *tail(name, None, 1))], NOON + timedelta(days=1))

    _, changed = priced(filled)

    assert changed > 0
    assert priced(filled, anew=True)[1] == 0


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
def test_parts_price_everything_with_the_book_they_began_with(store: Store) -> None:
    """Contract by contract all is decided as at once, and then only changes are due; a book that changed meanwhile ends it."""
    policy = PricingPolicy()
    fill(store, company())
    begun = begin_parts(store, policy)
    assert begun is not None
    put(store, CHANGES["role price"]())

    with pytest.raises(RefusedError, match="price lists or rules changed"):
        list(price_part(store, policy, ContractSpan(None, None), fingerprint=begun.fingerprint, now=lambda: NOON))

    begun = begin_parts(store, policy)
    assert begun is not None
    for span in (ContractSpan(None, "deal"), ContractSpan("deal", None)):
        list(price_part(store, policy, span, fingerprint=begun.fingerprint, now=lambda: NOON))
    complete_parts(store, begun)
    assert begin_parts(store, policy) is None
    assert priced(store, anew=True)[1] == 0


ACTS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from([*ACTUALS, time("more")]), st.sampled_from(["1", "2.5", "40"])),
    st.tuples(st.just("delete"), st.sampled_from(ACTUALS), st.none()),
    st.tuples(st.just("link"), st.sampled_from(ACTUALS), st.sampled_from([row.id for row in ACTUALS])),
    st.tuples(st.just("price"), st.none(), st.none()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.lists(ACTS, min_size=1, max_size=12))
def test_any_order_of_changes_ends_as_if_all_were_priced_anew(tmp_path_factory: pytest.TempPathFactory, acts: list[Any]) -> None:
    """Rows come, change, go and are connected otherwise, and are priced in between: nothing that stands is out of date."""
    folder: Path = tmp_path_factory.mktemp("changes")
    with Store.open(f"sqlite:///{folder}/proforma.db") as store:
        fill(store, company())
        priced(store)
        for act, row, value in acts:
            if act == "put":
                put(store, replace(row, quantity=Decimal(value)))
            elif act == "delete":
                with store.begin() as tx:
                    tx.mirror.delete("Actual", [row.id], NOON)
            elif act == "link":
                put(store, link("paid", row.id, value))
            else:
                priced(store)
        seen, _ = priced(store)
        everything, missed = priced(store, anew=True)
    assert (missed, seen.reasons, seen.priced) == (0, everything.reasons, everything.priced)
