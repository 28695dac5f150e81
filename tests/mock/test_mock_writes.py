"""Creating, changing, deleting rows through the Web API."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import Value

WORLD: dict[str, Value] = {
    "$keys": {"accounts": [["accountnumber"]]},
    "transactioncurrencies": [{"transactioncurrencyid": "@nok", "isocurrencycode": "NOK"}],
    "accounts": [
        {"accountid": "@acme", "accountnumber": "C-1", "name": "Acme", "creditlimit": "10"},
        {"accountid": "@fjord", "accountnumber": "C-2"},
    ],
    "contacts": [{"contactid": "@c"}],
    "salesorders": [{"salesorderid": "@so", "_customerid_value": "@acme"}],
}
NEW = "00000000-0000-4000-8000-000000000001"


def guid(symbol: str) -> str:
    return str(uuid5(NAMESPACE_OID, symbol))


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(WORLD)
    with calling(server) as caller:
        yield caller


def read(caller: Caller, key: str, *names: str) -> list[Value]:
    """Cells of one row."""
    document = caller.get(f"{key}?$select={','.join(names)}").document
    return [document[name] for name in names]


def test_a_created_row_is_there(caller: Caller) -> None:
    """204, the address of the row in the headers, system columns filled, decimals exact (W-122, W-126)."""
    body = b'{"salesorderid":"%s","name":"Quay lights","totalamount":922337203685477.5807,' % NEW.encode()
    body += b'"customerid_account@odata.bind":"/accounts(%s)","transactioncurrencyid@odata.bind":"transactioncurrencies(%s)",' % (
        guid("@acme").encode(),
        guid("@nok").encode(),
    )
    body += b'"@odata.type":"#Microsoft.Dynamics.CRM.salesorder","createdon":"1999-01-01T00:00:00Z",'
    body += b'"datefulfilled":"2026-03-31T23:30:00-05:00"}'
    answer = caller.call("POST", "salesorders", body)
    address = f"{caller.url}{API}salesorders({NEW})"
    assert (answer.status, answer.body, answer.headers["OData-EntityId"], answer.headers["Location"]) == (204, b"", address, address)
    names = ("name", "totalamount", "_customerid_value", "_transactioncurrencyid_value", "statecode", "statuscode", "datefulfilled")
    assert read(caller, f"salesorders({NEW})", *names) == [
        "Quay lights",
        Decimal("922337203685477.5807"),
        guid("@acme"),
        guid("@nok"),
        0,
        1,
        "2026-04-01T04:30:00Z",
    ]
    assert str(read(caller, f"salesorders({NEW})", "createdon")[0]) > "2020"


def test_a_representation_comes_when_asked(caller: Caller) -> None:
    """201 for a create, 200 for a change, the chosen columns, no address (W-123, W-129)."""
    created = caller.call("POST", "accounts?$select=name", {"accountid": NEW, "name": "New"}, prefer="return=representation")
    assert (created.status, created.headers["Preference-Applied"], "OData-EntityId" in created.headers) == (
        201,
        "return=representation",
        False,
    )
    etag = created.document["@odata.etag"]
    assert created.document == {
        "@odata.context": f"{caller.url}{API}$metadata#accounts(name)/$entity",
        "@odata.etag": etag,
        "name": "New",
        "accountid": NEW,
    }
    changed = caller.call("PATCH", f"accounts({NEW})?$select=name", {"name": "Newer"}, prefer='return="representation"')
    assert (changed.status, changed.document["name"], changed.document["@odata.etag"] == etag) == (200, "Newer", False)


def test_a_change_touches_only_what_it_names(caller: Caller) -> None:
    """Other cells stay, the version goes up, an empty text is null (W-120, W-129, W-135)."""
    key = f"accounts({guid('@acme')})"
    (before,) = read(caller, key, "versionnumber")
    answer = caller.call("PATCH", key, {"name": "", "creditlimit": "12.50", "description@note": "ignored"})
    assert (answer.status, answer.headers["OData-EntityId"]) == (204, f"{caller.url}{API}{key}")
    name, limit, number, after = read(caller, key, "name", "creditlimit", "accountnumber", "versionnumber")
    assert (name, limit, number) == (None, Decimal("12.50"), "C-1")
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after > before


def test_a_patch_without_a_condition_creates(caller: Caller) -> None:
    """Under the given GUID, or with the cells of the alternate key (W-130 to W-133)."""
    assert caller.call("PATCH", f"accounts({NEW})", {"name": "Made"}).status == 204
    assert read(caller, f"accounts({NEW})", "name") == ["Made"]
    answer = caller.call("PATCH", "accounts(accountnumber='C-9')", {"name": "By key"})
    assert (answer.status, answer.headers["OData-EntityId"]) == (204, f"{caller.url}{API}accounts(accountnumber='C-9')")
    assert read(caller, "accounts(accountnumber='C-9')", "name", "accountnumber") == ["By key", "C-9"]
    again = caller.call(
        "PATCH", "accounts(accountnumber='C-9')", {"name": "Again", "accountnumber": "C-10"}, prefer="return=representation"
    )
    assert (again.status, again.document["accountnumber"]) == (200, "C-9")


def test_conditions_of_a_patch(caller: Caller) -> None:
    """`If-Match: *` only updates, `If-None-Match: *` only creates, a stale tag loses (W-130, W-141)."""
    key = f"accounts({guid('@acme')})"
    assert caller.call("PATCH", f"accounts({NEW})", {"name": "x"}, if_match="*").error == (
        404,
        "0x80040217",
        f"account With Id = {NEW} Does Not Exist",
    )
    assert caller.call("PATCH", key, {"name": "x"}, if_none_match="*").error == (
        412,
        "0x80040237",
        "A record with matching key values already exists.",
    )
    assert caller.call("PATCH", f"accounts({NEW})", {"name": "x"}, if_none_match="*").status == 204
    etag = str(caller.get(key).document["@odata.etag"])
    assert caller.call("PATCH", key, {"name": "first"}, if_match=etag).status == 204
    assert caller.call("PATCH", key, {"name": "late"}, if_match=etag).error == (
        412,
        "0x80060882",
        "The version of the existing record doesn't match the RowVersion property provided.",
    )
    assert caller.call("DELETE", key, if_match=etag).status == 412
    assert caller.call("PATCH", key, {"name": "third"}, if_none_match="null").status == 204
    assert read(caller, key, "name") == ["third"]


def test_duplicates_are_refused(caller: Caller) -> None:
    """By primary and by alternate key (W-128)."""
    assert caller.call("POST", "accounts", {"accountid": guid("@acme")}).error[:2] == (412, "0x80040237")
    assert caller.call("POST", "accounts", {"accountnumber": "c-1"}).error[:2] == (412, "0x80060892")
    assert caller.call("PATCH", f"accounts({guid('@fjord')})", {"accountnumber": "C-1"}).error[:2] == (412, "0x80060892")


def test_a_lookup_is_bound_and_cleared(caller: Caller) -> None:
    """By relative, absolute and key address; setting one target clears the other; null clears (W-103 to W-106)."""
    key = f"salesorders({guid('@so')})"
    binds: list[tuple[Document, Value]] = [
        ({"customerid_contact@odata.bind": f"/contacts({guid('@c')})"}, guid("@c")),
        ({"customerid_account@odata.bind": f"{caller.url}{API}accounts({guid('@fjord')})"}, guid("@fjord")),
        ({"customerid_account@odata.bind": "accounts(accountnumber='C-1')"}, guid("@acme")),
        ({"customerid_account@odata.bind": None}, None),
        ({"customerid_contact@odata.bind": f"contacts({guid('@c')})"}, guid("@c")),
        ({"customerid_contact": None}, None),
    ]
    for body, expected in binds:
        assert caller.call("PATCH", key, body).status == 204
        assert read(caller, key, "_customerid_value") == [expected]


@pytest.mark.parametrize(
    ("body", "status", "code", "text"),
    [
        ({"Name": "x"}, 400, "0x0", "Invalid property 'Name' was found in entity 'Microsoft.Dynamics.CRM.salesorder'."),
        ({"_customerid_value": None}, 400, "0x0", "The property '_customerid_value' is read-only"),
        ({"customerid@odata.bind": "/accounts(x)"}, 400, "0x80048d19", "An undeclared property 'customerid'"),
        ({"transactioncurrencyid@odata.bind": "/accounts(x)"}, 400, "0x80048d19", "does not name a row"),
        ({"customerid_account@odata.bind": f"/accounts({NEW})"}, 404, "0x80040217", f"account With Id = {NEW} Does Not Exist"),
        (
            {"totalamount": "much"},
            400,
            "0x80048d19",
            "Cannot convert the literal 'much' to the expected type 'Edm.Decimal' of 'totalamount'.",
        ),
        ({"name": 5}, 400, "0x80048d19", "expected type 'Edm.String'"),
        ({"ispricelocked": 1}, 400, "0x80048d19", "expected type 'Edm.Boolean'"),
        ({"datefulfilled": "soon"}, 400, "0x80048d19", "expected type 'Edm.DateTimeOffset'"),
        ({"msdyn_ordertype": 3}, 400, "0x8004431a", "is outside the valid range"),
        ({"customerid_account": {"name": "deep"}}, 400, "0x80048d19", "can only be written when a row is created"),
    ],
)
def test_bodies_that_are_refused(caller: Caller, body: Document, status: int, code: str, text: str) -> None:
    """A name, a lookup or a value that does not fit is told, and nothing is written."""
    before = caller.get("salesorders").document
    found = caller.call("PATCH", f"salesorders({guid('@so')})", body).error
    assert (found[:2], text in found[2]) == ((status, code), True)
    assert caller.get("salesorders").document == before


def test_bodies_that_are_no_json_object_are_refused(caller: Caller) -> None:
    """Broken JSON and lists are 400, another media type is 415."""
    assert caller.call("POST", "accounts", b"{").error[:2] == (400, "0x80048d19")
    assert caller.call("POST", "accounts", [1]).error[:2] == (400, "0x80048d19")
    assert caller.call("POST", "accounts", b"<a/>", content_type="application/xml").status == 415


def test_a_deleted_row_is_gone(caller: Caller) -> None:
    """204, then 404, also for the second deletion (W-138)."""
    key = f"accounts({guid('@acme')})"
    assert [caller.call("DELETE", key).status, caller.get(key).status, caller.call("DELETE", key).status] == [204, 404, 404]


def test_a_single_column_is_set_and_cleared(caller: Caller) -> None:
    """PUT and DELETE on the column (W-136)."""
    key = f"accounts({guid('@acme')})"
    assert caller.call("PUT", f"{key}/name", {"value": "One"}).status == 204
    assert read(caller, key, "name") == ["One"]
    assert caller.call("DELETE", f"{key}/name").status == 204
    assert read(caller, key, "name") == [None]
    assert caller.call("PUT", f"{key}/nix", {"value": 1}).status == 400
