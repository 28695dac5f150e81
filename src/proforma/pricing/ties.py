"""The one way in which "created last" settles a tie (P-23, P-26, P-29, P-34)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class Created(Protocol):
    """A row that knows when it was created."""

    @property
    def created_at(self) -> datetime | None:
        """Instant of creation; None counts as the earliest."""


Row = TypeVar("Row", bound=Created)


def created_last(rows: Sequence[Row]) -> Row | None:
    """The row created last; None when two share that instant: neither ids nor the order of rows break the tie (P-68)."""
    newest = max(row.created_at or _EARLIEST for row in rows)
    last = [row for row in rows if (row.created_at or _EARLIEST) == newest]
    return last[0] if len(last) == 1 else None
