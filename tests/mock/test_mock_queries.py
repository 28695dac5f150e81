"""Reading rows over a real socket: URLs, options, annotations, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_caller import API, Caller, calling

from proforma.mock import MockServer, World
from proforma.mock.http import Request
from proforma.mock.state import State
from proforma.mock.values import Value

WORLD: dict[str, Value] = {
    "$keys": {"accounts": [["accountnumber"], ["name", "statecode"]], "contacts": [["parentcustomerid"]]},
    "transactioncurrencies": [
        {"transactioncurrencyid": "@nok", "isocurrencycode": "NOK", "currencyname": "Norsk krone", "currencysymbol": "kr"}
    ],
    "accounts": [
        {"accountid": "@acme", "accountnumber": "C-1", "name": "Acme", "versionnumber": 7001},
        {"accountid": "@fjord", "accountnumber": "O'Hara", "name": "Fjord"},
    ],
    "contacts": [{"contactid": "@c", "fullname": "Åse", "_parentcustomerid_value": "@acme"}],
    "salesorders": [
        {
            "salesorderid": "@so",
            "name": "Bridge survey",
            "totalamount": "960.0000",
            "_customerid_value": "@acme",
            "_transactioncurrencyid_value": "@nok",
            "discountpercentage": "12.5",
            "datefulfilled": "2026-03-31T17:05:00Z",
            "billto_city": "Bergen",
            "billto_composite": "Bergen",
            "msdyn_ordertype": 192350001,
            "ispricelocked": True,
            "contoso_note": "@x",
        },
        {"salesorderid": "@empty", "name": "Dock repair"},
    ],
    "contoso_things": [{"contoso_thingid": "@t", "contoso_amount": "1.10"}],
}


def guid(symbol: str) -> str:
    return str(uuid5(NAMESPACE_OID, symbol))


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with MockServer(WORLD) as server, calling(server) as caller:
        yield caller


def test_selected_columns_come_with_key_and_tag_only(caller: Caller) -> None:
    """`$select` gives the asked columns, the key, the tag; money is exact and brings its currency; unset is null (W-62, W-63, W-121)."""
    answer = caller.get("salesorders?$select=name,totalamount,_customerid_value&$orderby=name")
    assert answer.document == {
        "@odata.context": f"{caller.url}{API}$metadata#salesorders(name,totalamount,_customerid_value)",
        "value": [
            {
                "@odata.etag": 'W/"7004"',
                "name": "Bridge survey",
                "totalamount": Decimal("960.0000"),
                "_customerid_value": guid("@acme"),
                "_transactioncurrencyid_value": guid("@nok"),
                "salesorderid": guid("@so"),
            },
            {
                "@odata.etag": 'W/"7005"',
                "name": "Dock repair",
                "totalamount": None,
                "_customerid_value": None,
                "_transactioncurrencyid_value": None,
                "salesorderid": guid("@empty"),
            },
        ],
    }
    assert b'"totalamount":960.0000' in answer.body
    assert answer.headers["Content-Type"] == "application/json; odata.metadata=minimal"
    assert answer.headers["OData-Version"] == "4.0"
    assert len(answer.headers["x-ms-service-request-id"]) == 36


def test_without_select_all_columns_come(caller: Caller) -> None:
    """Every column of the schema, null where unset, and the ones only a row has."""
    row = caller.get(f"salesorders({guid('@so')})").document
    assert (row["contoso_note"], row["totaltax"], row["_customerid_value"]) == (guid("@x"), None, guid("@acme"))
    assert "customerid" not in row


def test_options_may_arrive_encoded_in_any_way(caller: Caller) -> None:
    """`%24select`, plus signs for blanks, `%27` for quotes (W-7)."""
    answer = caller.get("accounts?%24select=name&%24filter=name+eq+%27acme%27+or%20name%20eq%20'x'")
    assert [row["name"] for row in answer.rows] == ["Acme"]


@pytest.mark.parametrize("version", ["v9.0", "v9.1", "v9.2"])
def test_links_keep_the_version_and_host_that_were_asked(caller: Caller, version: str) -> None:
    """A caller who wrote localhost reads localhost (W-2, W-6)."""
    answer = caller.get(f"/api/data/{version}/accounts?$select=name", host="localhost:1234")
    assert answer.document["@odata.context"] == f"http://localhost:1234/api/data/{version}/$metadata#accounts(name)"


def test_an_empty_table_is_empty_and_an_unknown_one_is_not_found(caller: Caller) -> None:
    """A set that only the schema knows has no rows; a set that nobody knows is 404 (W-183)."""
    assert caller.get("msdyn_rolepriceoverrides?$select=msdyn_price").rows == []
    assert caller.get("accountz").error == (404, "0x8006088a", "Resource not found for the segment 'accountz'.")
    assert caller.get("Accounts").status == 404


def test_a_table_of_the_world_alone_is_served_as_given(caller: Caller) -> None:
    """Columns of no schema keep their type: text stays text."""
    assert caller.get("contoso_things?$select=contoso_amount").rows == [
        {"@odata.etag": 'W/"7006"', "contoso_amount": "1.10", "contoso_thingid": guid("@t")}
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("accounts?$select=Name", (400, "0x0", "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.account'.")),
        ("accounts?$orderby=nix", (400, "0x0", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.account'.")),
        (
            "salesorders?$select=transactioncurrencyid",
            (400, "0x0", "Could not find a property named 'transactioncurrencyid' on type 'Microsoft.Dynamics.CRM.salesorder'."),
        ),
        ("accounts?$filter=name eqq 'x'", (400, "0x80060888", "Syntax error at position 5 in 'name eqq 'x''.")),
        ("accounts?$orderby=name desk", (400, "0x80060888", "Syntax error at position 0 in 'name desk'.")),
        ("accounts?$skip=5", (400, "0x80060888", "The query parameter $skip is not supported")),
        ("accounts?$format=json", (400, "0x80060888", "The query parameter $format is not supported")),
        (
            "accounts?$top=1&$top=2",
            (400, "0x80060888", "Query option '$top' was specified more than once, but it must be specified at most once."),
        ),
        ("accounts?sql=SELECT name FROM account", (501, "0x80040203", "The mock server does not support the query option sql.")),
        ("salesorders?$expand=nix", (400, "0x0", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.salesorder'.")),
        ("salesorders?$skiptoken=nonsense", (400, "0x80060888", "The $skiptoken cannot be read: follow @odata.nextLink as it is.")),
    ],
)
def test_queries_that_are_refused(caller: Caller, path: str, expected: tuple[int, str, str]) -> None:
    """Every refusal has Dataverse's form and never looks like success (W-61, W-80, W-81, W-184)."""
    assert caller.get(path).error == expected


