"""Taking a document back from finance: only unposted, only as it was sent, once, whatever gets lost on the way (F-43)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, REST, SYSTEMS, Finance, System
from proforma.domain.invoices import PushChanged
from proforma.mapping import shipped_mappings
from proforma.mock import MockServer
from proforma.store import Store
from proforma.transport import retry
from project_folder import Answer, Project


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """One mock for all: each test begins with a world of its own."""
    with MockServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt a request: what happens afterwards is what is tested."""
    quick = retry.RetryPolicy(attempts_max=1, throttles_max=1, wait_seconds_first=0.001)
    original = retry.Retrier.__init__
    monkeypatch.setattr(retry.Retrier, "__init__", lambda self, policy=None, **more: original(self, policy or quick, **more))


def accepted(server: MockServer, folder: Path, system: System, *, contracts: int = 1, **switches: Any) -> Finance:
    """Invoices that finance has accepted."""
    finance = Finance(Project(folder, server), system)
    finance.configure(more="follow_minutes: 0")
    finance.confirm(contracts=contracts, **switches)
    assert finance.push() == 0
    server.clear_requests()
    return finance


def cancel(finance: Finance, *names: str) -> Answer:
    """What the command answers."""
    return finance.project.run("invoice", "cancel", *(names or ("PF-000001",)), "--reason", "wrong customer")


def deletions(finance: Finance) -> int:
    """How often finance was told to delete something."""
    return sum(request["method"] == "DELETE" for request in finance.project.server.requests())


def problems(finance: Finance) -> list[str]:
    """What waits for a person."""
    return [problem["reason"] for problem in finance.project.run("problems", "list").json["problems"]]


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.name)
def finance(request: pytest.FixtureRequest, tmp_path: Path, server: MockServer) -> Finance:
    """One accepted invoice, in one system after the other."""
    system: System = request.param
    return accepted(server, tmp_path, system)


def test_an_unposted_document_is_gone_and_never_comes_back(finance: Finance) -> None:
    """It is deleted there and cancelled here, under the name and reason of the person; later pushes do not send it again."""
    answer = cancel(finance)
    assert answer.code == 0
    (told,) = answer.json["invoices"]
    assert (told["number"], told["push"], answer.json["refused"]) == ("PF-000001", "cancelled", [])
    assert finance.documents() == []
    assert finance.push() == 0
    assert (finance.states(), finance.documents(), problems(finance)) == (["cancelled"], [], [])
    (invoice,) = finance.project.invoices()
    assert invoice["status"] == "confirmed"
    with Store.open(f"sqlite:///{finance.project.folder / 'proforma.db'}") as store, store.read() as reader:
        last = reader.ledger.events(invoice["id"])[-1].happening
        assert reader.ledger.check() == []
    assert isinstance(last, PushChanged)
    assert last.message == "taken back: wrong customer"
    (again,) = cancel(finance).json["refused"]
    assert (again["reason"], again["message"]) == ("push-cancelled", "it is cancelled already")


def edit(finance: Finance) -> None:
    """Somebody gives the document another currency or customer there."""
    (document,) = finance.documents()
    match finance.system.target:
        case "dynamics":
            key = f"dataAreaId='usmf',ExternalInvoiceId='{document['reference']}'"
            finance.call("PATCH", f"CDSFreeTextInvoiceHeaders({key})?cross-company=true", {"CurrencyCode": "EUR"})
        case "business-central":
            company = finance.call("GET", "companies")["value"][0]["id"]
            path = f"companies({company})/salesInvoices({document['id']})"
            finance.call("PATCH", path, {"currencyCode": "EUR"}, **{"If-Match": "*"})
        case _:
            finance.call("PUT", f"invoices/{document['reference']}", {**document["body"], "total": "1.00"})


def test_what_somebody_has_edited_is_left_alone(finance: Finance) -> None:
    """F-43: only while the content is what we sent; the difference is the reason, and nothing is told."""
    edit(finance)
    finance.project.server.clear_requests()
    answer = cancel(finance)
    assert answer.code == 1
    (refused,) = answer.json["refused"]
    assert refused["reason"] == "document-changed"
    assert "we sent" in refused["message"]
    assert (deletions(finance), len(finance.documents()), finance.states()) == (0, 1, ["accepted"])


def test_what_somebody_has_deleted_is_told_as_such(finance: Finance) -> None:
    """It is not ours to call that cancelled: the next push reports it as drift."""
    finance.project.server.forget_documents()
    (refused,) = cancel(finance).json["refused"]
    assert refused["reason"] == "document-gone"
    assert finance.states() == ["accepted"]
    assert finance.push() == 1
    assert problems(finance) == ["document-gone"]


@pytest.mark.parametrize("after", [True, False], ids=["after the work", "before it"])
def test_a_lost_answer_is_asked_about(finance: Finance, after: bool) -> None:
    """F-32: gone is done; what is still there is tried again by the person, and goes."""
    drop = {"match": {"method": "DELETE"}, "times": 1, "action": {"drop": "after" if after else "before"}}
    finance.project.server.faults([drop])
    assert cancel(finance).code == (0 if after else 3)
    if not after:
        assert (finance.states(), len(finance.documents())) == (["accepted"], 1)
        assert cancel(finance).code == 0
    assert (finance.states(), finance.documents()) == (["cancelled"], [])


