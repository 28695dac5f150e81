"""An accountant puts our books beside Dataverse, and every difference has a reason."""

from __future__ import annotations

from typing import Any

import pytest

from billing_world import NOT_READY, BillingWorld, guid
from project_folder import Project
from upstream_world import UpstreamWorld

SET = "msdyn_actuals"


@pytest.fixture
def books(project: Project) -> Project:
    """Of March 800.00 billed as 600.00, 200.00 drafted, 100.00 marked ready, 50.00 not ready, 70.00 taken back; and April apart."""
    world = BillingWorld()
    world.contract("north")
    world.time("@billed", "north", hours="8", msdyn_price="100.00", msdyn_amount="800.00")
    world.time("@drafted", "north", hours="2", msdyn_price="100.00", msdyn_amount="200.00", msdyn_billingstatus=NOT_READY)
    world.time("@marked", "north", hours="1", msdyn_price="100.00", msdyn_amount="100.00", msdyn_billingstatus=NOT_READY)
    world.time("@waits", "north", hours="1", msdyn_price="50.00", msdyn_amount="50.00", msdyn_billingstatus=NOT_READY)
    world.time("@back", "north", hours="1", msdyn_price="70.00", msdyn_amount="70.00", msdyn_adjustmentstatus=192350001)
    world.time(
        "@april", "north", msdyn_price="1.00", msdyn_amount="8.00", msdyn_transactiondate="2026-04-02", msdyn_billingstatus=NOT_READY
    )
    project.server.load(world.sets)
    for words in (
        ("pull",), ("invoice", "create", "--all"), ("invoice", "edit", "PF-000001", "--of", guid("@billed"), "quantity=6"),
        ("invoice", "confirm", "PF-000001"), ("backlog", "ready", guid("@drafted")), ("invoice", "create", "--all"),
        ("backlog", "ready", guid("@marked")),
    ):  # fmt: skip
        assert project.run(*words).code == 0, words
    return project


def _march(project: Project) -> tuple[int, list[Any], dict[str, set[str]]]:
    answer = project.run("reconcile", "--from", "2026-03-01", "--to", "2026-03-31")
    found: dict[str, set[str]] = {}
    for difference in answer.json["differences"]:
        found.setdefault(difference["source"], set()).add(difference["reason"])
    return answer.code, answer.json["contracts"], found


def test_every_cent_and_every_difference_is_explained(books: Project) -> None:
    """I-10, I-130: 1,220.00 of March = 800.00 billed + 200.00 drafted + 150.00 waiting + 70.00 taken back; nobody has to act."""
    code, contracts, differences = _march(books)
    assert code == 0
    assert contracts == [
        {
            "contract": guid("@north"), "currency": "USD", "unbilled_sales": "1220.00", "billed": "800.00", "drafted": "200.00",
            "backlog": "150.00", "excluded": {"adjusted": "70.00"}, "changed": "0.00", "unpriced_rows": 0, "unexplained": "0.00",
        }
    ]  # fmt: skip
    assert differences == {
        guid("@billed"): {"billed-here", "edited-here"}, guid("@drafted"): {"drafted-here"}, guid("@marked"): {"marked-here"},
    }  # fmt: skip
    assert books.run("db", "check").json["faults"] == []


def test_what_happened_in_dataverse_since_the_pull_is_told(books: Project) -> None:
    """A new row, a changed one, a deleted one, and one that Dataverse has billed too: each needs a person, exit code 1."""
    dump: Any = books.server.dump()
    rows = {row["msdyn_actualid"]: row for row in dump[SET]}
    new = {**rows[guid("@waits")], "msdyn_actualid": guid("@new")}
    changed = {"msdyn_actualid": guid("@waits"), "msdyn_amount": "55.00"}
    billed = {"msdyn_actualid": guid("@billed"), "msdyn_billingstatus": 192350002}
    books.server.patch(upsert={SET: [new, changed, billed]}, delete={SET: [guid("@marked")]})
    code, contracts, differences = _march(books)
    assert (code, contracts[0]["unexplained"]) == (1, "0.00")
    assert differences == {
        guid("@new"): {"not-pulled"}, guid("@waits"): {"changed"}, guid("@marked"): {"gone"},
        guid("@billed"): {"changed", "billed-on-both-sides", "edited-here"}, guid("@drafted"): {"drafted-here"},
    }  # fmt: skip


