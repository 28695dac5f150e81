"""Promise 4 against SIGKILL at every boundary: before and after each commit and each HTTP exchange of a push of several invoices.

A push is forked, dies at the n-th boundary, and another one goes on. The mock finance system, a process of its own, is the judge:
each invoice exactly once, with its total, and our state agrees. Then the same with two deaths in a row, at sampled boundaries. And all of
it again for taking those documents back: none is left, each is cancelled here, and nobody is told of drift.
Run by `make kill-test`, with `tests` on PYTHONPATH; `tests/faults/test_kill_points.py` runs a sample.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import requests

from finance_worlds import SYSTEMS, Finance, System
from proforma.domain.codes import PushStatus
from proforma.domain.errors import UnfinishedError
from proforma.mapping import Mappings, load_mappings
from proforma.mock import MockServer
from proforma.settings import load_configuration
from proforma.store import Header, Reader, Store, Transaction
from proforma.sync import workshop
from proforma.sync.workshop import Workshop
from proforma.transport.session import Answer, Session
from project_folder import Project

TOTAL = Decimal("800.00")


class RemoteMock:
    """A mock in a process of its own, which survives the deaths of those who talk to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()

    def load(self, world: Mapping[str, object]) -> None:
        """Replaces everything."""
        self._do("PUT", "world", msgspec.json.encode(world))

    def documents(self) -> list[dict[str, Any]]:
        """What finance has."""
        return cast("list[dict[str, Any]]", msgspec.json.decode(self._do("GET", "finance/documents"), type=list))

    def forget_documents(self) -> None:
        """Empties finance."""
        self._do("DELETE", "finance/documents")
        self._do("DELETE", "requests")

    def _do(self, method: str, path: str, body: bytes | None = None) -> bytes:
        answer = self._http.request(method, f"{self.url}/mock/{path}", data=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content


@contextmanager
def mock() -> Iterator[RemoteMock]:
    """A mock for the length of the block."""
    process = subprocess.Popen([sys.executable, "-m", "proforma", "mock", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield RemoteMock(process.stdout.readline().split()[1])
    finally:
        process.terminate()
        process.communicate(timeout=30)


@dataclass
class Boundaries:
    """Counts the boundaries that a process crosses, and kills it at one of them."""

    deadly: int | None = None
    crossed: list[str] = field(default_factory=list)

    def cross(self, name: str) -> None:
        """One more; it may be the last."""
        if len(self.crossed) == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.crossed.append(name)

    def install(self) -> None:
        """Stands at every commit and every exchange of this process from now on."""
        begin, exchange = Store.begin, Session.exchange
        here = self

        @contextmanager
        def begun(self: Store) -> Iterator[Transaction]:
            with begin(self) as transaction:
                yield transaction
                here.cross("before a commit")
            here.cross("after a commit")

        def exchanged(self: Session, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
            here.cross("before a request")
            answer = exchange(self, method, url, headers, body)
            here.cross("after an answer")
            return answer

        Store.begin = begun  # type: ignore[method-assign]
        Session.exchange = exchanged  # type: ignore[method-assign]


@cache
def _mappings(folder: Path | None) -> Mappings:
    return load_mappings(folder)


@dataclass
class Proof:
    """One system's turn: a store with confirmed invoices, put back before each round."""

    finance: Finance
    server: RemoteMock
    invoices: int

    def prepare(self) -> None:
        """Confirmed invoices, and the bytes of the store that holds them."""
        self.finance.configure(auth="{kind: bearer, token: somebody}")
        self.finance.confirm(self.invoices)
        self._before = (self._folder / "proforma.db").read_bytes()

    @property
    def _folder(self) -> Path:
        return self.finance.project.folder

    def count(self) -> list[str]:
        """The boundaries of one whole push."""
        self._reset()
        boundaries = Boundaries()
        told = self._folder / "boundaries"
        assert self._forked(lambda: self._push(boundaries, told)) == 0
        return told.read_text(encoding="utf-8").splitlines()

    def round(self, deaths: Sequence[int]) -> list[str]:
        """A push that dies at each of these boundaries in turn, then one that lives; what is wrong afterwards."""
        self._reset()
        for deadly in deaths:
            self._forked(lambda deadly=deadly: self._push(Boundaries(deadly)))  # type: ignore[misc]
        if self._forked(lambda: self._push(Boundaries())) != 0:
            return ["the last push did not end well"]
        return self._faults()

    def _reset(self) -> None:
        self.server.forget_documents()
        for file in self._folder.glob("proforma.db*"):
            file.unlink()
        (self._folder / "proforma.db").write_bytes(self._before)

    def _push(self, boundaries: Boundaries, told: Path | None = None) -> None:
        boundaries.install()
        configuration = load_configuration(self._folder / "proforma.yaml", environment={})
        with Workshop(configuration, now=lambda: datetime.now(UTC), by="kill-test") as shop:
            self._work(shop)
        if told is not None:
            told.write_text("\n".join(boundaries.crossed), encoding="utf-8")

    def _work(self, shop: Workshop) -> None:
        """What dies and goes on."""
        list(shop.push().run())

    def _forked(self, work: Callable[[], None]) -> int:
        """Exit code of a process that does the work; negative: it was killed."""
        child = os.fork()
        if child == 0:
            code = 3
            try:
                work()
                code = 0
            except UnfinishedError as fault:
                print(fault, file=sys.stderr)
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _faults(self) -> list[str]:
        documents = self.server.documents()
        seen = Counter(str(document["reference"]) for document in documents)
        faults = [f"{reference} is there {count} times" for reference, count in seen.items() if count > 1]
        totals = {str(document["reference"]): self.finance.system.total(document) for document in documents}
        with Store.open(f"sqlite:///{self._folder / 'proforma.db'}") as store, store.read() as reader:
            for invoice in reader.ledger.invoices():
                if invoice.push is not PushStatus.ACCEPTED:
                    faults.append(f"{invoice.number} is {invoice.push}")
                if totals.get(invoice.reference or "") != TOTAL:
                    faults.append(f"{invoice.number} stands in finance with {totals.get(invoice.reference or '')}")
            faults += [fault.message for fault in reader.ledger.check()]
        return faults


class CancelProof(Proof):
    """The same for taking back what was pushed (F-43)."""

    def _reset(self) -> None:
        super()._reset()
        assert self._forked(self._push_all) == 0

    def _push_all(self) -> None:
        configuration = load_configuration(self._folder / "proforma.yaml", environment={})
        with Workshop(configuration, now=lambda: datetime.now(UTC), by="kill-test") as shop:
            list(shop.push().run())

    def _work(self, shop: Workshop) -> None:
        with shop.store.read() as reader:
            names = [header.id for header in reader.ledger.all_headers()]
        for row in shop.cancellation().run(names, reason="sent too early"):
            if row.fault is not None:
                raise row.fault

    def _faults(self) -> list[str]:
        faults = [f"{document['reference']} is still there" for document in self.server.documents()]
        with Store.open(f"sqlite:///{self._folder / 'proforma.db'}") as store, store.read() as reader:
            faults += [f"{invoice.number} is {invoice.push}" for invoice in _other_than(reader, PushStatus.CANCELLED)]
            faults += [problem.message for problem in reader.quarantine.open()]
            faults += [fault.message for fault in reader.ledger.check()]
        return faults


def _other_than(reader: Reader, push: PushStatus) -> list[Header]:
    return [header for header in reader.ledger.all_headers() if header.push is not push]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one system's turn showed."""

    system: str
    boundaries: int
    single: int
    double: int
    faults: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is tried: all boundaries or so many sampled ones, then so many sampled pairs."""

    invoices: int
    single: int | None
    double: int
    seed: int


def prove(system: System, server: RemoteMock, effort: Effort, kind: type[Proof] = Proof) -> Outcome:
    """Kills one system's pushes, or its cancellations."""
    started = time.monotonic()
    name = system.name if kind is Proof else f"{system.name}, cancel"
    chance = random.Random(f"{effort.seed}/{name}")
    folder = Path(tempfile.mkdtemp(prefix="kill-test-"))
    try:
        proof = kind(Finance(Project(folder, cast("MockServer", server)), system), server, effort.invoices)
        proof.prepare()
        boundaries = len(proof.count())
        points = (
            list(range(boundaries)) if effort.single is None else sorted(chance.sample(range(boundaries), min(effort.single, boundaries)))
        )
        faults = [f"killed at {point}: {fault}" for point in points for fault in proof.round([point])]
        pairs = [(chance.randrange(boundaries), chance.randrange(boundaries)) for _ in range(effort.double)]
        faults += [f"killed at {pair}: {fault}" for pair in pairs for fault in proof.round(pair)]
    finally:
        shutil.rmtree(folder)
    seconds = time.monotonic() - started
    return Outcome(system=name, boundaries=boundaries, single=len(points), double=len(pairs), faults=tuple(faults), seconds=round(seconds))


def report(outcomes: Sequence[Outcome], *, invoices: int, seed: int, day: str) -> str:
    """The result as docs/reliability.md shows it."""
    lines = [
        f"{day}, seed {seed}, {invoices} invoices a push",
        "",
        f"{'system':<26}{'boundaries':>11}{'kills':>8}{'double kills':>14}{'doubled, lost or unresolved':>30}",
    ]
    lines += [f"{o.system:<26}{o.boundaries:>11}{o.single:>8}{o.double:>14}{len(o.faults):>30}" for o in outcomes]
    kills = sum(o.single for o in outcomes) + 2 * sum(o.double for o in outcomes)
    lines += ["", f"{kills} processes killed, {sum(len(o.faults) for o in outcomes)} faults"]
    return "\n".join(lines)


KINDS: Final[Mapping[str, tuple[type[Proof], ...]]] = {"push": (Proof,), "cancel": (CancelProof,), "all": (Proof, CancelProof)}


def main() -> int:
    """Runs the proof and prints its report; 1 when anything was doubled, lost or left unresolved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=20)
    parser.add_argument("--single", type=int, default=None, help="so many sampled boundaries of each system instead of every one")
    parser.add_argument("--double", type=int, default=167, help="so many sampled pairs of each system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--of", choices=sorted(KINDS), default="all", help="pushes, cancellations, or both")
    options = parser.parse_args()
    effort = Effort(invoices=options.invoices, single=options.single, double=options.double, seed=options.seed)
    # Read before forking, so that no child needs to.
    setattr(workshop, "load_mappings", _mappings)  # noqa: B010
    _mappings(None)
    outcomes = []
    with mock() as server:
        for system, kind in product(SYSTEMS, KINDS[options.of]):
            outcome = prove(system, server, effort, kind)
            outcomes.append(outcome)
            print(f"{outcome.system}: {outcome.seconds} s, {len(outcome.faults)} faults", file=sys.stderr, flush=True)
            for fault in outcome.faults:
                print(f"{outcome.system}: {fault}", file=sys.stderr)
    print(report(outcomes, invoices=options.invoices, seed=options.seed, day=datetime.now(UTC).date().isoformat()))
    return 1 if any(outcome.faults for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
