"""One process a stage: locks that vanish with their holder, however it dies.

SQLite: an operating system lock on a small file beside the database. PostgreSQL: an advisory lock of a session.
"""

from __future__ import annotations

import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from proforma.domain.errors import StoreFaultError
from proforma.store.processes import this_process

_POLL_SECONDS: Final = 0.05
# First half of the two-part advisory key: only keeps our locks apart from those of other programs in the database.
_ADVISORY_SPACE: Final = 0x70726F66


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock, and since when."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


@contextmanager
def file_lock(path: Path, *, what: str, wait_seconds: float) -> Iterator[None]:
    """Holds the lock file. Raises StoreFaultError naming the holder when it is not free within the time."""
    handle = _opened(path)
    try:
        _wait_for(lambda: _try_lock(handle), what=what, wait_seconds=wait_seconds, holder=lambda: _holder(handle))
        _write_holder(handle)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        # Closing gives the lock up. The file stays: removing it could take away a lock that another process just got.
        os.close(handle)


@contextmanager
def advisory_lock(engine: sa.Engine, stage: str, *, what: str, wait_seconds: float, shared: bool = False) -> Iterator[None]:
    """Holds an advisory lock of PostgreSQL on a connection of its own; it vanishes with the connection.

    `shared`: together with others that share it, and with nobody who wants it alone.
    """
    key = zlib.crc32(stage.encode()) & 0x7FFFFFFF
    take, give = sa.func.pg_try_advisory_lock, sa.func.pg_advisory_unlock
    if shared:
        take, give = sa.func.pg_try_advisory_lock_shared, sa.func.pg_advisory_unlock_shared
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def attempt() -> bool:
            return bool(connection.execute(sa.select(take(_ADVISORY_SPACE, key))).scalar_one())

        _wait_for(attempt, what=what, wait_seconds=wait_seconds, holder=lambda: _session_holding(connection, key))
        try:
            yield
        finally:
            connection.execute(sa.select(give(_ADVISORY_SPACE, key)))


def _wait_for(attempt: Callable[[], bool], *, what: str, wait_seconds: float, holder: Callable[[], str]) -> None:
    deadline = time.monotonic() + wait_seconds
    while not attempt():
        if time.monotonic() >= deadline:
            raise StoreFaultError("stage-held", f"{what} is already under way: {holder()}", hint="wait until it is done, then run again")
        time.sleep(_POLL_SECONDS)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as fault:
        hint = "the store's folder must be writable"
        raise StoreFaultError("store-unreachable", f"the lock file cannot be opened: {fault.strerror}", at=str(path), hint=hint) from fault


if sys.platform == "win32":
    import msvcrt

    # A byte far behind the holder's name, which others must be able to read.
    _LOCKED_BYTE: Final = 1 << 20

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _write_holder(handle: int) -> None:
    process = this_process()
    holder = Holder(pid=process.pid, host=process.host, since=datetime.now(UTC).isoformat(timespec="seconds"))
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, msgspec.json.encode(holder))


def _holder(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        return str(msgspec.json.decode(os.read(handle, 4096), type=Holder))
    except msgspec.DecodeError:
        return "a process that has only just begun"


def _session_holding(connection: sa.Connection, key: int) -> str:
    found = connection.execute(
        sa.text(
            "SELECT a.application_name, a.pid, a.client_addr, a.state_change FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :space AND l.objid = :key"
        ),
        {"space": _ADVISORY_SPACE, "key": key},
    ).first()
    if found is None:
        return "a session that has just ended"
    name, session, address, since = found
    return f"{name}, session {session} from {address or 'the server itself'}, since {since:%Y-%m-%d %H:%M:%S%z}"
