"""Now, and today where the business is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def business_day(instant: datetime, zone: str) -> date:
    """The calendar day of an instant where the business is."""
    return instant.astimezone(ZoneInfo(zone)).date()
