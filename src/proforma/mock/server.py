"""Running the mock: in the foreground for people, in a thread for tests and the demonstration."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self, TypeVar, cast

import uvicorn

from proforma.mock.application import Application, BreakableProtocol
from proforma.mock.certificate import write_certificate
from proforma.mock.configuration import write_configuration
from proforma.mock.state import PAGE_SIZE_MAX, State
from proforma.mock.values import Value, decode, encode
from proforma.mock.world_file import read_world

HOST: Final = "127.0.0.1"
_START_SECONDS_MAX: Final = 30.0

T = TypeVar("T")


class MockServer:
    """All mock servers on a free port of loopback, in a thread of their own, for the length of a `with` block.

    `world` is the document to begin with. The methods may be called from any thread while the block lasts.
    """

    def __init__(
        self,
        world: Mapping[str, object] | None = None,
        *,
        port: int = 0,
        tls: bool = False,
        latency_ms: int = 0,
        page_size: int | None = None,
    ) -> None:
        if page_size is not None and page_size < 1:
            raise ValueError(f"page size {page_size}: a page holds at least one row")
        self._state = State(page_size=page_size or PAGE_SIZE_MAX)
        self._state.load(plain(world or {}))
        self._port, self._tls = port, tls
        self._application = Application(self._state, latency_ms=latency_ms)
        self._stack = contextlib.ExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.url = ""
        self.certificate: Path | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(_listener(self._port))
            scheme, certificate, key = "http", None, None
            if self._tls:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proforma-mock-")))
                scheme, (certificate, key) = "https", write_certificate(folder)
                self.certificate = certificate
            self.url = f"{scheme}://{HOST}:{listener.getsockname()[1]}"
            self._start(_server(self._application, certificate, key), listener, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def load(self, world: Mapping[str, object]) -> None:
        """Replace everything; raises `WorldError` for a world that cannot be served."""
        document = plain(world)
        self._call(lambda: self._state.load(document))

    def patch(
        self,
        upsert: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        delete: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Change rows as a person would: rows to set or add, and ids to delete, by entity set."""
        document = plain({"upsert": upsert or {}, "delete": delete or {}})
        self._call(lambda: self._state.world.patch(document))

    def switch_finance(self, target: str, switches: Mapping[str, object]) -> None:
        """Change the switches of a finance system (`$finance`); rows, documents and the journal stay."""
        document = plain(switches)
        self._call(lambda: self._state.switch_finance(target, document))

    def forget_documents(self) -> None:
        """Empty the finance systems, as a restart without memory does."""
        self._call(self._state.documents.clear)

    def faults(self, faults: Sequence[Mapping[str, object]]) -> None:
        """Replace all faults, `{match, times, skip, action}` each; raises `FaultError`."""
        document = decode(encode(faults))
        self._call(lambda: self._state.faults.replace(document))

    def requests(self) -> list[dict[str, Value]]:
        """The journal, oldest first."""
        names = ("number", "at", "method", "path", "query", "status", "fault", "headers", "client", "body")
        return self._call(lambda: [{n: getattr(e, n) for n in names} for e in self._state.journal.entries()])

    def clear_requests(self) -> None:
        """Empty the journal."""
        self._call(self._state.journal.clear)

    def documents(self) -> list[dict[str, Value]]:
        """Every finance document, oldest first, doubles included."""
        return cast("list[dict[str, Value]]", self._call(self._state.documents.described))

    def dump(self) -> dict[str, Value]:
        """The world as it is now."""
        return self._call(lambda: cast("dict[str, Value]", decode(encode(self._state.world.dump()))))

    def write_configuration(self, path: Path) -> None:
        """Write a `proforma.yaml` that points at this server."""
        write_configuration(path, self.url)

    def _start(self, server: uvicorn.Server, listener: socket.socket, stack: contextlib.ExitStack) -> None:
        ready = threading.Event()

        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            serving = asyncio.ensure_future(server.serve(sockets=[listener]))
            while not server.started and not serving.done():
                await asyncio.sleep(0.005)
            ready.set()
            await serving

        thread = threading.Thread(target=lambda: asyncio.run(run()), name="proforma-mock", daemon=True)
        thread.start()
        stack.callback(thread.join, _START_SECONDS_MAX)
        stack.callback(setattr, server, "should_exit", True)
        if not ready.wait(_START_SECONDS_MAX) or not server.started:
            raise RuntimeError("the mock server did not start")

    def _call(self, work: Callable[[], T]) -> T:
        """Do the work between two requests."""
        if self._loop is None:
            raise RuntimeError("the mock server is not running: use it in a with block")

        async def done() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(_START_SECONDS_MAX)


def serve(
    *,
    world: Path | None = None,
    port: int = 8181,
    tls: bool = False,
    latency_ms: int = 0,
    page_size: int | None = None,
    write_config: Path | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then return.

    Prints `ready URL` once connections are accepted. Raises `WorldError` for a world that cannot be served and
    `OSError` when the port is taken, both before anything is printed.
    """
    document = read_world(world) if world is not None else {}
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    earlier = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with MockServer(document, port=port, tls=tls, latency_ms=latency_ms, page_size=page_size) as server:
            if write_config is not None:
                server.write_configuration(write_config)
            if server.certificate is not None:
                sys.stderr.write(f"certificate: {server.certificate} (set REQUESTS_CA_BUNDLE to it)\n")
            sys.stdout.write(f"ready {server.url}\n")
            sys.stdout.flush()
            ended.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def plain(document: Mapping[str, object]) -> dict[str, Value]:
    """A copy as it would arrive over the wire."""
    return cast("dict[str, Value]", decode(encode(document)))


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio turns Nagle off only then
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as problem:
        listener.close()
        raise OSError(problem.errno, f"cannot listen on {HOST}:{port}: {problem.strerror}; choose another port") from problem
    listener.listen(1024)
    return listener


def _server(application: Application, certificate: Path | None, key: Path | None) -> uvicorn.Server:
    config = uvicorn.Config(
        application,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=128 * 1024,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )
    return uvicorn.Server(config)
