"""`$filter`: its grammar, its types, its three-valued logic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proforma.mock import World
from proforma.mock.dataverse.errors import ODataError
from proforma.mock.dataverse.filters import row_filter
from proforma.mock.values import Row

ROWS: list[Row] = [
    {"accountid": "@1", "name": "Acme", "creditlimit": "100.5", "statecode": 0, "donotemail": True, "own": "10"},
    {"accountid": "@2", "name": "O'Brien 50%", "creditlimit": None, "statecode": 1, "donotemail": False, "own": "9"},
    {"accountid": "@3", "name": None, "creditlimit": "-3", "statecode": 0, "_primarycontactid_value": "@c", "own": None},
]
WORLD = World(
    {
        "accounts": [dict(row, createdon=f"2026-03-0{number}T12:00:00Z") for number, row in enumerate(ROWS, 1)],
        "contacts": [{"contactid": "@c", "fullname": "Åse", "_parentcustomerid_value": "@1"}],
    }
)


def passing(text: str, **aliases: str) -> list[int]:
    """Numbers of the accounts that pass."""
    table = WORLD.table("accounts")
    assert table is not None
    passes = row_filter(WORLD, table, text, {f"@{name}": value for name, value in aliases.items()})
    return [number for number, row in enumerate(table.rows.values(), 1) if passes(row)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name eq 'ACME'", [1]),
        ("name ne 'acme'", [2]),
        ("name eq 'O''Brien 50%'", [2]),
        ("name eq null", [3]),
        ("name ne null", [1, 2]),
        ("null eq name", [3]),
        ("not (name eq 'acme')", [2]),
        ("creditlimit gt 0", [1]),
        ("creditlimit lt 0 or creditlimit ge 100.5", [1, 3]),
        ("creditlimit ne 100.5", [3]),
        ("creditlimit gt 1e2", [1]),
        ("statecode eq 0 and name eq 'acme' or statecode eq 1", [1, 2]),
        ("statecode eq 0 and (name eq 'acme' or statecode eq 1)", [1]),
        ("statecode eq 0 or statecode eq 1 and name eq 'nobody'", [1, 3]),
        ("donotemail eq true", [1]),
        ("donotemail", [1]),
        ("not donotemail", [2]),
        ("donotemail ne true", [2]),
        ("contains(name,'c')", [1]),
        ("startswith(name,'a')", [1]),
        ("endswith(name,'E')", [1]),
        ("contains(name,'50')", [2]),
        ("contains(name,'c_e')", [1]),
        ("contains(name,'[xm]e')", [1]),
        ("contains(name,'a%m')", [1]),
        ("not contains(name,'c')", [2]),
        ("createdon ge 2026-03-02", [2, 3]),
        ("createdon eq 2026-03-02T13:00:00+01:00", [2]),
        ("createdon gt 2026-03-02T12:00:00.000Z", [3]),
        ("primarycontactid/fullname eq 'åse'", [3]),
        ("primarycontactid/parentcustomerid_account/name eq 'acme'", [3]),
        ("primarycontactid/contactid eq 2d1e5da1-b9a5-5a32-9d8f-39ab63c5a0ab", []),
        ("_primarycontactid_value eq null", [1, 2]),
        ("own eq '10'", [1]),
        ("own gt 9", [1]),
        ('Microsoft.Dynamics.CRM.In(PropertyName=\'name\',PropertyValues=["acme","o\'brien 50%"])', [1, 2]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['1','2'])", [2]),
        ("Microsoft.Dynamics.CRM.NotIn(PropertyName='name',PropertyValues=['acme'])", [2]),
        ("Microsoft.Dynamics.CRM.Between(PropertyName='creditlimit',PropertyValues=['-5','0'])", [3]),
        ("name eq @n", [1]),
        ("name eq @unassigned", [3]),
        ("(((name eq 'acme')))", [1]),
    ],
)
def test_rows_that_pass(text: str, expected: list[int]) -> None:
    """A row passes only when the whole is true: unknown is not enough (W-66 to W-75)."""
    assert passing(text, n="'Acme'") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name eqq 'x'", "Syntax error at position 5 in 'name eqq 'x''."),
        ("name eq 'x", "There is an unterminated literal at position 10 in 'name eq 'x'."),
        ("(name eq 'x'", "')' or ',' expected at position 12 in '(name eq 'x''."),
        ("name eq", "Syntax error at position 7 in 'name eq'."),
        ("name eq 'x' statecode eq 0", "Syntax error at position 12 in 'name eq 'x' statecode eq 0'."),
        ("name eq 'x')", "Syntax error at position 11 in 'name eq 'x')'."),
        ("name # 5", "Syntax error: character '#' is not valid at position 5 in 'name # 5'."),
        ("createdon gt 2026-13-01", "Unrecognized date literal '2026-13-01' at position 13 in 'createdon gt 2026-13-01'."),
        ("year(createdon) eq 2026", "The function 'year' at position 0 in 'year(createdon) eq 2026' is not supported."),
        ("Name eq 'x'", "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.account'."),
        ("primarycontactid eq null", "Could not find a property named 'primarycontactid' on type 'Microsoft.Dynamics.CRM.account'."),
        ("primarycontactid/nix eq 1", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.contact'."),
        (
            "statecode eq '0'",
            "A binary operator with incompatible types was detected. "
            "Found operand types 'Edm.Decimal' and 'Edm.String' for operator kind 'Equal'.",
        ),
        ("name", "The $filter expression must evaluate to a single boolean value."),
        ("startswith(name,'%x')", "A leading wildcard is not allowed: startswith with '%x'."),
        ("contains(statecode,'x')", "No function signature for the function with name 'contains' matches the specified arguments."),
        (
            "not Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['x'])",
            "Not operator along with the Custom Named Condition operators is not allowed",
        ),
        (
            "Microsoft.Dynamics.CRM.Above(PropertyName='name',PropertyValue='x')",
            "The operator 'above' needs a table with a hierarchy and the id of one of its rows.",
        ),
        ("Microsoft.Dynamics.CRM.Sometimes(PropertyName='name')", "The condition operator 'sometimes' is not supported."),
        ("Microsoft.Dynamics.CRM.Today(PropertyName='name')", "The operator 'today' needs a date column; 'name' is none."),
        (
            "Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue='x')",
            "The values of the operator 'last-x-days' do not fit 'createdon': 'x' is neither a whole number nor a date.",
        ),
        ("statecode add 1 eq 2", "The operator 'add' at position 10 in 'statecode add 1 eq 2' is not supported."),
        ("statecode in (1,2)", "The operator 'in' at position 10 in 'statecode in (1,2)' is not supported."),
        (
            "primarycontactid/account_primary_contact/any(a:a/name eq 'x')",
            "any and all go over a collection of the row itself; 'primarycontactid/account_primary_contact' is none.",
        ),
        ("nix/any()", "Could not find a property named 'nix' on type 'Microsoft.Dynamics.CRM.account'."),
        (
            "contact_customer_accounts/any(c:name eq 'x')",
            "Could not find a property 'name' of the range variable 'c'.",
        ),
        (
            "statecode eq Microsoft.Dynamics.CRM.State'Active'",
            "A binary operator with incompatible types was detected. "
            "Found operand types 'Edm.Decimal' and 'Microsoft.Dynamics.CRM enumeration' for operator kind 'Equal'.",
        ),
        ("(" * 150 + "name eq 'x'" + ")" * 150, "The filter is nested more than 100 deep."),
        (" or ".join(["statecode eq 0"] * 501), "Number of conditions in query exceeded maximum limit."),
    ],
)
def test_filters_that_are_refused(text: str, message: str) -> None:
    """A mistake is told with its position and is never taken for an empty result (W-74, W-184)."""
    with pytest.raises(ODataError) as refusal:
        passing(text)
    assert refusal.value.message == message


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """Whatever stands in a filter, it is read or refused in Dataverse's form."""
    with suppress(ODataError):
        assert set(passing(text)) <= {1, 2, 3}


