"""From one invoice to the next at one place: the commit that keeps an answer makes the next one *sending* (F-84)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finance_worlds import BUSINESS_CENTRAL, REST, SYSTEMS, Finance, System
from proforma.domain.codes import PushStatus
from proforma.domain.ids import InvoiceId
from proforma.domain.masters import Customer
from proforma.mapping import RestMapping
from proforma.mock import MockServer
from proforma.settings import load_configuration
from proforma.store import Store, Transaction
from proforma.sync import turns
from proforma.sync.push import Push
from proforma.sync.send import InvoiceDocuments
from proforma.sync.workshop import Workshop
from proforma.transport.session import Answer, Session
from project_folder import Project


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One mock for all."""
    with MockServer() as running:
        yield running


@contextmanager
def shop_of(server: MockServer, folder: Path, system: System, contracts: int) -> Iterator[tuple[Finance, Workshop]]:
    """A project with queued invoices, and who pushes them."""
    finance = Finance(Project(folder, server), system)
    finance.configure()
    finance.confirm(contracts)
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="test") as shop:
        yield finance, shop


def ids_of(store: Store) -> list[InvoiceId]:
    """The invoices that wait, in the order in which they leave."""
    with store.read() as reader:
        return [row.invoice_id for row in reader.outbox.all()]


def states_of(store: Store, ids: list[InvoiceId]) -> str:
    """What is committed of these, one word each."""
    with store.read() as reader:
        return " ".join(str(row.state) for id_ in ids if (row := reader.outbox.get(id_)) is not None)


