"""Runs a cycle every so many minutes until it is asked to stop; a cycle that fails is tried again at the next tick."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from proforma.domain.errors import ProformaError
from proforma.transport.errors import TransportError

log = logging.getLogger(__name__)


class Daemon:
    """Ticks `cycle` at once and then every `every_minutes`. Late ticks melt into one, and two cycles never overlap."""

    def __init__(self, cycle: Callable[[], None], *, every_minutes: int) -> None:
        self._cycle = cycle
        self._stop = threading.Event()
        self._signals = 0
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._tick,
            IntervalTrigger(minutes=every_minutes, timezone=UTC),
            next_run_time=datetime.now(UTC),
            coalesce=True,
            misfire_grace_time=None,
            max_instances=1,
        )

    def run(self) -> None:
        """Blocks until the first SIGTERM or Ctrl-C, lets the running cycle end, and returns; a second signal ends the process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        self._scheduler.start()
        while not self._stop.wait(1.0):
            pass
        self._scheduler.shutdown(wait=True)

    def stop(self) -> None:
        """Ends `run` after the running cycle."""
        self._stop.set()

    def _asked_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            raise SystemExit(128 + number)
        log.warning("stopping after the running cycle; a second signal stops at once")
        self.stop()

    def _tick(self) -> None:
        try:
            self._cycle()
        except (ProformaError, TransportError) as fault:
            # Everything committed so far stays; the next tick goes on from there.
            log.error("the cycle did not finish: %s", fault)
