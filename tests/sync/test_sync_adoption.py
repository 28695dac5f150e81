"""Promise 4 for stores that have forgotten: what finance holds is found by listing, compared and adopted; nothing is sent twice."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing_world import guid
from finance_worlds import DYNAMICS, PREPARE, REST, SYSTEMS, Finance, System
from proforma.mock import MockServer
from proforma.settings import load_configuration
from proforma.store import Store
from proforma.sync.draft import work_based_contracts
from proforma.sync.workshop import Workshop
from project_folder import Project

#: Moments of each history that are put back; PROFORMA_POINTS tries more.
POINTS = int(os.environ.get("PROFORMA_POINTS", "3"))


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One mock for all."""
    with MockServer() as running:
        yield running


def made(server: MockServer, folder: Path, system: System, contracts: int) -> Finance:
    """A project with queued invoices."""
    finance = Finance(Project(folder, server), system)
    finance.configure()
    finance.confirm(contracts)
    return finance


def lose(folder: Path) -> None:
    """The store is gone."""
    for file in folder.glob("proforma.db*"):
        file.unlink()


def requests_that_create(server: MockServer, system: System) -> int:
    """How often the system was told to make a document."""
    return sum(r["method"] == "POST" and system.path in str(r["path"]) for r in server.requests())


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_lost_store_adopts_what_finance_has(server: MockServer, tmp_path: Path, system: System) -> None:
    """The same work, confirmed again under other references: each invoice takes the document that is there, and none is made."""
    finance = made(server, tmp_path, system, 3)
    assert finance.push() == 0
    references = sorted(str(d["reference"]) for d in finance.documents())
    lose(tmp_path)
    for words in PREPARE:
        assert finance.project.run(*words).code == 0
    assert sorted(i["reference"] for i in finance.project.invoices()) != references
    server.clear_requests()
    answer = finance.project.run("push")
    assert (answer.code, requests_that_create(server, system)) == (0, 0)
    assert all("taken over, not sent" in row["message"] for row in answer.json["invoices"])
    assert sorted(i["reference"] for i in finance.project.invoices()) == references
    finance.require_each_once()
    server.forget_documents()
    finance.configure(more="follow_minutes: 0")
    assert finance.push() in (0, 1), "what was adopted is followed like what was sent"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_store_put_back_from_any_moment_sends_nothing_twice(server: MockServer, tmp_path: Path, system: System) -> None:
    """Backups from before a draft to after the last push, put back a day later when every key has expired, and all work billed anew."""
    finance = made(server, tmp_path, system, 2)
    lose(tmp_path)
    assert finance.project.run("pull").code == 0
    assert finance.project.run("price").code == 0
    configuration = load_configuration(tmp_path / "proforma.yaml", environment={})
    backups: list[bytes] = []
    begin = Store.begin

    def kept(self: Store) -> Any:
        backups.append(_copy(tmp_path / "proforma.db"))
        return begin(self)

    start = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch, Workshop(configuration, now=lambda: start, by="x") as shop:
        patch.setattr(Store, "begin", kept)
        _bill(shop)
    server.switch_finance("rest", {"key_lifetime_seconds": 0})
    first = sorted(str(d["reference"]) for d in finance.documents())
    chance = random.Random(f"1/{system.name}")
    for backup in chance.sample(backups, min(POINTS, len(backups))):
        lose(tmp_path)
        (tmp_path / "proforma.db").write_bytes(backup)
        with Workshop(configuration, now=lambda: start + timedelta(hours=25), by="restored") as shop:
            _bill(shop)
        assert sorted(str(d["reference"]) for d in finance.documents()) == first
        finance.require_each_once()


def _bill(shop: Workshop) -> None:
    """Everything that can be billed: drafted, confirmed, pushed."""
    day = date(2026, 3, 31)
    with shop.store.read() as reader:
        contracts = work_based_contracts(reader)
    shop.desk.create(contracts, as_of=day)
    with shop.store.read() as reader:
        drafts = [invoice.id for invoice in reader.ledger.invoices() if invoice.status == "draft"]
    shop.desk.confirm(drafts, as_of=day)
    list(shop.push().run())


def _copy(store: Path) -> bytes:
    """The store as a backup of this moment has it."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
    return store.read_bytes()


def test_other_work_than_finance_has_waits_for_a_person(server: MockServer, tmp_path: Path) -> None:
    """More hours came in since: sending the whole would bill the old ones twice. Other customers go on; a dropped problem lets it go."""
    finance = made(server, tmp_path, DYNAMICS, 1)
    assert finance.push() == 0
    lose(tmp_path)
    world: Any = server.dump()
    other = {**world["msdyn_actuals"][0], "msdyn_actualid": guid("@more"), "msdyn_quantity": 1}
    server.patch({"msdyn_actuals": [other]})
    for words in PREPARE:
        assert finance.project.run(*words).code == 0
    answer = finance.project.run("push")
    assert answer.code == 1
    assert "of which this store knows nothing" in answer.json["invoices"][0]["message"]
    assert (finance.states(), len(finance.documents())) == (["queued"], 1)
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["reason"]) == ("adopt", "unknown-document")
    assert "customer C-c0, total 800" in problem["message"]
    assert finance.project.run("problems", "drop", problem["id"], "--reason", "deleted there").code == 0
    assert finance.push() == 0
    assert (finance.states(), len(finance.documents())) == (["accepted"], 2)


def test_a_run_with_nothing_new_lists_nothing(server: MockServer, tmp_path: Path) -> None:
    """The question costs one request of a run that sends, and none of the others; it can be switched off."""
    finance = made(server, tmp_path, REST, 1)
    assert finance.push() == 0
    assert sum("references" in str(r["path"]) for r in server.requests()) == 1
    server.clear_requests()
    assert finance.push() == 0
    assert server.requests() == []
    finance.confirm(1)
    finance.configure(more="list_first: false")
    assert finance.push() == 0
    assert not any("references" in str(r["path"]) for r in server.requests())
