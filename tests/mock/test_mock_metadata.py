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
        "$keys": {"accounts": [["accountnumber", "_parentaccountid_value"]]},
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
        "@odata.context": f"{caller.url}{API}$metadata#EntityDefinitions(EntitySetName,ChangeTrackingEnabled)/$entity",
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


def test_typed_members_need_a_cast(caller: Caller) -> None:
    """Without a cast only common members can be chosen; enumerations have no common type (W-50)."""
    attributes = "EntityDefinitions(LogicalName='msdyn_actual')/Attributes"
    money = caller.get(f"{attributes}/Microsoft.Dynamics.CRM.MoneyAttributeMetadata?$select=LogicalName,Precision").rows
    assert {"LogicalName", "Precision", "MetadataId"} == set(money[0])
    assert caller.get(f"{attributes}?$select=LogicalName,Precision").error == (
        400,
        "0x0",
        "Could not find a property named 'Precision' on type 'Microsoft.Dynamics.CRM.AttributeMetadata'.",
    )
    assert caller.get(f"{attributes}/Microsoft.Dynamics.CRM.EnumAttributeMetadata").status == 400
    assert caller.get(f"{attributes}(LogicalName='msdyn_amount')/Microsoft.Dynamics.CRM.MemoAttributeMetadata").status == 404
    assert caller.get(f"{attributes}?$expand=OptionSet").status == 400
    kinds = {row["LogicalName"]: row["@odata.type"] for row in caller.get(f"{attributes}?$select=LogicalName").rows}
    assert kinds["msdyn_amount"] == "#Microsoft.Dynamics.CRM.MoneyAttributeMetadata"


def test_a_choice_shared_by_tables_is_global(caller: Caller) -> None:
    """It stands under both option sets of the column and among the global ones (W-50, W-51)."""
    path = "EntityDefinitions(LogicalName='{}')/Attributes(LogicalName='{}')/Microsoft.Dynamics.CRM.{}AttributeMetadata"
    expand = "?$select=LogicalName&$expand=OptionSet($select=Name,IsGlobal),GlobalOptionSet($select=Name)"
    shared = caller.get(path.format("msdyn_actual", "msdyn_billingtype", "Picklist") + expand).document
    own = caller.get(path.format("salesorder", "msdyn_psastate", "Picklist") + expand).document
    assert cast("Document", shared["OptionSet"])["IsGlobal"] is True
    assert cast("Document", shared["GlobalOptionSet"])["Name"] == "msdyn_billingtype"
    assert (cast("Document", own["OptionSet"])["Name"], own["GlobalOptionSet"]) == ("salesorder_msdyn_psastate", None)
    listed = {row["Name"] for row in caller.get("GlobalOptionSetDefinitions?$select=Name").rows}
    assert "msdyn_billingtype" in listed
    one = caller.get("GlobalOptionSetDefinitions(Name='msdyn_billingtype')/Microsoft.Dynamics.CRM.OptionSetMetadata?$select=Options")
    values = [option["Value"] for option in cast("list[Document]", one.document["Options"])]
    assert 192350001 in values
    below = caller.get(path.format("msdyn_actual", "msdyn_billingtype", "Picklist") + "/OptionSet?$select=Options").document
    assert [option["Value"] for option in cast("list[Document]", below["Options"])] == values


def test_states_and_yes_or_no(caller: Caller) -> None:
    """A state names its default status, a status its state; a boolean has two options (W-51)."""
    attributes = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='{}')/Microsoft.Dynamics.CRM.{}AttributeMetadata"
    expand = "?$select=LogicalName&$expand=OptionSet"
    state = cast("Document", caller.get(attributes.format("statecode", "State") + expand).document["OptionSet"])
    assert [option["DefaultStatus"] for option in cast("list[Document]", state["Options"])] == [1, 2]
    status = cast("Document", caller.get(attributes.format("statuscode", "Status") + expand).document["OptionSet"])
    assert [option["State"] for option in cast("list[Document]", status["Options"])] == [0, 1]
    boolean = cast("Document", caller.get(attributes.format("donotemail", "Boolean") + expand).document["OptionSet"])
    assert [cast("Document", boolean[name])["Value"] for name in ("TrueOption", "FalseOption")] == [1, 0]


def test_alternate_keys(caller: Caller) -> None:
    """Declared keys are active at once, by table or expanded over all tables (W-48, W-52)."""
    keys = caller.get("EntityDefinitions(LogicalName='account')/Keys?$select=KeyAttributes,EntityKeyIndexStatus").rows
    assert [(key["KeyAttributes"], key["EntityKeyIndexStatus"]) for key in keys] == [(["accountnumber", "parentaccountid"], "Active")]
    tables = caller.get("EntityDefinitions?$select=SchemaName&$expand=Keys($select=KeyAttributes)").rows
    assert [row["SchemaName"] for row in tables if row["Keys"]] == ["Account"]


