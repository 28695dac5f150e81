"""The client against scripted answers: headers, pages, missing columns, bad rows, hostile links, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from urllib.parse import unquote
from uuid import UUID

import msgspec
import pytest
import requests
import responses

from proforma.dataverse.client import DataverseClient, Identity, environment, scope_of
from proforma.dataverse.errors import StaleLinkError, UnknownColumnError, UnknownEntitySetError
from proforma.dataverse.pages import Page, RejectedRow
from proforma.dataverse.query import Query, eq
from proforma.transport.auth import Credential
from proforma.transport.errors import (
    AuthenticationError,
    BadResponseError,
    BadUrlError,
    ForbiddenOriginError,
    HttpStatusError,
    TransportError,
    UnreachableError,
)
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import USER_AGENT

ORG = "https://contoso.crm4.dynamics.com"
API = f"{ORG}/api/data/v9.2"
ACTUALS = f"{API}/msdyn_actuals"


class Actual(msgspec.Struct, frozen=True):
    """A row as a mapping would have it decoded."""

    key: str = msgspec.field(name="msdyn_actualid")
    amount: Decimal | None = msgspec.field(name="msdyn_amount", default=None)
    order: str | None = msgspec.field(name="new_order", default=None)


QUERY = Query(entity_set="msdyn_actuals", select=("msdyn_actualid", "msdyn_amount"))


@dataclass
class Tokens:
    """Bearer tokens that are counted."""

    name: str = "client test-client"
    handed_out: int = 0
    refreshed: int = 0

    def token(self) -> Credential:
        self.handed_out += 1
        return Credential("Authorization", Secret(f"Bearer canary-token-{self.refreshed}"))

    def refresh(self, refused: Credential) -> Credential:
        self.refreshed += 1
        return self.token()


@dataclass
class World:
    """A client, the server it talks to, its tokens and the pauses it made."""

    server: responses.RequestsMock
    client: DataverseClient
    tokens: Tokens
    sleeps: list[float] = field(default_factory=list)

    def page(self, *rows: object, next_link: object = None, url: str = ACTUALS, **members: object) -> None:
        """Serve a page of rows; `members` are added to its envelope."""
        links = {} if next_link is None else {"@odata.nextLink": next_link}
        body = json.dumps({"@odata.context": f"{API}/$metadata#x", "value": rows, **links, **members})
        self.raw(body, url=url)

    def raw(self, body: str | bytes, *, url: str = ACTUALS, status: int = 200, **headers: str) -> None:
        self.server.add("GET", url, body=body, status=status, content_type="application/json; odata.metadata=minimal", headers=headers)

    def refuse(self, status: int, message: str, *, code: str = "0x0", url: str = ACTUALS, **headers: str) -> None:
        self.raw(json.dumps({"error": {"code": code, "message": message}}), url=url, status=status, **headers)

    def pull(self, query: Query = QUERY, *, start: str | None = None) -> list[Page[Actual]]:
        return list(self.client.pages(query, Actual, start=start))

    @property
    def asked(self) -> list[str]:
        """The URLs of all requests, with the query readable."""
        return [unquote(str(call.request.url)) for call in self.server.calls]


@pytest.fixture
def world() -> Iterator[World]:
    sleeps: list[float] = []
    clock = Clock(monotonic=lambda: sum(sleeps), sleep=sleeps.append, now=lambda: datetime(2026, 3, 31, tzinfo=UTC), chance=lambda: 0.0)
    retrier = Retrier(RetryPolicy(attempts_max=3), clock=clock)
    tokens = Tokens()
    with responses.RequestsMock() as server, DataverseClient(ORG, tokens, page_size=250, retrier=retrier) as client:
        yield World(server, client, tokens, sleeps)


def test_headers_of_every_page(world: World) -> None:
    """Versions, cache-buster, token and page size go with the first page and with every link (W-10, W-11, W-89)."""
    world.page({"msdyn_actualid": "a"}, next_link=f"{ACTUALS}?$skiptoken=2")
    world.page({"msdyn_actualid": "b"})

    world.pull()

    wanted = {
        "Accept": "application/json",
        "OData-MaxVersion": "4.0",
        "OData-Version": "4.0",
        "If-None-Match": "null",
        "Prefer": "odata.maxpagesize=250",
        "Authorization": "Bearer canary-token-0",
        "User-Agent": USER_AGENT,
    }
    for call in world.server.calls:
        assert {name: call.request.headers[name] for name in wanted} == wanted
    assert len(world.server.calls) == 2


def test_page_size_of_the_query_wins(world: World) -> None:
    """A query may ask for smaller pages than the client."""
    world.page()

    world.pull(Query(entity_set="msdyn_actuals", page_size=7))

    assert world.server.calls[0].request.headers["Prefer"] == "odata.maxpagesize=7"


def test_pages_come_one_by_one_with_exact_amounts(world: World) -> None:
    """Rows keep order and digits; unasked columns and annotations are passed over; the last page has no link."""
    link = f"{ACTUALS}?$select=msdyn_amount&$skiptoken=%3Ccookie%20pagenumber=%222%22%20istracking=%22False%22%20/%3E"
    first = (
        '{"@odata.context": "x", "value": [{"@odata.etag": "W/\\"1\\"", "msdyn_actualid": "a", "msdyn_amount": 922337203685477.5807},'
        ' {"msdyn_actualid": "b", "msdyn_amount": 960.0000, "_transactioncurrencyid_value": null}],'
        f' "@odata.nextLink": {json.dumps(link)}}}'
    )
    world.raw(first)
    world.page({"msdyn_actualid": "c", "msdyn_amount": None}, **{"@odata.deltaLink": f"{ACTUALS}?$deltatoken=1"})

    pages = world.pull()

    assert pages[0] == Page(
        rows=[Actual("a", Decimal("922337203685477.5807")), Actual("b", Decimal("960.0000"))],
        rejected=(),
        next_link=link,
        delta_link=None,
        missing_columns=frozenset(),
        body=first.encode(),
    )
    assert [str(row.amount) for row in pages[0].rows] == ["922337203685477.5807", "960.0000"]
    assert (pages[1].rows, pages[1].next_link, pages[1].delta_link) == ([Actual("c")], None, f"{ACTUALS}?$deltatoken=1")
    assert world.server.calls[1].request.url == link, "the link is used as it came (W-210)"


def test_next_page_is_asked_for_when_it_is_wanted(world: World) -> None:
    """The caller can commit a page before the next request is made (promise 1)."""
    world.page({"msdyn_actualid": "a"}, next_link=f"{ACTUALS}?$skiptoken=2")
    world.page({"msdyn_actualid": "b"})

    pages = world.client.pages(QUERY, Actual)
    next(pages)

    assert len(world.server.calls) == 1
    assert next(pages).rows == [Actual("b")]
    with pytest.raises(StopIteration):
        next(pages)


def test_stored_link_continues(world: World) -> None:
    """Starting at a stored link asks for that page first, and knows which optional columns it leaves out."""
    start = f"{ACTUALS}?$select=msdyn_actualid,msdyn_amount,new_a&$skiptoken=2"
    world.page({"msdyn_actualid": "b"})

    pages = world.pull(Query(entity_set="msdyn_actuals", select=QUERY.select, optional=("new_a", "new_b")), start=start)

    assert world.asked == [start]
    assert [(page.rows, page.missing_columns) for page in pages] == [([Actual("b")], frozenset({"new_b"}))]


@pytest.mark.parametrize("status", [400, 404, 410])
def test_stored_link_that_is_no_longer_taken(world: World, status: int) -> None:
    """A stored link that the environment refuses means to start from the beginning, and says so."""
    world.refuse(status, "Malformed XML in paging cookie")

    with pytest.raises(StaleLinkError, match="Pull msdyn_actuals from the beginning"):
        world.pull(start=f"{ACTUALS}?$skiptoken=old")


def test_stored_link_with_another_refusal(world: World) -> None:
    """A refusal that says nothing about the link is not taken for a stale one."""
    world.refuse(403, "missing prvReadmsdyn_actual")

    with pytest.raises(HttpStatusError, match="prvRead"):
        world.pull(start=f"{ACTUALS}?$skiptoken=old")


@pytest.mark.parametrize("length", [1, 3])
def test_circle_of_links_ends(world: World, length: int) -> None:
    """A link that was already followed ends the pull instead of going on for ever, and is not handed over to be stored (W-210)."""
    for number in range(length):
        world.page({"msdyn_actualid": "a"}, next_link=f"{ACTUALS}?$skiptoken={number}")
    world.page({"msdyn_actualid": "a"}, next_link=f"{ACTUALS}?$skiptoken=0")

    pages = world.client.pages(QUERY, Actual)
    assert [page.rows for page in islice(pages, length)] == [[Actual("a")]] * length
    with pytest.raises(BadResponseError, match="already read"):
        next(pages)
    assert len(world.server.calls) == length + 1


HOSTILE_LINKS = [
    "https://evil.example/api/data/v9.2/msdyn_actuals?$skiptoken=2",
    "http://contoso.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://contoso.crm4.dynamics.com.evil.example/api/data/v9.2/msdyn_actuals",
    "https://contoso.crm4.dynamics.com@evil.example/api/data/v9.2/msdyn_actuals",
    "https://contoso.crm4.dynamics.com%40evil.example/api/data/v9.2/msdyn_actuals",
    "https://user:pass@contoso.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://contoso.crm.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://fabrikam.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://contoso.api.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://contoso.crm4.dynamics.com:444/api/data/v9.2/msdyn_actuals",
    "https://contoso.crm4.dynamics.com./api/data/v9.2/msdyn_actuals",
    "https://evil.example\\@contoso.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://evil.example#@contoso.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https:\\\\evil.example/api/data/v9.2/msdyn_actuals",
    "//evil.example/api/data/v9.2/msdyn_actuals",
    "///evil.example/api/data/v9.2/msdyn_actuals",
    "\\\\evil.example\\x",
    "/\\evil.example/x",
    "https:evil.example",
    "ftp://contoso.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:application/json,{}",
    "/other/application",
    "/api/data/v9.2/../../../other",
    "/api/data/v9.2/%2e%2e/%2e%2e/other",
    "/api/data/v9.2/..%2f..%2fother",
    "/api/data/v9.2/..%5c..%5cother",
    "/api/data/v9.2//evil.example",
    f"{ACTUALS}\r\nHost: evil.example",
    f"{ACTUALS}?a\r\n\r\nGET /",
    f"{ACTUALS}\u0000",
    "https://contoso.crm4.dynamics.com\t.evil.example/",
    " https://evil.example/",
    "https://cont\u043eso.crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://contoso\u3002crm4.dynamics.com/api/data/v9.2/msdyn_actuals",
    "https://[::1]/api/data/v9.2/msdyn_actuals",
    "https://169.254.169.254/metadata/identity",
    f"{ACTUALS}#x",
    "",
    f"{ACTUALS}?$skiptoken={'x' * 70_000}",
]


@pytest.mark.parametrize("link", HOSTILE_LINKS, ids=lambda link: ascii(link)[:60])
@pytest.mark.parametrize("member", ["@odata.nextLink", "@odata.deltaLink"])
def test_hostile_link_in_a_page(world: World, link: str, member: str) -> None:
    """After the page with the link, no request and no token goes out, and the link is not handed over to be stored."""
    world.page({"msdyn_actualid": "a"}, **{member: link})

    with pytest.raises(ForbiddenOriginError) as refusal:
        next(world.client.pages(QUERY, Actual))

    assert (len(world.server.calls), world.tokens.handed_out) == (1, 1)
    assert "canary" not in f"{refusal.value!r} {refusal.value}"


@pytest.mark.parametrize("link", HOSTILE_LINKS, ids=lambda link: ascii(link)[:60])
def test_hostile_stored_link(world: World, link: str) -> None:
    """A stored link to elsewhere, from another environment perhaps, gets no request and no token at all."""
    with pytest.raises(ForbiddenOriginError):
        world.pull(start=link)

    assert (len(world.server.calls), world.tokens.handed_out) == (0, 0)


def test_one_bad_row_does_not_stop_the_rest(world: World) -> None:
    """Rows that cannot be decoded are handed back byte for byte with the reason, in whatever way they are bad (promise 5)."""
    bad = [
        b'{"msdyn_actualid": "b", "msdyn_amount": {"x" : 1}}',
        b'{"msdyn_amount": 1}',
        b'{"msdyn_actualid": "\xff"}',
        b'{"msdyn_actualid": "half \\ud83d character", "msdyn_amount": 1.10}',
        b"[]",
        b"null",
    ]
    good = [b'{"msdyn_actualid": "a", "msdyn_amount": 1.10}', b'{"msdyn_actualid": "\\ud83d\\ude00"}']
    world.raw(b'{"value": [' + b", ".join([good[0], *bad, good[1]]) + b'], "@odata.nextLink": "' + ACTUALS.encode() + b'?$skiptoken=2"}')
    world.page({"msdyn_actualid": "z"})

    pages = world.pull()

    assert pages[0].rows == [Actual("a", Decimal("1.10")), Actual("\U0001f600")]
    assert [row.raw for row in pages[0].rejected] == bad
    assert pages[0].rejected[:2] == (
        RejectedRow(bad[0], "Expected `decimal | null`, got `object` - at `$.msdyn_amount`"),
        RejectedRow(bad[1], "Object missing required field `msdyn_actualid`"),
    )
    assert all(row.reason for row in pages[0].rejected)
    assert pages[1].rows == [Actual("z")]


def test_a_text_that_no_database_keeps_is_put_aside(world: World) -> None:
    """U+0000 is a character to JSON; a text that only looks like its escape is an ordinary one (promise 5)."""
    bad = rb'{"msdyn_actualid": "b\u0000"}'
    good = rb'{"msdyn_actualid": "C:\\u0000"}'
    world.raw(b'{"value": [' + good + b", " + bad + b"]}")
    world.raw(b'{"value": [' + good + b"]}")

    (page,) = world.pull()
    (harmless,) = world.pull()

    assert page.rows == harmless.rows == [Actual("C:\\u0000")]
    assert page.rejected == (RejectedRow(bad, "the text of msdyn_actualid holds the character U+0000, which no database keeps"),)
    assert harmless.rejected == ()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        '{"value": [{"msdyn_actualid": "a"}',
        '{"value": [{"msdyn_actualid": "a"}]} and more',
        '{"value": {}}',
        '{"value": null}',
        "{}",
        "[]",
        '{"error": {"code": "0x0", "message": "a fault with status 200"}}',
        '{"value": [], "@odata.nextLink": 7}',
        '{"value": [{"msdyn_actualid": "a"}], "@odata.nextLink": "https://contoso.crm4.dynamics.com/api/data/v9.2/x?\\ud800"}',
        '{"value": [' + "[" * 100_000,
    ],
    ids=lambda body: body[:40],
)
def test_damaged_page_is_asked_for_again(world: World, body: str) -> None:
    """A page that is no page never counts: it is asked for again, and the whole one is taken."""
    world.raw(body)
    world.page({"msdyn_actualid": "a"})

    assert [page.rows for page in world.pull()] == [[Actual("a")]]
    assert len(world.server.calls) == 2


def test_page_that_stays_damaged(world: World) -> None:
    """After the last attempt the fault is raised, with the request's facts; no row of it was handed over."""
    world.raw('{"value": [', REQ_ID="r-1")

    with pytest.raises(BadResponseError) as fault:
        world.pull()

    assert (fault.value.attempts, fault.value.request_id, len(world.server.calls)) == (3, "r-1", 3)


