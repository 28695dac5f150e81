"""From a store URL to an engine: what SQLite and PostgreSQL need to be safe, and their faults in words that say what to do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from proforma.domain.errors import ConfigurationError, ProformaError, StoreFaultError, UnfinishedError
from proforma.store.prepared import execute
from proforma.store.processes import this_process

_EXAMPLES: Final = "for instance sqlite:///proforma.db or postgresql+psycopg://user@host/database"
#: What None is adapted to: None, found by a function that is not written in Python.
_NONE_AS_IT_IS: Final[Callable[[None], None]] = dict[None, None]().get
#: Option of a SQLite connection that says how its next transaction begins, and the value for "not at all".
BEGIN: Final = "proforma_begin"
NO_TRANSACTION: Final = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is: its URL, and its file when it is a SQLite one. Prints without the password (promise 7)."""

    url: URL
    file: Path | None

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


def place(url: str) -> Place:
    """The place that a URL names; a relative SQLite file is fixed to the present folder.

    Raises ConfigurationError when the URL cannot be read or names a database we do not keep stores in.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        dialect = parsed.get_dialect()
    except (sa.exc.ArgumentError, ValueError):
        # The fault repeats the URL, password and all: it must not be the cause either.
        raise ConfigurationError("the store URL cannot be read", at="store", hint=_EXAMPLES) from None
    except sa.exc.NoSuchModuleError:
        raise ConfigurationError("the store URL names an unknown kind of database", at="store", hint=_EXAMPLES) from None
    if backend == "sqlite" and dialect.driver == "pysqlite":
        return _sqlite_place(parsed)
    if backend == "postgresql" and dialect.driver == "psycopg":
        return Place(parsed, None)
    raise ConfigurationError(f"stores are not kept in {parsed.drivername}", at="store", hint=_EXAMPLES)


def _sqlite_place(parsed: URL) -> Place:
    name = parsed.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise ConfigurationError(
            "the store URL must name a file: a store in memory would forget what was billed", at="store", hint=_EXAMPLES
        )
    file = Path(name).absolute()
    return Place(parsed.set(database=str(file)), file)


def check_file(file: Path) -> None:
    """Looks at the file and folder of a SQLite store before anything is opened. Raises UnfinishedError with what to do."""
    folder = file.parent
    if not folder.is_dir():
        raise UnfinishedError(
            "the folder of the store does not exist", at=str(folder), hint="create it, or change `store` in the configuration"
        )
    if file.is_dir():
        raise UnfinishedError("the store is a folder, not a file", at=str(file), hint="change `store` in the configuration")
    if not _writable(folder, os.W_OK | os.X_OK):
        raise UnfinishedError(
            "the folder of the store is not writable", at=str(folder), hint="SQLite keeps its log beside the store: allow writing there"
        )
    if file.exists() and not _writable(file, os.R_OK | os.W_OK):
        raise UnfinishedError("the store is not writable", at=str(file), hint="check the owner and permissions of the file")


def _writable(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def connect(where: Place, *, busy_seconds: float) -> sa.Engine:
    """An engine on the place. Nothing is opened yet. Raises ConfigurationError when the driver is not installed."""
    try:
        return _sqlite_engine(where, busy_seconds) if where.file is not None else _postgresql_engine(where)
    except ModuleNotFoundError as missing:
        hint = "install proforma-sync with the extra `postgres`"
        raise ConfigurationError(f"the driver {missing.name} is not installed", at="store", hint=hint) from None


def _sqlite_engine(where: Place, busy_seconds: float) -> sa.Engine:
    # Python's driver looks for a way to adapt each value that is no number or text, and for None it searches long and in vain: a third of
    # the time of an insert. This adapter finds None for None at once.
    sqlite3.register_adapter(NoneType, _NONE_AS_IT_IS)
    engine = sa.create_engine(where.url, hide_parameters=True, connect_args={"timeout": busy_seconds})

    @sa.event.listens_for(engine, "connect")
    def settle(connection: Any, _record: object) -> None:
        # The driver begins no transactions by itself; "begin" below says which kind.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: a commit that was reported is on the disk, so "sending" is there before the first byte leaves (F-84).
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -32768")  # 32 MiB: enough for the indexes of 200,000 actuals, and memory stays flat
        # In pages, 16 MiB: a page of 5,000 actuals writes about 9, and copying the log into the file each time costs a tenth of the speed.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        how = connection.get_execution_options().get(BEGIN, "BEGIN")
        if how != NO_TRANSACTION:
            execute(connection, how, ())

    return engine


def _postgresql_engine(where: Place) -> sa.Engine:
    engine = sa.create_engine(where.url, hide_parameters=True, paramstyle="format", connect_args={"application_name": str(this_process())})
    sa.event.listen(engine, "handle_error", _hide_rows)
    return engine


def _hide_rows(context: sa.engine.ExceptionContext) -> None:
    """Takes the row out of what the server says of a statement that it refused: values of rows belong into no log (promise 7)."""
    told, orig = context.sqlalchemy_exception, context.original_exception
    primary = getattr(getattr(orig, "diag", None), "message_primary", None)
    if told is not None and primary:
        orig.args = (primary,)
        told.args = (f"({type(orig).__module__}.{type(orig).__name__}) {primary}",)


@contextmanager
def faults_of(where: Place) -> Iterator[None]:
    """Turns faults of the database itself into errors that say what to do; faults of our statements stay what they are."""
    try:
        yield
    except sa.exc.DBAPIError as fault:
        told = _told(where, fault)
        if told is None:
            raise
        raise told from (None if where.url.password else fault)


def _told(where: Place, fault: sa.exc.DBAPIError) -> ProformaError | None:
    if where.file is None:
        return _postgresql_told(where, fault)
    name = str(getattr(fault.orig, "sqlite_errorname", ""))
    for start, reason, message, hint in _SQLITE_FAULTS:
        if name.startswith(start):
            return StoreFaultError(reason, message, at=str(where.file), hint=hint)
    return None


_SQLITE_FAULTS: Final = (
    ("SQLITE_BUSY", "store-locked", "the store is locked by another process", "wait until it is done, then run again"),
    ("SQLITE_LOCKED", "store-locked", "the store is locked", "wait until the other work is done, then run again"),
    ("SQLITE_NOTADB", "store-damaged", "the file is not a store: it holds something else", "change `store`, or move the file away"),
    ("SQLITE_CORRUPT", "store-damaged", "the store is damaged", "restore a backup; the mirror can be pulled again, the ledger cannot"),
    ("SQLITE_READONLY", "store-unreachable", "the store is not writable", "check the owner and permissions of the file and its folder"),
    ("SQLITE_CANTOPEN", "store-unreachable", "the store cannot be opened", "check the path and the permissions of its folder"),
    ("SQLITE_PERM", "store-unreachable", "the store may not be opened", "check the owner and permissions of the file"),
    ("SQLITE_FULL", "disk-full", "the disk is full; nothing was saved of the last step", "make room, then run again"),
    ("SQLITE_IOERR", "disk-failed", "the disk failed; nothing was saved of the last step", "check the disk, then run again"),
)


def _postgresql_told(where: Place, fault: sa.exc.DBAPIError) -> ProformaError | None:
    state = str(getattr(fault.orig, "sqlstate", None) or "")
    # What the driver refuses by itself, such as a text that the server cannot keep, has no state either.
    is_statement = isinstance(fault, sa.exc.DataError | sa.exc.IntegrityError | sa.exc.ProgrammingError)
    if fault.connection_invalidated or (not state and not is_statement) or state[:2] in ("08", "57"):
        return StoreFaultError(
            "store-unreachable",
            "the database cannot be reached",
            at=str(where),
            hint="check that it runs and that the URL is right, then run again",
        )
    if state[:2] == "28" or state == "3D000":
        return ConfigurationError("the database refuses us: user, password or database name are wrong", at=str(where))
    if state[:2] in ("40", "53", "55"):
        reason = "disk-full" if state == "53100" else "store-locked"
        return StoreFaultError(reason, "the database is busy or full; nothing was saved of the last step", at=str(where), hint="run again")
    return None
