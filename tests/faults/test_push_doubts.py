"""Promise 4 against lost answers: after any doubt finance is asked before it is told, and what differs is for a person (F-83 … F-88)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from billing_world import BillingWorld
from proforma.mock import MockServer
from project_folder import Project

CREATE = {"method": "POST", "path": "/finance/rest/invoices"}
FIND = {"method": "GET", "path": "/finance/rest/invoices"}


@pytest.fixture
def confirmed(project: Project) -> Project:
    """A project with two confirmed invoices of 800.00 that wait for finance."""
    return _confirmed(project, finance=None)


def _confirmed(project: Project, finance: dict[str, Any] | None) -> Project:
    world = BillingWorld()
    for name in ("a", "b"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    project.server.load({**world.sets, **({"$finance": {"rest": finance}} if finance else {})})
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
        assert project.run(*words).code == 0
    return project


def _states(project: Project) -> list[str]:
    return [invoice["push"] for invoice in project.invoices()]


def _references(project: Project) -> list[str]:
    return sorted(str(document["reference"]) for document in project.server.documents())


def _all_sent_once(project: Project) -> None:
    invoices = project.invoices()
    assert _states(project) == ["accepted", "accepted"]
    assert _references(project) == sorted(invoice["reference"] for invoice in invoices)
    assert sorted(str(d["number"]) for d in project.server.documents()) == sorted(i["external_number"] for i in invoices)
    assert project.run("db", "check").json["faults"] == []


@pytest.mark.parametrize(
    "action",
    [
        pytest.param({"drop": "before"}, id="connection dropped before the work"),
        pytest.param({"drop": "after"}, id="connection dropped after the work"),
        pytest.param({"truncate": 20}, id="answer cut off"),
        pytest.param({"status": 500, "body": "oops"}, id="500 before the work"),
        pytest.param({"status": 500, "body": "oops", "after": True}, id="500 after the work"),
        pytest.param({"status": 502, "body": "<html>proxy</html>", "headers": {"Content-Type": "text/html"}}, id="proxy page 502"),
        pytest.param(
            {"status": 200, "body": "<html>sign in</html>", "headers": {"Content-Type": "text/html"}, "after": True}, id="proxy page 200"
        ),
        pytest.param({"status": 429, "headers": {"Retry-After": "0"}}, id="throttled"),
    ],
)
def test_one_lost_answer_doubles_and_loses_nothing(confirmed: Project, action: dict[str, Any]) -> None:
    """F-88: whatever happens to one answer, each invoice ends in finance exactly once and we know its number."""
    confirmed.server.faults([{"match": CREATE, "times": 1, "action": action}])
    confirmed.run("push")
    confirmed.server.faults([])
    confirmed.run("push")
    _all_sent_once(confirmed)


def test_a_failed_look_up_is_not_an_absence(confirmed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-86: while finance cannot be asked, an invoice in doubt is not sent again; exit code 3, and the next run settles it."""
    _patient_for_no_time(monkeypatch)
    confirmed.server.faults(
        [{"match": CREATE, "times": 0, "action": {"drop": "after"}}, {"match": FIND, "times": 0, "action": {"status": 503}}]
    )
    stopped = confirmed.run("push")
    assert stopped.code == 3
    assert "sending" in _states(confirmed)
    posts = [r for r in confirmed.server.requests() if r["method"] == "POST" and "finance" in str(r["path"])]
    confirmed.run("push")
    again = [r for r in confirmed.server.requests() if r["method"] == "POST" and "finance" in str(r["path"])]
    assert len(again) == len(posts), "asked first, and since nobody answered, not told"
    confirmed.server.faults([])
    confirmed.run("push")
    _all_sent_once(confirmed)


def _patient_for_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt a call instead of six over a quarter of a minute: the rules under test are those after the last attempt."""
    from proforma.transport import retry

    quick = retry.RetryPolicy(attempts_max=1)
    original = retry.Retrier.__init__
    monkeypatch.setattr(retry.Retrier, "__init__", lambda self, policy=None, **more: original(self, policy or quick, **more))


def test_a_refused_invoice_waits_for_a_person_and_stops_nothing(project: Project) -> None:
    """F-77, promise 5: one customer is refused; the other invoice goes on, the refusal is listed in finance's words, retry is possible."""
    _confirmed(project, finance={"reject_customers": ["C-a"]})
    assert project.run("push").code == 1
    assert sorted(_states(project)) == ["accepted", "refused"]
    (problem,) = project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["reason"]) == ("push", "push-refused")
    assert "customer" in problem["message"]
    assert project.run("push").json["invoices"] == [], "a refusal is not repeated by itself"

    project.server.faults([])
    assert project.run("problems", "retry", problem["id"]).code == 0
    assert project.run("push").code == 1, "finance still refuses"
    (problem,) = project.run("problems", "list").json["problems"]
    assert project.run("problems", "drop", problem["id"], "--reason", "billed by hand").code == 0
    assert sorted(_states(project)) == ["accepted", "cancelled"]
    assert project.run("problems", "list").json["problems"] == []


