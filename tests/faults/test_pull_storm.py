"""Promise 8 for a whole pull: five minutes of throttling on a virtual clock, and every row arrives."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from milestones import NO_TRACKING, empty_store, mirror, pull_milestones, source, world
from proforma.dataverse.client import DataverseClient
from proforma.domain.contracts import Milestone
from proforma.domain.masters import Role, Task
from proforma.mapping import load_mappings
from proforma.mock import MockServer
from proforma.store import Store
from proforma.sync import ranges
from proforma.sync.pull import Pull
from proforma.transport.auth import static_token
from proforma.transport.decoding import remote_fault
from proforma.transport.errors import Trace
from proforma.transport.pace import Pace, PaceLimits
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import Answer, Session

STORM_SECONDS = 300.0
REFUSALS = (
    ("0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds."),
    (
        "0x80072321",
        "Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds over time window of 300 seconds.",
    ),
    ("0x80072326", "Number of concurrent requests exceeded the limit of 52."),
)


@dataclass
class Weather:
    """Virtual time, and what the server counts while it refuses everything: pauses grow when a client keeps pushing (W-192)."""

    seconds: float = 0.0
    not_before: float = 0.0
    refused: int = 0
    early: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.seconds += seconds

    def refusal(self) -> tuple[float, str] | None:
        """A pause and a body while the storm lasts."""
        with self.lock:
            self.early += self.seconds < self.not_before
            if self.seconds >= STORM_SECONDS:
                return None
            self.refused += 1
            pause = 5.0 + 3 * self.refused
            self.not_before = self.seconds + pause
            code, message = REFUSALS[self.refused % 3]
            return pause, f'{{"error":{{"code":"{code}","message":"{message}"}}}}'


class StormySession(Session):
    """Sends nothing while the storm lasts: the server's door is shut."""

    weather: Weather

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        refusal = self.weather.refusal()
        if refusal is None:
            return super().exchange(method, url, headers, body)
        pause, text = refusal
        kind = CaseInsensitiveDict({"Content-Type": "application/json; odata.metadata=minimal", "Retry-After": f"{pause:.0f}"})
        trace = Trace(method=method, url=url, status=429, retry_after_seconds=pause)
        return Answer(status=429, headers=kind, body=text.encode(), trace=trace)


@pytest.mark.parametrize("by", [None, "createdon"], ids=["page after page", "in ranges by many threads"])
def test_a_storm_of_five_minutes_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str | None) -> None:
    """No request of any thread leaves before Retry-After is over, and after the storm the mirror has every row of the source."""
    monkeypatch.setattr(ranges, "PAGE_ROWS", 3)
    monkeypatch.setattr(ranges, "WORTH_ROWS", 0)
    weather, session = Weather(), StormySession()
    session.weather = weather
    retrier = Retrier(RetryPolicy(), clock=Clock(monotonic=lambda: weather.seconds, sleep=weather.sleep))
    token = static_token(Secret("test-token"))
    with MockServer() as server, empty_store(tmp_path) as store:
        server.load(world(40, **NO_TRACKING))
        with DataverseClient(server.url, token, page_size=4, session=session, retrier=retrier) as client:
            pull_milestones(store, client, ranges=by)

        assert len(mirror(store)) == 40
        assert mirror(store) == source(server)
    assert (weather.early, weather.refused > 5, weather.seconds >= STORM_SECONDS) == (0, True, True)


#: Entity, record, entity set, and the columns of id and name.
TABLES = (
    ("milestone", Milestone, "msdyn_contractlinescheduleofvalues", "msdyn_contractlinescheduleofvalueid", "msdyn_name"),
    ("role", Role, "bookableresourcecategories", "bookableresourcecategoryid", "name"),
    ("task", Task, "msdyn_projecttasks", "msdyn_projecttaskid", "msdyn_subject"),
)
ROWS, PAGE_ROWS, SERVED_FIRST = 40, 4, 9


@dataclass
class SharedTime:
    """Virtual time of client and server. It moves only when every thread waits for it: none has a request under way or a refusal to take
    in, and none is about to take a place that is free."""

    seconds: float = 0.0
    busy: set[int] = field(default_factory=set)
    about_to: Callable[[], bool] = lambda: False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self.changed:
            wake = self.seconds + seconds
            self.rest()
            assert self.changed.wait_for(lambda: not self.busy and not self.about_to(), timeout=30)
            self.seconds = max(self.seconds, wake)
            self.work()

    def work(self) -> None:
        """The calling thread is about something: until it rests or sleeps, time stands still."""
        with self.changed:
            self.busy.add(threading.get_ident())

    def rest(self) -> None:
        """The calling thread is done with what it was about."""
        with self.changed:
            self.busy.discard(threading.get_ident())
            self.changed.notify_all()


