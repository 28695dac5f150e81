"""Two persons for an invoice, through the command line: who acts is what PROFORMA_USER says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from project_folder import Answer, Project

Acting = Callable[..., Answer]


@pytest.fixture
def acting(project: Project, monkeypatch: pytest.MonkeyPatch) -> Acting:
    """Runs a command as somebody; another person has to confirm, and two contracts wait to be billed."""
    world = BillingWorld()
    for name in ("north", "south"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    project.server.load(world.sets)
    monkeypatch.setenv("PROFORMA_INVOICING__CONFIRMED_BY", "another_person")
    assert project.run("pull").code == 0
    assert project.run("price").code == 0

    def act(person: str, *words: str, **how: Any) -> Answer:
        monkeypatch.setenv("PROFORMA_USER", person)
        return project.run(*words, **how)

    return act


def states(project: Project) -> list[tuple[str, str]]:
    """Number and status of every invoice."""
    return [(invoice["number"], invoice["status"]) for invoice in project.invoices()]


def history(acting: Acting, number: str) -> list[tuple[str, str]]:
    """Who did what to an invoice, as anyone may read it."""
    return [(event["by"], event["act"]) for event in acting("dan", "invoice", "show", number).json["history"]]


def test_an_invoice_needs_two_persons(project: Project, acting: Acting) -> None:
    """I-87, I-93: Ann's and Bob's drafts; Bob confirms all, but for his own and the one that he edited, and the ledger holds."""
    acting("ann", "invoice", "create", "--contract", guid("@north"))
    acting("bob", "invoice", "create", "--contract", guid("@south"))

    refused = acting("Bob", "invoice", "confirm", "--all-drafts")

    assert refused.code == 1
    [refusal] = refused.json["refused"]
    assert (refusal["id"], refusal["reason"]) == (project.invoices()[1]["id"], "second-person-needed")
    assert refusal["message"] == (
        "PF-000002 was made or changed by bob, and you act as Bob: let somebody else look at it and confirm it (invoicing.confirmed_by)"
    )
    assert states(project) == [("PF-000001", "confirmed"), ("PF-000002", "draft")]

    assert acting("ann", "invoice", "edit", "PF-000002", "--of", guid("@south-1"), "quantity=6").code == 0
    assert acting("ann", "invoice", "confirm", "PF-000002").code == 1
    assert acting("cid", "invoice", "confirm", "PF-000002").code == 0
    assert history(acting, "PF-000001") == [("ann", "drafted"), ("Bob", "confirmed")]
    assert history(acting, "PF-000002") == [("bob", "drafted"), ("ann", "edit"), ("cid", "confirmed")]
    assert "cid\tconfirmed" in acting("dan", "invoice", "show", "PF-000002", as_json=False).out
    assert acting("dan", "db", "check").json == {"invoices": 2, "faults": []}


def test_its_correction_needs_two_persons_too(project: Project, acting: Acting) -> None:
    """I-87, I-100: who drafts the correction does not confirm it; who confirmed the original does."""
    acting("ann", "invoice", "create", "--contract", guid("@north"))
    acting("bob", "invoice", "confirm", "PF-000001")
    acting("ann", "invoice", "correct", "PF-000001")

    assert [row["reason"] for row in acting("ann", "invoice", "confirm", "PF-000002").json["refused"]] == ["second-person-needed"]
    assert acting("bob", "invoice", "confirm", "PF-000002").code == 0
    assert states(project) == [("PF-000001", "corrected"), ("PF-000002", "confirmed")]


def test_the_doctor_tells_as_whom_one_acts(acting: Acting) -> None:
    """It says what the policy is and where the name comes from; without PROFORMA_USER that is the login."""
    checks = acting(" ann ", "doctor", "--offline").json["checks"]
    [found] = [check for check in checks if check["check"] == "persons"]
    assert (found["level"], found["message"]) == (
        "ok",
        "another person confirms a draft; you act as ann (PROFORMA_USER, or the login)",
    )
