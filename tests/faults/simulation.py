"""A push in one process with a network, a clock, deaths, freezes and people that a seed decides; the same seed is the same history.

Requests go straight to the mock, without sockets. On their way they are lost before or after the work, answered with errors, pages and
refusals, cut off, or carried out long after the caller gave up. The process dies at commits and requests and is started again; it is
frozen for longer than its lease while another one works, with and without the lock of the stage; days pass. People retry and drop what
waits for them, and edit and delete documents in finance. After some rounds all this ends; then each invoice must be in finance once,
and we must know it, or a person must have been told.

`make simulate` runs 5,000 seeds, `make simulate SEED=17` one of them and prints its history.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from weather import SETTLE_SECONDS, DeathError, Weather

from billing_world import BillingWorld
from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, REST, Finance, System
from proforma.domain.codes import PushStatus
from proforma.domain.errors import RefusedError, UnfinishedError
from proforma.domain.ids import Guid
from proforma.domain.invoices import Invoice
from proforma.mapping import FinanceMapping, load_mappings
from proforma.mapping.finance import RestMapping
from proforma.mock import MockServer
from proforma.mock.finance.documents import Document
from proforma.mock.http import Request
from proforma.mock.state import State
from proforma.settings.configuration import TargetSettings
from proforma.store import Problem, Store
from proforma.sync import draft
from proforma.sync.delivery import Pauses
from proforma.sync.follow import DRIFT, Follow
from proforma.sync.problems import drop_problem, retry_problem
from proforma.sync.push import Push
from proforma.sync.send import InvoiceDocuments
from proforma.sync.targets import open_target
from proforma.transport.auth import static_token
from proforma.transport.errors import TransportError
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import Session
from project_folder import Project

URL: Final = "http://127.0.0.1:1"
ROUNDS_STORMY, ROUNDS_CALM = 7, 5
INVOICES: Final = 2
TOTAL: Final = Decimal("800.00")
_TOLD_EVERY: Final = 100
#: A system that can neither repeat nor be asked: every doubt is for a person (F-75).
REST_WITHOUT: Final = replace(REST, name="rest-without", switches={"idempotency": False, "find": False})
SYSTEMS: Final = (DYNAMICS, BUSINESS_CENTRAL, REST, REST_WITHOUT)


def system_of(seed: int) -> System:
    """The systems take turns."""
    return SYSTEMS[seed % len(SYSTEMS)]


@dataclass(frozen=True)
class Prepared:
    """Stores with queued invoices, by the name of their target, and the world of the finance systems."""

    stores: Mapping[str, bytes]
    world: Mapping[str, Any]
    queued_at: datetime


def prepare(folder: Path) -> Prepared:
    """Drafts and confirms the invoices once, through the program itself."""
    chance = random.Random(0)
    with MockServer() as server, pytest.MonkeyPatch.context() as patch:
        # The ids decide who comes first among those that wait equally long.
        patch.setattr(draft, "_new_ids", lambda: (Guid(str(UUID(int=chance.getrandbits(128), version=4))) for _ in count()))
        finance = Finance(Project(folder, server), REST)
        finance.configure()
        finance.confirm(contracts=INVOICES)
    file = folder / "proforma.db"
    stores = {}
    for system in (DYNAMICS, BUSINESS_CENTRAL, REST):
        with Store.open(f"sqlite:///{file}") as store, store.begin() as tx:
            rows = tx.outbox.all()
            for row in rows:
                assert tx.outbox.route(row.invoice_id, system.target)
        stores[system.target] = file.read_bytes()
    world: dict[str, Any] = BillingWorld().sets
    world["accounts"] = [{"accountid": f"@c{n}", "name": f"Customer c{n}", "accountnumber": f"C-c{n}"} for n in range(INVOICES)]
    return Prepared(stores, world, max(row.queued_at for row in rows))


@cache
def _mappings() -> Mapping[str, FinanceMapping]:
    """The mapping of each system by its name."""
    shipped = load_mappings(None).finance
    rest = shipped[REST.target]
    assert isinstance(rest, RestMapping)
    without = replace(rest, once="none", key_header=None, find=None, accept_at_most_once=True)
    return {**{system.name: shipped[system.target] for system in SYSTEMS}, REST_WITHOUT.name: without}


@dataclass
class History:
    """One history: what a seed makes happen to one system and one store.

    The store stays open while processes die: it holds nothing between two commits, and each opening would compile all statements anew.
    """

    seed: int
    system: System
    prepared: Prepared
    store: Store
    file: Path
    edited: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(f"{self.seed}/{self.system.name}")
        state = State()
        # Now and then the clock of whoever confirmed was ahead of ours.
        begun = self.prepared.queued_at + timedelta(minutes=-60 if chance.random() < 0.2 else 1)
        self.weather = weather = Weather(chance, state, self._unguarded, begun)
        state.clock = weather.seconds
        world = {**self.prepared.world, "$finance": {self.system.section: dict(self.system.switches)}}
        state.load(world)
        self.store.close()
        for leftover in self.file.parent.glob(f"{self.file.name}*"):
            leftover.unlink()
        self.file.write_bytes(self.prepared.stores[self.system.target])

    def _unguarded(self, request: Request) -> bool:
        """A second header in Business Central, and any second document where there is no guarantee, is kept away by the sender alone."""
        return request.method == "POST" and (self.system is REST_WITHOUT or request.path.endswith(("salesInvoices", "salesCreditMemos")))

    # ---- what happens ----------------------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """The whole history; what is wrong at its end."""
        weather = self.weather
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "begin", weather.begin(Store.begin))
            patch.setattr(Session, "exchange", lambda _, *request: weather.exchange(*request))
            for number in range(ROUNDS_STORMY + ROUNDS_CALM):
                weather.calm = number >= ROUNDS_STORMY
                self.people()
                weather.meanwhile = self._overtake
                self.live()
                # Some nights nobody works: keys expire (F-76).
                nights = 1 if weather.happens("a day passes", 0.05) else 0
                weather.sleep(weather.chance.uniform(1, 3 * SETTLE_SECONDS) + 90_000 * nights)
        return self.faults()

    def _overtake(self) -> None:
        """The other worker: the lock of the stage keeps it out, unless it is of a kind that a frozen holder has lost."""
        if self.weather.chance.random() < 0.5:
            self.weather.tell("finds the stage taken")
            return
        self.weather.tell("takes over")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "stage_lock", _no_lock)
            self.live()

    def live(self) -> None:
        """A process from its start to its end or death: push, then ask what became of earlier documents."""
        weather = self.weather
        clock = Clock(monotonic=weather.seconds, sleep=weather.sleep, now=lambda: weather.now, chance=weather.chance.random)
        settings = TargetSettings(url=URL + self.system.path, company=self.system.company, settle_seconds=SETTLE_SECONDS)
        mapping = _mappings()[self.system.name]
        try:
            with ExitStack() as closing:
                session = closing.enter_context(Session())
                retrier = Retrier(RetryPolicy(attempts_max=2), clock=clock)
                store, tokens = self.store, static_token(Secret("simulated-token"))
                target = open_target(settings, mapping, tokens, session=session, retrier=retrier)
                documents = InvoiceDocuments(store, mapping, company=self.system.company)
                list(Push(store, target, documents.of, now=lambda: weather.now, sleep=weather.sleep).run())
                list(Follow(store, target, now=lambda: weather.now, owner="worker", pauses=Pauses()).run())
        except (DeathError, TransportError, RefusedError, UnfinishedError) as end:
            weather.tell(f"ends with {type(end).__name__}")
        except Exception as fault:  # noqa: BLE001 - whatever it is, a user would see a traceback
            last = traceback.extract_tb(fault.__traceback__)[-3:]
            where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(last))
            weather.tell(f"breaks with {fault!r}")
            self.broken.append(f"broke with {fault!r} in {where}")

    # ---- people ----------------------------------------------------------------------------------------------------------

    def people(self) -> None:
        """People act between two runs: in finance, and on what waits for them here."""
        weather = self.weather
        for document in self._documents():
            if weather.happens(f"a person edits {document.reference}", 0.02):
                self._edit(document)
                self.edited.add(document.reference)
            elif weather.happens(f"a person deletes {document.reference}", 0.02):
                weather.state.documents.remove(document)
                self.deleted.add(document.reference)
        with self.store.read() as reader:
            waiting = [(problem, reader.ledger.invoice(problem.source or "")) for problem in reader.quarantine.open()]
        for problem, invoice in waiting:
            assert invoice is not None, "only pushes make problems here"
            with suppress(DeathError):
                self._decide(problem, invoice)

    def _documents(self) -> list[Document]:
        return self.weather.state.documents.of_target(self.system.section)

    def _edit(self, document: Document) -> None:
        """Somebody changes the customer and an amount."""
        amount = Decimal("1.00")
        for line in (document.lines or {}).values():
            line["TransactionCurrencyAmount" if self.system is DYNAMICS else "amountExcludingTax"] = amount
        self.weather.state.documents.change(document, body={**document.body, "total": "1.00"})

    def _decide(self, problem: Problem, invoice: Invoice) -> None:
        """A person looks into finance, when nothing can be under way there any more, then says what is to happen."""
        weather, reference = self.weather, invoice.reference or ""
        if (weather.now - problem.since).total_seconds() < SETTLE_SECONDS or weather.late:
            return
        there = any(document.reference == reference for document in self._documents())
        if there and invoice.push is PushStatus.PARKED:
            weather.tell(f"a person finds {reference} and drops it")
            self.dropped.add(reference)
            drop_problem(self.store, str(problem.id), reason="it is there", at=weather.now, by="person")
        elif weather.happens(f"a person gives {reference} up", 0.05) and problem.kind != DRIFT:
            self.dropped.add(reference)
            drop_problem(self.store, str(problem.id), reason="not wanted", at=weather.now, by="person")
        elif weather.calm or weather.happens(f"a person retries {reference}", 0.5):
            retry_problem(self.store, str(problem.id), at=weather.now, by="person")

    # ---- the judge -------------------------------------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """Finance's own documents are the judge."""
        faults = list(self.broken)
        with self.store.read() as reader:
            told = {problem.source for problem in reader.quarantine.open()}
            for invoice in reader.ledger.invoices():
                fault = self._fault(invoice, told=invoice.id in told)
                faults += [fault] if fault else []
            faults += [fault.message for fault in reader.ledger.check()]
        return faults

    def _fault(self, invoice: Invoice, *, told: bool) -> str | None:
        reference = invoice.reference or ""
        totals = [self._total(document) for document in self._documents() if document.reference == reference]
        what = f"{invoice.number} is {invoice.push}, finance has {[str(total) for total in totals]}, a person was told: {told}"
        if len(totals) > 1:
            return f"doubled: {what}"
        touched = reference in self.edited | self.deleted
        if reference in self.dropped and invoice.push is PushStatus.CANCELLED:
            return None
        if touched:
            # Gone or changed there: told, or sent anew because it was deleted before we knew of it.
            settled = invoice.push is PushStatus.ACCEPTED and totals == [TOTAL]
            return None if told or settled or self.system is REST_WITHOUT else f"changed in finance and nobody told: {what}"
        return None if invoice.push is PushStatus.ACCEPTED and totals == [TOTAL] else f"lost or unresolved: {what}"

    def _total(self, document: Document) -> Decimal:
        return self.system.total({"body": document.whole})


