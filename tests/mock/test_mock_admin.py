"""The administration below `/mock/`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from uuid import NAMESPACE_OID, uuid5

import pytest
from mock_caller import Caller, Document, calling

from proforma.mock import MockServer

INVOICE = {"reference": "R", "customer": {"account": "C"}, "currency": "NOK", "lines": [{"amount": "1"}], "total": "1"}


def guid(symbol: str) -> str:
    return str(uuid5(NAMESPACE_OID, symbol))


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load({"accounts": [{"accountid": "@a", "name": "Acme"}]})
    with calling(server) as caller:
        yield caller


def test_a_new_world_replaces_everything(caller: Caller) -> None:
    """Rows, journal, faults and documents are those of the new world."""
    caller.get("accounts")
    caller.call("POST", "/finance/rest/invoices", INVOICE)
    caller.call("PUT", "/mock/faults", [{"action": {"status": 500}}])
    answer = caller.call("PUT", "/mock/world", {"contacts": [{"contactid": "@c"}]})
    assert (answer.status, answer.document) == (200, {"rows": {"contacts": 1}})
    assert caller.get("/mock/requests").entries == []
    assert caller.get("/mock/faults").entries == []
    assert caller.get("/mock/finance/documents").entries == []
    assert set(caller.get("/mock/world").document) == {"contacts"}
    assert caller.get("accounts").rows == []


def test_a_refused_world_changes_nothing(caller: Caller) -> None:
    """400 with the place, and the old world goes on."""
    for bad in ({"accounts": 5}, {"$auth": {"secret": "x"}}, [1]):
        answer = caller.call("PUT", "/mock/world", bad)
        assert (answer.status, set(answer.document)) == (400, {"error"})
    assert caller.call("PUT", "/mock/world", b"{").status == 400
    assert [row["name"] for row in caller.get("accounts?$select=name").rows] == ["Acme"]


def test_a_change_is_seen_by_the_next_reader(caller: Caller) -> None:
    """Upserted rows have a higher version and a new time; deleted rows are gone."""
    (before,) = caller.get("accounts").rows
    change = {"upsert": {"accounts": [{"accountid": "@a", "creditlimit": "5"}, {"accountid": "@b"}]}, "delete": {"contacts": ["@x"]}}
    answer = caller.call("PATCH", "/mock/world", change)
    rows = {row["accountid"]: row for row in caller.get("accounts").rows}
    after = rows[guid("@a")]
    assert (answer.status, answer.document) == (200, {"version": 1003})
    assert (after["name"], after["creditlimit"], after["versionnumber"], before["versionnumber"]) == ("Acme", 5, 1002, 1001)
    assert str(after["modifiedon"]) > str(before["modifiedon"])
    assert rows[guid("@b")]["statecode"] == 0
    caller.call("PATCH", "/mock/world", {"delete": {"accounts": ["@a"]}})
    assert [row["accountid"] for row in caller.get("accounts").rows] == [guid("@b")]
    assert caller.call("PATCH", "/mock/world", {"upsert": []}).status == 400


def test_the_journal_shows_requests_without_secrets(server: MockServer, caller: Caller) -> None:
    """Method, path, query, status, headers, client; tokens, cookies, keys and secrets are stars; finance bodies are kept."""
    caller.get(
        "accounts?$select=name&sig=CANARY&$skiptoken=", authorization="Bearer CANARY", cookie="x=CANARY", x_api_key="CANARY", accept="a/b"
    )
    form = b"grant_type=client_credentials&client_id=a&client_secret=CANARY"
    caller.call("POST", "/oauth2/t/oauth2/v2.0/token", form, content_type="application/x-www-form-urlencoded")
    caller.call("POST", "/finance/rest/invoices", INVOICE, idempotency_key="R")
    answer = caller.get("/mock/requests")
    assert b"CANARY" not in answer.body
    first, second, third = answer.entries
    headers = cast("Document", first["headers"])
    assert (first["number"], first["method"], first["path"], first["query"], first["status"], first["fault"], first["body"]) == (
        1,
        "GET",
        "/api/data/v9.2/accounts",
        "$select=name&sig=***&$skiptoken=",
        400,
        None,
        None,
    )
    assert (headers["authorization"], headers["cookie"], headers["x-api-key"], headers["accept"]) == ("Bearer ***", "***", "***", "a/b")
    assert str(first["client"]).startswith("127.0.0.1:")
    assert (second["body"], third["body"]) == (None, INVOICE)
    assert cast("Document", third["headers"])["idempotency-key"] == "R"
    assert caller.call("DELETE", "/mock/requests").entries == []
    assert server.requests() == []


def test_documents_can_be_forgotten(server: MockServer, caller: Caller) -> None:
    """A finance system that restarts with an empty memory (F-88)."""
    caller.call("POST", "/finance/rest/invoices", INVOICE)
    assert len(server.documents()) == 1
    caller.call("DELETE", "/mock/finance/documents")
    assert server.documents() == []


def test_pages_that_do_not_exist_and_methods_that_do_not_fit(caller: Caller) -> None:
    """404 and 405, each with what there is."""
    assert caller.get("/mock/nothing").status == 404
    assert caller.call("POST", "/mock/world", {}).status == 405
    assert caller.call("PUT", "/mock/faults", [{"action": {"explode": 1}}]).status == 400


def test_methods_of_the_server_do_what_the_pages_do(server: MockServer, caller: Caller) -> None:
    """The object in the test's hands and the pages over the wire show the same."""
    server.patch(upsert={"accounts": [{"accountid": "@a", "creditlimit": "1.50"}]})
    caller.get("accounts")
    assert server.dump() == caller.get("/mock/world").document
    assert server.requests() == caller.get("/mock/requests").entries
    server.clear_requests()
    assert server.requests() == []