@pytest.mark.parametrize(
    "path",
    [
        f"accounts({guid('@acme')})?$filter=name eq 'x'",
        f"accounts({guid('@acme')})?$top=1",
        f"accounts({guid('@acme')})?fetchXml=%3Cfetch/%3E",
        f"accounts({guid('@acme')})/contact_customer_accounts?fetchXml=%3Cfetch/%3E",
        "accounts/$count?$apply=aggregate($count as n)",
    ],
)
def test_options_are_not_passed_over(caller: Caller, path: str) -> None:
    """What an option cannot be applied to is refused."""
    assert caller.get(path).status == 400


def test_changes_are_not_aggregated(caller: Caller) -> None:
    """`$apply` does not go with change tracking."""
    assert caller.get("accounts?$apply=aggregate($count as n)", prefer="odata.track-changes").status == 400


@pytest.mark.parametrize(
    ("top", "message"),
    [("x", "requires a non-negative integer value"), ("-1", "requires a non-negative integer value")],
)
def test_top_takes_a_whole_number(caller: Caller, top: str, message: str) -> None:
    """Anything else is refused."""
    status, code, text = caller.get(f"accounts?$top={top}").error
    assert (status, code, message in text) == (400, "0x80060888", True)


def test_options_without_a_dollar_are_ignored(caller: Caller) -> None:
    """`tag=...` and the like pass (W-19, W-81)."""
    assert caller.column("accounts?$select=name&$orderby=name&tag=sync", "name") == ["Acme", "Fjord"]


