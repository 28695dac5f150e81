"""FetchXML: joins, filters, order, pages, aggregates, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote, unquote
from uuid import NAMESPACE_OID, uuid5
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_caller import API, Answer, Caller, Document, calling

from proforma.mock import MockServer, World
from proforma.mock.http import Request
from proforma.mock.state import State
from proforma.mock.values import Value

ALL = 'odata.include-annotations="*"'
COOKIE = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
MORE = "@Microsoft.Dynamics.CRM.morerecords"
WORLD: dict[str, Value] = {
    "transactioncurrencies": [{"transactioncurrencyid": "@nok", "currencyname": "Krone", "currencysymbol": "kr"}],
    "accounts": [
        {"accountid": "@acme", "name": "Acme", "creditlimit": "100.5", "_primarycontactid_value": "@ase", "numberofemployees": 10},
        {"accountid": "@branch", "name": "Branch", "creditlimit": "50", "_parentaccountid_value": "@acme", "statecode": 1},
        {"accountid": "@fjord", "name": "Fjord & Co", "_transactioncurrencyid_value": "@nok", "creditlimit": "7"},
        {"accountid": "@none", "name": None, "lastonholdtime": "2026-03-31T10:00:00Z"},
    ],
    "contacts": [
        {"contactid": "@ase", "fullname": "Åse", "_parentcustomerid_value": "@acme"},
        {"contactid": "@bo", "fullname": "Bo", "_parentcustomerid_value": "@acme"},
        {"contactid": "@cy", "fullname": "Cy", "_parentcustomerid_value": "@branch", "lastname": "Bo"},
    ],
    "contoso_things": [
        {"contoso_thingid": "@t", "contoso_title": "odd", "contoso_hours": 5, "contoso_on": True, "_contoso_account_value": "@acme"}
    ],
}
STATE = State(world=World(WORLD))
NAME = "<attribute name='name'/>"


def guid(symbol: str) -> str:
    return str(uuid5(NAMESPACE_OID, symbol))


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with MockServer(WORLD) as server, calling(server) as caller:
        yield caller


def fetched(caller: Caller, inside: str, entity_set: str = "accounts", *, fetch: str = "", **headers: str | None) -> Answer:
    """The answer to a query whose entity holds `inside`."""
    logical = {"accounts": "account", "contacts": "contact", "contoso_things": "contoso_thing"}[entity_set]
    xml = f"<fetch {fetch}><entity name='{logical}'>{inside}</entity></fetch>"
    return caller.get(f"{entity_set}?fetchXml={quote(xml, safe='')}", **headers)


def names(caller: Caller, inside: str, *, fetch: str = "") -> list[Value]:
    """The names of the accounts that a query finds, None where a row has none."""
    answer = fetched(caller, NAME + inside, fetch=fetch)
    assert answer.status == 200, answer.body
    return [row.get("name") for row in answer.rows]


def filtered(*conditions: str, kind: str = "and") -> str:
    return f"<filter type='{kind}'>{''.join(f'<condition {one}/>' for one in conditions)}</filter>"


def test_columns_that_are_asked_for(caller: Caller) -> None:
    """Asked columns, key and tag; null ones are left out, not shown as null (W-121, W-199, W-203)."""
    answer = fetched(caller, f"{NAME}<attribute name='parentaccountid'/><order attribute='name'/>", fetch="top='3'")
    assert answer.document == {
        "@odata.context": f"{caller.url}{API}$metadata#accounts(name,parentaccountid)",
        "value": [
            {"@odata.etag": 'W/"1005"', "accountid": guid("@none")},
            {"@odata.etag": 'W/"1002"', "name": "Acme", "accountid": guid("@acme")},
            {
                "@odata.etag": 'W/"1003"',
                "name": "Branch",
                "_parentaccountid_value": guid("@acme"),
                "accountid": guid("@branch"),
            },
        ],
    }


@pytest.mark.parametrize("option", ["savedQuery", "userQuery"])
def test_a_view_in_the_place_of_a_query(option: str) -> None:
    """A saved query of the system or of a user is run by its id, on the set of its table alone, and beside no other query (W-19)."""
    xml = "<fetch><entity name='account'><attribute name='name'/><order attribute='name' descending='true'/></entity></fetch>"
    logical = option.lower()
    view = {f"{logical}id": "@view", "name": "By name", "fetchxml": xml}
    with MockServer({**WORLD, f"{logical.removesuffix('y')}ies": [view]}) as server, calling(server) as caller:
        assert [row.get("name") for row in caller.get(f"accounts?{option}={guid('@view')}").rows] == ["Fjord & Co", "Branch", "Acme", None]
        missing = (404, "0x80040217", f"{logical} With Id = {guid('@nix')} Does Not Exist")
        assert caller.get(f"accounts?{option}={guid('@nix')}").error == missing
        refused = [
            caller.get(f"contacts?{option}={guid('@view')}"),
            caller.get(f"accounts?{option}={guid('@view')}&$select=name"),
            caller.get(f"accounts?{option}={guid('@view')}&fetchXml={quote(xml, safe='')}"),
            caller.get(f"accounts/$count?{option}={guid('@view')}"),
            caller.get(f"accounts({guid('@acme')})?{option}={guid('@view')}"),
        ]
        assert [answer.status for answer in refused] == [400] * 5
        assert caller.get("accounts?sql=select%20name").status == 501


def test_all_columns_and_none(caller: Caller) -> None:
    """`all-attributes` shows what is filled; without attributes there is the key alone; an alias renames."""
    (everything,) = fetched(caller, "<all-attributes/>" + filtered("attribute='name' operator='eq' value='acme'")).rows
    assert (everything["numberofemployees"], everything["creditlimit"], "lastonholdtime" in everything) == (10, Decimal("100.5"), False)
    (only,) = fetched(caller, filtered("attribute='name' operator='eq' value='acme'")).rows
    assert set(only) == {"@odata.etag", "accountid"}
    (renamed,) = fetched(caller, "<attribute name='name' alias='title'/>" + filtered("attribute='name' operator='eq' value='acme'")).rows
    assert renamed["title"] == "Acme"


def test_annotations(caller: Caller) -> None:
    """Formatted values stand beside the columns here too (W-98)."""
    inside = "<attribute name='creditlimit'/><attribute name='transactioncurrencyid'/>"
    (row,) = fetched(caller, inside + filtered("attribute='name' operator='begins-with' value='fjord'"), prefer=ALL).rows
    assert row["creditlimit@OData.Community.Display.V1.FormattedValue"] == "kr 7.00"
    assert row["_transactioncurrencyid_value@OData.Community.Display.V1.FormattedValue"] == "Krone"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("attribute='name' operator='eq' value='ACME'", ["Acme"]),
        ("attribute='name' operator='ne' value='acme'", ["Branch", "Fjord & Co"]),
        ("attribute='name' operator='like' value='%c%'", ["Acme", "Branch", "Fjord & Co"]),
        ("attribute='name' operator='not-like' value='%h'", ["Acme", "Fjord & Co"]),
        ("attribute='name' operator='begins-with' value='b'", ["Branch"]),
        ("attribute='name' operator='not-end-with' value='co'", ["Acme", "Branch"]),
        ("attribute='name' operator='null'", [None]),
        ("attribute='name' operator='not-null'", ["Acme", "Branch", "Fjord & Co"]),
        ("attribute='creditlimit' operator='gt' value='50'", ["Acme"]),
        ("attribute='creditlimit' operator='le' value='50'", ["Branch", "Fjord & Co"]),
        ("attribute='statecode' operator='neq' value='0'", ["Branch"]),
        ("attribute='lastonholdtime' operator='on' value='2026-03-31'", [None]),
        ("attribute='lastonholdtime' operator='on-or-after' value='2026-04-01'", []),
        ("attribute='parentaccountid' operator='eq' value='{" + str(uuid5(NAMESPACE_OID, "@acme")).upper() + "}'", ["Branch"]),
        ("attribute='accountid' operator='under' value='" + str(uuid5(NAMESPACE_OID, "@acme")) + "'", ["Branch"]),
        ("attribute='numberofemployees' operator='eq' valueof='numberofemployees'", ["Acme"]),
    ],
)
def test_conditions(caller: Caller, condition: str, expected: list[Value]) -> None:
    """The usual operators; null is found only by those that ask for it (W-199)."""
    assert names(caller, filtered(condition) + "<order attribute='name'/>") == expected


def test_values_in_elements_and_filters_within_filters(caller: Caller) -> None:
    """`in` and `between` take value elements; or within and."""
    within = "<condition attribute='name' operator='in'><value>acme</value><value>branch</value></condition>"
    between = "<condition attribute='creditlimit' operator='between'><value>6</value><value>60</value></condition>"
    order = "<order attribute='name'/>"
    assert names(caller, f"<filter>{within}</filter>{order}") == ["Acme", "Branch"]
    assert names(caller, f"<filter>{between}</filter>{order}") == ["Branch", "Fjord & Co"]
    either = filtered("attribute='statecode' operator='eq' value='1'", "attribute='numberofemployees' operator='eq' value='10'", kind="or")
    assert names(caller, f"<filter>{within}{either}{between}</filter>{order}") == ["Branch"]
    assert names(caller, f"<filter type='or'>{filtered(*[])}</filter>{order}") == [None, "Acme", "Branch", "Fjord & Co"]


PEOPLE = "<link-entity name='contact' from='parentcustomerid' to='accountid' {}>{}</link-entity>"


def test_linked_rows_stand_beside_their_row(caller: Caller) -> None:
    """An inner link repeats the row for each partner and drops those without; columns as `alias.column` (W-199)."""
    link = PEOPLE.format(
        "alias='p'", "<attribute name='fullname'/><attribute name='lastname' alias='family'/><order attribute='fullname'/>"
    )
    rows = fetched(caller, f"{NAME}<order attribute='name'/>{link}").rows
    assert [(row["name"], row["p.fullname"], row.get("family")) for row in rows] == [
        ("Acme", "Bo", None),
        ("Acme", "Åse", None),
        ("Branch", "Cy", "Bo"),
    ]
    unnamed = fetched(caller, PEOPLE.format("", "<attribute name='fullname'/>") + "<order attribute='name'/>").rows
    assert {key for row in unnamed for key in row} == {"@odata.etag", "accountid", "contact1.fullname"}


def test_outer_links_keep_rows_without_partners(caller: Caller) -> None:
    """And `null` on the link finds exactly those; a filter of the link stands before the join."""
    outer = "alias='p' link-type='outer'"
    absent = filtered("entityname='p' attribute='contactid' operator='null'")
    assert names(caller, PEOPLE.format(outer, "") + absent + "<order attribute='name'/>") == [None, "Fjord & Co"]
    only_bo = filtered("attribute='fullname' operator='eq' value='bo'")
    rows = fetched(caller, NAME + PEOPLE.format(outer, "<attribute name='fullname'/>" + only_bo) + "<order attribute='name'/>").rows
    assert [row.get("p.fullname") for row in rows] == [None, "Bo", None, None]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("exists", ["Acme", "Branch"]), ("in", ["Acme", "Branch"]), ("any", ["Acme", "Branch"]), ("not any", [None, "Fjord & Co"])],
)
def test_links_that_only_look(caller: Caller, kind: str, expected: list[Value]) -> None:
    """Each row comes once however many partners it has."""
    assert names(caller, PEOPLE.format(f"link-type='{kind}'", "") + "<order attribute='name'/>") == expected


def test_links_below_links(caller: Caller) -> None:
    """From people over their company to its parent; a condition of the entity on the outermost link."""
    parent = "<link-entity name='account' from='accountid' to='parentaccountid' alias='up'><attribute name='name'/></link-entity>"
    company = f"<link-entity name='account' from='accountid' to='parentcustomerid' alias='of'>{parent}</link-entity>"
    where = filtered("entityname='up' attribute='name' operator='eq' value='acme'")
    rows = fetched(caller, f"<attribute name='fullname'/>{company}{where}", "contacts").rows
    assert [(row["fullname"], row["up.name"]) for row in rows] == [("Cy", "Acme")]
    beside = filtered("attribute='lastname' operator='ne' valueof='of.name'")
    assert len(fetched(caller, company + beside, "contacts").rows) == 1


def test_tables_of_the_world_are_queried_too(caller: Caller) -> None:
    """Their lookups join by logical name or by cell."""
    link = "<link-entity name='account' from='accountid' to='contoso_account' alias='a'><attribute name='name'/></link-entity>"
    assert [row["a.name"] for row in fetched(caller, link, "contoso_things").rows] == ["Acme"]


@pytest.mark.parametrize(
    ("name", "operator", "value", "found"),
    [
        ("contoso_hours", "eq", "5", 1),
        ("contoso_hours", "between", "4", 1),
        ("contoso_hours", "gt", "10", 0),
        ("contoso_on", "eq", "true", 1),
        ("contoso_on", "ne", "1", 0),
        ("contoso_title", "eq", "ODD", 1),
        ("contoso_account", "not-null", "", 1),
        ("contoso_hours", "eq", "five", 0),
    ],
)
def test_columns_that_no_schema_knows_compare_by_their_cells(caller: Caller, name: str, operator: str, value: str, found: int) -> None:
    """A value is a number beside a number, yes or no beside a boolean."""
    values = "".join(f"<value>{one}</value>" for one in ((value, "6") if operator == "between" else (value,) if value else ()))
    inside = f"<filter><condition attribute='{name}' operator='{operator}'>{values}</condition></filter>"
    assert len(fetched(caller, inside, "contoso_things").rows) == found


def test_distinct_rows(caller: Caller) -> None:
    """Rows that show the same come once, without tag and key."""
    assert fetched(caller, "<attribute name='statecode'/><order attribute='statecode'/>", fetch="distinct='true'").rows == [
        {"statecode": 0},
        {"statecode": 1},
    ]


def followed(caller: Caller, order: str, size: int) -> list[list[Value]]:
    """All pages of accounts, each by the cookie of the one before, as clients send it."""
    pages: list[list[Value]] = []
    cookie, more = "", True
    while more:
        page = f"count='{size}' page='{len(pages) + 1}' {cookie}"
        document = fetched(caller, NAME + order, fetch=page, prefer=ALL).document
        rows = document["value"]
        assert isinstance(rows, list)
        pages.append([row.get("name") for row in rows if isinstance(row, dict)])
        more = document.get(MORE) is True
        assert (COOKIE in document) is more
        annotation = str(document.get(COOKIE, ""))
        inner = re.search(r'pagingcookie="([^"]*)"', annotation)
        cookie = f"paging-cookie={quoteattr(unquote(unquote(inner[1])))}" if inner else ""
    return pages


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("<order attribute='name'/>", [[None, "Acme"], ["Branch", "Fjord & Co"]]),
        ("<order attribute='name' descending='true'/>", [["Fjord & Co", "Branch"], ["Acme", None]]),
        ("<order attribute='statecode' descending='true'/><order attribute='creditlimit'/>", [["Branch", None], ["Fjord & Co", "Acme"]]),
    ],
)
def test_pages_by_cookie(caller: Caller, order: str, expected: list[list[Value]]) -> None:
    """Every row once; the last page has neither annotation (W-200, W-201)."""
    assert followed(caller, order, 2) == expected


def test_the_shape_of_the_cookie(caller: Caller) -> None:
    """Encoded twice, with upper-case keys in braces; never a nextLink; nothing unless asked for (W-200, W-201)."""
    document = fetched(caller, NAME + "<order attribute='name'/>", fetch="count='3'", prefer=ALL).document
    annotation = str(document[COOKIE])
    assert annotation.startswith('<cookie pagenumber="2" pagingcookie="%253ccookie%2520page%253d%25221%2522%253e')
    assert annotation.endswith('" istracking="False" />')
    branch, none = guid("@branch").upper(), guid("@none").upper()
    inner = f'<cookie page="1"><name last="Branch" firstnull="1" /><accountid last="{{{branch}}}" first="{{{none}}}" /></cookie>'
    assert f'pagingcookie="{inner}"' in unquote(unquote(annotation))
    assert "@odata.nextLink" not in document
    plain = fetched(caller, NAME, fetch="count='3'").document
    assert set(plain) == {"@odata.context", "value"}
    asked = fetched(caller, NAME, fetch="count='3'", prefer='odata.include-annotations="Microsoft.Dynamics.CRM.morerecords"').document
    assert set(asked) == {"@odata.context", "value", MORE}


def test_a_whole_annotation_is_a_cookie_too(caller: Caller) -> None:
    """Some send it back as it came, some still encoded (W-92)."""
    annotation = str(fetched(caller, NAME + "<order attribute='name'/>", fetch="count='3'", prefer=ALL).document[COOKIE])
    for text in (annotation, quote(annotation), quote(quote(annotation))):
        page = f"count='3' page='2' paging-cookie={quoteattr(text)}"
        assert [row["name"] for row in fetched(caller, NAME + "<order attribute='name'/>", fetch=page).rows] == ["Fjord & Co"]


def test_pages_by_number_where_there_is_no_cookie(caller: Caller) -> None:
    """Beside linked rows only `morerecords` comes, and numbers lead on, as far as 50,000 rows (W-202)."""
    inside = PEOPLE.format("alias='p'", "<attribute name='fullname'/><order attribute='fullname'/>")
    first = fetched(caller, inside, fetch="count='2' page='1'", prefer=ALL).document
    assert (first[MORE], COOKIE in first) == (True, False)
    second = fetched(caller, inside, fetch="count='2' page='2'", prefer=ALL)
    assert ([row["p.fullname"] for row in second.rows], MORE in second.document) == (["Åse"], False)
    assert fetched(caller, inside, fetch="count='5000' page='11'").status == 400


def test_the_total(caller: Caller) -> None:
    """`returntotalrecordcount` counts what passes (W-78, W-100)."""
    document = fetched(caller, NAME, fetch="count='1' returntotalrecordcount='true'", prefer=ALL).document
    total = "@Microsoft.Dynamics.CRM.totalrecordcount"
    assert (document[total], document[f"{total}limitexceeded"]) == (4, False)


def aggregated(caller: Caller, inside: str, *, fetch: str = "") -> list[Document]:
    answer = fetched(caller, inside, fetch=f"aggregate='true' {fetch}")
    assert answer.status == 200, answer.body
    return answer.rows


def test_figures(caller: Caller) -> None:
    """Sum, average, extremes and counts of the whole (100.5 + 50 + 7 = 157.5; / 3 = 52.5)."""
    asked = {"sum": "s", "avg": "a", "min": "l", "max": "h", "count": "n", "countcolumn": "c"}
    inside = "".join(f"<attribute name='creditlimit' aggregate='{name}' alias='{alias}'/>" for name, alias in asked.items())
    assert aggregated(caller, inside) == [
        {"s": Decimal("157.5"), "a": Decimal("52.5"), "l": Decimal(7), "h": Decimal("100.5"), "n": 4, "c": 3}
    ]
    states = "<attribute name='statecode' aggregate='countcolumn' distinct='true' alias='n'/>"
    assert aggregated(caller, states) == [{"n": 2}]


def test_groups(caller: Caller) -> None:
    """By a column, by a linked column, by a part of a date; ordered by alias; null members are left out (W-82)."""
    state = "<attribute name='statecode' groupby='true' alias='state'/><attribute name='accountid' aggregate='count' alias='n'/>"
    assert aggregated(caller, state + "<order alias='n' descending='true'/>") == [{"state": 0, "n": 3}, {"state": 1, "n": 1}]
    people = PEOPLE.format("alias='p'", "<attribute name='contactid' aggregate='count' alias='people'/>")
    assert aggregated(caller, "<attribute name='name' groupby='true' alias='of'/>" + people) == [
        {"of": "Acme", "people": 2},
        {"of": "Branch", "people": 1},
    ]
    count = "<attribute name='accountid' aggregate='count' alias='n'/>"
    for part, value in (("year", 2026), ("quarter", 1), ("month", 3), ("day", 31), ("week", 14), ("fiscal-year", "FY2026")):
        by_date = f"<attribute name='lastonholdtime' groupby='true' dategrouping='{part}' alias='at'/>{count}"
        assert aggregated(caller, by_date) == [{"n": 3}, {"at": value, "n": 1}]
    assert aggregated(caller, state, fetch="count='1' page='2'") == [{"state": 1, "n": 1}]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<fetch>", "The FetchXML is no well-formed XML or holds what is not allowed in it"),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><fetch/>", "The FetchXML is no well-formed XML or holds what is not allowed in it"),
        ("<query/>", "FetchXML begins with a fetch element, not with 'query'."),
        ("<fetch/>", "A fetch element holds exactly one entity element."),
        ("<fetch><entity/></fetch>", "The element 'entity' needs the attribute 'name'."),
        ("<fetch><entity name='contact'/></fetch>", "The entity 'contact' of the FetchXML does not match the entity set 'accounts'."),
        ("<fetch top='x'><entity name='account'/></fetch>", "The attribute 'top' takes a whole number, not 'x'."),
        ("<fetch top='1' page='2'><entity name='account'/></fetch>", "The top attribute can't be specified with paging attribute"),
        ("<fetch><entity name='account'><nix/></entity></fetch>", "The element 'nix' is not known in 'entity'."),
        ("<fetch><entity name='account'><attribute name='nix'/></entity></fetch>", "'account' entity doesn't contain attribute"),
        ("<fetch><entity name='account'><filter type='xor'/></entity></fetch>", "The type of a filter is 'and' or 'or', not 'xor'."),
        (
            "<fetch><entity name='account'><filter><condition attribute='name' operator='near' value='x'/></filter></entity></fetch>",
            "The condition operator 'near' is not supported.",
        ),
        (
            "<fetch><entity name='account'><filter><condition entityname='z' attribute='name' operator='null'/></filter></entity></fetch>",
            "No link-entity has the alias 'z'.",
        ),
        (
            "<fetch><entity name='account'><link-entity name='nix' from='a' to='accountid'/></entity></fetch>",
            "The entity with a name = 'nix' was not found in the MetadataCache.",
        ),
        (
            "<fetch><entity name='account'><link-entity name='contact' from='contactid' to='accountid' link-type='left'/></entity></fetch>",
            "The link-type 'left' is not supported",
        ),
        (
            "<fetch page='2' paging-cookie='nix'><entity name='account'><attribute name='name'/></entity></fetch>",
            "The paging cookie cannot be read: send the one of the last answer.",
        ),
        (
            "<fetch aggregate='true'><entity name='account'><attribute name='name' aggregate='sum' alias='s'/></entity></fetch>",
            "The aggregate 'sum' needs a number; 'name' is none.",
        ),
        (
            "<fetch aggregate='true'><entity name='account'><attribute name='name'/></entity></fetch>",
            "The attribute 'name' needs an alias in an aggregate.",
        ),
        (
            "<fetch><entity name='account'>" + "<filter>" * 60 + "</filter>" * 60 + "</entity></fetch>",
            "The FetchXML is nested more than 40 deep.",
        ),
    ],
)
def test_queries_that_are_refused(caller: Caller, xml: str, message: str) -> None:
    """Each with its reason, and no entity of a document type is ever expanded (W-184)."""
    status, _, text = caller.get(f"accounts?fetchXml={quote(xml, safe='')}").error
    assert (status, text[: len(message)]) == (400, message)


def test_other_options_do_not_go_with_it(caller: Caller) -> None:
    """`$filter` beside `fetchXml` is refused, not ignored."""
    assert caller.get("accounts?$filter=name eq 'x'&fetchXml=" + quote("<fetch><entity name='account'/></fetch>")).status == 400


ELEMENTS = st.sampled_from(["fetch", "entity", "attribute", "filter", "condition", "link-entity", "order", "value", "all-attributes"])
NAMES = st.sampled_from(
    ["name", "operator", "value", "type", "page", "top", "alias", "from", "to", "attribute", "paging-cookie", "entityname"]
)
VALUES = st.sampled_from(["account", "name", "accountid", "eq", "in", "last-x-days", "1", "true", "", "%", "or", "é", "p"])


def element(tag: str, attributes: dict[str, str], inside: list[str]) -> str:
    return f"<{tag}{''.join(f' {name}={quoteattr(value)}' for name, value in attributes.items())}>{''.join(inside)}</{tag}>"


TREES = st.recursive(
    st.builds(element, ELEMENTS, st.dictionaries(NAMES, VALUES, max_size=4), st.just([])),
    lambda inner: st.builds(element, ELEMENTS, st.dictionaries(NAMES, VALUES, max_size=4), st.lists(inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=250)
@given(st.one_of(st.text(max_size=80), TREES, TREES.map(lambda tree: f"<fetch><entity name='account'>{tree}</entity></fetch>")))
def test_any_text_is_answered_or_refused(text: str) -> None:
    """No text breaks the reader, nor what is made of it."""
    headers = {"authorization": "Bearer x", "host": "h", "prefer": ALL}
    request = Request(method="GET", path=f"{API}accounts", query="fetchXml=" + quote(text, safe=""), headers=headers)
    assert STATE.respond(request).status in (200, 400)
