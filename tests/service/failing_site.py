"""An installation in which things are made to fail, and everything that then tells of it: exit code, status, metrics, alerts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from billing_world import BillingWorld
from proforma.domain.errors import ProformaError
from proforma.mapping import load_mappings, shipped_mappings
from proforma.mock import MockServer
from proforma.service.alerts import Alert, Alerter
from proforma.service.metrics import Metrics, Reading, Tally
from proforma.service.plan import Plan
from proforma.service.telemetry import Nowhere
from proforma.service.ticker import Ticker
from proforma.service.watch import Watch
from proforma.service.work import CycleWork
from proforma.settings import load_configuration
from proforma.store import Lease, Store
from proforma.transport.retry import RetryPolicy
from project_folder import Project

_ROOTS = (
    "account", "actual", "contract", "contract-line", "contract-price-list", "currency", "organizational-unit", "price-list", "project",
    "role", "role-price", "unit",
)  # fmt: skip


@dataclass
class Heard:
    """A channel that keeps what it was given."""

    name: str = "webhook"
    alerts: list[Alert] = field(default_factory=list)

    def send(self, alert: Alert) -> None:
        """Never fails."""
        self.alerts.append(alert)


@dataclass(frozen=True)
class Told:
    """What everybody was told after a run: kinds of conditions, sorted, and why the run ended early."""

    status: tuple[str, ...]
    metric: tuple[str, ...]
    alert: tuple[str, ...]
    check: int
    cause: tuple[str, str] | None
    failing: tuple[tuple[str, str], ...]


class Site(Project):
    """A project whose mirror, drafts and outbox are filled, with the few mappings that its world needs."""

    def __init__(self, folder: Path, server: MockServer, patch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, server)
        self.patch = patch
        self.late = timedelta(0)
        self.heard = Heard()
        self.held = ExitStack()
        self._killed = False

    @property
    def file(self) -> Path:
        """The store."""
        return self.folder / "proforma.db"

    def now(self) -> datetime:
        """The present, moved on by what the test says."""
        return datetime.now(UTC) + self.late

    def change(self, old: str, new: str) -> None:
        """Another word in the configuration."""
        path = self.folder / "proforma.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def change_mapping(self, name: str, old: str, new: str) -> None:
        """Another word in a mapping."""
        path = self.folder / "mappings" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def fault(self, path: str, method: str | None = None, **action: object) -> None:
        """Every request of this kind goes wrong from now on."""
        match = {"path": path, **({"method": method} if method else {})}
        self.server.add_fault({"match": match, "times": 0, "action": action})

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store, as another process has it open."""
        with Store.open(f"sqlite:///{self.file}") as store:
            yield store

    def watch(self, store: Store) -> Watch:
        """Whoever looks at the store, telling `heard`."""
        configuration = load_configuration(self.folder / "proforma.yaml", environment={})
        alerter = Alerter(store=store, channels=[self.heard], installation="here", repeat_seconds=3600, now=self.now)
        metrics = Metrics(Tally())
        plan, settings = Plan.of(configuration), configuration.monitoring
        return Watch(plan=plan, settings=settings, store=store, metrics=metrics, alerter=alerter, leads=lambda: True, now=self.now)

    def tick(self, store: Store, watch: Watch) -> None:
        """What the daemon does when its only job is due."""
        configuration = load_configuration(self.folder / "proforma.yaml", environment={})
        work = CycleWork(
            configuration=configuration, tally=Tally(), telemetry=Nowhere(), by="daemon", now=self.now,
            business_date=lambda: datetime(2026, 3, 31, tzinfo=UTC).date(), told=lambda cycle: None,
        )  # fmt: skip
        lease = Lease(name="schedule", owner="us", epoch=1, left_seconds=60)
        plan = Plan.of(configuration)
        ticker = Ticker(
            plan=plan, store=store, configuration=configuration, work=work, lease=lambda: lease, stopping=lambda: False, now=self.now
        )
        (job,) = plan.jobs
        if (ticked := ticker.tick(job)) is not None:
            watch.ticked(ticked)

    def told(self, *, by_tick: bool) -> Told:
        """What status, metrics and alerts say now; `by_tick`: after a tick of the daemon that met the same fault."""
        self.patch.setattr("proforma.cli.context.utc_now", self.now)
        self.patch.setattr("proforma.service.alerts.channels_of", lambda settings: [self.heard])
        try:
            store = Store.open(f"sqlite:///{self.file}", busy_seconds=0)
        except ProformaError:
            return self._told_without_store()
        with store:
            watch = self.watch(store)
            if by_tick:
                self.tick(store, watch)
            reading = watch.read()
            page = watch.page().decode()
            watch.look()
        answer = self.run("status", "--check")
        return Told(
            status=tuple(sorted(c["kind"] for c in answer.json["conditions"])),
            metric=_kinds(page),
            alert=self._alerted(),
            check=answer.code,
            cause=_cause(reading),
            failing=_failing(page),
        )

    def _told_without_store(self) -> Told:
        """No daemon can start and nothing is counted: the timer's look tells it, and status ends with the fault itself."""
        assert self.run("alert", "check").code == 1
        answer = self.run("status", "--check")
        assert answer.err.startswith("error: ")
        kinds = self._alerted()
        return Told(status=kinds, metric=kinds, alert=kinds, check=1, cause=None, failing=())

    def _alerted(self) -> tuple[str, ...]:
        return tuple(sorted({c.kind for alert in self.heard.alerts if alert.event == "alert" for c in alert.conditions}))

    def kill(self) -> None:
        """The next run is killed in the middle of its push."""
        self._killed = True
        self.fault("/finance/rest/invoices", delay_ms=60_000)

    def ends_with(self) -> int:
        """The exit code of one `proforma sync`; of one that is killed, the signal below 0."""
        if not self._killed:
            return self.run("sync").code
        with self.start("sync") as process:
            while not any("/finance/rest/invoices" in str(request["path"]) for request in self.server.requests()):
                assert process.poll() is None, "it ended before it came to finance"
                time.sleep(0.02)
            process.kill()
            process.communicate()
            self.server.faults([])
            return process.returncode


