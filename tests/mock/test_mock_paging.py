"""Pages: sizes, links, what happens to rows that come and go between two pages."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from mock_caller import API, Caller, calling

from proforma.mock import MockServer
from proforma.mock.values import Value


def numbered(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def world(count: int) -> dict[str, Value]:
    """Actuals whose dates and amounts repeat, some without."""
    return {
        "msdyn_actuals": [
            {
                "msdyn_actualid": numbered(number),
                "msdyn_transactiondate": f"2026-03-{number % 3 + 1:02d}",
                "msdyn_amount": None if number % 5 == 0 else str(number % 4),
                "msdyn_description": "ab"[number % 2],
            }
            for number in range(1, count + 1)
        ]
    }


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(world(23))
    with calling(server) as caller:
        yield caller


def ids(caller: Caller, path: str, **headers: str) -> list[list[Value]]:
    """The ids of each page."""
    return [[row["msdyn_actualid"] for row in page.rows] for page in caller.pages(path, **headers)]


@pytest.mark.parametrize(
    "order",
    [
        "",
        "&$orderby=msdyn_transactiondate desc",
        "&$orderby=msdyn_amount,msdyn_transactiondate desc",
        "&$orderby=msdyn_amount desc",
        "&$orderby=msdyn_actualid desc",
    ],
)
@pytest.mark.parametrize("filtered", ["", "&$filter=msdyn_description eq 'a'"])
def test_every_row_comes_once_whatever_the_order(caller: Caller, order: str, filtered: str) -> None:
    """The pages put together are the unpaged answer, nothing twice, nothing missing (W-89 to W-96)."""
    path = f"msdyn_actuals?$select=msdyn_amount{order}{filtered}"
    whole = ids(caller, path)
    pages = ids(caller, path, prefer="odata.maxpagesize=5")
    assert len(whole) == 1
    assert [row for page in pages for row in page] == whole[0]
    assert len(set(whole[0])) == len(whole[0]) == (11 if filtered else 23)
    assert [len(page) for page in pages[:-1]] == [5] * (len(pages) - 1)


def test_orders(caller: Caller) -> None:
    """Nulls come first, then numbers by size; the key decides between equals (W-76)."""
    rows = caller.get(
        "msdyn_actuals?$select=msdyn_amount&$orderby=msdyn_amount desc,msdyn_actualid desc&$filter=msdyn_actualid le " + numbered(6)
    ).rows
    # 1 → 1, 2 → 2, 3 → 3, 4 → 0, 5 → null, 6 → 2
    assert [(row["msdyn_actualid"], row["msdyn_amount"]) for row in rows] == [
        (numbered(n), amount) for n, amount in ((3, 3), (6, 2), (2, 2), (1, 1), (4, 0), (5, None))
    ]


def test_links_are_absolute_and_keep_the_options(caller: Caller) -> None:
    """The link repeats the options as sent, without the count, and adds a token (W-90, W-95)."""
    page = caller.get("msdyn_actuals?$select=msdyn_amount&$count=true&tag=x", prefer="odata.maxpagesize=2").document
    link = str(page["@odata.nextLink"])
    assert link.startswith(f"{caller.url}{API}msdyn_actuals?$select=msdyn_amount&tag=x&$skiptoken=%3Ccookie%20pagenumber%3D%222%22")
    assert page["@odata.count"] == 23
    assert "@odata.count" not in caller.get(link).document


def test_the_preference_is_echoed_and_remembered(caller: Caller) -> None:
    """A link followed without the header keeps its page size; another header wins (W-14, W-93)."""
    first = caller.get("msdyn_actuals?$select=msdyn_amount", prefer="odata.maxpagesize=4")
    link = str(first.document["@odata.nextLink"])
    assert first.headers["Preference-Applied"] == "odata.maxpagesize=4"
    assert [len(caller.get(link).rows), len(caller.get(link, prefer="odata.maxpagesize=9").rows)] == [4, 9]


def test_a_link_may_come_back_in_another_encoding(caller: Caller) -> None:
    """Readers that take the link apart and encode it again reach the same page (W-92)."""
    link = str(caller.get("msdyn_actuals?$select=msdyn_amount", prefer="odata.maxpagesize=4").document["@odata.nextLink"])
    parts = urlsplit(link)
    again = f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(parse_qsl(parts.query))}"
    assert again != link
    assert caller.get(again).rows == caller.get(link).rows


def test_a_link_stays_usable(caller: Caller) -> None:
    """Asked twice, it gives the same page (W-96)."""
    link = str(caller.get("msdyn_actuals", prefer="odata.maxpagesize=4").document["@odata.nextLink"])
    assert caller.get(link).document == caller.get(link).document


def test_top_cuts_and_yields_to_pages(caller: Caller) -> None:
    """`$top` alone has no link; beside a page size it is ignored (W-77)."""
    alone = caller.get("msdyn_actuals?$top=3").document
    assert (len(alone["value"]) if isinstance(alone["value"], list) else 0, "@odata.nextLink" in alone) == (3, False)
    assert [len(page) for page in ids(caller, "msdyn_actuals?$top=3", prefer="odata.maxpagesize=20")] == [20, 3]
    assert caller.get("msdyn_actuals?$top=0").rows == []


def test_rows_that_come_and_go_between_pages(server: MockServer, caller: Caller) -> None:
    """A row inserted behind the reader is missed, a deleted one vanishes, none comes twice (W-94)."""
    link = str(caller.get("msdyn_actuals", prefer="odata.maxpagesize=10").document["@odata.nextLink"])
    server.patch(
        upsert={"msdyn_actuals": [{"msdyn_actualid": "00000000-0000-4000-7000-000000000000"}, {"msdyn_actualid": numbered(99)}]},
        delete={"msdyn_actuals": [numbered(3), numbered(10), numbered(12)]},
    )
    rest = [row for page in ids(caller, link) for row in page]
    assert rest == [numbered(n) for n in (11, *range(13, 24), 99)]


def test_an_order_through_a_lookup_is_paged_too(server: MockServer, caller: Caller) -> None:
    """Rows in the order of their currency's code."""
    server.load(
        {
            "transactioncurrencies": [{"transactioncurrencyid": f"@{code}", "isocurrencycode": code} for code in ("NOK", "EUR")],
            "quotes": [{"name": str(n), "_transactioncurrencyid_value": ("@NOK", "@EUR")[n % 2]} for n in range(6)],
        }
    )
    pages = list(caller.pages("quotes?$orderby=transactioncurrencyid/isocurrencycode,name desc&$select=name", prefer="odata.maxpagesize=4"))
    assert [[row["name"] for row in page.rows] for page in pages] == [["5", "3", "1", "4"], ["2", "0"]]


def test_the_server_may_be_told_to_page_smaller() -> None:
    """No page is larger than the server's own size, whatever is asked; a size below one makes no server."""
    with MockServer(world(7), page_size=3) as server, calling(server) as caller:
        assert [len(page) for page in ids(caller, "msdyn_actuals", prefer="odata.maxpagesize=5000")] == [3, 3, 1]
        assert [len(page) for page in ids(caller, "msdyn_actuals", prefer="odata.maxpagesize=2")] == [2, 2, 2, 1]
    with pytest.raises(ValueError, match="a page holds at least one row"):
        MockServer(page_size=0)


def test_no_page_and_no_count_goes_beyond_five_thousand(server: MockServer, caller: Caller) -> None:
    """The largest page is 5,000 rows, and so is the largest count (W-78, W-89)."""
    server.load({"contoso_rows": [{"contoso_rowid": numbered(n)} for n in range(5001)]})
    pages = list(caller.pages("contoso_rows?$select=contoso_rowid&$count=true", prefer="odata.maxpagesize=6000"))
    assert [len(page.rows) for page in pages] == [5000, 1]
    assert pages[0].document["@odata.count"] == 5000
