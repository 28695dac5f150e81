"""A store moved to another database, all of it or nothing, and the proof that both hold the same.

Copy and proof are one transaction of the target, over one snapshot of the source: killed at any instant it leaves an empty target, and the
next call begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import sqlalchemy as sa

from proforma.domain.errors import ConfigurationError, UnfinishedError
from proforma.store import schema
from proforma.store.columns import Cells, json_text
from proforma.store.connect import check_file, connect, faults_of, place
from proforma.store.leases import SCHEDULE, Leases
from proforma.store.statements import insert
from proforma.store.store import Store
from proforma.store.tables import metadata, price_state, watch_state

#: Everything that changes a store holds one of these.
STAGES: Final = ("pull", "price", "invoicing", "push")
_BATCH_ROWS: Final = 2_000
_DIGEST_BYTES: Final = 16
_BUSY_SECONDS: Final = 10.0
#: Tables in which a store has a row from its birth.
_BORN_WITH_ROWS: Final = (price_state, watch_state)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProof:
    """One table on both sides: its rows, and a digest of them that does not depend on their order."""

    table: str
    rows: tuple[int, int]
    digests: tuple[str, str]

    @property
    def is_equal(self) -> bool:
        """Whether both sides hold the same rows."""
        return self.rows[0] == self.rows[1] and self.digests[0] == self.digests[1]


@contextmanager
def copy_target(url: str, source: Store) -> Iterator[Store]:
    """The database that a store is copied to: a fresh one, which gets the tables, or a store of this schema that holds nothing.

    Raises ConfigurationError for the source itself, for a database of other tables, a store of another schema, and one that holds rows.
    """
    if str(place(url)) == source.url:
        raise ConfigurationError("the target is the store itself", at="--to", hint="name another file or database")
    with Store.open(url, migrate=_is_fresh(url)) as target:
        with target.read() as reader:
            held = [table.name for table in metadata.sorted_tables if table not in _BORN_WITH_ROWS and _count(reader.connection, table)]
        if held:
            hint = "name an empty database; what is there is never overwritten"
            raise ConfigurationError(f"the target holds rows already, in {', '.join(held[:3])}", at=target.url, hint=hint)
        yield target


def copy_store(source: Store, target: Store, *, told: Callable[[int], None] = lambda rows: None) -> list[TableProof]:
    """Copies every table, reads both sides back and compares them, then commits. `told` hears of rows written and rows compared.

    Raises UnfinishedError when somebody works on the source, or when the two sides differ: then the target stays empty.
    """
    with _quiet(source), source.read() as reader, faults_of(place(target.url)), target.begin() as tx:
        _refuse_scheduled(reader.connection)
        for table in _BORN_WITH_ROWS:
            tx.connection.execute(sa.delete(table))
        for table in metadata.sorted_tables:
            with closing(_batches(reader.connection, table)) as batches:
                for batch in batches:
                    _write(tx.connection, table, batch, target)
                    told(len(batch))
        _continue_numbers(tx.connection)
        proofs = prove(reader.connection, tx.connection, told=told)
        if different := [proof.table for proof in proofs if not proof.is_equal]:
            raise UnfinishedError(f"the copy differs from the store in {', '.join(different)}; nothing was kept", hint="report it")
    return proofs


def compare_stores(source: Store, target: Store, *, told: Callable[[int], None] = lambda rows: None) -> list[TableProof]:
    """Compares every table of two stores, each as it is now."""
    with source.read() as one, target.read() as other:
        return prove(one.connection, other.connection, told=told)


def prove(one: sa.Connection, other: sa.Connection, *, told: Callable[[int], None]) -> list[TableProof]:
    """Rows and digest of every table on both sides."""
    proofs = []
    for table in metadata.sorted_tables:
        (rows, digest), (other_rows, other_digest) = _digest(one, table, told), _digest(other, table, told)
        proofs.append(TableProof(table=str(table.name), rows=(rows, other_rows), digests=(digest, other_digest)))
    return proofs


def row_total(store: Store) -> int:
    """Rows of all tables."""
    with store.read() as reader:
        return sum(_count(reader.connection, table) for table in metadata.sorted_tables)


def _is_fresh(url: str) -> bool:
    where = place(url)
    if where.file is not None:
        check_file(where.file)
        if not where.file.exists():
            return True
    engine = connect(where, busy_seconds=_BUSY_SECONDS)
    try:
        with faults_of(where), engine.connect() as connection:
            return schema.version(connection) is None
    finally:
        engine.dispose()


@contextmanager
def _quiet(store: Store) -> Iterator[None]:
    """Keeps every stage out meanwhile: what was written behind the snapshot would be missing in the copy."""
    with ExitStack() as stack:
        for stage in STAGES:
            stack.enter_context(store.stage_lock(stage))
        yield


def _refuse_scheduled(connection: sa.Connection) -> None:
    lease = Leases(connection).get(SCHEDULE)
    if lease is not None and lease.owner and lease.left_seconds > 0:
        raise UnfinishedError(f"a daemon runs on the store: {lease.owner}", hint="stop it, then copy")
    working = next((lease for lease in Leases(connection).workers() if lease.left_seconds > 0), None)
    if working is not None:
        raise UnfinishedError(f"a worker runs on the store: {working.owner}", hint="stop it, then copy")


def _batches(connection: sa.Connection, table: sa.Table) -> Generator[list[Cells], None, None]:
    """Every row, in whatever order, without holding them all."""
    result = connection.execute(sa.select(table).execution_options(yield_per=_BATCH_ROWS))
    try:
        for batch in result.partitions():
            yield [tuple(row) for row in batch]
    finally:
        result.close()


def _write(connection: sa.Connection, table: sa.Table, batch: list[Cells], target: Store) -> None:
    try:
        insert(connection, table, batch)
    except sa.exc.DataError as fault:
        message = f"a row of {table.name} cannot be kept there: {fault.orig}"
        raise ConfigurationError(message, at=target.url, hint="PostgreSQL keeps no text with the character NUL") from None


def _digest(connection: sa.Connection, table: sa.Table, told: Callable[[int], None]) -> tuple[int, str]:
    """Number of rows, and the sum of their digests: databases sort texts differently, and a sum needs no order."""
    rows, total = 0, 0
    with closing(_batches(connection, table)) as batches:
        for batch in batches:
            total += sum(int.from_bytes(blake2b(json_text(row).encode(), digest_size=_DIGEST_BYTES).digest(), "big") for row in batch)
            rows += len(batch)
            told(len(batch))
    return rows, f"{total % (1 << 8 * _DIGEST_BYTES):0{2 * _DIGEST_BYTES}x}"


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _continue_numbers(connection: sa.Connection) -> None:
    """PostgreSQL counts rows up beside the table: its counters go on behind the highest number. SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and (highest := connection.execute(sa.select(sa.func.max(column))).scalar()) is not None:
            counter = sa.func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(sa.select(sa.func.setval(counter, highest)))
