"""The ASGI side: reads a request, lets faults have their way, sends the answer or breaks the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from uvicorn.protocols.http.h11_impl import H11Protocol

from proforma.mock import admin
from proforma.mock.dataverse.app import throttled_response
from proforma.mock.faults import Action
from proforma.mock.http import Request, Response, json_response
from proforma.mock.journal import Entry
from proforma.mock.state import State

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

BODY_BYTES_MAX: Final = 256 * 1024 * 1024
_NO_BODY: Final = frozenset({204, 304})
_transports: dict[tuple[object, object], asyncio.Transport] = {}


class BreakableProtocol(H11Protocol):
    """HTTP/1.1 whose connections can be broken by the application: it finds them by both ends' addresses."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        _transports[self.client, self.server] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        _transports.pop((self.client, self.server), None)
        super().connection_lost(exc)


async def break_all(server: object) -> None:
    """Break the connections that an ended server has left: over TLS they say goodbye at leisure, and the loop does not wait."""
    for (_, address), transport in list(_transports.items()):
        if address == server:
            transport.abort()
    while any(address == server for _, address in _transports):
        await asyncio.sleep(0)


class Application:
    """All the mock's paths over one state. Requests are worked on one at a time. `sleep` passes the time of latency and delays."""

    def __init__(self, state: State, *, latency_ms: int = 0, sleep: Sleep = asyncio.sleep) -> None:
        self.state = state
        self.latency_ms = latency_ms
        self._sleep = sleep

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI entrance."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            request = await _request(scope, receive)
            if request is None:
                return
            if request.path.startswith(admin.PREFIX):
                await _reply(send, request, self._guarded(lambda: admin.admin_response(self.state, request)))
            else:
                await self._serve(scope, request, receive, send)

    async def _serve(self, scope: Message, request: Request, receive: Receive, send: Send) -> None:
        entry = self.state.journal.open(request)
        visit = self.state.enter(request)
        if visit.refusal is not None:
            await self._answer(entry, send, request, throttled_response(visit.request, visit.refusal))
            return
        try:
            await self._work(entry, scope, visit.request, receive, send)
        finally:
            self.state.leave(visit)

    async def _work(self, entry: Entry, scope: Message, request: Request, receive: Receive, send: Send) -> None:
        await self._pass(self.latency_ms)
        action = self.state.faults.strike(request)
        if action is None:
            await self._answer(entry, send, request, self._guarded(lambda: self.state.respond(request)))
        else:
            entry.fault = action.name
            await self._misbehave(action, entry, request, scope, receive, send)

    async def _misbehave(self, action: Action, entry: Entry, request: Request, scope: Message, receive: Receive, send: Send) -> None:
        if action.expire_tokens:
            self.state.tokens.expire(request.headers.get("authorization"))
        if action.expire_delta_tokens:
            self.state.world.expire_delta_tokens()
        if not action.after:
            await self._pass(action.delay_ms)
        if action.drop == "before":
            await _break(scope, receive)
            return
        response = self._worked(action, request)
        if action.after:
            await self._pass(action.delay_ms)
        if action.drop == "after":
            await _break(scope, receive)
        elif action.truncate is not None:
            entry.status = response.status
            await _truncated(action.truncate, response, scope, receive, send)
        else:
            await self._answer(entry, send, request, response)

    async def _pass(self, milliseconds: int) -> None:
        if milliseconds:
            await self._sleep(milliseconds / 1000)

    def _worked(self, action: Action, request: Request) -> Response:
        """The answer, after the work when the fault lets it be done."""
        if action.status is None:
            return self._guarded(lambda: self.state.respond(request))
        if action.after:
            self._guarded(lambda: self.state.respond(request))
        return action.response(request)

    async def _answer(self, entry: Entry, send: Send, request: Request, response: Response) -> None:
        entry.status = response.status
        await _reply(send, request, response)

    def _guarded(self, work: Callable[[], Response]) -> Response:
        """A fault of the mock itself is an answer too: it must not look like a lost connection."""
        try:
            return work()
        except Exception as problem:  # noqa: BLE001 - whatever it is, the caller must see it
            message = f"The mock server failed: {type(problem).__name__}: {problem}"
            return json_response(500, {"error": {"code": "mock-failed", "message": message}})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _request(scope: Message, receive: Receive) -> Request | None:
    """The whole request, None when the caller went away while sending it."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= BODY_BYTES_MAX:  # what is more is read and dropped: the caller must hear that it is too much
            body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    host, port = scope.get("client") or ("", 0)
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=bytes(body),
        scheme=scope["scheme"],
        client=f"{host}:{port}",
    )


def _start(response: Response) -> Message:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if response.status not in _NO_BODY:
        headers.append((b"Content-Length", str(len(response.body)).encode()))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def _reply(send: Send, request: Request, response: Response) -> None:
    body = b"" if response.status in _NO_BODY or request.method == "HEAD" else response.body
    await send(_start(response))
    await send({"type": "http.response.body", "body": body})


async def _truncated(size: int, response: Response, scope: Message, receive: Receive, send: Send) -> None:
    """Promise the whole body, send its beginning, close."""
    await send(_start(response))
    await send({"type": "http.response.body", "body": response.body[:size], "more_body": True})
    transport = _transports.get((scope["client"], scope["server"]))
    if transport is not None:
        transport.close()
    await _until_gone(receive)


async def _break(scope: Message, receive: Receive) -> None:
    """Close the connection without a byte of an answer."""
    transport = _transports.get((scope["client"], scope["server"]))
    if transport is not None:
        transport.abort()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
