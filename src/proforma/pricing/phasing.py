"""Planned work spread over weeks, each at the price of its first day (P-66)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from proforma.domain.money import EXACT

_DAYS_OF_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Phase:
    """Neighbouring weeks that share a price: the day whose price they use, and how many days they hold."""

    first_day: date
    days: int


def phases(first: date, last: date, changes: Sequence[date]) -> Iterator[Phase]:
    """The days from first to last, both included, in phases of one price each.

    A week starts on Monday, the first one on `first`; a price that changes within a week counts from the next Monday.
    `changes`: sorted days on which prices may change, so that a plan over years costs no more than its changes.
    """
    begin, end = first.toordinal(), last.toordinal()
    ordinals = [day.toordinal() for day in changes]
    while begin <= end:
        at = bisect_right(ordinals, begin)
        following = _monday_from(ordinals[at]) if at < len(ordinals) else end + 1
        until = min(end + 1, following)
        yield Phase(date.fromordinal(begin), until - begin)
        begin = until


def weighted_average(parts: Sequence[tuple[Decimal, int]]) -> Decimal:
    """Prices weighted by days, unrounded (P-66). Raises ValueError without a single day."""
    days = sum(count for _, count in parts)
    if not days:
        raise ValueError("an average needs at least one day")
    weighted = Decimal(0)
    for price, count in parts:
        weighted = EXACT.add(weighted, EXACT.multiply(price, Decimal(count)))
    return EXACT.divide(weighted, Decimal(days))


def _monday_from(ordinal: int) -> int:
    """The first Monday on or after a day; day 1 of the calendar was a Monday."""
    return ordinal + (1 - ordinal) % _DAYS_OF_WEEK
