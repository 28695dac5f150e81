"""The figures of /metrics: what the store says now, and what this process counted since it began.

No label holds an id or a name of a record: only words of closed lists, entities of the mappings, jobs of the schedule.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from proforma import __version__
from proforma.service.conditions import KINDS, Condition
from proforma.service.plan import Plan
from proforma.sync.status import Status

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]
Values = Mapping[Labels, float]


@dataclass(frozen=True, slots=True)
class Description:
    """A metric: its kind, its labels, and what it says. docs/metrics.md is checked against these."""

    kind: Literal["gauge", "counter"]
    labels: Labels
    help: str


def _gauge(help_: str, *labels: str) -> Description:
    return Description("gauge", labels, help_)


def _counter(help_: str, *labels: str) -> Description:
    return Description("counter", labels, help_)


#: Everything that /metrics shows, besides what the Python process itself uses (`process_…`).
METRICS: Final[Mapping[str, Description]] = {
    "proforma_build_info": _gauge("1, with the version as label", "version"),
    "proforma_store_up": _gauge("Whether the store could be read, and written at the last tick"),
    "proforma_leader": _gauge("Whether this process schedules"),
    "proforma_condition": _gauge("Number of things that are wrong, by kind", "kind"),
    "proforma_entity_rows": _gauge("Rows in the mirror", "entity"),
    "proforma_entity_last_success_timestamp_seconds": _gauge("When the entity was last read to the end", "entity"),
    "proforma_entity_cursor_age_seconds": _gauge("Seconds since the entity's cursor moved", "entity"),
    "proforma_invoices": _gauge("Proforma invoices by status", "status"),
    "proforma_pushes": _gauge("Invoices on their way to finance, by state", "state"),
    "proforma_drafts": _gauge("Drafts that wait for confirmation"),
    "proforma_queue_depth": _gauge("Confirmed invoices that wait for finance"),
    "proforma_queue_oldest_seconds": _gauge("How long the oldest of them waits"),
    "proforma_in_doubt": _gauge("Invoices of which it is not known whether finance has them"),
    "proforma_in_doubt_oldest_seconds": _gauge("Seconds since the oldest of them was queued"),
    "proforma_parked": _gauge("Invoices that wait for a person because finance cannot be asked"),
    "proforma_problems": _gauge("Open problems by kind", "kind"),
    "proforma_backlog_rows": _gauge("Rows of the billing backlog at the last run"),
    "proforma_backlog_ready_rows": _gauge("Rows of it that are ready to invoice"),
    "proforma_backlog_oldest_days": _gauge("Age of its oldest row in days"),
    "proforma_run_last_success_timestamp_seconds": _gauge("When runs of this kind last came to a good end", "run"),
    "proforma_run_failing": _gauge("1 while the last run of this kind ended early", "run", "cause", "side"),
    "proforma_next_tick_timestamp_seconds": _gauge("When the job is due next", "job"),
    "proforma_ticks_total": _counter("Ticks of this process by outcome", "job", "outcome"),
    "proforma_rows_total": _counter("Rows handled by this process", "result"),
    "proforma_invoices_total": _counter("Invoices handled by this process", "result"),
    "proforma_retries_total": _counter("Requests that were tried again"),
    "proforma_throttled_seconds_total": _counter("Seconds that throttling held requests up"),
    "proforma_alerts_total": _counter("Alerts by channel and result", "channel", "result"),
}

#: Which figure of a run is counted where, and with which label.
_COUNTED: Final[Mapping[str, tuple[str, Labels]]] = {
    **{name: ("proforma_rows_total", (name,)) for name in ("deleted", "quarantined", "priced", "unpriced")},
    "rows": ("proforma_rows_total", ("pulled",)),
    **{name: ("proforma_invoices_total", (name,)) for name in ("taken_over", "drafted", "confirmed", "pushed")},
    "retries": ("proforma_retries_total", ()),
    "throttled_seconds": ("proforma_throttled_seconds_total", ()),
}


class Tally:
    """What this process counted. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[Labels]] = {name: Counter() for name, it in METRICS.items() if it.kind == "counter"}
        for name, it in METRICS.items():
            if it.kind == "counter" and not it.labels:
                self._counts[name][()] = 0

    def add(self, name: str, labels: Labels = (), count: float = 1) -> None:
        """Counts up."""
        with self._lock:
            self._counts[name][labels] += count  # type: ignore[assignment]

    def add_run(self, counts: Mapping[str, int]) -> None:
        """Counts what a run did."""
        for name, count in counts.items():
            if name in _COUNTED:
                self.add(*_COUNTED[name], count)

    def values(self) -> dict[str, dict[Labels, float]]:
        """All counts as they are now."""
        with self._lock:
            return {name: dict(counts) for name, counts in self._counts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found at one instant. `status` None: the store could not be read."""

    at: datetime
    status: Status | None
    conditions: Sequence[Condition]
    plan: Plan
    leads: bool
    writable: bool = True


class Metrics(Collector):
    """Renders a reading and a tally."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._reading: Reading | None = None
        self._last_success: dict[str, float] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def render(self, reading: Reading) -> bytes:
        """The page for this reading."""
        self._reading = reading
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks for."""
        reading = self._reading
        for name, values in self.values(reading).items():
            it = METRICS[name]
            family = GaugeMetricFamily if it.kind == "gauge" else CounterMetricFamily
            metric = family(name, it.help, labels=it.labels)
            for labels, value in sorted(values.items()):
                metric.add_metric(labels, value)
            yield metric

    def values(self, reading: Reading | None) -> dict[str, Values]:
        """Every metric with its values by label."""
        gauges = {} if reading is None else {**_of_reading(reading), **self._of_status(reading)}
        return {name: {**gauges, **self.tally.values()}.get(name, {}) for name in METRICS}

    def _of_status(self, reading: Reading) -> dict[str, Values]:
        status = reading.status
        if status is None:
            return {}
        for entity in status.entities:
            if entity.last_success is not None:
                self._last_success[entity.entity] = entity.last_success.timestamp()
        return {
            **_of_entities(status),
            # While a walk is under way the last success is the one before it; 0 when there was none.
            "proforma_entity_last_success_timestamp_seconds": {(e.entity,): self._last_success.get(e.entity, 0.0) for e in status.entities},
        }


def _of_reading(reading: Reading) -> dict[str, Values]:
    kinds = Counter(condition.kind for condition in reading.conditions)
    ticks = {(job.name,): job.next(reading.at) for job in reading.plan.jobs}
    return {
        "proforma_build_info": {(__version__,): 1},
        "proforma_store_up": {(): float(reading.status is not None and reading.writable)},
        "proforma_leader": {(): float(reading.leads)},
        "proforma_condition": {(kind,): kinds[kind] for kind in KINDS},
        "proforma_next_tick_timestamp_seconds": {labels: at.timestamp() for labels, at in ticks.items() if at is not None},
    }


def _of_entities(status: Status) -> dict[str, Values]:
    backlog = status.backlog
    return {
        "proforma_entity_rows": {(e.entity,): e.rows for e in status.entities},
        "proforma_entity_cursor_age_seconds": {(e.entity,): e.age_seconds for e in status.entities},
        "proforma_invoices": {(name,): count for name, count in status.invoices.items()},
        "proforma_pushes": {(name,): count for name, count in status.push.items()},
        "proforma_drafts": {(): status.drafts},
        "proforma_queue_depth": {(): status.queue.count},
        "proforma_queue_oldest_seconds": {(): status.queue.oldest_seconds},
        "proforma_in_doubt": {(): status.in_doubt.count},
        "proforma_in_doubt_oldest_seconds": {(): status.in_doubt.oldest_seconds},
        "proforma_parked": {(): status.parked},
        "proforma_problems": {(kind,): count for kind, count in status.problems_by_kind.items()},
        "proforma_backlog_rows": {(): backlog.rows} if backlog else {},
        "proforma_backlog_ready_rows": {(): backlog.ready} if backlog else {},
        "proforma_backlog_oldest_days": {(): backlog.oldest_days} if backlog else {},
        "proforma_run_last_success_timestamp_seconds": {(r.kind,): r.last_success.timestamp() for r in status.runs if r.last_success},
        "proforma_run_failing": {(r.kind, r.cause, r.side or ""): 1 for r in status.runs if r.cause},
    }
