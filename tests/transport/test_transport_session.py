"""The session against a server that says any bytes: caps, cut-off bodies, dropped connections, redirects, cookies."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from transport_fakes import DROP, RawServer, http, json_answer

from proforma.transport.errors import BadResponseError, TransportError, UnreachableError
from proforma.transport.session import USER_AGENT, Answer, Limits, Session


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(Limits(connect_seconds=2, read_seconds=2, body_bytes_max=1_000_000)) as session:
        yield session


def get(session: Session, url: str, **headers: str) -> Answer:
    return session.exchange("GET", url, headers, None)


def test_whole_answer(session: Session) -> None:
    """Status, headers of any case, body and the server's request id arrive; our name and encoding are announced."""
    body = b'{"value": []}'
    with RawServer([json_answer(body, "x-ms-service-request-id: 0a-1", "Retry-After: 3")]) as server:
        answer = get(session, f"{server.root}/accounts?$top=1", Accept="application/json")

        assert (answer.status, answer.body, answer.headers["content-TYPE"]) == (200, body, "application/json")
        assert (answer.trace.url, answer.trace.request_id) == (f"{server.root}/accounts?…", "0a-1")
        assert answer.trace.retry_after_seconds == 3.0
        sent = server.requests[0].decode().lower()
        assert f"user-agent: {USER_AGENT}" in sent
        assert "accept-encoding: gzip\r\n" in sent
        assert "accept: application/json\r\n" in sent


def test_link_is_sent_as_it_came(session: Session) -> None:
    """Percent codes of a server's link are not decoded on the way out (W-210)."""
    link = "/x?$skiptoken=%3Ccookie%20pagenumber=%222%22%20x=%7E%2D/%3E"
    with RawServer([json_answer(b"{}")]) as server:
        get(session, server.root + link)

        assert server.request_lines == [f"GET {link} HTTP/1.1"]


def test_gzip_is_unpacked(session: Session) -> None:
    """A packed body arrives unpacked, also in several members."""
    packed = gzip.compress(b'{"a":') + gzip.compress(b"1}")
    with RawServer([json_answer(packed, "Content-Encoding: gzip")]) as server:
        assert get(session, server.root).body == b'{"a":1}'


@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", "Content-Type: application/json", body=b'{"value": []}', length=500),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        json_answer(gzip.compress(b'{"value": []}')[:-9], "Content-Encoding: gzip"),
        json_answer(b"no gzip at all", "Content-Encoding: gzip"),
        json_answer(gzip.compress(b"{}") + b"rubbish", "Content-Encoding: gzip"),
        json_answer(b"{}", "Content-Encoding: br"),
    ],
    ids=["short", "chunk missing", "chunk broken", "gzip cut", "no gzip", "gzip with a tail", "not offered packing"],
)
def test_damaged_answer_never_counts(session: Session, answer: bytes) -> None:
    """An answer that is cut off or oddly packed is an error that may pass, and leaves doubt about a write."""
    with RawServer([answer]) as server:
        with pytest.raises(BadResponseError) as fault:
            get(session, server.root)

        assert (fault.value.transient, fault.value.doubtful, fault.value.status) == (True, True, 200)


def test_gzip_bomb_is_noticed_at_the_cap(session: Session) -> None:
    """A body of 200 MB packed into 200 KB is refused after the cap's 1 MB, without unpacking the rest into memory."""
    bomb = gzip.compress(b"0" * 200_000_000, compresslevel=9)
    with RawServer([json_answer(bomb, "Content-Encoding: gzip")]) as server:
        tracemalloc.start()
        with pytest.raises(BadResponseError, match="larger than 1000000 bytes") as fault:
            get(session, server.root)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert not fault.value.transient
    assert peak < 10_000_000


def test_endless_body_is_refused(session: Session) -> None:
    """A body beyond the cap is refused, whatever length it announces."""
    with (
        RawServer([json_answer(b"0" * 1_000_001)]) as server,
        pytest.raises(BadResponseError, match="larger than 1000000 bytes"),
    ):
        get(session, server.root)


