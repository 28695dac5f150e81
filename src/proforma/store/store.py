"""The store: opened by URL, read in snapshots, written in whole transactions, its stages held by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import sqlalchemy as sa

from proforma.domain.errors import ConfigurationError
from proforma.store import schema
from proforma.store.backfills import Backfills, BackfillWriter
from proforma.store.backup import back_up
from proforma.store.comparisons import Comparisons, ComparisonWriter
from proforma.store.connect import BEGIN, NO_TRANSACTION, Place, check_file, connect, faults_of, place
from proforma.store.cursors import Cursors, CursorWriter
from proforma.store.decisions import Decisions, DecisionWriter
from proforma.store.due import Due
from proforma.store.kept import KeptConnection
from proforma.store.leases import Leases, LeaseWriter
from proforma.store.ledger import Ledger, LedgerWriter
from proforma.store.locks import advisory_lock, file_lock
from proforma.store.mirror import Mirror, MirrorWriter
from proforma.store.outbox import Outbox, OutboxWriter, fence_of
from proforma.store.prepared import execute
from proforma.store.price_due import PRICES, PriceDueWriter
from proforma.store.price_reasons import PriceReasons, PriceReasonWriter
from proforma.store.quarantine import Quarantine, QuarantineWriter
from proforma.store.runs import Runs, RunWriter
from proforma.store.watch_due import WATCHED, WatchDueWriter
from proforma.store.write_backs import WriteBacks, WriteBackWriter

#: Two processes that open a fresh store at once: one migrates, the other waits this long for it.
_MIGRATION_SECONDS_MAX: Final = 60.0
#: How long a SQLite writer waits for another one, unless told otherwise.
_BUSY_SECONDS: Final = 10.0
#: Under which a driver's connection counts its transactions for as long as it lives.
_TRANSACTIONS: Final = "proforma_transactions"


class Reader:
    """One consistent snapshot of everything: what others commit meanwhile is not seen."""

    def __init__(self, connection: sa.Connection) -> None:
        #: For this room alone: whole tables, where no record is meant.
        self.connection: sa.Connection = connection
        self.mirror: Mirror = Mirror(connection)
        self.cursors: Cursors = Cursors(connection)
        self.decisions: Decisions = Decisions(connection)
        self.ledger: Ledger = Ledger(connection)
        self.outbox: Outbox = Outbox(connection)
        self.quarantine: Quarantine = Quarantine(connection)
        self.runs: Runs = Runs(connection)
        self.leases: Leases = Leases(connection)
        self.reasons: PriceReasons = PriceReasons(connection)
        self.backfills: Backfills = Backfills(connection)
        self.due: Due = Due(connection, PRICES)
        self.watch: Due = Due(connection, WATCHED)
        self.write_backs: WriteBacks = WriteBacks(connection)
        self.comparisons: Comparisons = Comparisons(connection)


class Transaction(Reader):
    """One write transaction: what is done through it is committed together when its block ends, or not at all when it raises."""

    mirror: MirrorWriter
    cursors: CursorWriter
    decisions: DecisionWriter
    ledger: LedgerWriter
    outbox: OutboxWriter
    quarantine: QuarantineWriter
    runs: RunWriter
    leases: LeaseWriter
    reasons: PriceReasonWriter
    backfills: BackfillWriter
    due: PriceDueWriter
    watch: WatchDueWriter
    write_backs: WriteBackWriter
    comparisons: ComparisonWriter

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.mirror = MirrorWriter(connection)
        self.cursors = CursorWriter(connection)
        self.decisions = DecisionWriter(connection)
        self.ledger = LedgerWriter(connection)
        self.outbox = OutboxWriter(connection)
        self.quarantine = QuarantineWriter(connection)
        self.runs = RunWriter(connection)
        self.leases = LeaseWriter(connection)
        self.reasons = PriceReasonWriter(connection)
        self.backfills = BackfillWriter(connection)
        self.due = PriceDueWriter(connection)
        self.watch = WatchDueWriter(connection)
        self.write_backs = WriteBackWriter(connection)
        self.comparisons = ComparisonWriter(connection)

    def moment(self) -> Moment | None:
        """Where this transaction stands among all that are committed; None where the database cannot tell (PostgreSQL)."""
        if self.connection.dialect.name != "sqlite":
            return None
        rows, _ = execute(self.connection, "PRAGMA data_version", ())
        return Moment(self.connection.info[_TRANSACTIONS], self.connection.info[_TRANSACTIONS].begun, rows[0][0])


@dataclass(slots=True, eq=False)
class _Transactions:
    """How many transactions have begun on a driver's connection."""

    begun: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """A transaction's place: its connection, its number there, and what SQLite says of the commits of all other connections."""

    connection: object
    number: int
    others: int

    def directly_follows(self, earlier: Moment) -> bool:
        """Whether nobody, in this process or another, has committed anything between the beginnings of the two but the earlier one."""
        return self == replace(earlier, number=earlier.number + 1)


