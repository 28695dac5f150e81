"""The main job as stories, through the command line, against the mock servers over real sockets."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from billing_world import NOT_READY, BillingWorld, guid
from project_folder import Project


def _billed(project: Project, world: BillingWorld) -> list[dict[str, Any]]:
    """Everything up to a confirmed invoice for each contract."""
    project.server.load(world.sets)
    assert project.run("pull").code == 0
    project.run("price")
    project.run("invoice", "create", "--all")
    project.run("invoice", "confirm", "--all-drafts")
    return project.invoices()


def _two_contracts() -> BillingWorld:
    world = BillingWorld()
    for name in ("north", "south"):
        world.contract(name)
        world.time(f"@{name}-1", name, hours="8")
        world.time(f"@{name}-2", name, hours="2.5")
    return world


def test_work_becomes_an_invoice_in_finance(project: Project) -> None:
    """8 h and 2.5 h at 100.00 become one invoice of 1,050.00 for each contract, which finance has once, with its number."""
    invoices = _billed(project, _two_contracts())
    assert [(i["number"], i["contract"], i["total"], i["status"], i["push"]) for i in invoices] == [
        ("PF-000001", guid("@north"), "1050.00", "confirmed", "queued"),
        ("PF-000002", guid("@south"), "1050.00", "confirmed", "queued"),
    ]

    pushed = project.run("push")

    assert pushed.code == 0, pushed.err
    documents: dict[str, Any] = {str(d["reference"]): d for d in project.server.documents()}
    for invoice in project.invoices():
        document = documents.pop(invoice["reference"])
        assert (invoice["push"], invoice["external_number"]) == ("accepted", document["number"])
        assert document["body"]["total"] == "1050.00"
        assert document["body"]["currency"] == "USD"
        assert [line["amount"] for line in document["body"]["lines"]] == ["1050.00"]
        assert len(invoice["reference"]) <= 35
    assert documents == {}
    assert project.run("db", "check").json == {"invoices": 2, "faults": []}


def test_a_second_run_adds_nothing(project: Project) -> None:
    """Pulling, pricing, creating and pushing again changes nothing: the ledger is subtracted (I-54)."""
    _billed(project, _two_contracts())
    project.run("push")
    before = project.invoices()
    project.run("pull", "--full")
    project.run("price", "--reprice")
    assert project.run("invoice", "create", "--all").json["invoices"] == []
    assert project.run("push").json["invoices"] == []
    assert project.invoices() == before
    assert len(project.server.documents()) == 2


def test_why_a_price_is_what_it_is(project: Project) -> None:
    """P-67: explain names list, row, rule and the whole trail; an unpriced record says why it has no price."""
    world = _two_contracts()
    world.time("@nobody", "north", _msdyn_resourcecategory_value="@unknown-role")
    project.server.load(world.sets)
    project.run("pull")
    decision = project.run("explain", guid("@north-1")).json
    assert (decision["price"], decision["amount"], decision["currency"], decision["rule"], decision["reason"]) == (
        "100.00", "800.00", "USD", "P-33", "role-price",
    )  # fmt: skip
    assert (decision["price_list"], decision["price_line"]) == (guid("@list"), guid("@rate"))
    assert [step.split()[0] for step in decision["trail"]][:3] == ["P-1", "P-5", "P-20"]
    unpriced = project.run("explain", guid("@nobody")).json
    assert (unpriced["price"], unpriced["reason"]) == (None, "no-role-price")
    assert project.run("explain", guid("@elsewhere")).code == 2


def test_a_deleted_row_leaves_the_backlog_and_flags_its_draft(project: Project) -> None:
    """Promise 2: unbilled work that Dataverse deleted is not billed; on a draft it stops the confirmation until it is removed."""
    world = _two_contracts()
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    drafted = project.run("invoice", "create", "--contract", guid("@north")).json["invoices"]
    project.server.patch(delete={"msdyn_actuals": [guid("@north-1"), guid("@south-1")]})
    project.run("pull", "--full")

    backlog = {row["source"]: row["status"] for row in project.run("backlog", "list").json["rows"]}
    assert guid("@south-1") not in backlog
    refused = project.run("invoice", "confirm", drafted[0]["number"])
    assert (refused.code, [r["reason"] for r in refused.json["refused"]]) == (1, ["source-changed"])
    problems = project.run("problems", "list").json["problems"]
    assert [(p["kind"], p["source"], p["reason"]) for p in problems] == [("draft", guid("@north-1"), "source-changed")]

    assert project.run("invoice", "remove", drafted[0]["number"], "--of", guid("@north-1")).code == 0
    assert project.run("invoice", "confirm", drafted[0]["number"]).code == 0
    assert project.invoices()[0]["total"] == "250.00"


def test_a_deleted_row_on_a_confirmed_invoice_changes_nothing(project: Project) -> None:
    """Promise 6: what was confirmed stays, whatever Dataverse deletes afterwards."""
    before = _billed(project, _two_contracts())
    project.server.patch(delete={"msdyn_actuals": [guid("@north-1")]})
    project.run("pull", "--full")
    assert project.invoices() == before
    assert project.run("push").code == 0
    assert project.run("db", "check").json["faults"] == []


def test_a_row_that_cannot_be_mapped_is_held_and_stops_nothing(project: Project) -> None:
    """Promise 5, I-23: an unknown status number is never guessed; the row waits with its reason, the others are billed."""
    world = _two_contracts()
    world.time("@odd", "north", hours="100", msdyn_billingstatus=192359999)
    project.server.load(world.sets)
    pulled = project.run("pull")
    assert pulled.code == 1
    assert {e["entity"]: e["quarantined"] for e in pulled.json["entities"] if e["quarantined"]} == {"actual": 1}
    (problem,) = project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["source"], problem["reason"]) == ("row", guid("@odd"), "unknown-status")
    assert "192359999" in problem["message"]
    project.run("price")
    project.run("invoice", "create", "--all")
    assert sorted(i["total"] for i in project.invoices()) == ["1050.00", "1050.00"]

    project.server.patch(upsert={"msdyn_actuals": [{"msdyn_actualid": guid("@odd"), "msdyn_billingstatus": NOT_READY}]})
    assert project.run("pull", "--full").code == 0
    assert project.run("problems", "list").json["problems"] == []


def test_a_row_that_becomes_unreadable_is_not_billed_from_memory(project: Project) -> None:
    """A row that was ready and then gets a status we do not know leaves the backlog: its old form is not the truth any more."""
    project.server.load(_two_contracts().sets)
    project.run("pull")
    project.server.patch(upsert={"msdyn_actuals": [{"msdyn_actualid": guid("@north-1"), "msdyn_billingstatus": 5}]})
    project.run("pull", "--full")
    project.run("price")
    project.run("invoice", "create", "--contract", guid("@north"))
    assert [i["total"] for i in project.invoices()] == ["250.00"]


def test_nothing_ready_makes_no_invoice(project: Project) -> None:
    """I-73: a contract with nothing ready gives no invoice and no error; marking rows ready is a person's decision (I-52)."""
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north", msdyn_billingstatus=NOT_READY)
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    assert project.run("invoice", "create", "--all").json == {"invoices": [], "refused": [], "passed_over": []}
    assert project.run("backlog", "ready", guid("@w")).code == 0
    project.run("pull", "--full")  # a pull never undoes a decision made here
    assert [i["total"] for i in project.run("invoice", "create", "--all").json["invoices"]] == ["800.00"]
    assert project.run("backlog", "not-ready", guid("@w")).json["refused"][0]["reason"] == "on-draft"


