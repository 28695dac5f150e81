"""Who a process is, so that a run or lock can name its holder and a dead one can be told from a busy one."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process on a host. `start` tells it from a later one that was given the same number; None where the system does not say."""

    pid: int
    host: str
    start: str | None

    def is_gone(self) -> bool:
        """Whether it surely does not run any more. A process of another host cannot be seen from here: False."""
        if self.host != socket.gethostname():
            return False
        if not _is_alive(self.pid):
            return True
        return self.start is not None and self.start != process_start(self.pid)

    def __str__(self) -> str:
        """What PostgreSQL shows as the name of its sessions, which it cuts off behind 63 bytes."""
        return f"proforma {self.pid}@{self.host}"[:63]


def this_process() -> Process:
    """The process that asks."""
    return _identity(os.getpid())


@lru_cache(maxsize=4)
def _identity(pid: int) -> Process:
    return Process(pid=pid, host=socket.gethostname(), start=process_start(pid))


def process_start(pid: int) -> str | None:
    """When a process started, as a text that no other process with this number has; None where /proc does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    # The name in brackets may hold spaces; what follows it has fixed places, the start is the 22nd of all.
    return f"{boot}:{stat.rpartition(')')[2].split()[19]}"


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # signal 0 would interrupt it there, not ask
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there, we may only not signal it
    return _state(pid) not in ("Z", "X")


def _state(pid: int) -> str | None:
    """State letter of a process; a killed one that its parent has not yet collected is a zombie, Z."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[0]
