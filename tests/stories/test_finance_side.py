"""What leaves for finance, what does not, and what comes back."""

from __future__ import annotations

from typing import Any

from billing_world import BillingWorld
from project_folder import Project


def test_only_a_confirmed_invoice_leaves_and_finance_changes_nothing_on_it(project: Project) -> None:
    """I-120, I-122 … I-124: a draft stays here; after confirmation finance gets it once, under our number; its answer adds an external
    number and no more. Reversals of unbilled sales stay in our ledger."""
    world = BillingWorld()
    world.contract("north")
    world.time("@a", "north")
    world.time("@free", "north", hours="1", msdyn_billingtype=192350000)
    project.server.load(world.sets)
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("push",)):
        assert project.run(*words).code == 0
    assert project.server.documents() == []

    project.run("invoice", "confirm", "--all-drafts")
    (confirmed,) = project.invoices()
    ledger = project.run("ledger", "list").json
    assert project.run("push").code == 0

    (document,) = project.server.documents()
    body: Any = document["body"]
    (after,) = project.invoices()
    assert (body["total"], sum(line["amount"] == "800.00" for line in body["lines"])) == ("800.00", 1)
    assert after == {**confirmed, "push": "accepted", "external_id": after["external_id"], "external_number": document["number"]}
    assert project.run("ledger", "list").json == ledger
    assert [row["type"] for row in ledger["actuals"] if row["reversal"]] == ["unbilled", "unbilled"]


def test_an_invoice_above_the_thousand_lines_of_dual_write_is_sent_whole(project: Project) -> None:
    """I-121, I-124: 1,001 details are one document with one total; nothing is left for a later import."""
    world = BillingWorld()
    world.contract("north")
    for number in range(1001):
        world.time(f"@{number}", "north", hours="1", msdyn_price="2.00", msdyn_amount="2.00")
    project.server.load(world.sets)
    for words in (("pull",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts"), ("push",)):
        assert project.run(*words).code == 0, words
    (document,) = project.server.documents()
    body: Any = document["body"]
    assert body["total"] == "2002.00"
    assert [i["push"] for i in project.invoices()] == ["accepted"]
