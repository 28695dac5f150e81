"""After the push: finance is asked what became of its documents, and what somebody did to them there is told (F-27, F-78, F-90)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, REST, Finance, System
from proforma.domain.invoices import PushChanged, ReadBack
from proforma.mock import MockServer
from proforma.store import Store
from project_folder import Project


@pytest.fixture
def server() -> Iterator[MockServer]:
    """A mock."""
    with MockServer() as running:
        yield running


def made(server: MockServer, folder: Path, system: System, **switches: Any) -> Finance:
    """A project with one confirmed invoice, followed at every push."""
    finance = Finance(Project(folder, server), system)
    finance.configure(more="follow_minutes: 0")
    finance.confirm(contracts=1, **switches)
    return finance


def read_back(finance: Finance) -> list[ReadBack]:
    """What the ledger was told after posting."""
    (invoice,) = finance.project.invoices()
    with Store.open(f"sqlite:///{finance.project.folder / 'proforma.db'}") as store, store.read() as reader:
        events = [event.happening for event in reader.ledger.events(invoice["id"])]
        assert reader.ledger.check() == []
    return [event.read_back for event in events if isinstance(event, PushChanged) and event.read_back]


def test_an_asynchronous_system_is_asked_until_it_says_yes(server: MockServer, tmp_path: Path) -> None:
    """F-78: 202 is *sent*; later runs ask, and none tells it again."""
    finance = made(server, tmp_path, REST, **{"async": True, "polls": 3})
    seen = []
    for _ in range(4):
        assert finance.push() == 0
        seen += finance.states()
    assert seen == ["sent", "sent", "accepted", "accepted"]
    posts = [r for r in server.requests() if r["method"] == "POST" and str(r["path"]).endswith("/finance/rest/invoices")]
    assert len(posts) == 1


def test_the_legal_number_comes_with_the_posting(server: MockServer, tmp_path: Path) -> None:
    """F-27, F-90: accepted without a number; posted by finance, the number and its day reach the ledger; then nobody asks any more."""
    finance = made(server, tmp_path, DYNAMICS)
    finance.push()
    (invoice,) = finance.project.invoices()
    assert (invoice["push"], invoice["external_number"]) == ("accepted", None)
    finance.switch(post_after_seconds=0)
    assert finance.push() == 0
    (invoice,) = finance.project.invoices()
    assert (invoice["push"], invoice["external_number"]) == ("posted", "INV-00000001")
    assert [str(told.posted_on) for told in read_back(finance)] == ["2026-03-31"]
    server.clear_requests()
    finance.push()
    assert server.requests() == []


def test_a_draft_posted_by_a_person_in_business_central(server: MockServer, tmp_path: Path) -> None:
    """F-90: number, tax and what is still to be paid; the id stays the same though the number changes (F-69)."""
    finance = made(server, tmp_path, BUSINESS_CENTRAL, tax_percent={"": "25"})
    finance.push()
    (document,) = finance.documents()
    company = finance.call("GET", "companies")["value"][0]["id"]
    finance.call("POST", f"companies({company})/salesInvoices({document['id']})/Microsoft.NAV.post")
    assert finance.push() == 0
    (invoice,) = finance.project.invoices()
    assert (invoice["push"], invoice["external_id"], invoice["external_number"]) == ("posted", document["id"], "PS-INV103001")
    (told,) = read_back(finance)
    assert (told.tax, told.remaining) == (Decimal("200.00"), Decimal("1000.00"))


@pytest.mark.parametrize("system", [DYNAMICS, BUSINESS_CENTRAL, REST], ids=lambda system: system.name)
def test_a_document_that_vanished_is_told_and_never_sent_again(server: MockServer, tmp_path: Path, system: System) -> None:
    """Somebody deleted it in finance: a problem for a person, while our state stays."""
    finance = made(server, tmp_path, system)
    finance.push()
    server.forget_documents()
    assert finance.push() == 1
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["reason"]) == ("drift", "document-gone")
    assert finance.states() == ["accepted"]
    assert finance.documents() == []


def test_a_document_that_somebody_changed_is_told(server: MockServer, tmp_path: Path) -> None:
    """Another line was added by hand: both figures are told; once it is as sent again, the problem is gone."""
    finance = made(server, tmp_path, BUSINESS_CENTRAL)
    finance.push()
    (document,) = finance.documents()
    company = finance.call("GET", "companies")["value"][0]["id"]
    line = {"lineType": "Account", "lineObjectNumber": "1", "quantity": 1, "unitPrice": 50}
    finance.call("POST", f"companies({company})/salesInvoices({document['id']})/salesInvoiceLines", line)
    assert finance.push() == 1
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["reason"]) == ("drift", "document-changed")
    assert "total: finance has 850.00, we sent 800.00" in problem["message"]

    finance.configure(more="follow_minutes: 60")
    finance.push()
    assert "asked again" in finance.project.run("problems", "retry", problem["id"]).json["result"]
    server.forget_documents()
    assert finance.push() == 1, "asked though the hour is not over"
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert problem["reason"] == "document-gone"


def test_finance_refuses_later(server: MockServer, tmp_path: Path) -> None:
    """F-78: an asynchronous system may still say no; its words reach a person, who can retry."""
    finance = made(server, tmp_path, REST, **{"async": True, "polls": 9})
    finance.push()
    (document,) = finance.documents()
    said = {"id": document["id"], "reference": document["reference"], "state": "rejected", "error": {"message": "No such project."}}
    server.faults([{"match": {"method": "GET", "path": "/finance/rest"}, "times": 1, "action": {"status": 200, "body": said}}])
    assert finance.push() == 1
    assert finance.states() == ["refused"]
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert (problem["reason"], problem["message"]) == ("push-refused", "PF-000001: No such project.")


def changed(server: MockServer, folder: Path) -> Finance:
    """An accepted draft to which somebody has added a line of 50.00 by hand."""
    finance = made(server, folder, BUSINESS_CENTRAL)
    finance.push()
    add_line(finance)
    return finance


def add_line(finance: Finance) -> None:
    """Another 50.00 on the only document."""
    (document,) = finance.documents()
    company = finance.call("GET", "companies")["value"][0]["id"]
    line = {"lineType": "Account", "lineObjectNumber": "1", "quantity": 1, "unitPrice": 50}
    finance.call("POST", f"companies({company})/salesInvoices({document['id']})/salesInvoiceLines", line)


def test_a_drift_that_a_person_gave_up_does_not_come_back(server: MockServer, tmp_path: Path) -> None:
    """D-98: the same difference stays given up; another one is news again."""
    finance = changed(server, tmp_path)
    assert finance.push() == 1
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert finance.project.run("problems", "drop", problem["id"], "--reason", "agreed with the customer").code == 0
    assert finance.push() == 0
    assert finance.project.run("problems", "list").json["problems"] == []
    add_line(finance)
    assert finance.push() == 1
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert "total: finance has 900.00, we sent 800.00" in problem["message"]


def test_a_drift_is_over_when_the_document_is_as_it_was_sent(server: MockServer, tmp_path: Path) -> None:
    """Somebody puts it right in finance: the problem goes by itself."""
    finance = made(server, tmp_path, REST)
    finance.push()
    (document,) = finance.documents()
    body = dict(document["body"])
    other = {**body, "id": document["id"], "number": document["number"], "state": "accepted", "total": "1.00"}
    server.faults([{"match": {"method": "GET", "path": "/finance/rest"}, "times": 1, "action": {"status": 200, "body": other}}])
    assert finance.push() == 1
    assert len(finance.project.run("problems", "list").json["problems"]) == 1
    assert finance.push() == 0
    assert finance.project.run("problems", "list").json["problems"] == []


def test_a_document_that_finance_cancelled_is_told(server: MockServer, tmp_path: Path) -> None:
    """It is still billed here: a person decides what follows."""
    finance = made(server, tmp_path, REST)
    finance.push()
    (document,) = finance.documents()
    gone = {**dict(document["body"]), "id": document["id"], "number": document["number"], "state": "canceled"}
    server.faults([{"match": {"method": "GET", "path": "/finance/rest"}, "times": 1, "action": {"status": 200, "body": gone}}])
    assert finance.push() == 1
    assert finance.states() == ["cancelled"]
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["reason"]) == ("drift", "document-cancelled")


def test_a_store_of_the_schema_before_tells_what_its_events_say(server: MockServer, tmp_path: Path) -> None:
    """What finance told of posted documents stood in the events alone: it is filled in, and the ledger holds together."""
    finance = made(server, tmp_path, BUSINESS_CENTRAL, tax_percent={"": "25"})
    finance.push()
    (document,) = finance.documents()
    company = finance.call("GET", "companies")["value"][0]["id"]
    finance.call("POST", f"companies({company})/salesInvoices({document['id']})/Microsoft.NAV.post")
    finance.push()
    before = finance.project.invoices()
    assert before[0]["tax"] == "200.00"
    with closing(sqlite3.connect(tmp_path / "proforma.db")) as old:
        for table in ("write_backs", "write_back_seen", "comparisons", "watch_due", "watch_state"):
            old.execute(f"DROP TABLE {table}")
        for column in ("posted_on", "tax", "remaining", "total_with_tax"):
            old.execute(f"ALTER TABLE invoices DROP COLUMN {column}")
        old.execute("UPDATE alembic_version SET version_num = '0002'")
        old.commit()
    assert finance.project.invoices() == before
    assert finance.project.run("db", "check").json["faults"] == []
