"""Stand-ins for time, chance, credentials and a server that says exactly the bytes it is told to."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from proforma.transport.auth import Credential
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy

DROP: Final = b""
START: Final = datetime(2026, 3, 31, 12, 0, 0, tzinfo=UTC)


@dataclass
class FakeTime:
    """Time that only passes while somebody sleeps; `sleeps` lists for how long."""

    seconds: float = 0.0
    chance: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.seconds,
            sleep=self.sleep,
            now=lambda: START + timedelta(seconds=self.seconds),
            chance=lambda: self.chance,
        )

    def retrier(self, **policy: float) -> Retrier:
        return Retrier(RetryPolicy(**policy), clock=self.clock)  # type: ignore[arg-type]


class CountingTokens:
    """Bearer tokens from a list; `handed_out` and `refreshed` count."""

    name = "client test-client at the test"

    def __init__(self, *values: str) -> None:
        self._values = list(values) or ["token-number-1", "token-number-2"]
        self.handed_out = 0
        self.refreshed = 0

    def token(self) -> Credential:
        self.handed_out += 1
        return self._credential()

    def refresh(self, refused: Credential) -> Credential:
        self.refreshed += 1
        if len(self._values) > 1:
            self._values.pop(0)
        return self._credential()

    def _credential(self) -> Credential:
        return Credential("Authorization", Secret(f"Bearer {self._values[0]}"))


def http(status: str, *headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    """The bytes of an answer; `length` announces another length than the body has."""
    announced = f"Content-Length: {len(body) if length is None else length}"
    head = "\r\n".join([f"HTTP/1.1 {status}", announced, "Connection: close", *headers])
    return head.encode() + b"\r\n\r\n" + body


def json_answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A JSON answer."""
    return http(status, "Content-Type: application/json", *headers, body=body)


class RawServer:
    """Serves one scripted answer a connection on loopback, the last one for ever; DROP resets the connection instead.

    `{root}` in an answer stands for the server's address. `requests` are the bytes that came, one entry a connection.
    """

    def __init__(self, answers: Sequence[bytes], tls: ssl.SSLContext | None = None) -> None:
        self._answers = list(answers)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.requests: list[bytes] = []
        self.root = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    @property
    def request_lines(self) -> list[str]:
        return [request.partition(b"\r\n")[0].decode() for request in self.requests]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self._answer(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)
                except OSError:
                    continue  # The client went away first, as it may.

    def _answer(self, connection: socket.socket) -> None:
        self.requests.append(_read_request(connection))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer == DROP:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.sendall(answer.replace(b"{root}", self.root.encode()))


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    # 0x16 opens a TLS handshake, which has no end that we would know.
    while b"\r\n\r\n" not in received and received[:1] != b"\x16":
        received += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
