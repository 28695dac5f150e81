"""What a tick does: the stages of a cycle, by this process or by workers, with a workshop of its own, counted and told."""

from __future__ import annotations

from collections.abc import Callable
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
from proforma.sync.cycle import run_cycle
from proforma.sync.workshop import Workshop, store_url


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleWork:
    """Runs stages. `business_date`: the day at this instant; `told`: hears in a line what each cycle did that came to its end."""

    configuration: Configuration
    tally: Tally
    telemetry: Telemetry
    by: str
    now: Callable[[], datetime]
    business_date: Callable[[], date]
    told: Callable[[str], None]

    def __call__(self, stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> Outcome:
        """Answers "done", "attention" when a person should look, or "stopped" when it was told not to go on."""
        with Workshop(self.configuration, now=self.now, by=self.by) as workshop, self.telemetry.run(stages):
            try:
                outcome, counts = self._run(workshop, stages, go_on)
            finally:
                # Pauses count also when the run ended early.
                self.tally.add_run(workshop.traffic.counts)
        self.tally.add_run(counts)
        self.told(", ".join(f"{count} {name}" for name, count in counts.items()))
        return outcome

    def _run(self, workshop: Workshop, stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> tuple[Outcome, dict[str, int]]:
        cycle = run_cycle(workshop, as_of=self.business_date(), stages=stages, go_on=go_on)
        if cycle.stopped:
            return "stopped", cycle.counts
        return ("attention" if cycle.needs_attention else "done"), cycle.counts


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWork(CycleWork):
    """Leaves the stages to workers and waits for them."""

    def _run(self, workshop: Workshop, stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> tuple[Outcome, dict[str, int]]:
        with closing(JobQueue(store_url(self.configuration))) as queue:
            cycle = SharedCycle(workshop, queue, go_on=go_on)
            try:
                cycle.run(as_of=self.business_date(), stages=stages)
            except UnfinishedError:
                if go_on():
                    raise
                return "stopped", cycle.counts  # the jobs are done all the same
        return "done", cycle.counts
