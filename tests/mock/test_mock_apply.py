"""`$apply` and unbound functions: figures over many rows, counts beyond the cap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer, World
from proforma.mock.dataverse.aggregates import SOURCE_ROWS_MAX, check_size
from proforma.mock.dataverse.errors import ODataError
from proforma.mock.http import Request
from proforma.mock.state import State
from proforma.mock.values import Value

WORLD: dict[str, Value] = {
    "contacts": [{"contactid": "@ase", "fullname": "Åse"}, {"contactid": "@bo", "fullname": "Bo"}],
    "accounts": [
        {"name": "Acme", "creditlimit": "100.50", "numberofemployees": 3, "_primarycontactid_value": "@ase", "statecode": 0},
        {"name": "acme", "creditlimit": "49.50", "numberofemployees": 4, "_primarycontactid_value": "@bo", "statecode": 0},
        {"name": "Fjord", "creditlimit": None, "numberofemployees": None, "_primarycontactid_value": "@ase", "statecode": 1},
        {"name": None, "creditlimit": "50", "lastonholdtime": "2026-03-31T00:00:00Z"},
    ],
}
STATE = State(world=World(WORLD))


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with MockServer(WORLD) as server, calling(server) as caller:
        yield caller


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        ("aggregate($count as n)", [{"n": 4}]),
        ("aggregate(creditlimit with sum as s)", [{"s": Decimal(200)}]),  # 100.50 + 49.50 + 50
        ("aggregate(creditlimit with average as a)", [{"a": Decimal("66.666666667")}]),  # 200 / 3
        ("aggregate(creditlimit with min as l,creditlimit with max as h)", [{"l": Decimal("49.5"), "h": Decimal("100.5")}]),
        ("aggregate(name with countdistinct as n)", [{"n": 2}]),
        ("aggregate(lastonholdtime with max as at)", [{"at": "2026-03-31T00:00:00Z"}]),
        ("aggregate(numberofemployees with sum as s,numberofemployees with average as a)", [{"s": 7, "a": Decimal("3.5")}]),
        ("groupby((name))", [{}, {"name": "Acme"}, {"name": "Fjord"}]),
        ("groupby((statecode),aggregate($count as n))", [{"statecode": 0, "n": 3}, {"statecode": 1, "n": 1}]),
        (
            "groupby((primarycontactid/fullname),aggregate(creditlimit with sum as s))",
            [{"s": Decimal(50)}, {"contact_fullname": "Bo", "s": Decimal("49.5")}, {"contact_fullname": "Åse", "s": Decimal("100.5")}],
        ),
        ("filter(statecode eq 1)/groupby((name))", [{"name": "Fjord"}]),
        ("filter(name eq 'nobody')/aggregate($count as n,creditlimit with sum as s)", [{"n": 0}]),
        ("filter(contains(name,'/'))/filter(statecode eq 0)/groupby((name,statecode))", []),
    ],
)
def test_groups_and_figures(caller: Caller, apply: str, expected: list[Document]) -> None:
    """Texts group without regard to case, null members are left out, rows have neither key nor tag (W-82, W-109, W-121)."""
    assert caller.get(f"accounts?$apply={apply}").rows == expected


def test_figures_have_nine_decimals(caller: Caller) -> None:
    """As they come over the wire (W-109); the context names the members."""
    answer = caller.get("accounts?$apply=groupby((statecode),aggregate(creditlimit with sum as total))&$count=true&$top=1")
    assert b'"total":200.000000000' in answer.body
    assert answer.document["@odata.context"] == f"{caller.url}{API}$metadata#accounts(statecode,total)"
    assert (answer.document["@odata.count"], len(answer.rows)) == (2, 1)


def test_groups_in_order(caller: Caller) -> None:
    """By a column that makes the groups, never by a figure (W-82)."""
    groups = "accounts?$apply=groupby((statecode),aggregate($count as n))&$orderby="
    assert caller.column(groups + "statecode desc", "statecode") == [1, 0]
    assert caller.get(groups + "n desc").error == (400, "0x80060888", "The query node SingleValueOpenPropertyAccess is not supported")


def test_groups_are_annotated(caller: Caller) -> None:
    """Labels stand beside the columns of the groups (W-98)."""
    rows = caller.get("accounts?$apply=groupby((statecode))", prefer='odata.include-annotations="*"').rows
    assert [row["statecode@OData.Community.Display.V1.FormattedValue"] for row in rows] == ["Active", "Inactive"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$apply=topcount(1,name)", "The transformation 'topcount(1,name)' of $apply is not supported: use filter, groupby and aggregate."),
        ("$apply=groupby(name)", "groupby takes columns in parentheses and, behind them, an aggregate; found 'name'."),
        ("$apply=groupby((nix))", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.account'."),
        (
            "$apply=groupby((year(createdon)))",
            "groupby takes columns in parentheses and, behind them, an aggregate; found '(year(createdon))'.",
        ),
        ("$apply=aggregate(name with sum as s)", "The aggregate 'sum' needs a number; 'name' is none."),
        (
            "$apply=aggregate(name)",
            "The aggregate 'name' cannot be read: use '$count as n' or 'column with average | countdistinct | max | min | sum as n'.",
        ),
        ("$apply=groupby((name))/filter(name eq 'x')", "Nothing can follow groupby or aggregate in $apply."),
        ("$apply=groupby((name))&$filter=name eq 'x'", "The query parameter $filter is not supported together with $apply"),
    ],
)
def test_transformations_that_are_refused(caller: Caller, query: str, message: str) -> None:
    """Each with its reason; parts of dates make no groups (W-82)."""
    status, _, text = caller.get(f"accounts?{query}").error
    assert (status, text) == (400, message)


def test_too_many_rows_are_not_aggregated() -> None:
    """50,000 source rows and no more (W-82)."""
    check_size(range(SOURCE_ROWS_MAX))
    with pytest.raises(ODataError) as refusal:
        check_size(range(SOURCE_ROWS_MAX + 1))
    assert (refusal.value.status, refusal.value.code) == (400, "0x8004e023")


@pytest.mark.parametrize(
    "call",
    [
        "RetrieveTotalRecordCount(EntityNames=['account','contact'])",
        'RetrieveTotalRecordCount(EntityNames=["account","contact"])',
        "RetrieveTotalRecordCount(EntityNames=@p1)?@p1=['account','contact']",
        'RetrieveTotalRecordCount(EntityNames=@p1)?@p1=%5B"account","contact"%5D',
    ],
)
def test_the_count_of_whole_tables(caller: Caller, call: str) -> None:
    """Parameters inline or by alias, in either quotes (W-78, W-206)."""
    assert caller.get(call).document == {
        "@odata.context": f"{caller.url}{API}$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse",
        "EntityRecordCountCollection": {"Count": 2, "IsReadOnly": False, "Keys": ["account", "contact"], "Values": [4, 2]},
    }


def test_functions_and_their_mistakes(caller: Caller) -> None:
    """Parentheses may be left out; the wrong verb is 404 without a code (W-206, W-208)."""
    assert caller.get("RetrieveVersion").document == caller.get("RetrieveVersion()").document
    status, code, text = caller.call("POST", "RetrieveVersion", {}).error
    assert (status, code, text.startswith("No HTTP resource was found that matches the request URI")) == (404, "", True)
    assert caller.get("RetrieveTotalRecordCount()").status == 400
    assert caller.get("RetrieveTotalRecordCount(EntityNames=['nix'])").error == (
        400,
        "0x80041102",
        "The entity with a name = 'nix' was not found in the MetadataCache.",
    )
    assert caller.get("RetrieveTotalRecordCount(EntityNames=[)").status == 400
    assert caller.get("RetrieveTotalRecordCount(EntityNames)").status == 400


PIECES = st.sampled_from(
    "groupby aggregate filter (( ( ) )) / , name statecode creditlimit _with_ _as_n sum $count primarycontactid/fullname _eq_ 'x' 1 "
    "RetrieveTotalRecordCount EntityNames = [ ] 'account' @p".replace("_", "+").split()
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=12).map("".join), st.booleans())
def test_any_text_is_answered_or_refused(text: str, as_function: bool) -> None:
    """No transformation and no call breaks the mock."""
    path, query = (f"RetrieveTotalRecordCount({text})", "") if as_function else ("accounts", f"$apply={text}")
    request = Request(method="GET", path=API + path, query=query, headers={"authorization": "Bearer x", "host": "h"})
    with suppress(ODataError):
        assert STATE.respond(request).status in (200, 400, 404)
