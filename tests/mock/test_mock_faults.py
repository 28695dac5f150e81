"""Faults on order, over a real socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
import requests
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.faults import FaultError, Faults
from proforma.mock.http import Request
from proforma.mock.values import Value

INVOICE = {"reference": "R-1", "customer": {"account": "C-1"}, "currency": "NOK", "lines": [{"amount": "1.00"}], "total": "1.00"}
POST = "/finance/rest/invoices"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load({"accounts": [{"accountid": "@a", "name": "Acme"}]})
    with calling(server) as caller:
        yield caller


def statuses(caller: Caller, path: str, count: int) -> list[int]:
    return [caller.get(path).status for _ in range(count)]


def test_a_fault_hits_once_unless_told_otherwise(server: MockServer, caller: Caller) -> None:
    """`times` counts hits, `skip` lets the first ones pass, 0 and null never end."""
    server.faults([{"match": {"path": "accounts"}, "action": {"status": 503}}])
    assert statuses(caller, "accounts", 2) == [503, 200]
    server.faults([{"match": {"path": "accounts"}, "times": 2, "skip": 1, "action": {"status": 503}}])
    assert statuses(caller, "accounts", 5) == [200, 503, 503, 200, 200]
    for forever in (0, None):
        server.faults([{"match": {}, "times": forever, "action": {"status": 500}}])
        assert statuses(caller, "accounts", 3) == [500, 500, 500]


def test_the_first_fault_that_hits_decides(server: MockServer, caller: Caller) -> None:
    """Faults queue up behind each other."""
    server.faults([{"action": {"status": 500}}, {"action": {"status": 502}}])
    assert statuses(caller, "accounts", 3) == [500, 502, 200]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"method": "get"}, True),
        ({"method": "POST"}, False),
        ({"path": "/accounts"}, True),
        ({"path": "v9\\.2/acc\\w+$"}, True),
        ({"path": "^accounts"}, False),
        ({"path": "(accounts"}, False),
        ({"query": "$top=1"}, True),
        ({"query": "name eq 'acme'"}, True),
        ({"query": "skiptoken"}, False),
        ({"method": "GET", "path": "accounts", "query": "top=9"}, False),
    ],
)
def test_what_a_fault_matches(match: Document, hit: bool) -> None:
    """Method, and path and query as words or regular expressions, all of them together."""
    faults = Faults()
    faults.replace([{"match": match, "action": {"status": 500}}])
    request = Request(method="GET", path=API + "accounts", query="$top=1&$filter=name%20eq%20'acme'")
    assert (faults.strike(request) is not None) is hit


def test_a_status_comes_with_its_headers_and_body(server: MockServer, caller: Caller) -> None:
    """An object is JSON, a text is HTML, nothing is an error in Dataverse's form."""
    server.faults(
        [
            {"action": {"status": 502, "body": "<html>Bad gateway</html>", "headers": {"X-Proxy": "p"}}},
            {"action": {"status": 200, "body": {"value": []}}},
            {"action": {"status": 429, "headers": {"Retry-After": 7}}},
        ]
    )
    html, empty, throttled = (caller.get("accounts") for _ in range(3))
    assert (html.status, html.body, html.headers["X-Proxy"], html.headers["Content-Type"]) == (
        502,
        b"<html>Bad gateway</html>",
        "p",
        "text/html; charset=utf-8",
    )
    assert (empty.status, empty.document) == (200, {"value": []})
    assert (throttled.headers["Retry-After"], throttled.error) == (
        "7",
        (429, "0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds."),
    )


@pytest.mark.parametrize(
    ("action", "documents"),
    [
        ({"drop": "before"}, 0),
        ({"drop": "after"}, 1),
        ({"truncate": 20}, 1),
        ({"truncate": 0}, 1),
    ],
)
def test_a_broken_connection(server: MockServer, caller: Caller, action: Document, documents: int) -> None:
    """No answer, or half of one: the caller cannot know whether the work was done; the next call works."""
    server.faults([{"match": {"method": "POST"}, "action": action}])
    with pytest.raises(requests.exceptions.RequestException):
        caller.call("POST", POST, INVOICE)
    assert len(server.documents()) == documents
    assert caller.get("accounts").status == 200


