"""The matrix of F-88: every finance system, every fault. After each cell finance has each invoice once, with its total, and we know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from billing_world import guid
from finance_worlds import BUSINESS_CENTRAL, REST, SYSTEMS, Finance, System
from proforma import mapping
from proforma.mapping import Mappings, load_mappings
from proforma.mock import MockServer
from proforma.transport import retry
from project_folder import Project

PROXY: Final = {"body": "<html><h1>Sign in</h1></html>", "headers": {"Content-Type": "text/html"}}


@cache
def _mappings(folder: Path | None) -> Mappings:
    """The mappings, read once for all cells."""
    return load_mappings(folder)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One mock for all cells: each begins with a world of its own."""
    with MockServer() as running:
        yield running


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.name)
def system(request: pytest.FixtureRequest) -> System:
    """One system after the other."""
    found: System = request.param
    return found


@pytest.fixture
def finance(tmp_path: Path, system: System, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Finance:
    """A project for the system. Requests are tried twice without a pause: the rules under test are those after the last attempt."""
    quick = retry.RetryPolicy(attempts_max=2, throttles_max=3, wait_seconds_first=0.001)
    original = retry.Retrier.__init__
    monkeypatch.setattr(retry.Retrier, "__init__", lambda self, policy=None, **more: original(self, policy or quick, **more))
    monkeypatch.setattr(mapping, "load_mappings", _mappings)
    made = Finance(Project(tmp_path, server), system)
    made.configure()
    return made


def _push_through(finance: Finance, match: Mapping[str, Any], action: Mapping[str, Any], *, skip: int = 0, times: int = 1) -> None:
    """A push that meets the fault, then one that meets none."""
    finance.project.server.faults([{"match": match, "times": times, "skip": skip, "action": action}])
    finance.push()
    finance.project.server.faults([])
    finance.push()


LOST: Final[Mapping[str, Mapping[str, Any]]] = {
    "drop before the work": {"drop": "before"},
    "drop after the work": {"drop": "after"},
    "500 before the work": {"status": 500, "body": "oops"},
    "500 after the work": {"status": 500, "body": "oops", "after": True},
    "answer cut off": {"truncate": 20},
    "proxy page 502": {"status": 502, **PROXY},
    "proxy page 502 after the work": {"status": 502, "after": True, **PROXY},
    "proxy page 200": {"status": 200, **PROXY},
    "proxy page 200 after the work": {"status": 200, "after": True, **PROXY},
    "an empty object as the answer": {"status": 201, "body": {}, "after": True},
    "an error as the answer of a success": {"status": 201, "body": {"error": {"code": "E1", "message": "no"}}, "after": True},
    "throttled once": {"status": 429, "headers": {"Retry-After": "0"}},
    "unavailable once": {"status": 503, "headers": {"Retry-After": "0"}},
    "token expired": {"expire_tokens": True},
}


@pytest.mark.parametrize("action", [pytest.param(action, id=name) for name, action in LOST.items()])
def test_a_lost_answer_to_a_creation(finance: Finance, action: Mapping[str, Any]) -> None:
    """F-88: whatever happens to the answer of the request that makes the document."""
    finance.confirm()
    _push_through(finance, finance.system.create, action)
    finance.require_each_once()


@pytest.mark.parametrize("name", ["drop after the work", "500 before the work", "answer cut off", "proxy page 200", "token expired"])
def test_a_lost_answer_to_any_other_request(finance: Finance, name: str) -> None:
    """F-88, F-86: the same for whatever else is asked or told on the way: look-ups, lines, reading back."""
    finance.confirm()
    finance.project.server.faults([{"match": finance.system.create, "times": 1, "action": {"drop": "after"}}])
    finance.push()
    finance.project.server.faults([{"match": {"path": finance.system.path}, "times": 1, "action": LOST[name]}])
    finance.push()
    finance.project.server.faults([])
    finance.push()
    finance.require_each_once()


def test_each_request_of_a_push_loses_its_answer_once(finance: Finance) -> None:
    """F-67: n pushes, the n-th request of each broken off after its work: nothing is doubled, nothing left behind."""
    finance.confirm(contracts=1)
    for skip in range(4):
        match = {"path": finance.system.path}
        finance.project.server.faults([{"match": match, "times": 1, "skip": skip, "action": {"drop": "after"}}])
        finance.push()
    finance.project.server.faults([])
    finance.push()
    finance.require_each_once()


def test_a_time_out_whose_work_is_done_later(tmp_path: Path, system: System) -> None:
    """F-85: the request is given up and carried out afterwards; an absence is not believed before finance has settled."""
    with MockServer() as alone:  # what comes late must not come into another test
        finance = Finance(Project(tmp_path, alone), system)
        finance.configure(settle_seconds=1.2, more="timeout_seconds: 0.3")
        finance.confirm(contracts=1)
        _push_through(finance, finance.system.create, {"delay_ms": 900})
        finance.require_each_once()


def test_a_long_settling_is_left_to_a_later_run(finance: Finance) -> None:
    """F-85: where settling takes minutes, an invoice in doubt waits without being asked about, and the others go on."""
    finance.configure(settle_seconds=600)
    finance.confirm(contracts=2)
    finance.project.server.faults([{"match": finance.system.create, "times": 1, "action": {"drop": "before"}}])
    finance.push()
    finance.project.server.faults([])
    finance.push()
    states = sorted(finance.states())
    if finance.system is REST:
        # A key makes the repeat harmless, so the transfer itself repeats it and there is no doubt.
        assert states == ["accepted", "accepted"]
        return
    assert states == ["accepted", "sending"]
    assert len(finance.documents()) == 1
    finance.configure(settle_seconds=0)
    _make_due(finance)
    finance.push()
    finance.require_each_once()


def _make_due(finance: Finance) -> None:
    """As if the time had passed."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(finance.project.folder / "proforma.db")) as store, store:
        store.execute("UPDATE outbox SET next_attempt_at = NULL")


def test_a_storm_of_429(finance: Finance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 8: finance turns us away for longer than a request is pursued; nothing is lost and nothing doubled."""
    finance.confirm()
    _push_through(finance, {"path": finance.system.path}, {"status": 429, "headers": {"Retry-After": "0"}}, times=5)
    finance.require_each_once()


def test_a_token_that_expires_between_two_invoices(finance: Finance) -> None:
    """W-32: one refresh, and the same request goes on."""
    finance.confirm(contracts=3)
    finance.project.server.faults([{"match": {"path": finance.system.path}, "times": 1, "skip": 2, "action": {"expire_tokens": True}}])
    assert finance.push() == 0
    finance.require_each_once()


def test_two_workers_at_once(finance: Finance) -> None:
    """F-84: the second one finds the stage taken and ends with 3; each invoice leaves once."""
    finance.confirm(contracts=3)
    finance.project.server.faults([{"match": {"path": finance.system.path}, "times": 0, "action": {"delay_ms": 20}}])
    workers = [finance.project.start("push") for _ in range(2)]
    for worker in workers:
        worker.communicate(timeout=60)
    assert sorted(worker.returncode for worker in workers) in ([0, 3], [0, 0])
    finance.project.server.faults([])
    finance.require_each_once()


def test_the_same_document_is_there_already(finance: Finance) -> None:
    """F-87: a store of before the push is put back: what finance has is found, compared and taken as ours."""
    finance.confirm()
    store = finance.project.folder / "proforma.db"
    before = store.read_bytes()
    assert finance.push() == 0
    for leftover in finance.project.folder.glob("proforma.db*"):
        leftover.unlink()
    store.write_bytes(before)
    assert finance.states() == ["queued", "queued"]
    assert finance.push() == 0
    finance.require_each_once()


def _foreign(finance: Finance, reference: str) -> None:
    """Somebody else's document of 1.00 under our reference."""
    match finance.system.target:
        case "dynamics":
            key = {"dataAreaId": "usmf", "ExternalInvoiceId": reference}
            finance.call("POST", "CDSFreeTextInvoiceHeaders", {**key, "CustomerAccount": "C-c0", "CurrencyCode": "USD"})
            line = {"LineNumber": 1, "MainAccountDisplayValue": "1", "TransactionCurrencyAmount": 1}
            finance.call("POST", "CDSFreeTextInvoiceLines", {**key, **line})
        case "business-central":
            company = finance.call("GET", "companies")["value"][0]["id"]
            row = {"externalDocumentNumber": reference, "customerNumber": "C-c0"}
            made = finance.call("POST", f"companies({company})/salesInvoices", row)
            line = {"lineType": "Account", "lineObjectNumber": "1", "quantity": 1, "unitPrice": 1}
            finance.call("POST", f"companies({company})/salesInvoices({made['id']})/salesInvoiceLines", line)
        case _:
            lines = [{"line": 1, "description": "x", "quantity": "1", "unit_price": "1.00", "amount": "1.00"}]
            other = {"reference": reference, "customer": {"account": "C-c0"}, "currency": "USD", "total": "1.00", "lines": lines}
            finance.call("POST", "invoices", other, **{"Idempotency-Key": reference})


def test_another_document_is_there_already(finance: Finance) -> None:
    """F-87: what differs is never taken for ours, never overwritten and never joined by a second one; a person is told both figures."""
    finance.confirm(contracts=1)
    _foreign(finance, finance.project.invoices()[0]["reference"])
    assert finance.push() == 1
    assert finance.states() == ["conflict"]
    assert len(finance.documents()) == 1
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert problem["reason"] == "push-conflict"
    assert "finance has 1" in problem["message"]
    assert "we sent 800.00" in problem["message"]


def test_a_customer_that_was_deleted(finance: Finance) -> None:
    """F-33: refused in finance's own words, while the other invoice goes on; the customer is entered, a person retries."""
    if finance.system is REST:
        finance.confirm(reject_customers=["C-c1"])
    else:
        finance.confirm(customers=["C-c0"])
    assert finance.push() == 1
    assert sorted(finance.states()) == ["accepted", "refused"]
    assert finance.system is BUSINESS_CENTRAL or len(finance.documents()) == 1
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert "customer" in problem["message"].lower()
    assert "stacktrace" not in problem["message"].lower()
    finance.switch()
    assert finance.project.run("problems", "retry", problem["id"]).code == 0
    assert finance.push() == 0
    finance.require_each_once()


def test_a_closed_period(finance: Finance) -> None:
    """F-33: refused, not tried for ever; once the period is open, a person retries."""
    finance.confirm(contracts=1, closed_before="2026-04-01")
    assert finance.push() == 1
    assert finance.states() == ["refused"]
    assert finance.documents() == []
    assert finance.project.run("push").json["invoices"] == []
    finance.switch()
    (problem,) = finance.project.run("problems", "list").json["problems"]
    finance.project.run("problems", "retry", problem["id"])
    assert finance.push() == 0
    finance.require_each_once()


def test_finance_restarted_with_an_empty_memory(finance: Finance) -> None:
    """F-86: what was in doubt is gone there, finance says so, and it is sent again, the very same bytes."""
    finance.configure(more="list_first: false")
    finance.confirm(contracts=1)
    # Business Central is asked before it is told, and answers; after the lost answer nobody is told anything.
    quiet = {"match": finance.system.find, "times": 0, "skip": int(finance.system is BUSINESS_CENTRAL), "action": {"status": 503}}
    finance.project.server.faults([{"match": finance.system.create, "times": 0, "action": {"drop": "after"}}, quiet])
    assert finance.push() == 3
    assert finance.states() == ["sending"]
    assert len(finance.documents()) == 1, "it arrived, and only finance knows it"
    finance.project.server.faults([])
    finance.project.server.forget_documents()
    assert finance.push() == 0
    finance.require_each_once()


def test_a_document_that_finance_made_differently(tmp_path: Path, server: MockServer) -> None:
    """F-65: what was created is compared too, as far as the answer tells."""
    finance = Finance(Project(tmp_path, server), REST)
    finance.configure()
    finance.confirm(contracts=1)
    reference = finance.project.invoices()[0]["reference"]
    told = {"reference": reference, "id": guid("@x"), "number": "INV-1", "state": "accepted", "total": "799.99"}
    server.faults([{"match": REST.create, "times": 1, "action": {"status": 201, "body": told}}])
    assert finance.push() == 1
    assert finance.states() == ["conflict"]
    assert finance.project.invoices()[0]["external_number"] is None
