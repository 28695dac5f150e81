"""Looks at the store after each tick and every minute: what is wrong, who must be told, which old records may go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from proforma.domain.errors import ProformaError
from proforma.service.alerts import Alert, Alerter
from proforma.service.conditions import conditions_of, store_unusable
from proforma.service.metrics import Metrics, Reading
from proforma.service.plan import Plan
from proforma.service.ticker import Ticked
from proforma.settings import MonitoringSettings
from proforma.store import Store
from proforma.sync.causes import Cause
from proforma.sync.status import read_status

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 60.0
_FORGET_EVERY: Final = timedelta(hours=24)


class Watch:
    """One look after the other. `leads`: whether this process schedules; only that one tells people, so that they hear it once."""

    def __init__(
        self,
        *,
        plan: Plan,
        settings: MonitoringSettings,
        store: Store,
        metrics: Metrics,
        alerter: Alerter,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._store = store
        self._metrics = metrics
        self._alerter = alerter
        self._leads = leads
        self._now = now
        #: Why the store did not let the last tick begin or end.
        self._unusable: Cause | None = None
        self._forgot_at: datetime | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="watch", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; a look under way is finished, unless it takes too long."""
        self._stop.set()
        self._wake.set()
        self._thread.join(5.0)

    def ticked(self, ticked: Ticked) -> None:
        """A tick ended: counted, and looked at soon."""
        self._metrics.tally.add("proforma_ticks_total", (ticked.job, ticked.outcome))
        if ticked.outcome != "blackout":
            self._unusable = ticked.cause if not ticked.begun else None
        self._wake.set()

    def look(self) -> list[Alert]:
        """Looks now; answers what people were told."""
        reading = self.read()
        usable = reading.status is not None
        if not (reading.leads or not usable or self._unusable):
            return []
        sent = self._alerter.attend(reading.conditions, complete=usable)
        if usable and self._unusable is None:
            self._forget(reading.at)
        return sent

    def read(self) -> Reading:
        """What the store says at this instant, and what is wrong with it."""
        at = self._now()
        try:
            with self._store.read() as reader:
                status = read_status(reader, at=at)
        except ProformaError as fault:
            reason = getattr(fault, "reason", "store-unreachable")
            found = [store_unusable(str(reason), str(fault))]
            return Reading(at=at, status=None, conditions=found, plan=self._plan, leads=self._leads(), writable=False)
        found = conditions_of(status, self._plan, self._settings)
        if self._unusable is not None:
            found.insert(0, store_unusable(self._unusable.code, self._unusable.message))
        writable = self._unusable is None
        return Reading(at=at, status=status, conditions=found, plan=self._plan, leads=self._leads(), writable=writable)

    def page(self) -> bytes:
        """The page /metrics."""
        return self._metrics.render(self.read())

    def _keep_looking(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(_EVERY_SECONDS)
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                self.look()
            except Exception:  # whoever watches must not die of what it sees
                log.exception("the look at the store failed", extra={"event": "watch_failed"})

    def _forget(self, at: datetime) -> None:
        """Once a day, records of runs past their age."""
        if self._forgot_at is not None and at - self._forgot_at < _FORGET_EVERY:
            return
        try:
            with self._store.begin() as tx:
                gone = tx.runs.forget(at - timedelta(days=self._settings.keep_days))
        except ProformaError as fault:
            log.warning("old records of runs were not removed: %s", fault)
            return
        self._forgot_at = at
        if gone:
            log.info("records of %d runs were removed", gone, extra={"event": "forgot", "runs": gone})