def test_relationships_of_both_sides(caller: Caller) -> None:
    """The names that `$expand` and bindings use, from the lookup's table, from its target, and by name (W-48, W-53)."""
    expected = {
        "SchemaName": "contact_customer_accounts",
        "ReferencedEntity": "account",
        "ReferencedAttribute": "accountid",
        "ReferencedEntityNavigationPropertyName": "contact_customer_accounts",
        "ReferencingEntity": "contact",
        "ReferencingAttribute": "parentcustomerid",
        "ReferencingEntityNavigationPropertyName": "parentcustomerid_account",
        "RelationshipType": "OneToManyRelationship",
    }
    select = "$select=" + ",".join(expected)
    where = "$filter=SchemaName eq 'contact_customer_accounts'"
    for path in (
        f"EntityDefinitions(LogicalName='contact')/ManyToOneRelationships?{select}&{where}",
        f"EntityDefinitions(LogicalName='account')/OneToManyRelationships?{select}&{where}",
        f"RelationshipDefinitions/Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata?{select}&{where}",
        f"RelationshipDefinitions?{where} and RelationshipType eq Microsoft.Dynamics.CRM.RelationshipType'OneToManyRelationship'",
    ):
        rows = caller.get(path).rows
        assert [{name: row[name] for name in expected} for row in rows] == [expected]
    one = caller.get("RelationshipDefinitions(SchemaName='contact_customer_accounts')").document
    assert one["@odata.type"] == "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata"
    pairs = caller.get("EntityDefinitions(LogicalName='pricelevel')/ManyToManyRelationships").rows
    assert [(row["IntersectEntityName"], row["Entity1LogicalName"]) for row in pairs] == [
        ("msdyn_organizationalunit_pricelevel", "msdyn_organizationalunit")
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("CanCreateAttributes/Value eq true and LogicalName eq 'account'", ["account"]),
        ("OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned' and LogicalName eq 'account'", ["account"]),
        ("OwnershipType eq 'OrganizationOwned' and LogicalName eq 'account'", []),
        ("(ObjectTypeCode eq 1088 or ObjectTypeCode eq 1) and IsCustomEntity eq false", ["account", "salesorder"]),
    ],
)
def test_definitions_are_filtered_by_their_members(caller: Caller, condition: str, expected: list[str]) -> None:
    """One step into managed properties; enumeration literals with or without their type (W-47)."""
    assert [row["LogicalName"] for row in caller.get(f"EntityDefinitions?$select=LogicalName&$filter={condition}").rows] == expected


def test_the_context_counts_and_single_members(caller: Caller) -> None:
    """`$count` in both forms, a member as a value, the id always (W-44, W-46)."""
    table = "EntityDefinitions(LogicalName='contoso_thing')"
    answer = caller.get(f"{table}/Attributes?$select=LogicalName&$count=true").document
    assert answer["@odata.count"] == len(cast("list[Document]", answer["value"]))
    assert caller.get(f"{table}/Attributes/$count").body.decode("utf-8-sig") == str(answer["@odata.count"])
    assert caller.get(f"{table}/EntitySetName").document["value"] == "contoso_things"
    assert caller.get(f"{table}?$select=EntitySetName").document.keys() == {"@odata.context", "EntitySetName", "MetadataId"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("EntityDefinitions?$skip=1", 400),
        ("EntityDefinitions?$filter=Nix eq 1", 400),
        ("EntityDefinitions?$filter=DisplayName eq 'Account'", 400),
        ("EntityDefinitions?$filter=Attributes/any()", 400),
        ("EntityDefinitions?$filter=Microsoft.Dynamics.CRM.Today(PropertyName='LogicalName')", 400),
        ("EntityDefinitions?$expand=Nix", 400),
        ("EntityDefinitions?$expand=Keys($top=1)", 400),
        ("EntityDefinitions(LogicalName='account')/Nix", 404),
        ("EntityDefinitions(LogicalName='account')/Keys(LogicalName='nix')", 404),
        ("EntityDefinitions/Nix", 404),
        ("EntityDefinitions!", 404),
        ("GlobalOptionSetDefinitions(Name='nix')", 404),
        ("GlobalOptionSetDefinitions(LogicalName='nix')", 400),
    ],
)
def test_what_definitions_do_not_have_is_refused(caller: Caller, path: str, status: int) -> None:
    """Never an empty success; labels cannot be filtered (W-45, W-47)."""
    assert caller.get(path).status == status


def test_definitions_are_only_read(caller: Caller) -> None:
    """Creating tables is not part of the mock."""
    assert caller.call("POST", "EntityDefinitions", {}).status == 405
