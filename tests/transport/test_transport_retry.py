"""Retries: only what is safe, within a budget of attempts and seconds, never before the server allows it (promise 8)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from transport_fakes import FakeTime

from proforma.transport.errors import Trace, TransportError, UnreachableError
from proforma.transport.retry import Retrier, RetryPolicy, Wait, retry_after_seconds

NOW = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)


def fault(*, status: int = 503, transient: bool = True, doubtful: bool = False, retry_after: float | None = None) -> TransportError:
    """A fault of a try."""
    trace = Trace(status=status, retry_after_seconds=retry_after)
    return TransportError("a fault", trace=trace, transient=transient, doubtful=doubtful)


class Tries:
    """Fails with each fault in turn, then succeeds; `count` is how often it was tried."""

    def __init__(self, *faults: TransportError) -> None:
        self._faults = list(faults)
        self.count = 0

    def __call__(self, number: int) -> str:
        self.count += 1
        assert number == self.count
        if self._faults:
            raise self._faults.pop(0)
        return "done"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        ("0", 0.0),
        (" 5 ", 5.0),
        ("1.5", 1.5),
        ("Tue, 31 Mar 2026 12:00:30 GMT", 30.0),
        ("Tuesday, 31-Mar-26 12:01:00 GMT", 60.0),
        ("Tue, 31 Mar 2026 11:00:00 GMT", 0.0),
        ("Tue, 31 Mar 2026 14:00:10 +0200", 10.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        (None, None),
    ],
)
def test_retry_after_header(header: str | None, seconds: float | None) -> None:
    """Seconds and both forms of HTTP dates are understood; a moment already past means no pause; nonsense says nothing."""
    assert retry_after_seconds(header, NOW) == seconds


def test_transient_fault_is_tried_again() -> None:
    """Two faults that pass cost two pauses below a doubling bound, with full jitter."""
    time = FakeTime(chance=0.5)
    tries = Tries(fault(), fault())

    assert time.retrier(wait_seconds_first=2.0).call(tries, repeatable=True) == "done"

    # 0.5 × 2 s, then 0.5 × 4 s.
    assert time.sleeps == [1.0, 2.0]
    assert tries.count == 3


def test_pause_has_an_upper_bound() -> None:
    """The doubling stops at the longest pause."""
    time = FakeTime(chance=1.0)
    tries = Tries(*(fault() for _ in range(5)))

    assert time.retrier(wait_seconds_first=2.0, wait_seconds_max=7.0).call(tries, repeatable=True) == "done"

    assert time.sleeps == [2.0, 4.0, 7.0, 7.0, 7.0]


@pytest.mark.parametrize(
    ("given", "repeatable", "tried"),
    [
        (fault(transient=False), True, 1),
        (fault(transient=False, doubtful=True), True, 1),
        (fault(doubtful=True), False, 1),
        (fault(doubtful=True), True, 2),
        (fault(doubtful=False), False, 2),
        (fault(status=429, doubtful=False), False, 2),
    ],
)
def test_what_is_tried_again(given: TransportError, repeatable: bool, tried: int) -> None:
    """A lasting fault never, a doubtful one only when repeating does no harm, one that was certainly not carried out always."""
    tries = Tries(given)
    retrier = FakeTime().retrier()

    if tried == 1:
        with pytest.raises(TransportError) as last:
            retrier.call(tries, repeatable=repeatable)
        assert last.value is given
    else:
        assert retrier.call(tries, repeatable=repeatable) == "done"
    assert tries.count == tried


def test_other_errors_are_not_caught() -> None:
    """A programming fault is not tried again."""
    calls: list[int] = []

    def broken(number: int) -> None:
        calls.append(number)
        raise KeyError(number)

    with pytest.raises(KeyError):
        FakeTime().retrier().call(broken, repeatable=True)
    assert calls == [1]


def test_attempts_are_capped() -> None:
    """After the last attempt the last fault is raised, and says how many there were."""
    tries = Tries(*(fault() for _ in range(9)))

    with pytest.raises(TransportError) as last:
        FakeTime().retrier(attempts_max=3).call(tries, repeatable=True)

    assert (tries.count, last.value.attempts) == (3, 3)


def test_seconds_are_capped() -> None:
    """A pause that would end after the budget is not begun."""
    time = FakeTime()
    tries = Tries(*(fault(retry_after=40.0) for _ in range(9)))

    with pytest.raises(TransportError):
        time.retrier(seconds_max=100.0).call(tries, repeatable=True)

    # 40 + 40 s fit into 100 s, a third pause would not.
    assert time.sleeps == [40.0, 40.0]
    assert tries.count == 3


def test_a_storm_of_five_minutes_is_outlasted() -> None:
    """Thirty throttled answers of 10 s each are waited for with the default policy; none counts as a failed attempt."""
    time = FakeTime()
    tries = Tries(*(fault(status=429, retry_after=10.0) for _ in range(30)))

    assert time.retrier().call(tries, repeatable=False) == "done"

    assert time.seconds == 300.0


def test_endless_throttling_without_pause_ends() -> None:
    """A server that says "too many requests, come back at once" for ever is given up."""
    tries = Tries(*(fault(status=429, retry_after=0.0) for _ in range(50)))

    with pytest.raises(TransportError):
        FakeTime(chance=0.1).retrier(throttles_max=20).call(tries, repeatable=True)

    assert tries.count == 20


def test_retry_after_wins_and_is_never_cut_short() -> None:
    """The pause the server asks for is kept in full, with up to a second on top so that not all come back at once."""
    time = FakeTime(chance=0.25)

    time.retrier(wait_seconds_max=5.0).call(Tries(fault(retry_after=17.0)), repeatable=True)

    assert time.sleeps == [17.25]


def test_everyone_waits_when_the_server_asks_one_to() -> None:
    """After a throttled answer to one request, no other request of the same user leaves before the pause is over (W-192)."""
    time = FakeTime()
    retrier = time.retrier(seconds_max=100.0)
    with pytest.raises(TransportError):
        retrier.call(Tries(fault(status=503, doubtful=True, retry_after=30.0)), repeatable=False)
    time.seconds += 10.0

    assert retrier.call(Tries(), repeatable=True) == "done"

    assert time.sleeps == [20.0]


def test_a_pause_beyond_all_patience_sends_nothing() -> None:
    """When the server asked for an hour, later requests fail at once instead of holding the run up, and are not sent."""
    time = FakeTime()
    retrier = time.retrier(seconds_max=100.0)
    with pytest.raises(TransportError):
        retrier.call(Tries(fault(status=429, retry_after=3600.0)), repeatable=True)
    tries = Tries()

    with pytest.raises(UnreachableError, match="another 3600 s"):
        retrier.call(tries, repeatable=True)

    assert (tries.count, time.sleeps) == (0, [])


def test_waits_are_announced_and_counted() -> None:
    """Progress hears of every pause before it begins, and the seconds add up."""
    time = FakeTime()
    heard: list[Wait] = []
    retrier = Retrier(RetryPolicy(), clock=time.clock, on_wait=heard.append)
    first, second = fault(retry_after=3.0), fault(status=429, retry_after=4.0)

    retrier.call(Tries(first, second), repeatable=True)

    assert heard == [Wait(3.0, 1, first), Wait(4.0, 2, second)]
    assert retrier.waited_seconds == 7.0