def test_slow_body_is_refused() -> None:
    """A body that never ends, byte by byte, is given up after the time for a whole body."""
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                while not done.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    with listener, Session(Limits(body_seconds=0.2)) as session:
        with pytest.raises(BadResponseError, match=r"not complete after 0\.2 s"):
            get(session, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        done.set()
        thread.join(timeout=5)


def test_no_answer_in_time() -> None:
    """Silence ends after the read time-out and leaves doubt."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Session(Limits(read_seconds=0.1)) as session,
        pytest.raises(UnreachableError, match=r"no answer within 0\.1 s") as fault,
    ):
        get(session, f"http://127.0.0.1:{silent.getsockname()[1]}/")

    assert (fault.value.transient, fault.value.doubtful) == (True, True)


def test_dropped_connection_leaves_doubt(session: Session) -> None:
    """A connection reset after the request was sent may have been carried out."""
    with RawServer([DROP]) as server, pytest.raises(UnreachableError, match="dropped before the answer") as fault:
        get(session, server.root)

    assert (fault.value.transient, fault.value.doubtful) == (True, True)


def test_refused_connection_leaves_no_doubt(session: Session) -> None:
    """When nobody listens, nothing was carried out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(UnreachableError, match="connection was refused") as fault:
        get(session, f"http://127.0.0.1:{port}/x?sig=canary-in-query")

    assert (fault.value.transient, fault.value.doubtful) == (True, False)
    assert "canary" not in str(fault.value)


def test_unencrypted_server_under_https(session: Session) -> None:
    """A server that does not speak TLS is unreachable."""
    with RawServer([json_answer(b"{}")]) as server, pytest.raises(UnreachableError, match="encrypted connection failed"):
        get(session, server.root.replace("http://", "https://"))


def test_untrusted_certificate_is_final(session: Session, tmp_path: Path) -> None:
    """A server with a certificate that nobody vouches for gets nothing, and is not tried again."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + timedelta(days=36_500))
    certificate = builder.sign(key, hashes.SHA256())
    file = tmp_path / "server.pem"
    no_password = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, pkcs8, no_password) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    with RawServer([json_answer(b"{}")], context) as server:
        with pytest.raises(UnreachableError, match="certificate is not trusted") as fault:
            get(session, server.root.replace("http://", "https://"))

        assert server.requests == []
    assert (fault.value.transient, fault.value.doubtful) == (False, False)


def test_redirect_is_not_followed(session: Session) -> None:
    """A redirect is answered as such, no second request is made, and it never counts as an answer."""
    with RawServer([http("302 Found", "Location: {root}/elsewhere?code=canary")]) as server:
        answer = get(session, server.root)

        assert (answer.status, len(server.requests)) == (302, 1)
        with pytest.raises(BadResponseError, match=r"redirects to .*/elsewhere") as fault:
            answer.require_not_redirected()

    assert "canary" not in str(fault.value)
    assert not fault.value.transient


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_body(session: Session, status: str) -> None:
    """204 and 304 have no body and are no fault (W-26)."""
    with RawServer([f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n".encode()]) as server:
        answer = get(session, server.root)

        answer.require_not_redirected()
        assert answer.body == b""


@pytest.mark.parametrize(
    ("kind", "is_json"),
    [
        ("application/json; odata.metadata=minimal", True),
        ("APPLICATION/JSON", True),
        ("application/problem+json", True),
        ("text/json", True),
        ("", True),
        ("text/html; charset=utf-8", False),
        ("application/xml", False),
        ("text/plain", False),
    ],
)
def test_only_json_is_json(session: Session, kind: str, is_json: bool) -> None:
    """A proxy's page with status 200 is an error even if its text could be read as JSON (F-82)."""
    with RawServer([http("200 OK", f"Content-Type: {kind}", body=b"{}")]) as server:
        answer = get(session, server.root)

    if is_json:
        assert answer.decode(dict[str, int]) == {}
    else:
        with pytest.raises(BadResponseError, match="not JSON"):
            answer.decode(dict[str, int])


def test_cookies_are_not_kept(session: Session) -> None:
    """A server's cookie is not sent back: it would pin us to one of many servers (W-196)."""
    with RawServer([json_answer(b"{}", "Set-Cookie: ARRAffinity=abc; Path=/")]) as server:
        get(session, server.root)
        get(session, server.root)

        assert b"ookie" not in server.requests[1]


def test_netrc_does_not_replace_our_authorization(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry in the user's .netrc neither replaces nor adds an Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer([json_answer(b"{}")]) as server:
        get(session, server.root, Authorization="Bearer ours")
        get(session, server.root)

        assert b"Authorization: Bearer ours\r\n" in server.requests[0]
        assert b"uthorization" not in server.requests[1]


def test_loopback_does_not_go_through_a_proxy(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not asked for servers on this machine, since the token would pass through it."""
    with RawServer([json_answer(b'"proxy"')]) as proxy, RawServer([json_answer(b'"server"')]) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.root)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        assert get(session, server.root).body == b'"server"'
        assert proxy.requests == []


def test_header_that_cannot_be_sent_is_not_quoted(session: Session) -> None:
    """A value with a line break is refused before anything is sent, and appears in no message and no cause."""
    with pytest.raises(TransportError, match="InvalidHeader") as fault:
        get(session, "http://127.0.0.1:9/", Authorization="Bearer canary\n")

    assert "canary" not in str(fault.value)
    assert fault.value.__cause__ is None
    assert fault.value.__suppress_context__
