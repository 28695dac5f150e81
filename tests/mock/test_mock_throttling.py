"""Service protection with its real numbers, on a clock that stands still until told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest
import requests
from mock_caller import API, Caller, calling

from proforma.mock import MockServer, WorldError
from proforma.mock.dataverse.app import throttled_response
from proforma.mock.faults import FaultError, Faults
from proforma.mock.http import Request, Response
from proforma.mock.state import State
from proforma.mock.throttling import Throttling, Visit
from proforma.mock.values import Value, decode

TOO_MANY = ("0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds.")
TOO_LONG = (
    "0x80072321",
    "Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds over time window of 300 seconds. "
    "Decrease number of concurrent requests or reduce the duration of requests and try again later.",
)
TOO_MUCH_AT_ONCE = ("0x80072326", "Number of concurrent requests exceeded the limit of 52.")


@dataclass
class Visitors:
    """Requests of several users to a mock whose clock is turned by hand."""

    now: float = 1000.0
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        self.state.throttling = Throttling(lambda: self.now)
        self.limit("real")

    def limit(self, throttling: Value) -> None:
        self.state.load({"$dataverse": {"throttling": throttling}})

    def visit(self, user: str = "one", *, seconds: float = 0, cookie: str = "") -> Response:
        """One request that takes so long."""
        entered = self.enter(user, cookie=cookie)
        if entered.refusal is not None:
            return throttled_response(entered.request, entered.refusal)
        response = self.state.respond(entered.request)
        self.now += seconds
        self.state.leave(entered)
        return response

    def enter(self, user: str = "one", *, path: str = f"{API}WhoAmI", body: bytes = b"", cookie: str = "") -> Visit:
        headers = {"authorization": f"Bearer {user}", "cookie": cookie}
        return self.state.enter(Request(method="GET", path=path, headers=headers, body=body))


@pytest.fixture
def visitors() -> Visitors:
    return Visitors()


def told(response: Response) -> tuple[int, str, str, int]:
    """Status, code, text and the seconds to wait."""
    error = cast("Mapping[str, Mapping[str, str]]", decode(response.body))["error"]
    return response.status, error["code"], error["message"], int(response.header("Retry-After") or "")


def test_six_thousand_requests_in_five_minutes(visitors: Visitors) -> None:
    """The next one waits until the first has left the window; another user does not (W-190, W-191, W-192)."""
    for number in range(6000):
        assert visitors.visit(seconds=1 / 64).status == 200, number
    assert told(visitors.visit()) == (429, *TOO_MANY, 207)  # 6,000 / 64 = 93.75 of the 300 seconds are over
    assert visitors.visit("two").status == 200
    visitors.now += 206
    assert visitors.state.enter(Request(method="GET", path="/finance/rest/invoices")).refusal is None
    assert visitors.visit().status == 429


def test_the_wait_is_over_when_it_is_over(visitors: Visitors) -> None:
    """Who waits is let in, and what was refused was not counted (W-192)."""
    visitors.limit({"requests": 2, "window_seconds": 10})
    assert [visitors.visit().status for _ in range(3)] == [200, 200, 429]
    visitors.now += 10
    assert [visitors.visit().status for _ in range(3)] == [200, 200, 429]


def test_the_wait_grows_for_those_who_push(visitors: Visitors) -> None:
    """Every request that came too early doubles the wait, by a window at most; patience resets it (W-192)."""
    visitors.limit({"requests": 1, "window_seconds": 10})
    assert visitors.visit().status == 200
    assert [told(visitors.visit())[3] for _ in range(4)] == [10, 20, 30, 40]
    visitors.now += 39
    assert told(visitors.visit())[3] == 11  # one second, doubled four times, but not more than a window longer
    visitors.now += 11
    assert visitors.visit().status == 200
    assert told(visitors.visit())[3] == 10


def test_twenty_minutes_of_execution(visitors: Visitors) -> None:
    """Four requests of 300 s each, all under way at once, use it up; the window forgets them by their ends (W-190, W-191)."""
    under_way = [visitors.enter() for _ in range(4)]
    visitors.now += 300
    for visit in under_way:
        visitors.state.leave(visit)
    assert told(visitors.visit()) == (429, *TOO_LONG, 300)
    visitors.now += 300
    assert visitors.visit().status == 200


def test_artificial_durations(visitors: Visitors) -> None:
    """Every operation is counted with 400 s, the parts of a batch each for themselves (W-197, W-198)."""
    visitors.limit({"duration_ms": 400_000})
    part = b"--b\r\nContent-Type: application/http\r\n\r\nGET accounts HTTP/1.1\r\n\r\n"
    batch = visitors.enter(path=f"{API}$batch", body=part * 3 + b"--b--")
    assert visitors.visit().status == 200
    visitors.state.leave(batch)
    assert told(visitors.visit()) == (429, *TOO_LONG, 300)


def test_fifty_two_at_once(visitors: Visitors) -> None:
    """The 53rd is refused on the spot, and passes as soon as another has left (W-190, W-191, W-193)."""
    under_way = [visitors.enter() for _ in range(52)]
    assert [told(visitors.visit()) for _ in range(2)] == [(429, *TOO_MUCH_AT_ONCE, 1), (429, *TOO_MUCH_AT_ONCE, 2)]
    assert visitors.visit("two").status == 200
    visitors.state.leave(under_way[0])
    assert visitors.visit().status == 200


def test_a_user_is_known_behind_its_tokens(visitors: Visitors) -> None:
    """A client that takes a new token has not become another one (W-190)."""
    visitors.limit({"requests": 1})
    tokens = [visitors.state.tokens.issue(client) for client in ("a", "a", "b")]
    assert [visitors.visit(token).status for token in tokens] == [200, 429, 200]


def test_headers_tell_what_is_left(visitors: Visitors) -> None:
    """Requests and execution time of this user on this server, a hint of parallelism, a cookie of the server (W-23, W-194 to W-196)."""
    assert visitors.visit(seconds=0.5).status == 200
    response = visitors.visit()
    names = ("x-ms-ratelimit-burst-remaining-xrm-requests", "x-ms-ratelimit-time-remaining-xrm-requests", "x-ms-dop-hint", "Set-Cookie")
    assert [response.header(name) for name in names] == ["5998", "1,199.50", "4", "ARRAffinity=server-0; path=/; HttpOnly"]
    visitors.limit(None)
    response = visitors.visit()
    assert [response.header(name) for name in names] == ["6000", "1,200.00", "4", None]


def test_limits_hold_for_each_server(visitors: Visitors) -> None:
    """Without a cookie requests go in turn to three servers; a cookie pins them to one (W-190, W-196)."""
    visitors.limit({"requests": 2, "servers": 3})
    assert [visitors.visit().status for _ in range(7)] == [200] * 6 + [429]
    assert [visitors.visit("two", cookie="a=b; ARRAffinity=server-1").status for _ in range(3)] == [200, 200, 429]
    assert visitors.visit("three", cookie="ARRAffinity=server-9").status == 200


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer({"$dataverse": {"throttling": {"requests": 1}}, "accounts": []}) as server:
        yield server


def test_a_refusal_over_the_wire(server: MockServer) -> None:
    """429 in Dataverse's form, before faults have their way; a new world forgets (W-191, W-198)."""
    with calling(server) as caller:
        assert caller.get("accounts").status == 200
        answer = caller.get("accounts")
        assert answer.error == (429, TOO_MANY[0], TOO_MANY[1].replace("6000", "1"))
        assert (answer.headers["OData-Version"], answer.headers["Content-Type"][:16]) == ("4.0", "application/json")
        assert 290 <= int(answer.headers["Retry-After"]) <= 300
        assert caller.call("PUT", "/mock/world", {"accounts": []}).status == 200
        assert [caller.get("accounts").status for _ in range(3)] == [200, 200, 200]


