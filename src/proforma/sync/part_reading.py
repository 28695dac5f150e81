"""Reads one part of a backfill to its end, a transaction a page: its rows, what could not be mapped, and where the part goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from proforma.dataverse.errors import StaleLinkError
from proforma.mapping import CompiledEntity
from proforma.store import Part, Transaction, codec
from proforma.sync.mapped_pages import MappedPage, PageMapper
from proforma.sync.periods import DatedColumn, query_of
from proforma.sync.pull_desk import PullDesk, StoppedError
from proforma.transport.errors import ForbiddenOriginError


@dataclass(frozen=True, slots=True)
class PartReading:
    """Reads parts of one entity. Rows that the pull has in a newer version are left alone, and so is its cursor."""

    desk: PullDesk
    compiled: CompiledEntity[Any]
    column: DatedColumn

    def to_the_end(self, part: Part) -> Part:
        """The part as it is when its last page is committed; it must have been claimed.

        Raises StaleFenceError when somebody else has claimed it meanwhile, StoppedError when the backfill ends, and the faults of the
        transfer; what was committed stays.
        """
        try:
            return self._pages(part)
        except (StaleLinkError, ForbiddenOriginError):
            if part.next_link is None:
                raise
            with self.desk.writing() as tx:
                part = tx.backfills.again(part)
            return self._pages(part)

    def _pages(self, part: Part) -> Part:
        query = query_of(self.compiled, self.column, part.first, part.last)
        mapper = PageMapper(self.compiled, generation=0)
        pages = self.desk.client.pages(query, self.compiled.row_type, start=part.next_link)
        while True:
            read_at = self.desk.now()
            page = next(pages, None)
            if page is None:
                return part
            part = self._commit(part, mapper.map(page), read_at)
            if self.desk.stop.is_set():
                raise StoppedError

    def _commit(self, part: Part, page: MappedPage, read_at: datetime) -> Part:
        """Rows, quarantine and the place reached are one commit (promise 1); the fence keeps a page from being counted twice."""
        entity = self.compiled.entity
        with self.desk.writing() as tx:
            # First, so that whoever claimed the part since is not held up by rows that will not be kept.
            moved = tx.backfills.read(part, rows=len(page.rows), quarantined=len(page.rejected), next_link=page.next_link)
            tx.mirror.renew(entity, self.compiled.record, page.rows, read_at)
            self._put_aside(tx, page)
        self.desk.advance(len(page.rows) + len(page.rejected))
        return moved

    def _put_aside(self, tx: Transaction, page: MappedPage) -> None:
        """Promise 5, as in the pull: a row that cannot be mapped is kept with its reason, and its older form is not billed."""
        entity, at = self.compiled.entity, self.desk.now()
        for row in page.rejected:
            tx.quarantine.put("row", entity, row.key, row.reason, row.message, row.payload, at)
        if page.rejected:
            tx.mirror.hold(entity, [row.key for row in page.rejected if row.key], at)
        if tx.quarantine.count():
            place = codec(self.compiled.record).names.index("id")
            tx.quarantine.resolve(entity, [str(cells[place]) for cells in page.rows], kind="row")
