"""The client and the sign-in against the mock servers, which share no code with them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
import pytest

from proforma.dataverse.client import DataverseClient, scope_of
from proforma.dataverse.errors import UnknownColumnError, UnknownEntitySetError
from proforma.dataverse.metadata import lookup_targets, table_names
from proforma.dataverse.query import Query, and_, eq, ge, lt
from proforma.mock import MockServer
from proforma.mock.values import Value
from proforma.transport.auth import ClientSecretTokens
from proforma.transport.errors import AuthenticationError, UnreachableError
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import Session

COUNT = 23


class Actual(msgspec.Struct, frozen=True):
    key: UUID = msgspec.field(name="msdyn_actualid")
    amount: Decimal = msgspec.field(name="msdyn_amount")


def key(number: int) -> UUID:
    return uuid5(NAMESPACE_OID, f"@actual-{number}")


def actual(number: int) -> Actual:
    """The n-th actual: an amount of many digits that no float could hold."""
    return Actual(key(number), Decimal(f"9223372036854{number:02d}.5807"))


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    rows: list[Value] = [{"msdyn_actualid": str(key(n)), "msdyn_amount": str(actual(n).amount)} for n in range(COUNT)]
    with MockServer({"$keys": {"msdyn_actuals": [["msdyn_externalreferenceid"]]}, "msdyn_actuals": rows}) as server:
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[DataverseClient]:
    with client_of(server) as client:
        yield client
    server.faults([])


def client_of(server: MockServer) -> DataverseClient:
    """Signs in with msal at the mock's token endpoint; pauses pass at once."""
    slept: list[float] = []
    clock = Clock(monotonic=lambda: sum(slept), sleep=slept.append)
    session = Session()
    retrier = Retrier(RetryPolicy(attempts_max=3), clock=clock)
    tokens = ClientSecretTokens(
        f"{server.url}/oauth2/mock-tenant", "client-1", Secret("canary-secret-4471"), scope=scope_of(server.url), session=session,
        retrier=retrier,
    )  # fmt: skip
    return DataverseClient(server.url, tokens, page_size=5, session=session, retrier=retrier)


ALL = Query(entity_set="msdyn_actuals", select=("msdyn_amount",), order_by=("msdyn_amount", "msdyn_actualid"))


def pulled(client: DataverseClient, query: Query = ALL, start: str | None = None) -> list[Actual]:
    return [row for page in client.pages(query, Actual, start=start) for row in page.rows]


def test_signed_in_and_pulled_page_by_page(client: DataverseClient) -> None:
    """All rows come in order with all digits, in pages of the wanted size."""
    pages = list(client.pages(ALL, Actual))

    assert [len(page.rows) for page in pages] == [5, 5, 5, 5, 3]
    assert [row for page in pages for row in page.rows] == [actual(n) for n in range(COUNT)]
    assert [page.rejected for page in pages] == [()] * 5


def test_who_am_i(client: DataverseClient) -> None:
    """The mock knows who signed in."""
    assert client.who_am_i().organization_id.int != 0


def test_continued_at_every_page(client: DataverseClient) -> None:
    """Stopped after any page and continued at its link, nothing is lost or doubled (promise 1)."""
    pages = list(client.pages(ALL, Actual))

    for done, page in enumerate(pages[:-1], start=1):
        before = [row for page in pages[:done] for row in page.rows]
        assert before + pulled(client, start=page.next_link) == [actual(n) for n in range(COUNT)]


def test_filters_mean_what_they_say(client: DataverseClient) -> None:
    """Decimal and id literals are understood by a server that was written without looking at the client."""
    between = and_(ge("msdyn_amount", actual(3).amount), lt("msdyn_amount", actual(6).amount))

    assert pulled(client, Query(entity_set="msdyn_actuals", select=("msdyn_amount",), filter=between, order_by=("msdyn_amount",))) == [
        actual(3), actual(4), actual(5),
    ]  # fmt: skip
    assert pulled(client, Query(entity_set="msdyn_actuals", filter=eq("msdyn_actualid", key(7)))) == [actual(7)]