class WatchedPace(Pace):
    """Tells the time who is about to take a place, and who has one."""

    def __init__(self, time: SharedTime, limits: PaceLimits) -> None:
        super().__init__(limits)
        self._time = time
        self._waiting = 0
        time.about_to = lambda: self._waiting > 0 and self._under_way < self.at_once

    @contextmanager
    def place(self) -> Iterator[int]:
        with self._time.changed:
            self._waiting += 1
            self._time.rest()
        with super().place() as ticket:
            with self._time.changed:
                self._waiting -= 1
                self._time.work()
            yield ticket
        with self._time.changed:
            self._time.changed.notify_all()


@dataclass(frozen=True)
class Call:
    """A request as the client sent it: when, for which entity set, how many might go at once, and with what it was refused."""

    at: float
    entity_set: str
    at_once: int
    refused: str | None
    pause: float


class WatchedSession(Session):
    """Notes every request. The first ones of all tables are under way together, so that all have begun when the storm breaks."""

    def __init__(self, time: SharedTime, pace: Pace) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._time, self._pace = time, pace
        self._first = {table[2] for table in TABLES}
        self._together = threading.Barrier(len(TABLES))

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        entity_set = url.partition("?")[0].rpartition("/")[2]
        self._time.work()
        at_once = self._pace.at_once
        if entity_set in self._first:
            self._first.discard(entity_set)
            self._together.wait(timeout=30)
        try:
            answer = super().exchange(method, url, headers, body)
        except BaseException:
            self._time.rest()
            raise
        code = remote_fault(answer.body)[0] if answer.status == 429 else None
        self.calls.append(Call(self._time.seconds, entity_set, at_once, code, answer.trace.retry_after_seconds or 0.0))
        if code is None:
            self._time.rest()
        return answer


def names(store: Store, record: type[Milestone] | type[Role] | type[Task]) -> dict[str, str | None]:
    with store.read() as reader:
        return {str(row.id): row.name for row in reader.mirror.all(record)}


def test_a_storm_breaks_while_several_entities_are_pulled(tmp_path: Path) -> None:
    """Pages of three tables are under way when five minutes of 429 of all three kinds begin (W-191). No thread sends anything before a
    Retry-After is over (W-192); afterwards more and more is sent at once again, and each mirror equals its source row for row."""
    time = SharedTime()
    pace = WatchedPace(time, PaceLimits(at_once_first=4))
    session = WatchedSession(time, pace)
    retrier = Retrier(clock=Clock(monotonic=time.now, sleep=time.sleep), pace=pace)
    sets = {
        entity_set: [{key: f"00000000-0000-4000-8000-{n:012d}", name: f"{entity} {n}"} for n in range(ROWS)]
        for entity, _, entity_set, key, name in TABLES
    }
    storm = {"seconds": STORM_SECONDS, "retry_after": 20, "limit": "all"}
    with MockServer(sets) as server, empty_store(tmp_path) as store:
        server._application.state.faults.clock = time.now
        server.faults([{"match": {"path": "/api/data/"}, "skip": SERVED_FIRST, "times": 1, "action": {"throttle": storm}}])
        token = static_token(Secret("test-token"))
        with DataverseClient(server.url, token, page_size=PAGE_ROWS, session=session, retrier=retrier) as client:
            pulled = list(Pull(store, client, load_mappings(None), now=lambda: datetime.now(UTC)).run([table[0] for table in TABLES]))
        kept = {entity: names(store, record) for entity, record, *_ in TABLES}

    calls, refused = session.calls, [call for call in session.calls if call.refused]
    before = calls[: calls.index(refused[0])]
    assert {call.entity_set for call in before} == set(sets)
    assert len(before) <= SERVED_FIRST < ROWS / PAGE_ROWS, "none was read to its end"
    assert {call.refused for call in refused} == {code for code, _ in REFUSALS}
    assert [call for call in calls for no in refused if no.at < call.at < no.at + no.pause] == []
    together = Counter(call.at for call in refused)
    assert [call for call in refused if call.at_once == 1 < together[call.at]] == [], "one refusal speaks for every thread"
    assert max(call.at for call in refused) < STORM_SECONDS <= min(call.at for call in calls[calls.index(refused[-1]) + 1 :])
    assert pace.at_once >= 4 > min(call.at_once for call in refused) == 1, "halved to 1 in the storm, then a little more with each round"
    assert {pull.entity: (pull.rows, pull.quarantined) for pull in pulled} == {table[0]: (ROWS, 0) for table in TABLES}
    assert kept == {table[0]: {str(row[table[3]]): row[table[4]] for row in sets[table[2]]} for table in TABLES}