@pytest.mark.parametrize(
    "accept", ["application/json;IEEE754Compatible=true", "application/json; odata.metadata=minimal; ieee754compatible=TRUE"]
)
def test_numbers_as_texts(caller: Caller, accept: str) -> None:
    """Decimals, money and 64-bit numbers come as texts to whoever asks for it, all others as ever; the answer says so (W-110)."""
    path = f"salesorders({guid('@so')})?$select=totalamount,discountpercentage,statecode,versionnumber"
    plain, texts = caller.get(path), caller.get(path, accept=accept)
    row = plain.document
    assert texts.document == {
        **row,
        "totalamount": "960.0000",
        "discountpercentage": "12.5",
        "versionnumber": str(row["versionnumber"]),
        "_transactioncurrencyid_value": guid("@nok"),
    }
    assert (row["totalamount"], texts.document["statecode"]) == (Decimal("960.0000"), 0)
    assert texts.headers["Content-Type"] == "application/json; odata.metadata=minimal; IEEE754Compatible=true"
    assert plain.headers["Content-Type"] == "application/json; odata.metadata=minimal"
    page = caller.get("salesorders?$select=totalamount&$count=true&$top=1", accept=accept)
    assert (page.document["@odata.count"], [found["totalamount"] for found in page.rows]) == ("2", ["960.0000"])
    empty = caller.get(f"accounts({guid('@fjord')})?$select=creditlimit", accept=accept).document
    assert empty["creditlimit"] is None


def test_counts(caller: Caller) -> None:
    """`$count=true` counts what passes; `/$count` answers digits behind a byte order mark (W-78, W-79)."""
    assert caller.get("accounts?$select=name&$count=true&$filter=name eq 'acme'").document["@odata.count"] == 1
    plain = caller.get("accounts/$count?$filter=statecode eq 0")
    assert (plain.body, plain.headers["Content-Type"]) == (b"\xef\xbb\xbf2", "text/plain")
    marked = caller.get("accounts?$count=true&$top=0", prefer='odata.include-annotations="*"').document
    assert marked["@Microsoft.Dynamics.CRM.totalrecordcount"] == 2


def test_expanded_lookups(caller: Caller) -> None:
    """A lookup is shown as an object with its key, or null; lookups of the object may be expanded in turn (W-83)."""
    path = (
        "salesorders?$select=name&$orderby=name&$expand=transactioncurrencyid($select=isocurrencycode),customerid_account($select=name),"
        "customerid_contact($select=fullname;$expand=parentcustomerid_account($select=name))"
    )
    currency = {"isocurrencycode": "NOK", "transactioncurrencyid": guid("@nok")}
    shown = [{name: row[name] for name in row if name not in ("@odata.etag", "salesorderid", "name")} for row in caller.get(path).rows]
    assert shown == [
        {
            "transactioncurrencyid": currency,
            "customerid_account": {"name": "Acme", "accountid": guid("@acme")},
            "customerid_contact": None,
        },
        {"transactioncurrencyid": None, "customerid_account": None, "customerid_contact": None},
    ]
    contact = caller.get("contacts?$select=fullname&$expand=parentcustomerid_account($select=name;$expand=transactioncurrencyid)").rows[0]
    assert contact["parentcustomerid_account"] == {"name": "Acme", "accountid": guid("@acme"), "transactioncurrencyid": None}