class Store:
    """A store that is open. Threads may share it: each transaction and each snapshot has a connection of its own."""

    def __init__(self, where: Place, engine: sa.Engine, *, busy_seconds: float) -> None:
        self._place = where
        self._engine = engine
        # PostgreSQL has many writers, each with a connection of the pool. SQLite has one, and beside it whoever looks at a fence.
        self._writing = KeptConnection(engine, where, wait_seconds=busy_seconds)
        self._looking = KeptConnection(engine, where, wait_seconds=busy_seconds)

    @classmethod
    def open(cls, url: str, *, migrate: bool = True, upgrade: bool = False, busy_seconds: float = _BUSY_SECONDS) -> Store:
        """Opens the store at a SQLAlchemy URL; a fresh or older one is migrated first, unless `migrate` is False.

        `upgrade`: also an older one in PostgreSQL. Of that no copy is made by the way, and other machines may work with it, so it is
        migrated only when a person says so. `busy_seconds`: how long a SQLite writer waits for another one.
        Raises ConfigurationError for a wrong URL, a schema of a newer program, and an unmigrated store that may not be migrated;
        UnfinishedError when the database cannot be opened, read or written now.
        """
        where = place(url)
        if where.file is not None:
            check_file(where.file)
            if not migrate and not where.file.exists():
                raise ConfigurationError("there is no store yet", at=str(where.file), hint="run `proforma db upgrade`")
        engine = connect(where, busy_seconds=busy_seconds)
        store = cls(where, engine, busy_seconds=busy_seconds)
        try:
            with faults_of(where):
                store._prepare(migrate=migrate, upgrade=upgrade)
        except BaseException:
            engine.dispose()
            raise
        return store

    @classmethod
    def schema_at(cls, url: str) -> str | None:
        """Schema of the store at a URL, which is only looked at; None where there is none yet. Raises as `open` does."""
        where = place(url)
        if where.file is not None and not where.file.exists():
            return None
        engine = connect(where, busy_seconds=_BUSY_SECONDS)
        with cls(where, engine, busy_seconds=_BUSY_SECONDS) as store, faults_of(where), store._engine.connect() as connection:
            return schema.version(connection)

    def _prepare(self, *, migrate: bool, upgrade: bool) -> None:
        with self._engine.connect() as connection:
            found = schema.version(connection)
        if found == schema.HEAD:
            return
        if not migrate:
            raise ConfigurationError(
                f"the store has schema {found or 'none'}, not {schema.HEAD}", at="store", hint="run `proforma db upgrade`"
            )
        if found is not None and found < schema.HEAD and self._place.file is None and not upgrade:
            hint = "stop all daemons and workers of the older version, then `proforma db upgrade`, which makes a dump first"
            raise ConfigurationError(f"the store has schema {found}, and this program works with {schema.HEAD}", at="store", hint=hint)
        with self._lock("migration", what="the migration of the store", wait_seconds=_MIGRATION_SECONDS_MAX):
            self._back_up_before_migration()
            self._migrate()

    def _back_up_before_migration(self) -> None:
        """An older SQLite store is copied beside itself; of PostgreSQL `proforma db upgrade` makes a dump before it opens the store."""
        with self._engine.connect() as connection:
            found = schema.version(connection)
        file = self._place.file
        if found is None or found == schema.HEAD or file is None:
            return
        copy = file.with_name(f"{file.name}.schema-{found}.backup")
        if not copy.exists():
            back_up(file, copy)

    def _migrate(self) -> None:
        if self._place.file is not None:
            # Readers and the writer do not wait for each other; the setting stays with the file.
            with self._engine.connect().execution_options(**{BEGIN: NO_TRANSACTION}) as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        with self._begun("BEGIN IMMEDIATE") as connection:
            # Another process may have done it while this one waited for the lock.
            if schema.version(connection) != schema.HEAD:
                schema.migrate(connection)

    def close(self) -> None:
        """Gives back all connections."""
        self._writing.close()
        self._looking.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def url(self) -> str:
        """Where the store is, the password replaced by asterisks (promise 7)."""
        return str(self._place)

    @property
    def schema_version(self) -> str:
        """Revision of the schema."""
        with faults_of(self._place), self._engine.connect() as connection:
            return schema.version(connection) or "none"

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One write transaction, committed when the block ends and rolled back when it raises; SQLite has one writer at a time.

        Raises UnfinishedError when another writer holds the store too long, or the disk or database fails.
        """
        begun = self._begun("BEGIN") if self._place.file is None else self._writing.transaction()
        with faults_of(self._place), begun as connection:
            connection.info.setdefault(_TRANSACTIONS, _Transactions()).begun += 1
            yield Transaction(connection)

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """One consistent snapshot for the whole block; it holds no writer up."""
        snapshot = {} if self._place.file is not None else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with faults_of(self._place), self._engine.connect().execution_options(**snapshot) as connection:
            connection.begin()
            # The snapshot is taken at the first read: take it now, so that the block's first line decides nothing.
            execute(connection, "SELECT version_num FROM alembic_version", ())
            yield Reader(connection)

    def fence_of(self, invoice_id: str) -> int | None:
        """The fence of the last claim on a push, as it is committed now; the one look between *sending* and the first byte (F-84)."""
        with faults_of(self._place), self._engine.connect() if self._place.file is None else self._looking.turn() as connection:
            return fence_of(connection, invoice_id)

    @contextmanager
    def _begun(self, how: str) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(**{BEGIN: how}) as connection, connection.begin():
            yield connection

    @contextmanager
    def stage_lock(self, stage: str, *, wait_seconds: float = 0) -> Iterator[None]:
        """Keeps a second process (and thread) out of the stage: "pull", "price", "invoicing", "push", "write-back".

        Gone with its holder, however that ends. Raises UnfinishedError naming the holder when it is not free within the time.
        """
        with faults_of(self._place), self._lock(stage, what=f"the stage {stage}", wait_seconds=wait_seconds):
            yield

    @contextmanager
    def shared_lock(self, stage: str) -> Iterator[None]:
        """Keeps out of the stage whoever wants it alone, while workers have it together, each with its own part of the work.

        Gone with its holder. Raises UnfinishedError naming the holder when somebody has the stage alone, and ConfigurationError for a
        SQLite store: that is for one machine.
        """
        if self._place.file is not None:
            raise ConfigurationError("workers need a store in PostgreSQL", at="store", hint="move it with `proforma store copy`")
        what = f"the stage {stage}"
        with faults_of(self._place), advisory_lock(self._engine, stage, what=what, wait_seconds=0, shared=True):
            yield

    @contextmanager
    def _lock(self, name: str, *, what: str, wait_seconds: float) -> Iterator[None]:
        if self._place.file is None:
            with advisory_lock(self._engine, name, what=what, wait_seconds=wait_seconds):
                yield
        else:
            with file_lock(_lock_file(self._place.file, name), what=what, wait_seconds=wait_seconds):
                yield


def _lock_file(file: Path, name: str) -> Path:
    return file.with_name(f"{file.name}.{name}.lock")
