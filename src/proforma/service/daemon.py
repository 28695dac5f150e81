"""The long-running process: ticks by the schedule until it is asked to stop, watched from outside by probes and by systemd."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from proforma.domain.errors import UnfinishedError
from proforma.service.alerts import Alerter
from proforma.service.health import Health, HealthServer, Probes
from proforma.service.jobs import Job
from proforma.service.leadership import Leadership
from proforma.service.metrics import Metrics
from proforma.service.notify import ALIVE, READY, STOPPING, Notifier
from proforma.service.plan import Plan
from proforma.service.ticker import Ticker, Work
from proforma.service.watch import Watch
from proforma.settings import Configuration
from proforma.store import Store
from proforma.store.processes import this_process

__all__ = ["DRAIN_SECONDS", "Daemon", "Means", "Plan"]

log = logging.getLogger(__name__)

#: How long the work under way may go on after the first signal.
DRAIN_SECONDS: Final = 30.0
_HEARTBEAT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a daemon works with."""

    configuration: Configuration
    store: Store
    work: Work
    metrics: Metrics
    alerter: Alerter
    notifier: Notifier
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Daemon:
    """Ticks its jobs while it holds the lease on scheduling. One job never overlaps itself."""

    def __init__(self, plan: Plan, means: Means) -> None:
        self._plan = plan
        self._means = means
        self._stop = threading.Event()
        self._signals = 0
        lease_seconds = plan.schedule.lease_seconds
        self._leadership = Leadership(means.store, str(this_process()), on_gain=self._catch_up, lease_seconds=lease_seconds)
        self._ticker = Ticker(
            plan=plan,
            store=means.store,
            configuration=means.configuration,
            work=means.work,
            lease=lambda: self._leadership.lease,
            stopping=self._stop.is_set,
            now=means.now,
        )
        self._watch = Watch(
            plan=plan,
            settings=means.configuration.monitoring,
            store=means.store,
            metrics=means.metrics,
            alerter=means.alerter,
            leads=lambda: self._leadership.lease is not None,
            now=means.now,
        )
        self._scheduler = BackgroundScheduler(timezone=UTC)
        for job in plan.jobs:
            self._scheduler.add_job(self._tick, job.trigger, [job], id=job.name, coalesce=True, misfire_grace_time=None, max_instances=1)

    def run(self) -> bool:
        """Blocks until the first SIGTERM or Ctrl-C, lets the work under way end, and gives whether it did within `DRAIN_SECONDS`.

        A second signal ends the process at once, with 128 and the signal's number: every commit is whole, so the next start goes on
        from there. Raises UnfinishedError when the thread that keeps the lease has died: somebody should start the daemon anew.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        server = self._serve()
        self._scheduler.start()
        self._leadership.start()
        self._watch.start()
        self._means.notifier.tell(READY, "STATUS=runs by its schedule")
        try:
            while not self._stop.wait(_HEARTBEAT_SECONDS):
                self._beat()
        finally:
            self._means.notifier.tell(STOPPING, "STATUS=ends after the stage under way")
            drained = self._drain()
            self._leadership.stop()
            self._watch.stop()
            if server is not None:
                server.stop()
        return drained

    def stop(self) -> None:
        """Ends `run` after the stage under way."""
        self._stop.set()

    def _beat(self) -> None:
        if not self._leadership.is_alive:
            raise UnfinishedError("the thread that keeps the lease has died", hint="start the daemon anew, and report the log above")
        self._means.notifier.tell(ALIVE)

    def _serve(self) -> HealthServer | None:
        address = self._means.configuration.monitoring.address
        if address is None:
            return None
        try:
            server = HealthServer(address, Probes(live=self._live, ready=self._ready, metrics=self._watch.page))
        except OSError as fault:
            # Several daemons on one machine: the work is worth more than the figures.
            message = "health and metrics are not served at %s: %s; set monitoring.listen"
            log.warning(message, self._means.configuration.monitoring.listen, fault.strerror, extra={"event": "not_served"})
            return None
        server.start()
        return server

    def _live(self) -> Health:
        return Health(checks={"lease": "ok" if self._leadership.is_alive else "the thread that keeps the lease has died"})

    def _ready(self) -> Health:
        """Whether it works or could take over at once."""
        reading = self._watch.read()
        unusable = [condition.message for condition in reading.conditions if condition.kind == "store-unusable"]
        return Health(
            checks={
                "store": unusable[0] if unusable else "ok",
                "lease": "ok" if self._leadership.has_asked else "the lease could not be asked for yet",
                "stopping": "the daemon is ending" if self._stop.is_set() else "ok",
            }
        )

    def _drain(self) -> bool:
        waiting = threading.Thread(target=self._scheduler.shutdown, daemon=True)
        waiting.start()
        waiting.join(DRAIN_SECONDS)
        return not waiting.is_alive()

    def _asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            # Threads of the stage under way would keep an orderly end waiting; what they have committed is whole.
            sys.stdout.flush()
            os._exit(128 + number)
        log.warning("stopping after the stage under way; a second signal stops at once")
        self.stop()

    def _catch_up(self) -> None:
        """A daemon that has just become the one that schedules runs what came due meanwhile."""
        for job in self._plan.jobs:
            self._scheduler.modify_job(job.name, next_run_time=datetime.now(UTC))

    def _tick(self, job: Job) -> None:
        if (ticked := self._ticker.tick(job)) is not None:
            self._watch.ticked(ticked)
