"""Spans of time that the date operators of Dataverse mean, in UTC: half open, the second end is not in it (W-72, W-117).

The fiscal year is the calendar year in four quarters and a week begins on Sunday, as in an organisation that changed neither.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)
_UNITS: Final = ("minutes", "hours", "days", "weeks", "months", "years", "fiscal-periods", "fiscal-years")
_MONTHS: Final = {"months": 1, "years": 12, "fiscal-periods": 3, "fiscal-years": 12}
_COUNTED: Final = re.compile(r"(last|next|olderthan)-x-([a-z-]+)")
_NAMED: Final = re.compile(r"(last|this|next)-(week|month|year|fiscal-period|fiscal-year)")


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` on and before `end`."""

    start: datetime = _FIRST
    end: datetime = _LAST


def is_period(operator: str) -> bool:
    """Whether the operator (in FetchXML's spelling) means a span of time."""
    counted = _COUNTED.fullmatch(operator)
    return bool(operator in _PLAIN or operator in _GIVEN or _NAMED.fullmatch(operator) or (counted and counted[2] in _UNITS))


def is_finer_than_days(operator: str) -> bool:
    """Whether the operator counts hours or minutes, which columns of plain dates refuse (W-117)."""
    return operator.endswith(("-hours", "-minutes"))


def span(operator: str, values: Sequence[datetime | int], now: datetime) -> Span:
    """The span of an operator; raises `ValueError` for values that do not fit it."""
    try:
        return _span(operator, values, now)
    except OverflowError as problem:
        raise ValueError("the period lies outside the calendar") from problem


def _span(operator: str, values: Sequence[datetime | int], now: datetime) -> Span:
    if operator in _PLAIN:
        _expect(values, 0)
        return _PLAIN[operator](now)
    if operator in _GIVEN:
        return _GIVEN[operator](values)
    counted = _COUNTED.fullmatch(operator)
    if counted:
        _expect(values, 1)
        return _counted(counted[1], counted[2], _whole(values[0]), now)
    named = _NAMED.fullmatch(operator)
    assert named is not None
    _expect(values, 0)
    return _neighbour(named[2], {"last": -1, "this": 0, "next": 1}[named[1]], now)


def _counted(way: str, unit: str, count: int, now: datetime) -> Span:
    if count < 1:
        raise ValueError("the count must be at least 1")
    sign = 1 if way == "next" else -1
    there = _moved(now, unit, sign * count)
    if way == "olderthan":
        return Span(end=there)
    if unit not in ("hours", "minutes"):
        there = _day(there) + (timedelta(days=1) if sign > 0 else timedelta(0))
    just_after = now + timedelta(microseconds=1)
    return Span(just_after, there) if sign > 0 else Span(there, just_after)


def _moved(at: datetime, unit: str, count: int) -> datetime:
    if unit in _MONTHS:
        return _months_on(at, count * _MONTHS[unit])
    return at + timedelta(**{unit: count})


def _months_on(at: datetime, months: int) -> datetime:
    index = at.year * 12 + at.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9998:
        raise OverflowError
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _days(first: int, count: int) -> Callable[[datetime], Span]:
    return lambda now: Span(_day(now) + timedelta(days=first), _day(now) + timedelta(days=first + count))


def _neighbour(unit: str, steps: int, now: datetime) -> Span:
    """The week, month, year or quarter that lies so many steps from the present one."""
    if unit == "week":
        sunday = _day(now) - timedelta(days=(now.weekday() + 1) % 7)
        return Span(sunday + timedelta(weeks=steps), sunday + timedelta(weeks=steps + 1))
    months = {"month": 1, "fiscal-period": 3}.get(unit, 12)
    first = _day(now).replace(day=1, month=(now.month - 1) // months * months + 1)
    return Span(_months_on(first, steps * months), _months_on(first, (steps + 1) * months))


def _year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def _fiscal_year(values: Sequence[datetime | int]) -> Span:
    _expect(values, 1)
    return Span(_year(_whole(values[0])), _year(_whole(values[0]) + 1))


def _fiscal_period(values: Sequence[datetime | int]) -> Span:
    _expect(values, 2)
    period = _whole(values[0])
    if not 1 <= period <= 4:
        raise ValueError("a fiscal period is a number from 1 to 4")
    start = _months_on(_year(_whole(values[1])), 3 * (period - 1))
    return Span(start, _months_on(start, 3))


def _on(values: Sequence[datetime | int]) -> Span:
    _expect(values, 1)
    at = values[0]
    if not isinstance(at, datetime):
        raise ValueError("a date is expected")
    return Span(_day(at), _day(at) + timedelta(days=1))


def _whole(value: datetime | int) -> int:
    if isinstance(value, datetime):
        raise ValueError("a whole number is expected")
    return value


def _expect(values: Sequence[object], count: int) -> None:
    if len(values) != count:
        raise ValueError(f"{count} values are expected")


_PLAIN: Final[Mapping[str, Callable[[datetime], Span]]] = {
    "yesterday": _days(-1, 1),
    "today": _days(0, 1),
    "tomorrow": _days(1, 1),
    "last-seven-days": lambda now: _counted("last", "days", 7, now),
    "next-seven-days": lambda now: _counted("next", "days", 7, now),
}
_GIVEN: Final[Mapping[str, Callable[[Sequence[datetime | int]], Span]]] = {
    "on": _on,
    "on-or-before": lambda values: Span(end=_on(values).end),
    "on-or-after": lambda values: Span(start=_on(values).start),
    "in-fiscal-year": _fiscal_year,
    "in-fiscal-period-and-year": _fiscal_period,
    "in-or-before-fiscal-period-and-year": lambda values: Span(end=_fiscal_period(values).end),
    "in-or-after-fiscal-period-and-year": lambda values: Span(start=_fiscal_period(values).start),
}
