"""What a daemon has to do and when it may: jobs, blackouts, the time zone of the business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from proforma.service.jobs import Job, jobs_of
from proforma.settings import Configuration, ScheduleSettings, Stage
from proforma.settings.schedule import STAGES

#: So many ticks in closed windows are looked past for one in the open.
_TICKS_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a daemon has to do and when it may."""

    jobs: Sequence[Job]
    schedule: ScheduleSettings
    zone: ZoneInfo

    @classmethod
    def of(cls, configuration: Configuration) -> Plan:
        """The plan that a configuration says."""
        zone = ZoneInfo(configuration.business_time_zone)
        return cls(jobs=jobs_of(configuration.schedule, zone), schedule=configuration.schedule, zone=zone)

    def open_stages(self, job: Job, at: datetime) -> tuple[Stage, ...]:
        """The stages of the job that no blackout covers."""
        closed = {stage for window in self.schedule.blackouts if window.covers(at, self.zone) for stage in window.stages}
        return tuple(stage for stage in job.stages if stage not in closed)

    def kind_of(self, job: Job) -> str:
        """What the record of a run calls the whole job."""
        return "sync" if len(job.stages) == len(STAGES) else "+".join(job.stages)

    def expected_after(self, job: Job, since: datetime) -> datetime | None:
        """The first tick after `since` at which all stages of the job may begin."""
        at: datetime | None = since
        for _ in range(_TICKS_MAX):
            at = None if at is None else job.next(at)
            if at is None or len(self.open_stages(job, at)) == len(job.stages):
                return at
        return None
