"""A shadow target: compared with what is there, and never sent anything."""

from __future__ import annotations

from finance_worlds import BUSINESS_CENTRAL, REST, Finance
from project_folder import Project


def shadow(project: Project) -> str:
    """Business Central as the shadow of the usual system."""
    url = f"{project.server.url}{BUSINESS_CENTRAL.path}"
    keys = ("shadow: true", "compare_with: rest", "follow_minutes: 0", f"url: {url}", "company: CRONUS", "auth: {kind: bearer, token: x}")
    return "\n".join(("others:", "  business-central:", *(f"    {key}" for key in keys)))


def test_another_mapping_is_tried_beside_the_productive_one(project: Project) -> None:
    """What the usual system got is compared with what the shadow would get; nothing reaches the shadow."""
    finance = Finance(project, REST)
    finance.configure(more=shadow(project))
    finance.confirm(1)
    answer = project.run("push").json["invoices"]
    assert [(row["push"], row["message"]) for row in answer] == [("accepted", None), ("accepted", "shadow business-central: equal")]
    assert {document["target"] for document in finance.documents()} == {"rest"}
    assert not any(BUSINESS_CENTRAL.path in str(request["path"]) for request in project.server.requests())
    assert project.run("push").json["invoices"] == []


def test_the_usual_system_as_a_shadow_is_compared_with_what_was_made_by_hand(project: Project) -> None:
    """Somebody enters the invoice with our number and a wrong amount, then mends it: told, then equal; nothing is ever created."""
    finance = Finance(project, REST)
    finance.configure(more="shadow: true\nfollow_minutes: 0")
    finance.confirm(1)
    assert finance.push() == 1
    (problem,) = project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["reason"]) == ("shadow", "shadow-missing")

    by_hand = {
        "reference": "PF-000001", "customer": {"account": "C-c0"}, "currency": "USD", "total": "750.00", "invoice_date": "2026-03-31",
        "lines": [{"line": 1, "amount": "750.00"}],
    }  # fmt: skip
    finance.call("PUT", "invoices/PF-000001", by_hand)
    assert finance.push() == 1
    (problem,) = project.run("problems", "list").json["problems"]
    assert (problem["reason"], problem["message"]) == ("shadow-different", "PF-000001: total: finance has 750.00, we sent 800.00")

    finance.call("PUT", "invoices/PF-000001", {**by_hand, "total": "800.00"})
    assert finance.push() == 0
    assert project.run("problems", "list").json["problems"] == []
    assert (finance.states(), len(finance.documents())) == (["queued"], 1)
