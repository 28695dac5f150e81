"""What the entities of one pull share: the store and its one writer, the client, and the word that ends them all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from proforma.dataverse.client import DataverseClient
from proforma.store import Store, Transaction
from proforma.sync.progress import Progress


class StoppedError(Exception):
    """The pull ends because of something else: this entity goes on from its cursor next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullDesk:
    """What the entities of one pull share. `stop` ends each of them after the page at hand."""

    store: Store
    client: DataverseClient
    now: Callable[[], datetime]
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    _writer: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction of the one writer. SQLite has one at a time and polls for its turn; our own threads take theirs in order."""
        with self._writer, self.store.begin() as tx:
            yield tx

    def advance(self, rows: int) -> None:
        """So many more rows are committed."""
        with self._writer:
            self.progress.advance(rows)
