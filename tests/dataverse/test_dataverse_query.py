"""Queries: the URL they become, the literals in it, and what can never get into it (W-61 to W-76)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proforma.dataverse.query import Condition, Expand, Query, Value, and_, eq, ge, gt, le, literal, lt, ne, or_

PROJECT = UUID("0A0A0A0A-0000-4000-8000-00000000000F")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (192350001, "192350001"),
        (-7, "-7"),
        (Decimal("120.00"), "120.00"),
        (Decimal("1E+3"), "1000"),
        (Decimal("922337203685477.5807"), "922337203685477.5807"),
        ("O'Brien", "'O''Brien'"),
        ("", "''"),
        (PROJECT, "0a0a0a0a-0000-4000-8000-00000000000f"),
        (date(2026, 3, 31), "2026-03-31"),
        (datetime(2026, 3, 31, 22, 30, tzinfo=UTC), "2026-03-31T22:30:00Z"),
        (datetime(2026, 4, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))), "2026-03-31T22:30:00Z"),
        (datetime(2026, 3, 31, 0, 0, 0, 120_000, tzinfo=UTC), "2026-03-31T00:00:00.12Z"),
    ],
)
def test_literals(value: Value, text: str) -> None:
    """Every kind of value has one way of being written (W-68)."""
    assert literal(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), datetime(2026, 3, 31), 1.5, b"x"])  # noqa: DTZ001
def test_value_without_literal(value: object) -> None:
    """Floats, numbers that are none and instants without a zone are refused instead of guessed."""
    with pytest.raises(ValueError, match="cannot stand in a filter"):
        literal(value)  # type: ignore[arg-type]


def test_whole_query() -> None:
    """Columns, filter, order and expansions stand in the URL once each, encoded."""
    query = Query(
        entity_set="msdyn_actuals",
        select=("msdyn_amount", "_msdyn_project_value"),
        optional=("new_purchaseorder", "msdyn_amount"),
        filter=and_(
            or_(eq("_msdyn_project_value", PROJECT), eq("msdyn_Project/msdyn_subject", "A & B + C; 'D' #1")),
            ge("msdyn_documentdate", date(2026, 3, 1)),
        ),
        order_by=("modifiedon desc", "msdyn_actualid"),
        expand=(Expand("msdyn_Project", ("msdyn_subject", "createdon")), Expand("transactioncurrencyid")),
    )

    assert query.link() == (
        "msdyn_actuals?$select=msdyn_amount,_msdyn_project_value,new_purchaseorder"
        "&$filter=((_msdyn_project_value%20eq%200a0a0a0a-0000-4000-8000-00000000000f%20or%20msdyn_Project/msdyn_subject%20eq%20"
        "'A%20%26%20B%20%2B%20C%3B%20''D''%20%231')%20and%20msdyn_documentdate%20ge%202026-03-01)"
        "&$orderby=modifiedon%20desc,msdyn_actualid"
        "&$expand=msdyn_Project($select=msdyn_subject,createdon),transactioncurrencyid"
    )


def test_columns_can_be_left_out() -> None:
    """A query asks for the columns that are there; without any it asks for all."""
    query = Query(entity_set="accounts", select=("name",), optional=("new_a", "new_b"))

    assert query.link(without=frozenset({"new_a"})) == "accounts?$select=name,new_b"
    assert Query(entity_set="accounts").link() == "accounts"


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (eq("a", 1), "a eq 1"),
        (ne("a", None), "a ne null"),
        (gt("a", 1), "a gt 1"),
        (ge("a", 1), "a ge 1"),
        (lt("a", 1), "a lt 1"),
        (le("a/b/c", 1), "a/b/c le 1"),
        (and_(eq("a", 1)), "a eq 1"),
        (or_(eq("a", 1), and_(eq("b", 2), eq("c", 3))), "(a eq 1 or (b eq 2 and c eq 3))"),
    ],
)
def test_conditions(condition: Condition, text: str) -> None:
    """Comparisons are written as they are named; joined ones are bracketed, so that nothing depends on precedence."""
    assert condition.text == text


@pytest.mark.parametrize("join", [and_, or_])
def test_joining_nothing_is_refused(join: Callable[[], Condition]) -> None:
    """An empty join would mean every row."""
    with pytest.raises(ValueError, match="no condition"):
        join()


@pytest.mark.parametrize("name", ["", "a b", "a&b", "a,b", "a)", "a/b", "a'", "a?$top=1", "ø", "1a", "a\n", "../a"])
def test_names_cannot_change_the_url(name: str) -> None:
    """What is no plain name is refused wherever a name may stand."""
    with pytest.raises(ValueError, match="is no name"):
        Query(entity_set=name)
    with pytest.raises(ValueError, match="is no name"):
        Query(entity_set="accounts", select=(name,))
    with pytest.raises(ValueError, match="is no name"):
        Query(entity_set="accounts", optional=(name,))
    with pytest.raises(ValueError, match="is no name"):
        Expand("nav", (name,))
    with pytest.raises(ValueError, match="is no name"):
        Expand(name)


@pytest.mark.parametrize("order", ["a descending", "a desc,b", "a;b", "desc a b", ""])
def test_orders_cannot_change_the_url(order: str) -> None:
    """An order is one column and perhaps its direction."""
    with pytest.raises(ValueError, match="is no name"):
        Query(entity_set="accounts", order_by=(order,))


@pytest.mark.parametrize("rows", [0, -1, 5001])
def test_page_size_has_bounds(rows: int) -> None:
    """A page has 1 to 5,000 rows (W-89)."""
    with pytest.raises(ValueError, match="1 to 5000"):
        Query(entity_set="accounts", page_size=rows)


@given(st.text())
def test_no_text_escapes_its_quotes(text: str) -> None:
    """Whatever a text holds, the server gets one filter with one literal that means just this text."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        return
    link = Query(entity_set="accounts", filter=eq("name", text)).link()

    options = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert set(options) == {"$filter"}
    received = options["$filter"][0]
    assert received.startswith("name eq '")
    assert received.endswith("'")
    assert received[len("name eq '") : -1].replace("''", "\0").count("'") == 0
    assert unquote(received)[len("name eq '") : -1].replace("''", "'") == unquote(text)