def test_annotations_come_when_asked(caller: Caller) -> None:
    """Labels of options, names and tables of lookups, each before its column (W-97 to W-99)."""
    wanted = "OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.*"
    path = f"salesorders({guid('@so')})?$select=msdyn_ordertype,_customerid_value,_transactioncurrencyid_value,ispricelocked"
    answer = caller.get(path, prefer=f'odata.include-annotations="{wanted}"')
    assert list(answer.document.items())[2:] == [
        ("msdyn_ordertype@OData.Community.Display.V1.FormattedValue", "Work based"),
        ("msdyn_ordertype", 192350001),
        ("_customerid_value@OData.Community.Display.V1.FormattedValue", "Acme"),
        ("_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty", "customerid_account"),
        ("_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname", "account"),
        ("_customerid_value", guid("@acme")),
        ("_transactioncurrencyid_value@OData.Community.Display.V1.FormattedValue", "Norsk krone"),
        ("_transactioncurrencyid_value@Microsoft.Dynamics.CRM.associatednavigationproperty", "transactioncurrencyid"),
        ("_transactioncurrencyid_value@Microsoft.Dynamics.CRM.lookuplogicalname", "transactioncurrency"),
        ("_transactioncurrencyid_value", guid("@nok")),
        ("ispricelocked@OData.Community.Display.V1.FormattedValue", "Yes"),
        ("ispricelocked", True),
        ("salesorderid", guid("@so")),
    ]
    assert answer.headers["Preference-Applied"] == f'odata.include-annotations="{wanted}"'


def test_values_are_formatted_for_people(caller: Caller) -> None:
    """Money with the symbol of its currency, numbers, dates; nothing beside plain texts and keys (W-98)."""
    path = f"salesorders({guid('@so')})?$select=name,totalamount,discountpercentage,datefulfilled,versionnumber,statecode"
    row = caller.get(path, prefer='odata.include-annotations="OData.Community.Display.V1.FormattedValue"').document
    mark = "@OData.Community.Display.V1.FormattedValue"
    assert {name.removesuffix(mark): text for name, text in row.items() if name.endswith(mark)} == {
        "totalamount": "kr 960.00",
        "discountpercentage": "12.50",
        "datefulfilled": "3/31/2026 5:05 PM",
        "versionnumber": "7,004",
        "statecode": "Active",
        "_transactioncurrencyid_value": "Norsk krone",
    }


def test_part_of_an_address_brings_the_whole(caller: Caller) -> None:
    """The composite column comes unasked (W-63)."""
    assert caller.get("salesorders?$select=billto_city&$filter=name eq 'dock repair'").rows[0] == {
        "@odata.etag": 'W/"7005"',
        "billto_city": None,
        "billto_composite": None,
        "salesorderid": guid("@empty"),
    }


@pytest.mark.parametrize(
    "key",
    [
        guid("@acme"),
        guid("@acme").upper(),
        f"accountid={guid('@acme')}",
        "accountnumber='C-1'",
        "accountnumber=%27c-1%27",
        "name='Acme',statecode=0",
        "statecode=0,name='Acme'",
    ],
)
def test_a_row_by_any_of_its_keys(caller: Caller, key: str) -> None:
    """Primary key bare or named, alternate keys in any order (W-55)."""
    answer = caller.get(f"accounts({key})?$select=name")
    assert answer.document == {
        "@odata.context": f"{caller.url}{API}$metadata#accounts(name)/$entity",
        "@odata.etag": 'W/"7001"',
        "name": "Acme",
        "accountid": guid("@acme"),
    }
    assert answer.headers["ETag"] == 'W/"7001"'


def test_keys_with_quotes_and_lookups(caller: Caller) -> None:
    """A quote is doubled; a lookup column is a key by its GUID."""
    assert caller.get("accounts(accountnumber='O''Hara')?$select=name").document["name"] == "Fjord"
    assert caller.get(f"contacts(_parentcustomerid_value={guid('@acme')})?$select=fullname").document["fullname"] == "Åse"