def _kinds(page: str) -> tuple[str, ...]:
    found = samples(page, "proforma_condition")
    return tuple(sorted(labels["kind"] for labels, value in found if value))


def _failing(page: str) -> tuple[tuple[str, str], ...]:
    return tuple((labels["cause"], labels["side"]) for labels, value in samples(page, "proforma_run_failing") if value)


def samples(page: str, name: str) -> list[tuple[dict[str, str], float]]:
    """The samples of a metric, read by the library that Prometheus gives for it."""
    from prometheus_client.parser import text_string_to_metric_families

    families = [family for family in text_string_to_metric_families(page) if family.name == name]
    return [(dict(sample.labels), sample.value) for family in families for sample in family.samples]


def _cause(reading: Reading) -> tuple[str, str] | None:
    runs = reading.status.runs if reading.status else ()
    failed = [(run.cause, run.side or "") for run in runs if run.cause]
    return failed[0] if failed else None


def world() -> BillingWorld:
    """Two contracts with ready work."""
    made = BillingWorld()
    for name in ("north", "south"):
        made.contract(name)
        made.time(f"@w-{name}", name)
    return made


def template(folder: Path, server: MockServer) -> None:
    """Fills a folder: what north owes is confirmed and queued, what south owes is drafted."""
    server.load(world().sets)
    server.write_configuration(folder / "proforma.yaml")
    mappings = folder / "mappings"
    shutil.copytree(shipped_mappings(), mappings)
    needed = _closure(_ROOTS)
    for file in (*(mappings / "dataverse").glob("*.yaml"), *(mappings / "finance").glob("*.yaml")):
        if file.stem not in (*needed, "rest"):
            file.unlink()
    path = folder / "proforma.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "mappings: mappings\nmonitoring: {listen: off}\n", encoding="utf-8")
    project = Project(folder, server)
    assert project.run("sync").code == 0
    assert project.run("invoice", "create", "--all").code == 0
    first = project.invoices()[0]["number"]
    assert project.run("invoice", "confirm", first).code == 0


def _closure(roots: Sequence[str]) -> set[str]:
    entities = load_mappings(None).entities
    found: set[str] = set()
    todo = list(roots)
    while todo:
        if (name := todo.pop()) not in found:
            found.add(name)
            todo.extend(entities[name].after)
    return found


def tried_once(patch: pytest.MonkeyPatch) -> None:
    """How often a request is repeated is tested elsewhere: here each is tried once, and no lock is waited for."""
    from proforma.store.connect import connect
    from proforma.transport import retry

    original = retry.Retrier.__init__
    quick = RetryPolicy(attempts_max=1, throttles_max=1)
    patch.setattr(retry.Retrier, "__init__", lambda self, policy=None, **more: original(self, policy or quick, **more))
    patch.setattr("proforma.store.store.connect", lambda where, busy_seconds: connect(where, busy_seconds=0))


def limit_store(patch: pytest.MonkeyPatch, *pragmas: str) -> None:
    """Every connection to a store that is opened from now on begins with these statements."""
    from proforma.store.connect import connect

    def connected(where: Any, busy_seconds: float) -> sa.Engine:
        engine = connect(where, busy_seconds=busy_seconds)

        @sa.event.listens_for(engine, "connect")
        def limit(connection: Any, _record: object) -> None:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")

        return engine

    patch.setattr("proforma.store.store.connect", connected)


Seed = Callable[[Site], None]
