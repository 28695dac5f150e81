"""A connection to a SQLite store that is kept and used in turns: taking one from the pool for each commit costs more than the commit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from proforma.domain.errors import StoreFaultError
from proforma.store.connect import BEGIN, NO_TRANSACTION, Place
from proforma.store.prepared import execute


class KeptConnection:
    """One connection for all threads of a process, opened when it is first wanted."""

    def __init__(self, engine: sa.Engine, where: Place, *, wait_seconds: float) -> None:
        self._engine = engine
        self._where = where
        self._wait_seconds = wait_seconds
        self._turns = threading.Lock()
        self._connection: sa.Connection | None = None

    @contextmanager
    def turn(self) -> Iterator[sa.Connection]:
        """The connection, for this thread alone, outside any transaction: each statement sees what is committed by then.

        Threads take turns here: SQLite itself would let them sleep and look again. Raises StoreFaultError when the turn does not come.
        """
        if not self._turns.acquire(timeout=self._wait_seconds):
            raise StoreFaultError(
                "store-locked", "the store is locked by this process", at=str(self._where.file), hint="run again when it is done"
            )
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(**{BEGIN: NO_TRANSACTION})
            yield self._connection
        finally:
            self._turns.release()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One write transaction: committed when the block ends, rolled back when it raises. Raises as `turn`."""
        with self.turn() as connection:
            try:
                execute(connection, "BEGIN IMMEDIATE", ())
                yield connection
                execute(connection, "COMMIT", ())
                # SQLAlchemy counts a transaction of its own from the first statement that it ran itself.
                connection.commit()
            except BaseException:
                self._roll_back(connection)
                raise

    def _roll_back(self, connection: sa.Connection) -> None:
        """Nothing of the transaction stays. A connection that cannot even do that, or was interrupted in a statement, is not used again."""
        try:
            # SQLAlchemy first: of a connection that it has given up it hands nothing out before.
            connection.rollback()
            connection.connection.rollback()
        except (sa.exc.SQLAlchemyError, connection.dialect.loaded_dbapi.Error):
            self._connection = None
            with suppress(sa.exc.SQLAlchemyError):
                connection.close()

    def close(self) -> None:
        """Gives the connection back; it is opened again when it is wanted again."""
        with self._turns:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
