"""The conversions that compiled mappings call for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NoReturn

from proforma.domain.dates import calendar_date
from proforma.domain.ids import canonical_guid

#: Digits behind the first one and before the point, beyond every column of Dataverse (19 digits), and few enough to calculate with.
DIGITS_MAX: Final = 30
#: Values that one column's memory holds, a few MiB.
_REMEMBERED_MAX: Final = 1 << 15


class MissingError(ValueError):
    """A field that every record must have came out empty."""


class Memory(dict[Any, Any]):
    """Remembers what became of a value: rows name the same parents, days and options again and again. Faults are not remembered.

    A dictionary that fills itself is the quickest there is: no call for what is known, and rows share one copy of each text.
    """

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        made = self[value] = self._convert(value)
        return made


#: Canonical GUIDs by what came over the wire; None stays None.
guids: Final = Memory(lambda text: None if text is None else canonical_guid(text))
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
    if value.adjusted() > DIGITS_MAX:
        raise ValueError(f"a number of {value.adjusted() + 1} digits is out of range")
    return value


def whole(value: object) -> int | None:
    """A number that counts, also where it travels as text (W-110); None for anything else."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None


def option(value: str | int) -> str | int:
    """A dimension's value: a number, 1 or 0 for yes or no, or a GUID in canonical form where the column turns out to hold one."""
    if isinstance(value, int):
        return int(value)
    try:
        return canonical_guid(value)
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
