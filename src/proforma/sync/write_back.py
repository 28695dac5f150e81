"""The way back: what became of invoices, written to Dataverse, and nothing else of it (D-26, D-110, D-111).

    queued    look at the row -> as wished: done · not there: refused · otherwise write what differs, only if nobody changed it meanwhile
              -> done · changed by somebody (409, 412): look again · refused: waits for a person · no clear answer: look again

Looking before writing makes every step one that may be repeated: after a death, a doubt or a lost race the row itself tells how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from proforma.dataverse import writes
from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import unknown_column
from proforma.dataverse.query import Query, eq, or_
from proforma.dataverse.writer import Writer
from proforma.dataverse.writes import Write
from proforma.domain.codes import BillingStatus
from proforma.domain.errors import ConfigurationError
from proforma.mapping import EntityMapping, Mappings, WriteBackMapping, table_of
from proforma.store import Store, WriteBackRow
from proforma.store.write_backs import DONE, QUEUED, REFUSED
from proforma.sync.progress import Progress, Silent
from proforma.sync.wishes import Wishes
from proforma.transport.decoding import decode_untyped
from proforma.transport.errors import BadResponseError, HttpStatusError, TransportError
from proforma.transport.multipart import PartAnswer
from proforma.transport.redaction import excerpt
from proforma.transport.session import Answer, Request

#: Kind of the problems that refusals of Dataverse make.
WRITE_BACK: Final = "write-back"
#: So many rows are looked at with one request and written with another.
_ROWS_MAX: Final = 40
#: So often a row is looked at again in one run after somebody changed it or an answer was lost.
_LOOKS_MAX: Final = 3
_RETRY_SECONDS_MAX: Final = 3600
_CHANGED: Final = frozenset({409, 412})
_NOT_ALLOWED: Final = frozenset({401, 403})

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """What became of the wish for one row in this run."""

    entity: str
    row_id: str
    invoice_id: str | None
    state: str
    message: str | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether it will not go on by itself."""
        return self.state == REFUSED


