"""What a seed decides: network, clock, throttling, deaths, freezes and people; and the requests that it lets through to the mock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from proforma.mock.http import Request, Response
from proforma.mock.state import State
from proforma.store import Store, Transaction
from proforma.sync.delivery import LEASE_SECONDS
from proforma.transport.errors import Trace, UnreachableError
from proforma.transport.session import Answer

SETTLE_SECONDS: Final = 60.0
_PAGE: Final = Response(status=200, headers=(("Content-Type", "text/html"),), body=b"<html>proxy</html>")


class DeathError(BaseException):
    """The process is no more."""


@dataclass
class Weather:
    """Everything that a seed decides, and what has happened so far.

    `meanwhile`: what another worker does while this one is frozen. `unguarded`: whether a request is one that nothing but the sender's
    own care keeps from making a second document; before those nobody is frozen, since no program can promise anything there.
    """

    chance: random.Random
    state: State
    unguarded: Callable[[Request], bool]
    begun: datetime
    calm: bool = False
    meanwhile: Callable[[], None] | None = None
    depth: int = 0
    late: list[tuple[datetime, Request]] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.begun

    # ---- time ------------------------------------------------------------------------------------------------------------

    def seconds(self) -> float:
        """A clock that only goes forward."""
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Time passes; what was late arrives, each at its own time: a key that lives then must not have expired because a day passes."""
        end = self.now + timedelta(seconds=seconds)
        arriving = [(due, request) for due, request in self.late if due <= end]
        self.late = [(due, request) for due, request in self.late if due > end]
        for due, request in sorted(arriving, key=itemgetter(0)):
            self.now = max(self.now, due)
            self.state.respond(request)
        self.now = end

    # ---- chance ----------------------------------------------------------------------------------------------------------

    def happens(self, what: str, probability: float) -> bool:
        """Whether something happens now."""
        if self.calm or self.chance.random() >= probability:
            return False
        self.tell(what)
        return True

    def tell(self, what: str) -> None:
        """Writes a line of the history: how long after its beginning, by which worker, what."""
        passed = timedelta(seconds=round((self.now - self.begun).total_seconds()))
        self.history.append(f"{passed!s:>15} {'AB'[self.depth]} {what}")

    def die(self, where: str) -> None:
        """The process may end here."""
        if self.happens(f"dies {where}", 0.02):
            raise DeathError

    def freeze(self, where: str) -> None:
        """The process may stand still here for longer than its lease; another one works meanwhile."""
        if self.depth or self.meanwhile is None or not self.happens(f"freezes {where}", 0.02):
            return
        self.depth = 1
        try:
            self.sleep(self.chance.uniform(1, LEASE_SECONDS))
            self.meanwhile()
            self.sleep(LEASE_SECONDS + 1)
            self.meanwhile()
        finally:
            self.depth = 0
        self.tell("wakes")

    # ---- network ---------------------------------------------------------------------------------------------------------

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """A request and its answer, as far as they get."""
        parts = urlsplit(url)
        sent = {name.lower(): value for name, value in headers.items()}
        request = Request(method=method, path=parts.path, query=parts.query, headers={**sent, "host": parts.netloc}, body=body or b"")
        trace = Trace(method=method, url=url)
        self.die("before a request")
        if not self.unguarded(request):
            self.freeze("before a request")
        if self.happens(f"{method} is lost on its way", 0.04):
            raise UnreachableError("dropped", trace=trace, transient=True, doubtful=True)
        if self.happens(f"{method} is late", 0.04):
            self.late.append((self.now + timedelta(seconds=self.chance.uniform(1, SETTLE_SECONDS - 1)), request))
            raise UnreachableError("no answer", trace=trace, transient=True, doubtful=True)
        for status in (429, 500, 502, 503):
            if self.happens(f"{method} gets {status} and is not carried out", 0.02):
                return _answer(replace(_PAGE, status=status), trace)
        response = self.state.respond(request)
        self.sleep(self.chance.uniform(0, 0.2))
        self.die("before an answer")
        self.freeze("before an answer")
        if self.happens(f"the answer to {method} is lost", 0.04):
            raise UnreachableError("dropped", trace=trace, transient=True, doubtful=True)
        for status in (200, 201, 500):
            if self.happens(f"the answer to {method} is a page with {status}", 0.01):
                return _answer(replace(_PAGE, status=status), trace)
        if response.body and self.happens(f"the answer to {method} is cut off", 0.01):
            return _answer(replace(response, body=response.body[: self.chance.randrange(len(response.body))]), trace)
        return _answer(response, trace)

    # ---- commits ---------------------------------------------------------------------------------------------------------

    def begin(self, original: Callable[[Store], Any]) -> Callable[[Store], Any]:
        """A store whose commits may be the last thing that a process does, or just not."""
        weather = self

        @contextmanager
        def begun(store: Store) -> Iterator[Transaction]:
            with original(store) as transaction:
                yield transaction
                weather.die("before a commit")
            weather.die("after a commit")
            weather.freeze("after a commit")

        return begun


def _answer(response: Response, trace: Trace) -> Answer:
    found = replace(trace, status=response.status, retry_after_seconds=5.0 if response.status == 429 else None)
    return Answer(status=response.status, headers=CaseInsensitiveDict(dict(response.headers)), body=response.body, trace=found)