def test_missing_optional_columns_are_left_out_and_told(world: World) -> None:
    """Each refused optional column costs one request, the page says what is missing, and the client remembers it."""
    query = Query(entity_set="msdyn_actuals", select=("msdyn_actualid",), optional=("new_a", "new_order", "new_b"))
    for column in ("new_a", "new_b"):
        world.refuse(400, f"Could not find a property named '{column}' on type 'Microsoft.Dynamics.CRM.msdyn_actual'.")
    world.page({"msdyn_actualid": "a", "new_order": "PO-1"}, next_link=f"{ACTUALS}?$skiptoken=2")
    world.page({"msdyn_actualid": "b"})
    world.page({"msdyn_actualid": "c"})

    pages = world.pull(query)
    again = world.pull(query)

    assert [(page.rows, page.missing_columns) for page in pages + again] == [
        ([Actual("a", order="PO-1")], frozenset({"new_a", "new_b"})),
        ([Actual("b")], frozenset({"new_a", "new_b"})),
        ([Actual("c")], frozenset({"new_a", "new_b"})),
    ]
    assert world.asked == [
        f"{ACTUALS}?$select=msdyn_actualid,new_a,new_order,new_b",
        f"{ACTUALS}?$select=msdyn_actualid,new_order,new_b",
        f"{ACTUALS}?$select=msdyn_actualid,new_order",
        f"{ACTUALS}?$skiptoken=2",
        f"{ACTUALS}?$select=msdyn_actualid,new_order",
    ]


