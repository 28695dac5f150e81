"""After a pull only the contracts of which anything changed are looked at, and nothing is found later than by a look at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invoicing_world import READY, TODAY, D, Deal

from desk import Office
from proforma.domain.codes import AdjustmentStatus, BillingMethod, ContractState, Side
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import ContractId, ContractLineId, CurrencyId, Guid, RecordId
from proforma.domain.masters import CurrencyRecord
from proforma.domain.policies import InvoicingPolicy
from proforma.invoicing import Book
from proforma.store import due as due_module
from proforma.sync import draft

CONTRACTS = ("deal", "north", "south")
Change = Callable[[Deal], object]


def _deals() -> Deal:
    """Three contracts; each has work, one row of it without a stored price; two customers pay the milestone of the first."""
    deal = Deal()
    for name in CONTRACTS[1:]:
        deal.contract(name)
        deal.line(f"work {name}", contract=name)
    for name in CONTRACTS:
        deal.work(f"hours {name}", contract=name, line="work" if name == "deal" else f"work {name}")
        deal.work(f"unpriced {name}", contract=name, line="work" if name == "deal" else f"work {name}", price=None, amount=None)
    deal.split("build", acme="50", bolt="50")
    deal.milestone("mile", "1000.00")
    deal.retainer("paid", "500.00", status=READY)
    return deal


def _office(folder: Path, deal: Deal) -> Office:
    """All is drafted, and has been looked at."""
    office = Office(folder)
    office.pull(deal.book)
    _price(office, "hours deal", "unpriced deal", "unpriced north", "unpriced south")
    office.desk.create([ContractId(Guid(name)) for name in CONTRACTS], as_of=TODAY)
    office.desk.flag_changed_sources()
    assert office.overlooked() == []
    return office


@pytest.fixture
def deal() -> Deal:
    return _deals()


@pytest.fixture
def office(tmp_path: Path, deal: Deal) -> Iterator[Office]:
    opened = _office(tmp_path, deal)
    yield opened
    opened.store.close()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contracts that are read from here on."""
    names: list[str] = []

    def load_book(reader: Any, contracts: Any, policy: Any) -> Book:
        names.extend(contracts)
        return loaded(reader, contracts, policy)

    loaded = draft.load_book
    monkeypatch.setattr(draft, "load_book", load_book)
    return names


def _price(office: Office, *ids: str, price: str = "100.00") -> None:
    decisions = [
        PriceDecision(
            record_id=RecordId(Guid(id_)), table="msdyn_actuals", side=Side.SALES, rule="P-33", reason="role-price", price=D(price),
            amount=8 * D(price), quantity=D("8"),
        )
        for id_ in ids
    ]  # fmt: skip
    with office.store.begin() as tx:
        tx.decisions.save(decisions, office.now())


def _lines(deal: Deal, id_: str, **said: Any) -> None:
    deal.book = replace(deal.book, lines=[replace(line, **said) if line.id == id_ else line for line in deal.book.lines])


def _contracts(deal: Deal, id_: str, **said: Any) -> None:
    deal.book = replace(deal.book, contracts=[replace(one, **said) if one.id == id_ else one for one in deal.book.contracts])


def _shares(deal: Deal, **said: Any) -> None:
    deal.book = replace(deal.book, line_customers=[replace(one, **said) for one in deal.book.line_customers])


CHANGES: dict[str, tuple[Change, set[str]]] = {
    "nothing": (lambda d: None, set()),
    "a row says something else": (lambda d: d.work("hours north", contract="north", line="work north", hours="7"), {"north"}),
    "a row is taken back": (
        lambda d: d.work("hours north", contract="north", line="work north", adjustment=AdjustmentStatus.ADJUSTED), {"north"},
    ),
    "a row goes": (lambda d: d.vanish("hours north"), {"north"}),
    "a row moves to another contract": (lambda d: d.work("hours north", contract="south", line="work south"), {"north", "south"}),
    "a row loses its contract": (lambda d: d.work("hours north", contract=None, line="work north"), {"north"}),
    "a row loses contract and line": (lambda d: d.work("hours north", contract=None, line=None), {"north"}),
    "a row nobody drafted appears": (lambda d: d.work("odd", contract="south", line="work south", customer=None), {"south"}),
    "a row of a contract's line appears": (lambda d: d.work("odd", contract=None, line="work south"), {"south"}),
    "a line turns": (lambda d: _lines(d, "work north", billing_method=BillingMethod.FIXED_PRICE), {"north"}),
    "a line moves": (lambda d: _lines(d, "work north", contract_id=ContractId(Guid("south"))), {"north", "south"}),
    "a contract is on hold": (lambda d: _contracts(d, "south", state=ContractState.ON_HOLD), {"south"}),
    "customers pay other shares": (lambda d: d.split("build", acme="60", bolt="40"), {"deal"}),
    "customers of a line are those of another": (
        lambda d: _shares(d, contract_line_id=ContractLineId(Guid("work south"))), {"deal", "south"},
    ),
    "a milestone says something else": (lambda d: d.milestone("mile", "1200.00"), {"deal"}),
    "a retainer goes": (lambda d: setattr(d, "book", replace(d.book, retainers=())), {"deal"}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "contracts"), CHANGES.values(), ids=CHANGES.keys())
