"""The server of dated rows, slow and with service protection: so much execution time in a window, and then everybody waits (W-190)."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import deque
from contextlib import AbstractContextManager
from typing import Final
from urllib.parse import unquote

from benchmarks import dated_dataverse
from benchmarks.canned_dataverse import CannedHandler, Table, served

#: A twentieth of the real window and of its 1,200 seconds: four requests at work all the time use it up.
WINDOW_SECONDS: Final = 15.0
EXECUTION_SECONDS: Final = 60.0
_REFUSED: Final = (
    b'{"error":{"code":"0x80072321","message":"Combined execution time of incoming requests exceeded limit of 60,000 milliseconds over '
    b'time window of 15 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."}}'
)
_COUNT: Final = re.compile(r"\$apply=filter")


class _Protection:
    """Execution time within the window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: deque[tuple[float, float]] = deque()

    def retry_after(self) -> int | None:
        """Seconds to wait, None when there is room."""
        with self._lock:
            now = time.monotonic()
            while self._spent and self._spent[0][0] <= now - WINDOW_SECONDS:
                self._spent.popleft()
            if sum(seconds for _, seconds in self._spent) < EXECUTION_SECONDS:
                return None
            return max(1, round(self._spent[0][0] + WINDOW_SECONDS - now))

    def spend(self, seconds: float) -> None:
        """Counts a request."""
        with self._lock:
            self._spent.append((time.monotonic(), seconds))


class _Handler(dated_dataverse.Handler):
    protection = _Protection()

    def do_GET(self) -> None:  # noqa: N802 - the base class names it so
        with contextlib.suppress(ConnectionError):  # the reader was killed
            self._protected()

    def _protected(self) -> None:
        if (wait := self.protection.retry_after()) is not None:
            self.answer(_REFUSED, status=429, retry_after=wait)
            return
        began = time.monotonic()
        if _COUNT.search(unquote(self.path)):
            first, last = self.bounds(unquote(self.path))
            self.answer(b'{"value":[{"rows":%d}]}' % max(0, last - first))
        else:
            super().do_GET()
        self.protection.spend(time.monotonic() - began)


def _prepared(table: Table) -> type[CannedHandler]:
    _Handler.rows, _Handler.table = dated_dataverse.dated_rows(table.rows), table
    return _Handler


def throttling_dataverse(table: Table) -> AbstractContextManager[str]:
    """A server of the table; gives its URL."""
    return served(_prepared, table)
