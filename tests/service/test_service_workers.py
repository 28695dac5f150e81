"""Workers on one PostgreSQL: each job may run twice, workers may be killed and frozen, and nothing is lost or done twice."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, date, datetime

import pytest
from test_service_daemons import CONTRACTS, sent_once, until, waiting

from proforma.domain.codes import PushStatus
from proforma.domain.errors import ConfigurationError, UnfinishedError
from proforma.domain.records import Actual
from proforma.service.job_queue import PUSH, JobOf, JobQueue, require_postgresql
from proforma.service.shared_cycle import SharedCycle
from proforma.service.worker import OVERTAKEN, Jobs
from proforma.settings import load_configuration
from proforma.settings.schedule import STAGES
from proforma.store import ContractSpan, OutboxRow, Store
from proforma.store.mirror import Lines
from proforma.sync.book_fingerprint import fingerprint_of
from proforma.sync.delivery import Delivery
from proforma.sync.price import pricing_records
from proforma.sync.status import read_status
from proforma.sync.workshop import Workshop
from project_folder import Project

__all__ = ["waiting"]
STORES = ("postgresql",)
pytestmark = pytest.mark.slow


@contextmanager
def workers(project: Project, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many workers; at the end all are asked to stop, and those that still run must do so in order."""
    started = [project.start("worker") for _ in range(count)]
    try:
        yield started
        for process in started:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=60) for process in started]
        assert set(codes) <= {0, -signal.SIGKILL, OVERTAKEN}, [process.communicate() for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()


@contextmanager
def shop_of(project: Project) -> Iterator[Workshop]:
    configuration = load_configuration(project.folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="test") as shop:
        yield shop


@pytest.fixture
def queue(waiting: Project, url: str) -> Iterator[JobQueue]:
    """The queue of the project's workers, with a push of each invoice in it."""
    with closing(JobQueue(url)) as queue:
        queue.prepare()
        yield queue


def push_jobs(project: Project) -> list[JobOf]:
    ids = [str(invoice["id"]) for invoice in project.invoices()]
    return [JobOf(PUSH, {"target": "rest", "invoice": invoice}, f"push {invoice}") for invoice in ids]


def test_a_cycle_is_done_by_workers(waiting: Project, queue: JobQueue, url: str) -> None:
    """Pull by pull, contract by contract, invoice by invoice: each reaches finance once, and the run tells how many jobs it was."""
    with workers(waiting, 2), shop_of(waiting) as shop:
        cycle = SharedCycle(shop, queue)
        cycle.run(as_of=date(2026, 3, 31), stages=STAGES)
        assert sent_once(waiting)
        with shop.store.read() as reader:
            (run,) = [run for run in reader.runs.list() if run.kind == "shared"]
            backlog = read_status(reader, at=datetime.now(UTC)).backlog
            assert reader.leases.workers() != []
    assert (run.outcome, dict(run.counts)) == ("done", cycle.counts)
    assert cycle.counts["pushes"] == CONTRACTS
    # Everything is billed: nothing waits, and the status tells so.
    assert backlog is not None
    assert (backlog.rows, cycle.counts["drafts"], cycle.counts["unsent"]) == (0, 0, 0)
    with Store.open(url) as store, store.read() as reader:
        assert reader.leases.workers() == []


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_the_jobs_of_a_worker_that_is_gone_are_taken_over(waiting: Project, queue: JobQueue, stop: signal.Signals) -> None:
    """In the middle of its pushes: another one sends what is left, each invoice once; a frozen one ends by itself when it thaws."""
    jobs = push_jobs(waiting)
    with workers(waiting, 1) as first:
        names = queue.put(jobs)
        until(lambda: len(waiting.server.documents()) >= 2)
        first[0].send_signal(stop)
        assert queue.unfinished(names) > 0
        with workers(waiting, 1):
            until(lambda: queue.unfinished(names) == 0)
            assert queue.take_failed(names) == {}
            assert sent_once(waiting)
        if stop is signal.SIGSTOP:
            first[0].send_signal(signal.SIGCONT)
            assert first[0].wait(timeout=60) == OVERTAKEN
    assert sent_once(waiting)
    assert {invoice["push"] for invoice in waiting.invoices()} == {"accepted"}


@pytest.mark.parametrize("how", ["at once", "one after the other"])
def test_a_job_that_is_run_twice_is_done_once(waiting: Project, queue: JobQueue, how: str) -> None:
    """The engine may give a job to two workers: each invoice is one document, each actual one row with one decision."""
    jobs = push_jobs(waiting)
    with shop_of(waiting) as one, shop_of(waiting) as other:
        for number, shop in enumerate((one, other)):
            with shop.store.begin() as tx:
                tx.leases.keep_worker(f"worker-{number}", f"proforma {number}@here", 60)
        doers = [Jobs(shop, f"worker-{number}") for number, shop in enumerate((one, other))]
        with one.store.read() as reader:
            book = fingerprint_of(pricing_records(reader), one.configuration.pricing)
        work: list[Callable[[Jobs], None]] = [lambda doer: doer.pull("actual"), lambda doer: doer.price(None, None, book)]
        work += [lambda doer, job=job: doer.push("rest", str(job.arguments["invoice"])) for job in jobs]  # type: ignore[misc]
        for act in work:
            _twice(doers, act, at_once=how == "at once")
        with one.store.read() as reader:
            assert reader.mirror.count(Actual) == CONTRACTS
            assert len(reader.decisions.of([actual.id for actual in reader.mirror.all(Actual)])) == CONTRACTS
    assert sent_once(waiting)
    # Not because finance refused the second one: there was none.
    assert creations(waiting) == CONTRACTS
    assert {invoice["push"] for invoice in waiting.invoices()} == {"accepted"}


def creations(project: Project) -> int:
    """How many documents finance was told to make."""
    return sum(entry["method"] == "POST" and "/finance/" in str(entry["path"]) for entry in project.server.requests())


def test_the_invoice_of_a_living_worker_is_left_alone(waiting: Project, url: str) -> None:
    """Its claim holds as long as its lease; when that has ended, another worker takes the invoice over at once."""
    with shop_of(waiting) as shop:
        with shop.store.begin() as tx:
            tx.leases.keep_worker("worker-a", "proforma 1@there", 60)
            row = tx.outbox.all()[0]
            assert tx.outbox.claim(row.invoice_id, "worker-a", datetime.now(UTC), 900) is not None
        push = shop.push_to("rest", worker="worker-b")
        left = push.one(row.invoice_id)
        assert left is not None
        assert (left.push, creations(waiting)) == (PushStatus.QUEUED, 0)
        with shop.store.begin() as tx:
            tx.leases.forget_worker("worker-a")
        taken = push.one(row.invoice_id)
        assert taken is not None
        assert (taken.push, creations(waiting), push.one(row.invoice_id)) == (PushStatus.ACCEPTED, 1, None)


def test_a_worker_overtaken_before_its_first_byte_sends_nothing(waiting: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-84: frozen between its commit and its first byte, while another one has claimed the invoice."""
    with shop_of(waiting) as shop:
        require = Delivery._require_lease

        def overtaken(self: Delivery, row: OutboxRow) -> None:
            with shop.store.begin() as tx:
                assert tx.outbox.claim(row.invoice_id, "worker-b", datetime.now(UTC), 900, take_over=True) is not None
            require(self, row)

        monkeypatch.setattr(Delivery, "_require_lease", overtaken)
        with shop.store.read() as reader:
            invoice = reader.outbox.all()[0].invoice_id
        pushed = shop.push_to("rest", worker="worker-a").one(invoice)
        assert pushed is not None
        assert (pushed.push, creations(waiting)) == (PushStatus.SENDING, 0)


def _twice(doers: list[Jobs], act: Callable[[Jobs], None], *, at_once: bool) -> None:
    """A job done by two; the one that finds the other at it may say so."""
    ready = threading.Barrier(2 if at_once else 1)

    def one(doer: Jobs) -> None:
        ready.wait(timeout=60)
        with suppress(UnfinishedError) if at_once else nullcontext():
            act(doer)

    with ThreadPoolExecutor(2 if at_once else 1) as pool:
        list(pool.map(one, doers))


def test_every_actual_is_in_one_span_of_contracts(waiting: Project, url: str) -> None:
    """However many parts there are, and also for rows without a contract."""
    with Store.open(url) as store, store.read() as reader:
        for parts in (1, 5, CONTRACTS, 100):
            spans = reader.mirror.contract_spans(parts)
            found = [line for span in spans for line in reader.mirror.lines(Actual, Lines(["id"]), 10_000, contracts=span)]
            assert sorted(found) == sorted(actual.id for actual in reader.mirror.all(Actual))
            assert len(spans) <= parts
        assert (spans[0].first, spans[-1].last) == (None, None)
        assert ContractSpan(None, None) not in spans


def test_a_push_alone_waits_for_workers(waiting: Project, url: str) -> None:
    """While workers push, whoever wants to push alone is told so, and the other way round."""
    with Store.open(url) as store:
        with store.shared_lock("push"), store.shared_lock("push"):
            answer = waiting.start_and_wait("push")
            assert (answer.code, "the stage push is already under way" in answer.err) == (3, True)
        with store.stage_lock("push"), pytest.raises(UnfinishedError, match="already under way"), store.shared_lock("push"):
            pass


def test_a_backfill_is_read_by_workers(waiting: Project, url: str) -> None:
    """Left to them with `--defer`, its run ends with the last part."""
    days = ("--from", "2020-01-01", "--to", "2030-12-31", "--chunk", "year", "--by", "createdon")
    begun = waiting.run("backfill", "actual", *days, "--defer")
    assert (begun.code, begun.json["deferred"]) == (0, 11)
    run = str(begun.json["run"])
    assert waiting.run("runs", "show", run).json["outcome"] == "deferred"
    done = waiting.start_and_wait("worker", "--until-idle")
    assert done.code == 0, done.err
    shown = waiting.run("runs", "show", run).json
    assert (shown["outcome"], shown["counts"]) == ("done", {"parts": 11, "quarantined": 0, "rows": CONTRACTS})


def test_a_job_that_another_worker_has_ended_is_no_fault(waiting: Project, queue: JobQueue) -> None:
    """Taken for lost and done elsewhere while its own worker was still at it: that one goes on with the next one, silently."""
    names = queue.put(push_jobs(waiting))
    worker = waiting.start("worker", "--jobs", "1", "--until-idle")
    until(lambda: len(waiting.server.documents()) >= 2)

    def take_away() -> bool:
        with queue._engine.begin() as connection:
            return connection.exec_driver_sql("DELETE FROM procrastinate_jobs WHERE status = 'doing'").rowcount == 1

    until(take_away)
    said = worker.communicate(timeout=60)[1]
    assert (worker.returncode, said) == (0, "")
    assert queue.unfinished(names) == 0
    assert sent_once(waiting)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers make no pauses between their attempts at a job."""
    monkeypatch.setattr("proforma.service.worker._PAUSE_SECONDS", 0)


def refuse(project: Project, path: str) -> None:
    project.server.faults([{"match": {"path": path}, "times": 10_000, "action": {"status": 401}}])


@pytest.mark.usefixtures("impatient")
def test_a_job_that_is_given_up_is_told_in_a_sentence(waiting: Project, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """After six attempts: what, where and what to do, without a traceback; the run that waited for it ends with the same cause."""
    refuse(waiting, "/finance/")
    said: list[str] = []

    def unfinished(names: list[str]) -> int:
        said.append(waiting.run("worker", "--until-idle").err)
        return JobQueue.unfinished(queue, names)

    monkeypatch.setattr(queue, "unfinished", unfinished)
    with shop_of(waiting) as shop, pytest.raises(UnfinishedError, match=rf"{CONTRACTS} pushes were given up by the workers"):
        SharedCycle(shop, queue).run(as_of=date(2026, 3, 31), stages=["push"])
    lines = "".join(said).splitlines()
    assert len(lines) == CONTRACTS
    what, todo = r"was given up after 6 attempts: [A-Z]+ http://\S+/finance/\S*: .*401", r"\(renew the secret, .*`proforma doctor`\)"
    assert [line for line in lines if not re.search(rf"the job 'push [0-9a-f-]{{36}}' {what}.*{todo}", line)] == []
    (run,) = [run for run in waiting.run("runs", "list").json["runs"] if run["kind"] == "shared"]
    cause = waiting.run("runs", "show", str(run["id"])).json["cause"]
    assert (cause["code"], cause["side"]) == ("sign-in-refused", "finance")
    conditions = waiting.run("status").json["conditions"]
    assert [(each["subject"], each["cause"]) for each in conditions if each["kind"] == "run-failing"] == [("shared", "sign-in-refused")]


@pytest.mark.usefixtures("impatient")
def test_a_part_that_is_given_up_leaves_its_backfill_to_be_called_again(waiting: Project) -> None:
    """The run says that it is unfinished and why each part was left; called again, it reads what is left and is done."""
    days = ("--from", "2026-01-01", "--to", "2026-12-31", "--chunk", "quarter", "--by", "createdon", "--defer")
    run = str(waiting.run("backfill", "actual", *days).json["run"])
    refuse(waiting, "/api/data/")
    said = ""
    for _ in range(24):
        # A job that is tried again may be due a moment after the worker has found nothing to do: the next one goes on with it.
        if said.count("was given up") < 4:
            said += waiting.run("worker", "--until-idle").err
    assert said.count("call `proforma backfill` with the same days again") == said.count("was given up after 6 attempts") == 4
    left = waiting.run("runs", "show", run).json
    assert (left["outcome"], left["counts"]["left"], {part["state"] for part in left["parts"]}) == ("unfinished", 4, {"failed"})
    waiting.server.faults([])
    assert str(waiting.run("backfill", "actual", *days).json["run"]) == run
    assert waiting.run("worker", "--until-idle").code == 0
    assert waiting.run("runs", "show", run).json["outcome"] == "done"


def test_a_living_worker_that_was_struck_out_is_entered_again(queue: JobQueue) -> None:
    """The engine strikes out who was silent for too long; a job could not be given to such a one any more."""
    asked = "SELECT id, last_heartbeat > clock_timestamp() - interval '1 minute' FROM procrastinate_workers"
    found = []
    for change in ("DELETE FROM procrastinate_workers", "UPDATE procrastinate_workers SET last_heartbeat = '2026-01-01'"):
        with queue._engine.begin() as connection:
            connection.exec_driver_sql(change)
        queue.show_alive(7)
        with queue._engine.begin() as connection:
            found += [tuple(row) for row in connection.exec_driver_sql(asked)]
    assert found == [(7, True), (7, True)]


def test_a_worker_without_its_queue_says_so(waiting: Project, queue: JobQueue) -> None:
    """It ends with 3, so that whoever watches it starts it again; nothing is told as a fault of the program."""
    worker = waiting.start("worker")
    with shop_of(waiting) as shop:
        until(lambda: _lives(shop))
    with queue._engine.begin() as connection:
        connection.exec_driver_sql("ALTER SCHEMA proforma_jobs RENAME TO lost")
    said = worker.communicate(timeout=60)[1]
    assert worker.returncode == 3
    assert "error: the worker cannot go on, its queue of jobs was lost" in said
    assert "bug" not in said


def _lives(shop: Workshop) -> bool:
    with shop.store.read() as reader:
        return reader.leases.workers() != []


def test_a_queue_of_another_version_is_not_used(waiting: Project, queue: JobQueue) -> None:
    """Its tables may differ; made anew it is empty, and what it held is queued again by the next tick."""
    queue.put(push_jobs(waiting))
    with queue._engine.begin() as connection:
        connection.exec_driver_sql("COMMENT ON SCHEMA proforma_jobs IS '2.0.0'")
    answer = waiting.run("worker", "--until-idle")
    assert (answer.code, "procrastinate 2.0.0 made the queue" in answer.err) == (2, True)
    queue.prepare(reset=True)
    assert queue.unfinished(job.name for job in push_jobs(waiting)) == 0


def test_workers_need_postgresql(project: Project) -> None:
    """A SQLite store is for one machine: what to do instead is told, for the worker, the deferring daemon and backfill."""
    for words in (("worker",), ("daemon", "--defer"), ("backfill", "actual", "--from", "2026-01-01", "--to", "2026-01-31", "--defer")):
        answer = project.run(*words)
        assert (answer.code, answer.out) == (2, "")
        assert "workers need a store in PostgreSQL, and this one is a SQLite file (move it with `proforma store copy" in answer.err


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed without `postgres`, the program says which extra brings the engine."""
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    with pytest.raises(ConfigurationError, match=r"procrastinate is not installed, and workers need it .*extra `postgres`"):
        require_postgresql("postgresql+psycopg://localhost/x")
