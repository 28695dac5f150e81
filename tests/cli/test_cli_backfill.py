"""`proforma backfill` as a user calls it: bad input, counting, kills, prices and drafts afterwards."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from proforma.cli.progress import Bars, Lines, duration
from proforma.domain.records import Actual
from proforma.mock import MockServer
from proforma.store import Store
from project_folder import Project

ROWS = 600
YEAR = ("--from", "2026-01-01", "--to", "2026-12-31", "--by", "transaction_date")


def world(rows: int = ROWS) -> BillingWorld:
    """Work of one contract, spread over 2026."""
    made = BillingWorld()
    made.contract("north")
    for number in range(rows):
        day = date(2026, 1, 1) + timedelta(days=number * 365 // rows)
        made.time(f"@w{number}", "north", msdyn_transactiondate=str(day))
    return made


def quantities(project: Project) -> dict[str, Any]:
    with Store.open(f"sqlite:///{project.folder / 'proforma.db'}") as store, store.read() as reader:
        return {actual.id: actual.quantity for actual in reader.mirror.all(Actual)}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("actuals", *YEAR), "there is no entity 'actuals' in the mappings (did you mean 'actual'?)"),
        (("actual", "--from", "2026-02-01", "--to", "2026-01-31"), "--to 2026-01-31 lies before --from 2026-02-01"),
        (("actual", "--from", "2026-02-01"), "--to is missing: a backfill has a first and a last day (what has no end yet"),
        (("actual", "--to", "2026-02-01"), "--from is missing"),
        (("actual", "--from", "February", "--to", "2026-02-01"), "--from: 'February' is no date (write YYYY-MM-DD)"),
        (("actual", *YEAR, "--chunk", "decade"), "there is no chunk 'decade' (one of: day, week, month, quarter, year)"),
        (("actual", "--from", "2026-01-01", "--to", "2026-02-01", "--by", "quantity"), "--by: actual has no date 'quantity'"),
    ],
)
def test_what_cannot_be_read_is_told(project: Project, words: tuple[str, ...], answer: str) -> None:
    """What is wrong and what to write instead; exit code 2, and nothing was asked for."""
    project.server.clear_requests()
    given = project.run("backfill", *words)
    assert (given.code, given.out) == (2, "")
    assert answer in given.err
    assert [entry for entry in project.server.requests() if "msdyn_actuals" in str(entry["path"])] == []


def test_a_dry_run_counts_and_reads_nothing(project: Project) -> None:
    """Rows of each part as the environment counts them; no run is kept and no row."""
    project.server.load(world().sets)
    answer = project.run("backfill", "actual", *YEAR, "--chunk", "quarter", "--dry-run")
    assert answer.code == 0
    parts = [(part["from"], part["to"], part["rows"]) for part in answer.json["parts"]]
    assert parts == [
        ("2026-01-01", "2026-03-31", 148),
        ("2026-04-01", "2026-06-30", 150),
        ("2026-07-01", "2026-09-30", 151),
        ("2026-10-01", "2026-12-31", 151),
    ]
    assert answer.json["rows"] == ROWS
    assert (quantities(project), project.run("runs", "list").json) == ({}, {"runs": []})


def test_killed_three_times_it_has_every_row_in_the_end(project: Project) -> None:
    """SIGKILL in the middle, three times; called again each time, the same run ends with the rows of the source."""
    project.server.load(world().sets)
    config = project.folder / "proforma.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("source:\n", "source:\n  page_size: 10\n"), encoding="utf-8")
    project.server.faults([{"match": {"path": "msdyn_actuals"}, "times": 0, "action": {"delay_ms": 30}}])
    seen = 0
    for _ in range(3):
        process = project.start("backfill", "actual", *YEAR, "--workers", "2")
        deadline = time.monotonic() + 60
        while (now := len(_pages(project.server))) < seen + 12 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        seen = len(_pages(project.server))
        assert now < 60, "it was not killed on the way"
    last = project.start_and_wait("backfill", "actual", *YEAR, "--workers", "2")
    assert (last.code, last.json["run"], last.json["left"]) == (0, 1, 0)
    assert sum(part["rows"] for part in last.json["parts"]) == ROWS
    rows: Any = project.server.dump()["msdyn_actuals"]
    assert quantities(project).keys() == {row["msdyn_actualid"] for row in rows}
    pages = sum(-(-part["rows"] // 10) for part in last.json["parts"])
    # The pages under way at a kill are read twice, no other.
    assert len(_pages(project.server)) <= pages + 3 * 2
    shown = project.run("runs", "show", "1").json
    assert (shown["outcome"], len(shown["parts"])) == ("done", 12)
    assert project.run("runs", "show", "1", as_json=False).out.count("\tdone\t") == 12


def _pages(server: MockServer) -> list[str]:
    """The pages that were served; a column that the environment lacks is found out anew by each process."""
    asked = (e for e in server.requests() if "msdyn_actuals" in str(e["path"]) and "apply" not in str(e["query"]))
    return [str(entry["query"]) for entry in asked if entry["status"] == 200]


def test_afterwards_prices_and_drafts_follow_on_request(project: Project) -> None:
    """Hours that changed behind the pull's back: the draft takes them, the confirmed invoice stays and is listed for a person."""
    made = world(rows=2)
    made.contract("south")
    made.time("@s", "south")
    project.server.load(made.sets)
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
        assert project.run(*words, as_of="2026-12-31").code == 0
    made.time("@late", "south", hours="1", msdyn_transactiondate="2026-03-03")
    project.server.load(made.sets)
    assert project.run("pull").code == 0
    assert project.run("price").code == 0
    assert project.run("invoice", "create", "--all").code == 0
    changed = [{"msdyn_actualid": guid(row), "msdyn_quantity": "3"} for row in ("@s", "@late")]
    project.server.patch(upsert={"msdyn_actuals": changed}, delete={})
    before = [invoice for invoice in project.invoices() if invoice["status"] == "confirmed"]

    answer = project.run("backfill", "actual", *YEAR, "--redraft")

    # 300.00 for the three hours that were one; two decisions took the new hours.
    assert answer.code == 1
    assert {key: answer.json[key] for key in ("decisions_changed", "drafts_refreshed", "confirmed_rows_changed")} == {
        "decisions_changed": 2,
        "drafts_refreshed": 1,
        "confirmed_rows_changed": 1,
    }
    assert [invoice["total"] for invoice in project.invoices() if invoice["status"] == "draft"] == ["300.00"]
    assert [invoice for invoice in project.invoices() if invoice["status"] == "confirmed"] == before
    problems = project.run("problems", "list").json["problems"]
    assert [(problem["source"], problem["reason"]) for problem in problems] == [(guid("@s"), "source-changed")]


