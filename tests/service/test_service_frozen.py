"""A daemon that is frozen for longer than its lease, on a real PostgreSQL: the successor works, the late one changes nothing."""

from __future__ import annotations

import signal

import pytest
from test_service_daemons import daemons, last_tick, leader, pid_of, sent_once, until, waiting

from proforma.store import Store
from project_folder import Project

__all__ = ["waiting"]
STORES = ("postgresql",)
pytestmark = pytest.mark.slow


def test_a_frozen_daemon_is_succeeded_and_does_no_harm_when_it_thaws(waiting: Project, url: str) -> None:
    """Its sessions are ended, so its locks are free: the successor finishes the tick, and each invoice is sent once, thaw or not."""
    with Store.open(url) as store, daemons(waiting, 2) as processes:
        until(lambda: len(waiting.server.documents()) >= 2)
        first = leader(store)
        assert first is not None
        frozen = next(process for process in processes if process.pid == pid_of(first))
        frozen.send_signal(signal.SIGSTOP)
        try:
            until(lambda: (now := last_tick(store)) is not None and now.outcome == "done")
            second, finished = leader(store), last_tick(store)
        finally:
            frozen.send_signal(signal.SIGCONT)
        assert second is not None
        assert finished is not None
        assert (second.owner != first.owner, finished.owner) == (True, second.owner)
        assert sent_once(waiting)
        until(lambda: leader(store) is not None)
        assert sent_once(waiting)
