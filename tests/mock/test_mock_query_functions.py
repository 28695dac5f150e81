"""`any` and `all` over collections, and Dataverse's own query functions with the mock's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from proforma.mock import World
from proforma.mock.dataverse.errors import ODataError
from proforma.mock.dataverse.filters import operator_of, row_filter
from proforma.mock.values import Value

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # a Wednesday
DAYS = {
    "long ago": "2024-02-01T00:00:00Z",
    "last year": "2025-12-31T23:59:59Z",
    "january": "2026-01-01T00:00:00Z",
    "last month": "2026-02-28T12:00:00Z",
    "last week": "2026-03-14T23:00:00Z",
    "sunday": "2026-03-15T00:00:00Z",
    "yesterday": "2026-03-17T08:00:00Z",
    "this morning": "2026-03-18T06:00:00Z",
    "just now": "2026-03-18T15:00:00Z",
    "tonight": "2026-03-18T22:00:00Z",
    "tomorrow": "2026-03-19T09:00:00Z",
    "next month": "2026-04-01T00:00:00Z",
    "next year": "2027-01-01T00:00:00Z",
}
PAST = list(DAYS)[:9]


def world(document: dict[str, Value]) -> World:
    return World(document, clock=lambda: NOW)


HELD: list[Value] = [{"name": name, "lastonholdtime": at} for name, at in DAYS.items()]
DATED = world(
    {
        "accounts": [*HELD, {"name": "never"}],
        "msdyn_actuals": [{"msdyn_description": name, "msdyn_transactiondate": at[:10]} for name, at in DAYS.items()],
    }
)
RELATED = world(
    {
        "accounts": [
            {"accountid": "@top", "name": "Top"},
            {"accountid": "@mid", "name": "Mid", "_parentaccountid_value": "@top"},
            {"accountid": "@low", "name": "Low", "_parentaccountid_value": "@mid", "_ownerid_value": "@mock-user"},
            {"accountid": "@other", "name": "Other", "_owningbusinessunit_value": "@mock-business-unit", "_ownerid_value": "@crew"},
        ],
        "contacts": [
            {"contactid": "@a", "fullname": "Åse", "_parentcustomerid_value": "@top", "statecode": 0},
            {"contactid": "@b", "fullname": "Bo", "_parentcustomerid_value": "@top", "statecode": 1},
            {"contactid": "@c", "fullname": "Cy", "_parentcustomerid_value": "@mid", "statecode": 0},
        ],
        "teammemberships": [{"teammembershipid": "@m", "teamid": "@crew", "systemuserid": "@mock-user"}],
        "msdyn_projects": [{"msdyn_subject": "Own", "choices": "1,9"}, {"msdyn_subject": "None"}],
    }
)


def passing(world: World, entity_set: str, name: str, text: str) -> list[Value]:
    table = world.table(entity_set)
    assert table is not None
    passes = row_filter(world, table, text, {})
    return [row[name] for row in table.rows.values() if passes(row)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("Today", ["this morning", "just now", "tonight"]),
        ("Yesterday", ["yesterday"]),
        ("Tomorrow", ["tomorrow"]),
        ("Last7Days", ["last week", "sunday", "yesterday", "this morning", "just now"]),
        ("Next7Days", ["tonight", "tomorrow"]),
        ("ThisWeek", ["sunday", "yesterday", "this morning", "just now", "tonight", "tomorrow"]),
        ("LastWeek", ["last week"]),
        ("ThisMonth", ["last week", "sunday", "yesterday", "this morning", "just now", "tonight", "tomorrow"]),
        ("LastMonth", ["last month"]),
        ("NextMonth", ["next month"]),
        ("LastYear", ["last year"]),
        ("NextYear", ["next year"]),
        ("ThisFiscalPeriod", list(DAYS)[2:11]),
        ("NextFiscalPeriod", ["next month"]),
        ("LastFiscalYear", ["last year"]),
        ("LastXHours,PropertyValue=12", ["this morning", "just now"]),
        ("NextXHours,PropertyValue=12", ["tonight"]),
        ("LastXDays,PropertyValue=1", ["yesterday", "this morning", "just now"]),
        ("LastXDays,PropertyValue='1'", ["yesterday", "this morning", "just now"]),
        ("NextXDays,PropertyValue=1", ["tonight", "tomorrow"]),
        ("LastXMonths,PropertyValue=1", list(DAYS)[3:9]),
        ("NextXYears,PropertyValue=1", ["tonight", "tomorrow", "next month", "next year"]),
        ("OlderThanXYears,PropertyValue=1", ["long ago"]),
        ("OlderThanXMinutes,PropertyValue=31", PAST[:8]),
        ("On,PropertyValue='2026-03-17'", ["yesterday"]),
        ("NotOn,PropertyValue=2026-03-17", [name for name in DAYS if name != "yesterday"]),
        ("OnOrAfter,PropertyValue='2026-04-01'", ["next month", "next year"]),
        ("OnOrBefore,PropertyValue='2025-12-31T05:00:00Z'", ["long ago", "last year"]),
        ("InFiscalYear,PropertyValue=2027", ["next year"]),
        ("InFiscalPeriodAndYear,PropertyValue1=2,PropertyValue2=2026", ["next month"]),
        ("InOrBeforeFiscalPeriodAndYear,PropertyValue1=4,PropertyValue2=2025", ["long ago", "last year"]),
        ("InFiscalPeriod,PropertyValue=4", ["last year"]),
    ],
)
def test_spans_of_time(function: str, expected: list[str]) -> None:
    """Each function keeps the days it names, seen from the mock's clock; null is never kept (W-72)."""
    name, _, values = function.partition(",")
    call = f"Microsoft.Dynamics.CRM.{name}(PropertyName='lastonholdtime'{',' if values else ''}{values})"
    assert passing(DATED, "accounts", "name", call) == expected