def test_keys_that_find_nothing_or_are_no_keys(caller: Caller) -> None:
    """404 for a row that is not there, 400 for what is not a declared key (W-56, W-57, W-182)."""
    absent = "00000000-0000-4000-8000-000000000001"
    assert caller.get(f"accounts({absent})").error == (404, "0x80040217", f"account With Id = {absent} Does Not Exist")
    assert caller.get("accounts(accountnumber='C-9')").error == (
        404,
        "0x80060891",
        "A record with the specified key values does not exist in account entity",
    )
    for bad in ("accounts(abc)", "accounts(name='Acme')", "accounts(emailaddress1='x')"):
        status, _, message = caller.get(bad).error
        assert (status, message.startswith("The key in the request URI is not valid for resource")) == (400, True)
    assert caller.get("accounts(accountnumber='a%2Fb')").status == 400


def test_a_row_that_did_not_change_is_not_sent_again(caller: Caller) -> None:
    """304 for the tag the caller has, never when it asks for expansions or annotations; `null` is no condition (W-11, W-142)."""
    path = f"accounts({guid('@acme')})"
    same = caller.get(path, if_none_match='W/"7001"')
    assert (same.status, same.body) == (304, b"")
    assert caller.get(path, if_none_match="null").status == 200
    assert caller.get(path, if_none_match='W/"7001"', prefer='odata.include-annotations="*"').status == 200


def test_single_properties_and_related_rows(caller: Caller) -> None:
    """A column by itself, raw or wrapped; a lookup leads to its row; nothing there is 204 (W-58)."""
    order = f"salesorders({guid('@so')})"
    wrapped = {"@odata.context": f"{caller.url}{API}$metadata#{order}/name", "value": "Bridge survey"}
    assert caller.get(f"{order}/name").document == wrapped
    assert caller.get(f"{order}/totalamount/$value").body == b"960.0000"
    assert caller.get(f"{order}/customerid_account?$select=name").document["name"] == "Acme"
    assert caller.get(f"{order}/customerid_contact").status == 204
    assert caller.get(f"{order}/description").status == 204
    assert caller.get(f"{order}/nix").status == 400


def test_who_am_i_and_service_document(caller: Caller) -> None:
    """The two probes of a connection (W-33, W-34)."""
    for form in ("WhoAmI", "WhoAmI()"):
        assert set(caller.get(form).document) == {"@odata.context", "BusinessUnitId", "UserId", "OrganizationId"}
    assert caller.call("POST", "WhoAmI", {}).status == 404
    for root in ("/api/data/v9.2", "/api/data/v9.2/"):
        sets = {str(row["name"]) for row in caller.get(root).rows}
        assert {"salesorders", "msdyn_organizationalunit_pricelevelset", "contoso_things"} <= sets


def test_methods_that_do_not_fit_are_refused(caller: Caller) -> None:
    """405 on a whole collection, 404 outside the API (W-3)."""
    assert caller.call("PATCH", "accounts", {}).status == 405
    assert caller.call("DELETE", "accounts").status == 405
    assert caller.get("/api/data/v8.2/accounts").status == 404
    assert caller.get("/nowhere").status == 404


def test_a_url_can_be_too_long(caller: Caller) -> None:
    """414 beyond 32,768 characters (W-8, W-9)."""
    assert caller.get("accounts?$filter=name eq '" + "x" * 33_000 + "'").status == 414


SIGNS = [*"()='/,&%?å", "$count", "$select", "$filter", "$orderby", "$expand", "$skiptoken", "%27", "%28"]
WORDS = [
    "accounts",
    "accountid",
    "C-1",
    "name",
    " eq ",
    "null",
    "not ",
    "5",
    "2026-01-01",
    "@a",
    "EntityDefinitions",
    "Attributes",
    "LogicalName",
]
PIECES = st.sampled_from(SIGNS + WORDS)


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    st.lists(PIECES, max_size=9),
    st.lists(PIECES, max_size=9),
    st.binary(max_size=9),
)
def test_whatever_is_asked_is_answered(method: str, path: list[str], query: list[str], body: bytes) -> None:
    """No request breaks the mock: each is served or refused."""
    state = State(world=World(WORLD))
    headers = {"authorization": "Bearer x", "host": "h"}
    request = Request(method=method, path=API + "".join(path), query="".join(query), headers=headers, body=body)
    assert state.respond(request).status in {200, 204, 304, 400, 404, 405, 501}
