"""A remote side: which status means what, what is sent again, and what a caller must do about a write in doubt (F-77, W-189)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import responses
from transport_fakes import DROP, CountingTokens, FakeTime, RawServer, http, json_answer

from proforma.transport.auth import Anonymous, TokenSource, api_key, basic, static_token
from proforma.transport.errors import (
    AuthenticationError,
    BadResponseError,
    DoubtfulError,
    HttpStatusError,
    TransportError,
    UnreachableError,
)
from proforma.transport.origin import Origin
from proforma.transport.redaction import Secret
from proforma.transport.remote import Remote
from proforma.transport.session import Request

BASE = "https://erp.example/api"
URL = f"{BASE}/invoices"


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def remote_with(tokens: TokenSource | None = None, time: FakeTime | None = None, base: str = BASE) -> Remote:
    retrier = (time or FakeTime()).retrier(attempts_max=3)
    return Remote(Origin.parse(base), tokens or CountingTokens(), retrier=retrier)


GET = Request(method="GET", link="invoices")
POST = Request(method="POST", link="invoices", body=b"{}")
PUT = Request(method="PUT", link="invoices", body=b"{}", repeatable=True)


@pytest.mark.parametrize(
    ("request_", "status", "error", "sent"),
    [
        # Refused: final, for reads and writes alike.
        (GET, 400, HttpStatusError, 1),
        (GET, 403, HttpStatusError, 1),
        (GET, 404, HttpStatusError, 1),
        (POST, 400, HttpStatusError, 1),
        (POST, 404, HttpStatusError, 1),
        (POST, 409, HttpStatusError, 1),
        (POST, 412, HttpStatusError, 1),
        (POST, 413, HttpStatusError, 1),
        (POST, 422, HttpStatusError, 1),
        # Transient: reads and repeatable writes go on within the budget.
        (GET, 408, UnreachableError, 3),
        (GET, 429, UnreachableError, 3),
        (GET, 500, UnreachableError, 3),
        (GET, 502, UnreachableError, 3),
        (GET, 503, UnreachableError, 3),
        (GET, 504, UnreachableError, 3),
        (PUT, 503, UnreachableError, 3),
        (PUT, 500, UnreachableError, 3),
        # Turned away at the door: not carried out, so even a create may be sent again.
        (POST, 429, UnreachableError, 3),
        (POST, 425, UnreachableError, 3),
        # May have been carried out: a create is sent once.
        (POST, 408, DoubtfulError, 1),
        (POST, 500, DoubtfulError, 1),
        (POST, 502, DoubtfulError, 1),
        (POST, 503, DoubtfulError, 1),
        (POST, 504, DoubtfulError, 1),
        (POST, 501, DoubtfulError, 1),
        # Never gets better, and no doubt about a read.
        (GET, 501, HttpStatusError, 1),
        # Redirects are not followed; a create may have been done behind one.
        (GET, 301, BadResponseError, 1),
        (GET, 307, BadResponseError, 1),
        (POST, 303, DoubtfulError, 1),
    ],
    ids=lambda value: value.method if isinstance(value, Request) else getattr(value, "__name__", str(value)),
)
def test_status_table(server: responses.RequestsMock, request_: Request, status: int, error: type[TransportError], sent: int) -> None:
    """Each status ends in the error that says what to do, after as many requests as are safe."""
    server.add(request_.method, URL, status=status, json={"error": {"code": "C1", "message": "no"}})
    retrier = FakeTime().retrier(attempts_max=3, throttles_max=3)

    with Remote(Origin.parse(BASE), CountingTokens(), retrier=retrier) as remote, pytest.raises(TransportError) as fault:
        remote.send(request_)

    assert type(fault.value) is error
    assert len(server.calls) == sent
    assert (fault.value.status, fault.value.attempts, fault.value.exit_code) == (status, sent, 3)


@pytest.mark.parametrize(
    ("request_", "error", "sent"),
    [(GET, UnreachableError, 3), (PUT, UnreachableError, 3), (POST, DoubtfulError, 1)],
    ids=["read", "repeatable write", "create"],
)
def test_dropped_connection(request_: Request, error: type[TransportError], sent: int) -> None:
    """A connection lost after sending: a read is repeated, a create is in doubt at once."""
    with RawServer([DROP]) as server, remote_with(base=server.root) as remote:
        with pytest.raises(TransportError) as fault:
            remote.send(request_)

        assert (type(fault.value), len(server.requests)) == (error, sent)


@pytest.mark.parametrize(("request_", "error", "sent"), [(GET, BadResponseError, 3), (POST, DoubtfulError, 1)], ids=["read", "create"])
@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", "Content-Type: application/json", body=b'{"id": 1', length=50),
        json_answer(b'{"id": 1'),
        http("200 OK", "Content-Type: text/html", body=b"<html>maintenance</html>"),
    ],
    ids=["truncated", "not JSON", "a page"],
)
def test_unusable_success(request_: Request, error: type[TransportError], sent: int, answer: bytes) -> None:
    """A 200 whose body cannot be used is no success: a read is repeated, a create is in doubt (F-82, F-88)."""
    with RawServer([answer]) as server, remote_with(base=server.root) as remote:
        with pytest.raises(TransportError) as fault:
            remote.read(request_, lambda got: got.decode(dict[str, int]))

        assert (type(fault.value), len(server.requests)) == (error, sent)


def test_nobody_listening_is_safe_for_a_create(server: responses.RequestsMock) -> None:
    """A connection that was never made leaves no doubt: the create is tried again and succeeds."""
    server.add("POST", URL, body=requests.ConnectTimeout("no connection"))
    server.add("POST", URL, json={"id": 1})

    with remote_with() as remote:
        assert remote.send(POST).status == 200
    assert len(server.calls) == 2


def test_recovered_read(server: responses.RequestsMock) -> None:
    """A read that fails twice and then works is a success, and a fresh look for a token precedes each attempt."""
    tokens = CountingTokens()
    for status in (503, 502):
        server.add("GET", URL, status=status, body="<html>Bad Gateway</html>")
    server.add("GET", URL, json={"id": 1})

    with remote_with(tokens) as remote:
        assert remote.read(GET, lambda answer: answer.decode(dict[str, int])) == {"id": 1}
    assert (tokens.handed_out, tokens.refreshed) == (3, 0)


@pytest.mark.parametrize("header", ["17", "Tue, 31 Mar 2026 12:00:17 GMT"], ids=["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(server: responses.RequestsMock, status: int, header: str) -> None:
    """The next request leaves when the server's 17 seconds are over, in both forms of the header (W-192, F-77)."""
    time = FakeTime()
    server.add("GET", URL, status=status, headers={"Retry-After": header})
    server.add("GET", URL, json={})

    with remote_with(time=time) as remote:
        remote.send(GET)
        assert remote.retrier.waited_seconds == 17.0
    assert time.sleeps == [17.0]


