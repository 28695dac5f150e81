"""Runs one tick of a job, once, whichever of several daemons on the store runs it, and tells how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from proforma.service.jobs import Job
from proforma.service.plan import Plan
from proforma.settings import Configuration, Stage
from proforma.store import Lease, Store, Tick
from proforma.sync.causes import Cause, cause_of

log = logging.getLogger(__name__)

_KEEP_TICKS: Final = timedelta(days=35)

Outcome = Literal["done", "attention", "stopped", "failed", "blackout"]
#: Runs these stages and answers "done", "attention" or "stopped"; the second argument is asked before each stage whether to go on.
Work = Callable[[tuple[Stage, ...], Callable[[], bool]], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """How a tick ended. `cause`: why, when it failed. `begun` False: the store did not let it begin."""

    job: str
    outcome: Outcome
    cause: Cause | None = None
    begun: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """What a tick needs. `lease` gives the lease on scheduling while it is surely ours, `stopping` whether the daemon is ending."""

    plan: Plan
    store: Store
    configuration: Configuration
    work: Work
    lease: Callable[[], Lease | None]
    stopping: Callable[[], bool]
    now: Callable[[], datetime]

    def tick(self, job: Job) -> Ticked | None:
        """Runs the tick that is due; None when there is none, or it is not ours. Late ticks melt into one. Raises nothing."""
        try:
            return self._run_due(job)
        except Exception as fault:
            # The store: without it nothing is known, not even whether the tick was run.
            cause = cause_of(fault, self.configuration)
            fields = {"event": "tick_failed", "job": job.name, "cause": cause.code}
            log.error("the tick of %s could not begin or end: %s", job.name, fault, extra=fields, exc_info=_unknown(cause))
            return Ticked(job=job.name, outcome="failed", cause=cause, begun=False)

    def _run_due(self, job: Job) -> Ticked | None:
        lease, now = self.lease(), self.now()
        if lease is None or self.stopping():
            return None
        stages = self.plan.open_stages(job, now)
        if not stages:
            log.info("%s does not run now: a blackout covers it", job.name, extra={"event": "blackout", "job": job.name})
            return Ticked(job=job.name, outcome="blackout")
        at = self._begin(job, now, lease)
        if at is None:
            return None
        ticked = self._ticked(job, stages)
        if ticked.outcome == "stopped":
            # Unfinished: whoever schedules next runs this tick again.
            return ticked
        with self.store.begin() as tx:
            tx.leases.finish_tick(job.name, at, lease, f"failed: {ticked.cause.code}" if ticked.cause else "done")
            tx.leases.forget_ticks(now - _KEEP_TICKS)
        return ticked

    def _begin(self, job: Job, now: datetime, lease: Lease) -> datetime | None:
        """The tick that is due, begun; None when there is none or another process has begun it."""
        with self.store.begin() as tx:
            at = _due(job, tx.leases.last_tick(job.name), now, lease)
            return at if at is not None and tx.leases.begin_tick(job.name, at, lease) else None

    def _ticked(self, job: Job, stages: tuple[Stage, ...]) -> Ticked:
        try:
            outcome = self.work(stages, lambda: not self.stopping() and self.lease() is not None)
        except Exception as fault:
            # Everything committed so far stays; the next tick goes on from there.
            cause = cause_of(fault, self.configuration)
            fields = {"event": "tick_failed", "job": job.name, "cause": cause.code, "side": cause.side}
            log.error("%s did not finish: %s", job.name, fault, extra=fields, exc_info=_unknown(cause))
            return Ticked(job=job.name, outcome="failed", cause=cause)
        return Ticked(job=job.name, outcome=outcome)


def _unknown(cause: Cause) -> bool:
    """Whether the log should say where in the program it happened."""
    return cause.code == "bug"


def _due(job: Job, last: Tick | None, now: datetime, lease: Lease) -> datetime | None:
    """The newest tick since the last one; that one again when its process died and no newer one is due."""
    newest = job.due(last.at if last else None, now)
    died = last is not None and last.outcome is None and last.epoch < lease.epoch
    return last.at if newest is None and died and last is not None else newest