def test_a_death_after_the_work_is_no_drift(finance: Finance) -> None:
    """The intent was committed: what is gone afterwards went by our own act, and the next push says so."""
    lost = {"match": {"method": "DELETE"}, "times": 1, "action": {"drop": "after"}}
    # Header and lines; company and document; the document.
    looks = {"dynamics": 2, "business-central": 2, "rest": 1}[finance.system.name]
    path = {"method": "GET", "path": finance.system.path}
    silent = {"match": path, "times": 0, "skip": looks, "action": {"status": 503}}
    finance.project.server.faults([lost, silent])
    assert cancel(finance).code == 3
    assert (finance.states(), finance.documents()) == (["accepted"], [])
    finance.project.server.faults([])
    assert finance.push() == 0
    assert (finance.states(), problems(finance)) == (["cancelled"], [])


def test_an_unreachable_system_changes_nothing(finance: Finance) -> None:
    """Exit code 3; nothing was told, nothing is written but the question."""
    finance.project.server.faults([{"match": {"path": finance.system.path}, "times": 0, "action": {"status": 503}}])
    assert cancel(finance).code == 3
    finance.project.server.faults([])
    assert (deletions(finance), finance.states(), len(finance.documents())) == (0, ["accepted"], 1)
    assert cancel(finance).code == 0


@pytest.mark.parametrize("system", [DYNAMICS, BUSINESS_CENTRAL], ids=lambda system: system.name)
def test_a_posted_document_is_refused(tmp_path: Path, server: MockServer, system: System) -> None:
    """F-43: posted since we last asked; nothing is told, and the next push learns the number."""
    finance = accepted(server, tmp_path, system)
    if system is DYNAMICS:
        finance.switch(post_after_seconds=0)
    else:
        (document,) = finance.documents()
        company = finance.call("GET", "companies")["value"][0]["id"]
        finance.call("POST", f"companies({company})/salesInvoices({document['id']})/Microsoft.NAV.post")
    server.clear_requests()
    (refused,) = cancel(finance).json["refused"]
    assert refused["reason"] == "push-posted"
    assert "only a correction changes it" in refused["message"]
    assert deletions(finance) == 0
    assert finance.push() == 0
    assert finance.states() == ["posted"]
    assert cancel(finance).json["refused"][0]["message"] == "it is posted: only a correction changes it"


def test_finance_has_the_last_word(tmp_path: Path, server: MockServer) -> None:
    """Posted between our look and our word: its refusal is the reason, and the document is followed as before."""
    finance = accepted(server, tmp_path, REST)
    no = {"status": 409, "body": {"error": {"code": "posted", "message": "INV-000001 is posted"}}}
    server.faults([{"match": {"method": "DELETE"}, "times": 1, "action": no}])
    (refused,) = cancel(finance).json["refused"]
    assert (refused["reason"], refused["message"]) == ("finance-refused", "INV-000001 is posted")
    assert finance.push() == 0
    assert finance.states() == ["accepted"]
    server.forget_documents()
    assert finance.push() == 1
    assert problems(finance) == ["document-gone"], "the refused attempt explains nothing that happens later"


def test_each_for_itself(tmp_path: Path, server: MockServer) -> None:
    """One is queued, one accepted: the first is refused with its reason, the second taken back; an unknown number stops everything."""
    finance = Finance(Project(tmp_path, server), REST)
    finance.configure()
    finance.confirm(contracts=2)
    (refused,) = cancel(finance).json["refused"]
    assert (refused["reason"], refused["message"]) == ("push-queued", "finance has nothing of it yet")
    finance.switch(reject_customers=["C-c0"])
    assert finance.push() == 1
    unknown = cancel(finance, "PF-000002", "PF-9")
    assert unknown.code == 2
    assert len(finance.documents()) == 1
    answer = cancel(finance, "PF-000001", "PF-000002")
    assert answer.code == 1
    assert [row["reason"] for row in answer.json["refused"]] == ["push-refused"]
    assert [row["number"] for row in answer.json["invoices"]] == ["PF-000002"]
    assert sorted(finance.states()) == ["cancelled", "refused"]


def test_a_reason_is_needed(tmp_path: Path, server: MockServer) -> None:
    """It stays on record, so it must say something."""
    finance = accepted(server, tmp_path, REST)
    assert finance.project.run("invoice", "cancel", "PF-000001", "--reason", " ").code == 2
    assert len(finance.documents()) == 1


def test_a_system_that_declares_no_way(tmp_path: Path, server: MockServer) -> None:
    """F-74: without a `cancel` in its mapping a person does it there."""
    finance = accepted(server, tmp_path, REST)
    own = tmp_path / "mappings"
    shutil.copytree(shipped_mappings(), own)
    file = own / "finance" / "rest.yaml"
    text = file.read_text(encoding="utf-8")
    start, end = text.index("cancel:"), text.index("# What it can be asked about")
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    config = tmp_path / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "mappings: mappings\n", encoding="utf-8")
    (refused,) = cancel(finance).json["refused"]
    assert refused["reason"] == "cancel-unsupported"
    assert server.requests() == []
