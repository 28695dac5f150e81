"""Half a year of a daemon on a shortened clock: what its memory and its store do. `make long-run` prints the report.

Work changes before each tick, a row that cannot be mapped comes and goes, and once a month each contract is billed. What was billed is
kept for ever; everything else must level off.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from failing_site import Heard, template

from billing_world import BillingWorld
from proforma.mapping import load_mappings
from proforma.mock import MockServer
from proforma.service.alerts import Alerter
from proforma.service.metrics import Metrics, Tally
from proforma.service.plan import Plan
from proforma.service.telemetry import Nowhere
from proforma.service.ticker import Ticker
from proforma.service.watch import Watch
from proforma.service.work import CycleWork
from proforma.settings import load_configuration
from proforma.store import Lease, Store
from project_folder import Project

DAYS: Final = 180
CONTRACTS: Final = 4
_BEGIN: Final = datetime(2026, 3, 3, tzinfo=UTC)
#: What grows with what was billed, and is never lost.
_LEDGER: Final = ("invoices", "invoice_lines", "invoice_details", "invoice_events", "ledger_actuals", "source_marks", "marked_sources",
                  "outbox", "outbox_attempts", "price_reasons", "price_decisions")  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """What was measured after so many ticks. `others`: rows of every table but the mirror and the ledger."""

    ticks: int
    day: int
    resident_mib: float
    store_kib: int
    ledger: int
    others: int


class Clock:
    """Goes on by the same step before each tick."""

    def __init__(self, step: timedelta) -> None:
        self.at = _BEGIN
        self._step = step

    def __call__(self) -> datetime:
        """The instant."""
        return self.at

    def go_on(self) -> None:
        """The next tick comes."""
        self.at += self._step


def run(folder: Path, server: MockServer, *, ticks: int, marks: int) -> Iterator[Mark]:
    """Runs the ticks and measures after equal parts of them."""
    template(folder, server)
    server.load(_world().sets)
    (folder / "proforma.db").unlink()
    for ending in ("-wal", "-shm"):
        (folder / f"proforma.db{ending}").unlink(missing_ok=True)
    path = folder / "proforma.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "schedule: {every_minutes: 60}\n", encoding="utf-8")
    clock = Clock(timedelta(days=DAYS) / ticks)
    with pytest.MonkeyPatch.context() as patch, Store.open(f"sqlite:///{folder / 'proforma.db'}") as store:
        patch.setattr("proforma.cli.context.utc_now", clock)
        # Reading the same files two thousand times takes most of the time and leaves nothing behind.
        patch.setattr("proforma.mapping.load_mappings", cache(load_mappings))
        ticker, watch = _daemon(folder, store, clock)
        for tick in range(1, ticks + 1):
            clock.go_on()
            _people_work(Project(folder, server), tick, ticks)
            ticked = ticker.tick(ticker.plan.jobs[0])
            assert ticked is not None, "each tick is due"
            assert ticked.cause is None, ticked.cause
            watch.ticked(ticked)
            watch.look()
            watch.page()
            if tick % (ticks // marks) == 0:
                yield _mark(folder / "proforma.db", tick, (clock.at - _BEGIN).days)


def _daemon(folder: Path, store: Store, clock: Clock) -> tuple[Ticker, Watch]:
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    plan, tally = Plan.of(configuration), Tally()
    work = CycleWork(
        configuration=configuration, tally=tally, telemetry=Nowhere(), by="daemon", now=clock,
        business_date=lambda: clock().date(), told=lambda cycle: None,
    )  # fmt: skip
    lease = Lease(name="schedule", owner="us", epoch=1, left_seconds=60)
    ticker = Ticker(plan=plan, store=store, configuration=configuration, work=work, lease=lambda: lease, stopping=lambda: False, now=clock)
    alerter = Alerter(store=store, channels=[_Forgetful()], installation="here", repeat_seconds=3600, now=clock)
    settings = configuration.monitoring
    watch = Watch(plan=plan, settings=settings, store=store, metrics=Metrics(tally), alerter=alerter, leads=lambda: True, now=clock)
    return ticker, watch


class _Forgetful(Heard):
    """Hears every alert and keeps none: what is measured is the program's memory."""

    def send(self, alert: object) -> None:
        """Nothing is kept."""


def _world() -> BillingWorld:
    world = BillingWorld()
    for number in range(CONTRACTS):
        world.contract(f"c{number}")
        for hour in range(10):
            world.time(f"@w-{number}-{hour}", f"c{number}", msdyn_billingstatus=192350000)
    return world


def _people_work(project: Project, tick: int, ticks: int) -> None:
    rows: list[dict[str, object]] = [
        {"msdyn_actualid": f"@w-{number}-{tick % 10}", "msdyn_description": f"changed for tick {tick}", "msdyn_quantity": str(1 + tick % 8)}
        for number in range(CONTRACTS)
    ]
    if tick % 50 in (0, 1):
        rows.append({"msdyn_actualid": "@w-0-9", "msdyn_quantity": "1" + "0" * (60 if tick % 50 == 0 else 0)})
    project.server.patch(upsert={"msdyn_actuals": rows})
    if tick % max(1, ticks // 6) == 1:
        month = BillingWorld()
        for number in range(CONTRACTS):
            month.time(f"@m-{tick}-{number}", f"c{number}")
        project.server.patch(upsert={"msdyn_actuals": month.sets["msdyn_actuals"]})
        for words in (("pull", "actual"), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
            project.run(*words)
    project.server.clear_requests()


def _mark(file: Path, tick: int, day: int) -> Mark:
    resident = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096
    connection = sqlite3.connect(file)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    connection.close()
    return Mark(
        ticks=tick,
        day=day,
        resident_mib=resident / 1024**2,
        store_kib=pages * size // 1024,
        ledger=sum(counts[name] for name in _LEDGER),
        others=sum(count for name, count in counts.items() if name not in _LEDGER and not name.startswith(("mirror_", "sqlite_"))),
    )


def main() -> None:
    """Prints the report."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ticks", type=int, default=2_000)
    options.add_argument("--marks", type=int, default=20)
    given = options.parse_args()
    print(f"{'ticks':>6} {'day':>4} {'resident MiB':>13} {'store KiB':>10} {'rows billed':>12} {'other rows':>11}", flush=True)
    with MockServer() as server, tempfile.TemporaryDirectory() as folder:
        for mark in run(Path(folder), server, ticks=given.ticks, marks=given.marks):
            figures = f"{mark.ticks:>6} {mark.day:>4} {mark.resident_mib:>13.1f} {mark.store_kib:>10} {mark.ledger:>12} {mark.others:>11}"
            print(figures, flush=True)


if __name__ == "__main__":
    main()