def test_missing_columns_and_sets(client: DataverseClient) -> None:
    """What the environment lacks is told apart: optional column, required column, entity set."""
    optional = Query(entity_set="msdyn_actuals", select=("msdyn_amount",), optional=("new_absent", "msdyn_description", "new_gone"))
    assert {page.missing_columns for page in client.pages(optional, Actual)} == {frozenset({"new_absent", "new_gone"})}

    with pytest.raises(UnknownColumnError, match="new_absent"):
        pulled(client, Query(entity_set="msdyn_actuals", select=("new_absent",)))
    with pytest.raises(UnknownEntitySetError, match="new_nothings"):
        pulled(client, Query(entity_set="new_nothings"))


@pytest.mark.parametrize(
    "action",
    [
        {"status": 429, "headers": {"Retry-After": "3"}},
        {"status": 503},
        {"status": 502, "body": "<html>Bad Gateway</html>"},
        {"status": 401},
        {"status": 200, "body": "<html>maintenance</html>"},
        {"drop": "before"},
        {"drop": "after"},
        {"truncate": 40},
        {"expire_tokens": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("page", [0, 2, 4], ids=["first page", "middle page", "last page"])
def test_each_fault_on_each_page_is_outlasted(server: MockServer, client: DataverseClient, action: dict[str, Value], page: int) -> None:
    """One fault on the first, a middle or the last page costs time, never a row."""
    server.faults([{"match": {"path": "/api/data/v9.2/msdyn_actuals"}, "skip": page, "times": 1, "action": action}])

    assert pulled(client) == [actual(n) for n in range(COUNT)]


def test_several_pulls_share_a_client(server: MockServer, client: DataverseClient) -> None:
    """Four threads pulling at once through one client get all their rows, and sign in only once."""
    server.clear_requests()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: pulled(client), range(4)))

    assert results == [[actual(n) for n in range(COUNT)]] * 4
    assert [str(request["path"]) for request in server.requests()].count("/oauth2/mock-tenant/oauth2/v2.0/token") == 1


def test_fault_that_stays(server: MockServer, client: DataverseClient) -> None:
    """A fault that does not pass ends as unreachable, after the rows before it were handed over."""
    server.faults([{"match": {"path": "/api/data/v9.2/msdyn_actuals"}, "skip": 2, "times": 99, "action": {"status": 503}}])
    pages = client.pages(ALL, Actual)

    assert next(pages).rows + next(pages).rows == [actual(n) for n in range(10)]
    with pytest.raises(UnreachableError) as fault:
        next(pages)
    assert fault.value.attempts == 3


def test_refused_sign_in(server: MockServer, client: DataverseClient) -> None:
    """A token endpoint that refuses is an authentication fault, and the secret appears nowhere."""
    refusal: dict[str, Value] = {
        "status": 401,
        "body": {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."},
    }
    server.faults([{"match": {"path": "/oauth2/mock-tenant/oauth2/v2.0/token"}, "action": refusal}])

    with pytest.raises(AuthenticationError, match="AADSTS7000215") as fault:
        client.who_am_i()

    assert "canary" not in f"{fault.value!r} {fault.value}"


def test_names_of_tables_and_where_lookups_lead(client: DataverseClient) -> None:
    """A table is known by its entity set, with its alternate keys, and a lookup by every table that it may lead to (W-46, W-49, W-52)."""
    names = {table.entity_set: table for table in table_names(client)}
    actual = names["msdyn_actuals"]
    assert (actual.name, actual.key, actual.keys) == ("msdyn_actual", "msdyn_actualid", (("msdyn_externalreferenceid",),))
    assert names["msdyn_organizationalunit_pricelevelset"].name == "msdyn_organizationalunit_pricelevel"
    targets = lookup_targets(client, "salesorder")
    assert (targets["customerid"], targets["transactioncurrencyid"]) == (("account", "contact"), ("transactioncurrency",))