@pytest.mark.parametrize("optional", [(), ("new_a",)])
def test_column_that_another_query_requires_is_never_left_out(world: World, optional: tuple[str, ...]) -> None:
    """What one query may lack is still asked for, and missed, by a query that requires it."""
    refusal = "Could not find a property named 'new_a' on type 'Microsoft.Dynamics.CRM.msdyn_actual'."
    world.refuse(400, refusal)
    world.page({"msdyn_actualid": "a"})
    world.refuse(400, refusal)
    world.pull(Query(entity_set="msdyn_actuals", select=("msdyn_actualid",), optional=("new_a",)))

    with pytest.raises(UnknownColumnError, match="new_a"):
        world.pull(Query(entity_set="msdyn_actuals", select=("new_a",), optional=optional))
    assert world.asked[-1] == f"{ACTUALS}?$select=new_a"


@pytest.mark.parametrize(
    "query",
    [
        Query(entity_set="msdyn_actuals", select=("new_a",)),
        Query(entity_set="msdyn_actuals", select=("new_a",), optional=("new_a",)),
        Query(entity_set="msdyn_actuals", select=("x",), filter=eq("new_a", 1)),
    ],
    ids=["required", "required and optional", "in the filter"],
)
def test_missing_required_column(world: World, query: Query) -> None:
    """A column that must be there is named at once, for exit code 2."""
    world.refuse(400, "Could not find a property named 'new_a' on type 'Microsoft.Dynamics.CRM.msdyn_actual'.", code="0x80060888")

    with pytest.raises(UnknownColumnError) as fault:
        world.pull(query)

    assert (fault.value.entity_set, fault.value.column, fault.value.exit_code) == ("msdyn_actuals", "new_a", 2)
    assert len(world.server.calls) == 1
    assert "the table behind msdyn_actuals has no column 'new_a'" in str(fault.value)