Trio = bool | None
Predicate = tuple[str, Callable[[int | None, str | None], Trio]]
NUMBERS = st.integers(min_value=-3, max_value=3)
WORDS = st.sampled_from(["a", "B", "ab", "it's"])
COMPARE: dict[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "ne": lambda order: order != 0,
    "gt": lambda order: order > 0,
    "ge": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "le": lambda order: order <= 0,
}


def number_test(operator: str, figure: int) -> Predicate:
    def holds(number: int | None, _word: str | None) -> Trio:
        return None if number is None else COMPARE[operator](number - figure)

    return f"creditlimit {operator} {figure}", holds


def word_test(operator: str, wanted: str) -> Predicate:
    def holds(_number: int | None, word: str | None) -> Trio:
        if word is None:
            return None
        mine, other = word.lower(), wanted.lower()
        return COMPARE[operator]((mine > other) - (mine < other))

    return f"name {operator} '{wanted.replace(chr(39), chr(39) * 2)}'", holds


def negated(inner: Predicate) -> Predicate:
    text, holds = inner

    def turned(number: int | None, word: str | None) -> Trio:
        value = holds(number, word)
        return None if value is None else not value

    return f"not ({text})", turned


def joined(operator: str, left: Predicate, right: Predicate) -> Predicate:
    def both(number: int | None, word: str | None) -> Trio:
        values = {left[1](number, word), right[1](number, word)}
        settles = operator == "or"
        if settles in values:
            return settles
        return None if None in values else not settles

    return f"({left[0]}) {operator} ({right[0]})", both


LEAVES = st.one_of(
    st.builds(number_test, st.sampled_from(list(COMPARE)), NUMBERS),
    st.builds(word_test, st.sampled_from(list(COMPARE)), WORDS),
)
PREDICATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.builds(negated, inner), st.builds(joined, st.sampled_from(["and", "or"]), inner, inner)),
    max_leaves=8,
)


@settings(deadline=None)
@given(PREDICATES, st.lists(st.tuples(st.none() | NUMBERS, st.none() | WORDS), max_size=6))
def test_filters_agree_with_plain_predicates(predicate: Predicate, cells: list[tuple[int | None, str | None]]) -> None:
    """A filter keeps exactly the rows for which the same condition in Python is true."""
    text, holds = predicate
    world = World({"accounts": [{"creditlimit": None if n is None else Decimal(n), "name": word} for n, word in cells]})
    table = world.table("accounts")
    assert table is not None
    passes = row_filter(world, table, text, {})
    kept = [passes(row) for row in table.rows.values()]
    assert kept == [holds(number, word) is True for number, word in cells]