def test_a_request_that_was_broken_off_has_left(server: MockServer) -> None:
    """A dropped connection frees its place (W-190)."""
    server.load({"$dataverse": {"throttling": {"concurrent": 1}}, "accounts": []})
    server.faults([{"action": {"drop": "before"}}])
    with Caller(server.url) as caller:
        with pytest.raises(requests.exceptions.ConnectionError):
            caller.get("accounts")
        assert caller.get("accounts").status == 200


@pytest.mark.parametrize(
    ("throttling", "text"),
    [("fierce", "throttling"), ({"requests": 0}, "throttling.requests"), ({"request": 1}, "unknown field")],
)
def test_limits_that_are_none(throttling: Value, text: str) -> None:
    """The refusal of the world says where."""
    with pytest.raises(WorldError) as refusal:
        State().load({"$dataverse": {"throttling": throttling}})
    assert text in str(refusal.value)


@pytest.mark.parametrize(
    ("limit", "errors"),
    [
        (None, [TOO_MANY] * 4),
        ("requests", [TOO_MANY] * 4),
        ("execution-time", [TOO_LONG] * 4),
        ("concurrency", [TOO_MUCH_AT_ONCE] * 4),
        ("all", [TOO_MANY, TOO_LONG, TOO_MUCH_AT_ONCE, TOO_MANY]),
    ],
)
def test_a_storm_of_each_kind(limit: Value, errors: list[tuple[str, str]]) -> None:
    """The fault `throttle` refuses for one reason, or for all three in turn (W-191, W-198)."""
    faults = Faults()
    throttle: dict[str, Value] = {"seconds": 60, "retry_after": 7, **({"limit": limit} if limit else {})}
    faults.replace([{"action": {"throttle": throttle}}])
    request = Request(method="GET", path=f"{API}accounts")
    actions = [faults.strike(request) for _ in errors]
    assert [told(action.response(request)) for action in actions if action] == [(429, *error, 7) for error in errors]


def test_a_storm_of_no_kind() -> None:
    """The refusal lists the kinds there are."""
    with pytest.raises(FaultError, match=r"throttle\.limit: expected one of requests, execution-time, concurrency, all; found 'rate'"):
        Faults().replace([{"action": {"throttle": {"limit": "rate"}}}])
