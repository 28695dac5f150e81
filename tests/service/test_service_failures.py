"""What fails is told alike by exit code, status, metrics and alerts, and docs/failures.md says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from failing_site import Site, template, tried_once, world
from seeded_failures import FAILURES, Failure, table

from proforma.mock import MockServer
from proforma.service.conditions import KINDS, conditions_of
from proforma.service.plan import Plan
from proforma.settings import MonitoringSettings, ScheduleSettings
from proforma.store import Store
from proforma.sync.causes import REMEDIES
from proforma.sync.status import read_status

PAGE = Path(__file__).resolve().parents[2] / "docs" / "failures.md"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, MockServer]]:
    """A folder to copy, and the server it points at."""
    folder = tmp_path_factory.mktemp("prepared")
    with MockServer() as server:
        template(folder, server)
        yield folder, server


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.what)
def test_what_fails_is_told_alike(
    prepared: tuple[Path, MockServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    """Exit code, cause, conditions in the status, in the metrics and in the alerts are those of the table."""
    folder, server = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    server.load(world().sets)
    tried_once(monkeypatch)
    site = Site(tmp_path, server, monkeypatch)
    with site.held:
        failure.seed(site)
        code = site.ends_with()
        told = site.told(by_tick=failure.by_tick)
    kinds = tuple(sorted(failure.conditions))
    assert (code, told.cause) == (failure.exit_code, failure.cause)
    assert (told.status, told.metric, told.alert) == (kinds, kinds, kinds)
    assert told.failing == ((failure.cause,) if failure.cause else ())
    assert told.check == (1 if kinds else 0)


def test_the_page_shows_the_table() -> None:
    """docs/failures.md holds the table as it is tried here: `python tests/service/seeded_failures.py` prints it."""
    assert len(FAILURES) >= 30
    assert table() in PAGE.read_text(encoding="utf-8")


def test_every_kind_of_condition_and_every_cause_is_explained() -> None:
    """The page names each kind of condition and each cause, with what to do."""
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind, words in KINDS.items() if f"| `{kind}` | {words} |" not in text] == []
    assert [code for code, remedy in REMEDIES.items() if f"| `{code}` | {remedy} |" not in text] == []


def test_every_kind_of_condition_is_tried() -> None:
    """No kind of condition is without a failure that brings it about; that of invoices of Dataverse follows from their problems."""
    assert set(KINDS) - {"upstream-invoice"} == {kind for failure in FAILURES for kind in failure.conditions}


@pytest.mark.parametrize("problem", ["held", "upstream-changed", "price-warning"])
def test_problems_of_invoices_of_dataverse_are_a_condition(store: Store, problem: str) -> None:
    """Each kind of problem that `proforma problems list` shows for them is told as one kind of condition."""
    with store.begin() as tx:
        tx.quarantine.put(problem, "dataverse-invoice", "1", "reason", "message", None, datetime(2026, 3, 31, tzinfo=UTC))
    with store.read() as reader:
        status = read_status(reader, at=datetime(2026, 3, 31, tzinfo=UTC))
    found = conditions_of(status, Plan(jobs=(), schedule=ScheduleSettings(), zone=ZoneInfo("UTC")), MonitoringSettings())
    assert [(condition.kind, condition.subject) for condition in found] == [("upstream-invoice", problem)]
