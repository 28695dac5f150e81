"""A correction of what finance does not have: credited never, by a person's word only, never silently (I-100, F-71, D-28)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import REST, Finance
from proforma.mock import MockServer
from project_folder import Project


@pytest.fixture
def finance(tmp_path: Path) -> Iterator[Finance]:
    """One confirmed invoice of two rows, 800.00 and 200.00."""
    world = BillingWorld()
    world.contract("a")
    world.time("@a-1", "a")
    world.time("@a-2", "a", hours="2")
    with MockServer(world.sets) as server:
        made = Finance(Project(tmp_path, server), REST)
        made.configure(more="follow_minutes: 0")
        for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
            assert made.project.run(*words).code == 0
        yield made


def given_up(finance: Finance) -> None:
    """Finance has refused the invoice, and a person has dropped it."""
    finance.switch(reject_customers=["C-a"])
    assert finance.push() == 1
    (problem,) = problems(finance)
    assert finance.project.run("problems", "drop", problem["id"], "--reason", "see ticket 7").code == 0
    finance.switch()


def correct(finance: Finance, *only: str) -> None:
    """The invoice is corrected, and that is confirmed: a full credit, or of chosen rows."""
    chosen = [word for source in only for word in ("--only", source)]
    assert finance.project.run("invoice", "correct", "PF-000001", *chosen).code == 0
    assert finance.project.run("invoice", "confirm", "--all-drafts").code == 0


def problems(finance: Finance) -> list[Any]:
    """What waits for a person."""
    found: list[Any] = finance.project.run("problems", "list").json["problems"]
    return found


def totals(finance: Finance) -> list[Decimal]:
    """What finance has."""
    return [REST.total(document) for document in finance.documents()]


def sound(finance: Finance) -> None:
    """The books hold together."""
    assert finance.project.run("db", "check").json["faults"] == []


def test_the_credit_of_what_was_taken_back_ends_here(finance: Finance) -> None:
    """There is nothing to credit: its push is cancelled with that reason, and its work is in the backlog again."""
    assert finance.push() == 0
    assert finance.project.run("invoice", "cancel", "PF-000001", "--reason", "wrong customer").code == 0
    correct(finance)
    shown = finance.project.run("push", "--dry-run").json["invoices"]
    (pushed,) = finance.project.run("push").json["invoices"]
    ended = "PF-000001, which it corrects, is not in finance (taken back: wrong customer): there is nothing to credit, it ends here"
    assert (pushed["push"], pushed["message"]) == ("cancelled", ended)
    assert [row["refused"] for row in shown] == [ended]
    assert (finance.states(), totals(finance), problems(finance)) == (["cancelled", "cancelled"], [], [])
    waiting = finance.project.run("backlog", "list").json["rows"]
    assert sorted((row["amount"] for row in waiting), reverse=True) == ["800.00", "200.00"]
    assert finance.push() == 0
    assert totals(finance) == []
    sound(finance)


def test_the_credit_of_what_was_given_up_asks_a_person(finance: Finance) -> None:
    """Nobody but a person knows whether it was entered by hand. It was: they retry, and the credit is sent."""
    given_up(finance)
    correct(finance)
    answer = finance.project.run("push")
    assert answer.code == 1
    assert finance.states() == ["cancelled", "parked"]
    (problem,) = problems(finance)
    assert problem["reason"] == "push-parked"
    assert "PF-000001, which it corrects, is not in finance (given up by" in problem["message"]
    assert "see ticket 7" in problem["message"]
    assert totals(finance) == []
    assert finance.project.run("problems", "retry", problem["id"]).code == 0
    assert finance.push() == 0
    assert (finance.states(), totals(finance), problems(finance)) == (["cancelled", "accepted"], [Decimal("-1000.00")], [])
    sound(finance)


def test_what_nobody_entered_by_hand_is_dropped(finance: Finance) -> None:
    """The person says so, and the credit ends here under their name."""
    given_up(finance)
    correct(finance)
    finance.push()
    (problem,) = problems(finance)
    assert finance.project.run("problems", "drop", problem["id"], "--reason", "never entered").code == 0
    assert finance.push() == 0
    assert (finance.states(), totals(finance), problems(finance)) == (["cancelled", "cancelled"], [], [])
    sound(finance)


def test_a_part_of_what_was_taken_back_asks_a_person(finance: Finance) -> None:
    """A credit of one row would leave finance with less than nothing of the other: what to do is not ours to say."""
    assert finance.push() == 0
    assert finance.project.run("invoice", "cancel", "PF-000001", "--reason", "too early").code == 0
    correct(finance, guid("@a-2"))
    assert finance.push() == 1
    assert (finance.states(), totals(finance)) == (["cancelled", "parked"], [])
    assert "not in finance (taken back: too early)" in problems(finance)[0]["message"]


def test_what_is_credited_is_not_taken_back(finance: Finance) -> None:
    """The credit stands in finance for the invoice there; it has to go first, then the invoice may."""
    assert finance.push() == 0
    correct(finance)
    assert finance.push() == 0
    (refused,) = finance.project.run("invoice", "cancel", "PF-000001", "--reason", "x").json["refused"]
    assert (refused["reason"], refused["message"]) == ("corrected", "PF-000002 corrects it and is accepted: take that back first")
    answer = finance.project.run("invoice", "cancel", "PF-000002", "PF-000001", "--reason", "x")
    assert [row["push"] for row in answer.json["invoices"]] == ["cancelled", "cancelled"]
    assert totals(finance) == []
    sound(finance)


def test_taken_back_while_its_credit_waits(finance: Finance) -> None:
    """The credit has not left yet: the invoice may go, and the credit ends here."""
    assert finance.push() == 0
    correct(finance)
    assert finance.project.run("invoice", "cancel", "PF-000001", "--reason", "x").code == 0
    assert finance.push() == 0
    assert (finance.states(), totals(finance)) == (["cancelled", "cancelled"], [])
