"""What can be wrong with a mapping file, and with a row that a mapping turns into a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from proforma.domain.errors import ConfigurationError, RefusedError


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a mapping file; line and column count from 1."""

    file: Path
    line: int
    column: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        advice = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{advice}"


class MappingError(ConfigurationError):
    """All faults of the mapping files at once, in the order in which a person finds them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(faults, key=lambda fault: (str(fault.file), fault.line, fault.column)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class RowRejectedError(RefusedError):
    """A foreign row that makes no whole record (promise 5). `column` is the foreign column, `field` the record's own word.

    Reasons: `unknown-status` (a number of an option set that is not mapped: a billing status, a class, any other),
    `missing-value` (the record cannot be without it), `malformed-value` (no date, no GUID, a number out of range).
    """

    def __init__(self, reason: str, message: str, *, column: str, field: str, at: str | None = None) -> None:
        super().__init__(reason, message, at=at)
        self.column = column
        self.field = field


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that is most like this one, None when none is."""
    return next(iter(get_close_matches(word.lower(), known, n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """A hint that names the nearest known word, or all of them when they are few."""
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"one of: {', '.join(known)}" if 0 < len(known) <= 12 else None
