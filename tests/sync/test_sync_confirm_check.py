"""Preflight again at confirm (F-89): what finance would refuse is told while the draft can still be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import DYNAMICS, Finance
from proforma.mapping import shipped_mappings
from project_folder import Project


@pytest.fixture
def finance(project: Project) -> Finance:
    """Two drafts: the customer of one has no number, finance has never heard of the other one's."""
    world = BillingWorld()
    for name in ("a", "b"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    world.sets["accounts"][0].pop("accountnumber")
    made = Finance(project, DYNAMICS)
    made.configure()
    project.server.load({**world.sets, "$finance": {"dynamics": {"customers": ["C-x"]}}})
    for words in (("pull",), ("price",), ("invoice", "create", "--all")):
        assert project.run(*words).code == 0
    project.server.clear_requests()
    return made


def statuses(project: Project) -> list[str]:
    """How the invoices stand."""
    return [invoice["status"] for invoice in project.invoices()]


def test_what_is_missing_is_told_and_confirming_goes_on(finance: Finance, project: Project) -> None:
    """The usual way: a warning by our own records, and no request; exit code 0."""
    answer = project.run("invoice", "confirm", "--all-drafts", as_json=False)
    assert answer.code == 0
    assert "has no number in Dataverse" in answer.err
    assert statuses(project) == ["confirmed", "confirmed"]
    assert project.server.requests() == []


def test_what_was_not_confirmed_is_not_warned_of(finance: Finance, project: Project) -> None:
    """A draft that is refused for another reason, here its lack of details, is not told as confirmed."""
    assert project.run("invoice", "remove", "PF-000001", "--of", guid("@a-1")).code == 0
    answer = project.run("invoice", "confirm", "--all-drafts", as_json=False)
    assert answer.code == 1
    assert "empty" in answer.err
    assert "confirmed, but" not in answer.err
    assert statuses(project) == ["draft", "confirmed"]


def test_it_may_refuse_and_ask_finance(finance: Finance, project: Project) -> None:
    """Both drafts stay drafts, each with its reason; finance was asked, and told nothing."""
    finance.configure(more="preflight: {at_confirm: refuse, ask: true}")
    answer = project.run("invoice", "confirm", "--all-drafts")
    assert answer.code == 1
    refused = answer.json["refused"]
    assert {row["reason"] for row in refused} == {"preflight"}
    assert "has no number in Dataverse" in refused[0]["message"]
    assert "company usmf has no such customer" in refused[1]["message"]
    assert statuses(project) == ["draft", "draft"]


def test_a_finance_system_that_is_down_blocks_no_confirmation(finance: Finance, project: Project) -> None:
    """D-104: what cannot be asked is not held against the draft; what we know ourselves still is."""
    finance.configure(more="preflight: {at_confirm: refuse, ask: true}")
    project.server.faults([{"match": {"path": DYNAMICS.path}, "times": 0, "action": {"status": 403}}])
    answer = project.run("invoice", "confirm", "--all-drafts")
    assert answer.code == 1
    assert sorted(statuses(project)) == ["confirmed", "draft"]
    assert "attention: dynamics was not asked about" in answer.err


def test_a_customer_without_a_number_is_named_by_its_id(finance: Finance, project: Project) -> None:
    """D-4: a contact, say, has none: the mapping names it."""
    own = project.folder / "mappings"
    shutil.copytree(shipped_mappings(), own)
    name_customer(own / "finance" / "dynamics.yaml")
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "mappings: mappings\n", encoding="utf-8")
    assert project.run("invoice", "confirm", "--all-drafts").code == 0
    shown = project.run("push", "--dry-run").json["invoices"]
    assert [row["document"]["customer"]["account"] for row in shown] == ["C-77", "C-b"]
    reasons = {problem["reason"] for problem in project.run("preflight", "--offline").json["problems"]}
    assert reasons == set()


def name_customer(mapping: Path) -> None:
    """Says how finance knows the customer without a number."""
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("  customers: {}", f'  customers: {{{guid("@cust-a")}: "C-77"}}'), encoding="utf-8")
