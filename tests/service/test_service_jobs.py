"""Which ticks are due: counted alike in every process, missed ones melt into one, and blackouts keep stages from beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from proforma.service.jobs import Job, jobs_of
from proforma.service.plan import Plan
from proforma.settings import ScheduleSettings

OSLO = ZoneInfo("Europe/Oslo")
NOON = datetime(2026, 3, 31, 12, 0, 7, tzinfo=UTC)


def job(**timing: object) -> Job:
    """The one job of a schedule of whole cycles."""
    (found,) = jobs_of(ScheduleSettings.model_validate(timing), OSLO)
    return found


def test_the_first_tick_is_now() -> None:
    """A daemon on a fresh store does not wait for the next round minute."""
    assert job().due(None, NOON) == NOON


def test_intervals_are_counted_alike_in_every_process() -> None:
    """Every ten minutes means 12:00, 12:10, 12:20, whenever the process began."""
    every = job(every_minutes=10)
    assert every.due(NOON - timedelta(minutes=3), NOON) == NOON.replace(second=0)
    assert every.due(NOON, NOON + timedelta(minutes=9)) is None
    assert every.next(NOON) == NOON.replace(minute=10, second=0)


def test_missed_ticks_melt_into_the_newest() -> None:
    """After a weekend off there is one tick to make up for, not hundreds."""
    assert job(every_minutes=10).due(NOON - timedelta(days=3), NOON) == NOON.replace(second=0)
    monthly = job(cron="0 6 1 * *")
    assert monthly.due(NOON - timedelta(days=40), NOON) == datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
    assert monthly.due(datetime(2026, 3, 1, 5, 0, tzinfo=UTC), NOON) is None


def test_cron_means_the_time_of_the_business() -> None:
    """06:00 in Oslo is 05:00 UTC in winter and 04:00 in summer; the clock change moves no tick and doubles none."""
    daily = job(cron="0 6 * * *")
    assert daily.next(datetime(2026, 3, 28, 0, 0, tzinfo=UTC)) == datetime(2026, 3, 28, 5, 0, tzinfo=UTC)
    assert daily.next(datetime(2026, 3, 28, 5, 0, tzinfo=UTC)) == datetime(2026, 3, 29, 4, 0, tzinfo=UTC)


def test_each_stage_may_have_its_own_timing() -> None:
    """Jobs come in the order of the stages, each with its own ticks."""
    settings = ScheduleSettings.model_validate({"stages": {"push": {"every_minutes": 2}, "pull": {"cron": "30 5 * * mon-fri"}}})
    found = {each.name: (each.stages, each.next(NOON)) for each in jobs_of(settings, OSLO)}
    assert list(found.items()) == [
        ("pull", (("pull",), datetime(2026, 4, 1, 3, 30, tzinfo=UTC))),
        ("push", (("push",), NOON.replace(minute=2, second=0))),
    ]


def test_a_blackout_keeps_its_stages_from_beginning() -> None:
    """Month-end close from 18:00 of the last day for 14 hours: pull goes on, push waits until 08:00; before and after all is open."""
    schedule = ScheduleSettings.model_validate({"blackouts": [{"cron": "0 18 last * *", "hours": 14, "stages": ["draft", "push"]}]})
    (cycle,) = jobs_of(schedule, OSLO)
    plan = Plan(jobs=[cycle], schedule=schedule, zone=OSLO)
    # Summer time: 18:00 in Oslo is 16:00 UTC.
    instants = [datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 3, 31, 16, 0, tzinfo=UTC)]
    instants += [datetime(2026, 4, 1, 5, 59, 59, tzinfo=UTC), datetime(2026, 4, 1, 6, 0, tzinfo=UTC)]
    every, open_ones = ("pull", "price", "draft", "push"), ("pull", "price")
    assert [plan.open_stages(cycle, at) for at in instants] == [every, open_ones, open_ones, every]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"cron": "0 6 * *"}, "has 4 fields, not 5"),
        ({"cron": "0 6 * * 1-5"}, "write days of the week as words"),
        ({"cron": "0 25 * * *"}, "25"),
        ({"cron": "0 6 * * *", "every_minutes": 5}, "exclude each other"),
        ({"every_minutes": 5, "stages": {"pull": {"every_minutes": 5}}}, "either the whole cycle has a timing"),
        ({"stages": {"pull": {}}}, "write every_minutes or cron"),
        ({"stages": {"pulll": {"every_minutes": 5}}}, "'pull', 'price', 'draft' or 'push'"),
        ({"every_minutes": 0}, "greater than or equal to 1"),
        ({"blackouts": [{"cron": "0 18 last * *", "hours": 0}]}, "greater than 0"),
    ],
)
def test_what_could_be_misread_is_refused(said: dict[str, object], answer: str) -> None:
    """Two timings at once, numbers for days of the week, times that no clock shows: each is told, none is guessed."""
    with pytest.raises(ValidationError, match=answer):
        ScheduleSettings.model_validate(said)
