"""A worker: takes jobs from the queue and does them, beside others on other machines.

It keeps a lease of its own. When that ends, because the process died or was frozen, the others take over what it held: its sessions are
ended, its jobs go back into the queue, its claims on invoices count for nothing. A worker that finds its own lease ended stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from proforma.domain.errors import ProformaError, UnfinishedError
from proforma.domain.ids import Guid, InvoiceId
from proforma.service.attempts import Attempts, quieten_engine
from proforma.service.job_queue import BACKFILL, PRICE, PULL, PUSH, JobQueue, jobs_app
from proforma.store import ContractSpan
from proforma.store.leases import WORKER_PREFIX
from proforma.store.processes import this_process
from proforma.sync.price import price_part
from proforma.sync.workshop import Workshop, store_url
from proforma.transport.errors import TransportError
from proforma.transport.redaction import redact

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.jobs import Job

    from proforma.service.worker_jobs import WorkerJobs
    from proforma.settings import Configuration

log = logging.getLogger(__name__)

#: Attempts at a job whose other side was away, and the first pause in seconds, which doubles.
_ATTEMPTS: Final = 6
_PAUSE_SECONDS: Final = 2
#: How long the jobs under way may go on after a signal.
DRAIN_SECONDS: Final = 30
#: Exit code of a worker that others took for dead.
OVERTAKEN: Final = 3


class Worker:
    """One process of workers. `jobs_at_once`: how many jobs it does at the same time."""

    def __init__(self, configuration: Configuration, *, now: Callable[[], datetime], by: str, jobs_at_once: int = 2) -> None:
        self._configuration = configuration
        self._now = now
        self._by = by
        self._jobs_at_once = jobs_at_once
        #: Without a sign of life for so long a worker is taken for dead; it shows and looks for one four times as often.
        self._dead_after = configuration.schedule.lease_seconds
        self._beat = self._dead_after / 4
        self._name = f"{WORKER_PREFIX}{secrets.token_hex(6)}"
        self._stopping = threading.Event()

    def run(self, *, until_idle: bool = False, reset_queue: bool = False) -> None:
        """Works until SIGTERM or Ctrl-C, or until the queue is empty; a second signal stops at once.

        Raises ConfigurationError when the store is no PostgreSQL.
        """
        url = store_url(self._configuration)
        queue = JobQueue(url)
        with contextlib.closing(queue), Workshop(self._configuration, now=self._now, by=self._by) as workshop:
            # Opened first: the queue's tables may only join those of a store.
            store = workshop.store
            queue.prepare(reset=reset_queue)
            with store.begin() as tx:
                tx.leases.keep_worker(self._name, str(this_process()), self._dead_after)
            from proforma.service.worker_jobs import WorkerJobs

            app = jobs_app(url, asynchronous=True)
            app.job_manager = book = WorkerJobs(app.connector)
            self._declare(app, workshop, queue)
            quieten_engine(self._name)
            beat = threading.Thread(target=self._keep_alive, args=[workshop, lambda: _show_alive(queue, book)], name="pulse", daemon=True)
            beat.start()
            try:
                asyncio.run(self._serve(app, workshop, until_idle=until_idle))
            finally:
                self._stopping.set()
                beat.join()
                with store.begin() as tx:
                    tx.leases.forget_worker(self._name)

    async def _serve(self, app: App, workshop: Workshop, *, until_idle: bool) -> None:
        from procrastinate.exceptions import ConnectorException

        async with app.open_async():
            sweeping = asyncio.create_task(self._sweep(app, workshop))
            serving = app.run_worker_async(
                name=self._name,
                concurrency=self._jobs_at_once,
                wait=not until_idle,
                fetch_job_polling_interval=self._beat,
                update_heartbeat_interval=self._beat,
                stalled_worker_timeout=self._dead_after,
                shutdown_graceful_timeout=DRAIN_SECONDS,
                install_signal_handlers=False,
                delete_jobs="successful",
            )
            try:
                asked_to_end = await _until_signal(asyncio.create_task(serving))
            except ConnectorException as fault:
                raise _cut_off(fault.__cause__ or fault) from fault
            finally:
                sweeping.cancel()
                await asyncio.wait([sweeping])
        if not (asked_to_end or until_idle):
            raise _cut_off("the log above says why")

    def _declare(self, app: App, workshop: Workshop, queue: JobQueue) -> None:
        """The tasks. Each is safe to run twice, at once or one after the other."""
        from procrastinate import RetryStrategy

        # The engine counts how often it tries again.
        again = _ATTEMPTS - 1
        retry = RetryStrategy(max_attempts=again, exponential_wait=_PAUSE_SECONDS, retry_exceptions=[TransportError, UnfinishedError])
        jobs = Jobs(workshop, self._name)
        attempts = Attempts(self._configuration, queue, retry, given_up=jobs.given_up)
        for name, work in ((PULL, jobs.pull), (BACKFILL, jobs.backfill), (PRICE, jobs.price), (PUSH, jobs.push)):
            app.task(name=name, retry=retry, pass_context=True)(attempts.told(work))

    async def _sweep(self, app: App, workshop: Workshop) -> None:
        """Takes over what dead and frozen workers left."""
        while True:
            try:
                await asyncio.to_thread(_bury, workshop)
                for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._dead_after):
                    log.warning(
                        "job %s goes back into the queue: its worker is gone", job.lock, extra={"event": "stalled", "job": job.lock}
                    )
                    await app.job_manager.retry_job(job)
            except Exception as fault:  # noqa: BLE001 - the database may be away; the next look comes soon
                log.warning("the look for dead workers failed: %s", fault, extra={"event": "sweep_failed"})
            await asyncio.sleep(self._beat)

    def _keep_alive(self, workshop: Workshop, show_alive: Callable[[], None]) -> None:
        """Renews the lease, and the engine's own sign of life with it: both must say the same of a worker whose jobs keep it busy."""
        until = time.monotonic() + self._dead_after
        while not self._stopping.wait(self._beat):
            asked = time.monotonic()
            alive = asked < until
            try:
                with workshop.store.begin() as tx:
                    alive = alive and tx.leases.keep_worker(self._name, str(this_process()), self._dead_after)
                until = asked + self._dead_after if alive else until
                show_alive()
            except ProformaError as fault:
                log.warning("this worker could not show that it lives: %s", fault, extra={"event": "pulse_failed"})
            if not alive and not self._stopping.is_set():
                # What it has begun is no longer its own; every commit is whole, so it may end like this.
                log.error("this worker was taken for dead and stops", extra={"event": "overtaken"})
                os._exit(OVERTAKEN)


