"""Promise 8 for a whole pull: five minutes of throttling on a virtual clock, and every row arrives."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from milestones import NO_TRACKING, empty_store, mirror, pull_milestones, source, world
from proforma.dataverse.client import DataverseClient
from proforma.mock import MockServer
from proforma.sync import ranges
from proforma.transport.auth import static_token
from proforma.transport.errors import Trace
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
