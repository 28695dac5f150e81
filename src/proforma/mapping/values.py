"""The conversions that compiled mappings call for each row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, NoReturn

from proforma.domain.dates import calendar_date
from proforma.domain.ids import canonical_guid

#: Digits before the point, beyond every column of Dataverse (19 digits), and few enough that calculating with them loses none.
_DIGITS_MAX: Final = 30


class MissingError(ValueError):
    """A field that every record must have came out empty."""


# Rows name the same few thousand parents and days again and again: remembering them is cheaper than parsing, and rows share one
# copy of each text. Faults are not remembered.
guid = lru_cache(maxsize=1 << 13)(canonical_guid)
day = lru_cache(maxsize=1 << 13)(calendar_date)


def instant(value: datetime) -> datetime:
    """The instant in UTC; without an offset it is UTC already (W-116)."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant_of_text(text: str) -> datetime:
    """As `instant`, where the column is also read as text. Raises ValueError."""
    return instant(datetime.fromisoformat(text))


def finite(value: Decimal) -> Decimal:
    """The number itself; text such as NaN is a decimal to the decoder, but none to us, nor is what no column holds. Raises ValueError."""
    if not value.is_finite():
        raise ValueError(f"{value} is no number")
    if value.adjusted() > _DIGITS_MAX:
        raise ValueError(f"a number of {value.adjusted() + 1} digits is out of range")
    return value


def option(value: str | int) -> str | int:
    """A dimension's value: a number, or a GUID in canonical form where the column turns out to hold one."""
    if isinstance(value, int):
        return value
    try:
        return guid(value)
    except ValueError:
        return value


def joined(separator: str, parts: Iterable[str | None]) -> str | None:
    """The parts that are not empty, joined; None when none is left."""
    return separator.join(part for part in parts if part) or None


def filled(pieces: Iterable[str | None], columns: Iterable[str | None]) -> str | None:
    """A template with its columns put in; None when every column is empty."""
    return "".join(piece or "" for piece in pieces) if any(columns) else None


def missing() -> NoReturn:
    """Refuses a row whose record would lack what it must have."""
    raise MissingError
