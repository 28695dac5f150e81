"""Promise 4 between two real processes, one of them stopped for longer than its lease and without the lock of the stage (F-84)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from forks import ended, forked, mappings_read_once, push, put_back
from kill_points import RemoteMock, mock

from finance_worlds import BUSINESS_CENTRAL, SYSTEMS, Finance, System
from proforma.mock import MockServer
from proforma.store import Store, Transaction
from proforma.sync.delivery import LEASE_SECONDS
from proforma.transport.session import Answer, Session
from project_folder import Project

pytestmark = pytest.mark.slow
#: Its presence in a folder lets the clock of every process be past all leases: nobody has to wait for it.
LATER = "an-hour-later"


@pytest.fixture(scope="module")
def remote() -> Iterator[RemoteMock]:
    """One mock in a process of its own."""
    with mock() as server, mappings_read_once():
        yield server


@contextmanager
def _no_lock(store: Store, stage: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """The lock of a stage that its frozen holder has lost, as a session that the database has ended does."""
    del store, stage, wait_seconds
    yield


class Places:
    """Where a process may stand still; it stops itself at the one that is chosen."""

    def __init__(self, chosen: int | None) -> None:
        self._chosen = chosen
        self.names: list[str] = []

    def pass_by(self, name: str) -> None:
        """One more place."""
        self.names.append(name)
        if len(self.names) - 1 == self._chosen:
            os.kill(os.getpid(), signal.SIGSTOP)

    def install(self) -> None:
        """Watches every commit and exchange of this process from now on; the lock is lost."""
        begin, exchange, here = Store.begin, Session.exchange, self

        @contextmanager
        def begun(self: Store) -> Iterator[Transaction]:
            with begin(self) as transaction:
                yield transaction
            here.pass_by("after a commit")

        def exchanged(self: Session, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
            here.pass_by(f"before {method} {url.rpartition('/')[2].partition('?')[0]}")
            answer = exchange(self, method, url, headers, body)
            here.pass_by("before an answer")
            return answer

        Store.begin = begun  # type: ignore[method-assign]
        Session.exchange = exchanged  # type: ignore[method-assign]
        Store.stage_lock = _no_lock  # type: ignore[method-assign,assignment]


def _push(folder: Path, places: Places) -> None:
    places.install()
    push(folder, ahead=lambda: timedelta(seconds=2 * LEASE_SECONDS if (folder / LATER).exists() else 0))
    (folder / "places").write_text("\n".join(places.names), encoding="utf-8")


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_stopped_anywhere_for_longer_than_its_lease(remote: RemoteMock, tmp_path: Path, system: System) -> None:
    """At every commit and request in turn: another process takes over and ends, the first one wakes; finance has the invoice once."""
    finance = Finance(Project(tmp_path, cast("MockServer", remote)), system)
    finance.configure(auth="{kind: bearer, token: somebody}")
    finance.confirm(contracts=1)
    before = (tmp_path / "proforma.db").read_bytes()
    assert ended(forked(lambda: _push(tmp_path, Places(None)))) == 0
    names = (tmp_path / "places").read_text(encoding="utf-8").splitlines()
    assert len(names) >= 4
    # Nothing but its sender keeps a second header away in Business Central: between the look at the lease and the request nobody is safe.
    places = [n for n, name in enumerate(names) if (system, name) != (BUSINESS_CENTRAL, "before POST salesInvoices")]
    found = {names[place] + f" ({place})": _frozen_at(place, finance, remote, before) for place in places}
    assert {place: totals for place, totals in found.items() if totals != ["800.00"]} == {}


def _frozen_at(place: int, finance: Finance, remote: RemoteMock, before: bytes) -> list[str]:
    """Totals that finance has when both are done."""
    folder = finance.project.folder
    remote.forget_documents()
    put_back(folder, before)
    (folder / LATER).unlink(missing_ok=True)
    frozen = forked(lambda: _push(folder, Places(place)))
    assert os.WIFSTOPPED(os.waitpid(frozen, os.WUNTRACED)[1])
    (folder / LATER).touch()
    second = ended(forked(lambda: _push(folder, Places(None))))
    os.kill(frozen, signal.SIGCONT)
    first = ended(frozen)
    documents: list[dict[str, Any]] = remote.documents()
    state = finance.states()
    if (first, second, state) != (0, 0, ["accepted"]):
        return [f"first {first}, second {second}, {state}"]
    return [f"{finance.system.total(document):.2f}" for document in documents]
