"""The first stage: rows of Dataverse into the mirror, page by page.

Promise 1: the rows of a page and the cursor after it are one commit, so a kill at any instant loses and doubles nothing.
Promise 2: a full walk ends with a sweep of the rows it has not seen. Promise 5: a row that cannot be mapped goes to quarantine
with its reason and payload, and its older form leaves the mirror: a row we cannot read is never billed from memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import StaleLinkError, UnknownColumnError, UnknownEntitySetError
from proforma.dataverse.pages import Page
from proforma.dataverse.query import Condition, Query, and_, ge
from proforma.domain.errors import ConfigurationError
from proforma.domain.prices import DimensionFieldName, PricingDimension
from proforma.mapping import CompiledEntity, EntityMapping, Mappings, RowRejectedError, compile_entity, dimension_columns
from proforma.store import Cursor, Store, Transaction
from proforma.sync.progress import Progress, Silent
from proforma.transport.errors import ForbiddenOriginError

#: A row changed while its page was read may carry an instant before the newest one seen: read that much again.
OVERLAP: Final = timedelta(minutes=5)
#: Without change tracking only a full walk sees deletions, so one is due at least this often.
FULL_WALK_EVERY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What the pull of one entity did. `mode` is "full" or "modified"; `missing` the optional columns that the environment lacks."""

    entity: str
    mode: str
    rows: int = 0
    pages: int = 0
    quarantined: int = 0
    deleted: int = 0
    missing: tuple[str, ...] = ()
    absent: bool = False