def test_missing_optional_column_in_the_filter(world: World) -> None:
    """An optional column that is also filtered by cannot be left out: after one try without it, it is named."""
    query = Query(entity_set="msdyn_actuals", select=("x",), optional=("new_a",), filter=eq("new_a", 1))
    world.refuse(400, "Could not find a property named 'new_a' on type 'Microsoft.Dynamics.CRM.msdyn_actual'.")

    with pytest.raises(UnknownColumnError):
        world.pull(query)
    assert len(world.server.calls) == 2


@pytest.mark.parametrize("code", ["0x8006088a", "0x80060888", ""])
def test_missing_entity_set(world: World, code: str) -> None:
    """An entity set that is not there is named, whatever code the environment gives (W-183); exit code 2."""
    world.refuse(404, "Resource not found for the segment 'msdyn_actuals'.", code=code)

    with pytest.raises(UnknownEntitySetError) as fault:
        world.pull()

    assert (fault.value.entity_set, fault.value.exit_code) == ("msdyn_actuals", 2)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, '{"error": {"code": "0x80060888", "message": "Syntax error at position 5."}}'),
        (404, "<html>nothing here</html>"),
        (404, '{"error": {"code": "0x8006088a", "message": "Resource not found for the segment \'api\'."}}'),
        (403, '{"error": {"code": "0x80072560", "message": "The user is not a member of the organization."}}'),
        (413, ""),
        (414, "URI Too Long"),
    ],
)
def test_other_refusals_pass_through(world: World, status: int, body: str) -> None:
    """Any other refusal is raised as it is, once, with the server's words."""
    world.raw(body, status=status)

    with pytest.raises(HttpStatusError) as fault:
        world.pull()

    assert (type(fault.value), fault.value.status, len(world.server.calls)) == (HttpStatusError, status, 1)


