"""The jobs of a schedule: which stages each runs, and which of its ticks is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from proforma.settings import ScheduleSettings, Stage, Timing, cron

#: A cron line may be silent for months; further back nobody looks for a tick that was missed.
_LOOK_BACK: Final = timedelta(days=35)
#: Intervals are counted from here, so that all processes mean the same instants.
_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Stages with one timing. Two processes with the same configuration know the same ticks."""

    name: str
    stages: tuple[Stage, ...]
    trigger: BaseTrigger

    def due(self, since: datetime | None, now: datetime) -> datetime | None:
        """The newest tick after `since` that is not in the future; those before it melt into it. Without `since` it is now."""
        if since is None:
            return now.replace(microsecond=0)
        start = max(since, now - _LOOK_BACK)
        newest = None
        for tick in takewhile(lambda at: at <= now, self._after(start)):
            newest = tick
        return newest

    def next(self, now: datetime) -> datetime | None:
        """The tick after now."""
        return next(self._after(now), None)

    def _after(self, start: datetime) -> Iterator[datetime]:
        at = start
        while (tick := self.trigger.get_next_fire_time(None, at + timedelta(microseconds=1))) is not None:
            at = tick.astimezone(UTC)
            yield at


def jobs_of(settings: ScheduleSettings, zone: ZoneInfo) -> list[Job]:
    """The jobs of a schedule; cron lines mean the time of `zone`."""
    return [Job(name=name, stages=stages, trigger=_trigger(timing, zone)) for name, (timing, stages) in settings.timings().items()]


def _trigger(timing: Timing, zone: ZoneInfo) -> BaseTrigger:
    if timing.cron is not None:
        return cron(timing.cron, zone)
    return IntervalTrigger(minutes=timing.every_minutes or 1, start_date=_ORIGIN, timezone=UTC)
