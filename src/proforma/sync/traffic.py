"""How the remote sides made us wait in one run: how often something was tried again, and how long throttling held us up."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from proforma.transport.retry import Wait

_THROTTLED: Final = frozenset({425, 429})


class Traffic:
    """Counts the pauses of all threads of a run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retries = 0
        self._throttled_seconds = 0.0

    def note(self, wait: Wait) -> None:
        """One pause. A gate that the server closed, and our own budget of requests, count as throttling."""
        throttled = wait.cause is None or wait.cause.status in _THROTTLED
        with self._lock:
            self._retries += wait.cause is not None
            self._throttled_seconds += wait.seconds if throttled else 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Figures for the record of runs; seconds are rounded up."""
        return {"retries": self._retries, "throttled_seconds": math.ceil(self._throttled_seconds)}
