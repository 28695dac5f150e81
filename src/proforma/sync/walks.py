"""Where the reading of one entity stands, and how its next walk begins: everything, what changed, or where it was interrupted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from proforma.dataverse.query import Condition, Query, and_, ge
from proforma.mapping import CompiledEntity
from proforma.store import Cursor, Store

#: How an entity is read: all rows, all rows in ranges several at once, those with a newer time of change, or those that the table's
#: change tracking names.
FULL: Final = "full"
RANGES: Final = "ranges"
MODIFIED: Final = "modified"
TRACKED: Final = "tracked"

#: A row changed while its page was read may carry an instant before the newest one seen: read that much again.
OVERLAP: Final = timedelta(minutes=5)
#: Without change tracking only a full walk sees deletions, so one is due at least this often.
FULL_WALK_EVERY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Walk:
    """One reading of an entity: the cursor to begin with, whether an interrupted walk goes on, whether tracking is asked for.

    `divisible`: it may be read in ranges, if the table is large. A tracked set cannot be filtered (W-167), and its delta link comes only
    with its last page (W-165). So only the very first pull of a tracked table is: its rows are there soon, what changes afterwards
    is found by the time of change, and the next full walk, at most a day later, begins the tracking.
    """

    cursor: Cursor
    resumed: bool
    tracking: bool
    divisible: bool = False

    @classmethod
    def begin(cls, store: Store, compiled: CompiledEntity[Any], *, now: datetime, full: bool) -> Walk:
        """Continues an interrupted walk; else one over what changed, by the delta link or by the time of change, where that is allowed.

        Everything is read when asked, when the mapping has changed, and when only a full walk would see deletions and one is due.
        """
        signature, tracking = signature_of(compiled), compiled.changes == "tracked"
        with store.read() as reader:
            last = reader.cursors.get(compiled.entity)
        if last is None or last.signature != signature or full:
            cursor, divisible = _full_cursor(compiled.entity, last, signature, now), last is None or not tracking
            return cls(cursor, resumed=False, tracking=tracking, divisible=divisible)
        if last.mode == RANGES:
            return cls(last, resumed=True, tracking=False)
        if last.next_link is not None:
            return cls(last, resumed=True, tracking=tracking)
        if tracking and last.delta_link is not None:
            return cls(replace(last, mode=TRACKED, rows=0, pending=None, began_at=now), resumed=False, tracking=True)
        if compiled.changes == "full" or last.watermark is None or now - (last.full_at or now) >= FULL_WALK_EVERY:
            return cls(_full_cursor(compiled.entity, last, signature, now), resumed=False, tracking=tracking, divisible=not tracking)
        return cls(replace(last, mode=MODIFIED, rows=0, pending=None, began_at=now), resumed=False, tracking=False)

    def afresh(self, now: datetime) -> Walk:
        """A full walk in the place of this one, whose link is no longer accepted."""
        fresh = _full_cursor(self.cursor.entity, self.cursor, self.cursor.signature or "", now)
        return Walk(fresh, resumed=False, tracking=self.tracking)

    @property
    def follows_stored_link(self) -> bool:
        """Whether it begins at a link of an earlier run, which may have had its time."""
        return self.resumed or self.cursor.mode == TRACKED

    @property
    def since(self) -> str | None:
        """The delta link to begin at."""
        return self.cursor.delta_link if self.cursor.mode == TRACKED else None

    def query(self, compiled: CompiledEntity[Any]) -> Query:
        """What is asked for. A walk over changes that was interrupted goes on by its link and needs no condition."""
        conditions = [Condition(compiled.filter)] if compiled.filter else []
        column = compiled.mapping.modified
        if self.cursor.mode == MODIFIED and self.cursor.watermark is not None and column is not None:
            conditions.append(ge(column, (self.cursor.watermark - OVERLAP).replace(microsecond=0)))
        return Query(
            entity_set=compiled.entity_set,
            select=compiled.select,
            optional=compiled.optional,
            filter=and_(*conditions) if conditions else None,
            track_changes=self.tracking and not conditions,
        )

    def finished(self, at: datetime) -> Cursor:
        """The cursor of an entity whose walk is complete."""
        return replace(self.cursor, next_link=None, updated_at=at)


def signature_of(compiled: CompiledEntity[Any]) -> str:
    """Changes when other columns or rows are asked for, so that the mirror is read anew."""
    text = repr((compiled.entity_set, compiled.filter, sorted(compiled.select), sorted(compiled.optional), compiled.fingerprint))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def newest(first: datetime | None, second: datetime | None) -> datetime | None:
    """The later of two instants that may be missing."""
    return max((instant for instant in (first, second) if instant is not None), default=None)


def _full_cursor(entity: str, last: Cursor | None, signature: str, now: datetime) -> Cursor:
    return Cursor(
        entity=entity,
        generation=(last.generation if last else 0) + 1,
        watermark=None,
        next_link=None,
        mode=FULL,
        signature=signature,
        rows=0,
        updated_at=now,
        full_at=now,
        began_at=now,
    )
