"""`$metadata`: the CSDL document as a reader of XML sees it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from mock_caller import Caller, calling

from proforma.mock import MockServer
from proforma.mock.values import Value

EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
WORLD: dict[str, Value] = {
    "$keys": {"accounts": [["accountnumber", "_parentaccountid_value"]]},
    "$dataverse": {"change_tracking": {"disabled": ["contacts"]}},
    "accounts": [{"accountid": "@acme", "contoso_tier": "gold"}],
    "contoso_things": [
        {
            "contoso_thingid": "@t",
            "contoso_hours": 5,
            "contoso_rate": "1.5",
            "contoso_from": "2026-01-01T00:00:00Z",
            "contoso_on": True,
            "contoso_token": "0a0a0a0a-0000-4000-8000-000000000001",
            "_contoso_account_value": "@acme",
        }
    ],
}


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with MockServer(WORLD) as server, calling(server) as caller:
        yield caller


@pytest.fixture(scope="module")
def schema(caller: Caller) -> Element:
    return schema_of(caller, "$metadata")


def schema_of(caller: Caller, path: str) -> Element:
    """The one Schema of the document."""
    answer = caller.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    root: Element = fromstring(answer.body.decode())
    assert (root.tag, root.get("Version")) == (f"{EDMX}Edmx", "4.0")
    (found,) = root.findall(f"{EDMX}DataServices/{EDM}Schema")
    return found


def entity_type(schema: Element, name: str) -> Element:
    found = schema.find(f"{EDM}EntityType[@Name='{name}']")
    assert found is not None
    return found


def member(schema: Element, table: str, tag: str, name: str) -> dict[str, str]:
    found = entity_type(schema, table).find(f"{EDM}{tag}[@Name='{name}']")
    assert found is not None
    return dict(found.attrib)


def test_the_skeleton(caller: Caller, schema: Element) -> None:
    """One Schema with its alias, one container, types before it, no byte order mark (W-37)."""
    assert (schema.get("Namespace"), schema.get("Alias")) == ("Microsoft.Dynamics.CRM", "mscrm")
    assert caller.get("$metadata").body.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    assert [element.get("Name") for element in schema if element.tag == f"{EDM}EntityContainer"] == ["System"]
    assert schema[-1].tag == f"{EDM}EntityContainer"


@pytest.mark.parametrize("accept", [None, "*/*", "application/xml", "text/html, application/xml;q=0.9", "application/json, */*;q=0.1"])
def test_the_document_is_given_to_who_takes_xml(caller: Caller, accept: str | None) -> None:
    """Any Accept that lets XML through, or none (W-36)."""
    assert caller.get("$metadata", accept=accept).status == 200


def test_json_alone_is_refused(caller: Caller) -> None:
    """415 with the live service's words (W-36)."""
    status, _, message = caller.get("$metadata", accept="application/json").error
    assert status == 415
    assert message.startswith("A supported MIME type could not be found that matches the acceptable MIME types for the request.")


def test_types_have_keys_and_bases(schema: Element) -> None:
    """Each table derives from the common base and has its key; users and teams inherit theirs (W-38)."""
    order = entity_type(schema, "salesorder")
    assert order.get("BaseType") == "mscrm.crmbaseentity"
    assert [reference.get("Name") for reference in order.findall(f"{EDM}Key/{EDM}PropertyRef")] == ["salesorderid"]
    assert entity_type(schema, "crmbaseentity").attrib == {"Name": "crmbaseentity", "Abstract": "true"}
    for name in ("systemuser", "team"):
        assert entity_type(schema, name).get("BaseType") == "mscrm.principal"
        assert entity_type(schema, name).find(f"{EDM}Key") is None
    assert entity_type(schema, "principal").find(f"{EDM}Key/{EDM}PropertyRef[@Name='ownerid']") is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("salesorderid", {"Type": "Edm.Guid"}),
        ("name", {"Type": "Edm.String", "Unicode": "false"}),
        ("totalamount", {"Type": "Edm.Decimal", "Scale": "Variable"}),
        ("msdyn_ordertype", {"Type": "Edm.Int32"}),
        ("statecode", {"Type": "Edm.Int32"}),
        ("ispricelocked", {"Type": "Edm.Boolean"}),
        ("createdon", {"Type": "Edm.DateTimeOffset"}),
        ("versionnumber", {"Type": "Edm.Int64"}),
        ("_customerid_value", {"Type": "Edm.Guid"}),
    ],
)
def test_types_of_properties(schema: Element, name: str, expected: dict[str, str]) -> None:
    """Choices are plain numbers, lookups stand under their wire name (W-39, W-40)."""
    assert member(schema, "salesorder", "Property", name) == {"Name": name, **expected}


def test_a_lookup_is_a_navigation_property_with_its_constraint(schema: Element) -> None:
    """The bare lookup is no property; both sides name each other (W-40, W-41)."""
    order = entity_type(schema, "salesorder")
    assert order.find(f"{EDM}Property[@Name='customerid']") is None
    single = order.find(f"{EDM}NavigationProperty[@Name='customerid_account']")
    assert single is not None
    assert single.attrib == {
        "Name": "customerid_account",
        "Type": "mscrm.account",
        "Nullable": "false",
        "Partner": "order_customer_accounts",
    }
    assert [dict(constraint.attrib) for constraint in single] == [{"Property": "_customerid_value", "ReferencedProperty": "accountid"}]
    assert member(schema, "account", "NavigationProperty", "order_customer_accounts") == {
        "Name": "order_customer_accounts",
        "Type": "Collection(mscrm.salesorder)",
        "Partner": "customerid_account",
    }
    assert member(schema, "salesorder", "NavigationProperty", "ownerid")["Type"] == "mscrm.principal"
    pair = "msdyn_organizationalunit_pricelevel"
    assert member(schema, "pricelevel", "NavigationProperty", pair) == {
        "Name": pair,
        "Type": "Collection(mscrm.msdyn_organizationalunit)",
        "Partner": pair,
    }


