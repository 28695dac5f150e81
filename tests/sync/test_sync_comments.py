"""Work that adds nothing, told to finance as lines of its own: the total stays, and what is found is compared as ever (D-28, F-72)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, REST, SYSTEMS, Finance, System
from proforma.mapping import shipped_mappings
from project_folder import Project

COMPLIMENTARY, NON_CHARGEABLE = 192350002, 192350000
FREE, BOTH = "billing_type=non-chargeable", "[non-chargeable, complimentary]"
TEXT = "{date} {role}: {description}, {quantity} {unit}, no charge"


def confirmed(project: Project, system: System, *, edit: str = "quantity=8", **more: str) -> Finance:
    """An invoice of chargeable work, of work that is not charged, and of work as a favour; the second is told as a comment."""
    world = BillingWorld()
    world.contract("a")
    world.time("@a-1", "a", msdyn_description="Design")
    world.time("@a-2", "a", hours="3", msdyn_billingtype=NON_CHARGEABLE, msdyn_description="Kick-off")
    world.time("@a-3", "a", hours="1", msdyn_billingtype=COMPLIMENTARY, msdyn_description="Favour")
    finance = Finance(project, system)
    finance.configure(more="follow_minutes: 0")
    mappings = project.folder / "mappings"
    shutil.copytree(shipped_mappings(), mappings)
    file = mappings / "finance" / f"{system.target}.yaml"
    keys = {"comments": "[non-chargeable]", "comment_text": f'"{TEXT}"', **more}
    lines = "".join(f"  {key}: {value}\n" for key, value in keys.items())
    file.write_text(file.read_text(encoding="utf-8").replace("document:\n", f"document:\n{lines}"), encoding="utf-8")
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "mappings: mappings\n", encoding="utf-8")
    project.server.load(world.sets)
    change = ("invoice", "edit", "PF-000001", "--of", guid("@a-1"), edit)
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), change, ("invoice", "confirm", "--all-drafts")):
        answer = project.run(*words)
        assert answer.code == 0, answer.err
    return finance


def lines(finance: Finance) -> list[Mapping[str, Any]]:
    """The lines of the one document that finance has."""
    (document,) = finance.documents()
    found: list[Mapping[str, Any]] = document["body"]["lines"]
    return found


SAID = "2026-03-02 Consultant: Kick-off, 3 Hour, no charge"
SHOWN: dict[str, list[tuple[str, ...]]] = {
    "rest": [("time", "8", "800.00"), ("comment", SAID, "0.00")],
    "dynamics": [("401100", "8", "800.00"), ("401100", SAID, "0")],
    "business-central": [("Account", "8", "800.00"), ("Comment", SAID, "0.00")],
}


def shown(finance: Finance) -> list[tuple[str, ...]]:
    """Kind, quantity or words, and amount of each line."""
    told: list[tuple[str, ...]] = []
    for line in lines(finance):
        match finance.system:
            case _ if finance.system is REST:
                told.append((line["type"], line["quantity"] or line["description"], line["amount"]))
            case _ if finance.system is DYNAMICS:
                words = line["InvoiceText"] or str(line["Quantity"])
                told.append((line["MainAccountDisplayValue"], words, str(line["TransactionCurrencyAmount"])))
            case _:
                told.append((line["lineType"], str(line.get("quantity") or line["description"]), str(line["amountExcludingTax"])))
    return told


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_what_is_not_charged_is_a_line_that_only_says_so(project: Project, system: System) -> None:
    """One line of work, one comment behind it; the favour is not wanted as a comment and left out. The document stays the one we sent."""
    finance = confirmed(project, system)
    assert finance.push() == 0
    assert [(kind, words, str(Decimal(amount).normalize())) for kind, words, amount in shown(finance)] == [
        (kind, words, str(Decimal(amount).normalize())) for kind, words, amount in SHOWN[system.name]
    ]
    assert system.total(finance.documents()[0]) == Decimal(800)
    assert project.run("push").json["invoices"] == [], "followed, and nothing differs"
    assert project.run("problems", "list").json["problems"] == []


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_after_a_lost_answer_it_is_found_as_ours(project: Project, system: System) -> None:
    """F-87: comments count as lines of 0 on both sides."""
    finance = confirmed(project, system)
    project.server.faults([{"match": system.create, "times": 1, "action": {"drop": "after"}}])
    finance.push()
    project.server.faults([])
    finance.push()
    finance.require_each_once()
    assert len(lines(finance)) == 2


def test_an_invoice_of_comments_alone(project: Project) -> None:
    """D-28: nothing is to be paid, and finance is told what was done."""
    finance = confirmed(project, BUSINESS_CENTRAL, edit=FREE, comments=BOTH, comment_text='"{description}"')
    assert finance.push() == 0
    told = sorted((line["description"], line["lineType"]) for line in lines(finance))
    assert told == [(words, "Comment") for words in ("Design", "Favour", "Kick-off")]
    assert finance.states() == ["accepted"]


def test_a_comment_is_either_that_or_part_of_its_line(project: Project) -> None:
    """A detail is told once: the mapping is refused with the place, before anything is sent."""
    confirmed(project, REST)
    file = project.folder / "mappings" / "finance" / "rest.yaml"
    text = file.read_text(encoding="utf-8").replace("include: [chargeable]", "include: [chargeable, non-chargeable]")
    file.write_text(text.replace("{role}", "{rolle}"), encoding="utf-8")
    answer = project.run("push", as_json=False)
    assert answer.code == 2
    assert "'non-chargeable' is either part of its lines or a comment" in answer.err
    assert "unknown placeholder {rolle}" in answer.err
