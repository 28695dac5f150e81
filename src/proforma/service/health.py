"""/livez, /readyz and /metrics over HTTP, for those who watch the daemon. Only GET, only these three, no data of customers."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec

from proforma.service.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """An answer: whether all is well, and the checks that say so, each by its name: "ok" or what is wrong."""

    checks: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether every check is well."""
        return set(self.checks.values()) <= {"ok"}

    def answer(self) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        status = HTTPStatus.OK if self.ok else HTTPStatus.SERVICE_UNAVAILABLE
        return status, _JSON, msgspec.json.encode({"ok": self.ok, "checks": dict(self.checks)}) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What the three addresses ask."""

    live: Callable[[], Health]
    ready: Callable[[], Health]
    metrics: Callable[[], bytes]


class HealthServer:
    """Serves the probes in threads of its own."""

    def __init__(self, address: tuple[str, int], probes: Probes) -> None:
        """Raises OSError when the address cannot be had."""
        self._server = _Server(address, _handler(probes))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port, also when 0 asked for any."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; an answer under way is finished."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # The base class looks the host's name up, which may ask the network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def _handler(probes: Probes) -> type[BaseHTTPRequestHandler]:
    pages: dict[str, Callable[[], tuple[int, str, bytes]]] = {
        "/livez": lambda: probes.live().answer(),
        "/readyz": lambda: probes.ready().answer(),
        "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE, probes.metrics()),
    }

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, kind, body = page() if page else (HTTPStatus.NOT_FOUND, _JSON, b'{"known": ["/livez", "/readyz", "/metrics"]}\n')
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "proforma"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            log.debug("asked: " + format, *args)

    return Handler
