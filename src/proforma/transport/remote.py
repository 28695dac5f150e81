"""A remote side: its origin, its credentials and the retries, put together in the one order that is safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from types import TracebackType
from typing import Final, Self, TypeVar

from proforma.transport.auth import Credential, TokenSource
from proforma.transport.decoding import remote_fault
from proforma.transport.errors import (
    AuthenticationError,
    BadResponseError,
    DoubtfulError,
    HttpStatusError,
    Trace,
    TransportError,
    UnreachableError,
)
from proforma.transport.origin import Origin
from proforma.transport.redaction import shown_url
from proforma.transport.retry import Retrier
from proforma.transport.session import Answer, Request, Session

T = TypeVar("T")

# The request was certainly not carried out: it was turned away at the door.
_TURNED_AWAY: Final = frozenset({425, 429})
_LINKS_KEPT: Final = 8
_NEVER_BETTER: Final = frozenset({501, 505})


def is_transient(status: int) -> bool:
    """Whether a status may go away by itself (F-77, W-189): 408, 425, 429 and 5xx but for what the server will never do."""
    return status in {408, *_TURNED_AWAY} or (status >= 500 and status not in _NEVER_BETTER)


class Remote:
    """Sends requests to one origin as one user, from any thread.

    Order of each request: the link is checked, then a token is fetched, then it is sent; every attempt anew.
    `transient` may overrule which refusals are tried again.
    """

    def __init__(
        self,
        origin: Origin,
        tokens: TokenSource,
        *,
        session: Session | None = None,
        retrier: Retrier | None = None,
        transient: Callable[[HttpStatusError], bool] | None = None,
    ) -> None:
        self.origin = origin
        self.retrier = retrier or Retrier()
        self._tokens = tokens
        self._session = session or Session(clock=self.retrier.clock)
        self._transient = transient
        self._refused: Credential | None = None
        # The same few links again and again, each checked once: what comes of it depends on the link alone.
        self._resolve = lru_cache(maxsize=_LINKS_KEPT)(origin.resolve)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def send(self, request: Request) -> Answer:
        """The answer to `request` when its status is 2xx or 304; the faults are those of `read`."""
        return self.read(request, lambda answer: answer)

    def read(self, request: Request, reader: Callable[[Answer], T]) -> T:
        """What `reader` makes of the answer. A BadResponseError of the reader counts as a fault of the transfer.

        Raises ForbiddenOriginError before anything is sent, AuthenticationError after one refused refresh, HttpStatusError for a
        refusal, UnreachableError or BadResponseError when the retry budget is spent, and DoubtfulError for a write that may have been
        carried out and that may not be repeated.
        """
        url = self._resolve(request.link)
        try:
            return self.retrier.call(lambda _: reader(self._accepted(request, url)), repeatable=request.may_repeat)
        except TransportError as fault:
            raise _final(fault, request) from fault.__cause__

    def _accepted(self, request: Request, url: str) -> Answer:
        answer = self._signed_in(request, url)
        answer.require_not_redirected()
        if answer.status >= 400:
            raise self._refusal(answer)
        if answer.status < 200:
            raise BadResponseError("the answer has no usable status", trace=answer.trace, doubtful=True)
        return answer

    def _signed_in(self, request: Request, url: str) -> Answer:
        """The answer, after one refresh of the token when the first one was refused (W-32): a 401 was never carried out."""
        credential = self._tokens.token()
        if credential is not None and credential == self._refused:
            raise self._not_signed_in(Trace(method=request.method, url=shown_url(url)), also_fresh=True)
        answer = self._exchange(request, url, credential)
        if answer.status != 401:
            return answer
        renewed = self._tokens.refresh(credential) if credential else None
        if renewed is not None:
            answer = self._exchange(request, url, renewed)
        if answer.status == 401:
            # Other threads must not try the same in vain: the server would count it as an attack.
            self._refused = renewed or credential
            raise self._not_signed_in(answer.trace, also_fresh=renewed is not None)
        return answer

    def _exchange(self, request: Request, url: str, credential: Credential | None) -> Answer:
        headers = dict(request.headers)
        if credential is not None:
            headers[credential.header] = credential.value.reveal()
        return self._session.exchange(request.method, url, headers, request.body)

    def _refusal(self, answer: Answer) -> HttpStatusError:
        code, message = remote_fault(answer.body)
        trace = replace(answer.trace, code=code)
        doubtful = answer.status == 408 or answer.status >= 500
        error = HttpStatusError(message, body=answer.body, trace=trace, transient=is_transient(answer.status), doubtful=doubtful)
        if self._transient is not None:
            error.transient = self._transient(error)
        return error

    def _not_signed_in(self, trace: Trace, *, also_fresh: bool) -> AuthenticationError:
        fresh = ", also a fresh one" if also_fresh else ""
        return AuthenticationError(
            f"the server refused the credentials of {self._tokens.name}{fresh}",
            todo="Check that this application may use the server, and that address, tenant and credentials belong together.",
            trace=trace,
        )


def _final(fault: TransportError, request: Request) -> TransportError:
    """The fault as the caller must see it: what to do next depends on whether the request may have been carried out."""
    if fault.doubtful and not request.may_repeat:
        todo = "Ask the remote side whether it was done before sending it again."
        body = fault.body if isinstance(fault, HttpStatusError) else b""
        return DoubtfulError(f"no clear answer: {fault.what}", todo=todo, trace=fault.trace, doubtful=True, body=body)
    if isinstance(fault, HttpStatusError) and is_transient(fault.trace.status or 0):
        return UnreachableError(fault.what, todo="Run again later.", trace=fault.trace, transient=fault.transient, doubtful=fault.doubtful)
    return fault
