"""Promise 4 on a disk that ends: nothing is sent without its committed attempt, and the next run with room goes on (F-84)."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from forks import ended, forked, mappings_read_once, push, put_back
from kill_points import RemoteMock, mock

from finance_worlds import REST, SYSTEMS, Finance, System
from proforma.domain.codes import PushStatus
from proforma.domain.errors import UnfinishedError
from proforma.mock import MockServer
from proforma.store import OutboxRow, Store
from project_folder import Project

pytestmark = pytest.mark.slow
PAGE_BYTES = 4096
DONE, FULL = 0, 4


@pytest.fixture(scope="module")
def remote() -> Iterator[RemoteMock]:
    """One mock in a process of its own."""
    with mock() as server, mappings_read_once():
        yield server


def _push(folder: Path, bytes_max: int) -> int:
    """A push in a process that can write so many bytes into a file; how it ended."""

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))
        try:
            push(folder)
        except UnfinishedError:
            os._exit(FULL)

    return ended(forked(work))


def _rows(folder: Path) -> list[tuple[OutboxRow, bool]]:
    """Each push, and whether a sending of it is committed."""
    with Store.open(f"sqlite:///{folder / 'proforma.db'}") as store, store.read() as reader:
        rows = reader.outbox.all()
        assert reader.ledger.check() == []
        return [(row, any(a.outcome == PushStatus.SENDING for a in reader.outbox.attempts(row.invoice_id))) for row in rows]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_disk_that_ends_at_any_page(remote: RemoteMock, tmp_path: Path, system: System) -> None:
    """A little more each time, until a push gets through: what finance has is written down before, and in the end it is there once.

    One page more for one system, several for the others, whose commits are the same.
    """
    step = 1 if system is REST else 5
    finance = Finance(Project(tmp_path, cast("MockServer", remote)), system)
    finance.configure(auth="{kind: bearer, token: somebody}")
    finance.confirm(contracts=1)
    before = (tmp_path / "proforma.db").read_bytes()
    ends: list[int] = []
    while DONE not in ends:
        remote.forget_documents()
        put_back(tmp_path, before)
        # The log beside the store is what grows; the file of the store itself is not written before the end.
        ends.append(_push(tmp_path, PAGE_BYTES * (1 + step * len(ends))))
        attempted = {row.reference for row, committed in _rows(tmp_path) if committed}
        assert {str(document["reference"]) for document in remote.documents()} <= attempted, f"on the {len(ends)}. disk"
        assert _push(tmp_path, resource.RLIM_INFINITY) == DONE
        assert [row.state for row, _ in _rows(tmp_path)] == [PushStatus.ACCEPTED]
        assert [system.total(document) for document in remote.documents()] == [Decimal("800.00")]
    assert set(ends[:-1]) == {FULL}
    assert step * len(ends) > 10, "a disk that is never full shows nothing"
