"""A push in one process with a network, a clock, deaths and people that a seed decides; the same seed is the same history.

Requests go straight to the mock, without sockets. On their way they are lost before or after the work, answered with errors, pages and
refusals, or carried out long after the caller gave up. The process dies at commits and requests and is started again; people retry
what waits for them. After some rounds the network calms down: then each invoice must be in finance once, and we must know it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from finance_worlds import System
from proforma.domain.codes import PushStatus
from proforma.domain.errors import RefusedError
from proforma.mapping import Mappings
from proforma.mock.http import Request, Response
from proforma.mock.state import State
from proforma.settings.configuration import TargetSettings
from proforma.store import Store, Transaction
from proforma.sync.problems import retry_problem
from proforma.sync.push import Push
from proforma.sync.send import InvoiceDocuments
from proforma.sync.targets import open_target
from proforma.transport.auth import static_token
from proforma.transport.errors import Trace, TransportError, UnreachableError
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import Answer, Session

URL = "http://127.0.0.1:1"
ROUNDS_STORMY = 8
ROUNDS_CALM = 6
SETTLE_SECONDS = 60.0


class DeathError(BaseException):
    """The process is no more."""


@dataclass
class Weather:
    """Everything that a seed decides, and what has happened so far."""

    chance: random.Random
    state: State
    now: datetime = datetime(2026, 4, 1, tzinfo=UTC)
    calm: bool = False
    late: list[tuple[datetime, Request]] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    def seconds(self) -> float:
        """A clock that only goes forward."""
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Time passes; what was late arrives."""
        self.now += timedelta(seconds=seconds)
        for request in [request for due, request in self.late if due <= self.now]:
            self.state.respond(request)
        self.late = [(due, request) for due, request in self.late if due > self.now]

    def happens(self, what: str, probability: float) -> bool:
        """Whether something happens now."""
        if self.calm or self.chance.random() >= probability:
            return False
        self.history.append(what)
        return True

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """A request and its answer, as far as they get."""
        parts = urlsplit(url)
        sent = {name.lower(): value for name, value in headers.items()}
        request = Request(method=method, path=parts.path, query=parts.query, headers={**sent, "host": parts.netloc}, body=body or b"")
        trace = Trace(method=method, url=url)
        self._die("a request")
        if self.happens("lost before", 0.05):
            raise UnreachableError("dropped", trace=trace, transient=True, doubtful=True)
        if self.happens("late", 0.05):
            self.late.append((self.now + timedelta(seconds=self.chance.uniform(1, SETTLE_SECONDS - 1)), request))
            raise UnreachableError("no answer", trace=trace, transient=True, doubtful=True)
        for status in (429, 500, 502):
            if self.happens(f"{status} before", 0.02):
                return self._answer(Response(status=status, headers=(("Content-Type", "text/html"),), body=b"<html>"), trace)
        response = self.state.respond(request)
        self._die("an answer")
        if self.happens("lost after", 0.05):
            raise UnreachableError("dropped", trace=trace, transient=True, doubtful=True)
        for status in (200, 201, 500):
            if self.happens(f"a page with {status} after", 0.01):
                return self._answer(Response(status=status, headers=(("Content-Type", "text/html"),), body=b"<html>"), trace)
        return self._answer(response, trace)

    def _die(self, where: str) -> None:
        if self.happens(f"death at {where}", 0.02):
            raise DeathError

    def _answer(self, response: Response, trace: Trace) -> Answer:
        from dataclasses import replace

        from requests.structures import CaseInsensitiveDict

        found = replace(trace, status=response.status, retry_after_seconds=1.0 if response.status == 429 else None)
        return Answer(status=response.status, headers=CaseInsensitiveDict(dict(response.headers)), body=response.body, trace=found)

    def begin(self, original: Callable[[Store], Any]) -> Callable[[Store], Any]:
        """A store whose commits may be the last thing that a process does, or just not."""
        weather = self

        @contextmanager
        def begun(store: Store) -> Iterator[Transaction]:
            with original(store) as transaction:
                yield transaction
                weather._die("a commit")
            weather._die("the end of a commit")

        return begun


def simulate(seed: int, system: System, prepared: bytes, world: Mapping[str, Any], mappings: Mappings, folder: Path) -> list[str]:
    """One history; what is wrong at its end."""
    chance = random.Random(f"{seed}/{system.name}")
    state = State()
    state.load(dict(world))
    weather = Weather(chance, state)
    file = folder / "proforma.db"
    for leftover in folder.glob("proforma.db*"):
        leftover.unlink()
    file.write_bytes(prepared)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "begin", weather.begin(Store.begin))
        patch.setattr(Session, "exchange", lambda self, *request: weather.exchange(*request))
        for number in range(ROUNDS_STORMY + ROUNDS_CALM):
            weather.calm = number >= ROUNDS_STORMY
            _live(weather, system, mappings, f"sqlite:///{file}")
            weather.sleep(chance.uniform(1, 3 * SETTLE_SECONDS))
    return _faults(weather, system, f"sqlite:///{file}")


def _live(weather: Weather, system: System, mappings: Mappings, url: str) -> None:
    """A process from its start to its end or death: a person's retries, then a push."""
    clock = Clock(monotonic=weather.seconds, sleep=weather.sleep, now=lambda: weather.now, chance=weather.chance.random)
    settings = TargetSettings(url=URL + system.path, company=system.company, settle_seconds=SETTLE_SECONDS)
    mapping = mappings.finance[system.target]
    try:
        with Store.open(url) as store:
            _a_person_retries(weather, store)
            retrier = Retrier(RetryPolicy(attempts_max=2), clock=clock)
            with Session() as session:
                target = open_target(settings, mapping, static_token(Secret("token")), session=session, retrier=retrier)
                documents = InvoiceDocuments(store, mapping, company=system.company)
                list(Push(store, target, documents.of, now=lambda: weather.now, sleep=weather.sleep).run())
    except (DeathError, TransportError, RefusedError):
        pass  # the next process goes on


def _a_person_retries(weather: Weather, store: Store) -> None:
    with store.read() as reader:
        problems = reader.quarantine.open()
    for problem in problems:
        if weather.calm or weather.happens("a person retries", 0.5):
            retry_problem(store, str(problem.id), at=weather.now, by="person")


def _faults(weather: Weather, system: System, url: str) -> list[str]:
    documents = [dict(document) for document in weather.state.documents.described() if isinstance(document, dict)]
    faults = []
    with Store.open(url) as store, store.read() as reader:
        for invoice in reader.ledger.invoices():
            ours = [document for document in documents if document["reference"] == invoice.reference]
            totals = [system.total(document) for document in ours]
            if invoice.push is not PushStatus.ACCEPTED or totals != [Decimal("800.00")]:
                faults.append(f"{invoice.number} is {invoice.push}, finance has {totals}")
        faults += [fault.message for fault in reader.ledger.check()]
    return [f"{fault} after: {', '.join(weather.history)}" for fault in faults]
