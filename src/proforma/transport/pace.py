"""How many requests may be under way at once, and how many in five minutes: found out by trying, cut back when the server says so.

Slow start: the first request goes alone, each success allows one more, so the number doubles each round. The first refusal for throttling
halves it, and from then on it creeps up by one a round. Dataverse allows 52 at once and 6,000 in 300 seconds per user and server (W-190).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

#: Leaves room for other programs of the same user, and for requests that another server counted.
_BUDGET: Final = 5_500


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """Bounds of a pace. `budget` requests may begin within any `window_seconds`."""

    at_once_first: int = 1
    at_once_max: int = 52
    budget: int = _BUDGET
    window_seconds: float = 300.0


class Pace:
    """Lets requests of all threads through, as many at once as the server has shown that it takes."""

    def __init__(self, limits: PaceLimits | None = None) -> None:
        self.limits = limits or PaceLimits()
        self._changed = threading.Condition()
        self._allowed = float(min(self.limits.at_once_first, self.limits.at_once_max))
        self._slow_start = True
        self._under_way = 0
        self._cuts = 0
        self._mine = threading.local()
        self._begun: deque[float] = deque()

    @property
    def at_once(self) -> int:
        """How many requests may be under way at present."""
        return int(self._allowed)

    @contextmanager
    def place(self) -> Iterator[int]:
        """Waits for a place among the requests under way and keeps it; gives the ticket that `succeeded` and `throttled` want back."""
        if getattr(self._mine, "has_place", False):
            # A request that needs another one first, a token say: two places could make all threads wait for each other.
            yield self._cuts
            return
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.at_once)
            self._under_way += 1
            ticket = self._cuts
        self._mine.has_place = True
        try:
            yield ticket
        finally:
            self._mine.has_place = False
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def seconds_until_budget(self, now: float) -> float:
        """How long the budget keeps the next request waiting; 0 when it may begin, which is then counted."""
        with self._changed:
            while self._begun and self._seconds_left(now) <= 0:
                self._begun.popleft()
            if len(self._begun) >= self.limits.budget:
                return self._seconds_left(now)
            self._begun.append(now)
            return 0.0

    def _seconds_left(self, now: float) -> float:
        """Until the oldest request that was counted leaves the window."""
        return self._begun[0] + self.limits.window_seconds - now

    def succeeded(self) -> None:
        """A request was answered without complaint: a little more may be tried."""
        with self._changed:
            step = 1.0 if self._slow_start else 1.0 / self._allowed
            self._allowed = min(float(self.limits.at_once_max), self._allowed + step)
            self._changed.notify_all()

    def throttled(self, ticket: int) -> None:
        """A request was refused for throttling: half as many. Those that were under way with it are the same refusal, not another one."""
        with self._changed:
            if ticket == self._cuts:
                self._cuts += 1
                self._allowed = max(1.0, self._allowed / 2)
                self._slow_start = False
