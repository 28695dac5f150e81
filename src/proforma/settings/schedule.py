"""When what runs: a whole cycle or single stages, every so often or by cron, and the windows in which nothing may."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]

Stage = Literal["pull", "price", "draft", "push"]
#: In the order in which they work.
STAGES: Final[tuple[Stage, ...]] = ("pull", "price", "draft", "push")
EVERY_MINUTES: Final = 10

_FIELDS: Final = ("minute", "hour", "day", "month", "day_of_week")


def cron(text: str, zone: ZoneInfo) -> CronTrigger:
    """The trigger of five cron fields: minute, hour, day of the month (`last` is the last one), month, day of the week.

    Raises ValueError. Days of the week are words: numbers begin on Sunday in one program and on Monday in another.
    """
    from apscheduler.triggers.cron import CronTrigger

    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"{text!r} has {len(parts)} fields, not 5: minute, hour, day of month, month, day of week")
    if re.search(r"\d", parts[4]):
        raise ValueError(f"{text!r}: write days of the week as words, such as mon-fri")
    try:
        return CronTrigger(**dict(zip(_FIELDS, parts, strict=True)), timezone=zone)
    except ValueError as fault:
        raise ValueError(f"{text!r}: {fault}") from None


def _readable(text: str) -> str:
    cron(text, ZoneInfo("UTC"))
    return text


Cron = Annotated[str, AfterValidator(_readable)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Timing(_Section):
    """How often: `every_minutes`, counted from midnight UTC, or `cron` in the business time zone."""

    every_minutes: int | None = Field(default=None, ge=1, le=1440)
    cron: Cron | None = None

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.every_minutes is not None and self.cron is not None:
            raise ValueError("every_minutes and cron exclude each other")
        return self


class StageTiming(Timing):
    """How often one stage runs; it must say so."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.every_minutes is None and self.cron is None:
            raise ValueError("write every_minutes or cron")
        return self


class Blackout(_Section):
    """A window in which these stages do not begin: it opens when `cron` says and stays for `hours`."""

    cron: Cron
    hours: float = Field(gt=0, le=24 * 31)
    stages: tuple[Stage, ...] = STAGES

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether the window is open."""
        opened = cron(self.cron, zone).get_next_fire_time(None, at - timedelta(hours=self.hours) + timedelta(microseconds=1))
        return opened is not None and opened <= at


class ScheduleSettings(Timing):
    """When the daemon runs a whole cycle, or, with `stages`, each stage by its own timing.

    `lease_seconds`: of several daemons, how long after the last sign of life of the one that schedules another one takes over.
    """

    stages: dict[Stage, StageTiming] = {}
    blackouts: tuple[Blackout, ...] = ()
    lease_seconds: float = Field(default=20.0, ge=1, le=300)

    @model_validator(mode="after")
    def _cycle_or_stages(self) -> Self:
        if self.stages and (self.every_minutes is not None or self.cron is not None):
            raise ValueError("either the whole cycle has a timing, or each of its stages has one")
        return self

    def timings(self) -> dict[str, tuple[Timing, tuple[Stage, ...]]]:
        """Each job by its name: its timing, and the stages that it runs."""
        if self.stages:
            return {stage: (self.stages[stage], (stage,)) for stage in STAGES if stage in self.stages}
        own = self if self.every_minutes is not None or self.cron is not None else Timing(every_minutes=EVERY_MINUTES)
        return {"cycle": (own, STAGES)}
