"""One pooled HTTP session with both time-outs, size caps, no redirects, no cookies and no credentials of its own."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import check_header_validity
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.exceptions import ProxyError as RawProxyError
from urllib3.exceptions import SSLError as RawSslError
from urllib3.util import parse_url

from proforma import __version__
from proforma.transport.decoding import decode_typed
from proforma.transport.errors import BadResponseError, Trace, TransportError, UnreachableError
from proforma.transport.origin import is_loopback
from proforma.transport.redaction import excerpt, shown_url
from proforma.transport.retry import Clock, retry_after_seconds

T = TypeVar("T")

USER_AGENT: Final = f"proforma-sync/{__version__}"
_ALWAYS_SENT: Final = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
_BODILESS_METHODS: Final = frozenset({"GET", "HEAD"})
_REPEATABLE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID_HEADERS: Final = (
    "x-ms-service-request-id", "REQ_ID", "x-ms-request-id", "request-id", "x-request-id", "x-ms-correlation-id",
)  # fmt: skip
_CHUNK_BYTES: Final = 64 * 1024
_NO_BODY_STATUSES: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one exchange. 64 MiB is some 5,000 rows of 13 KB; with copies it stays far below 256 MB of memory."""

    connect_seconds: float = 10.0
    read_seconds: float = 120.0
    body_seconds: float = 600.0
    body_bytes_max: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask. `link` is relative to the origin or absolute; a write is repeated after a doubt only if `repeatable`."""

    method: str
    link: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False

    @property
    def may_repeat(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.repeatable or self.method.upper() in _REPEATABLE_METHODS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer: the body is whole, decompressed and within the cap. Header names know no case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    trace: Trace

    def decode(self, type_: type[T]) -> T:
        """The JSON body as `type_`; raises BadResponseError when it is not JSON by its type, its text or its shape."""
        self.require_json()
        return decode_typed(self.body, type_, trace=self.trace)

    def require_json(self) -> None:
        """Raise BadResponseError when the answer calls itself something else, as a proxy's HTML page does (F-82)."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind and kind not in {"application/json", "text/json"} and not kind.endswith("+json"):
            raise self._bad(f"the answer is {excerpt(kind, characters_max=60)}, not JSON; it begins with {excerpt(self.body)!r}")

    def require_not_redirected(self) -> None:
        """Raise BadResponseError for a redirect: none is followed, since a token would travel with it (F-81)."""
        if 300 <= self.status < 400 and self.status != 304:
            target = shown_url(self.headers.get("Location", "elsewhere"))
            raise self._bad(f"the server redirects to {target}, which is not followed", transient=False)

    def _bad(self, what: str, *, transient: bool = True) -> BadResponseError:
        todo = "Check the configured address; a proxy or a sign-in page may stand in between."
        return BadResponseError(what, todo=todo, trace=self.trace, transient=transient, doubtful=True)


