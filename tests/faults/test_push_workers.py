"""Promise 4 between processes and over time: a frozen worker, a stale one, a store put back from a backup (F-84, F-76)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finance_worlds import DYNAMICS, SYSTEMS, Finance, System
from proforma.domain.codes import PushStatus
from proforma.mock import MockServer
from proforma.settings import load_configuration
from proforma.store import OutboxRow, OutboxWriter, Store
from proforma.sync.workshop import Workshop
from project_folder import Project


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One mock for all."""
    with MockServer() as running:
        yield running


def project_of(server: MockServer, folder: Path, system: System, contracts: int, **settings: Any) -> Finance:
    """A project with queued invoices."""
    finance = Finance(Project(folder, server), system)
    finance.configure(**settings)
    finance.confirm(contracts)
    return finance


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_frozen_worker_keeps_the_others_out(server: MockServer, tmp_path: Path, system: System) -> None:
    """Stopped in the middle of a push, for longer than anybody waits: the second worker ends with 3, the first goes on when it is woken.

    A server that has closed the connection meanwhile leaves it with a doubt, which the next run settles.
    """
    finance = project_of(server, tmp_path, system, 3)
    server.faults([{"match": {"path": system.path}, "times": 0, "action": {"delay_ms": 30}}])
    first = finance.project.start("push")
    deadline = time.monotonic() + 60
    while not any(system.path in str(r["path"]) for r in server.requests()) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGSTOP)
    second = finance.project.start_and_wait("push")
    os.kill(first.pid, signal.SIGCONT)
    first.communicate(timeout=60)
    assert second.code == 3
    assert first.returncode in (0, 3)
    server.faults([])
    if first.returncode == 3:
        assert finance.push() == 0
    finance.require_each_once()


def test_a_worker_that_was_overtaken_changes_nothing(server: MockServer, tmp_path: Path) -> None:
    """F-84: its answer comes after another worker has taken the row over; neither its result nor its fault is written."""
    finance = project_of(server, tmp_path, DYNAMICS, 1)
    configuration = load_configuration(tmp_path / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="first") as shop:
        create = shop.target.create

        def overtaken(document: Any, begun: Any = None) -> Any:
            found = create(document, begun)
            with shop.store.begin() as tx:
                (row,) = tx.outbox.all()
                assert tx.outbox.claim(row.invoice_id, "second", datetime.now(UTC), 60, take_over=True)
            return found

        shop.target.create = overtaken  # type: ignore[method-assign]
        (pushed,) = list(shop.push().run())
        assert pushed.push is PushStatus.SENDING
        assert "taken this invoice over" in (pushed.message or "")
        with shop.store.read() as reader:
            (row,) = reader.outbox.all()
        assert (row.state, row.owner) == (PushStatus.SENDING, "second")
    finance.push()
    finance.require_each_once()


def test_a_worker_whose_lease_ran_out_sends_nothing(server: MockServer, tmp_path: Path) -> None:
    """F-84: frozen between its commit and its first byte; when it wakes, somebody else may be sending."""
    finance = project_of(server, tmp_path, DYNAMICS, 1)
    configuration = load_configuration(tmp_path / "proforma.yaml", environment={})
    asleep = timedelta(0)
    sending = OutboxWriter.sending

    def frozen(self: OutboxWriter, row: OutboxRow, document: bytes, digest: str, at: datetime) -> OutboxRow:
        nonlocal asleep
        asleep = timedelta(hours=1)
        return sending(self, row, document, digest, at)

    with pytest.MonkeyPatch.context() as patch, Workshop(configuration, now=lambda: datetime.now(UTC) + asleep, by="frozen") as shop:
        patch.setattr(OutboxWriter, "sending", frozen)
        list(shop.push().run())
    assert finance.documents() == []
    assert finance.states() == ["sending"]
    finance.push()
    finance.require_each_once()


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_store_put_back_from_any_moment_of_a_push(server: MockServer, tmp_path: Path, system: System) -> None:
    """Backups of moments of a push, put back a day later when every key has expired: what finance has is found, nothing is doubled."""
    finance = project_of(server, tmp_path, system, 4)
    configuration = load_configuration(tmp_path / "proforma.yaml", environment={})
    store = tmp_path / "proforma.db"
    backups: list[bytes] = []
    original = Store.begin

    def kept(self: Store) -> Any:
        _checkpoint(store)
        backups.append(store.read_bytes())
        return original(self)

    with pytest.MonkeyPatch.context() as patch, Workshop(configuration, now=lambda: datetime.now(UTC), by="x") as shop:
        patch.setattr(Store, "begin", kept)
        list(shop.push().run())
    server.switch_finance("rest", {"key_lifetime_seconds": 0})
    for backup in random.Random(1).sample(backups, 5):
        for leftover in tmp_path.glob("proforma.db*"):
            leftover.unlink()
        store.write_bytes(backup)
        later = datetime.now(UTC) + timedelta(hours=25)
        with Workshop(configuration, now=lambda later=later: later, by="restored") as shop:  # type: ignore[misc]
            list(shop.push().run())
        finance.require_each_once()


def _checkpoint(store: Path) -> None:
    """Brings what SQLite keeps beside the file into it."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
