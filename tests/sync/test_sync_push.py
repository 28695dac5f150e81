"""Which invoices leave in a run, in which order, how many at once, and what stops it before the first request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from finance_worlds import DYNAMICS, REST, SYSTEMS, Finance, System
from proforma.mock import MockServer
from proforma.store import Store
from proforma.transport import retry
from project_folder import Project


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One mock for all."""
    with MockServer() as running:
        yield running


def made(server: MockServer, folder: Path, system: System, contracts: int, more: str = "") -> Finance:
    """A project with queued invoices of 800.00 each."""
    finance = Finance(Project(folder, server), system)
    finance.configure(more=more)
    finance.confirm(contracts)
    return finance


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("limits: {invoices: 1}", "2 invoices would leave, the limit is 1"),
        ('limits: {amounts: {USD: "1599.99"}}', "1600.00 USD would leave, the limit is 1599.99"),
    ],
)
def test_too_much_at_once_leaves_only_when_a_person_says_so(server: MockServer, tmp_path: Path, limits: str, words: str) -> None:
    """Circuit breakers: nothing is asked and nothing told before somebody has looked."""
    finance = made(server, tmp_path, REST, 2, limits)
    stopped = finance.project.run("push")
    assert stopped.code == 1
    assert words in stopped.err
    assert not any(REST.path in str(request["path"]) for request in server.requests())
    assert finance.project.run("push", "--beyond-limits").code == 0
    finance.require_each_once()


def test_a_limit_that_is_reached_is_not_exceeded(server: MockServer, tmp_path: Path) -> None:
    """Exactly as much as allowed leaves."""
    finance = made(server, tmp_path, REST, 2, 'limits: {invoices: 2, amounts: {USD: "1600.00"}}')
    assert finance.push() == 0
    finance.require_each_once()


def test_a_dry_run_shows_the_documents_and_sends_none(server: MockServer, tmp_path: Path) -> None:
    """What would leave, to the digest; exit code 0, the queue as before."""
    finance = made(server, tmp_path, DYNAMICS, 2)
    answer = finance.project.run("push", "--dry-run")
    assert answer.code == 0
    shown = answer.json["invoices"]
    assert [row["document"]["total"] for row in shown] == ["800.00", "800.00"]
    assert [line["account"] for row in shown for line in row["document"]["lines"]] == ["401100", "401100"]
    assert finance.documents() == []
    assert finance.states() == ["queued", "queued"]
    assert finance.push() == 0
    with Store.open(f"sqlite:///{tmp_path / 'proforma.db'}") as store, store.read() as reader:
        assert {row.digest for row in reader.outbox.all()} == {row["document"]["sha256"] for row in shown}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_several_at_once_are_each_there_once(server: MockServer, tmp_path: Path, system: System) -> None:
    """Four threads, six invoices, answers lost among them."""
    finance = made(server, tmp_path, system, 6, "concurrency: 4")
    server.faults([{"match": system.create, "times": 2, "skip": 1, "action": {"drop": "after"}}])
    finance.push()
    server.faults([])
    finance.push()
    finance.require_each_once()


def test_an_invoice_that_finance_stumbles_over_stops_no_other(server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer to the first, nor to the question about it: it stays in doubt, the other three arrive, exit code 3."""
    original = retry.Retrier.__init__
    once = retry.RetryPolicy(attempts_max=1)
    monkeypatch.setattr(retry.Retrier, "__init__", lambda self, policy=None, **more: original(self, policy or once, **more))
    finance = made(server, tmp_path, DYNAMICS, 4)
    failing = {"times": 1, "action": {"status": 503}}
    server.faults([{"match": DYNAMICS.create, **failing}, {"match": DYNAMICS.find, "skip": 1, **failing}])
    assert finance.push() == 3
    assert sorted(finance.states()) == ["accepted", "accepted", "accepted", "sending"]
    server.faults([])
    assert finance.push() == 0
    finance.require_each_once()


def test_a_correction_waits_for_what_it_corrects(server: MockServer, tmp_path: Path) -> None:
    """Finance must not get a credit for an invoice that it never had: while the original is refused, the correction stays queued."""
    finance = made(server, tmp_path, REST, 1)
    finance.switch(reject_customers=["C-c0"])
    assert finance.push() == 1
    (original,) = finance.project.invoices()
    assert finance.project.run("invoice", "correct", original["number"]).code == 0
    assert finance.project.run("invoice", "confirm", "--all-drafts").code == 0
    finance.switch()
    waiting = finance.project.run("push").json["invoices"]
    assert [(row["push"], row["message"]) for row in waiting] == [
        ("queued", f"waits for {original['number']}, which it corrects and which is refused")
    ]
    (problem,) = finance.project.run("problems", "list").json["problems"]
    finance.project.run("problems", "retry", problem["id"])
    assert finance.push() == 0
    references = [invoice["reference"] for invoice in finance.project.invoices()]
    assert [str(document["reference"]) for document in finance.documents()] == references
    assert [finance.system.total(document) for document in finance.documents()] == [Decimal("800.00"), Decimal("-800.00")]
