"""Faults of talking to a remote side. The class says what the caller does next, `trace` carries the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from proforma.transport.redaction import excerpt, redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The facts of one request that anyone may see (W-214): `url` is without query values, and there is no header or body."""

    method: str = ""
    url: str = ""
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    attempts: int = 1
    retry_after_seconds: float | None = None

    def __str__(self) -> str:
        facts = {
            "status": self.status,
            "code": self.code,
            "request id": self.request_id,
            "attempts": self.attempts if self.attempts > 1 else None,
        }
        return ", ".join(f"{name} {value}" for name, value in facts.items() if value)


class TransportError(Exception):
    """What happened, where, and what to do; `exit_code` is what a command ends with.

    `doubtful`: the remote side may have carried the request out. `transient`: another attempt may succeed.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, *, todo: str = "", trace: Trace | None = None, transient: bool = False, doubtful: bool = False) -> None:
        super().__init__(what)
        self.what = redact(what)
        self.todo = redact(todo)
        self.trace = trace or Trace()
        self.transient = transient
        self.doubtful = doubtful

    @property
    def url(self) -> str:
        """Where, without query values."""
        return self.trace.url

    @property
    def method(self) -> str:
        """The HTTP method of the request."""
        return self.trace.method

    @property
    def status(self) -> int | None:
        """The HTTP status, when an answer came."""
        return self.trace.status

    @property
    def code(self) -> str | None:
        """The remote side's own error code, when its body had one."""
        return self.trace.code

    @property
    def request_id(self) -> str | None:
        """The remote side's id of this request, for its support (W-24)."""
        return self.trace.request_id

    @property
    def attempts(self) -> int:
        """How many times the request was tried."""
        return self.trace.attempts

    def __str__(self) -> str:
        place = f"{self.trace.method} {self.trace.url}".strip()
        facts = str(self.trace)
        text = (f"{place}: " if place else "") + self.what + (f" ({facts})" if facts else "")
        return f"{text}. {self.todo}" if self.todo else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class BadUrlError(TransportError):
    """A configured address cannot be used; the configuration must change (exit code 2)."""

    exit_code: ClassVar[int] = 2


class UnreachableError(TransportError):
    """No usable answer within the retry budget (network, 5xx, throttling): run again later."""


class AuthenticationError(TransportError):
    """The remote side or the identity platform refused our credentials: a person must look at them."""


class ForbiddenOriginError(TransportError):
    """A link leads away from the configured address: nothing was sent there, and nothing may be."""


class BadResponseError(TransportError):
    """An answer that must never count as success: cut off, not JSON, too large, a redirect."""


class HttpStatusError(TransportError):
    """The remote side refused the request (4xx); `remote_message` is its own explanation, `body` its answer."""

    def __init__(self, remote_message: str, *, body: bytes, trace: Trace, transient: bool, doubtful: bool) -> None:
        self.remote_message = excerpt(remote_message, characters_max=1000)
        self.body = body
        super().__init__(
            self.remote_message or "the request was refused without a reason",
            todo=_status_advice(trace.status),
            trace=trace,
            transient=transient,
            doubtful=doubtful,
        )


class DoubtfulError(TransportError):
    """A write was sent and may have been carried out: ask the remote side before sending it again (promise 4).

    `body`: what was answered all the same, for whoever can read more from it than its status says.
    """

    def __init__(self, what: str, *, todo: str = "", trace: Trace | None = None, doubtful: bool = False, body: bytes = b"") -> None:
        super().__init__(what, todo=todo, trace=trace, doubtful=doubtful)
        self.body = body


def _status_advice(status: int | None) -> str:
    advice = {
        403: "Give the application user a security role that allows this.",
        404: "Check the address and the name of the resource.",
        413: "Send less in one request.",
        414: "Ask for fewer columns or split the filter.",
    }
    return advice.get(status or 0, "")
