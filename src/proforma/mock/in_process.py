"""The mock without a server: calls of the `requests` library are answered in their own thread, and no socket is opened."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from http.client import RemoteDisconnected
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

import requests
import responses
from urllib3.exceptions import ProtocolError
from urllib3.util import Timeout

from proforma.mock.application import Application, Message
from proforma.mock.controls import Controls, page_rows
from proforma.mock.state import State
from proforma.mock.tokens import PREFIX as TOKENS_PREFIX

ENVIRONMENT: Final = "https://mock.crm4.dynamics.com"
FINANCE: Final = "https://finance.example"
LOGIN: Final = "https://login.microsoftonline.com"

_ENVIRONMENTS: Final = re.compile(r"[a-z0-9-]+(\.api)?\.crm[0-9]*\.(dynamics\.(com|cn)|microsoftdynamics\.us|appsplatform\.us)")
_LOGINS: Final = re.compile(r"login\.(microsoftonline\.(com|us)|windows\.net|partner\.microsoftonline\.cn)")

T = TypeVar("T")


class InProcessMock(Controls):
    """All mock servers for the calls that this process makes with `requests`, for the length of a `with` block.

    Every environment's address (`https://ANYTHING.crm4.dynamics.com`), the sign-in service and `https://finance.example` are answered
    over one world; calls of any other address are refused.
    """

    def __init__(self, world: Mapping[str, object] | None = None, *, latency_ms: int = 0, page_size: int | None = None) -> None:
        super().__init__(world or {}, Application(State(page_size=page_rows(page_size)), latency_ms=latency_ms))
        self.url = ENVIRONMENT
        self._lock = threading.Lock()
        self._patched: responses.RequestsMock | None = None

    def __enter__(self) -> Self:
        self._patched = responses.RequestsMock(assert_all_requests_are_fired=False)
        self._patched.add(_Door(self._answer))
        self._patched.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._patched is not None:
            self._patched.stop(allow_assert=False)
            self._patched = None

    @property
    def authority(self) -> str:
        """The sign-in service's own address, of one tenant."""
        return f"{LOGIN}/mock-tenant"

    @property
    def finance_url(self) -> str:
        """The generic finance target, on a host that cannot exist."""
        return f"{FINANCE}/finance/rest"

    def _call(self, work: Callable[[], T]) -> T:
        with self._lock:
            return work()

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the application says, or the fault that `requests` raises when a server behaves like this."""
        exchange = _Exchange(request, self._lock)
        application = Application(self._state, latency_ms=self._application.latency_ms, sleep=exchange.sleep)
        with self._lock:
            _run(application(_scope(request), exchange.receive, exchange.send))
        if exchange.too_late:
            raise requests.ReadTimeout(f"{urlsplit(request.url).netloc!s}: Read timed out.", request=request)
        if exchange.status is None:
            lost = ProtocolError("Connection aborted.", RemoteDisconnected("Remote end closed connection without response"))
            raise requests.ConnectionError(lost, request=request)
        return exchange.status, exchange.headers, bytes(exchange.body)


class _Door(responses.CallbackResponse):
    """Takes every call of an address that the mock stands for."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], object]) -> None:
        super().__init__("ANY", re.compile(".*"), answer, content_type=None)

    def matches(self, request: requests.PreparedRequest) -> tuple[bool, str]:
        """Whether the call comes in here; the reason is shown to whoever calls another address."""
        host = urlsplit(str(request.url)).hostname or ""
        if _ENVIRONMENTS.fullmatch(host) or _LOGINS.fullmatch(host) or host == urlsplit(FINANCE).hostname:
            return True, ""
        return False, f"{host} is neither an environment (NAME.crmN.dynamics.com) nor the sign-in service nor {FINANCE}"


class _Exchange:
    """One request on its way through the application. `too_late`: the caller's time-out was over before the answer."""

    def __init__(self, request: requests.PreparedRequest, lock: threading.Lock) -> None:
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.too_late = False
        self._messages: list[Message] = [{"type": "http.request", "body": _body(request)}]
        self._seconds_left = _patience(request)
        self._lock = lock

    async def receive(self) -> Message:
        """The request, then nothing but the news that its connection is gone."""
        return self._messages.pop() if self._messages else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            self.body += message["body"]

    async def sleep(self, seconds: float) -> None:
        """Let others in meanwhile. A wait that the caller would not sit out is not waited for: the work goes on without him."""
        self._seconds_left -= seconds
        if self._seconds_left < 0:
            self.too_late = True
            return
        self._lock.release()
        try:
            time.sleep(seconds)
        finally:
            self._lock.acquire()


def _run(coroutine: Coroutine[object, None, None]) -> None:
    """Drive the application without an event loop, which would open sockets; nothing in it has to wait for another task."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the mock waits for something that only a server has")


def _scope(request: requests.PreparedRequest) -> Message:
    url = urlsplit(str(request.url))
    path = url.path or "/"
    if _LOGINS.fullmatch(url.hostname or "") and not path.startswith(TOKENS_PREFIX):
        path = TOKENS_PREFIX.rstrip("/") + path
    headers = {"Host": url.netloc, **request.headers}
    return {
        "type": "http",
        "method": request.method,
        "scheme": url.scheme,
        "raw_path": path.encode("latin-1"),
        "query_string": url.query.encode("latin-1"),
        "headers": [(_bytes(name).lower(), _bytes(value)) for name, value in headers.items()],
        "client": ("in-process", 0),
        "server": (url.netloc, 0),
    }


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _body(request: requests.PreparedRequest) -> bytes:
    body: bytes | str | Iterable[bytes] | None = request.body
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b"".join(body or ())


def _patience(request: requests.PreparedRequest) -> float:
    """Seconds that the caller waits for an answer."""
    timeout = getattr(request, "req_kwargs", {}).get("timeout")
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return float("inf") if timeout is None else float(timeout)