def test_rows_without_a_contract_and_rows_that_moved_are_found(project: Project) -> None:
    """I-23, promise 5: work that belongs to no contract is listed, not lost; what moved to another contract is told once, as changed."""
    world = BillingWorld()
    for name in ("north", "south"):
        world.contract(name)
    world.time("@moves", "north", msdyn_price="1.00", msdyn_amount="8.00")
    world.time("@lost", "north", _msdyn_salescontract_value=None, _msdyn_salescontractlineid_value=None)
    world.time("@orphan", "north", _msdyn_salescontract_value="@gone", _msdyn_salescontractlineid_value="@gone-line")
    world.time("@by-line", "north", _msdyn_salescontract_value=None)
    world.time("@taken-back", "north", _msdyn_salescontract_value=None, _msdyn_salescontractlineid_value=None,
               msdyn_adjustmentstatus=192350001)  # fmt: skip
    project.server.load(world.sets)
    assert project.run("pull").code == 0
    problems = {p["source"]: p["reason"] for p in project.run("problems", "list").json["problems"]}
    assert problems == dict.fromkeys((guid("@lost"), guid("@orphan")), "no-contract-line")
    listed = {row["source"]: row["contract"] for row in project.run("backlog", "list", "--all").json["rows"]}
    assert (listed[guid("@lost")], listed[guid("@orphan")]) == (None, None)
    assert {d["source"]: d["reason"] for d in project.run("reconcile").json["differences"] if d["needs_a_person"]} == {}

    moved = {"msdyn_actualid": guid("@moves"), "_msdyn_salescontract_value": guid("@south")}
    new = {**world.sets[SET][1], "msdyn_actualid": guid("@new"), "msdyn_description": "new"}
    project.server.clear_requests()
    project.server.patch(upsert={SET: [moved, new]})
    answer = project.run("reconcile")
    told = [(d["source"], d["reason"]) for d in answer.json["differences"] if d["needs_a_person"]]
    assert (answer.code, sorted(told)) == (1, sorted([(guid("@moves"), "changed"), (guid("@new"), "not-pulled")]))
    requests: Any = project.server.requests()
    asked = [str(request["query"]) for request in requests if SET in str(request["path"])]
    assert [query for query in asked if "$filter=" not in query] == []

    found = {"msdyn_actualid": guid("@lost"), "_msdyn_salescontract_value": guid("@north"),
             "_msdyn_salescontractlineid_value": guid("@line-north")}  # fmt: skip
    project.server.patch(upsert={SET: [found]}, delete={SET: [guid("@orphan"), guid("@new")]})
    project.run("pull")
    assert project.run("problems", "list").json["problems"] == []


def test_invoices_of_dataverse_are_explained(project: Project) -> None:
    """I-130: what was taken over and what is held say which invoice of Dataverse bills them; nobody has to act."""
    world = UpstreamWorld()
    world.contract("north")
    world.time("@fits", "north", hours="1")
    world.time("@dear", "north", hours="1")
    world.invoice("inv-1", "north", "@fits")
    world.invoice("inv-2", "north", "@dear", prices={"@dear": "120.00"})
    project.server.load(world.sets)
    path = project.folder / "proforma.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("invoicing: {}", "invoicing: {origin: dataverse}"), encoding="utf-8")
    project.run("pull")
    project.run("draft")
    answer = project.run("reconcile")
    differences = {d["source"]: d["reason"] for d in answer.json["differences"]}
    assert (answer.code, differences) == (0, {guid("@fits"): "taken-over", guid("@dear"): "held-here"})
    account = answer.json["contracts"][0]
    assert (account["billed"], account["drafted"], account["unexplained"]) == ("100.00", "120.00", "0.00")
