"""Service protection: who asks too often, too long or too much at once is told to wait (W-190 to W-197)."""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from proforma.mock.http import Quota, Request
from proforma.mock.switches import Limits

_PARTS: Final = re.compile(rb"^[A-Z]+ [^\r\n]* HTTP/1\.\d\r?$", re.MULTILINE)
_COOKIE: Final = re.compile(r"(?:^|;)\s*ARRAffinity=server-(\d{1,4})\s*(?:;|$)")


class Facet(StrEnum):
    """What there was too much of."""

    REQUESTS = "requests"
    EXECUTION_TIME = "execution-time"
    CONCURRENCY = "concurrency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """429: the facet's code and text (W-191), and the seconds to wait."""

    code: str
    message: str
    retry_after: int


def refusal(facet: Facet, limits: Limits, retry_after: int) -> Refusal:
    """The refusal of a facet with the numbers of these limits."""
    window = f"over time window of {limits.window_seconds} seconds"
    code, message = {
        Facet.REQUESTS: ("0x80072322", f"Number of requests exceeded the limit of {limits.requests} {window}."),
        Facet.EXECUTION_TIME: (
            "0x80072321",
            f"Combined execution time of incoming requests exceeded limit of {limits.execution_ms:,} milliseconds {window}. "
            "Decrease number of concurrent requests or reduce the duration of requests and try again later.",
        ),
        Facet.CONCURRENCY: ("0x80072326", f"Number of concurrent requests exceeded the limit of {limits.concurrent}."),
    }[facet]
    return Refusal(code=code, message=message, retry_after=retry_after)


@dataclass(slots=True)
class Usage:
    """What one user did on one server lately. `told`: the wait that was told last; `pushes`: requests that did not keep to it."""

    began: deque[float] = field(default_factory=deque)
    spent: deque[tuple[float, float]] = field(default_factory=deque)
    running: int = 0
    told: tuple[Facet, float] | None = None
    pushes: int = 0

    def forget(self, before: float) -> None:
        """Leave behind what happened before the window."""
        while self.began and self.began[0] <= before:
            self.began.popleft()
        while self.spent and self.spent[0][0] <= before:
            self.spent.popleft()

    @property
    def spent_seconds(self) -> float:
        """Execution time within the window."""
        return sum(seconds for _, seconds in self.spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request on its way, with what its user has left. `refusal`: it must not be worked on."""

    request: Request
    refusal: Refusal | None = None
    usage: Usage | None = None
    began: float = 0.0
    extra_seconds: float = 0.0


class Throttling:
    """Counts the requests of every user. The clock is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._usages: dict[tuple[str, int], Usage] = {}
        self._arrivals = 0

    def enter(self, limits: Limits, user: str, request: Request) -> Visit:
        """Count a request that came in, or refuse it; whoever is let in must leave."""
        now, server = self.clock(), self._server(limits, request.headers)
        usage = self._usages.setdefault((user, server), Usage())
        usage.forget(now - limits.window_seconds)
        facet, wait = _exceeded(usage, limits, now)
        refused = refusal(facet, limits, _told(usage, facet, wait, limits, now)) if facet is not None else None
        if refused is None:
            usage.told, usage.pushes = None, 0
            usage.began.append(now)
            usage.running += 1
        request = replace(request, quota=_quota(usage, limits, server))
        extra = limits.duration_ms / 1000 * _operations(request)
        return Visit(request=request, refusal=refused, usage=usage, began=now, extra_seconds=extra)

    def leave(self, visit: Visit) -> None:
        """Count the time that a request took."""
        if visit.usage is not None and visit.refusal is None:
            now = self.clock()
            visit.usage.running -= 1
            visit.usage.spent.append((now, now - visit.began + visit.extra_seconds))

    def _server(self, limits: Limits, headers: Mapping[str, str]) -> int:
        """The server that the caller's cookie names, else the next one in turn (W-196)."""
        named = _COOKIE.search(headers.get("cookie", ""))
        if named is not None and int(named[1]) < limits.servers:
            return int(named[1])
        self._arrivals += 1
        return (self._arrivals - 1) % limits.servers


def _exceeded(usage: Usage, limits: Limits, now: float) -> tuple[Facet | None, float]:
    """What there is too much of, and the seconds until there is not."""
    if usage.told is not None and now < usage.told[1]:
        return usage.told[0], usage.told[1] - now
    if len(usage.began) >= limits.requests:
        return Facet.REQUESTS, usage.began[0] + limits.window_seconds - now
    if usage.spent_seconds * 1000 >= limits.execution_ms:
        return Facet.EXECUTION_TIME, next(_moments_below(usage, limits)) + limits.window_seconds - now
    if usage.running >= limits.concurrent:
        return Facet.CONCURRENCY, 1.0
    return None, 0.0


def _moments_below(usage: Usage, limits: Limits) -> Iterator[float]:
    """Ends of requests after whose leaving the window the rest is below the limit."""
    rest = usage.spent_seconds
    for ended, seconds in usage.spent:
        rest -= seconds
        if rest * 1000 < limits.execution_ms:
            yield ended
    yield usage.spent[-1][0]


def _told(usage: Usage, facet: Facet, wait: float, limits: Limits, now: float) -> int:
    """Seconds to wait; they double with every request that came too early, by a window at most (W-192).

    Concurrency passes as soon as another request ends, so its wait is advice and not held against the next one (W-193).
    """
    seconds = max(1, math.ceil(wait))
    seconds = min(seconds << min(usage.pushes, 10), seconds + limits.window_seconds)
    usage.pushes += 1
    if facet is not Facet.CONCURRENCY:
        usage.told = (facet, now + seconds)
    return seconds


def _quota(usage: Usage, limits: Limits, server: int) -> Quota:
    return Quota(
        requests=max(0, limits.requests - len(usage.began)),
        seconds=max(0.0, limits.execution_ms / 1000 - usage.spent_seconds),
        server=server,
    )


def _operations(request: Request) -> int:
    """A batch is one request, but each of its parts takes its time (W-197)."""
    return len(_PARTS.findall(request.body)) if request.path.endswith("/$batch") else 1