def test_every_reference_leads_somewhere(schema: Element) -> None:
    """No type, partner, set or property is named that the document does not have; no name comes twice."""
    types = {str(element.get("Name")): element for element in schema if element.tag != f"{EDM}Action"}
    container = schema[-1]
    sets = {element.get("Name"): str(element.get("EntityType")).removeprefix("Microsoft.Dynamics.CRM.") for element in container}
    for element in types.values():
        names = [child.get("Name") for child in element if child.get("Name")]
        assert len(names) == len(set(names)), element.get("Name")
        for nav in element.findall(f"{EDM}NavigationProperty"):
            target = types[str(nav.get("Type")).removeprefix("Collection(").removesuffix(")").removeprefix("mscrm.")]
            partner = nav.get("Partner")
            assert partner is None or target.find(f"{EDM}NavigationProperty[@Name='{partner}']") is not None
            for constraint in nav:
                assert element.find(f"{EDM}Property[@Name='{constraint.get('Property')}']") is not None
    for element in container.findall(f"{EDM}EntitySet"):
        own = types[sets[element.get("Name")]]
        for binding in element:
            assert own.find(f"{EDM}NavigationProperty[@Name='{binding.get('Path')}']") is not None
            assert binding.get("Target") in sets


def test_tables_of_the_world_are_in_it(schema: Element) -> None:
    """Their columns have the types of what stands in them."""
    kinds = {p.get("Name"): p.get("Type") for p in entity_type(schema, "contoso_thing").findall(f"{EDM}Property")}
    assert kinds == {
        "_contoso_account_value": "Edm.Guid",
        "contoso_from": "Edm.DateTimeOffset",
        "contoso_hours": "Edm.Int32",
        "contoso_on": "Edm.Boolean",
        "contoso_rate": "Edm.String",
        "contoso_thingid": "Edm.Guid",
        "contoso_token": "Edm.Guid",
        "createdon": "Edm.DateTimeOffset",
        "modifiedon": "Edm.DateTimeOffset",
        "statecode": "Edm.Int32",
        "statuscode": "Edm.Int32",
        "versionnumber": "Edm.Int32",
    }
    assert member(schema, "account", "Property", "contoso_tier")["Type"] == "Edm.String"


def test_operations(schema: Element) -> None:
    """Functions with their imports, bound messages with the collection as first parameter, answers as complex types (W-43)."""
    function = schema.find(f"{EDM}Function[@Name='WhoAmI']/{EDM}ReturnType")
    assert function is not None
    assert function.get("Type") == "mscrm.WhoAmIResponse"
    assert schema.find(f"{EDM}ComplexType[@Name='WhoAmIResponse']/{EDM}Property[@Name='UserId']") is not None
    assert schema[-1].find(f"{EDM}FunctionImport[@Name='WhoAmI']") is not None
    (action,) = [
        action
        for action in schema.findall(f"{EDM}Action[@Name='CreateMultiple']")
        if action[0].get("Type") == "Collection(mscrm.salesorder)"
    ]
    assert action.get("IsBound") == "true"


def test_actions_of_the_product(schema: Element) -> None:
    """Bound to a row, under the publisher's prefix, with the type of what they give back (W-43, W-204, W-208)."""
    mark = schema.find(f"{EDM}Action[@Name='msdyn_MarkActualReadyToInvoiceOrNot']")
    revise = schema.find(f"{EDM}Action[@Name='msdyn_revise']")
    assert mark is not None
    assert revise is not None
    assert [mark.get("IsBound"), *(part.get("Type") for part in mark)] == ["true", "mscrm.msdyn_actual"]
    assert [revise.get("IsBound"), *(part.get("Type") for part in revise)] == ["true", "mscrm.invoice", "mscrm.invoice"]


@pytest.mark.parametrize("path", ["$metadata?annotations=true", "$metadata"])
def test_annotations_are_there_when_asked_for(caller: Caller, path: str) -> None:
    """Alternate keys, read-only columns, change tracking; asked for by the URL, otherwise absent (W-42)."""
    schema = schema_of(caller, path)
    asked = "annotations" in path
    terms = {str(element.get("Term")) for element in schema.iter(f"{EDM}Annotation")}
    assert terms == (
        {
            "Org.OData.Core.V1.Description",
            "Org.OData.Core.V1.Computed",
            "Org.OData.Core.V1.Permissions",
            "OData.Community.Keys.V1.AlternateKeys",
            "Org.OData.Capabilities.V1.ChangeTracking",
        }
        if asked
        else set()
    )
    if asked:
        tracked = {element.get("Name"): value.get("Bool") for element in schema[-1] for value in element.iter(f"{EDM}PropertyValue")}
        assert (tracked["accounts"], tracked["contacts"]) == ("true", "false")
        paths = [value.get("PropertyPath") for value in entity_type(schema, "account").iter(f"{EDM}PropertyValue")]
        assert [path for path in paths if path] == ["accountnumber", "_parentaccountid_value"]


def test_annotations_by_preference(caller: Caller) -> None:
    """`Prefer` asks for them as well (W-42)."""
    assert b"AlternateKeys" in caller.get("$metadata", prefer='odata.include-annotations="*"').body
