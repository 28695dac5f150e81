"""Several daemons on one store, as processes that are killed and frozen."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billing_world import BillingWorld
from proforma.mock import MockServer
from proforma.store import Lease, Store, Tick
from project_folder import Project

STORES = ("sqlite", "postgresql")
CONTRACTS = 12
pytestmark = pytest.mark.slow


@pytest.fixture
def waiting(tmp_path: Path, url: str) -> Iterator[Project]:
    """A project with confirmed invoices that wait for their push; each answer of the servers takes a while."""
    world = BillingWorld()
    for number in range(CONTRACTS):
        world.contract(f"c{number}")
        world.time(f"@w{number}", f"c{number}")
    with MockServer(world.sets) as server:
        file = tmp_path / "proforma.yaml"
        server.write_configuration(file)
        text = file.read_text(encoding="utf-8").replace("store: sqlite:///proforma.db", f'store: "{url}"')
        file.write_text(text + "schedule: {lease_seconds: 1.5}\n", encoding="utf-8")
        project = Project(tmp_path, server)
        for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
            assert project.run(*words).code == 0
        server.faults([{"match": {"path": "/finance/"}, "times": 10_000, "action": {"delay_ms": 40}}])
        yield project


@contextmanager
def daemons(project: Project, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many daemons; at the end all are asked to stop, and those that still run must do so in order."""
    started = [project.start("daemon") for _ in range(count)]
    try:
        yield started
        for process in started:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=60) for process in started]
        assert set(codes) <= {0, -signal.SIGKILL}, codes
    finally:
        for process in started:
            process.kill()
            process.communicate()


def until(condition: Callable[[], bool]) -> None:
    """Waits until it has come true; a minute is far more than any machine needs."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come true within a minute"
        time.sleep(0.02)


def leader(store: Store) -> Lease | None:
    """Who schedules now."""
    with store.read() as reader:
        lease = reader.leases.get("schedule")
    return lease if lease and lease.owner and lease.left_seconds > 0 else None


def last_tick(store: Store) -> Tick | None:
    """The newest tick."""
    with store.read() as reader:
        return reader.leases.last_tick("cycle")


def pid_of(lease: Lease) -> int:
    """The process that an owner names."""
    return int(lease.owner.removeprefix("proforma ").partition("@")[0])


def sent_once(project: Project) -> bool:
    """Whether finance has every invoice, and none twice."""
    references = Counter(str(document["reference"]) for document in project.server.documents())
    assert set(references.values()) <= {1}
    return len(references) == CONTRACTS


def test_a_killed_daemon_is_succeeded_and_its_tick_taken_over(waiting: Project, url: str) -> None:
    """Killed in the middle of its push: the other daemon takes the lease and runs the same tick to its end; every invoice is sent once."""
    with Store.open(url) as store, daemons(waiting, 2) as processes:
        until(lambda: len(waiting.server.documents()) >= 2)
        first, tick = leader(store), last_tick(store)
        assert first is not None
        assert tick is not None
        next(process for process in processes if process.pid == pid_of(first)).kill()
        until(lambda: (now := last_tick(store)) is not None and now.outcome == "done")
        second, finished = leader(store), last_tick(store)
        assert second is not None
        assert finished is not None
        assert (second.epoch, second.owner != first.owner) == (first.epoch + 1, True)
        assert (finished.at, finished.owner) == (tick.at, second.owner)
        assert sent_once(waiting)


def test_daemons_that_live_run_a_tick_once(waiting: Project, url: str) -> None:
    """Three daemons, one cycle: the others wait. Asked to stop, the first gives the lease back, and the next has it without waiting."""
    with Store.open(url) as store, daemons(waiting, 3) as processes:
        until(lambda: (now := last_tick(store)) is not None and now.outcome == "done")
        assert sent_once(waiting)
        with store.read() as reader:
            assert [run.outcome for run in reader.runs.list() if run.kind == "sync"] == ["done"]
        first = leader(store)
        assert first is not None
        stopping = next(process for process in processes if process.pid == pid_of(first))
        stopping.send_signal(signal.SIGTERM)
        assert stopping.wait(timeout=60) == 0
        until(lambda: (now := leader(store)) is not None and now.owner != first.owner)
