"""Who writes, who may, and how much an error tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.dataverse import app
from proforma.mock.dataverse.app import dataverse_response
from proforma.mock.http import Request
from proforma.mock.tokens import Tokens
from proforma.mock.values import Value, symbol_guid
from proforma.mock.world import World

SIGNED_IN, NORA, STRANGER = symbol_guid("@mock-user"), symbol_guid("@nora"), symbol_guid("@stranger")
NEW = "0a0a0a0a-0000-4000-8000-00000000000a"
WORLD: Document = {
    "accounts": [{"accountid": "@acme", "name": "Acme"}],
    "systemusers": [{"systemuserid": "@nora", "azureactivedirectoryobjectid": "@nora-in-the-directory", "fullname": "Nora Ness"}],
}
WHO = ("_createdby_value", "_createdonbehalfby_value", "_modifiedby_value", "_modifiedonbehalfby_value", "_ownerid_value")


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(WORLD)
    with calling(server) as caller:
        yield caller


def who(caller: Caller, key: str) -> list[Value]:
    document = caller.get(f"accounts({key})?$select={','.join(WHO)}").document
    return [document[name] for name in WHO]


def test_a_row_tells_who_made_and_changed_it(caller: Caller) -> None:
    """The signed-in user, who also owns what it makes (W-126)."""
    caller.call("POST", "accounts", {"accountid": NEW})
    assert who(caller, NEW) == [SIGNED_IN, None, SIGNED_IN, None, SIGNED_IN]
    caller.call("PATCH", f"accounts({symbol_guid('@acme')})", {"name": "A"})
    assert who(caller, symbol_guid("@acme")) == [None, None, SIGNED_IN, None, None]


@pytest.mark.parametrize("header", [{"CallerObjectId": symbol_guid("@nora-in-the-directory")}, {"MSCRMCallerID": NORA.upper()}])
def test_a_user_may_write_for_another(caller: Caller, header: dict[str, str | None]) -> None:
    """The other is the author, the real one stands behind (W-15)."""
    caller.call("POST", "accounts", {"accountid": NEW}, **header)
    assert who(caller, NEW) == [NORA, SIGNED_IN, NORA, SIGNED_IN, NORA]
    caller.call("PATCH", f"accounts({NEW})", {"name": "A"})
    assert who(caller, NEW) == [NORA, SIGNED_IN, SIGNED_IN, None, NORA]
    assert caller.get("WhoAmI", **header).document["UserId"] == NORA


def test_an_unknown_user_is_no_member(server: MockServer, caller: Caller) -> None:
    """403 in a world with users; without any, every GUID is one (W-31)."""
    assert caller.get("WhoAmI", CallerObjectId=STRANGER).error == (403, "0x80072560", "The user is not a member of the organization.")
    assert caller.get("WhoAmI", CallerObjectId="Nora").status == 400
    server.load({})
    assert caller.get("WhoAmI", CallerObjectId=STRANGER).document["UserId"] == STRANGER


def test_a_missing_privilege(server: MockServer, caller: Caller) -> None:
    """403 with the privilege's name for each kind of access; other tables and kinds are free (W-185)."""
    server.load({**WORLD, "$dataverse": {"denied": {"accounts": ["read", "create", "write", "delete"], "systemusers": ["write"]}}})
    acme = f"accounts({symbol_guid('@acme')})"
    calls: list[tuple[str, str, str]] = [
        ("GET", acme, "prvReadaccount"),
        ("GET", "accounts/$count", "prvReadaccount"),
        ("POST", "accounts", "prvCreateaccount"),
        ("PATCH", acme, "prvWriteaccount"),
        ("PUT", f"{acme}/name", "prvWriteaccount"),
        ("DELETE", acme, "prvDeleteaccount"),
    ]
    for method, path, name in calls:
        status, code, message = caller.call(method, path, {"value": "x"} if method == "PUT" else {} if method != "GET" else None).error
        assert (status, code) == (403, "0x80040220")
        assert message.startswith(f"Principal user (Id={SIGNED_IN}, type=8, ")
        assert f"is missing {name} privilege" in message
        assert message.endswith(f"for entity 'account'. context.Caller={SIGNED_IN}")
    assert caller.get(f"systemusers({NORA})").status == 200
    assert len(server.dump()["accounts"]) == 1  # type: ignore[arg-type]


def test_an_error_tells_more_when_asked(caller: Caller) -> None:
    """All annotations, or those asked for by name (W-179, W-180)."""
    error = {"code": "0x80040217", "message": f"account With Id = {NEW} Does Not Exist"}
    assert caller.get(f"accounts({NEW})").document == {"error": error}
    assert caller.get(f"accounts({NEW})", prefer='odata.include-annotations="*"').document == {
        "error": {
            **error,
            "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "0",
            "@Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode": "2147746327",
            "@Microsoft.PowerApps.CDS.HelpLink": (
                "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a80040217&client=platform"
            ),
            "@Microsoft.PowerApps.CDS.TraceText": "",
            "@Microsoft.PowerApps.CDS.InnerError.Message": error["message"],
        }
    }
    few = caller.get(f"accounts({NEW})", prefer='odata.include-annotations="Microsoft.PowerApps.CDS.ErrorDetails.*"').document["error"]
    assert sorted(few if isinstance(few, dict) else {})[:2] == [
        "@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus",
        "@Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode",
    ]


def test_a_body_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """413 before anything is read (W-188)."""
    monkeypatch.setattr(app, "BODY_BYTES_MAX", 100)
    world = World({})
    request = Request(method="POST", path=f"{API}accounts", headers={"authorization": "Bearer x"}, body=b'{"name":"' + b"x" * 100 + b'"}')
    answer = dataverse_response(world, Tokens(), request, 5000)
    assert (answer.status, world.table("accounts").rows if world.table("accounts") else None) == (413, {})  # type: ignore[union-attr]