@pytest.mark.parametrize(
    ("status", "code", "message", "sent"),
    [
        (408, "0x0", "timeout", 3),
        (502, "0x0", "bad gateway", 3),
        (503, "0x0", "busy", 3),
        (504, "0x0", "gateway timeout", 3),
        (500, "0x80044151", "SQL timeout expired.", 3),
        (500, "0x80044150", "Generic SQL error.", 3),
        (500, "0x80040216", "Sql Number: 1205 deadlock", 3),
        (500, "0x80040216", "An unexpected error occurred.", 1),
    ],
)
def test_faults_of_the_server(world: World, status: int, code: str, message: str, sent: int) -> None:
    """Passing faults are pursued within the budget; a 500 only where its code is known to pass (W-187, W-189)."""
    world.refuse(status, message, code=code)

    with pytest.raises(UnreachableError) as fault:
        world.pull()

    assert (len(world.server.calls), fault.value.status, fault.value.code, fault.value.exit_code) == (sent, status, code, 3)


def test_storm_of_throttling_is_waited_out(world: World) -> None:
    """Each 429 is obeyed to the second, more of them than a fault has attempts, and nothing is lost (W-191, W-192)."""
    for _ in range(5):
        world.refuse(429, "Number of requests exceeded the limit of 6000", code="0x80072322", **{"Retry-After": "17"})
    world.page({"msdyn_actualid": "a"})

    assert [page.rows for page in world.pull()] == [[Actual("a")]]
    assert world.sleeps == [17.0] * 5
    assert world.client.waited_seconds == 85.0


