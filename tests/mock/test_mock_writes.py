"""Creating, changing, deleting rows through the Web API."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.schema import known_tables
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
    """A name, a lookup or a value that does not fit is told, and nothing is written (W-102 to W-104, W-108, W-114, W-116, W-120, W-125)."""
    before = caller.get("salesorders").document
    found = caller.call("PATCH", f"salesorders({guid('@so')})", body).error
    assert (found[:2], text in found[2]) == ((status, code), True)
    assert caller.get("salesorders").document == before


def test_bodies_that_are_no_json_object_are_refused(caller: Caller) -> None:
    """Broken JSON and lists are 400, another media type is 415 (W-12, W-181)."""
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


def test_a_single_column_takes_only_its_own_value(caller: Caller) -> None:
    """A body without `value`, a lookup and a value that does not fit are refused; the version may be asked for (W-136, W-141)."""
    key = f"accounts({guid('@acme')})"
    assert caller.call("PUT", f"{key}/name", {"name": "x"}).error[:2] == (400, "0x80048d19")
    assert caller.call("PUT", f"{key}/creditlimit", {"value": "much"}).error[:2] == (400, "0x80048d19")
    assert caller.call("PUT", f"{key}/_primarycontactid_value", {"value": None}).error[:2] == (400, "0x0")
    assert caller.call("DELETE", f"{key}/name", if_match='W/"1"').error[:2] == (412, "0x80060882")
    assert read(caller, key, "name", "creditlimit") == ["Acme", 10]


def test_a_key_of_its_own_must_be_a_guid(caller: Caller) -> None:
    """The caller may choose the key of a new row, but not any text (W-122)."""
    assert caller.call("POST", "accounts", {"accountid": NEW.upper()}).headers["OData-EntityId"].endswith(f"accounts({NEW})")
    assert caller.call("POST", "accounts", {"accountid": "first"}).error[:2] == (400, "0x80048d19")


def test_nothing_is_written_when_the_answer_cannot_be_shown(caller: Caller) -> None:
    """An unknown column in `$select` refuses the whole request (W-61, W-123)."""
    answer = caller.call("POST", "accounts?$select=nix", {"accountid": NEW}, prefer="return=representation")
    assert (answer.error[:2], caller.get(f"accounts({NEW})").status) == ((400, "0x0"), 404)


def test_a_new_row_is_shown_with_its_relatives(caller: Caller) -> None:
    """`$expand` applies to a create, not to a change; annotations come when asked, and what applied is told (W-14, W-123, W-129)."""
    path = "salesorders?$select=name&$expand=customerid_account($select=name)"
    body = {"salesorderid": NEW, "name": "Deal", "customerid_account@odata.bind": f"/accounts({guid('@acme')})"}
    prefer = 'return=representation,odata.include-annotations="*"'
    made = caller.call("POST", path, body, prefer=prefer)
    related = made.document["customerid_account"]
    assert (made.status, related["name"] if isinstance(related, dict) else None) == (201, "Acme")
    assert made.headers["Preference-Applied"] == 'return=representation, odata.include-annotations="*"'
    changed = caller.call("PATCH", path.replace("salesorders", f"salesorders({NEW})"), {"name": "Deal 2"}, prefer=prefer)
    assert (changed.status, changed.document["name"], "customerid_account" in changed.document) == (200, "Deal 2", False)


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        ({"creditlimit": Decimal("1.23455")}, {"creditlimit": Decimal("1.2346")}),
        ({"creditlimit": Decimal("-1.23455")}, {"creditlimit": Decimal("-1.2346")}),
        ({"creditlimit": Decimal("922337203685477.5807")}, {"creditlimit": Decimal("922337203685477.5807")}),
        ({"exchangerate": Decimal("7"), "creditlimit_base": 5}, {"exchangerate": None, "creditlimit_base": None}),
        ({"numberofemployees": "200"}, {"numberofemployees": 200}),
        ({"name": "\u00c5se", "donotemail": True}, {"name": "\u00c5se", "donotemail": True}),
    ],
)
def test_values_as_they_are_kept(caller: Caller, cells: Document, kept: Document) -> None:
    """Money with four decimals, exactly; computed columns ignored; numbers may come as text (W-108, W-109, W-111, W-114, W-119)."""
    assert caller.call("POST", "accounts", {"accountid": NEW, **cells}).status == 204
    assert dict(zip(kept, read(caller, f"accounts({NEW})", *kept), strict=True)) == kept


@pytest.mark.parametrize(
    "cells",
    [
        {"creditlimit": Decimal("922337203685477.5808")},
        {"creditlimit": Decimal("1E+400")},
        {"numberofemployees": 2**31},
        {"address1_latitude": Decimal("1E+12")},
        {"lastonholdtime": "1752-12-31T23:59:59Z"},
    ],
)
def test_values_that_no_column_holds(caller: Caller, cells: Document) -> None:
    """Numbers beyond the type and days before 1753 are refused (W-109, W-113, W-116)."""
    status, code, message = caller.call("POST", "accounts", {"accountid": NEW, **cells}).error
    assert (status, code, message.endswith("is outside the valid range.")) == (400, "0x80044330", True)
    assert caller.get(f"accounts({NEW})").status == 404


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "2026-03-31T12:00:00+02:00Z", "31.03.2026"])
def test_moments_that_are_none(caller: Caller, moment: str) -> None:
    """An offset and `Z` together, a moment outside the calendar, another notation (W-116)."""
    assert caller.call("POST", "accounts", {"lastonholdtime": moment}).error[:2] == (400, "0x80048d19")


def test_a_column_that_the_system_needs_cannot_be_emptied(caller: Caller) -> None:
    """400, also for a single column (W-139)."""
    key = f"accounts({guid('@acme')})"
    assert caller.call("PATCH", key, {"statecode": None}).error == (400, "0x80040203", "Attribute 'statecode' cannot be set to NULL")
    assert caller.call("DELETE", f"{key}/statecode").error[:2] == (400, "0x80040203")


def test_conditions_that_say_no_version(server: MockServer, caller: Caller) -> None:
    """`null` is no condition, an empty tag is refused, and so is any tag where rows cannot be guarded (W-11, W-46, W-141)."""
    key = f"accounts({guid('@acme')})"
    assert caller.call("PATCH", key, {"name": "A"}, if_none_match="null", if_match="null").status == 204
    assert caller.call("PATCH", key, {"name": "B"}, if_match='W/""').error[:2] == (400, "0x80060883")
    server.load({**WORLD, "$dataverse": {"optimistic_concurrency": {"disabled": ["accounts"]}}})
    assert caller.call("PATCH", key, {"name": "C"}, if_match='W/"1"').error[:2] == (400, "0x8006088d")
    definition = "EntityDefinitions(LogicalName='{}')?$select=IsOptimisticConcurrencyEnabled"
    enabled = [caller.get(definition.format(name)).document["IsOptimisticConcurrencyEnabled"] for name in ("account", "contact")]
    assert enabled == [False, True]
    assert caller.call("PATCH", key, {"name": "D"}, if_match="*").status == 204


def test_a_tag_of_a_row_that_is_gone(caller: Caller) -> None:
    """404 for a change and a deletion, and nothing is made (W-130, W-144)."""
    for method in ("PATCH", "DELETE"):
        assert caller.call(method, f"accounts({NEW})", {}, if_match='W/"7"').error[:2] == (404, "0x80040217")
    assert caller.call("PATCH", "accounts(accountnumber='C-9')", {}, if_match="*").error[:2] == (404, "0x80060891")


def test_a_body_may_move_its_own_alternate_key(caller: Caller) -> None:
    """On a create the body wins over the key of the URL; keys compare without regard to case (W-67, W-132)."""
    assert caller.call("PATCH", "accounts(accountnumber='C-8')", {"accountnumber": "C-80"}).status == 204
    assert [caller.get(f"accounts(accountnumber='{key}')").status for key in ("C-8", "c-80")] == [404, 200]


def test_a_collection_is_neither_changed_nor_deleted(caller: Caller) -> None:
    """405 with the methods that there are (W-3, W-181)."""
    for method in ("PATCH", "PUT", "DELETE"):
        answer = caller.call(method, "accounts", {})
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


def test_headers_of_other_services_are_taken_and_ignored(caller: Caller) -> None:
    """Solutions, plug-ins, flows, sessions, consistency, correlation (W-16 to W-20)."""
    headers = {
        "MSCRM.SolutionUniqueName": "x",
        "MSCRM.MergeLabels": "true",
        "MSCRM.BypassCustomPluginExecution": "true",
        "MSCRM.BypassBusinessLogicExecution": "CustomSync,CustomAsync",
        "MSCRM.SuppressCallbackRegistrationExpanderJob": "true",
        "MSCRM.SessionToken": "x",
        "Consistency": "Strong",
        "x-ms-client-request-id": NEW,
    }
    answer = caller.call("POST", "accounts?tag=nightly&partitionId=p", {"name": "New"}, **headers)
    assert (answer.status, answer.headers["OData-Version"]) == (204, "4.0")


def test_a_row_that_was_read_may_be_sent_back(caller: Caller) -> None:
    """Tags, contexts and formatted values are ignored, so are what the system sets and a type with or without hash (W-101, W-107)."""
    key = f"salesorders({guid('@so')})"
    read_row = caller.get(f"{key}?$select=name,statecode,createdon", prefer='odata.include-annotations="*"').document
    body = {**read_row, "name": "Deal", "@odata.type": "Microsoft.Dynamics.CRM.salesorder"}
    assert caller.call("PATCH", key, body).status == 204
    assert read(caller, key, "name", "createdon") == ["Deal", read_row["createdon"]]


def test_choices_numbers_and_ids_on_the_wire(caller: Caller) -> None:
    """Choices by their number, doubles and whole numbers as they are, ids in lower case without braces (W-112, W-113, W-115, W-118)."""
    body = b'{"accountid":"%s","paymenttermscode":2,"address1_latitude":47.639583,"numberofemployees":7,' % NEW.upper().encode()
    assert caller.call("POST", "accounts", body + b'"address1_addressid":"{%s}"}' % NEW.upper().encode()).status == 204
    names = ("accountid", "paymenttermscode", "address1_latitude", "numberofemployees", "address1_addressid")
    assert read(caller, f"accounts({NEW})", *names) == [NEW, 2, Decimal("47.639583"), 7, NEW]


def test_several_choices_are_one_text(caller: Caller) -> None:
    """Blanks are accepted and not given back (W-115)."""
    schema = next(table for table in known_tables().values() if any(column.type == "multiselect" for column in table.columns.values()))
    name = next(column.name for column in schema.columns.values() if column.type == "multiselect")
    answer = caller.call("POST", f"{schema.entity_set}?$select={name}", {name: "1, 9"}, prefer="return=representation")
    assert (answer.status, answer.document[name]) == (201, "1,9")


def test_plain_days_and_moments(caller: Caller) -> None:
    """A day stays a day; a moment comes in whole seconds of UTC, whatever its zone was (W-116, W-117)."""
    document = {"salesorderid": NEW, "datefulfilled": "2026-03-31T23:30:00.75-05:00"}
    assert caller.call("POST", "salesorders", document).status == 204
    assert read(caller, f"salesorders({NEW})", "datefulfilled") == ["2026-04-01T04:30:00Z"]
    actual = {"msdyn_contractlinescheduleofvalueid": NEW, "msdyn_milestonedate": "2026-03-31"}
    assert caller.call("POST", "msdyn_contractlinescheduleofvalues", actual).status == 204
    assert read(caller, f"msdyn_contractlinescheduleofvalues({NEW})", "msdyn_milestonedate") == ["2026-03-31"]
    refused = caller.call("POST", "msdyn_contractlinescheduleofvalues", {"msdyn_milestonedate": "2026-03-31T00:00:00Z"})
    assert refused.error[:2] == (400, "0x80048d19")


def test_every_write_gives_a_new_tag(caller: Caller) -> None:
    """Also when nothing differs; tags are weak, compared as texts, and one counter serves all tables (W-25, W-135, W-140, W-143)."""
    key = f"accounts({guid('@acme')})"
    tags = [str(caller.get(key).document["@odata.etag"])]
    for _ in range(2):
        changed = caller.call("PATCH", key, {"name": "Same"}, prefer="return=representation")
        assert changed.headers["ETag"] == changed.document["@odata.etag"] == f'W/"{changed.document["versionnumber"]}"'
        tags.append(str(changed.document["@odata.etag"]))
        caller.call("PATCH", f"contacts({guid('@c')})", {"lastname": "x"})
    numbers = [int(tag[3:-1]) for tag in tags]
    assert (numbers[2] - numbers[1], numbers[1] > numbers[0]) == (2, True)
    assert caller.call("PATCH", key, {}, if_match=tags[-1].removeprefix("W/")).status == 412
    assert caller.call("PATCH", key, {}, if_match=tags[-1]).status == 204
