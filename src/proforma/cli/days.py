"""Days as people type them."""

from __future__ import annotations

from datetime import date

from proforma.domain.errors import ConfigurationError


def day_of(value: str | None, option: str) -> date | None:
    """The day that an option names, None when it is not given. Raises ConfigurationError."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise ConfigurationError(f"{option}: {value!r} is no date", hint="write YYYY-MM-DD") from None
