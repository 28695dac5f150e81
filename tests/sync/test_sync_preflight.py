"""Preflight: what finance would refuse is found on the backlog, grouped by what is missing (F-89)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, SYSTEMS, Finance, System
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


ASKED: dict[str, dict[str, Any]] = {
    "dynamics": {"main_accounts": ["401200"], "currencies": ["EUR"]},
    "business-central": {"main_accounts": ["6120"], "currencies": ["EUR"], "units": ["HOUR"], "closed_before": "2026-04-01"},
    "rest": {"units": ["HOUR"], "closed_before": "2026-04-01"},
}
#: Time is booked on 401100 and 6110; the world has USD, Hour and 31 March.
REFUSED = {
    "dynamics": [
        ("account-not-in-finance", "401100", "account 401100: finance has no such main account"),
        ("currency-not-in-finance", "USD", "currency USD: finance has no such currency"),
    ],
    "business-central": [
        ("account-not-in-finance", "6110", "account 6110: company CRONUS has no such account"),
        ("currency-not-in-finance", "USD", "currency USD: company CRONUS has no such currency"),
        ("day-not-in-finance", "2026-03-31", "day 2026-03-31: posting is allowed there from 2026-04-01"),
        ("unit-not-in-finance", "Hour", "unit Hour: company CRONUS has no such unit"),
    ],
    "rest": [
        ("day-not-in-finance", "2026-03-31", "day 2026-03-31: it is not open there"),
        ("unit-not-in-finance", "Hour", "unit Hour: finance has no such unit"),
    ],
}
UNASKED: dict[str, list[str]] = {"dynamics": ["day"], "business-central": [], "rest": ["currency"]}


def waiting(project: Project, system: System, **switches: Any) -> Finance:
    """Work of two contracts, two rows each, that waits to be billed."""
    world = BillingWorld()
    for name in ("a", "b"):
        world.contract(name)
        for number in (1, 2):
            world.time(f"@{name}-{number}", name)
    finance = Finance(project, system)
    finance.configure()
    companies = {"companies": [{"name": "CRONUS", "currency": "GBP"}]} if system is BUSINESS_CENTRAL else {}
    project.server.load({**world.sets, "$finance": {system.section: {**companies, **switches}}})
    for words in (("pull",), ("price",)):
        assert project.run(*words).code == 0
    project.server.clear_requests()
    return finance


def questions(project: Project, system: System) -> list[str]:
    """What finance was asked."""
    return [f"{r['method']} {r['path']}?{r['query']}" for r in project.server.requests() if system.path in str(r["path"])]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_finance_is_asked_once_about_every_key(project: Project, system: System) -> None:
    """F-89: four rows, one account, currency, unit and day: each is asked about once, by reading, and all that waits is told with it."""
    waiting(project, system, **ASKED[system.name])
    answer = project.run("preflight")
    assert answer.code == 1
    found = [(p["reason"], p["key"], p["message"]) for p in answer.json["problems"]]
    assert found == REFUSED[system.name]
    assert {(len(p["sources"]), p["amounts"]["USD"]) for p in answer.json["problems"]} == {(4, "3200.00")}
    told = [(gap["kinds"], gap["failed"]) for gap in answer.json["not_asked"]]
    assert told == ([(UNASKED[system.name], False)] if UNASKED[system.name] else [])
    asked = questions(project, system)
    assert len(asked) == len(set(asked))
    assert {question.split()[0] for question in asked} == {"GET"}
    assert project.server.documents() == []


def test_a_currency_that_is_rounded_more_coarsely_there(project: Project) -> None:
    """F-89, D-46: amounts with two decimals would be rounded to whole dollars; to a hundredth they come through."""
    waiting(project, BUSINESS_CENTRAL, rounding={"USD": "1"})
    (problem,) = project.run("preflight").json["problems"]
    assert problem["message"] == "currency USD: amounts here have 2 decimals, there they are rounded to 1"
    project.server.switch_finance("bc", {"companies": [{"name": "CRONUS", "currency": "GBP"}]})
    assert project.run("preflight").json == {"problems": [], "not_asked": []}


def test_a_question_that_fails_is_no_refusal(project: Project) -> None:
    """F-89: one list may not be read, the rest is asked and told; exit code 3, because nobody knows what was not asked."""
    waiting(project, BUSINESS_CENTRAL, main_accounts=["6120"])
    project.server.faults([{"match": {"path": "/unitsOfMeasure"}, "times": 0, "action": {"status": 403}}])
    answer = project.run("preflight")
    assert answer.code == 3
    assert [p["reason"] for p in answer.json["problems"]] == ["account-not-in-finance"]
    (gap,) = answer.json["not_asked"]
    assert (gap["kinds"], gap["failed"]) == (["unit"], True)
    assert "403" in gap["reason"]
    assert "business-central was not asked about unit" in project.run("preflight", as_json=False).err


def test_a_system_that_is_down_is_asked_one_question(project: Project) -> None:
    """F-89: after a page of a proxy instead of an answer nothing more is asked, and every kind is said to be open."""
    waiting(project, DYNAMICS, main_accounts=["401200"])
    page = {"status": 200, "body": "<html></html>", "headers": {"Content-Type": "text/html"}}
    project.server.faults([{"match": {"path": DYNAMICS.path}, "times": 0, "action": page}])
    answer = project.run("preflight")
    assert answer.code == 3
    assert answer.json["problems"] == []
    assert sorted(kind for gap in answer.json["not_asked"] for kind in gap["kinds"]) == ["account", "currency", "customer", "day"]
    assert len(set(questions(project, DYNAMICS))) == 1


def test_nothing_is_asked_offline_and_that_is_said(project: Project) -> None:
    """F-89: our own records are in order; that finance was not asked stands beside it."""
    waiting(project, DYNAMICS, main_accounts=["401200"])
    assert project.run("preflight", "--offline").json["problems"] == []
    assert questions(project, DYNAMICS) == []


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_key_of_a_draft_is_asked_about_at_confirm(project: Project, system: System) -> None:
    """F-89: both drafts are refused with all that finance lacks, by one question for each key and for the posting date."""
    finance = waiting(project, system, **ASKED[system.name])
    assert project.run("invoice", "create", "--all").code == 0
    finance.configure(more="preflight: {at_confirm: refuse, ask: true}")
    project.server.clear_requests()
    first, second = project.run("invoice", "confirm", "--all-drafts").json["refused"]
    lacks = sorted(message for _, _, message in REFUSED[system.name])
    for refused in (first, second):
        assert sorted(refused["message"].split("refuse it: ")[1].split("; ")) == lacks
    asked = questions(project, system)
    assert len(asked) == len(set(asked))
    project.server.switch_finance(system.section, {})
    assert project.run("invoice", "confirm", "--all-drafts").code == 0
