"""Of several daemons on one store one schedules: the one that holds the lease and goes on renewing it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from proforma.domain.errors import ProformaError
from proforma.store import Lease, Store
from proforma.sync.status import SCHEDULE_LEASE

log = logging.getLogger(__name__)

#: A lease is renewed so often before it ends: one slow answer of the database is no end.
_RENEWALS: Final = 4


class Leadership:
    """Asks for the lease and renews it in a thread of its own, so that a long stage cannot make it end."""

    def __init__(
        self,
        store: Store,
        owner: str,
        *,
        on_gain: Callable[[], None],
        lease_seconds: float,
    ) -> None:
        self._store = store
        self._owner = owner
        self._on_gain = on_gain
        self._lease_seconds = lease_seconds
        self._held: tuple[Lease, float] | None = None
        self._answered = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leadership", daemon=True)

    @property
    def lease(self) -> Lease | None:
        """The lease while it is surely ours: by our own clock too, which goes on while the process is frozen."""
        held = self._held
        return held[0] if held is not None and time.monotonic() < held[1] else None

    @property
    def is_alive(self) -> bool:
        """Whether it still asks; False only after a fault of the program."""
        return self._thread.is_alive() or self._stop.is_set()

    @property
    def has_asked(self) -> bool:
        """Whether the store has answered the last question, whatever it said."""
        return self._answered

    def start(self) -> None:
        """Begins to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Gives the lease back, so that another daemon goes on at once."""
        self._stop.set()
        self._thread.join()
        held, self._held = self._held, None
        if held is None:
            return
        try:
            with self._store.begin() as tx:
                tx.leases.give_back(held[0])
        except ProformaError as fault:
            log.warning("the lease on scheduling was not given back and ends by itself: %s", fault)

    def _keep(self) -> None:
        while True:
            self._ask()
            if self._stop.wait(self._lease_seconds / _RENEWALS):
                return

    def _ask(self) -> None:
        # Counted from before the question: the lease cannot end earlier than we think.
        until = time.monotonic() + self._lease_seconds
        before = self.lease
        try:
            with self._store.begin() as tx:
                lease = tx.leases.take(SCHEDULE_LEASE, self._owner, self._lease_seconds)
        except ProformaError as fault:
            self._answered = False
            log.warning("the lease on scheduling could not be renewed: %s", fault)
            return
        self._answered = True
        self._held = None if lease is None else (lease, until)
        if lease is not None and (before is None or before.epoch != lease.epoch):
            log.info("this daemon schedules now", extra={"event": "leading", "epoch": lease.epoch})
            self._on_gain()
        elif lease is None and before is not None:
            log.warning("another daemon schedules now", extra={"event": "not_leading"})