class WriteBack:
    """Tells Dataverse what the mappings want it to be told. Without such a mapping nothing is read or written there."""

    def __init__(
        self,
        store: Store,
        client: Callable[[], DataverseClient],
        mappings: Mappings,
        *,
        now: Callable[[], datetime],
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._client = client
        self._mappings = mappings
        self._now = now
        self._progress = progress or Silent()

    def plan(self) -> list[WriteBackRow]:
        """Brings the wishes up to date and shows those that wait; nothing is sent."""
        if self._mappings.write_back:
            Wishes(self._store, self._mappings, now=self._now).plan()
        with self._store.read() as reader:
            return [row for row in reader.write_backs.all(state=QUEUED) if row.entity in self._mappings.write_back]

    def run(self) -> Iterator[WrittenBack]:
        """Writes what is due; yields each row as its result is committed.

        Raises TransportError when Dataverse cannot be reached or does not let us write, ConfigurationError when it lacks a column of the
        mapping, and UnfinishedError when another process writes: the rest stays queued, and the next run goes on.
        """
        if not self._mappings.write_back:
            return
        with self._store.stage_lock(WRITE_BACK):
            self._progress.begin(WRITE_BACK, len(self.plan()))
            for mapping in self._mappings.write_back.values():
                desk = _Desk(self._client(), mapping, self._mappings.entities[mapping.entity])
                while rows := self._due(mapping):
                    for written in self._settled(desk, rows):
                        self._progress.advance(1)
                        yield written
            self._progress.end()

    def _due(self, mapping: WriteBackMapping) -> list[WriteBackRow]:
        with self._store.read() as reader:
            return reader.write_backs.due(mapping.entity, self._now(), _ROWS_MAX)

    def _settled(self, desk: _Desk, rows: Sequence[WriteBackRow]) -> Iterator[WrittenBack]:
        left, fault = list(rows), None
        for _ in range(_LOOKS_MAX):
            try:
                results = desk.write(left)
            except TransportError as unclear:
                if not unclear.doubtful:
                    raise
                fault = unclear  # what came of it is seen by looking again
                continue
            fault, again = None, []
            for row in left:
                result = results[row.id]
                if result.state is None:
                    again.append(row)
                else:
                    yield self._kept(row, result.state, result.message)
            if not (left := again):
                return
        if fault is not None:
            raise fault
        for row in left:
            yield self._kept(row, QUEUED, "somebody changed this row each time that we wrote it; it is tried again later")

    def _kept(self, row: WriteBackRow, state: str, message: str | None) -> WrittenBack:
        now = self._now()
        wait = min(60 * 2 ** min(row.attempts, 6), _RETRY_SECONDS_MAX)
        next_attempt_at = now + timedelta(seconds=wait) if state == QUEUED else None
        with self._store.begin() as tx:
            mine = tx.write_backs.settle(row, state, now, message=message, next_attempt_at=next_attempt_at)
            if mine and state == REFUSED:
                told = f"Dataverse does not take what is written back to {row.entity} {row.row_id}: {message}"
                tx.quarantine.put(WRITE_BACK, row.entity, row.row_id, "write-back-refused", told, row.content.encode(), now)
            elif mine and state == DONE:
                tx.quarantine.resolve(row.entity, [row.row_id], kind=WRITE_BACK)
        return WrittenBack(entity=row.entity, row_id=row.row_id, invoice_id=row.invoice_id, state=state, message=message)


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of a row; no state: it must be looked at again."""

    state: str | None
    message: str | None = None


_AGAIN: Final = _Result(None)


class _Desk:
    """Reads and writes rows of one entity."""

    def __init__(self, client: DataverseClient, mapping: WriteBackMapping, entity: EntityMapping) -> None:
        self._client = client
        self._mapping = mapping
        self._entity = entity
        self._status = table_of(entity, "billing_status") if mapping.ready is not None else None

    def write(self, rows: Sequence[WriteBackRow]) -> dict[int, _Result]:
        """What came of each row, by its number. Raises TransportError when that is not known, or when nothing can be done at all."""
        there = self._there(rows)
        results: dict[int, _Result] = {}
        sent: list[tuple[int, Write]] = []
        for row in rows:
            present = there.get(row.row_id)
            if present is None:
                results[row.id] = _Result(REFUSED, "the row is not there")
                continue
            missing = list(self._missing(row, present))
            results[row.id] = _Result(DONE)
            sent += [(row.id, write) for write in missing]
        if sent:
            answers = Writer(self._client).batch([write for _, write in sent], continue_on_error=True)
            for (number, _), answer in zip(sent, answers, strict=True):
                results[number] = _worse(results[number], _meaning(answer[0] if answer else None))
        return results

    def _there(self, rows: Sequence[WriteBackRow]) -> dict[str, _Row]:
        key = self._entity.key
        columns = dict.fromkeys((key, *self._mapping.columns, *([self._status[0]] if self._status else [])))
        condition = or_(*(eq(key, UUID(row.row_id)) for row in rows))
        query = Query(entity_set=self._entity.entity_set, select=tuple(columns), filter=condition)
        try:
            found = self._client.read(Request(method="GET", link=query.link()), _rows)
        except HttpStatusError as refusal:
            column = unknown_column(refusal)
            if column is not None and column in self._mapping.columns:
                message = f"{self._entity.table} has no column {column!r}"
                hint = "add it in Dataverse, or take it out of the mapping"
                raise ConfigurationError(message, at=self._mapping.where(column), hint=hint) from refusal
            raise
        return {str(row[key]).lower(): row for row in found}

    def _missing(self, row: WriteBackRow, present: _Row) -> Iterator[Write]:
        """The writes that are missing; an update only if nobody changed the row since it was looked at (W-141)."""
        wish = cast("dict[str, Any]", decode_untyped(row.content.encode()))
        key, columns = UUID(row.row_id), cast("dict[str, Any]", wish["columns"])
        different = {name: value for name, value in columns.items() if not _same(present.get(name), value)}
        if different:
            yield writes.update(self._entity.entity_set, key, different, etag=str(present["@odata.etag"]))
        ready, wanted = self._mapping.ready, wish.get("ready")
        if ready is not None and wanted is not None and not self._is_as_wished(present, ready=bool(wanted)):
            yield writes.action(ready.action, {ready.rows: row.row_id, ready.flag: bool(wanted)})

    def _is_as_wished(self, present: _Row, *, ready: bool) -> bool:
        """Whether nothing is to be done; what is neither ready nor not ready there cannot be billed there in any case."""
        if self._status is None:
            return True
        column, words = self._status
        number = present.get(column)
        return (number is not None and words.get(number) == BillingStatus.READY) == ready


def _rows(answer: Answer) -> list[_Row]:
    answer.require_json()
    page = decode_untyped(answer.body, trace=answer.trace)
    rows = page.get("value") if isinstance(page, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "@odata.etag" in row for row in rows):
        raise BadResponseError("the answer is no list of rows", trace=answer.trace)
    return cast("list[_Row]", rows)


def _same(theirs: object, ours: object) -> bool:
    """Whether a column says what it is to say; a day may be kept as the midnight that begins it."""
    if isinstance(ours, Decimal | int) and not isinstance(ours, bool) and isinstance(theirs, Decimal | int):
        return Decimal(theirs) == Decimal(ours)
    if isinstance(theirs, str) and isinstance(ours, str) and theirs.startswith(f"{ours}T00:00:00"):
        return True
    return type(theirs) is type(ours) and theirs == ours


def _meaning(answer: PartAnswer | None) -> _Result:
    if answer is None or answer.status in _CHANGED:
        return _AGAIN
    if answer.ok:
        return _Result(DONE)
    words = excerpt(answer.message or f"status {answer.status}", characters_max=500)
    if answer.status in _NOT_ALLOWED:
        todo = "Give the application user the privilege to write this table, or take the file out of mappings/write-back."
        raise TransportError(f"Dataverse does not let us write: {words}", todo=todo)
    if answer.status == 429 or answer.status >= 500:
        return _Result(QUEUED, words)
    return _Result(REFUSED, words)


_ORDER: Final = (None, REFUSED, QUEUED, DONE)


def _worse(one: _Result, other: _Result) -> _Result:
    """Of two results for one row the one that leaves more to do."""
    return min(one, other, key=lambda result: _ORDER.index(result.state))
