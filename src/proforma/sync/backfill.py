"""Reads a period of one entity once more: divided by the calendar, several parts at once, beside the pull, whose cursor it never moves.

Each part goes on at the page after its last commit, whoever reads it and however often it was interrupted. A part that fails keeps none
of the others from being read, and the next call reads what is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import UnknownColumnError, UnknownEntitySetError
from proforma.domain.errors import ConfigurationError
from proforma.mapping import CompiledEntity, EntityMapping, Mappings, did_you_mean
from proforma.store import Backfill, Part, PartState, StaleFenceError, Store
from proforma.store.processes import this_process
from proforma.sync.part_reading import PartReading
from proforma.sync.periods import Chunk, DatedColumn, count, divide
from proforma.sync.progress import Progress, Silent
from proforma.sync.pull import compiled_for
from proforma.sync.pull_desk import PullDesk, StoppedError
from proforma.sync.walks import signature_of
from proforma.transport.errors import AuthenticationError, TransportError

#: Counting takes a request for each part; with more parts than this the length of the way is not known beforehand.
COUNTED_PARTS_MAX: Final = 200
#: A part that fails must not stop the rest; so many in a row mean that the environment itself is away.
_FAULTS_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is to be read: an entity's rows of these days, both included, by the dates of `by` (None: as the mapping says)."""

    entity: str
    first: date
    last: date
    chunk: Chunk = "month"
    by: str | None = None