def test_dropped_connection_is_outlasted(world: World) -> None:
    """A connection lost on a later page costs a second request for that page only."""
    world.page({"msdyn_actualid": "a"}, next_link=f"{ACTUALS}?$skiptoken=2")
    world.server.add("GET", ACTUALS, body=requests.ConnectionError("reset"))
    world.page({"msdyn_actualid": "b"})

    assert [page.rows for page in world.pull()] == [[Actual("a")], [Actual("b")]]


def test_expired_token_on_a_later_page(world: World) -> None:
    """A token that expires between pages is replaced once and the pull goes on (W-30, W-32)."""
    world.page({"msdyn_actualid": "a"}, next_link=f"{ACTUALS}?$skiptoken=2")
    world.raw("<html>expired</html>", status=401)
    world.page({"msdyn_actualid": "b"})

    assert [page.rows for page in world.pull()] == [[Actual("a")], [Actual("b")]]
    assert world.tokens.refreshed == 1


def test_refused_credentials(world: World) -> None:
    """Refused twice, the client stops with exit code 3 and names who was refused; no token is shown."""
    world.raw("Bearer canary-token-1 is bad", url=f"{API}/WhoAmI", status=401)

    with pytest.raises(AuthenticationError, match="client test-client") as fault:
        world.client.who_am_i()

    assert (len(world.server.calls), fault.value.exit_code) == (2, 3)
    assert "canary" not in f"{fault.value!r} {fault.value} {fault.value.__cause__!r}"


def test_who_am_i(world: World) -> None:
    """The identity behind the credentials comes as three ids (W-33)."""
    ids = [f"0a0a0a0a-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)]
    body = {"@odata.context": "x", "BusinessUnitId": ids[0], "UserId": ids[1], "OrganizationId": ids[2]}
    world.raw(json.dumps(body), url=f"{API}/WhoAmI")

    assert world.client.who_am_i() == Identity(UUID(ids[0]), UUID(ids[1]), UUID(ids[2]))


def test_sign_in_page_instead_of_who_am_i(world: World) -> None:
    """A proxy's page with status 200 is no identity."""
    world.server.add("GET", f"{API}/WhoAmI", body="<html>sign in</html>", content_type="text/html")

    with pytest.raises(BadResponseError, match="text/html, not JSON"):
        world.client.who_am_i()


@pytest.mark.parametrize(
    ("url", "base", "scope"),
    [
        (ORG, f"{API}/", f"{ORG}/.default"),
        (f"{ORG}/", f"{API}/", f"{ORG}/.default"),
        (f"{ORG}/api/data/v9.1/", f"{ORG}/api/data/v9.1/", f"{ORG}/.default"),
        ("http://127.0.0.1:8181", "http://127.0.0.1:8181/api/data/v9.2/", "http://127.0.0.1:8181/.default"),
    ],
)
def test_environment_address(url: str, base: str, scope: str) -> None:
    """An environment may be given with or without the path of the Web API; the scope is its origin (W-1, W-27)."""
    assert (environment(url).base, scope_of(url)) == (base, scope)


@pytest.mark.parametrize("url", [f"{ORG}/main.aspx", f"{ORG}/XRMServices/2011/Organization.svc", "http://contoso.crm4.dynamics.com"])
def test_address_that_is_no_environment(url: str) -> None:
    """An address copied from the browser, or plain http, is a fault of the configuration (W-5); exit code 2."""
    with pytest.raises(BadUrlError) as fault:
        DataverseClient(url, Tokens())

    assert fault.value.exit_code == 2


def test_every_fault_says_where_and_what_to_do(world: World) -> None:
    """Messages name address, request id and next step, and leave out the values of the query (W-214)."""
    world.refuse(403, "missing privilege", code="0x80040220", **{"x-ms-service-request-id": "r-1"})
    query = Query(entity_set="msdyn_actuals", filter=eq("msdyn_description", "confidential"))

    with pytest.raises(TransportError) as fault:
        world.pull(query)

    assert str(fault.value) == (
        f"GET {ACTUALS}?…: missing privilege (status 403, code 0x80040220, request id r-1)."
        " Give the application user a security role that allows this."
    )
