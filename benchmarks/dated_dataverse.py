"""A server whose rows lie evenly in time, so that ranges of `createdon` can be asked for; each page takes it a fixed while."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from benchmarks.canned_dataverse import CannedHandler, Table, row_text, served

_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
_APART = timedelta(seconds=60)
_FILTER = re.compile(r"createdon (ge|lt) ([0-9T:Z-]+)")
_LINK = re.compile(r"from=(\d+)&to=(\d+)")
_SIZE = re.compile(r"maxpagesize=(\d+)")
#: Different rows; a table of more repeats them under other ids.
ROWS_MADE = 2_000


class Handler(CannedHandler):
    """Rows by the time in which they were made."""

    rows: tuple[bytes, ...] = ()
    table = Table(rows=0)

    def do_GET(self) -> None:  # noqa: N802 - the base class names it so
        """A page."""
        if "msdyn_actuals" not in self.path:
            self.answer(b'{"error":{"code":"","message":"No HTTP resource was found"}}', status=404)
            return
        path, size = unquote(self.path), self._page_rows()
        if "modifiedon ge" in path:
            self.answer(b'{"value":[]}')  # nothing changes meanwhile
            return
        if "createdon desc" in path:
            self.answer(b'{"value":[' + self.rows[-1] + b"]}")
            return
        first, last = self.bounds(path)
        if size > 1:
            time.sleep(self.table.page_seconds)
        end = min(last, first + size)
        onward = b""
        if end < last:
            host = self.headers["Host"].encode()
            onward = b',"@odata.nextLink":"http://%s/api/data/v9.2/msdyn_actuals?from=%d&to=%d"' % (host, end, last)
        self.answer(b'{"value":[' + b",".join(self.rows[first:end]) + b"]" + onward + b"}")

    def _page_rows(self) -> int:
        asked = _SIZE.search(self.headers.get("Prefer", ""))
        return min(self.table.page_rows, int(asked[1])) if asked else self.table.page_rows

    def bounds(self, path: str) -> tuple[int, int]:
        """Number of the first row that is asked for, and of the first one behind."""
        if found := _LINK.search(path):
            return int(found[1]), int(found[2])
        bounds = {word: -((_BEGAN - datetime.fromisoformat(moment)) // _APART) for word, moment in _FILTER.findall(path)}
        return max(0, bounds.get("ge", 0)), min(self.table.rows, bounds.get("lt", self.table.rows))


def dated_rows(rows: int) -> tuple[bytes, ...]:
    """Every row of a table. They are made beforehand, for all readers: on two cores, what the server does is taken from whoever reads."""
    chance = random.Random(2026)
    made = [row_text(chance).encode() for _ in range(ROWS_MADE)]
    return tuple(dated_row(made, number) for number in range(rows))


def dated_row(rows: Sequence[bytes], number: int) -> bytes:
    """The row of this number: one of those made beforehand, under its own id and time."""
    text = rows[number % ROWS_MADE].replace(b"PPPPPP", b"%06x" % (number // ROWS_MADE))
    at = text.index(b'"createdon":"') + len(b'"createdon":"')
    return text[:at] + f"{_BEGAN + number * _APART:%Y-%m-%dT%H:%M:%S}Z".encode() + text[at + 20 :]


def _prepared(table: Table) -> type[CannedHandler]:
    Handler.rows, Handler.table = dated_rows(table.rows), table
    return Handler


def dated_dataverse(table: Table) -> AbstractContextManager[str]:
    """A server of the table; gives its URL."""
    return served(_prepared, table)
