"""Runs the jobs of a schedule until it is asked to stop; each tick once, whichever of several daemons on the store runs it."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from proforma.domain.errors import ProformaError
from proforma.service.jobs import Job
from proforma.service.leadership import Leadership
from proforma.settings import ScheduleSettings, Stage
from proforma.store import Lease, Store, Tick
from proforma.store.processes import this_process
from proforma.transport.errors import TransportError

log = logging.getLogger(__name__)

#: How long the work under way may go on after the first signal.
DRAIN_SECONDS: Final = 30.0
_KEEP_TICKS: Final = timedelta(days=35)

#: Runs these stages; the second argument is asked before each stage whether to go on.
Work = Callable[[tuple[Stage, ...], Callable[[], bool]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a daemon has to do and when it may."""

    jobs: Sequence[Job]
    schedule: ScheduleSettings
    zone: ZoneInfo

    def open_stages(self, job: Job, at: datetime) -> tuple[Stage, ...]:
        """The stages of the job that no blackout covers."""
        closed = {stage for window in self.schedule.blackouts if window.covers(at, self.zone) for stage in window.stages}
        return tuple(stage for stage in job.stages if stage not in closed)


class Daemon:
    """Ticks its jobs while it holds the lease on scheduling. Late ticks melt into one, and one job never overlaps itself."""

    def __init__(self, plan: Plan, store: Store, work: Work, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._plan = plan
        self._store = store
        self._work = work
        self._now = now
        self._stop = threading.Event()
        self._signals = 0
        self._leadership = Leadership(store, str(this_process()), on_gain=self._catch_up, lease_seconds=plan.schedule.lease_seconds)
        self._scheduler = BackgroundScheduler(timezone=UTC)
        for job in plan.jobs:
            self._scheduler.add_job(self._tick, job.trigger, [job], id=job.name, coalesce=True, misfire_grace_time=None, max_instances=1)

    def run(self) -> bool:
        """Blocks until the first SIGTERM or Ctrl-C, lets the work under way end, and gives whether it did within `DRAIN_SECONDS`.

        A second signal ends the process at once: every commit is whole, so the next start goes on from there.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        self._scheduler.start()
        self._leadership.start()
        while not self._stop.wait(1.0):
            pass
        drained = self._drain()
        self._leadership.stop()
        return drained

    def stop(self) -> None:
        """Ends `run` after the stage under way."""
        self._stop.set()

    def _drain(self) -> bool:
        waiting = threading.Thread(target=self._scheduler.shutdown, daemon=True)
        waiting.start()
        waiting.join(DRAIN_SECONDS)
        return not waiting.is_alive()

    def _asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            raise SystemExit(128 + number)
        log.warning("stopping after the stage under way; a second signal stops at once")
        self.stop()

    def _catch_up(self) -> None:
        """A daemon that has just become the one that schedules runs what came due meanwhile."""
        for job in self._plan.jobs:
            self._scheduler.modify_job(job.name, next_run_time=self._now())

    def _tick(self, job: Job) -> None:
        try:
            self._run_due(job)
        except ProformaError as fault:
            # The store: without it nothing is known, not even whether the tick was run.
            log.error("the tick of %s could not begin: %s", job.name, fault, extra={"event": "tick_failed", "job": job.name})

    def _run_due(self, job: Job) -> None:
        lease, now = self._leadership.lease, self._now()
        if lease is None or self._stop.is_set():
            return
        stages = self._plan.open_stages(job, now)
        if not stages:
            log.info("%s does not run now: a blackout covers it", job.name, extra={"event": "blackout", "job": job.name})
            return
        at = self._begin(job, now, lease)
        if at is None:
            return
        outcome = self._outcome(job, stages)
        with self._store.begin() as tx:
            tx.leases.finish_tick(job.name, at, lease, outcome)
            tx.leases.forget_ticks(now - _KEEP_TICKS)

    def _begin(self, job: Job, now: datetime, lease: Lease) -> datetime | None:
        """The tick that is due, begun; None when there is none or another process has begun it."""
        with self._store.begin() as tx:
            at = _due(job, tx.leases.last_tick(job.name), now, lease)
            return at if at is not None and tx.leases.begin_tick(job.name, at, lease) else None

    def _outcome(self, job: Job, stages: tuple[Stage, ...]) -> str:
        try:
            self._work(stages, lambda: not self._stop.is_set() and self._leadership.lease is not None)
        except (ProformaError, TransportError) as fault:
            # Everything committed so far stays; the next tick goes on from there.
            log.error("%s did not finish: %s", job.name, fault, extra={"event": "tick_failed", "job": job.name})
            return f"failed: {type(fault).__name__}"
        return "done"


def _due(job: Job, last: Tick | None, now: datetime, lease: Lease) -> datetime | None:
    """The newest tick since the last one; that one again when its process died and no newer one is due."""
    newest = job.due(last.at if last else None, now)
    died = last is not None and last.outcome is None and last.epoch < lease.epoch
    return last.at if newest is None and died and last is not None else newest
