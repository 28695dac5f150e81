"""The generic finance target: what it accepts, refuses, and makes twice when asked twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import cast
from uuid import NAMESPACE_OID, uuid5

import pytest
from mock_caller import Answer, Caller, Document, calling

from proforma.mock import MockServer, WorldError
from proforma.mock.finance.documents import Documents
from proforma.mock.finance.rest import RestTarget
from proforma.mock.http import Request
from proforma.mock.values import Value, decode, encode
from proforma.mock.world import World

INVOICE: Document = {
    "reference": "PF-1",
    "customer": {"account": "C-1"},
    "currency": "NOK",
    "invoice_date": "2026-03-31",
    "lines": [{"line": 1, "amount": "960.00"}],
    "total": "960.00",
}
PATH = "/finance/rest/invoices"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load({})
    with calling(server) as caller:
        yield caller


def settings(**switches: Value) -> dict[str, Value]:
    """A world with these switches of the target."""
    return {"$finance": {"rest": switches}}


def post(caller: Caller, document: Document, key: str | None = None) -> Answer:
    return caller.call("POST", PATH, document, idempotency_key=key)


def references(server: MockServer) -> list[Value]:
    return [document["reference"] for document in server.documents()]


def test_an_invoice_is_accepted_and_found(server: MockServer, caller: Caller) -> None:
    """201 with id, number and state; found by reference and by id; listed with its key."""
    answer = post(caller, INVOICE, "PF-1")
    document_id = answer.document["id"]
    assert (answer.status, answer.document) == (201, {**INVOICE, "id": document_id, "number": "INV-000001", "state": "accepted"})
    assert answer.headers["Location"] == f"{caller.url}{PATH}/{document_id}"
    assert caller.get(f"{PATH}?reference=PF-1").rows == [answer.document]
    assert caller.get(f"{PATH}?reference=PF-2").rows == []
    assert caller.get(f"{PATH}/{document_id}").document == answer.document
    assert caller.get(f"{PATH}/other").status == 404
    listed = server.documents()
    assert [(d["sequence"], d["reference"], d["key"], d["body"]) for d in listed] == [(1, "PF-1", "PF-1", INVOICE)]


def test_a_repeated_key_answers_the_stored_result(server: MockServer, caller: Caller) -> None:
    """Same key, same body: the same document; same key, another body: 409 (F-75)."""
    first = post(caller, INVOICE, "k")
    assert post(caller, INVOICE, "k").document == first.document
    other = post(caller, {**INVOICE, "total": "961.00"}, "k")
    assert (other.status, cast("Document", other.document["error"])["code"]) == (409, "idempotency-key-reused")
    assert references(server) == ["PF-1"]


def test_a_key_makes_one_document_however_many_ask_at_once(server: MockServer, caller: Caller) -> None:
    """Two workers with the same key get the same document (F-88)."""

    def send(_: int) -> Value:
        with calling(server) as other:
            return post(other, INVOICE, "k").document["number"]

    with ThreadPoolExecutor(8) as workers:
        assert set(workers.map(send, range(24))) == {"INV-000001"}
    assert references(server) == ["PF-1"]


def test_without_a_key_a_second_document_is_made(server: MockServer, caller: Caller) -> None:
    """The naive client is caught: two documents with one reference."""
    numbers = [post(caller, INVOICE).document["number"] for _ in range(2)]
    assert (numbers, references(server)) == (["INV-000001", "INV-000002"], ["PF-1", "PF-1"])
    assert len(caller.get(f"{PATH}?reference=PF-1").rows) == 2


def test_the_key_may_have_another_name_or_none(server: MockServer, caller: Caller) -> None:
    """A world renames the header, or has the target ignore keys altogether."""
    server.load(settings(idempotency_header="X-Request-Key"))
    for _ in range(2):
        caller.call("POST", PATH, INVOICE, x_request_key="k")
    assert references(server) == ["PF-1"]
    server.load(settings(idempotency=False))
    for _ in range(2):
        post(caller, INVOICE, "k")
    assert references(server) == ["PF-1", "PF-1"]


def test_an_upsert_can_be_repeated(server: MockServer, caller: Caller) -> None:
    """PUT makes the document once; `If-None-Match: *` tells that it exists (F-75)."""
    assert [caller.call("PUT", f"{PATH}/PF-1", INVOICE).status for _ in range(2)] == [201, 200]
    assert caller.call("PUT", f"{PATH}/PF-1", INVOICE, if_none_match="*").status == 412
    assert caller.call("PUT", f"{PATH}/PF-9", INVOICE).status == 422
    changed = caller.call("PUT", f"{PATH}/PF-1", {**INVOICE, "total": "1.00"})
    assert (changed.document["number"], changed.document["total"], references(server)) == ("INV-000001", "1.00", ["PF-1"])


@pytest.mark.parametrize(("switch", "method", "path"), [("upsert", "PUT", f"{PATH}/PF-1"), ("find", "GET", f"{PATH}?reference=PF-1")])
def test_ways_that_are_not_offered(server: MockServer, caller: Caller, switch: str, method: str, path: str) -> None:
    """405, never an empty answer that reads as "not there"."""
    server.load(settings(**{switch: False}))
    assert caller.call(method, path, INVOICE if method == "PUT" else None).status == 405


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"reference": ""}, ["reference"]),
        ({"currency": None, "customer": {}}, ["currency", "customer.account"]),
        ({"customer": "C-1"}, ["customer.account"]),
        ({"lines": []}, ["lines"]),
        ({"lines": ["x"]}, ["lines[0]"]),
        ({"total": "much"}, ["total"]),
        ({"customer": {"account": "BLOCKED"}}, ["customer.account"]),
        ({"invoice_date": "2025-12-31"}, ["invoice_date"]),
        ({"total": "959.99"}, ["total"]),
    ],
)
def test_a_document_that_is_not_valid_is_refused_by_field(server: MockServer, caller: Caller, change: Document, fields: list[str]) -> None:
    """422 names each field; nothing is kept."""
    server.load(settings(reject_customers=["BLOCKED"], closed_before="2026-01-01", check_totals=True))
    answer = post(caller, {**INVOICE, **change})
    errors = cast("list[Document]", cast("Document", answer.document["error"])["errors"])
    assert (answer.status, [error["field"] for error in errors]) == (422, fields)
    assert server.documents() == []


def test_a_body_that_is_no_json_object_is_refused(caller: Caller) -> None:
    """400, and other paths and methods are 404 and 405."""
    assert caller.call("POST", PATH, b"{").status == 400
    assert caller.call("POST", PATH, [1]).status == 400
    assert caller.get(PATH).status == 400
    assert caller.call("DELETE", PATH).status == 405
    assert caller.get("/finance/rest/payments").status == 404
    assert caller.get("/finance/ledger/").status == 501


def test_an_asynchronous_target_accepts_later(server: MockServer, caller: Caller) -> None:
    """202 and processing first, accepted after the second look (F-78)."""
    server.load(settings(**{"async": True, "polls": 2}))
    answer = post(caller, INVOICE, "k")
    location = answer.headers["Location"].removeprefix(caller.url)
    states = [caller.get(location).document["state"] for _ in range(3)]
    assert (answer.status, answer.document["state"], states) == (202, "processing", ["processing", "accepted", "accepted"])
    assert post(caller, INVOICE, "k").status == 201


def test_keys_are_forgotten_and_documents_settle() -> None:
    """After its lifetime a key makes a new document; a fresh document is hidden from look-ups for a while (F-76, F-85)."""
    now = [0.0]
    target = RestTarget(Documents(), clock=lambda: now[0])
    world = World(settings(key_lifetime_seconds=100, settle_seconds=5))
    create = Request(method="POST", path=PATH, headers={"idempotency-key": "k"}, body=encode(INVOICE))
    find = Request(method="GET", path=PATH, query="reference=PF-1")
    seen = []
    for moment in (0.0, 4.9, 5.0, 100.0, 101.0):
        now[0] = moment
        number = cast("Document", decode(target.respond(world, create).body))["number"]
        seen.append((number, len(cast("list[Value]", cast("Document", decode(target.respond(world, find).body))["value"]))))
    assert seen == [("INV-000001", 0), ("INV-000001", 0), ("INV-000001", 1), ("INV-000001", 1), ("INV-000002", 1)]


def test_callers_are_checked_when_the_world_says_so(server: MockServer, caller: Caller) -> None:
    """A bearer token, an API key; neither shows in the journal."""
    server.load(settings(bearer="t0ken", api_key="k3y", api_key_header="X-Own"))
    assert post(caller, INVOICE).status == 401
    assert caller.call("POST", PATH, INVOICE, authorization="Bearer t0ken").status == 401
    assert caller.call("POST", PATH, INVOICE, authorization="Bearer t0ken", x_own="k3y").status == 201
    assert "k3y" not in str(server.requests())
    assert "t0ken" not in str(server.requests())


def test_customers_are_the_accounts_of_the_world(server: MockServer, caller: Caller) -> None:
    """By number, by name or by id, with a word whether they are blocked."""
    server.load(
        {
            **settings(reject_customers=["C-1"]),
            "accounts": [{"accountid": "@a", "accountnumber": "C-1", "name": "Acme"}, {"accountid": "@b"}],
        }
    )
    acme = {"account": "C-1", "name": "Acme", "blocked": True}
    for name in ("C-1", "Acme", str(uuid5(NAMESPACE_OID, "@a"))):
        assert caller.get(f"/finance/rest/customers?account={name}").rows == [acme]
    assert len(caller.get("/finance/rest/customers").rows) == 2


def test_documents_outlive_changes_of_the_world_only(server: MockServer, caller: Caller) -> None:
    """PATCH keeps them, PUT empties them."""
    post(caller, INVOICE)
    server.patch(upsert={"accounts": [{"name": "New"}]})
    assert references(server) == ["PF-1"]
    server.load({})
    assert references(server) == []


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"idempotence": True}, "$finance.rest: Object contains unknown field `idempotence`"),
        ({"find": "yes"}, "$finance.rest: Expected `bool`, got `str`"),
    ],
)
def test_switches_that_do_not_exist_are_refused(switches: Document, message: str) -> None:
    """When the world is loaded, not when it is used."""
    with pytest.raises(WorldError) as refusal:
        MockServer({"$finance": {"rest": switches}})
    assert str(refusal.value).startswith(message)


def test_an_undone_transaction_leaves_every_document_as_it_was() -> None:
    """F-34, F-73: documents added, lines added and changes made within it are all taken back; numbers are given again."""
    documents = Documents()
    kept = documents.add(target="bc", body={"a": 1}, key="k", state="Draft", now=0, reference="R-1", lines={})
    documents.add_line(kept, Decimal(1), {"amount": 1})
    before = documents.described()
    tag = kept.tag
    with suppress(KeyError), documents.transaction():
        documents.add_line(kept, Decimal(2), {"amount": 2})
        documents.change(kept, body={"a": 2}, state="Open", number="X")
        other = documents.add(target="bc", body={}, key="k", state="Draft", now=0, reference="R-1", lines={})
        documents.add_line(other, Decimal(1), {"amount": 3})
        raise KeyError
    assert documents.described() == before
    assert (kept.tag, documents.like("bc", "r-1"), documents.with_key("bc", "k")) == (tag, [kept], [kept])
    assert documents.add(target="bc", body={}, key=None, state="Draft", now=0).sequence == 2


def test_a_document_that_was_deleted_gives_its_id_to_no_other() -> None:
    """Whoever still holds the id finds nothing, and never somebody else's document."""
    documents = Documents()
    first = documents.add(target="rest", body={"reference": "A"}, key=None, state="accepted", now=0)
    second = documents.add(target="rest", body={"reference": "B"}, key=None, state="accepted", now=0)
    documents.remove(first)
    third = documents.add(target="rest", body={"reference": "C"}, key=None, state="accepted", now=0)
    assert len({first.id, second.id, third.id}) == 3
    assert documents.by_id("rest", first.id) is None
    assert documents.of("rest", "A") == []