def test_expired_token_is_replaced_once(server: responses.RequestsMock) -> None:
    """After a 401 the request goes again with a fresh token, also a create: it was not carried out (W-32)."""
    tokens = CountingTokens("old-token-0001", "new-token-0002")
    server.add("POST", URL, status=401, body="<html>expired</html>")
    server.add("POST", URL, status=201, json={"id": 1})

    with remote_with(tokens) as remote:
        assert remote.send(POST).status == 201

    assert [call.request.headers["Authorization"] for call in server.calls] == ["Bearer old-token-0001", "Bearer new-token-0002"]
    assert tokens.refreshed == 1


def test_refused_twice_stops(server: responses.RequestsMock) -> None:
    """A second 401 ends it: no loop, exit code 3, and the message names who was refused where but no token."""
    tokens = CountingTokens("canary-token-0001", "canary-token-0002")
    server.add("GET", URL, status=401, body="canary-token-0002 is not welcome")

    with remote_with(tokens) as remote, pytest.raises(AuthenticationError) as fault:
        remote.send(GET)

    assert (len(server.calls), tokens.refreshed, fault.value.exit_code) == (2, 1, 3)
    assert str(fault.value) == (
        "GET https://erp.example/api/invoices: the server refused the credentials of client test-client at the test, also a"
        " fresh one (status 401). Check that this application may use the server, and that address, tenant and credentials"
        " belong together."
    )


