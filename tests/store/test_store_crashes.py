"""Locks and transactions of processes that die: SIGKILL gives a process no chance to tidy up."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_builders import NOON, later, pulled, work

from proforma.domain.errors import UnfinishedError
from proforma.domain.records import Actual
from proforma.store import Store

STORES = ("sqlite", "postgresql")
_HOLDS_LOCK = """
with store.stage_lock("push"):
    ready()
"""
_HALF_A_PAGE = """
with store.begin() as tx:
    tx.mirror.upsert("msdyn_actuals", Actual, [work("monday")], [1], 1)
    tx.ledger.next_number("PF-")
    drafted(tx, invoice("first"))
    ready()
"""
_RUNS = """
with store.stage_lock("pull"):
    with store.begin() as tx:
        tx.runs.start("pull", NOON)
    ready()
"""


@contextmanager
def process(url: str, act: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that does the act on the store up to `ready()`, and waits there; killed at the end at the latest."""
    program = f"""
import sys
from proforma.domain.records import Actual
from proforma.store import Store
from store_builders import NOON, drafted, invoice, work

def ready():
    print("ready", flush=True)
    sys.stdin.readline()

store = Store.open({url!r}, busy_seconds=0)
{act}
"""
    paths = [str(Path(__file__).parent), *sys.path]
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        try:
            yield child
        finally:
            child.kill()


def kill(child: subprocess.Popen[str]) -> None:
    """SIGKILL, and wait until it is dead."""
    child.send_signal(signal.SIGKILL)
    child.wait()


def test_a_second_process_is_told_who_holds_the_stage(store: Store, url: str, store_kind: str) -> None:
    """The refusal names the process, the host and since when; other stages are free."""
    with process(url, _HOLDS_LOCK) as other:
        with pytest.raises(UnfinishedError) as caught, store.stage_lock("push"):
            pytest.fail("two processes push")
        with store.stage_lock("pull"):
            pass
    named = {
        "sqlite": f"process {other.pid} on {socket.gethostname()}, since 20",
        "postgresql": rf"proforma {other.pid}@{socket.gethostname()}, session \d+ from the server itself, since 20",
    }
    assert re.match(f"the stage push is already under way: {named[store_kind]}", str(caught.value))


def test_a_lock_vanishes_with_its_holder(store: Store, url: str) -> None:
    """The stage is free the moment its holder is killed: nobody has to clean up by hand."""
    with process(url, _HOLDS_LOCK) as other:
        kill(other)
        with store.stage_lock("push"):
            pass


def test_a_lock_can_be_waited_for(store: Store, url: str) -> None:
    """With time to wait, a stage that becomes free is entered."""
    with process(url, _HOLDS_LOCK) as other:
        assert other.stdin is not None
        other.stdin.write("go on\n")
        other.stdin.flush()
        with store.stage_lock("push", wait_seconds=30):
            pass


def test_a_second_thread_or_opener_in_one_process_is_kept_out_too(store: Store, url: str) -> None:
    """The lock is the stage's, not the process's; it is free again after the block, even one that raised."""
    with store.stage_lock("push"), Store.open(url) as second, pytest.raises(UnfinishedError, match=str(os.getpid())):
        second.stage_lock("push").__enter__()
    with pytest.raises(ZeroDivisionError), store.stage_lock("push"):
        raise ZeroDivisionError
    with store.stage_lock("push"):
        pass


def test_a_process_killed_inside_a_transaction_leaves_nothing(store: Store, url: str, store_kind: str) -> None:
    """Rows, invoice and number of a transaction that was not committed are gone, and the store can be written at once (promise 1)."""
    with process(url, _HALF_A_PAGE) as other:
        if store_kind == "sqlite":
            with pytest.raises(UnfinishedError, match="locked"), store.begin():
                pytest.fail("two writers at once")
        kill(other)
        with store.begin() as tx:
            assert (tx.mirror.count(), tx.ledger.invoices(), tx.ledger.next_number("PF-")) == (0, [], "PF-000001")
            assert tx.ledger.check() == []
    pulled(store, work("tuesday"))
    with store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("tuesday")]


def test_an_interrupt_in_the_middle_of_a_statement_leaves_nothing_and_is_what_is_told(store: Store) -> None:
    """Ctrl-C may come anywhere: nothing of the transaction stays, nobody is told of another fault, and the store is written again."""

    def interrupt(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT"):
            raise KeyboardInterrupt

    sa.event.listen(store._engine, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt), store.begin() as tx:
        tx.mirror.upsert("msdyn_actuals", Actual, [work("monday")], [1], 1)
    sa.event.remove(store._engine, "before_cursor_execute", interrupt)

    pulled(store, work("tuesday"))
    with store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("tuesday")]


def test_a_reader_is_not_held_up_by_a_writer(store: Store, url: str) -> None:
    """While another process writes, readers see what was committed before."""
    pulled(store, work("before"))
    with process(url, _HALF_A_PAGE), store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("before")]


def test_a_run_that_died_is_not_shown_as_running(store: Store, url: str) -> None:
    """Running while its process runs, died as soon as that is killed, and marked so by the next run of the kind."""
    with process(url, _RUNS) as other:
        with store.read() as reader:
            assert [run.outcome for run in reader.runs.list(5)] == ["running"]
        kill(other)
        with store.read() as reader:
            assert [run.outcome for run in reader.runs.list(5)] == ["died"]
    with store.begin() as tx:
        tx.runs.start("pull", later(9))
        dead = tx.runs._connection.exec_driver_sql("SELECT outcome FROM runs ORDER BY id").scalars().all()
    assert dead == ["died", None]


def test_a_run_of_a_reused_process_number_is_dead(store: Store) -> None:
    """A number is given out again after a restart: the start of the process tells the two apart."""
    with store.begin() as tx:
        run = tx.runs.start("pull", NOON)
        tx.runs._connection.exec_driver_sql("UPDATE runs SET process_start = 'another boot:1'")
    with store.read() as reader:
        assert [(seen.id, seen.outcome) for seen in reader.runs.list(1)] == [(run, "died")]


def test_a_run_on_another_host_is_believed(store: Store) -> None:
    """Whether a process of another host lives cannot be seen from here."""
    with store.begin() as tx:
        tx.runs.start("pull", NOON)
        tx.runs._connection.exec_driver_sql("UPDATE runs SET host = 'elsewhere.example', pid = 1")
    with store.read() as reader:
        assert [seen.outcome for seen in reader.runs.list(1)] == ["running"]
