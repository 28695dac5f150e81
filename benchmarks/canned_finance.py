"""A finance system that says yes at once, so that a benchmark measures who sends and not who answers. It keeps nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

_NONE_FOUND = b'{"value":[]}'


class _Connection(asyncio.Protocol):
    """One connection: whole requests in, canned answers out, each after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end])
        length = int(_header(head, b"content-length") or 0)
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 :])
        self._received.clear()
        self._answer(b"201 Created", _accepted(head, body)) if head.startswith(b"POST") else self._answer(b"200 OK", _NONE_FOUND)

    def _answer(self, status: bytes, body: bytes) -> None:
        answer = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
        if self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.lower() == name:
            return value.strip()
    return None


def _accepted(head: bytes, body: bytes) -> bytes:
    reference = _header(head, b"idempotency-key") or b""
    total = body.rpartition(b'"total":"')[2].partition(b'"')[0]
    return b'{"reference":"%s","id":"id-%s","number":"N-%s","state":"accepted","total":"%s"}' % (reference, reference, reference, total)


async def _serve(seconds: float, ready: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(seconds), "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _process(seconds: float, ready: Connection) -> None:
    asyncio.run(_serve(seconds, ready))


@contextmanager
def canned_finance(seconds: float = 0.0) -> Iterator[str]:
    """A server in a process of its own that takes so many seconds for each answer; gives its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_process, args=(seconds, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