class Pull:
    """Pulls the entities of the mappings in the order of their dependencies."""

    def __init__(
        self,
        store: Store,
        client: DataverseClient,
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

    def run(self, entities: Sequence[str] = (), *, full: bool = False) -> Iterator[Pulled]:
        """Pulls the entities named, or all; yields each when its last page is committed.

        Raises ConfigurationError for an unknown entity, UnfinishedError when another process is pulling, TransportError when
        Dataverse cannot be reached; what was committed until then stays.
        """
        chosen = self._chosen(entities)
        with self._store.stage_lock("pull"):
            for mapping in chosen:
                yield self._pull(mapping, full=full)

    def _chosen(self, entities: Sequence[str]) -> list[EntityMapping]:
        known = self._mappings.entities
        for name in entities:
            if name not in known:
                raise ConfigurationError(f"there is no entity {name!r} in the mappings", hint="known: " + ", ".join(sorted(known)))
        return [mapping for mapping in self._mappings.order() if not entities or mapping.entity in entities]

    def _pull(self, mapping: EntityMapping, *, full: bool) -> Pulled:
        compiled = self._compile(mapping)
        walk = _Walk.begin(self._store, compiled, now=self._now(), full=full)
        self._progress.begin(mapping.entity)
        try:
            return _EntityPull(self._store, self._client, compiled, walk, self._now, self._progress).run()
        except UnknownEntitySetError as error:
            if mapping.optional:
                return self._absent(compiled, walk)
            raise ConfigurationError(
                f"the environment has no table {mapping.entity_set!r}",
                at=str(mapping.source),
                hint="correct `set`, or mark the entity `optional: true`",
            ) from error
        except UnknownColumnError as error:
            raise ConfigurationError(
                f"the environment's table {mapping.entity_set!r} has no column {error.column!r}",
                at=mapping.where(error.column),
                hint="correct the column, or mark it `optional: true`",
            ) from error
        finally:
            self._progress.end()

    def _compile(self, mapping: EntityMapping) -> CompiledEntity[Any]:
        with self._store.read() as reader:
            dimensions = list(reader.mirror.all(PricingDimension))
            names = list(reader.mirror.all(DimensionFieldName))
        return compile_entity(mapping, dimension_columns(mapping, dimensions, names))

    def _absent(self, compiled: CompiledEntity[Any], walk: _Walk) -> Pulled:
        """An optional table that the environment lacks holds no rows; ones kept from before are gone (promise 2)."""
        with self._store.begin() as tx:
            deleted = tx.mirror.sweep(compiled.entity, walk.cursor.generation, self._now())
            tx.cursors.set(compiled.entity, walk.finished(self._now()))
        return Pulled(entity=compiled.entity, mode="full", deleted=deleted, absent=True)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where the reading of one entity stands: the cursor to begin with, and whether an interrupted walk goes on."""

    cursor: Cursor
    resumed: bool

    @classmethod
    def begin(cls, store: Store, compiled: CompiledEntity[Any], *, now: datetime, full: bool) -> _Walk:
        """Continues an interrupted walk; else a walk over what changed, where the mapping asks and the last full one is recent."""
        signature = _signature(compiled)
        with store.read() as reader:
            last = reader.cursors.get(compiled.entity)
        if last is None or last.signature != signature or full:
            return cls(_full_cursor(compiled.entity, last, signature, now), resumed=False)
        if last.next_link is not None:
            return cls(last, resumed=True)
        if compiled.changes == "full" or last.watermark is None or now - (last.full_at or now) >= FULL_WALK_EVERY:
            return cls(_full_cursor(compiled.entity, last, signature, now), resumed=False)
        return cls(replace(last, mode="modified", rows=0, pending=None), resumed=False)

    def finished(self, at: datetime) -> Cursor:
        """The cursor of an entity whose walk is complete."""
        return replace(self.cursor, next_link=None, updated_at=at)


def _full_cursor(entity: str, last: Cursor | None, signature: str, now: datetime) -> Cursor:
    return Cursor(
        entity=entity,
        generation=(last.generation if last else 0) + 1,
        watermark=None,
        next_link=None,
        mode="full",
        signature=signature,
        rows=0,
        updated_at=now,
        full_at=now,
        pending=None,
    )


def _signature(compiled: CompiledEntity[Any]) -> str:
    """Changes when other columns or rows are asked for, so that the mirror is read anew."""
    text = repr((compiled.entity_set, compiled.filter, sorted(compiled.select), sorted(compiled.optional), compiled.fingerprint))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _EntityPull:
    """Reads one entity to the end, a transaction a page; the next page is fetched while the last one is committed."""

    def __init__(
        self,
        store: Store,
        client: DataverseClient,
        compiled: CompiledEntity[Any],
        walk: _Walk,
        now: Callable[[], datetime],
        progress: Progress,
    ) -> None:
        self._store = store
        self._client = client
        self._compiled = compiled
        self._walk = walk
        self._now = now
        self._progress = progress
        self._cursor = walk.cursor
        self._quarantined: set[str] = set()
        self._missing: set[str] = set()
        self._pages = 0
        self._rows = 0
        self._deleted = 0
        with store.read() as reader:
            self._problems_before = {problem.source for problem in reader.quarantine.open(kind="row", entity=compiled.entity)}

    def run(self) -> Pulled:
        """Reads and commits every page. A stored link that the server no longer takes starts the walk again."""
        try:
            self._read()
        except (StaleLinkError, ForbiddenOriginError):
            if not self._walk.resumed:
                raise
            self._begin_again()
            self._read()
        return Pulled(
            entity=self._compiled.entity,
            mode=self._cursor.mode,
            rows=self._rows,
            pages=self._pages,
            quarantined=len(self._quarantined),
            deleted=self._deleted,
            missing=tuple(sorted(self._missing)),
        )

    def _begin_again(self) -> None:
        fresh = _full_cursor(self._compiled.entity, self._cursor, self._cursor.signature or "", self._now())
        self._walk = _Walk(fresh, resumed=False)
        self._cursor = fresh

    def _read(self) -> None:
        for page in self._ahead(self._client.pages(self._query(), row_type=self._compiled.row_type, start=self._cursor.next_link)):
            self._commit(page)

    def _ahead(self, pages: Iterator[Page[Any]]) -> Iterator[Page[Any]]:
        """The same pages, each fetched while the one before is being worked on."""
        with ThreadPoolExecutor(1, thread_name_prefix="fetch") as fetcher:
            pending = fetcher.submit(next, pages, None)
            while (page := pending.result()) is not None:
                pending = fetcher.submit(next, pages, None)
                yield page

    def _query(self) -> Query:
        compiled = self._compiled
        return Query(
            entity_set=compiled.entity_set,
            select=compiled.select,
            optional=compiled.optional,
            filter=_all_of(compiled.filter, self._since()),
        )

    def _since(self) -> Condition | None:
        column = self._compiled.mapping.modified
        if self._cursor.mode != "modified" or self._cursor.watermark is None or column is None:
            return None
        return ge(column, (self._cursor.watermark - OVERLAP).replace(microsecond=0))

    def _commit(self, page: Page[Any]) -> None:
        """One page: its rows, its quarantined rows and the cursor after it, in one transaction (promise 1)."""
        self._missing |= page.missing_columns
        mapped = self._map(page)
        last = page.next_link is None
        at = self._now()
        with self._store.begin() as tx:
            tx.mirror.upsert(self._compiled.entity, self._compiled.record, mapped.records, mapped.versions, self._cursor.generation)
            self._put_aside(tx, mapped, at)
            cursor = replace(
                self._cursor,
                next_link=page.next_link,
                rows=self._cursor.rows + len(mapped.records),
                pending=_newest(self._cursor.pending, mapped.newest),
                updated_at=at,
            )
            if last:
                cursor = self._finish(tx, cursor, at)
            tx.cursors.set(self._compiled.entity, cursor)
        self._cursor = cursor
        self._pages += 1
        self._rows += len(mapped.records)
        self._progress.advance(len(mapped.records))

    def _finish(self, tx: Transaction, cursor: Cursor, at: datetime) -> Cursor:
        """After the last page: sweep what a full walk has not seen, and move the watermark (promise 2)."""
        if cursor.mode == "full":
            self._deleted = tx.mirror.sweep(self._compiled.entity, cursor.generation, at)
            gone = self._problems_before - self._quarantined
            if gone and not self._walk.resumed:
                tx.quarantine.resolve(self._compiled.entity, gone, kind="row")
        return replace(cursor, watermark=_newest(cursor.watermark, cursor.pending), pending=None)

    def _map(self, page: Page[Any]) -> _Mapped:
        compiled = self._compiled
        mapped = _Mapped()
        for row in page.rows:
            try:
                record = compiled.to_record(row)
            except RowRejectedError as error:
                mapped.rejected.append((compiled.key(row) or "", error.reason, error.message, compiled.payload(row)))
                continue
            mapped.records.append(record)
            mapped.versions.append(compiled.version(row))
        mapped.newest = max((m for row in page.rows if (m := compiled.modified(row)) is not None), default=None)
        for rejected in page.rejected:
            key = compiled.key_of(rejected.raw)
            mapped.rejected.append((key or "", "unreadable-row", rejected.reason, rejected.raw))
        return mapped

    def _put_aside(self, tx: Transaction, mapped: _Mapped, at: datetime) -> None:
        entity = self._compiled.entity
        for key, reason, message, payload in mapped.rejected:
            tx.quarantine.put("row", entity, key, reason, message, payload, at)
            self._quarantined.add(key)
        if mapped.rejected:
            tx.mirror.hold(entity, [key for key, *_ in mapped.rejected if key], at)
        if self._problems_before:
            tx.quarantine.resolve(entity, [record.id for record in mapped.records], kind="row")


class _Mapped:
    """Rows of one page after mapping."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.versions: list[int | None] = []
        self.rejected: list[tuple[str, str, str, bytes]] = []
        self.newest: datetime | None = None


def _all_of(configured: str | None, since: Condition | None) -> Condition | None:
    conditions = [condition for condition in (Condition(configured) if configured else None, since) if condition is not None]
    return and_(*conditions) if conditions else None


def _newest(first: datetime | None, second: datetime | None) -> datetime | None:
    return max((instant for instant in (first, second) if instant is not None), default=None)
