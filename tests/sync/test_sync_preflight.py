"""Preflight: what finance would refuse is found on the backlog, grouped by what is missing (F-89)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, Finance, System
from proforma.mock import MockServer
from project_folder import Project


@pytest.mark.parametrize("system", [DYNAMICS, BUSINESS_CENTRAL], ids=lambda system: system.name)
def test_what_is_missing_is_told_once_with_all_that_waits(project: Project, system: System) -> None:
    """A customer without number, one that finance lacks, one that is blocked; the fourth is in order. Nothing is written anywhere."""
    world = BillingWorld()
    for name, hours in (("a", "1"), ("b", "2"), ("c", "4"), ("d", "8")):
        world.contract(name)
        world.time(f"@{name}-1", name, hours=hours)
        world.time(f"@{name}-2", name, hours=hours)
    world.sets["accounts"][0].pop("accountnumber")
    finance = Finance(project, system)
    finance.configure()
    switches: dict[str, Any] = {"customers": ["C-c", "C-d"], "blocked_customers": ["C-c"]}
    # Who is blocked must be there to be found.
    project.server.load({**world.sets, "$finance": {system.section: switches}})
    assert project.run("pull").code == 0
    assert project.run("price").code == 0

    answer = project.run("preflight")

    assert answer.code == 1
    found = [(p["reason"], p["key"], p["amounts"], sorted(p["sources"])) for p in answer.json["problems"]]
    assert found == [
        ("customer-not-in-finance", "C-c", {"USD": "800.00"}, sorted([guid("@c-1"), guid("@c-2")])),
        ("customer-not-in-finance", "C-b", {"USD": "400.00"}, sorted([guid("@b-1"), guid("@b-2")])),
        ("customer-without-number", "Customer a", {"USD": "200.00"}, sorted([guid("@a-1"), guid("@a-2")])),
    ]
    assert project.server.documents() == []
    assert {r["method"] for r in project.server.requests() if system.path in str(r["path"])} == {"GET"}


def test_an_account_that_no_rule_gives(tmp_path: Path) -> None:
    """F-89: work for which the mapping has no account is found before anybody bills it, also without asking finance."""
    with MockServer() as server:
        project = Project(tmp_path, server)
        finance = Finance(project, DYNAMICS)
        world = BillingWorld()
        world.contract("a")
        world.time("@a-1", "a")
        server.load(world.sets)
        finance.configure()
        project.run("init", str(tmp_path / "own"))
        mapping = tmp_path / "own" / "mappings" / "finance" / "dynamics.yaml"
        text = mapping.read_text(encoding="utf-8")
        rules = text[text.index("  accounts:") :]
        mapping.write_text(text.replace(rules, '  accounts: [{type: time, role: Developer, account: "1"}]\n'), encoding="utf-8")
        config = tmp_path / "proforma.yaml"
        config.write_text(config.read_text(encoding="utf-8") + "mappings: own/mappings\n", encoding="utf-8")
        project.run("pull")
        project.run("price")
        server.clear_requests()
        (problem,) = project.run("preflight", "--offline").json["problems"]
        assert problem["reason"] == "account-unmapped"
        assert "type 'time', role 'Consultant'" in problem["message"]
        assert server.requests() == []


def test_a_unit_that_the_mapping_does_not_list(project: Project) -> None:
    """F-89, D-85: where the mapping lists all units, work in another one is found before anybody bills, and kept back at confirm."""
    world = BillingWorld()
    world.contract("a")
    world.time("@a-1", "a")
    finance = Finance(project, DYNAMICS)
    finance.configure(more="preflight: {at_confirm: refuse}")
    own_mapping(project, "dynamics", ("units: {}", "units: {Day: d}\n  other_units: refuse"))
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    (problem,) = project.run("preflight").json["problems"]
    said = "the finance mapping has no unit 'Hour': add it to document.units"
    assert (problem["reason"], problem["key"], problem["message"], problem["amounts"]) == ("unit-unmapped", "Hour", said, {"USD": "800.00"})
    assert "document.units" in problem["who"]
    assert project.run("invoice", "create", "--all").code == 0
    (refused,) = project.run("invoice", "confirm", "--all-drafts").json["refused"]
    assert refused["message"].endswith(said)


def test_numbers_that_are_too_long_for_the_system(project: Project) -> None:
    """F-62, F-89: Business Central's numbers have 20 characters; a longer customer or account is told before anything is sent."""
    world = BillingWorld()
    for name in ("a", "b"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    world.sets["accounts"][0]["accountnumber"] = "C-" + "0" * 19
    Finance(project, BUSINESS_CENTRAL).configure()
    own_mapping(project, "business-central", ('{type: time, account: "6110"}', '{type: time, account: "6110-{customer}-CONSULTING"}'))
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    found = [(p["reason"], p["message"]) for p in project.run("preflight", "--offline").json["problems"]]
    assert sorted(found) == [
        ("text-too-long", "account 6110-C-0000000000000000000-CONSULTING has 37 characters, this system takes 20"),
        ("text-too-long", "customer C-0000000000000000000 has 21 characters, this system takes 20"),
    ]


def own_mapping(project: Project, target: str, change: tuple[str, str]) -> None:
    """Mappings of the project's own, with one passage changed."""
    assert project.run("init", str(project.folder / "own")).code == 0
    file = project.folder / "own" / "mappings" / "finance" / f"{target}.yaml"
    text = file.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change), encoding="utf-8")
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "mappings: own/mappings\n", encoding="utf-8")