def test_plain_dates_know_no_hours() -> None:
    """Days work on a DateOnly column; hours and minutes are refused (W-117)."""
    call = "Microsoft.Dynamics.CRM.{}(PropertyName='msdyn_transactiondate',PropertyValue=1)"
    assert passing(DATED, "msdyn_actuals", "msdyn_description", call.format("LastXDays")) == [
        "yesterday",
        "this morning",
        "just now",
        "tonight",
    ]
    with pytest.raises(ODataError, match="whose behavior is DateOnly"):
        passing(DATED, "msdyn_actuals", "msdyn_description", call.format("LastXHours"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contact_customer_accounts/any()", ["Top", "Mid"]),
        ("not contact_customer_accounts/any()", ["Low", "Other"]),
        ("contact_customer_accounts/any(c:c/statecode eq 1)", ["Top"]),
        ("contact_customer_accounts/any(c:startswith(c/fullname,'c') or c/statecode eq 1)", ["Top", "Mid"]),
        ("contact_customer_accounts/all(c:c/statecode eq 0)", ["Mid", "Low", "Other"]),
        ("account_parent_account/any(a:a/account_parent_account/any(b:b/name eq 'low'))", ["Top"]),
        ("account_parent_account/any(a:a/parentaccountid/name eq 'mid')", ["Mid"]),
        ("contact_customer_accounts/any(c:Microsoft.Dynamics.CRM.In(PropertyName='fullname',PropertyValues=['cy']))", ["Mid"]),
        ("account_parent_account/any(a:a/name ne null) and statecode eq 0", ["Top", "Mid"]),
    ],
)
def test_conditions_on_collections(text: str, expected: list[str]) -> None:
    """any and all, with and without a condition, one in the other (W-71)."""
    assert passing(RELATED, "accounts", "name", text) == expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("Above(PropertyName='accountid',PropertyValue='{low}')", ["Top", "Mid"]),
        ("AboveOrEqual(PropertyName='accountid',PropertyValue='{mid}')", ["Top", "Mid"]),
        ("Under(PropertyName='accountid',PropertyValue='{top}')", ["Mid", "Low"]),
        ("UnderOrEqual(PropertyName='accountid',PropertyValue='{mid}')", ["Mid", "Low"]),
        ("NotUnder(PropertyName='accountid',PropertyValue='{top}')", ["Top", "Other"]),
        ("EqualUserId(PropertyName='_ownerid_value')", ["Low"]),
        ("NotEqualUserId(PropertyName='_ownerid_value')", ["Other"]),
        ("EqualUserTeams(PropertyName='_ownerid_value')", ["Other"]),
        ("EqualUserOrUserTeams(PropertyName='_ownerid_value')", ["Low", "Other"]),
        ("EqualBusinessId(PropertyName='_owningbusinessunit_value')", ["Other"]),
        ("NotBetween(PropertyName='name',PropertyValues=['l','n'])", ["Top", "Other"]),
    ],
)
def test_functions_about_people_and_hierarchies(function: str, expected: list[str]) -> None:
    """The caller is the user of WhoAmI; a hierarchy is the table's lookup to itself (W-72)."""
    table = RELATED.table("accounts")
    assert table is not None
    ids = {str(row["name"]).lower(): key for key, row in table.rows.items()}
    assert passing(RELATED, "accounts", "name", "Microsoft.Dynamics.CRM." + function.format(**ids)) == expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("ContainValues(PropertyName='choices',PropertyValues=['9','3'])", ["Own"]),
        ("DoesNotContainValues(PropertyName='choices',PropertyValues=['2'])", ["Own"]),
        ("ContainValues(PropertyName='choices',PropertyValues=[2])", []),
    ],
)
def test_options_within_a_multiple_choice(function: str, expected: list[str]) -> None:
    """One of the options is enough; a row without any choice is unknown (W-72, W-115)."""
    assert passing(RELATED, "msdyn_projects", "msdyn_subject", "Microsoft.Dynamics.CRM." + function) == expected


def test_names_of_functions_are_operators_of_fetchxml() -> None:
    """One list of operators serves both languages."""
    assert [operator_of(name) for name in ("LastXFiscalPeriods", "OlderThanXDays", "NotIn", "OnOrAfter", "Last7Days")] == [
        "last-x-fiscal-periods",
        "olderthan-x-days",
        "not-in",
        "on-or-after",
        "last-seven-days",
    ]