class Session:
    """A pool of connections, safe to share between threads; it knows no credentials, only what a request brings along."""

    def __init__(self, limits: Limits | None = None, *, pool_size: int = 52, clock: Clock | None = None) -> None:
        self.limits = limits or Limits()
        self._clock = clock or Clock()
        self._http = requests.Session()
        self._settings: dict[str, dict[str, Any]] = {}
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, _Adapter(pool_maxsize=pool_size, max_retries=0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every pooled connection."""
        self._http.close()

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request once and read its whole answer, whatever its status.

        Raises UnreachableError when there is no answer and BadResponseError when it is cut off, too large or oddly packed;
        their `doubtful` says whether the request may have been carried out.
        """
        trace = Trace(method=method, url=shown_url(url))
        try:
            response = self._send(method, url, headers, body)
        except requests.RequestException as error:
            # Only what the network said is kept as cause: other faults may quote a header.
            cause = error if isinstance(error, requests.ConnectionError | requests.Timeout) else None
            raise self._unreachable(error, trace) from cause
        try:
            return self._read(response, method, trace)
        finally:
            response.close()

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.Response:
        """Straight to the connection pool: no cookie that would pin us to one server (W-196), no redirect, no entry of .netrc in the
        place of our Authorization, and half the time.
        """
        timeout = (self.limits.connect_seconds, self.limits.read_seconds)
        return self._http.get_adapter(url).send(_prepared(method, url, headers, body), timeout=timeout, **self._settings_for(url))

    def _settings_for(self, url: str) -> dict[str, Any]:
        """Proxies and certificates as the environment says, looked up once a host: the library would do it for each request."""
        host = _host_of(url)
        if host not in self._settings:
            found = self._http.merge_environment_settings(url, {}, True, None, None)
            self._settings[host] = {**found, "proxies": {}} if is_loopback(parse_url(url).hostname or "") else dict(found)
        return self._settings[host]

    def _read(self, response: requests.Response, method: str, trace: Trace) -> Answer:
        headers = response.headers
        trace = replace(
            trace,
            status=response.status_code,
            request_id=_request_id(headers),
            retry_after_seconds=retry_after_seconds(headers.get("Retry-After"), self._clock.now()),
        )
        # A redirect is not followed, whatever its body says.
        bodiless = method.upper() == "HEAD" or response.status_code in _NO_BODY_STATUSES or response.is_redirect
        content = b"" if bodiless else self._body(cast(urllib3.HTTPResponse, response.raw), headers, trace)
        return Answer(status=response.status_code, headers=headers, body=content, trace=trace)

    def _body(self, raw: urllib3.HTTPResponse, headers: Mapping[str, str], trace: Trace) -> bytes:
        unpack = _unpacker(headers.get("Content-Encoding", ""), trace)
        content, received = bytearray(), 0
        deadline = self._clock.monotonic() + self.limits.body_seconds
        try:
            while chunk := raw.read1(_CHUNK_BYTES, decode_content=False):
                received += len(chunk)
                content += unpack.feed(chunk, self.limits.body_bytes_max + 1 - len(content))
                self._require_within_limits(len(content), deadline, trace)
        except (HTTPError, OSError, zlib.error) as error:
            raise _cut_off(f"the answer broke off after {received} bytes ({type(error).__name__})", trace) from error
        if not unpack.complete or _is_short(received, headers):
            raise _cut_off(f"the answer broke off after {received} bytes", trace)
        return bytes(content)

    def _require_within_limits(self, length: int, deadline: float, trace: Trace) -> None:
        if length > self.limits.body_bytes_max:
            raise BadResponseError(
                f"the answer is larger than {self.limits.body_bytes_max} bytes", todo="Ask for smaller pages.",
                trace=trace, doubtful=True,
            )  # fmt: skip
        if self._clock.monotonic() > deadline:
            raise _cut_off(f"the answer was not complete after {self.limits.body_seconds:g} s", trace)

    def _unreachable(self, error: requests.RequestException, trace: Trace) -> TransportError:
        fault = _fault_of(error, self.limits)
        return UnreachableError(fault.what, todo=fault.todo, trace=trace, transient=fault.transient, doubtful=fault.doubtful)


class _Adapter(HTTPAdapter):
    """The library's adapter without what it would work out anew each time: the pool of a host, and what only it does with answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pools: dict[str, HTTPConnectionPool] = {}

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """The pool of the host: proxies and certificates of a session do not change. One that was closed meanwhile is made anew."""
        host = _host_of(request.url or "")
        pool = self._pools.get(host)
        if pool is None or pool.pool is None:
            pool = self._pools[host] = cast(HTTPConnectionPool, super().get_connection_with_tls_context(request, verify, proxies, cert))
        return pool

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Status, headers and the body that is still to be read; no cookies, no guess at an encoding."""
        response = requests.Response()
        response.status_code, response.headers, response.raw = resp.status, CaseInsensitiveDict(resp.headers), resp
        response.request, response.url = req, req.url or ""
        return response


def _host_of(url: str) -> str:
    """Scheme, host and port as they stand in a URL."""
    return "/".join(url.split("/", 3)[:3])


@dataclass(frozen=True, slots=True)
class _Fault:
    what: str
    todo: str = "Check the address and the network, then run again."
    transient: bool = True
    doubtful: bool = False


# The first kind that fits; the library's own texts are not used, they carry whole URLs.
_FAULTS: Final[tuple[tuple[tuple[type[BaseException], ...], _Fault], ...]] = (
    ((NameResolutionError,), _Fault("the host name could not be resolved")),
    ((NewConnectionError,), _Fault("the connection was refused, or there is no way to the host")),
    ((ConnectTimeoutError, requests.ConnectTimeout), _Fault("no connection within {connect:g} s")),
    (
        (RawProxyError, requests.exceptions.ProxyError),
        _Fault("the proxy of this machine refused the connection", "Check HTTPS_PROXY and NO_PROXY."),
    ),
    ((RawSslError, requests.exceptions.SSLError), _Fault("the encrypted connection failed", doubtful=True)),
    ((urllib3.exceptions.ReadTimeoutError, requests.Timeout), _Fault("no answer within {read:g} s", doubtful=True)),
    ((requests.ConnectionError, HTTPError), _Fault("the connection was dropped before the answer", doubtful=True)),
)
_UNTRUSTED: Final = _Fault(
    "the server's certificate is not trusted",
    "Point REQUESTS_CA_BUNDLE to the certificate authority, or check the address.",
    transient=False,
)


def _fault_of(error: requests.RequestException, limits: Limits) -> _Fault:
    """What a failed sending means."""
    cause = _root_cause(error)
    if "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return _UNTRUSTED
    found = next((fault for kinds, fault in _FAULTS if isinstance(cause, kinds)), None)
    if found is None:
        what = f"the request could not be sent ({type(cause).__name__})"
        return _Fault(what, "Check the configuration.", transient=False)
    return replace(found, what=found.what.format(connect=limits.connect_seconds, read=limits.read_seconds))


def _root_cause(error: requests.RequestException) -> BaseException:
    """The urllib3 error inside, and inside a "max retries" error its reason."""
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    reason = getattr(inner, "reason", None)
    return reason if isinstance(reason, BaseException) else inner


class _Unpacker(Protocol):
    """Takes a body apart piece by piece, never giving more than asked for at a time."""

    def feed(self, chunk: bytes, bytes_max: int) -> bytes: ...

    @property
    def complete(self) -> bool: ...


class _Plain:
    complete = True

    def feed(self, chunk: bytes, bytes_max: int) -> bytes:
        return chunk[:bytes_max]


class _Gunzip:
    """Decompresses at most what the cap allows: a bomb is noticed at the cap, not after it went off."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self._fed = False

    @property
    def complete(self) -> bool:
        return self._stream.eof or not self._fed

    def feed(self, chunk: bytes, bytes_max: int) -> bytes:
        self._fed = True
        out = bytearray()
        while chunk and len(out) < bytes_max:
            if self._stream.eof:
                self._stream = zlib.decompressobj(wbits=31)
            out += self._stream.decompress(chunk, bytes_max - len(out))
            chunk = self._stream.unused_data or self._stream.unconsumed_tail
        return bytes(out)


def _unpacker(encoding: str, trace: Trace) -> _Unpacker:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Gunzip()
        case other:
            what = f"the answer is packed as {excerpt(other, characters_max=40)!r}, though only gzip was offered"
            raise BadResponseError(what, trace=trace, transient=True, doubtful=True)


def _is_short(received: int, headers: Mapping[str, str]) -> bool:
    """Whether fewer bytes came than the header promised."""
    announced = headers.get("Content-Length", "")
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return announced.isdigit() and not chunked and received < int(announced)


def _cut_off(what: str, trace: Trace) -> BadResponseError:
    return BadResponseError(what, todo="Run again.", trace=trace, transient=True, doubtful=True)


def _request_id(headers: Mapping[str, str]) -> str | None:
    found = next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), None)
    return excerpt(found, characters_max=80) if found else None


def _prepared(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.PreparedRequest:
    """The request as it leaves; the library's own preparing would rewrite percent codes, and links are sent as they came (W-210).

    Raises requests.exceptions.InvalidHeader for one that would break out of its line.
    """
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body, prepared.hooks = method.upper(), url, body or None, {}
    prepared.headers = CaseInsensitiveDict(_ALWAYS_SENT)
    for header in headers.items():
        check_header_validity(header)
        prepared.headers[header[0]] = header[1]
    if body or prepared.method not in _BODILESS_METHODS:
        prepared.headers["Content-Length"] = str(len(body or b""))
    return prepared
