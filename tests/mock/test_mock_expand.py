"""`$expand`: lookups, collections, their options, links and limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from uuid import NAMESPACE_OID, uuid5

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import Value

WORLD: dict[str, Value] = {
    "accounts": [
        {"accountid": "@acme", "name": "Acme", "_primarycontactid_value": "@ase", "_ownerid_value": "@me"},
        {"accountid": "@branch", "name": "Branch", "_parentaccountid_value": "@acme"},
        {"accountid": "@fjord", "name": "Fjord"},
    ],
    "contacts": [
        {"contactid": "@ase", "fullname": "Åse", "_parentcustomerid_value": "@acme"},
        {"contactid": "@bo", "fullname": "Bo", "_parentcustomerid_value": "@acme", "statecode": 1},
        {"contactid": "@cy", "fullname": "Cy", "_parentcustomerid_value": "@acme"},
        {"contactid": "@dan", "fullname": "Dan", "_parentcustomerid_value": "@branch"},
    ],
    "systemusers": [{"systemuserid": "@me", "fullname": "Me"}],
    "pricelevels": [{"pricelevelid": "@cost", "name": "Cost"}, {"pricelevelid": "@bill", "name": "Bill"}],
    "msdyn_organizationalunits": [{"msdyn_organizationalunitid": "@oslo", "msdyn_name": "Oslo"}],
    "msdyn_organizationalunit_pricelevelset": [{"pricelevelid": "@cost", "msdyn_organizationalunitid": "@oslo"}],
}
PEOPLE = "contact_customer_accounts"


def guid(symbol: str) -> str:
    return str(uuid5(NAMESPACE_OID, symbol))


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with MockServer(WORLD) as server, calling(server) as caller:
        yield caller


def related(row: Document, nav: str, name: str) -> list[Value]:
    """One column of the rows of an expanded collection."""
    return [child[name] for child in cast("list[Document]", row[nav])]


def test_a_collection_comes_with_its_rows(caller: Caller) -> None:
    """Rows with their tags, and a link that gives the same rows once more (W-60, W-84)."""
    answer = caller.get(
        f"accounts?$select=name&$orderby=name&$expand={PEOPLE}($select=fullname;$filter=statecode eq 0;$orderby=fullname desc)"
    )
    assert answer.document["@odata.context"] == f"{caller.url}{API}$metadata#accounts(name,{PEOPLE}(fullname))"
    acme, branch, fjord = answer.rows
    assert (
        acme[PEOPLE]
        == [
            {"@odata.etag": 'W/"1006"', "fullname": "Cy", "contactid": guid("@cy")},
            {"@odata.etag": 'W/"1004"', "fullname": "Åse", "contactid": guid("@ase")},
        ][::-1]
    )
    assert (related(branch, PEOPLE, "fullname"), fjord[PEOPLE]) == (["Dan"], [])
    link = str(acme[f"{PEOPLE}@odata.nextLink"])
    assert link.startswith(f"{caller.url}{API}accounts({guid('@acme')})/{PEOPLE}?$select=fullname&$filter=statecode%20eq%200&")
    assert caller.get(link).rows == acme[PEOPLE]


def test_options_of_a_collection(caller: Caller) -> None:
    """`$top` cuts, `$orderby` orders, a lookup of the rows may be expanded (W-84)."""
    row = caller.get(f"accounts({guid('@acme')})?$select=name&$expand={PEOPLE}($select=fullname;$orderby=fullname;$top=2)").document
    assert related(row, PEOPLE, "fullname") == ["Bo", "Cy"]
    nested = f"$expand={PEOPLE}($select=fullname;$expand=parentcustomerid_account($select=name))"
    row = caller.get(f"accounts({guid('@branch')})?$select=name&{nested}").document
    assert cast("list[Document]", row[PEOPLE])[0]["parentcustomerid_account"] == {"name": "Branch", "accountid": guid("@branch")}


def test_collections_within_collections(caller: Caller) -> None:
    """Two levels down (W-85)."""
    path = f"accounts({guid('@acme')})?$select=name&$expand=account_parent_account($select=name;$expand={PEOPLE}($select=fullname))"
    (branch,) = cast("list[Document]", caller.get(path).document["account_parent_account"])
    assert related(branch, PEOPLE, "fullname") == ["Dan"]


def test_children_are_paged_when_an_expansion_stands_in_another(caller: Caller) -> None:
    """With a page size and a nested expansion the link holds the next rows, and only then (W-85)."""
    nested = f"$expand={PEOPLE}($select=fullname;$expand=parentcustomerid_account($select=name))"
    row = caller.get(f"accounts?$select=name&$filter=name eq 'acme'&{nested}", prefer="odata.maxpagesize=2").rows[0]
    first = related(row, PEOPLE, "fullname")
    link = str(row[f"{PEOPLE}@odata.nextLink"])
    assert "$skiptoken=" in link
    following = caller.get(link)
    assert sorted([*map(str, first), *(str(child["fullname"]) for child in following.rows)]) == ["Bo", "Cy", "Åse"]
    assert "@odata.nextLink" not in following.document
    branch = caller.get(f"accounts?$select=name&$filter=name eq 'branch'&{nested}", prefer="odata.maxpagesize=2").rows[0]
    assert f"{PEOPLE}@odata.nextLink" not in branch


def test_references_instead_of_rows(caller: Caller) -> None:
    """Addresses of lookups, beside their cells; a collection has none (W-87)."""
    rows = caller.get("accounts?$select=name&$orderby=name&$expand=primarycontactid/$ref").rows
    assert rows[0]["primarycontactid"] == {"@odata.id": f"{caller.url}{API}contacts({guid('@ase')})"}
    assert (rows[0]["_primarycontactid_value"], rows[1]["primarycontactid"]) == (guid("@ase"), None)


def test_people_show_the_key_they_inherit(caller: Caller) -> None:
    """`ownerid` beside `systemuserid`, in rows and in expansions; it can be filtered by (W-83)."""
    row = caller.get(f"accounts({guid('@acme')})?$select=name&$expand=ownerid($select=fullname)").document
    assert row["ownerid"] == {"fullname": "Me", "systemuserid": guid("@me"), "ownerid": guid("@me")}
    users = caller.get(f"systemusers?$select=fullname&$filter=ownerid eq {guid('@me')}").rows
    assert users == [{"@odata.etag": 'W/"1008"', "fullname": "Me", "systemuserid": guid("@me"), "ownerid": guid("@me")}]


def test_many_to_many_collections(caller: Caller) -> None:
    """Read from both sides, counted and referred to; only lookups may be expanded under them (W-41, W-86)."""
    pair = "msdyn_organizationalunit_pricelevel"
    rows = caller.get(f"pricelevels?$select=name&$orderby=name&$expand={pair}($select=msdyn_name)").rows
    assert [related(row, pair, "msdyn_name") for row in rows] == [[], ["Oslo"]]
    unit = f"msdyn_organizationalunits({guid('@oslo')})/{pair}"
    assert caller.column(f"{unit}?$select=name", "name") == ["Cost"]
    assert caller.get(f"{unit}/$count").body.decode("utf-8-sig") == "1"
    assert caller.get(f"{unit}/$ref").rows == [{"@odata.id": f"{caller.url}{API}pricelevels({guid('@cost')})"}]
    assert caller.get(f"{unit}/nix").status == 404
    assert caller.get(f"pricelevels?$expand={pair}($expand={pair})").error == (
        400,
        "0x80060888",
        f"The navigation property '{pair}' cannot be expanded. Only many-to-one relationships are supported for nested expansion.",
    )


def test_many_to_many_references(caller: Caller) -> None:
    """Two rows are paired once, seen from both sides, and parted by either address; both rows stay (W-137)."""
    pair, bill = "msdyn_organizationalunit_pricelevel", f"pricelevels({guid('@bill')})"
    unit = f"msdyn_organizationalunits({guid('@oslo')})"
    reference = {"@odata.id": f"{caller.url}{API}{bill}"}
    try:
        assert caller.call("POST", f"{unit}/{pair}/$ref", reference).status == 204
        assert sorted(map(str, caller.column(f"{unit}/{pair}?$select=name", "name"))) == ["Bill", "Cost"]
        assert caller.column(f"{bill}/{pair}?$select=msdyn_name", "msdyn_name") == ["Oslo"]
        again = (412, "0x80040237", "A record with matching key values already exists.")
        assert caller.call("POST", f"{unit}/{pair}/$ref", reference).error == again
        assert caller.call("DELETE", f"{unit}/{pair}({guid('@bill')})/$ref").status == 204
        assert caller.call("POST", f"{bill}/{pair}/$ref", {"@odata.id": unit}).status == 204
    finally:
        parted = caller.call("DELETE", f"{unit}/{pair}/$ref?$id={caller.url}{API}{bill}")
    assert (parted.status, caller.get(bill).status) == (204, 200)
    assert caller.column(f"{unit}/{pair}?$select=name", "name") == ["Cost"]
    gone = (404, "0x80040217", f"pricelevel With Id = {guid('@bill')} Does Not Exist")
    assert caller.call("DELETE", f"{unit}/{pair}({guid('@bill')})/$ref").error == gone
    assert caller.call("POST", f"{unit}/{pair}/$ref", {"@odata.id": f"accounts({guid('@acme')})"}).status == 400
    assert [caller.call(method, f"{unit}/{pair}({guid('@bill')})").status for method in ("GET", "DELETE")] == [404, 404]


ONLY = "Only $select and $filter clause can be provided while doing $expand on many-to-one relationship or nested one-to-many relationship."


@pytest.mark.parametrize(
    ("expand", "message"),
    [
        ("nix", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.account'."),
        (f"{PEOPLE}/$ref", "Expand with $ref is only supported on lookup type navigation property."),
        ("primarycontactid/$ref($select=fullname)", "Expand with $ref takes no other options."),
        ("primarycontactid($top=1)", ONLY),
        (f"{PEOPLE}($top=1;$expand=parentcustomerid_account)", ONLY),
        (f"{PEOPLE}($orderby=fullname),account_parent_account($expand={PEOPLE})", ONLY),
        (f"{PEOPLE}($count=true)", "The query parameter $count is not supported in $expand"),
        (f"{PEOPLE}($levels=2)", "The query parameter $levels is not supported in $expand"),
        (f"{PEOPLE}($skip=2)", "The query parameter $skip is not supported in $expand"),
        (f"{PEOPLE}($select=nix)", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.contact'."),
        (
            f"{PEOPLE}($top=1;$top=2)",
            "Query option '$top' was specified more than once, but it must be specified at most once.",
        ),
        (",".join(["primarycontactid"] * 16), "The number of $expand options exceeds the limit of 15."),
        (
            ",".join([f"{PEOPLE}($expand=parentcustomerid_account)"] * 8),
            "The number of $expand options exceeds the limit of 15.",
        ),
        ("primarycontactid(", "Syntax error at position 0 in 'primarycontactid('."),
        (
            "name",
            "The property 'name' on type 'Microsoft.Dynamics.CRM.account' is not a navigation property or complex property. "
            "Only navigation properties can be expanded.",
        ),
    ],
)
def test_expansions_that_are_refused(caller: Caller, expand: str, message: str) -> None:
    """Each with its reason (W-80, W-85, W-87, W-88)."""
    status, _, text = caller.get(f"accounts?$expand={expand}").error
    assert (status, text) == (400, message)


def test_a_lookup_that_does_not_pass_is_null(caller: Caller) -> None:
    """`$filter` on a lookup hides the row that does not pass (W-85)."""
    path = "accounts?$select=name&$filter=name eq 'acme'&$expand=primarycontactid($select=fullname;$filter=fullname eq '{}')"
    assert caller.get(path.format("bo")).rows[0]["primarycontactid"] is None
    assert caller.get(path.format("åse")).rows[0]["primarycontactid"] == {"fullname": "Åse", "contactid": guid("@ase")}
