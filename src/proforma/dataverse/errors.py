"""What an environment lacks or no longer accepts, told apart from faults of the transfer."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from proforma.transport.errors import HttpStatusError, Trace, TransportError

_UNKNOWN_PROPERTY: Final = re.compile(r"Could not find a property named '([^']{1,200})'")
_UNKNOWN_SEGMENT: Final = re.compile(r"Resource not found for the segment '([^']{1,200})'")
# ExpiredVersionStamp, as hexadecimal or decimal number (W-175).
_EXPIRED_CODES: Final = frozenset({"0x80044352", "-2147204270"})
# SQL time-out, deadlock and other SQL errors that pass (W-187); error 1205 is named in the text.
_TRANSIENT_SQL_CODES: Final = frozenset({"0x80044150", "0x80044151"})
_DEADLOCK: Final = re.compile(r"Sql Number:? ?1205|deadlock", re.IGNORECASE)


class UnknownColumnError(TransportError):
    """A mapping names a column that the environment's table does not have: mapping or environment must change (exit code 2)."""

    exit_code: ClassVar[int] = 2

    def __init__(self, entity_set: str, column: str, *, trace: Trace | None = None) -> None:
        super().__init__(
            f"the table behind {entity_set} has no column {column!r}",
            todo=f"Correct the mapping of {entity_set}, or declare the column optional.",
            trace=trace,
        )
        self.entity_set = entity_set
        self.column = column


class UnknownEntitySetError(TransportError):
    """A mapping names an entity set that the environment does not have (exit code 2)."""

    exit_code: ClassVar[int] = 2

    def __init__(self, entity_set: str, *, trace: Trace | None = None) -> None:
        super().__init__(
            f"the environment has no entity set {entity_set!r}",
            todo="Check the name (it is case-sensitive and not always a plural) and that the solution is installed.",
            trace=trace,
        )
        self.entity_set = entity_set


class StaleLinkError(TransportError):
    """A link is no longer accepted, or its delta token has expired (W-175): start this query from the beginning."""


class TrackingRefusedError(TransportError):
    """The environment does not track the changes of this table, or not for this user (W-163): read it without."""


class ConflictError(TransportError):
    """The row was changed meanwhile, or one with this key exists already (W-128, W-141)."""


def is_stale(error: HttpStatusError, *, stored: bool) -> bool:
    """Whether a refusal means that a link has had its time: by its code anywhere, by its status for a link kept from an earlier run."""
    return error.code in _EXPIRED_CODES or error.status == 410 or (stored and error.status in {400, 404})


def may_be_about_tracking(error: HttpStatusError) -> bool:
    """Whether a refusal of a tracked query may be about the tracking: texts and codes vary, so every refusal of the query counts that
    names no column. Asking without tracking then shows whether something else is wrong."""
    return error.status in {400, 403, 405, 501}


def unknown_column(error: HttpStatusError) -> str | None:
    """The column that a 400 answer calls unknown (W-61)."""
    found = _UNKNOWN_PROPERTY.search(error.remote_message) if error.status == 400 else None
    return found.group(1) if found else None


def unknown_segment(error: HttpStatusError) -> str | None:
    """The part of the URL that a 404 answer calls unknown; codes differ, so only the text counts (W-183)."""
    found = _UNKNOWN_SEGMENT.search(error.remote_message) if error.status == 404 else None
    return found.group(1) if found else None


def may_pass(error: HttpStatusError) -> bool:
    """Whether a refusal may go away by itself (W-189): of the 500s only the known SQL ones, since others repeat for ever."""
    if error.status == 500:
        return error.code in _TRANSIENT_SQL_CODES or bool(_DEADLOCK.search(error.remote_message))
    return error.transient
