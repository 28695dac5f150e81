"""Reads a large table in ranges of a column that never changes, several at once, one page a request.

The ranges that are left are kept beside the cursor, and each page moves its own in the page's transaction, so an interrupted pull goes
on with them; pages that arrived while others were being written share one. A range begins anew at the place of the last row committed: no
link is kept, none can go stale. Since nobody knows how the rows lie, one that turns out long is halved whenever a reader would be idle.

    first pull    |----1----|----2----|----3----|----4----|      equal spans of time
    3 is long     |  done   |  done   |##-5-|-6-|  done   |      the rest of it is shared out
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from proforma.dataverse.errors import StaleLinkError
from proforma.dataverse.metadata import row_count
from proforma.dataverse.query import Condition, Query, and_, eq, ge, lt, ne, or_
from proforma.mapping import CompiledEntity
from proforma.store import Cursor, Range, Transaction
from proforma.sync.log_context import inherited
from proforma.sync.mapped_pages import MappedPage, PageMapper, together
from proforma.sync.pull_desk import PullDesk, StoppedError
from proforma.sync.walks import RANGES
from proforma.transport.errors import BadResponseError

#: Pages under way at once, if the server's pace allows it; the pace itself never allows more than 52 (W-190).
AT_ONCE: Final = 16
#: Small pages: as many may be in memory as are under way.
PAGE_ROWS: Final = 1000
#: Pages that one transaction takes at most: as many rows as a page of a walk from one end to the other.
_TOGETHER: Final = 5
#: A table of fewer rows is read from one end to the other.
WORTH_ROWS: Final = 50_000
#: Ranges to begin with: more than readers, since some turn out empty.
_PARTS: Final = 2 * AT_ONCE
#: The platform keeps whole seconds (W-116), so no range can be shorter.
_SHORTEST: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePages:
    """Pages of different ranges, and what is left of their ranges when they are committed. `is_last`: the whole table has been read."""

    mapped: MappedPage
    entity: str
    numbers: tuple[int, ...]
    left: tuple[Range, ...]
    is_last: bool

    def write_down(self, tx: Transaction) -> None:
        """Moves the ranges in the transaction of their pages (promise 1)."""
        for number in self.numbers:
            tx.cursors.drop_ranges(self.entity, number)
        tx.cursors.set_ranges(self.left)


@dataclass(frozen=True, slots=True)
class _Part:
    """A range and how it goes on: at a link, or from its beginning. `passed`: links already followed in it."""

    range: Range
    link: str | None = None
    passed: set[str] = field(default_factory=set)


class RangeReading:
    """One reading of a table in ranges. `cursor` is what it was begun with."""

    def __init__(self, desk: PullDesk, compiled: CompiledEntity[Any], cursor: Cursor, column: str) -> None:
        self.cursor = cursor
        self._desk = desk
        self._compiled = compiled
        self._column = column
        self._mapper = PageMapper(compiled, generation=cursor.generation)
        self._waiting: deque[_Part] = deque()
        self._under_way: dict[Future[MappedPage], _Part] = {}
        self._numbers = 0

    @classmethod
    def begin(cls, desk: PullDesk, compiled: CompiledEntity[Any], cursor: Cursor) -> RangeReading | None:
        """Goes on with the ranges that are left, or divides the table; None when it is not meant to be divided, or too small."""
        column = compiled.mapping.ranges
        if column is None:
            return None
        if cursor.mode == RANGES:
            reading = cls(desk, compiled, cursor, column)
            with desk.store.read() as reader:
                ranges = reader.cursors.ranges(compiled.entity)
        else:
            count = row_count(desk.client, compiled.mapping.table)
            if count is not None and count < WORTH_ROWS:
                return None
            reading = cls(desk, compiled, replace(cursor, mode=RANGES), column)
            ranges = reading._divide()
            if not ranges:
                return None
            with desk.writing() as tx:
                tx.cursors.drop_ranges(compiled.entity)
                tx.cursors.set_ranges(ranges)
                tx.cursors.set(compiled.entity, reading.cursor)
        reading._waiting.extend(map(_Part, ranges))
        reading._numbers = max(part.number for part in ranges) + 1
        return reading

    def pages(self) -> Generator[RangePages, None, None]:
        """Every page, with those that arrived together; they must be committed before the next ones are asked for."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="range", initializer=inherited()) as pool:
            try:
                self._start(pool)
                while self._under_way:
                    finished, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                    failed = [future for future in finished if future.exception() is not None]
                    if len(failed) < len(finished):
                        arrived = self._arrived(pool, list(finished.difference(failed))[:_TOGETHER])
                        if self._desk.stop.is_set():
                            raise StoppedError
                        yield arrived
                    # What came beside a fault is kept first.
                    for future in failed:
                        future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _arrived(self, pool: ThreadPoolExecutor, finished: Sequence[Future[MappedPage]]) -> RangePages:
        """Takes pages over, and lets the readers that brought them go on."""
        pages, numbers, left = [], [], []
        for future in finished:
            part, page = self._under_way.pop(future), future.result()
            rest = self._left(part, page)
            self._waiting.extend(rest)
            self._start(pool)
            pages.append(page)
            numbers.append(part.range.number)
            left += [piece.range for piece in rest]
        return RangePages(
            mapped=together(pages),
            entity=self._compiled.entity,
            numbers=tuple(numbers),
            left=tuple(left),
            is_last=not (self._waiting or self._under_way),
        )

    def _start(self, pool: ThreadPoolExecutor) -> None:
        while self._waiting and len(self._under_way) < AT_ONCE:
            part = self._waiting.popleft()
            self._under_way[pool.submit(self._fetch, part)] = part

    def _fetch(self, part: _Part) -> MappedPage:
        """The next page of a range; where its link is no longer accepted, from the place that was reached."""
        client, query, row_type = self._desk.client, self._query(part.range), self._compiled.row_type
        try:
            return self._mapper.map(next(client.pages(query, row_type, start=part.link)))
        except StaleLinkError:
            return self._mapper.map(next(client.pages(query, row_type)))

    def _left(self, part: _Part, page: MappedPage) -> list[_Part]:
        """What is left of a range after a page: nothing, its rest at the next link, or its rest in two halves."""
        if page.next_link is None:
            return []
        if page.next_link in part.passed:
            raise BadResponseError("the server links to a page that was already read", todo="Report it with the name of the entity set.")
        rest = replace(part.range, first=page.last or part.range.first)
        middle = self._middle(rest) if rest.first != part.range.first else None
        if middle is None or len(self._under_way) + len(self._waiting) >= AT_ONCE - 1:
            return [_Part(rest, page.next_link, part.passed | {page.next_link})]
        self._numbers += 1
        return [_Part(replace(rest, last=middle)), _Part(replace(rest, number=self._numbers - 1, first=middle))]

    def _middle(self, rest: Range) -> datetime | None:
        """Where to halve a range; None when it is too short, or nobody knows where it begins."""
        last = rest.last or self.cursor.began_at
        if rest.first is None or last is None or last - rest.first < _SHORTEST:
            return None
        return (rest.first + (last - rest.first) / 2).replace(microsecond=0)

    def _query(self, part: Range) -> Query:
        compiled, column = self._compiled, self._column
        conditions = [Condition(compiled.filter)] if compiled.filter else []
        if part.first is not None:
            conditions.append(ge(column, part.first))
        if part.last is not None:
            before = lt(column, part.last)
            # Rows without a value belong to the range that is open at its beginning.
            conditions.append(before if part.first is not None else or_(before, eq(column, None)))
        return Query(
            entity_set=compiled.entity_set,
            select=compiled.select,
            optional=compiled.optional,
            filter=and_(*conditions) if conditions else None,
            order_by=(column, compiled.mapping.key),
            page_size=PAGE_ROWS,
        )

    def _divide(self) -> list[Range]:
        """Equal spans of time between the first row and the last one; both ends are open. None when the table is empty."""
        earliest, latest = self._edge("asc"), self._edge("desc")
        if earliest is None or latest is None:
            return []
        count = max(1, min(_PARTS, (latest - earliest) // _SHORTEST))
        step = (latest - earliest) / count
        bounds = [None, *((earliest + step * number).replace(microsecond=0) for number in range(1, count)), None]
        entity = self._compiled.entity
        return [Range(entity=entity, number=number, first=bounds[number], last=bounds[number + 1]) for number in range(count)]

    def _edge(self, direction: str) -> datetime | None:
        """The place of the first or the last row."""
        compiled, column = self._compiled, self._column
        there = ne(column, None)
        query = Query(
            entity_set=compiled.entity_set,
            select=(compiled.mapping.key, column),
            filter=and_(Condition(compiled.filter), there) if compiled.filter else there,
            order_by=(f"{column} {direction}", compiled.mapping.key),
            page_size=1,
        )
        page = next(self._desk.client.pages(query, compiled.row_type))
        return compiled.place(page.rows[0]) if page.rows else None