@pytest.mark.parametrize("list_first", [pytest.param(True, id="listed first"), pytest.param(False, id="told by a 409")])
def test_another_document_under_our_reference_is_a_conflict(confirmed: Project, list_first: bool) -> None:
    """F-87, F-77: a document with our reference and another total is never taken for ours, and never overwritten.

    Listed before anything is sent, it is asked about and nothing is told; unlisted, finance answers 409, and is asked then.
    """
    _listing(confirmed, list_first)
    invoice = confirmed.invoices()[0]
    foreign = {
        "reference": invoice["reference"], "customer": {"account": "C-a"}, "currency": "USD", "total": "1.00",
        "lines": [{"line": 1, "description": "x", "quantity": "1", "unit_price": "1.00", "amount": "1.00"}],
    }  # fmt: skip
    _post(confirmed.server, foreign)
    assert confirmed.run("push").code == 1
    assert sorted(_states(confirmed)) == ["accepted", "conflict"]
    (problem,) = confirmed.run("problems", "list").json["problems"]
    assert problem["reason"] == "push-conflict"
    assert "total: finance has 1.00, we sent 800.00" in problem["message"]
    assert len(confirmed.server.documents()) == 2
    # One document of somebody else, one of ours, and ours again where nobody looked before.
    assert len([r for r in confirmed.server.requests() if (r["method"], r["path"]) == ("POST", CREATE["path"])]) == (2 if list_first else 3)


def _listing(project: Project, wanted: bool) -> None:
    config = project.folder / "proforma.yaml"
    text = config.read_text(encoding="utf-8")
    assert "finance:\n" in text
    config.write_text(text.replace("finance:\n", f"finance:\n  list_first: {str(wanted).lower()}\n"), encoding="utf-8")


def _post(server: MockServer, document: dict[str, Any]) -> None:
    import msgspec
    import requests

    headers = {"Content-Type": "application/json", "Idempotency-Key": str(document["reference"])}
    with requests.post(f"{server.url}/finance/rest/invoices", data=msgspec.json.encode(document), headers=headers, timeout=10) as answer:
        assert answer.status_code == 201, answer.text


def test_a_target_that_can_neither_repeat_nor_be_asked_parks_a_doubt(project: Project, tmp_path: Path) -> None:
    """F-75: without key, upsert and find a lost answer is for a person; nothing is sent twice."""
    assert project.run("init", str(tmp_path / "own")).code == 0
    mapping = tmp_path / "own" / "mappings" / "finance" / "rest.yaml"
    text = mapping.read_text(encoding="utf-8")
    text = text.replace("once: idempotency-key", "once: none").replace("key_header: Idempotency-Key\n", "")
    lines = text.splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if line.startswith("find:"))
    end = next(n for n, line in enumerate(lines) if n > begin and line.startswith("create:"))
    kept = [line for line in (*lines[:begin], *lines[end:]) if not line.startswith(("key_lifetime_hours", "settle_seconds"))]
    mapping.write_text("".join(kept), encoding="utf-8")
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "mappings: own/mappings\n", encoding="utf-8")
    _confirmed(project, finance=None)
    project.server.faults([{"match": CREATE, "times": 1, "action": {"drop": "after"}}])
    assert project.run("push").code == 1
    assert sorted(_states(project)) == ["accepted", "parked"]
    project.run("push")
    assert len(project.server.documents()) == 2


def test_a_customer_that_finance_cannot_know_is_refused_before_anything_is_sent(project: Project) -> None:
    """D-4: a customer without account number is never guessed; the invoice waits and names what is missing."""
    world = BillingWorld()
    world.contract("a")
    world.time("@a-1", "a")
    world.sets["accounts"][0].pop("accountnumber")
    project.server.load(world.sets)
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
        project.run(*words)
    assert project.run("push").code == 1
    assert project.server.documents() == []
    (problem,) = project.run("problems", "list").json["problems"]
    assert problem["reason"] == "push-refused"
    assert "has no number" in problem["message"]
