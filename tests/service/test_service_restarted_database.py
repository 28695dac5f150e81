"""PostgreSQL ends every session, as it does when it is restarted: one tick tells it, the next one works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from failing_site import Heard

from proforma.service.alerts import Alerter
from proforma.service.jobs import jobs_of
from proforma.service.metrics import Metrics, Tally
from proforma.service.plan import Plan
from proforma.service.ticker import Ticked, Ticker
from proforma.service.watch import Watch
from proforma.settings import MonitoringSettings, ScheduleSettings, load_configuration
from proforma.store import Lease, Store

STORES = ("postgresql",)
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
LEASE = Lease(name="schedule", owner="us", epoch=1, left_seconds=60)


def end_all_sessions(url: str) -> None:
    """What a restart does to those who were connected."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    engine.dispose()


def test_a_restarted_database_costs_one_tick(store: Store, url: str, tmp_path: Path) -> None:
    """The tick that meets it could not begin: store-unusable in readiness and alert. The next one runs, and it is over."""
    path = tmp_path / "proforma.yaml"
    path.write_text("source: {url: 'http://127.0.0.1:9'}\nfinance: {target: rest, url: 'http://127.0.0.1:9/f'}\n", encoding="utf-8")
    schedule, now, heard = ScheduleSettings(), [NOON], Heard()
    plan = Plan(jobs=jobs_of(schedule, ZoneInfo("UTC")), schedule=schedule, zone=ZoneInfo("UTC"))
    ticker = Ticker(
        plan=plan, store=store, configuration=load_configuration(path, environment={}), work=lambda stages, go_on: "done",
        lease=lambda: LEASE, stopping=lambda: False, now=lambda: now[0],
    )  # fmt: skip
    alerter = Alerter(store=store, channels=[heard], installation="here", repeat_seconds=3600)
    watch = Watch(
        plan=plan, settings=MonitoringSettings(), store=store, metrics=Metrics(Tally()), alerter=alerter, leads=lambda: True,
        now=lambda: now[0],
    )  # fmt: skip

    def tick() -> Ticked:
        ticked = ticker.tick(plan.jobs[0])
        assert ticked is not None
        watch.ticked(ticked)
        watch.look()
        now[0] += timedelta(minutes=10)
        return ticked

    outcomes = [tick().outcome]
    end_all_sessions(url)
    failed = tick()
    outcomes += [failed.outcome, tick().outcome]
    assert outcomes == ["done", "failed", "done"]
    assert failed.cause is not None
    assert (failed.cause.code, failed.cause.side, failed.begun) == ("store-unreachable", "store", False)
    told = [(alert.event, [condition.kind for condition in alert.conditions]) for alert in heard.alerts]
    assert told == [("alert", ["store-unusable"]), ("resolved", ["store-unusable"])]
