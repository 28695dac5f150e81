"""Business dates: calendar days as written, free of time zones (P-5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """Days on which something applies; both ends belong to it, None is an open end (P-6)."""

    first: date | None
    last: date | None

    @property
    def is_open_ended(self) -> bool:
        """Whether an end is missing."""
        return self.first is None or self.last is None

    def covers(self, day: date) -> bool:
        """Whether the day lies inside, both ends included; an open end does not limit. Never when first is after last."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def overlaps(self, other: Effective) -> bool:
        """Whether the two share at least one day; touching on neighbouring days is not sharing (P-10)."""
        first = max(self.first or date.min, other.first or date.min)
        last = min(self.last or date.max, other.last or date.max)
        return first <= last


def calendar_date(text: str) -> date:
    """The calendar date as written: the first ten characters, whatever time or offset follows (P-5).

    Raises ValueError when they are no date.
    """
    return date.fromisoformat(text[:10])
