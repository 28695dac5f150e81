"""Copies of a SQLite store: made while programs use it, proved whole, and put back only when none does."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from proforma.domain.errors import ConfigurationError, StoreFaultError, UnfinishedError
from proforma.store.locks import file_lock
from proforma.store.schema import HEAD

#: Locks that may never have been taken, and so have no file yet; the others are found by their files.
_STAGES: Final = ("cycle-sync", "pull", "price", "invoicing", "push", "migration")
_PAGES_AT_ONCE: Final = 4_096


def back_up(file: Path, to: Path) -> None:
    """Copies the store at an instant between two commits; others go on reading and writing meanwhile.

    The copy appears under its name when it is whole and checked. Raises ConfigurationError when something has that name already,
    UnfinishedError when it cannot be written.
    """
    if to.exists():
        raise ConfigurationError("there is something of that name already", at=str(to), hint="name another file; no backup is overwritten")
    part = to.with_name(f".{to.name}.part")
    try:
        part.unlink(missing_ok=True)
        with _connected(file) as source, _connected(part) as copy:
            source.backup(copy, pages=_PAGES_AT_ONCE)
            # One file, with nothing beside it: a backup that is moved must not leave half of itself behind.
            copy.execute("PRAGMA journal_mode = DELETE")
        require_whole(part)
        _synced(part)
        part.replace(to)
        _synced(to.parent)
    except (OSError, sqlite3.Error) as fault:
        raise UnfinishedError(f"the backup could not be written: {fault}", at=str(to), hint="check room and rights there") from fault
    finally:
        part.unlink(missing_ok=True)


def require_whole(file: Path) -> str:
    """The schema of a copy that SQLite finds whole. Raises ConfigurationError for a file that is no store, damaged, or too new."""
    try:
        with _connected(file) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            version = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError) as fault:
        raise ConfigurationError(f"this is no store: {fault}", at=str(file), hint="name a file that `proforma db backup` wrote") from fault
    if answer != "ok":
        raise ConfigurationError(f"the copy is damaged: {answer}", at=str(file), hint="take another backup")
    if version > HEAD:
        hint = "install the version of proforma-sync that wrote it, or a later one"
        raise ConfigurationError(f"the copy has schema {version}, this program knows schemas up to {HEAD}", at=str(file), hint=hint)
    return version


def restore(file: Path, source: Path, *, now: datetime | None = None) -> Path | None:
    """Puts a copy in the place of the store; gives the name under which the old one is kept, None when there was none.

    Raises ConfigurationError for a copy that cannot be used, StoreFaultError while a daemon or a stage uses the store. Killed at any
    instant it leaves the old store or the new one, never none.
    """
    if not source.is_file():
        raise ConfigurationError("there is no such file", at=str(source), hint="name a file that `proforma db backup` wrote")
    if file.exists() and source.samefile(file):
        raise ConfigurationError("this is the store itself", at=str(source), hint="name a backup of it")
    require_whole(source)
    part = file.with_name(f".{file.name}.part")
    try:
        with _nobody_else(file):
            shutil.copyfile(source, part)
            _synced(part)
            kept = _kept(file, now or datetime.now(UTC)) if file.exists() else None
            part.replace(file)
            _synced(file.parent)
    except OSError as fault:
        raise UnfinishedError(f"the backup was not put back: {fault}", at=str(file), hint="check room and rights there") from fault
    finally:
        part.unlink(missing_ok=True)
    return kept


def _kept(file: Path, now: datetime) -> Path:
    """The old store under another name, too; its log is folded in first where it can still be read."""
    kept = file.with_name(f"{file.name}.before-restore-{now:%Y%m%dT%H%M%S%f}")
    try:
        with _connected(file) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error:
        # Damaged: it is kept as it is, with its log.
        pass
    os.link(file, kept)
    for ending in ("-wal", "-shm"):
        beside = file.with_name(file.name + ending)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + ending))
    return kept


@contextmanager
def _nobody_else(file: Path) -> Iterator[None]:
    """Holds every lock on the store. Raises StoreFaultError naming whoever holds one, or schedules."""
    names = {*_STAGES, *(lock.name.removeprefix(f"{file.name}.").removesuffix(".lock") for lock in file.parent.glob(f"{file.name}.*.lock"))}
    with ExitStack() as locks:
        for name in sorted(names):
            what = "the migration of the store" if name == "migration" else f"the stage {name}"
            locks.enter_context(file_lock(file.with_name(f"{file.name}.{name}.lock"), what=what, wait_seconds=0))
        if holder := _scheduler(file):
            raise StoreFaultError("stage-held", f"a daemon uses the store: {holder}", at=str(file), hint="stop it, then restore again")
        yield


def _scheduler(file: Path) -> str | None:
    """The daemon that holds the lease on scheduling; None when none does, or when the store cannot tell."""
    if not file.exists():
        return None
    try:
        with _connected(file) as connection:
            row = connection.execute("SELECT owner, until FROM leases WHERE name = 'schedule'").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row and row[0] and datetime.fromisoformat(row[1]) > datetime.now(UTC) else None


@contextmanager
def _connected(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection:
        yield connection


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
