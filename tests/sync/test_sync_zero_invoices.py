"""Invoices of which nothing is to be paid: sent like others, or ended here with their reason, never silently absent (D-28)."""

from __future__ import annotations

import shutil
from decimal import Decimal

import pytest

from billing_world import BillingWorld
from finance_worlds import DYNAMICS, REST, Finance, System
from proforma.mapping import shipped_mappings
from project_folder import Project

CLOSED = "its total is 0: it ends here and is not sent, as document.zero of the finance mapping wants it"


def confirmed(project: Project, system: System, *, zero: str) -> Finance:
    """Two invoices: work of 800.00, and work that was taken back."""
    world = BillingWorld()
    for name in ("a", "b"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    world.time("@b-2", "b", hours="-8")
    finance = Finance(project, system)
    finance.configure(more="preflight: {at_confirm: refuse}")
    mappings = project.folder / "mappings"
    shutil.copytree(shipped_mappings(), mappings)
    file = mappings / "finance" / f"{system.target}.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("document:\n", f"document:\n  zero: {zero}\n"), encoding="utf-8")
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "mappings: mappings\n", encoding="utf-8")
    project.server.load(world.sets)
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
        answer = project.run(*words)
        assert answer.code == 0, answer.err
    return finance


def totals(project: Project) -> list[tuple[str, str]]:
    """Total and push of each invoice."""
    return sorted((invoice["total"], invoice["push"]) for invoice in project.invoices())


@pytest.mark.parametrize("system", [REST, DYNAMICS], ids=lambda system: system.name)
def test_where_the_mapping_wants_it_they_end_here_with_their_reason(project: Project, system: System) -> None:
    """Only what is to be paid reaches finance; the other is a cancelled push that says why, and no problem of anybody."""
    finance = confirmed(project, system, zero="close")
    answer = project.run("push")
    assert answer.code == 0
    assert sorted((row["push"], row["message"]) for row in answer.json["invoices"] if row["push"] == "cancelled") == [("cancelled", CLOSED)]
    assert totals(project) == [("0.00", "cancelled"), ("800.00", "accepted")]
    assert [system.total(document) for document in finance.documents()] == [Decimal("800.00")]
    assert project.run("problems", "list").json["problems"] == []
    assert project.run("push").json["invoices"] == []
    assert project.run("db", "check").json["faults"] == []


def test_a_dry_run_says_which_would_stay(project: Project) -> None:
    """What ends here is listed with its reason in the place of a document."""
    confirmed(project, REST, zero="close")
    shown = project.run("push", "--dry-run").json["invoices"]
    assert sorted((row["refused"] or "", row["document"] is None) for row in shown) == [("", False), (CLOSED, True)]


def test_usually_they_are_sent_like_others(project: Project) -> None:
    """Two documents, one of them of 0."""
    finance = confirmed(project, REST, zero="send")
    assert project.run("push").code == 0
    assert sorted(REST.total(document) for document in finance.documents()) == [Decimal(0), Decimal(800)]


def test_what_finance_may_have_is_looked_for_before_it_ends_here(project: Project) -> None:
    """Sent under the old policy and forgotten by a store from a backup: finance's document is found and taken as ours."""
    finance = confirmed(project, DYNAMICS, zero="send")
    store = (project.folder / "proforma.db").read_bytes()
    assert project.run("push").code == 0
    assert len(finance.documents()) == 2
    for leftover in project.folder.glob("proforma.db*"):
        leftover.unlink()
    (project.folder / "proforma.db").write_bytes(store)
    file = project.folder / "mappings" / "finance" / "dynamics.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("zero: send", "zero: close"), encoding="utf-8")
    assert project.run("push").code == 0
    assert {push for _, push in totals(project)} == {"accepted"}
    assert len(finance.documents()) == 2
