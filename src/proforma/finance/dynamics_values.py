"""How Dynamics 365 Finance writes days: noon UTC, and 1900-01-01 for none (F-9)."""

from __future__ import annotations

from datetime import date
from typing import Final

_NONE: Final = date(1900, 1, 1)


def noon(day_text: str | None) -> str | None:
    """A day as finance writes it; noon keeps the day whatever zone looks at it."""
    return None if day_text is None else f"{day_text}T12:00:00Z"


def day(text: object) -> date | None:
    """The day of a date-time as finance writes it; None for an empty one, for 1900-01-01 and for what is no date."""
    if not isinstance(text, str):
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return None if found == _NONE else found