@pytest.mark.parametrize(
    ("tokens", "header", "value"),
    [
        (static_token(Secret("abc-token-123")), "Authorization", "Bearer abc-token-123"),
        (api_key("X-Api-Key", Secret("key-key-123")), "X-Api-Key", "key-key-123"),
        # base64 of "u:p-word-123"
        (basic("u", Secret("p-word-123")), "Authorization", "Basic dTpwLXdvcmQtMTIz"),
    ],
    ids=["bearer", "key", "basic"],
)
def test_fixed_credentials(server: responses.RequestsMock, tokens: TokenSource, header: str, value: str) -> None:
    """A fixed credential goes into its header; refused, there is no second request, and it is printed nowhere."""
    server.add("GET", URL, status=401)

    with remote_with(tokens) as remote, pytest.raises(AuthenticationError) as fault:
        remote.send(GET)

    assert [call.request.headers[header] for call in server.calls] == [value]
    assert value not in f"{tokens!r} {tokens} {fault.value!r} {fault.value}"


def test_no_credentials(server: responses.RequestsMock) -> None:
    """A server that asks for nothing gets no authentication header; if it does ask, the message says none are configured."""
    server.add("GET", URL, json={})
    server.add("GET", URL, status=401)

    with remote_with(Anonymous()) as remote:
        remote.send(GET)
        with pytest.raises(AuthenticationError, match="no credentials are configured"):
            remote.send(GET)

    assert "Authorization" not in server.calls[0].request.headers


@pytest.mark.parametrize("value", ["line\nbreak", "line\r\nInjected: x", " blank before", "nön-ascii", "null\0"])
def test_credential_that_no_header_may_carry(value: str) -> None:
    """A key read with its line break is refused when it is configured, with advice and without its value."""
    with pytest.raises(AuthenticationError, match="no header may carry") as fault:
        api_key("X-Api-Key", Secret(value))

    assert value not in str(fault.value)


def test_refusal_carries_the_servers_reason(server: responses.RequestsMock) -> None:
    """Status, code, message, request id and body of a refusal are at hand; the text leaves out query values and secrets."""
    body = '{"error":{"code":"0x80040220","message":"missing prvRead\\u001b[31m, client_secret=canary"}}'
    server.add("GET", URL, status=403, body=body, headers={"REQ_ID": "r-1"}, content_type="application/json")

    with remote_with() as remote, pytest.raises(HttpStatusError) as fault:
        remote.send(Request(method="GET", link="invoices?$filter=name eq 'customer'"))

    error = fault.value
    assert (error.status, error.code, error.request_id, error.body) == (403, "0x80040220", "r-1", body.encode())
    assert str(error) == (
        "GET https://erp.example/api/invoices?…: missing prvRead\\x1b[31m, client_secret=[redacted] (status 403, code"
        " 0x80040220, request id r-1). Give the application user a security role that allows this."
    )


def test_doubt_says_what_to_do(server: responses.RequestsMock) -> None:
    """A create without a clear answer tells to ask before sending it again, and keeps the server's wish for a pause."""
    server.add("POST", URL, status=503, json={"error": {"code": "busy", "message": "later"}}, headers={"Retry-After": "9"})

    with remote_with() as remote, pytest.raises(DoubtfulError) as fault:
        remote.send(POST)

    assert str(fault.value) == (
        "POST https://erp.example/api/invoices: no clear answer: later (status 503, code busy). Ask the remote side whether"
        " it was done before sending it again."
    )
    assert fault.value.trace.retry_after_seconds == 9.0


def test_error_of_the_reader_passes_through(server: responses.RequestsMock) -> None:
    """What the reader raises for its own reasons is not touched and not tried again."""
    server.add("GET", URL, json={})

    def reader(_: object) -> None:
        raise LookupError

    with remote_with() as remote, pytest.raises(LookupError):
        remote.read(GET, reader)
    assert len(server.calls) == 1
