"""What a tick does: the stages of a cycle with a workshop of their own, counted and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime

from proforma.domain.errors import UnfinishedError
from proforma.service.job_queue import JobQueue
from proforma.service.metrics import Tally
from proforma.service.shared_cycle import SharedCycle
from proforma.service.telemetry import Telemetry
from proforma.service.ticker import Outcome
from proforma.settings import Configuration, Stage
from proforma.sync.cycle import Cycle, run_cycle
from proforma.sync.workshop import Workshop, store_url


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleWork:
    """Runs stages. `business_date`: the day at this instant; `told`: hears of each cycle that came to its end."""

    configuration: Configuration
    tally: Tally
    telemetry: Telemetry
    by: str
    now: Callable[[], datetime]
    business_date: Callable[[], date]
    told: Callable[[Cycle], None]

    def __call__(self, stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> Outcome:
        """Answers "done", "attention" when a person should look, or "stopped" when it was told not to go on."""
        with Workshop(self.configuration, now=self.now, by=self.by) as workshop, self.telemetry.run(stages):
            try:
                cycle = run_cycle(workshop, as_of=self.business_date(), stages=stages, go_on=go_on)
            finally:
                # Pauses count also when the run ended early.
                self.tally.add_run(workshop.traffic.counts)
        self.tally.add_run(cycle.counts)
        self.told(cycle)
        if cycle.stopped:
            return "stopped"
        return "attention" if cycle.needs_attention else "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWork:
    """Leaves stages to workers; all else is as `alone`. `told`: hears how many jobs of each kind were done."""

    alone: CycleWork
    told: Callable[[Mapping[str, int]], None]

    def __call__(self, stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> Outcome:
        """Answers "done", or "stopped" when it was told not to go on; the jobs are then done all the same.

        Raises UnfinishedError when workers gave jobs up.
        """
        alone = self.alone
        configuration = alone.configuration
        with (
            Workshop(configuration, now=alone.now, by=alone.by) as workshop,
            closing(JobQueue(store_url(configuration))) as queue,
            alone.telemetry.run(stages),
        ):
            cycle = SharedCycle(workshop, queue, go_on=go_on)
            try:
                cycle.run(as_of=alone.business_date(), stages=stages)
            except UnfinishedError:
                if go_on():
                    raise
                return "stopped"
            finally:
                alone.tally.add_run(workshop.traffic.counts)
        alone.tally.add_run(cycle.counts)
        self.told(cycle.counts)
        return "done"