def test_a_dropped_connection_gives_not_one_byte(server: MockServer) -> None:
    """The socket is closed without an answer."""
    server.load({})
    server.faults([{"action": {"drop": "before"}}])
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(b"GET /api/data/v9.2/accounts HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            received = connection.recv(100)
        except ConnectionResetError:
            received = b""
    assert received == b""


def test_a_truncated_answer_promises_the_whole(server: MockServer) -> None:
    """The length speaks of all bytes, the connection ends after the first ones."""
    server.load({})
    server.faults([{"action": {"truncate": 10}}])
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while piece := connection.recv(1000):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    assert (len(body), length > 10) == (10, True)


def test_an_answer_may_be_replaced_after_the_work(server: MockServer, caller: Caller) -> None:
    """500 after the work was done, and 500 instead of it (F-88)."""
    server.faults([{"action": {"status": 500, "after": True}}])
    assert caller.call("POST", POST, INVOICE).status == 500
    assert len(server.documents()) == 1
    server.faults([{"action": {"status": 500}}])
    assert caller.call("POST", POST, INVOICE).status == 500
    assert len(server.documents()) == 1


@pytest.mark.parametrize("after", [False, True])
def test_an_answer_may_be_late(server: MockServer, caller: Caller, after: bool) -> None:
    """The delay passes before or after the work; the answer is the real one."""
    server.faults([{"action": {"delay_ms": 60, "after": after}}])
    start = time.monotonic()
    assert caller.call("POST", POST, INVOICE).status == 201
    assert time.monotonic() - start >= 0.06


def test_work_is_done_although_the_caller_gave_up(server: MockServer, caller: Caller) -> None:
    """A time-out on this side says nothing about the other (F-88: time-out then late success)."""
    server.faults([{"action": {"delay_ms": 600, "after": True}}])
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(server.url + POST, json=INVOICE, timeout=0.25, proxies={"http": ""})
    assert [document["reference"] for document in server.documents()] == ["R-1"]


def test_a_storm_of_throttling() -> None:
    """From the first hit everything that matches is refused until the storm is over; then all passes."""
    now = [100.0]
    faults = Faults(clock=lambda: now[0])
    faults.replace([{"match": {"path": "/api/"}, "action": {"throttle": {"seconds": 300, "retry_after": 17}}}])
    request = Request(method="GET", path=API + "accounts")
    answers = []
    for moment in (100.0, 101.0, 399.9, 400.0, 500.0):
        now[0] = moment
        action = faults.strike(request)
        answers.append(action.response(request) if action else None)
    assert [(a.status, a.header("Retry-After")) if a else None for a in answers] == [(429, "17")] * 3 + [None, None]
    assert faults.strike(Request(method="GET", path="/finance/rest/invoices")) is None


def test_retry_after_may_be_a_date() -> None:
    """The other form that servers use (F-82)."""
    faults = Faults()
    faults.replace([{"action": {"throttle": {"seconds": 60, "retry_after": "date"}}}])
    request = Request(method="GET", path="/finance/rest/invoices")
    action = faults.strike(request)
    assert action is not None
    assert parsedate_to_datetime(str(action.response(request).header("Retry-After"))).tzinfo is not None


def test_the_journal_tells_what_was_done(server: MockServer, caller: Caller) -> None:
    """A dropped request stays in the journal, without a status."""
    server.faults([{"action": {"drop": "after"}}, {"action": {"status": 503}}])
    with pytest.raises(requests.exceptions.ConnectionError):
        caller.get("accounts")
    assert statuses(caller, "accounts", 2) == [503, 200]
    assert [(entry["status"], entry["fault"]) for entry in server.requests()] == [(None, "drop after"), (503, "status 503"), (200, None)]


def test_administration_is_never_hit(server: MockServer, caller: Caller) -> None:
    """A fault on everything leaves `/mock/` alone, and counts are told."""
    server.faults([{"times": 0, "action": {"drop": "before"}}])
    answer = caller.get("/mock/faults")
    assert answer.entries == [{"times": 0, "action": {"drop": "before"}, "seen": 0, "hits": 0}]
    assert caller.call("DELETE", "/mock/faults").entries == []
    assert caller.get("accounts").status == 200


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"status": 1}, "expected a list of faults {match, times, skip, action}"),
        ([5], "faults[0]: expected a mapping"),
        ([{"matches": {}}], "faults[0]: unknown key 'matches'; known are action, match, skip, times"),
        ([{"match": {"verb": "GET"}}], "faults[0].match: unknown key 'verb'; known are method, path, query"),
        ([{"match": {}}], "faults[0].action: expected a mapping"),
        ([{"action": {}}], "faults[0].action: says nothing; expected one of"),
        ([{"action": {"explode": True}}], "faults[0].action: unknown key 'explode'; known are"),
        ([{"action": {"drop": "now"}}], "faults[0].action.drop: expected 'before' or 'after', found 'now'"),
        ([{"times": -1, "action": {"status": 500}}], "faults[0].times: expected a whole number, found -1"),
        ([{"action": {"status": "500"}}], "faults[0].action.status: expected a whole number, found '500'"),
    ],
)
def test_orders_that_cannot_be_understood(document: Value, message: str) -> None:
    """The refusal names the key."""
    with pytest.raises(FaultError) as refusal:
        Faults().replace(document)
    assert str(refusal.value).startswith(message)
