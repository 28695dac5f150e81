"""Rows written together: deep insert, references, many at once, and what a row refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import Value, symbol_guid

NEW = "0a0a0a0a-0000-4000-8000-00000000000a"
WORLD: Document = {
    "accounts": [{"accountid": "@acme", "name": "Acme", "accountnumber": "C-1"}, {"accountid": "@fjord", "name": "Fjord"}],
    "contacts": [{"contactid": "@nora", "lastname": "Ness", "_parentcustomerid_value": "@acme"}, {"contactid": "@ola", "lastname": "Lie"}],
    "salesorders": [{"salesorderid": "@deal", "name": "Deal", "_customerid_value": "@acme"}],
    "$keys": {"accounts": [["accountnumber"]]},
    "$dataverse": {"duplicates": {"rules": {"accounts": [["name"]]}}},
}
ACME, FJORD, DEAL, NORA, OLA = (symbol_guid(name) for name in ("@acme", "@fjord", "@deal", "@nora", "@ola"))


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(WORLD)
    with calling(server) as caller:
        yield caller


def cell(caller: Caller, path: str, name: str) -> Value:
    return caller.get(f"{path}?$select={name}").document[name]


def test_related_rows_are_made_with_a_row(caller: Caller) -> None:
    """An object under a lookup, a list under a collection, more inside them, existing rows bound to a collection (W-125)."""
    document = {
        "accountid": NEW,
        "name": "Quay",
        "primarycontactid": {"lastname": "Vik", "parentcustomerid_account@odata.bind": f"/accounts({FJORD})"},
        "order_customer_accounts": [
            {"name": "One", "transactioncurrencyid": {"currencyname": "Krone", "isocurrencycode": "NOK"}},
            {"name": "Two"},
        ],
        "account_parent_account@odata.bind": [f"accounts({FJORD})"],
    }
    assert caller.call("POST", "accounts", document).status == 204
    vik = caller.get("contacts?$filter=lastname eq 'Vik'").rows[0]
    assert (vik["_parentcustomerid_value"], cell(caller, f"accounts({NEW})", "_primarycontactid_value")) == (FJORD, vik["contactid"])
    orders = caller.get(
        f"salesorders?$select=name&$expand=transactioncurrencyid($select=isocurrencycode)&$filter=_customerid_value eq {NEW}"
    ).rows
    currencies = {order["name"]: cast("Document | None", order["transactioncurrencyid"]) for order in orders}
    assert (set(currencies), currencies["Two"], (currencies["One"] or {})["isocurrencycode"]) == ({"One", "Two"}, None, "NOK")
    assert cell(caller, f"accounts({FJORD})", "_parentaccountid_value") == NEW


def test_related_rows_are_made_all_or_none(caller: Caller) -> None:
    """A mistake in a nested row leaves nothing behind (W-125)."""
    document = {"primarycontactid": {"lastname": "Vik"}, "order_customer_accounts": [{"name": "One"}, {"Name": "wrong"}]}
    assert caller.call("POST", "accounts", document).error[:2] == (400, "0x0")
    assert [caller.get(f"{name}/$count").body.decode("utf-8-sig") for name in ("accounts", "contacts", "salesorders")] == ["2", "2", "1"]


@pytest.mark.parametrize(
    "document",
    [
        {"primarycontactid": "x"},
        {"primarycontactid": [{}]},
        {"order_customer_accounts": {}},
        {"order_customer_accounts": ["x"]},
        {"order_customer_accounts@odata.bind": f"/salesorders({DEAL})"},
        {"order_customer_accounts@odata.bind": [f"/contacts({NORA})"]},
    ],
)
def test_nested_values_of_the_wrong_shape(caller: Caller, document: Document) -> None:
    """400, and nothing is written."""
    assert caller.call("POST", "accounts", document).error[:2] == (400, "0x80048d19")
    assert len(caller.get("accounts").rows) == 2


@pytest.mark.parametrize("document", [{"order_customer_accounts": [{}]}, {"order_customer_accounts@odata.bind": []}])
def test_a_change_makes_no_related_rows(caller: Caller, document: Document) -> None:
    """Only a create does (W-125)."""
    for key in (ACME, NEW):
        assert "only be written when a row is created" in caller.call("PATCH", f"accounts({key})", document).error[2]


def test_a_single_valued_reference(caller: Caller) -> None:
    """Read, set with an absolute or relative address, cleared (W-58, W-106, W-137)."""
    path = f"salesorders({DEAL})/customerid_account"
    context = f"{caller.url}{API}$metadata"
    assert caller.get(f"{path}/$ref").document == {"@odata.context": f"{context}#$ref", "@odata.id": f"{caller.url}{API}accounts({ACME})"}
    for address in (f"{caller.url}{API}accounts({FJORD})", f"accounts({FJORD})", f"/api/data/v9.2/accounts({FJORD})"):
        assert caller.call("DELETE", f"{path}/$ref").status == 204
        assert caller.get(f"{path}/$ref").status == 204
        assert caller.call("PUT", f"{path}/$ref", {"@odata.id": address}).status == 204
        assert caller.get(f"{path}?$select=name").document["name"] == "Fjord"
    assert caller.call("PUT", f"{path}/$ref", {"@odata.id": f"contacts({NORA})"}).status == 400
    assert caller.call("PUT", f"{path}/$ref", {"id": "x"}).status == 400
    assert caller.call("POST", f"{path}/$ref", {}).status == 405


def test_references_of_a_collection(caller: Caller) -> None:
    """Listed, added, removed in both spellings (W-58, W-137)."""
    path = f"accounts({ACME})/contact_customer_accounts"

    def members() -> list[str]:
        return [str(row["@odata.id"]).partition("contacts")[2] for row in caller.get(f"{path}/$ref").rows]

    assert members() == [f"({NORA})"]
    assert caller.call("POST", f"{path}/$ref", {"@odata.id": f"{caller.url}{API}contacts({OLA})"}).status == 204
    assert members() == [f"({NORA})", f"({OLA})"]
    assert caller.call("DELETE", f"{path}({NORA})/$ref").status == 204
    assert caller.call("DELETE", f"{path}/$ref?$id={caller.url}{API}contacts({OLA})").status == 204
    assert members() == []
    assert caller.call("DELETE", f"{path}({NORA})/$ref").status == 404
    assert caller.get("contacts/$ref").document["@odata.context"] == f"{caller.url}{API}$metadata#Collection($ref)"


def test_a_collection_of_a_row(caller: Caller) -> None:
    """Like the filtered set: options, count, one member (W-58, W-59)."""
    path = f"accounts({ACME})/contact_customer_accounts"
    caller.call("PATCH", f"contacts({OLA})", {"parentcustomerid_account@odata.bind": f"accounts({ACME})"})
    assert caller.column(f"{path}?$select=lastname&$orderby=lastname", "lastname") == ["Lie", "Ness"]
    assert caller.column(f"{path}?$select=lastname&$filter=lastname eq 'lie'", "lastname") == ["Lie"]
    assert caller.get(f"{path}/$count").body.decode("utf-8-sig") == "2"
    pages = list(caller.pages(f"{path}?$select=lastname", prefer="odata.maxpagesize=1"))
    assert sorted(str(row["lastname"]) for page in pages for row in page.rows) == ["Lie", "Ness"]
    assert caller.get(f"{path}({NORA})?$select=lastname").document["lastname"] == "Ness"
    assert caller.get(f"accounts({FJORD})/contact_customer_accounts({NORA})").status == 404
    assert caller.get(f"{path}/nothing").status == 404


def test_single_columns(caller: Caller) -> None:
    """Read with its address as context, raw, set, cleared; null is 204 (W-58, W-136)."""
    path = f"accounts({ACME})/name"
    assert caller.get(path).document == {"@odata.context": f"{caller.url}{API}$metadata#accounts({ACME})/name", "value": "Acme"}
    assert caller.get(f"{path}/$value").body == b"Acme"
    assert caller.call("PUT", path, {"value": "Acme AS"}).status == 204
    assert caller.get(path).document["value"] == "Acme AS"
    assert (caller.call("DELETE", path).status, caller.get(path).status) == (204, 204)
    assert caller.call("PATCH", path, {}).status == 405


def targets(*rows: Document, of: str = "account") -> Document:
    return {"Targets": [{**row, "@odata.type": f"Microsoft.Dynamics.CRM.{of}"} for row in rows]}


CRM = "accounts/Microsoft.Dynamics.CRM."


def test_many_rows_are_created_at_once(caller: Caller) -> None:
    """Their ids in order; one mistake and none is made (W-145, W-147)."""
    answer = caller.call("POST", f"{CRM}CreateMultiple", targets({"name": "A"}, {"name": "B", "accountid": NEW}))
    ids = cast("list[str]", answer.document["Ids"])
    assert (answer.status, answer.document["@odata.context"], ids[1]) == (
        200,
        f"{caller.url}{API}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse",
        NEW,
    )
    assert cell(caller, f"accounts({ids[0]})", "name") == "A"
    assert caller.call("POST", f"{CRM}CreateMultiple", targets({"name": "C"}, {"Name": "D"})).status == 400
    assert caller.call("POST", f"{CRM}CreateMultiple", {"Targets": [{"name": "C"}]}).status == 400
    assert caller.call("POST", f"{CRM}CreateMultiple", {"Targets": []}).status == 400
    assert len(caller.get("accounts").rows) == 4


def test_many_rows_are_changed_at_once(caller: Caller) -> None:
    """All are there, or none changes (W-146, W-148)."""
    rows: list[Document] = [{"accountid": ACME, "name": "A"}, {"accountid": FJORD, "name": "F"}]
    assert caller.call("POST", f"{CRM}UpdateMultiple", targets(*rows)).status == 204
    assert caller.column("accounts?$select=name&$orderby=name", "name") == ["A", "F"]
    answer = caller.call("POST", f"{CRM}UpdateMultiple", targets({"accountid": ACME, "name": "x"}, {"accountid": NEW}))
    assert answer.error == (404, "0x80040217", f"account With Ids = {NEW} Do Not Exist")
    assert caller.call("POST", f"{CRM}UpdateMultiple", targets({"name": "x"})).status == 400
    assert caller.column("accounts?$select=name&$orderby=name", "name") == ["A", "F"]


def test_many_rows_are_upserted_at_once(caller: Caller) -> None:
    """By primary key or by an alternate one in `@odata.id` (W-146)."""
    rows: list[Document] = [
        {"accountid": NEW, "name": "New"},
        {"@odata.id": "accounts(accountnumber='C-1')", "name": "By key"},
        {"@odata.id": "accounts(accountnumber='C-2')", "name": "Made by key"},
    ]
    answer = caller.call("POST", f"{CRM}UpsertMultiple", targets(*rows))
    assert (answer.status, answer.body) == (204, b"")
    assert caller.column("accounts?$select=name&$orderby=name", "name") == ["By key", "Fjord", "Made by key", "New"]
    assert cell(caller, "accounts(accountnumber='C-2')", "accountnumber") == "C-2"


def test_many_rows_cannot_be_deleted_at_once(caller: Caller) -> None:
    """Only elastic tables can (W-146); unknown operations are refused."""
    assert caller.call("POST", f"{CRM}DeleteMultiple", targets()).error[2] == "DeleteMultiple has not yet been implemented."
    assert caller.call("POST", f"{CRM}Nothing", {}).status == 501


def test_duplicates_are_detected_when_asked(caller: Caller) -> None:
    """The header that suppresses detection must say false (W-16, W-127)."""
    header = {"MSCRM.SuppressDuplicateDetection": "false"}
    assert caller.call("POST", "accounts", {"name": "acme"}, **header).error == (
        412,
        "0x80040333",
        "A record was not created or updated because a duplicate of the current record already exists.",
    )
    assert caller.call("POST", "accounts", {"name": "Other"}, **header).status == 204
    assert caller.call("POST", "accounts", {"name": "acme"}).status == 204
    assert caller.call("POST", "accounts", {}, **header).status == 204


def test_what_a_text_can_hold(caller: Caller) -> None:
    """Longer is refused with the length (W-119)."""
    assert caller.call("POST", "accounts", {"name": "x" * 160}).status == 204
    assert caller.call("POST", "accounts", {"name": "x" * 161}).error == (
        400,
        "0x80044331",
        "A validation error occurred.  The length of the 'name' attribute of the 'account' entity "
        "exceeded the maximum allowed length of '160'.",
    )


def test_state_and_status_go_together(caller: Caller) -> None:
    """A state takes its first status along; a status of another state is refused (W-139)."""
    path = f"accounts({ACME})"
    assert caller.call("PATCH", path, {"statecode": 1}).status == 204
    assert cell(caller, path, "statuscode") == 2
    assert caller.call("PATCH", path, {"statecode": 0, "statuscode": 2}).error[:2] == (400, "0x80048408")
    assert caller.call("PATCH", path, {"statecode": 0, "statuscode": 1}).status == 204


def test_a_row_can_be_dated_back(caller: Caller) -> None:
    """`createdon` is ignored, `overriddencreatedon` is taken (W-108)."""
    caller.call("POST", "accounts", {"accountid": NEW, "createdon": "2001-01-01", "overriddencreatedon": "2020-02-01T00:00:00Z"})
    assert cell(caller, f"accounts({NEW})", "createdon") == "2020-02-01T00:00:00Z"
