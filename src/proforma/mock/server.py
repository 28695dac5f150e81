"""Running the mock: in the foreground for people, in a thread for tests and the demonstration."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self, TypeVar

import uvicorn

from proforma.mock.application import Application, BreakableProtocol, break_all
from proforma.mock.certificate import Certificates, write_certificates
from proforma.mock.configuration import write_configuration
from proforma.mock.controls import Controls, page_rows
from proforma.mock.state import State
from proforma.mock.world_file import read_world

HOST: Final = "127.0.0.1"
_START_SECONDS_MAX: Final = 30.0

T = TypeVar("T")


class MockServer(Controls):
    """All mock servers on a free port of loopback, in a thread of their own, for the length of a `with` block.

    `world` is the document to begin with. With `tls`, clients trust what `certificate` names, as long as the block lasts.
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
        super().__init__(world or {}, Application(State(page_size=page_rows(page_size)), latency_ms=latency_ms))
        self._port, self._tls = port, tls
        self._stack = contextlib.ExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(_listener(self._port))
            certificates = None
            if self._tls:
                certificates = write_certificates(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proforma-mock-"))))
                self.certificate = certificates.authority
            self.url = f"{'https' if certificates else 'http'}://{HOST}:{listener.getsockname()[1]}"
            self._start(_server(self._application, certificates), listener, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def authority(self) -> str:
        """The mock's own token endpoint, of one tenant."""
        return f"{self.url}/oauth2/mock-tenant"

    @property
    def finance_url(self) -> str:
        """The generic finance target of the same server."""
        return f"{self.url}/finance/rest"

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
            address = listener.getsockname()
            await serving
            await break_all(address)

        thread = threading.Thread(target=lambda: asyncio.run(run()), name="proforma-mock", daemon=True)
        thread.start()
        stack.callback(thread.join, _START_SECONDS_MAX)
        stack.callback(setattr, server, "should_exit", True)
        if not ready.wait(_START_SECONDS_MAX) or not server.started:
            raise RuntimeError("the mock server did not start")

    def _call(self, work: Callable[[], T]) -> T:
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
            certificate = server.certificate
            if write_config is not None:
                server.write_configuration(write_config)
                certificate = _kept(certificate, write_config)
            if certificate is not None:
                sys.stderr.write(f"certificate: {certificate} (set REQUESTS_CA_BUNDLE to it)\n")
            sys.stdout.write(f"ready {server.url}\n")
            sys.stdout.flush()
            ended.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _kept(certificate: Path | None, configuration: Path) -> Path | None:
    """A copy of the certificate beside the configuration, whose name is known before the server runs."""
    if certificate is None:
        return None
    return Path(shutil.copyfile(certificate, configuration.with_suffix(".pem")))


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


def _server(application: Application, certificates: Certificates | None) -> uvicorn.Server:
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
        ssl_certfile=str(certificates.certificate) if certificates else None,
        ssl_keyfile=str(certificates.key) if certificates else None,
    )
    return uvicorn.Server(config)
