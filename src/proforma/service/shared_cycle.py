"""A cycle whose work is done by workers: the daemon that schedules puts jobs into the queue and waits for them, stage by stage."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Final

from proforma.domain.errors import UnfinishedError
from proforma.service.job_queue import BACKFILL, PRICE, PULL, PUSH, JobOf, JobQueue
from proforma.settings import Stage
from proforma.store import Backfill, PartState
from proforma.sync.causes import Cause, ToldError, cause_of
from proforma.sync.cycle import draft_due, left_over
from proforma.sync.price import begin_parts, complete_parts, price
from proforma.sync.routes import Routes
from proforma.sync.workshop import Workshop

log = logging.getLogger(__name__)

#: Parts of the pricing: enough that four workers with two jobs each have something to do.
PRICE_PARTS: Final = 8
_LOOK_SECONDS: Final = 0.25
_REMIND_SECONDS: Final = 60.0


class SharedCycle:
    """One cycle. `go_on` is asked while it waits: False ends the waiting, and the jobs are done all the same."""

    def __init__(self, workshop: Workshop, queue: JobQueue, *, go_on: Callable[[], bool] = lambda: True) -> None:
        self._workshop = workshop
        self._queue = queue
        self._go_on = go_on
        self.counts: dict[str, int] = {}

    def run(self, *, as_of: date, stages: Collection[Stage]) -> None:
        """Has each stage done by workers, one after the other, and keeps a record of the run.

        Raises UnfinishedError when jobs were given up, or when it is to end before they are done.
        """
        store = self._workshop.store
        with store.stage_lock("shared"):
            with store.begin() as tx:
                run_id = tx.runs.start("shared", self._workshop.now())
            outcome = "done"
            try:
                self._stages(as_of, stages)
                self.counts |= left_over(self._workshop, as_of)
            except BaseException as fault:
                outcome = cause_of(fault, self._workshop.configuration).outcome
                raise
            finally:
                with store.begin() as tx:
                    tx.runs.finish(run_id, self._workshop.now(), outcome, self.counts)

    def _stages(self, as_of: date, stages: Collection[Stage]) -> None:
        workshop = self._workshop
        if "pull" in stages:
            for wave in workshop.pull().waves():
                self._have_done("pulls", [JobOf(PULL, {"entity": entity}, f"pull {entity}") for entity in wave])
        if "price" in stages:
            self._price()
        if "pull" in stages or "price" in stages:
            # After pricing: work that has only just come must not be told as work without a price.
            workshop.desk.flag_changed_sources()
        if "draft" in stages:
            taken_over, drafted, confirmed = draft_due(workshop, as_of)
            self.counts |= {"taken_over": len(taken_over.invoices), "drafted": len(drafted.invoices), "confirmed": len(confirmed.invoices)}
        if "push" in stages:
            self._push()

    def _price(self) -> None:
        workshop = self._workshop
        policy = workshop.configuration.pricing
        parts = begin_parts(workshop.store, policy)
        if parts is None:
            self.counts["priced"] = sum(batch.changed for batch in price(workshop.store, policy, now=workshop.now))
            return
        with workshop.store.read() as reader:
            spans = reader.mirror.contract_spans(PRICE_PARTS)
        jobs = [
            JobOf(PRICE, {"first": span.first, "last": span.last, "book": parts.fingerprint}, f"price {span.first}..{span.last}")
            for span in spans
        ]
        self._have_done("prices", jobs)
        complete_parts(workshop.store, parts)

    def _push(self) -> None:
        workshop = self._workshop
        Routes(workshop.configuration.finance).apply(workshop.store)
        for name in workshop.sent_to:
            due = workshop.push_to(name).due()
            self._have_done("pushes", [JobOf(PUSH, {"target": name, "invoice": invoice}, f"push {invoice}") for invoice in due])
            # By itself: it asks what became of documents, and sends none.
            list(workshop.follow(name).run())
        list(workshop.write_back().run())

    def _have_done(self, what: str, jobs: Sequence[JobOf]) -> None:
        names = self._queue.put(jobs)
        self.counts[what] = self.counts.get(what, 0) + len(names)
        reminded = time.monotonic()
        while left := self._queue.unfinished(names):
            if not self._go_on():
                raise UnfinishedError(f"{left} {what} are left to the workers", hint="the next tick goes on")
            if time.monotonic() - reminded > _REMIND_SECONDS:
                reminded = time.monotonic()
                self._remind(what, left)
            time.sleep(_LOOK_SECONDS)
        if failed := self._queue.take_failed(names):
            raise _given_up(what, failed)

    def _remind(self, what: str, left: int) -> None:
        with self._workshop.store.read() as reader:
            alive = sum(lease.left_seconds > 0 for lease in reader.leases.workers())
        if not alive:
            log.warning("%d %s wait and no worker runs: start `proforma worker`", left, what, extra={"event": "no_worker", "left": left})


def _given_up(what: str, failed: Mapping[str, str | None]) -> UnfinishedError:
    """What the run ends with: with the cause that the workers told, so that status, metrics and alerts name it like any other run's."""
    causes = {name: Cause.of_outcome(outcome) for name, outcome in sorted(failed.items()) if outcome}
    name, cause = next(iter(causes.items()), (min(failed), None))
    head = f"{len(failed)} {what} were given up by the workers, the first is {name!r}"
    if cause is None:
        return UnfinishedError(head, hint="the log of the workers says why; the next tick tries again")
    return ToldError(f"{head}: {cause.message}", cause=cause)


def backfill_jobs(workshop: Workshop, backfill: Backfill) -> list[JobOf]:
    """A job for each part of a backfill that is left."""
    with workshop.store.read() as reader:
        left = [part for part in reader.backfills.parts(backfill.run_id) if part.state is not PartState.DONE]
    return [JobOf(BACKFILL, {"run": part.run_id, "part": part.number}, f"backfill {part.run_id}/{part.number}") for part in left]