def watched(shop: Workshop, ids: list[InvoiceId], patch: pytest.MonkeyPatch) -> list[str]:
    """What is committed after each commit, and when each creation leaves."""
    begin, exchange, seen = Store.begin, Session.exchange, list[str]()

    @contextmanager
    def begun(self: Store) -> Iterator[Transaction]:
        with begin(self) as transaction:
            yield transaction
        seen.append(f"commit: {states_of(shop.store, ids)}")

    def exchanged(self: Session, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if url.endswith("/finance/rest/invoices") and method == "POST":
            seen.append(f"request: {states_of(shop.store, ids)}")
        return exchange(self, method, url, headers, body)

    patch.setattr(Store, "begin", begun)
    patch.setattr(Session, "exchange", exchanged)
    return seen


def test_an_answer_and_the_next_sending_are_one_commit(server: MockServer, tmp_path: Path) -> None:
    """Each is *sending* when its request leaves, and the answer before it is kept by then: one commit an invoice and one to begin."""
    with shop_of(server, tmp_path, REST, 3) as (finance, shop), pytest.MonkeyPatch.context() as patch:
        seen = watched(shop, ids_of(shop.store), patch)
        list(shop.push().run())
    assert seen == [
        "commit: sending queued queued",
        "request: sending queued queued",
        "commit: accepted sending queued",
        "request: accepted sending queued",
        "commit: accepted accepted sending",
        "request: accepted accepted sending",
        "commit: accepted accepted accepted",
    ]
    finance.require_each_once()


@pytest.mark.parametrize("why", ["a doubt is for a person", "too long to be kept ahead"])
def test_where_nothing_is_handed_over_each_begins_alone(server: MockServer, tmp_path: Path, why: str) -> None:
    """Without any guarantee a death must not find an invoice *sending* that has not left; long ones are read when their turn comes."""
    with shop_of(server, tmp_path, REST, 2) as (finance, shop), pytest.MonkeyPatch.context() as patch:
        if why == "too long to be kept ahead":
            patch.setattr(turns, "_DETAILS_MAX", 0)
        else:
            _without_guarantee(shop, patch)
        seen = watched(shop, ids_of(shop.store), patch)
        list(shop.push().run())
    assert seen == [
        "commit: sending queued",
        "request: sending queued",
        "commit: accepted queued",
        "commit: accepted sending",
        "request: accepted sending",
        "commit: accepted accepted",
    ]
    finance.require_each_once()


def _without_guarantee(shop: Workshop, patch: pytest.MonkeyPatch) -> None:
    """The system as one that can neither repeat nor be asked (F-75)."""
    mapping = shop.mappings.finance[REST.target]
    assert isinstance(mapping, RestMapping)
    patch.setattr(shop.target, "_mapping", replace(mapping, once="none", find=None, list_=None, accept_at_most_once=True))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_who_stops_listening_leaves_no_doubt(server: MockServer, tmp_path: Path, system: System) -> None:
    """The one that was about to leave is queued again, and nothing of it is in finance; the next push sends what is left."""
    with shop_of(server, tmp_path, system, 3) as (finance, shop):
        ids = ids_of(shop.store)
        run = shop.push().run()
        assert next(run).invoice_id == ids[0]
        # Business Central is asked before each, so nothing is handed over there.
        assert states_of(shop.store, ids) == f"accepted {'queued' if system is BUSINESS_CENTRAL else 'sending'} queued"
        run.close()  # type: ignore[attr-defined]
        assert states_of(shop.store, ids) == "accepted queued queued"
        assert len(finance.documents()) == 1
    assert finance.push() == 0
    finance.require_each_once()


def test_an_overtaken_answer_takes_nothing_along(server: MockServer, tmp_path: Path) -> None:
    """Another worker takes the first one over while it is on its way: its answer is not written, and the second one leaves all the same."""
    with shop_of(server, tmp_path, REST, 2) as (finance, shop), pytest.MonkeyPatch.context() as patch:
        ids, create = ids_of(shop.store), shop.target.create

        def overtaken(document: Any, begun: Any = None) -> Any:
            found = create(document, begun)
            with shop.store.begin() as tx:
                row = tx.outbox.get(ids[0])
                if row is not None and row.reference == document.reference:
                    assert tx.outbox.claim(ids[0], "second", datetime.now(UTC), 60, take_over=True)
            return found

        patch.setattr(shop.target, "create", overtaken)
        first, second = shop.push().run()
        assert "taken this invoice over" in (first.message or "")
        assert second.message is None
        assert states_of(shop.store, ids) == "sending accepted"
    assert finance.push() == 0
    finance.require_each_once()


@pytest.mark.parametrize("ahead", [True, False], ids=["made ahead", "alone"])
def test_what_was_parked_since_it_was_listed_is_not_sent(server: MockServer, tmp_path: Path, ahead: bool) -> None:
    """A worker that was frozen between its list and its first claim: another one met a doubt that only a person can settle."""
    with shop_of(server, tmp_path, REST, 2) as (finance, shop), pytest.MonkeyPatch.context() as patch:
        ids = ids_of(shop.store)

        def frozen(first: str, before: str) -> tuple[str, ...]:
            with shop.store.begin() as tx:
                for id_ in ids:
                    row = tx.outbox.claim(id_, "second", datetime.now(UTC), 60)
                    assert row is not None
                    tx.outbox.result(row, PushStatus.PARKED, at=datetime.now(UTC), message="look it up")
            return ()

        patch.setattr(shop.target, "references", frozen)
        if not ahead:
            patch.setattr(turns, "_DETAILS_MAX", 0)
        pushed = list(shop.push().run())
        assert [(each.push, each.message) for each in pushed] == [
            (PushStatus.PARKED, "another worker is at this invoice, or it has come to its end")
        ] * 2
        assert states_of(shop.store, ids) == "parked parked"
    assert finance.documents() == []


def test_a_document_that_waited_long_is_made_anew(server: MockServer, tmp_path: Path) -> None:
    """A customer is renamed while the invoices before take minutes: the last one names it as it is called by then."""
    with shop_of(server, tmp_path, REST, 3) as (finance, shop), pytest.MonkeyPatch.context() as patch:
        later, create = [timedelta(0)], shop.target.create
        documents = InvoiceDocuments(shop.store, shop.mappings.finance[REST.target], company=None)

        def slow(document: Any, begun: Any = None) -> Any:
            with shop.store.begin() as tx:
                customers = [replace(customer, name="Renamed") for customer in tx.mirror.all(Customer)]
                tx.mirror.upsert("accounts", Customer, customers, [None] * len(customers), 1)
            later[0] += timedelta(seconds=61)
            return create(document, begun)

        patch.setattr(shop.target, "create", slow)
        list(Push(shop.store, shop.target, documents.of, now=lambda: datetime.now(UTC) + later[0]).run())
        names = [document["body"]["customer"]["name"] == "Renamed" for document in finance.documents()]
    # The second one's document was at hand when the first one left.
    assert names == [False, False, True]
