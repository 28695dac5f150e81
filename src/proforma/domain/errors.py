"""Faults that a person must act on. The branch says what happens next; fields carry the facts, the message says what to do."""

from __future__ import annotations


class ProformaError(Exception):
    """What happened, where, and what to do about it."""

    def __init__(self, message: str, *, at: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.at}: " if self.at else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{advice}"


class ConfigurationError(ProformaError):
    """Wrong usage, configuration or mapping; the command ends with exit code 2."""


class UnfinishedError(ProformaError):
    """The work could not be finished now (store locked, remote away); safe to run again, exit code 3."""


class StoreFaultError(UnfinishedError):
    """The database, its disk or a lock on it keeps the work from going on; `reason` is one of the codes of docs/failures.md."""

    def __init__(self, reason: str, message: str, *, at: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, at=at, hint=hint)
        self.reason = reason


class RefusedError(ProformaError):
    """One act on one row or invoice is refused; `reason` is a code of the rules, the rest goes on (exit code 1)."""

    def __init__(self, reason: str, message: str, *, at: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, at=at, hint=hint)
        self.reason = reason
