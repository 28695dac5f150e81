"""Reads one entity to the end of its walk, a transaction a page."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from proforma.dataverse.errors import StaleLinkError, TrackingRefusedError
from proforma.mapping import CompiledEntity
from proforma.store import Cursor, Transaction
from proforma.sync.ahead import ahead
from proforma.sync.mapped_pages import MappedPage, PageMapper
from proforma.sync.pull_desk import PullDesk, StoppedError
from proforma.sync.ranges import RangePages, RangeReading
from proforma.sync.walks import FULL, RANGES, TRACKED, Walk, newest
from proforma.transport.errors import ForbiddenOriginError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What the pull of one entity did.

    `mode`: "full", "modified" or "tracked". `missing`: the optional columns that the environment lacks. `note`: what a person should
    know about the way it was read.
    """

    entity: str
    mode: str
    rows: int = 0
    pages: int = 0
    quarantined: int = 0
    deleted: int = 0
    missing: tuple[str, ...] = ()
    absent: bool = False
    note: str = ""


class EntityPull:
    """Reads one entity; the next page is fetched and mapped while the last one is committed."""

    def __init__(self, desk: PullDesk, compiled: CompiledEntity[Any], walk: Walk) -> None:
        self._desk = desk
        self._store = desk.store
        self._now = desk.now
        self._compiled = compiled
        self._walk = walk
        self._cursor = walk.cursor
        self._id_place = [item.name for item in fields(compiled.record)].index("id")
        self._quarantined: set[str] = set()
        self._missing: set[str] = set()
        self._pages = 0
        self._rows = 0
        self._deleted = 0
        self._in_ranges = False
        with desk.store.read() as reader:
            self._problems_before = {problem.source for problem in reader.quarantine.open(kind="row", entity=compiled.entity)}

    def run(self) -> Pulled:
        """Reads and commits every page.

        A walk that was interrupted, or in ranges, shows the rows it has passed as they were then, so what changed since is read in the
        same pull.
        """
        resumed = self._walk.resumed
        if self._walk.divisible or self._cursor.mode == RANGES:
            self._in_ranges = self._read_in_ranges()
        if not self._in_ranges:
            self._walk_to_the_end()
        mode = RANGES if self._in_ranges else self._cursor.mode
        if resumed or self._in_ranges:
            following = Walk.begin(self._store, self._compiled, now=self._now(), full=False)
            if following.cursor.mode != FULL:
                self._begin(following)
                self._walk_to_the_end()
        return Pulled(
            entity=self._compiled.entity,
            mode=mode,
            rows=self._rows,
            pages=self._pages,
            quarantined=len(self._quarantined),
            deleted=self._deleted,
            missing=tuple(sorted(self._missing)),
            note=self._note(),
        )

    def _read_in_ranges(self) -> bool:
        """Reads the table in ranges, if that is begun already or worth while. Answers whether it was."""
        reading = RangeReading.begin(self._desk, self._compiled, self._cursor)
        if reading is None:
            return False
        self._cursor = reading.cursor
        with closing(reading.pages()) as pages:
            for arrived in pages:
                self._commit(arrived.mapped, arrived)
        return True

    def _walk_to_the_end(self) -> None:
        """A link that the server no longer takes starts the walk again, over everything."""
        try:
            self._read_tracked_if_possible()
        except (StaleLinkError, ForbiddenOriginError):
            if not self._walk.follows_stored_link:
                raise
            # W-175, W-176: the full set says nothing of deletions, but the sweep at its end does.
            self._begin(self._walk.afresh(self._now()))
            self._read_tracked_if_possible()

    def _begin(self, walk: Walk) -> None:
        self._walk = walk
        self._cursor = walk.cursor

    def _read_tracked_if_possible(self) -> None:
        try:
            self._read()
        except TrackingRefusedError as refusal:
            # W-163: nothing was read yet; the same walk goes without.
            log.info("read without change tracking", extra={"event": "not_tracked", "entity": self._compiled.entity, "why": refusal.what})
            self._begin(replace(self._walk, tracking=False))
            self._read()

    def _note(self) -> str:
        if self._compiled.changes != "tracked" or self._cursor.delta_link is not None:
            return ""
        if self._in_ranges:
            return "read in ranges; change tracking begins with the next full pull, within a day"
        return "change tracking is off, so only full pulls find deletions"

    def _read(self) -> None:
        walk, compiled = self._walk, self._compiled
        pages = self._desk.client.pages(walk.query(compiled), compiled.row_type, start=self._cursor.next_link, since=walk.since)
        mapper = PageMapper(compiled, generation=self._cursor.generation, changes=self._cursor.mode == TRACKED)
        # Each page is fetched and mapped while the one before is being committed.
        for page in ahead(map(mapper.map, pages), "fetch"):
            if self._desk.stop.is_set():
                raise StoppedError
            self._commit(page)

    def _commit(self, page: MappedPage, part: RangePages | None = None) -> None:
        """One page: its rows, its deletions, its quarantined rows and the cursor after it, in one transaction (promise 1).

        `part`: the page belongs to ranges, and what is left to read of the table goes with it.
        """
        self._missing |= page.missing_columns
        at = self._now()
        with self._desk.writing() as tx:
            tx.mirror.put(self._compiled.entity, self._compiled.record, page.rows)
            self._put_aside(tx, page, at)
            deleted = self._delete(tx, page.deleted, at)
            cursor = replace(
                self._cursor,
                next_link=page.next_link if part is None else None,
                rows=self._cursor.rows + len(page.rows),
                pending=newest(self._cursor.pending, page.newest),
                updated_at=at,
            )
            if part is not None:
                part.write_down(tx)
            if part.is_last if part is not None else page.next_link is None:
                deleted += self._sweep(tx, at)
                cursor = _complete(cursor, page.delta_link)
            tx.cursors.set(self._compiled.entity, cursor)
        self._cursor = cursor
        self._pages += page.pages
        self._rows += len(page.rows)
        self._deleted += deleted
        self._desk.advance(len(page.rows))

    def _delete(self, tx: Transaction, ids: tuple[str, ...], at: datetime) -> int:
        """Rows that the table's change tracking calls deleted (promise 2); ids that we never had are harmless (W-170)."""
        if not ids:
            return 0
        if self._problems_before or self._quarantined:
            tx.quarantine.resolve(self._compiled.entity, ids, kind="row")
        self._quarantined.difference_update(ids)
        return tx.mirror.delete(self._compiled.entity, ids, at)

    def _sweep(self, tx: Transaction, at: datetime) -> int:
        """After the last page of a full walk: rows it has not seen are gone (promise 2)."""
        if self._cursor.mode not in (FULL, RANGES):
            return 0
        gone = self._problems_before - self._quarantined
        if gone and not self._walk.resumed:
            tx.quarantine.resolve(self._compiled.entity, gone, kind="row")
        tx.cursors.drop_ranges(self._compiled.entity)
        return tx.mirror.sweep(self._compiled.entity, self._cursor.generation, at)

    def _put_aside(self, tx: Transaction, page: MappedPage, at: datetime) -> None:
        entity = self._compiled.entity
        for row in page.rejected:
            tx.quarantine.put("row", entity, row.key, row.reason, row.message, row.payload, at)
            self._quarantined.add(row.key)
        if page.rejected:
            tx.mirror.hold(entity, [row.key for row in page.rejected if row.key], at)
        if self._problems_before:
            tx.quarantine.resolve(entity, [str(cells[self._id_place]) for cells in page.rows], kind="row")


def _complete(cursor: Cursor, delta_link: str | None) -> Cursor:
    """The cursor after the last page: the watermark moves, and the delta link is kept, the old one where no new one came (W-172).

    The watermark never passes the instant at which the walk began: a row may have changed behind it, long before the newest one it saw.
    """
    seen = min((at for at in (cursor.pending, cursor.began_at) if at is not None), default=None) if cursor.pending else None
    mode = FULL if cursor.mode == RANGES else cursor.mode
    return replace(cursor, mode=mode, watermark=newest(cursor.watermark, seen), pending=None, delta_link=delta_link or cursor.delta_link)
