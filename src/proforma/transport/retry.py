"""The one door to tenacity: what is tried again, how often, how long, and who else has to wait meanwhile (promise 8)."""

from __future__ import annotations

import itertools
import logging
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import tenacity

from proforma.transport.errors import TransportError, UnreachableError
from proforma.transport.pace import Pace

T = TypeVar("T")

log = logging.getLogger(__name__)

_SECONDS: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
_THROTTLED: Final = frozenset({425, 429})
_DOUBLINGS_MAX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and chance, so that tests can hand in their own; `chance` is uniform from 0 to 1."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = field(default_factory=lambda: random.SystemRandom().random)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long one request is pursued. Throttled answers have their own count: a storm of five minutes is not a fault."""

    attempts_max: int = 6
    throttles_max: int = 200
    seconds_max: float = 900.0
    wait_seconds_first: float = 0.5
    wait_seconds_max: float = 30.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause that is about to begin, for progress: how long, after which attempt, and why."""

    seconds: float
    attempt: int
    cause: TransportError | None


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """The pause a Retry-After header asks for, given in seconds or as an HTTP date; None when it says nothing usable."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


class Retrier:
    """Runs requests against one remote side as one user, again where that is safe; one instance is shared by all threads.

    When the server asks for a pause, no request of any thread leaves before it is over (W-192). `pace` bounds how many are under way.
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        clock: Clock | None = None,
        on_wait: Callable[[Wait], None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.clock = clock or Clock()
        self.pace = pace or Pace()
        self._on_wait = on_wait
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._waited_seconds = 0.0

    @property
    def waited_seconds(self) -> float:
        """Seconds spent waiting so far, over all threads."""
        return self._waited_seconds

    def call(self, attempt: Callable[[int], T], *, repeatable: bool) -> T:
        """The result of `attempt(number)`, which is tried again after transient faults.

        A fault that leaves doubt whether the request was carried out ends it unless `repeatable`. The last fault is raised as it is.
        """
        budget = _Budget(self.policy, self.clock)
        try:
            return self._numbered(attempt, 1)
        except TransportError as fault:
            first = fault
        return self._again(attempt, first, budget, repeatable=repeatable)

    def _again(self, attempt: Callable[[int], T], first: TransportError, budget: _Budget, *, repeatable: bool) -> T:
        """What follows the first attempt, which is played again as it ended: most requests need none of this."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: _may_repeat(error, repeatable=repeatable)),
            wait=lambda state: self._pause_after(_fault_of(state), state.attempt_number),
            stop=lambda state: budget.is_spent(_fault_of(state), state.upcoming_sleep),
            sleep=self._sleep,
            before_sleep=lambda state: self._announce(Wait(state.upcoming_sleep, state.attempt_number, _fault_of(state))),
            reraise=True,
        )
        numbers = itertools.count(1)

        def next_one() -> T:
            number = next(numbers)
            if number == 1:
                raise first
            return self._numbered(attempt, number)

        return retrying(next_one)

    def _numbered(self, attempt: Callable[[int], T], number: int) -> T:
        with self.pace.place() as ticket:
            self._wait_for_gate()
            try:
                result = attempt(number)
            except TransportError as fault:
                fault.trace = replace(fault.trace, attempts=number)
                self._close_gate(fault, number)
                if fault.status in _THROTTLED:
                    self.pace.throttled(ticket)
                raise
            self.pace.succeeded()
            return result

    def _pause_after(self, fault: TransportError | None, number: int) -> float:
        """Retry-After wins and is never cut short; else full jitter below a doubling bound."""
        asked = _asked_seconds(fault, number)
        if asked:
            # A little more than asked, so that many workers do not come back in the same instant.
            return asked + self.clock.chance() * min(1.0, asked)
        bound = self.policy.wait_seconds_first * float(2 ** min(number - 1, 30))
        return self.clock.chance() * min(self.policy.wait_seconds_max, bound)

    def _close_gate(self, fault: TransportError, number: int) -> None:
        asked = _asked_seconds(fault, number)
        if asked and fault.transient:
            with self._lock:
                self._not_before = max(self._not_before, self.clock.monotonic() + asked)

    def _wait_for_gate(self) -> None:
        """Until the server's pause is over and the budget has room, both at the same instant."""
        while (left := self._closed_seconds()) > 0:
            if left > self.policy.seconds_max:
                raise UnreachableError(
                    f"the server asked not to be called for another {left:.0f} s",
                    todo="Run again after that; nothing was sent.",
                )
            self._announce(Wait(left, 0, None))
            # Never less than a clock can show: rounding must not leave a rest that no sleep ends.
            self._sleep(max(left, 0.001))

    def _closed_seconds(self) -> float:
        now = self.clock.monotonic()
        left = self._not_before - now
        return left if left > 0 else self.pace.seconds_until_budget(now)

    def _announce(self, wait: Wait) -> None:
        fields = {"event": "waiting", "seconds": round(wait.seconds, 1), "attempt": wait.attempt}
        log.info("waiting before the next request: %s", wait.cause or "the server asked for a pause", extra=fields)
        if self._on_wait:
            self._on_wait(wait)

    def _sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        with self._lock:
            self._waited_seconds += seconds


class _Budget:
    """Attempts and seconds that one request has left."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._started = clock.monotonic()
        self._faults = 0
        self._throttles = 0

    def is_spent(self, fault: TransportError | None, next_pause: float) -> bool:
        if fault is not None and fault.status in _THROTTLED:
            self._throttles += 1
        else:
            self._faults += 1
        over_time = self._clock.monotonic() - self._started + next_pause > self._policy.seconds_max
        return over_time or self._faults >= self._policy.attempts_max or self._throttles >= self._policy.throttles_max


def _asked_seconds(fault: TransportError | None, number: int) -> float | None:
    """The pause that the server asks for; a throttled answer without Retry-After asks for 2, 4, 8 … seconds (W-193)."""
    if fault is None:
        return None
    if fault.trace.retry_after_seconds is None and fault.status in _THROTTLED:
        return float(2 ** min(number, _DOUBLINGS_MAX))
    return fault.trace.retry_after_seconds


def _may_repeat(error: BaseException, *, repeatable: bool) -> bool:
    return isinstance(error, TransportError) and error.transient and (repeatable or not error.doubtful)


def _fault_of(state: tenacity.RetryCallState) -> TransportError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TransportError) else None