def test_one_cycle_does_everything_a_policy_allows(project: Project) -> None:
    """`sync` pulls, prices, confirms when the policy says so, however many drafts there are, and pushes; a dry run only says what it
    would do (I-93).
    """
    project.server.load(_two_contracts().sets)
    dry = project.run("sync", "--dry-run").json
    assert dry["waiting"] == {"ready_rows": 4, "drafts": 0, "held": 0, "unsent": 0}
    project.run("invoice", "create", "--all")
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text().replace("invoicing: {}", "invoicing: {confirm: automatic, bulk_confirm_max: 1}"), encoding="utf-8")
    done = project.run("sync")
    assert done.code == 0, done.err
    assert Counter(p["push"] for p in done.json["pushed"]) == Counter(accepted=2)
    assert [run["outcome"] for run in project.run("runs", "list").json["runs"]] == ["done", "done"]
    assert project.run("runs", "show", "2").json["counts"]["pushed"] == 2
    status = project.run("status").json
    assert (status["invoices"], status["push"], status["problems"]) == ({"confirmed": 2}, {"accepted": 2}, 0)


def test_the_demonstration_gives_the_figures_worked_out_by_hand() -> None:
    """`proforma demo`: harbour 24×140 + 3×210 + 7.5×115 + 6×190 + 320×1.1, pilot 8×140 + 4×48.50, bridge 12,500 − 4,000, tunnel 12×162.50 +
    16×150 + 20×118.75 + 460×0.92."""
    import contextlib
    import io

    import msgspec

    from proforma.cli.main import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["--json", "-q", "demo"]) == 0
    result = msgspec.json.decode(out.getvalue())
    totals = [(invoice["currency"], Decimal(invoice["total"])) for invoice in result["invoices"]]
    assert sorted(totals) == sorted(
        [("USD", Decimal("6344.50")), ("USD", Decimal("1314.00")), ("USD", Decimal("8500.00")), ("EUR", Decimal("7148.20"))]
    )
    assert [row["push"] for row in result["pushed"]] == ["accepted"] * 4
    assert all(row["external_number"] for row in result["pushed"])


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Pacific/Kiritimati"])
def test_business_dates_do_not_move_with_the_time_zone(project: Project, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """P-5: the machine's time zone changes no price and no invoice date."""
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        invoices = _billed(project, _two_contracts())
        assert [(i["total"], i["invoice_date"]) for i in invoices] == [("1050.00", "2026-03-31")] * 2
    finally:
        monkeypatch.undo()
        time.tzset()