async def _until_signal(serving: asyncio.Task[None]) -> bool:
    """Waits for the end, and answers whether a signal asked for it.

    The first signal lets the jobs under way end, for so long as they may, the second ends the process at once.
    """
    signals = 0

    def asked(number: int) -> None:
        nonlocal signals
        signals += 1
        if signals > 1:
            os._exit(128 + number)
        log.warning("stopping after the jobs under way; a second signal stops at once")
        serving.cancel()
        # A thread cannot be ended from outside. Every commit is whole, and what is left of the job is taken over.
        loop.call_later(DRAIN_SECONDS + 1, os._exit, 0)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    return signals > 0


def _show_alive(queue: JobQueue, book: WorkerJobs) -> None:
    if (worker_id := book.worker_id) is not None:
        queue.show_alive(worker_id)


def _cut_off(why: object) -> UnfinishedError:
    hint = "check that the database runs, and start the worker again; nothing is lost or done twice"
    return UnfinishedError(f"the worker cannot go on, its queue of jobs was lost: {redact(str(why)).strip()}", hint=hint)


def _bury(workshop: Workshop) -> None:
    with workshop.store.begin() as tx:
        buried = tx.leases.bury_workers()
    for lease in buried:
        log.warning("a worker is gone: %s", lease.owner, extra={"event": "worker_gone", "worker": lease.owner})


class Jobs:
    """What the tasks do. Several threads share it."""

    def __init__(self, workshop: Workshop, worker: str) -> None:
        self._workshop = workshop
        self._worker = worker
        self._opening = threading.Lock()

    def pull(self, entity: str) -> None:
        """Pulls one entity."""
        with self._opening:
            pull = self._workshop.pull()
        pulled = pull.one(entity)
        log.info("pulled %s: %d rows, %d deleted", entity, pulled.rows, pulled.deleted, extra={"event": "pulled", "entity": entity})

    def backfill(self, run: int, part: int) -> None:
        """Reads one part of a backfill."""
        with self._opening:
            backfills, _ = self._workshop.backfills(), self._workshop.client
        read = backfills.read_part(run, part)
        rows = read.rows if read is not None else 0
        log.info("part %d of run %d: %d rows", part, run, rows, extra={"event": "part_read", "run": run, "part": part})

    def given_up(self, job: Job) -> None:
        """A backfill that lacks a part is left to be called for again; every other job is queued again by the next tick."""
        if job.task_name == BACKFILL:
            self._workshop.backfills().leave(int(str(job.task_kwargs["run"])))

    def price(self, first: str | None, last: str | None, book: str) -> None:
        """Prices the actuals of some contracts."""
        policy = self._workshop.configuration.pricing
        span = ContractSpan(first, last)
        batches = price_part(self._workshop.store, policy, span, fingerprint=book, now=self._workshop.now)
        changed = sum(batch.changed for batch in batches)
        log.info("priced contracts from %s: %d decisions changed", first or "the first", changed, extra={"event": "priced"})

    def push(self, target: str, invoice: str) -> None:
        """Sends one invoice."""
        with self._opening:
            push = self._workshop.push_to(target, worker=self._worker)
        pushed = push.one(InvoiceId(Guid(invoice)))
        if pushed is not None:
            log.info("%s: %s", pushed.number, pushed.push, extra={"event": "pushed", "invoice": invoice})
