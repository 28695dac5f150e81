"""Pace: slow start, halving, creeping up, at most 52 at once, a budget for five minutes; and a storm on a virtual clock (promise 8)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from transport_fakes import FakeTime

from proforma.transport.errors import HttpStatusError, Trace
from proforma.transport.pace import Pace, PaceLimits
from proforma.transport.retry import Retrier, RetryPolicy

CODES = ("0x80072322", "0x80072321", "0x80072326")


def throttled(code: str = CODES[0], retry_after: float | None = 17.0) -> HttpStatusError:
    """A 429 answer in one of its three flavours (W-191)."""
    trace = Trace(status=429, code=code, retry_after_seconds=retry_after)
    return HttpStatusError("exceeded the limit", body=b"", trace=trace, transient=True, doubtful=False)


def test_slow_start_doubles_each_round() -> None:
    """Each success allows one more: 1, 2, 4, 8, 16, 32, and never more than 52 (W-190)."""
    pace = Pace()
    allowed = [pace.at_once]
    for _ in range(7):
        for _ in range(pace.at_once):
            pace.succeeded()
        allowed.append(pace.at_once)

    assert allowed == [1, 2, 4, 8, 16, 32, 52, 52]


def test_throttling_halves_and_then_it_creeps_up() -> None:
    """From 32 to 16, then one more for each round of successes; refusals of requests sent together count once."""
    pace = Pace(PaceLimits(at_once_first=32))
    with pace.place() as first, pace.place() as second:
        pace.throttled(first)
        pace.throttled(second)
    assert pace.at_once == 16

    for _ in range(17):
        pace.succeeded()
    assert pace.at_once == 17

    for _ in range(10):
        with pace.place() as ticket:
            pace.throttled(ticket)
    assert pace.at_once == 1, "one request at a time is always allowed"


def test_no_more_at_once_than_allowed() -> None:
    """Twelve threads, four places: never more than four inside."""
    pace = Pace(PaceLimits(at_once_first=4, at_once_max=4))
    lock, most, inside, full = threading.Lock(), 0, 0, threading.Barrier(4)

    def work(_: int) -> None:
        nonlocal most, inside
        with pace.place():
            with lock:
                inside += 1
                most = max(most, inside)
            full.wait(timeout=10)  # four must be inside together, three times over
            with lock:
                inside -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert most == 4


def test_a_request_inside_a_request_takes_no_second_place() -> None:
    """A token that is fetched through the same retrier does not wait for the request that waits for it."""
    retrier = Retrier(clock=FakeTime().clock, pace=Pace(PaceLimits(at_once_first=1, at_once_max=1)))

    assert retrier.call(lambda _: retrier.call(lambda _: "token", repeatable=True) + " used", repeatable=True) == "token used"


def test_budget_of_a_window() -> None:
    """Three requests in ten seconds: the fourth waits until the first is ten seconds old."""
    time = FakeTime()
    retrier = Retrier(clock=time.clock, pace=Pace(PaceLimits(budget=3, window_seconds=10)))
    begun: list[float] = []

    def request(_: int) -> None:
        begun.append(time.seconds)
        time.seconds += 1

    for _ in range(7):
        retrier.call(request, repeatable=True)

    assert begun == [0, 1, 2, 10, 11, 12, 20]


@pytest.mark.parametrize("code", CODES)
def test_each_flavour_of_throttling_is_waited_out(code: str) -> None:
    """Rate, execution time and concurrency: Retry-After is obeyed and the request repeated, even a write: it was turned away (W-192)."""
    time, answers = FakeTime(), [throttled(code)]

    def request(_: int) -> float:
        if answers:
            raise answers.pop()
        return time.seconds

    assert Retrier(clock=time.clock).call(request, repeatable=False) == 17.0


def test_without_retry_after_pauses_double() -> None:
    """2, 4, 8 seconds (W-193)."""
    time, answers = FakeTime(), [throttled(retry_after=None) for _ in range(3)]

    def request(_: int) -> float:
        if answers:
            raise answers.pop()
        return time.seconds

    assert Retrier(clock=time.clock).call(request, repeatable=True) == 14.0


@dataclass
class StormyServer:
    """Refuses everything for five minutes, each time asking for a pause of its own; notes requests that come too early."""

    time: FakeTime
    until: float
    not_before: float = 0.0
    early: int = 0
    refused: int = 0
    served: list[int] = field(default_factory=list)

    def request(self, page: int) -> int:
        if self.time.seconds < self.not_before:
            self.early += 1
        if self.time.seconds < self.until:
            self.refused += 1
            # It grows when the client keeps pushing.
            asked = float(5 + 3 * self.refused)
            self.not_before = self.time.seconds + asked
            raise throttled(CODES[self.refused % 3], asked)
        self.served.append(page)
        return page


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_a_storm_of_five_minutes_loses_nothing(chance: float) -> None:
    """No request leaves before Retry-After is over, and every page arrives once the storm has passed (promise 8)."""
    time = FakeTime(chance=chance)
    server = StormyServer(time, until=300.0)
    retrier = Retrier(RetryPolicy(), clock=time.clock)

    arrived = [retrier.call(lambda _, page=page: server.request(page), repeatable=True) for page in range(40)]  # type: ignore[misc]

    assert arrived == server.served == list(range(40))
    assert (server.early, server.refused > 5, time.seconds >= 300.0) == (0, True, True)


def test_a_pause_holds_for_every_thread() -> None:
    """One request was refused; sixty-four others from eight threads all wait until its pause is over, and all arrive."""
    time, begun = FakeTime(), []
    retrier = Retrier(RetryPolicy(throttles_max=1), clock=time.clock, pace=Pace(PaceLimits(at_once_first=8)))

    def refused(_: int) -> None:
        raise throttled(retry_after=20.0)

    def request(page: int) -> int:
        begun.append(time.seconds)
        return page

    with pytest.raises(HttpStatusError):
        retrier.call(refused, repeatable=True)
    with ThreadPoolExecutor(8) as pool:
        arrived = list(pool.map(lambda page: retrier.call(lambda _: request(page), repeatable=True), range(64)))

    assert arrived == list(range(64))
    assert (len(begun), min(begun) >= 20.0) == (64, True)
    assert retrier.pace.at_once > 4, "halved to 4, then a little more with each round"
