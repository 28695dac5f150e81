"""Table definitions, as far as clients ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import Value


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    world: dict[str, Value] = {
        "contoso_things": [{"contoso_thingid": "@t", "contoso_hours": 5, "_contoso_title_value": "@x"}],
        "accounts": [{"contoso_tier": "gold"}],
    }
    with MockServer(world) as server, calling(server) as caller:
        yield caller


def test_the_list_of_tables(caller: Caller) -> None:
    """Documented tables and those of the world, the chosen properties and the id (W-44)."""
    rows = caller.get("EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute").rows
    found = {str(row["LogicalName"]): row for row in rows}
    assert set(found["salesorder"]) == {"LogicalName", "EntitySetName", "PrimaryIdAttribute", "MetadataId"}
    assert [found[name]["EntitySetName"] for name in ("salesorder", "opportunity", "msdyn_rolepriceoverride", "contoso_thing")] == [
        "salesorders",
        "opportunities",
        "msdyn_rolepriceoverrides",
        "contoso_things",
    ]


@pytest.mark.parametrize("condition", ["LogicalName eq 'account'", "IsPrivate eq false and EntitySetName eq 'accounts'"])
def test_tables_are_filtered(caller: Caller, condition: str) -> None:
    """One row, or none for an unknown name; never 404 (W-45, W-47)."""
    path = f"EntityDefinitions?$select=LogicalName&$filter={condition}"
    assert [row["LogicalName"] for row in caller.get(path).rows] == ["account"]
    assert caller.get("EntityDefinitions?$filter=LogicalName eq 'nix'").rows == []


def test_one_table_by_name_or_id(caller: Caller) -> None:
    """A plain object; 404 for an unknown key (W-45)."""
    table = caller.get("EntityDefinitions(LogicalName='account')?$select=EntitySetName,ChangeTrackingEnabled").document
    assert table == {
        "@odata.context": f"{caller.url}{API}$metadata#EntityDefinitions/$entity",
        "EntitySetName": "accounts",
        "ChangeTrackingEnabled": True,
        "MetadataId": table["MetadataId"],
    }
    assert caller.get(f"EntityDefinitions({table['MetadataId']})?$select=LogicalName").document["LogicalName"] == "account"
    assert caller.get("EntityDefinitions(LogicalName='nix')").status == 404
    assert caller.get("EntityDefinitions(Name='nix')").status == 400
    assert caller.get("EntityDefinitions(LogicalName='account')?$select=Nix").status == 400


def test_columns_of_a_table(caller: Caller) -> None:
    """Types of documented, assumed and only-here columns, expanded or listed (W-48, W-49)."""
    path = "EntityDefinitions(LogicalName='{}')"
    listed = caller.get(path.format("msdyn_actual") + "/Attributes?$select=LogicalName,AttributeType&$filter=AttributeType eq 'Money'").rows
    assert {"msdyn_amount", "msdyn_price"} <= {row["LogicalName"] for row in listed}
    expanded = caller.get(path.format("contoso_thing") + "?$expand=Attributes($select=LogicalName,AttributeType)").document
    kinds = {row["LogicalName"]: row["AttributeType"] for row in cast("list[Document]", expanded["Attributes"])}
    assert {kinds[name] for name in ("contoso_hours",)} == {"Integer"}
    assert (kinds["contoso_title"], kinds["contoso_thingid"]) == ("Lookup", "Uniqueidentifier")
    one = caller.get(path.format("account") + "/Attributes(LogicalName='contoso_tier')").document
    assert (one["AttributeType"], one["IsPrimaryId"]) == ("String", False)
    assert caller.get(path.format("account") + "/Attributes(LogicalName='nix')").status == 404


def test_options_and_behaviours_need_a_cast(caller: Caller) -> None:
    """Labels of a choice, targets of a lookup, days of a date (W-50, W-51)."""
    actual = "EntityDefinitions(LogicalName='msdyn_actual')/Attributes"
    cast_path = f"{actual}(LogicalName='msdyn_billingtype')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    document = caller.get(f"{cast_path}?$select=LogicalName&$expand=OptionSet($select=Options)").document
    options = cast("list[Document]", cast("Document", document["OptionSet"])["Options"])
    labels = {option["Value"]: cast("Document", cast("Document", option["Label"])["UserLocalizedLabel"])["Label"] for option in options}
    assert labels[192350001] == "Chargeable"
    dates = caller.get(f"{actual}/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata?$select=LogicalName,DateTimeBehavior").rows
    behaviours = {row["LogicalName"]: row["DateTimeBehavior"] for row in dates}
    assert (behaviours["msdyn_transactiondate"], behaviours["createdon"]) == ({"Value": "DateOnly"}, {"Value": "UserLocal"})
    lookups = caller.get(f"{actual}/Microsoft.Dynamics.CRM.LookupAttributeMetadata?$select=LogicalName,Targets").rows
    assert {row["LogicalName"]: row["Targets"] for row in lookups}["msdyn_project"] == ["msdyn_project"]


def test_what_is_not_served_is_refused(caller: Caller) -> None:
    """501 or 404, never an empty success."""
    assert caller.get("EntityDefinitions(LogicalName='account')/Keys").status == 501
    assert caller.get("EntityDefinitions?$expand=Keys").status == 501
    assert caller.get("RelationshipDefinitions").status == 501
    assert caller.call("POST", "EntityDefinitions", {}).status == 405
    assert caller.get("EntityDefinitions?$skip=1").status == 400
