"""One of several processes schedules, and each tick is begun once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from store_builders import NOON

from proforma.domain.errors import UnfinishedError
from proforma.store import Lease, Store
from proforma.store.processes import this_process
from proforma.store.tables import leases

STORES = ("sqlite", "postgresql")


def take(store: Store, owner: str, seconds: float = 60) -> Lease | None:
    """Asks for the lease on scheduling."""
    with store.begin() as tx:
        return tx.leases.take("schedule", owner, seconds)


def given(store: Store, owner: str, seconds: float = 60) -> Lease:
    """The lease, which must be free."""
    lease = take(store, owner, seconds)
    assert lease is not None
    return lease


def test_one_holds_the_lease_until_it_ends(store: Store) -> None:
    """A second owner gets nothing; the first renews under the same epoch; once it has ended, the second has it under a new one."""
    assert given(store, "first").epoch == 1
    assert take(store, "second") is None
    assert given(store, "first", seconds=-1).epoch == 1
    assert given(store, "second").epoch == 2
    assert take(store, "first") is None


def test_a_lease_given_back_is_free_at_once(store: Store) -> None:
    """The next one need not wait; giving back an older epoch changes nothing."""
    old = given(store, "first", seconds=-1)
    held = given(store, "second")
    with store.begin() as tx:
        tx.leases.give_back(old)
    assert take(store, "third") is None
    with store.begin() as tx:
        tx.leases.give_back(held)
    assert given(store, "third").epoch == 3


def test_a_lease_that_ended_has_a_new_epoch_even_for_its_old_holder(store: Store) -> None:
    """Between its end and now another one could have had it: what was begun before counts as lost."""
    assert given(store, "first", seconds=-1).epoch == 1
    assert given(store, "first").epoch == 2


def freeze_while_asking(store: Store, meanwhile: Callable[[], Lease]) -> Lease:
    """What happens while a process lies in the middle of its question; its own commit must fail."""
    lease = None
    with suppress(UnfinishedError, sa.exc.DBAPIError), store.begin() as tx:
        assert tx.leases.take("schedule", "frozen", 60) is not None
        lease = meanwhile()
    assert lease is not None
    return lease


def test_a_process_frozen_while_it_asks_keeps_nobody_out(postgresql_url: str) -> None:
    """It holds the row of the lease; the server ends its session, another one has the lease, and what the frozen one wrote is not there."""
    with Store.open(postgresql_url) as store, ThreadPoolExecutor(1) as pool:
        given(store, "first", seconds=-1)
        successor = freeze_while_asking(store, lambda: pool.submit(given, store, "second").result(timeout=60))
        with store.read() as reader:
            held = reader.leases.get("schedule")
    assert held is not None
    assert (successor.epoch, held.owner) == (2, "second")


def test_a_tick_is_begun_once(store: Store) -> None:
    """A second beginning of the same tick is refused, in the same epoch and after it was finished; other jobs and ticks are their own."""
    lease = given(store, "first")
    with store.begin() as tx:
        begun = [tx.leases.begin_tick(job, at, lease) for job, at in (("pull", NOON), ("pull", NOON), ("push", NOON))]
        tx.leases.finish_tick("pull", NOON, lease, "done")
        again = tx.leases.begin_tick("pull", NOON, Lease(name="schedule", owner="second", epoch=9, left_seconds=1))
    assert (begun, again) == ([True, False, True], False)
    with store.read() as reader:
        last = reader.leases.last_tick("pull")
    assert last is not None
    assert (last.at, last.owner, last.outcome) == (NOON, "first", "done")


def test_a_tick_whose_process_lost_the_lease_is_begun_again(store: Store) -> None:
    """The successor takes it over, and the late end of the former holder is not written."""
    old = given(store, "first", seconds=-1)
    with store.begin() as tx:
        tx.leases.begin_tick("pull", NOON, old)
    new = given(store, "second")
    with store.begin() as tx:
        assert tx.leases.begin_tick("pull", NOON, new)
        tx.leases.finish_tick("pull", NOON, old, "done")
    with store.read() as reader:
        last = reader.leases.last_tick("pull")
    assert last is not None
    assert (last.owner, last.outcome) == ("second", None)


def test_old_ticks_are_forgotten_but_the_newest_of_a_job_is_kept(store: Store) -> None:
    """How long a job has not run can always be told."""
    lease = given(store, "first")
    with store.begin() as tx:
        for days in (30, 20, 10):
            tx.leases.begin_tick("pull", NOON - timedelta(days=days), lease)
        tx.leases.begin_tick("push", NOON - timedelta(days=40), lease)
        assert tx.leases.forget_ticks(NOON) == 2
        last = [tx.leases.last_tick(job) for job in ("pull", "push")]
    assert [tick and tick.at for tick in last] == [NOON - timedelta(days=10), NOON - timedelta(days=40)]


def test_the_clock_of_the_database_decides(store: Store) -> None:
    """What is stored is when the lease ends, to the second as the database counts."""
    given(store, "first", seconds=60)
    with store.read() as reader:
        until = reader.leases._connection.execute(sa.select(leases.c.until)).scalar_one()
        left = reader.leases.get("schedule")
    assert left is not None
    assert 0 < left.left_seconds <= 60
    assert abs((datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds() - 60) < 30


def test_sessions_of_a_frozen_holder_are_ended(postgresql_url: str) -> None:
    """On PostgreSQL the successor frees the locks of a holder that let its lease end; what the frozen one had begun is not committed."""
    with Store.open(postgresql_url) as frozen, Store.open(postgresql_url) as successor:
        # Both stores are of this process and their sessions have the same name; only the one that takes over is spared.
        given(frozen, str(this_process()), seconds=-1)

        def late_work() -> None:
            with frozen.stage_lock("pull"), frozen.begin() as late:
                late.leases.take("other", "late", 60)
                assert given(successor, "second").epoch == 2
                with successor.stage_lock("pull"):
                    late.leases.take("another", "late", 60)

        with pytest.raises(UnfinishedError, match="database cannot be reached"):
            late_work()
        with successor.read() as reader:
            assert reader.leases.get("other") is None
