"""What clients of other makers ask for before and beside their rows, each request as they send it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import NAMESPACE_OID, uuid5

import pytest
from mock_caller import Caller, calling

from proforma.mock import MockServer
from proforma.mock.values import Value

WORLD: dict[str, Value] = {
    "accounts": [{"accountid": f"@{number}", "name": f"A{number}", "creditlimit": number} for number in range(4)],
}


@pytest.fixture
def caller() -> Iterator[Caller]:
    with MockServer(WORLD) as server, calling(server) as caller:
        yield caller


def condition(name: str, operator: str, *values: Value) -> Value:
    return {"AttributeName": name, "Operator": operator, "Values": [{"Value": value, "Type": "System.String"} for value in values]}


def query(*conditions: Value, entity: str = "account", together: str = "And") -> Value:
    """A query as SDKs write it into a QuerySet."""
    return {
        "@odata.type": "Microsoft.Dynamics.CRM.QueryExpression",
        "EntityName": entity,
        "Criteria": {"FilterOperator": together, "Conditions": list(conditions)},
    }


def test_rows_are_deleted_in_bulk(caller: Caller) -> None:
    """The rows of the queries are gone and the job has an id (W-149)."""
    ids = [str(uuid5(NAMESPACE_OID, f"@{number}")) for number in (0, 1)]
    both = query(condition("accountid", "In", *ids))
    either = query(condition("creditlimit", "GreaterEqual", "3"), condition("name", "Like", "%nobody%"), together="Or")
    answer = caller.call("POST", "BulkDelete", {"JobName": "x", "QuerySet": [both, either]})
    assert (answer.status, len(str(answer.document["JobId"]))) == (200, 36)
    assert caller.column("accounts?$select=name", "name") == ["A2"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"QuerySet": [query()]}, 501),
        ({"QuerySet": [query(condition("name", "Equal", "A1")), query(condition("nix", "Equal", "1"))]}, 400),
        ({"QuerySet": [query(condition("name", "Equal", "A1"), entity="nix")]}, 400),
    ],
)
def test_bulk_deletion_is_all_or_nothing(caller: Caller, body: Value, status: int) -> None:
    """A query that cannot be read leaves every row where it was."""
    assert caller.call("POST", "BulkDelete", body).status == status
    assert len(caller.get("accounts?$select=name").rows) == 4
    assert caller.get("BulkDelete").error[:2] == (404, "")


def test_bulk_messages_are_looked_up_before_they_are_used(caller: Caller) -> None:
    """By message name over the lookup, as the documentation of bulk operations shows (W-148)."""
    path = (
        "sdkmessagefilters?$select=sdkmessagefilterid&$expand=sdkmessageid($select=name)"
        "&$filter=(sdkmessageid/name eq 'CreateMultiple' or sdkmessageid/name eq 'DeleteMultiple') and primaryobjecttypecode eq 'account'"
    )
    (row,) = caller.get(path).rows
    message = row["sdkmessageid"]
    assert isinstance(message, dict)
    assert message["name"] == "CreateMultiple"