class Backfills:
    """Plans, counts and reads backfills."""

    def __init__(
        self,
        store: Store,
        client: Callable[[], DataverseClient],
        mappings: Mappings,
        *,
        zone: ZoneInfo,
        now: Callable[[], datetime],
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._client = client
        self._mappings = mappings
        self._zone = zone
        self._now = now
        self._progress = progress or Silent()

    def check(self, period: Period) -> None:
        """Raises ConfigurationError for a period that cannot be read: an unknown entity or column, days in the wrong order."""
        self._planned(period)

    def count(self, period: Period) -> Iterator[tuple[Part, int | None]]:
        """How many rows each part has, as the environment counts them now; None where it does not count so many."""
        _, compiled, column = self._planned(period)
        for part in _parts(0, period):
            yield part, count(self._client(), compiled, column, part.first, part.last)

    def begin(self, period: Period) -> Backfill:
        """Writes a new backfill down, or goes on with one of the same period and parts that was not finished."""
        wanted, _, _ = self._planned(period)
        with self._store.begin() as tx:
            unfinished = tx.backfills.unfinished(wanted)
            if unfinished is not None:
                tx.runs.resume(unfinished.run_id)
                return unfinished
            run_id = tx.runs.start(f"backfill {period.entity} {period.first}..{period.last}", self._now())
            begun = replace(wanted, run_id=run_id)
            tx.backfills.begin(begun, _parts(run_id, period))
        return begun

    def run(self, backfill: Backfill, *, workers: int) -> Iterator[Part]:
        """Reads what is left, so many parts at once; yields each part as it ends, done or failed.

        Raises ConfigurationError when the environment lacks the table or a column, UnfinishedError when another process is at this
        entity's backfill.
        """
        with self._store.stage_lock(f"backfill-{backfill.entity}"):
            compiled, column = self._compiled(backfill)
            with self._store.read() as reader:
                left = [part for part in reader.backfills.parts(backfill.run_id) if part.state is not PartState.DONE]
            desk = self._desk()
            self._progress.begin(f"backfill {backfill.entity}", self._expected(left, compiled, column))
            try:
                yield from self._together(desk, PartReading(desk, compiled, column), left, workers)
            finally:
                self._progress.end()
                self.leave(backfill.run_id)

    def read_part(self, run_id: int, number: int) -> Part | None:
        """Reads one part to its end in this process; None when there is nothing left of it, or somebody else has taken it over.

        Raises the faults of the transfer, after it has written down why the part was left.
        """
        with self._store.read() as reader:
            backfill = reader.backfills.get(run_id)
        if backfill is None:
            return None
        compiled, column = self._compiled(backfill)
        read = self._read(PartReading(self._desk(), compiled, column), run_id, number)
        with self._store.begin() as tx:
            tx.backfills.close(run_id, self._now())
        return read

    def leave(self, run_id: int) -> None:
        """Ends the run when all of it is read; else writes down what is left, to be gone on with."""
        with self._store.begin() as tx:
            if not tx.backfills.close(run_id, self._now()):
                parts = tx.backfills.parts(run_id)
                counts = {"parts": len(parts), "left": sum(part.state is not PartState.DONE for part in parts)}
                counts |= {"rows": sum(part.rows for part in parts), "quarantined": sum(part.quarantined for part in parts)}
                tx.runs.finish(run_id, self._now(), "unfinished", counts)

    def _desk(self) -> PullDesk:
        return PullDesk(store=self._store, client=self._client(), now=self._now, progress=self._progress)

    def _together(self, desk: PullDesk, reading: PartReading, left: Sequence[Part], workers: int) -> Iterator[Part]:
        stumbles = _Stumbles()

        def one(part: Part) -> Part | None:
            if stumbles.must_stop or desk.stop.is_set():
                return None
            try:
                read = self._read(reading, part.run_id, part.number)
            except StoppedError:
                return None
            except TransportError as fault:
                stumbles.note(fault)
                with self._store.read() as reader:
                    return reader.backfills.part(part.run_id, part.number)
            stumbles.note(None)
            return read

        with ThreadPoolExecutor(workers, thread_name_prefix="backfill") as pool:
            try:
                for future in as_completed([pool.submit(one, part) for part in left]):
                    if (part := future.result()) is not None:
                        yield part
            finally:
                # After a fault, or when nobody wants more: what is under way ends with its page, what is queued never begins.
                desk.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, reading: PartReading, run_id: int, number: int) -> Part | None:
        with reading.desk.writing() as tx:
            part = tx.backfills.claim(run_id, number, str(this_process()))
        if part is None:
            return None
        try:
            return reading.to_the_end(part)
        except StaleFenceError:
            return None
        except (UnknownColumnError, UnknownEntitySetError) as lacking:
            raise ConfigurationError(
                str(lacking), hint="`proforma mapping check --live` says what the mapping asks for in vain"
            ) from lacking
        except TransportError as fault:
            self._note(reading.desk, part, str(fault))
            raise

    def _note(self, desk: PullDesk, part: Part, why: str) -> None:
        try:
            with desk.writing() as tx:
                tx.backfills.failed(part, why)
        except StaleFenceError:
            return

    def _expected(self, left: Sequence[Part], compiled: CompiledEntity[Any], column: DatedColumn) -> int | None:
        """The rows that are left, counted once for each part; None where they cannot be counted."""
        if len(left) > COUNTED_PARTS_MAX:
            return None
        total = 0
        for part in left:
            rows = part.expected
            if rows is None:
                try:
                    rows = count(self._client(), compiled, column, part.first, part.last)
                except TransportError:
                    rows = None
                if rows is None:
                    return None
                with self._store.begin() as tx:
                    tx.backfills.expect(part.run_id, part.number, rows)
            total += max(rows - part.rows, 0)
        return total

    def _planned(self, period: Period) -> tuple[Backfill, CompiledEntity[Any], DatedColumn]:
        mapping = self._mapping(period.entity)
        if period.last < period.first:
            raise ConfigurationError(f"--to {period.last} lies before --from {period.first}", hint="exchange the two days")
        column = DatedColumn.of(mapping, period.by, self._zone)
        compiled = compiled_for(self._store, mapping)
        planned = Backfill(
            run_id=0,
            entity=period.entity,
            column=column.name,
            first=period.first,
            last=period.last,
            chunk=period.chunk,
            signature=self._signature(compiled, column),
        )
        return planned, compiled, column

    def _compiled(self, backfill: Backfill) -> tuple[CompiledEntity[Any], DatedColumn]:
        mapping = self._mapping(backfill.entity)
        column, compiled = DatedColumn.of(mapping, backfill.column, self._zone), compiled_for(self._store, mapping)
        if self._signature(compiled, column) != backfill.signature:
            hint = "call `proforma backfill` with the same days: it begins anew"
            raise ConfigurationError(f"the mapping of {backfill.entity} has changed since run {backfill.run_id} began", hint=hint)
        return compiled, column

    def _signature(self, compiled: CompiledEntity[Any], column: DatedColumn) -> str:
        """Changes when other rows would be read, or read otherwise; then the links of parts that were begun are of no use."""
        text = f"{signature_of(compiled)} {column.name} {'' if column.is_day else column.zone}"
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def _mapping(self, entity: str) -> EntityMapping:
        found = self._mappings.entities.get(entity)
        if found is None:
            known = sorted(self._mappings.entities)
            hint = did_you_mean(entity, known) or "known: " + ", ".join(known)
            raise ConfigurationError(f"there is no entity {entity!r} in the mappings", hint=hint)
        return found


class _Stumbles:
    """Faults of one run. One that no other part can escape stops it at once, as do several in a row."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row = 0
        self.must_stop = False

    def note(self, fault: TransportError | None) -> None:
        with self._lock:
            self._in_a_row = 0 if fault is None else self._in_a_row + 1
            self.must_stop = self.must_stop or isinstance(fault, AuthenticationError) or self._in_a_row >= _FAULTS_MAX


def _parts(run_id: int, period: Period) -> list[Part]:
    pieces = divide(period.first, period.last, period.chunk)
    return [Part(run_id=run_id, number=number, first=first, last=last) for number, (first, last) in enumerate(pieces, 1)]
