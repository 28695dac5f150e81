"""Faults to order: which requests they hit, how often, and what then goes wrong (W-198, F-88)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, cast

from proforma.mock.http import Request, Response, json_response
from proforma.mock.switches import Limits
from proforma.mock.throttling import Facet, refusal
from proforma.mock.values import Value, encode, mapping_of

_FAULT_KEYS: Final = frozenset({"match", "times", "skip", "action"})
_MATCH_KEYS: Final = frozenset({"method", "path", "query"})
_ACTION_KEYS: Final = frozenset(
    {"status", "headers", "body", "after", "delay_ms", "drop", "truncate", "throttle", "expire_tokens", "expire_delta_tokens"}
)


class FaultError(ValueError):
    """A fault that cannot be understood: says which key and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """A storm of 429 that lasts some seconds from its first hit.

    `retry_after`: seconds, or `date` for the date form; `facets`: what there is too much of, in turn (W-191).
    """

    seconds: float
    retry_after: int | str
    facets: tuple[Facet, ...] = (Facet.REQUESTS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What goes wrong. `after`: delay and replaced answer come once the work is done; else the work is not done."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Value = None
    after: bool = False
    delay_ms: int = 0
    drop: str | None = None
    truncate: int | None = None
    throttle: Throttle | None = None
    expire_tokens: bool = False
    expire_delta_tokens: bool = False
    facet: Facet = Facet.REQUESTS

    @property
    def name(self) -> str:
        """The word that the journal shows."""
        words = [
            f"throttle {self.status}" if self.throttle else "",
            f"status {self.status}" if self.status and not self.throttle else "",
            f"drop {self.drop}" if self.drop else "",
            f"truncate {self.truncate}" if self.truncate is not None else "",
            f"delay {self.delay_ms} ms" if self.delay_ms else "",
            "expire tokens" if self.expire_tokens else "",
            "expire delta tokens" if self.expire_delta_tokens else "",
        ]
        return ", ".join(filter(None, words))

    def response(self, request: Request) -> Response:
        """The answer that takes the place of the real one."""
        status = self.status or 500
        if self.body is None:
            code, text = self._error(status)
            return json_response(status, {"error": {"code": code, "message": text}}, *self.headers)
        kind = "text/html; charset=utf-8" if isinstance(self.body, str) else "application/json"
        if any(name.lower() == "content-type" for name, _ in self.headers):
            headers = self.headers
        else:
            headers = (("Content-Type", kind), *self.headers)
        body = self.body.encode() if isinstance(self.body, str) else encode(self.body)
        return Response(status=status, headers=headers, body=body)

    def _error(self, status: int) -> tuple[str, str]:
        if status == 429:
            refused = refusal(self.facet, Limits(), 1)
            return refused.code, refused.message
        return {503: "0x80044150"}.get(status, "0x0"), f"The mock server was told to answer {status}."


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault and how often it has hit. `times` None is for ever; the first `skip` matching requests pass."""

    method: str | None
    path: str | None
    query: str | None
    times: int | None
    skip: int
    action: Action
    described: Mapping[str, Value]
    seen: int = 0
    hits: int = 0
    storm_until: float | None = None
    refused: int = 0

    def matches(self, request: Request) -> bool:
        """Whether the request is one of those meant."""
        if self.method and self.method != request.method:
            return False
        decoded = "&".join(f"{name}={value}" for name, value in request.parameters)
        return _found(self.path, request.path, request.plain_path) and _found(self.query, request.query, decoded)

    def strike(self, now: float) -> Action | None:
        """Count a matching request; the action when it is hit, None when it passes."""
        self.seen += 1
        throttle = self.action.throttle
        if throttle is not None and self.storm_until is not None:
            if now < self.storm_until:
                return self._throttled(throttle, self.storm_until - now)
            self.storm_until = None
        if self.seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return None
        self.hits += 1
        if throttle is None:
            return self.action
        self.storm_until = now + throttle.seconds
        return self._throttled(throttle, throttle.seconds)

    def _throttled(self, throttle: Throttle, remaining: float) -> Action:
        over = datetime.now(UTC) + timedelta(seconds=max(1.0, remaining))
        text = format_datetime(over, usegmt=True) if throttle.retry_after == "date" else str(throttle.retry_after)
        facet = throttle.facets[self.refused % len(throttle.facets)]
        self.refused += 1
        headers = (("Retry-After", text), *self.action.headers)
        return replace(self.action, status=self.action.status or 429, headers=headers, facet=facet)


@dataclass(slots=True)
class Faults:
    """The faults in force; the first in the list that hits a request decides."""

    clock: Callable[[], float] = time.monotonic
    faults: list[Fault] = field(default_factory=list)

    def replace(self, document: Value) -> None:
        """Take the place of all faults; `document` is a list, or a mapping with `faults`."""
        if isinstance(document, dict) and set(document) == {"faults"}:
            document = document["faults"]
        if not isinstance(document, list):
            raise FaultError("expected a list of faults {match, times, skip, action}")
        self.faults = [_fault(item, f"faults[{number}]") for number, item in enumerate(document)]

    def add(self, document: Value) -> None:
        """One more fault, after those in force."""
        self.faults.append(_fault(document, f"faults[{len(self.faults)}]"))

    def clear(self) -> None:
        """No faults any more."""
        self.faults = []

    def strike(self, request: Request) -> Action | None:
        """What goes wrong with this request, None when nothing does."""
        for fault in self.faults:
            if fault.matches(request) and (action := fault.strike(self.clock())):
                return action
        return None

    def described(self) -> list[Value]:
        """The faults as they were ordered, with counts."""
        return [{**fault.described, "seen": fault.seen, "hits": fault.hits} for fault in self.faults]


def _found(pattern: str | None, *texts: str) -> bool:
    """Whether the pattern stands in one of the texts, word for word or as a regular expression."""
    if pattern is None or any(pattern in text for text in texts):
        return True
    try:
        return any(re.search(pattern, text) for text in texts)
    except re.error:
        return False


def _fault(document: Value, where: str) -> Fault:
    parts = _keys(document, _FAULT_KEYS, where)
    match = _keys(parts.get("match") or {}, _MATCH_KEYS, f"{where}.match")
    times = _whole(parts.get("times", 1), f"{where}.times")
    method = _text(match.get("method"), f"{where}.match.method")
    return Fault(
        method=method.upper() if method else None,
        path=_text(match.get("path"), f"{where}.match.path"),
        query=_text(match.get("query"), f"{where}.match.query"),
        times=times or None,
        skip=_whole(parts.get("skip", 0), f"{where}.skip") or 0,
        action=_action(parts.get("action"), f"{where}.action"),
        described=parts,
    )


def _action(document: Value, where: str) -> Action:
    parts = _keys(document, _ACTION_KEYS, where)
    if not parts:
        raise FaultError(f"{where}: says nothing; expected one of {', '.join(sorted(_ACTION_KEYS))}")
    drop = _text(parts.get("drop"), f"{where}.drop")
    if drop not in (None, "before", "after"):
        raise FaultError(f"{where}.drop: expected 'before' or 'after', found {drop!r}")
    headers = tuple((name, str(value)) for name, value in _keys(parts.get("headers") or {}, None, f"{where}.headers").items())
    return Action(
        status=_whole(parts.get("status"), f"{where}.status"),
        headers=headers,
        body=parts.get("body"),
        after=_switch(parts.get("after"), f"{where}.after"),
        delay_ms=_whole(parts.get("delay_ms"), f"{where}.delay_ms") or 0,
        drop=drop,
        truncate=_whole(parts.get("truncate"), f"{where}.truncate"),
        throttle=_throttle(parts.get("throttle"), f"{where}.throttle"),
        expire_tokens=_switch(parts.get("expire_tokens"), f"{where}.expire_tokens"),
        expire_delta_tokens=_switch(parts.get("expire_delta_tokens"), f"{where}.expire_delta_tokens"),
    )


def _throttle(document: Value, where: str) -> Throttle | None:
    if document is None:
        return None
    parts = _keys(document, frozenset({"seconds", "retry_after", "limit"}), where)
    try:
        seconds = float(str(parts.get("seconds", 1)))
    except ValueError as problem:
        raise FaultError(f"{where}.seconds: expected a number") from problem
    retry = parts.get("retry_after", 1)
    if retry != "date":
        retry = _whole(retry, f"{where}.retry_after")
    limit = _text(parts.get("limit"), f"{where}.limit") or Facet.REQUESTS
    if limit not in (*Facet, "all"):
        raise FaultError(f"{where}.limit: expected one of {', '.join(Facet)}, all; found {limit!r}")
    facets = tuple(Facet) if limit == "all" else (Facet(limit),)
    return Throttle(seconds=seconds, retry_after=cast("int | str", retry), facets=facets)


def _keys(document: Value, known: frozenset[str] | None, where: str) -> Mapping[str, Value]:
    if not isinstance(document, dict):
        raise FaultError(f"{where}: expected a mapping")
    unknown = sorted(set(document) - known) if known is not None else []
    if unknown and known is not None:
        raise FaultError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return mapping_of(document)


def _whole(value: Value, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FaultError(f"{where}: expected a whole number, found {value!r}")
    return value


def _text(value: Value, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise FaultError(f"{where}: expected text, found {value!r}")
    return value


def _switch(value: Value, where: str) -> bool:
    if value not in (None, True, False):
        raise FaultError(f"{where}: expected true or false, found {value!r}")
    return value is True