def test_progress_says_rate_rest_and_waits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After 10 seconds 2,000 of 12,000 rows, of which 4 seconds were spent waiting: 200 a second, 50 seconds left."""
    clock = [100.0]
    monkeypatch.setattr("proforma.cli.progress.time.monotonic", lambda: clock[0])
    lines = Lines(every_seconds=5)
    lines.begin("backfill actual", 12_000)
    lines.wait(4.0, "the server asked for it")
    clock[0] += 10
    lines.advance(2_000)
    clock[0] += 1
    lines.advance(200)
    assert capsys.readouterr().err.splitlines() == [
        "waiting 4 s: the server asked for it",
        "backfill actual: 2000 of 12000, 200/s, 50 s left, waited 4 s",
    ]


def test_a_bar_says_the_same(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Count, rate, what is left and what was waited stand beside the bar of a terminal."""
    clock = [100.0]
    monkeypatch.setattr("proforma.cli.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "120")
    bar = Bars(color=False)
    bar.begin("backfill actual", 12_000)
    bar.wait(4.0, "the server asked for it")
    clock[0] += 10
    bar.advance(2_000)
    bar._progress.refresh()
    bar.end()
    shown = capsys.readouterr().err
    assert "waiting 4 s: the server asked for it" in shown
    assert "2000/12000 200/s, 50 s left, waited 4 s" in shown


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3540, "59 min"), (3600, "1 h 00 min")])
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    """Seconds up to a minute and a half, then minutes, then hours."""
    assert duration(seconds) == said