def test_the_contracts_of_what_changed_are_looked_at(
    office: Office, deal: Deal, read: list[str], change: Change, contracts: set[str]
) -> None:
    """The one that a row belonged to, and the one that it belongs to now; no other is read, and none is overlooked."""
    change(deal)

    office.pull(deal.book)

    assert set(read) == contracts
    assert office.overlooked() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(changes=st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4))
def test_whatever_changes_together_or_one_after_the_other_is_found(tmp_path_factory: pytest.TempPathFactory, changes: list[str]) -> None:
    """After each pull a look at everything would find nothing else."""
    deal = _deals()
    office = _office(tmp_path_factory.mktemp("watch"), deal)
    for name in changes:
        CHANGES[name][0](deal)
        office.pull(deal.book)
        assert office.overlooked() == []
    office.store.close()


def test_another_price_of_what_has_no_stored_one_is_looked_at(office: Office, read: list[str]) -> None:
    """A row that bills its own amount follows no decision; one that bills the decision's flags its draft (I-55a)."""
    _price(office, "hours deal", "unpriced north", price="120.00")

    office.desk.flag_changed_sources()

    assert read == ["north"]
    assert [invoice.flags for invoice in office.invoices() if invoice.contract_id == "north"] == [("unpriced north",)]
    assert office.overlooked() == []


def test_what_people_do_is_looked_at_once(office: Office, deal: Deal, read: list[str]) -> None:
    """A credit takes the alert about its row away with the next look, though Dataverse has changed nothing since."""
    office.desk.confirm([office.invoices()[-1].id], as_of=TODAY)
    deal.vanish("hours south")
    office.pull(deal.book)
    with office.store.read() as reader:
        assert [(row.source, row.reason) for row in reader.ledger.passed_over()] == [("hours south", "source-changed")]
    office.desk.correct(office.invoices()[-1].id, as_of=TODAY)
    office.desk.confirm([office.invoices()[-1].id], as_of=TODAY)
    read.clear()

    office.desk.flag_changed_sources()
    office.desk.flag_changed_sources()

    assert read == ["south"]
    with office.store.read() as reader:
        assert reader.ledger.passed_over() == []


def test_work_that_lost_its_contract_is_told_whatever_else_changed(office: Office, deal: Deal) -> None:
    """It belongs to no contract that could be looked at (I-23)."""
    deal.work("lost", contract="gone", line=None)

    office.pull(deal.book)

    with office.store.read() as reader:
        assert [(row.source, row.reason) for row in reader.ledger.passed_over()] == [("lost", "no-contract-line")]


@pytest.mark.parametrize("of", ["policy", "currency", "rebuilt mirror", "too many changes"])
def test_everything_is_looked_at_when_more_than_rows_changed(
    office: Office, deal: Deal, read: list[str], monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    """Settings, decimals of a currency, a mirror that was dropped, and so many changes that they were not noted."""
    if of == "policy":
        office.desk = office.desk_with(InvoicingPolicy(number_prefix="X-"))
    elif of == "currency":
        currency = CurrencyRecord(id=CurrencyId(Guid("USD")), code="USD", precision=3)
        deal.book = replace(deal.book, currencies={currency.id: currency})
    elif of == "rebuilt mirror":
        with office.store.begin() as tx:
            tx.mirror.drop_entity("Milestone")
    else:
        monkeypatch.setattr(due_module, "NOTED_MAX", 2)
        for name in CONTRACTS:
            deal.work(f"hours {name}", contract=name, line="work" if name == "deal" else f"work {name}", hours="5")

    office.pull(deal.book)

    assert set(read) == set(CONTRACTS)
    assert office.overlooked() == []
    office.desk.flag_changed_sources()
    assert len(read) == len(CONTRACTS)


def test_a_rate_of_the_day_is_no_change(office: Office, deal: Deal, read: list[str]) -> None:
    """Rates come every day, and nothing between sales amounts is converted (I-113)."""
    currency = CurrencyRecord(id=CurrencyId(Guid("USD")), code="USD", precision=2, exchange_rate=Decimal("1.1"))
    deal.book = replace(deal.book, currencies={currency.id: currency})

    office.pull(deal.book)

    assert read == []


def test_a_look_that_was_stopped_is_taken_up_by_the_next(
    office: Office, deal: Deal, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes go when all that was noted has been looked at, and not before."""
    deal.work("hours north", contract="north", line="work north", hours="7")
    with monkeypatch.context() as patched:
        patched.setattr("proforma.invoicing.source_changes", _stopped)
        with pytest.raises(ZeroDivisionError):
            office.pull(deal.book)
    assert office.overlooked() == ["north"]

    office.desk.flag_changed_sources()

    assert read == ["north", "north"]
    assert office.overlooked() == []


def _stopped(book: Book) -> None:
    raise ZeroDivisionError(book.contracts)