@contextmanager
def _no_lock(store: Store, stage: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """The lock of a stage that its frozen holder has lost."""
    del store, stage, wait_seconds
    yield


# ---- many seeds ----------------------------------------------------------------------------------------------------------


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: processes die here, machines do not, so nothing need reach a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def simulate(seeds: Sequence[int], prepared: Prepared) -> dict[int, list[str]]:
    """The seeds whose histories end badly, with what is wrong."""
    with histories(prepared) as history_of:
        return {seed: faults for seed in seeds if (faults := history_of(seed).run())}


@contextmanager
def histories(prepared: Prepared) -> Iterator[Callable[[int], History]]:
    """Gives what makes the history of a seed; one at a time, all in one store."""
    with quick_folder() as folder:
        file = folder / "simulated.db"
        file.write_bytes(prepared.stores[REST.target])
        with Store.open(f"sqlite:///{file}") as store:
            yield lambda seed: History(seed, system_of(seed), prepared, store, file)


def main() -> int:
    """Runs seeds and prints a report; 1 when a history ends badly. One seed alone tells its history."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="this one alone, with its history")
    parser.add_argument("--seeds", type=int, default=5000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with quick_folder() as folder:
        prepared = prepare(folder)
        if options.seed is not None:
            return _one(options.seed, prepared)
        return _many(range(options.first, options.first + options.seeds), prepared, options.processes)


def _one(seed: int, prepared: Prepared) -> int:
    with histories(prepared) as history_of:
        history = history_of(seed)
        faults = history.run()
        print("\n".join([f"seed {seed}, {history.system.name}", *history.weather.history, *(faults or ["ends well"])]))
    return 1 if faults else 0


def _many(seeds: range, prepared: Prepared, processes: int) -> int:
    started, cpu = time.monotonic(), time.process_time()
    pieces = [list(seeds)[start : start + 25] for start in range(0, len(seeds), 25)]
    wrong: dict[int, list[str]] = {}
    with ProcessPoolExecutor(processes) as pool:
        for piece, found in zip(pieces, pool.map(simulate, pieces, [prepared] * len(pieces)), strict=True):
            if piece[-1] % _TOLD_EVERY == 0:
                print(f"up to seed {piece[-1]}: {len(wrong | found)} end badly", file=sys.stderr, flush=True)
            for seed, faults in found.items():
                print(f"seed {seed}, {system_of(seed).name}: {'; '.join(faults)}", file=sys.stderr, flush=True)
            wrong |= found
    spent = os.times()
    cpu = time.process_time() - cpu + spent.children_user + spent.children_system
    turns = Counter(system_of(seed).name for seed in seeds)
    print(f"{datetime.now(UTC).date()}, seeds {seeds[0]} to {seeds[-1]}: {', '.join(f'{count} {name}' for name, count in turns.items())}")
    print(f"{len(wrong)} histories end badly; {time.monotonic() - started:.0f} s, {cpu:.0f} s of CPU on {processes} processes")
    if wrong:
        print(f"replay one with: make simulate SEED={min(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
