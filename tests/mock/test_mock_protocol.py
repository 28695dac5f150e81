"""What every request and every answer has in common."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import symbol_guid

ACME, NEW = symbol_guid("@acme"), "0a0a0a0a-0000-4000-8000-00000000000a"
WORLD: Document = {"accounts": [{"accountid": "@acme", "name": "Acme", "creditlimit": "10"}, {"name": "Fjord"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(WORLD)
    with calling(server) as caller:
        yield caller


def test_the_path_of_the_service(caller: Caller) -> None:
    """Below `/api/data/v9.x/` and nowhere else (W-1, W-2)."""
    for version, status in (("v9.0", 200), ("v9.1", 200), ("v9.2", 200), ("v8.2", 404), ("v9.9", 404)):
        assert caller.get(f"/api/data/{version}/accounts").status == status


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": None, "user_agent": None},
        {
            "accept": "application/json",
            "OData_MaxVersion": "4.0",
            "OData_Version": "4.0",
            "content_type": "application/json; charset=utf-8",
        },
        {"accept": "*/*", "if_none_match": "null", "content_type": "application/json; odata.metadata=minimal; type=entry"},
    ],
)
def test_headers_that_clients_send_or_not(caller: Caller, headers: dict[str, str | None]) -> None:
    """None is demanded, none of the usual ones disturbs, also on a GET without a body (W-10 to W-12)."""
    names = {name.replace("OData_", "OData-"): value for name, value in headers.items()}
    assert caller.get("accounts?$select=name", **names).status == 200
    posted = {**names, "content_type": names.get("content_type") or "application/json"}
    assert caller.call("POST", "accounts", {"name": "New"}, **posted).status == 204


def test_several_preferences_at_once(caller: Caller) -> None:
    """In any order, quoted or not; commas within quotes separate nothing (W-13, W-14)."""
    annotations = "OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.*"
    for prefer in (
        f'odata.maxpagesize=1,odata.include-annotations="{annotations}"',
        f'odata.include-annotations="{annotations}" , odata.maxpagesize=1',
    ):
        answer = caller.get("accounts?$select=statecode", prefer=prefer)
        assert [list(row) for row in answer.rows] == [
            ["@odata.etag", "statecode@OData.Community.Display.V1.FormattedValue", "statecode", "accountid"]
        ]
        applied = answer.headers["Preference-Applied"]
        assert ("odata.maxpagesize=1" in applied, f'odata.include-annotations="{annotations}"' in applied) == (True, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "accounts", 200),
        ("POST", "accounts", 204),
        ("GET", f"accounts({NEW})", 404),
        ("PATCH", "accounts", 405),
        ("GET", "nix", 404),
    ],
)
def test_headers_of_every_answer(caller: Caller, method: str, path: str, status: int) -> None:
    """The version of the protocol and ids for support, on errors and empty answers too (W-21, W-23)."""
    answer = caller.call(method, path, {} if method != "GET" else None)
    assert (answer.status, answer.headers["OData-Version"]) == (status, "4.0")
    assert all(re.fullmatch(r"[0-9a-f-]{36}", answer.headers[name]) for name in ("x-ms-service-request-id", "REQ_ID"))


def test_the_type_of_an_answer(caller: Caller) -> None:
    """JSON with its metadata level, for errors too; nothing else is on offer (W-4, W-22)."""
    for path in ("accounts", f"accounts({ACME})", f"accounts({NEW})", "", "WhoAmI"):
        assert caller.get(path).headers["Content-Type"] == "application/json; odata.metadata=minimal"
    assert caller.get("accounts?$format=json").error[:2] == (400, "0x80060888")


def test_empty_answers_are_empty(caller: Caller) -> None:
    """204 and 304 have neither body nor type (W-26)."""
    tag = str(caller.get(f"accounts({ACME})").document["@odata.etag"])
    answers = [
        caller.call("PATCH", f"accounts({ACME})", {"name": "x"}, if_match=tag),
        caller.get(f"accounts({ACME})/description"),
        caller.get(f"accounts({ACME})", if_none_match=f'W/"{int(tag[3:-1]) + 2}"'),
    ]
    assert [(answer.status, answer.body, answer.headers.get("Content-Type")) for answer in answers] == [
        (204, b"", None),
        (204, b"", None),
        (304, b"", None),
    ]


def test_a_token_of_the_bearer_kind(caller: Caller) -> None:
    """Any bearer token enters, no other scheme does; the endpoint's live 3,599 seconds (W-27)."""
    for header, status in (("Bearer eyJ", 200), ("bearer eyJ", 200), ("Basic eyJ", 401), ("Bearer", 401), (None, 401)):
        assert caller.get("WhoAmI", authorization=header).status == status
    form = b"grant_type=client_credentials&client_id=a&client_secret=b&scope=https%3A%2F%2Forg.crm.dynamics.com%2F.default"
    answer = caller.call("POST", "/oauth2/t/oauth2/v2.0/token", form, content_type="application/x-www-form-urlencoded")
    assert (answer.document["token_type"], answer.document["expires_in"]) == ("Bearer", 3599)


def test_names_are_exact(caller: Caller) -> None:
    """Entity sets are told by the service document, which has irregular ones too, and in no other case (W-35, W-183)."""
    names = {row["name"] for row in caller.get("").rows}
    assert {"accounts", "msdyn_actuals", "opportunities", "transactioncurrencies"} <= names
    for name in ("Accounts", "account", "opportunitys"):
        assert caller.get(name).error == (404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def test_columns_have_no_aliases(caller: Caller) -> None:
    """Neither in `$select` nor by `$compute` (W-65)."""
    assert caller.get("accounts?$select=name as title").status == 400
    assert caller.get("accounts?$compute=creditlimit mul 2 as double").error[:2] == (400, "0x80060888")


def test_the_address_of_a_new_row_ends_in_its_id(caller: Caller) -> None:
    """So that a pattern anchored at the closing parenthesis finds it (W-124)."""
    address = caller.call("POST", "accounts", {"accountid": NEW}).headers["OData-EntityId"]
    found = re.search(r"\(([0-9a-f-]{36})\)$", address)
    assert (found[1] if found else None, address.startswith(f"{caller.url}{API}")) == (NEW, True)
