"""Writing: against the mock, which shares no code with the client, and as text where only the wire matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from milestones import client_of
from proforma.dataverse.errors import ConflictError
from proforma.dataverse.writer import Writer
from proforma.dataverse.writes import Cell, Reference, Write, action, address, create, create_only, delete, update, upsert
from proforma.mock import MockServer
from proforma.transport.errors import DoubtfulError, HttpStatusError

HOME = UUID("00000000-0000-4000-8000-000000000001")
AWAY = UUID("00000000-0000-4000-8000-000000000002")
USD = uuid5(NAMESPACE_OID, "@usd")


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def writer(server: MockServer) -> Iterator[Writer]:
    server.load(
        {
            "$keys": {"accounts": [["accountnumber"]]},
            "accounts": [{"accountid": str(HOME), "name": "Home", "accountnumber": "A-1"}],
            "transactioncurrencies": [{"transactioncurrencyid": "@usd", "isocurrencycode": "USD"}],
        }
    )
    server.faults([])
    with client_of(server.url) as client:
        yield Writer(client)


def accounts(server: MockServer) -> dict[str, dict[str, Any]]:
    rows: Any = server.dump().get("accounts", [])
    return {str(row["name"]): row for row in rows}


def test_created_with_all_digits_and_a_lookup(server: MockServer, writer: Writer) -> None:
    """The id comes from the answer's header, money keeps its digits, a lookup is bound (W-103, W-122, W-124)."""
    currency = Reference("transactioncurrencies", USD)
    cells: dict[str, Cell] = {"name": "New", "creditlimit": Decimal("922337203685477.5807"), "transactioncurrencyid": currency}

    written = writer.send(create("accounts", cells))

    row = accounts(server)["New"]
    assert (row["accountid"], Decimal(str(row["creditlimit"]))) == (written.id, Decimal("922337203685477.5807"))
    assert row["_transactioncurrencyid_value"] == str(USD)


def test_an_update_never_creates(server: MockServer, writer: Writer) -> None:
    """`If-Match: *` goes with it (W-130, W-211)."""
    writer.send(update("accounts", HOME, {"name": "Home again"}))
    with pytest.raises(HttpStatusError) as refusal:
        writer.send(update("accounts", AWAY, {"name": "Away"}))

    assert refusal.value.status == 404
    assert set(accounts(server)) == {"Home again"}


def test_a_guarded_update_loses_the_race(server: MockServer, writer: Writer) -> None:
    """With the version that somebody else has changed it is a conflict, and nothing is written (W-141)."""
    seen = f'W/"{accounts(server)["Home"]["versionnumber"]}"'
    writer.send(update("accounts", HOME, {"name": "First"}, etag=seen))
    with pytest.raises(ConflictError):
        writer.send(update("accounts", HOME, {"name": "Second"}, etag=seen))

    assert set(accounts(server)) == {"First"}


def test_upsert_by_both_kinds_of_key(server: MockServer, writer: Writer) -> None:
    """Found it is changed, else created under exactly this key (W-131 to W-133)."""
    writer.send(upsert("accounts", {"accountnumber": "A-1"}, {"name": "Changed"}))
    writer.send(upsert("accounts", {"accountnumber": "A-2"}, {"name": "Made"}))
    writer.send(upsert("accounts", AWAY, {"name": "Away"}))

    rows = accounts(server)
    assert {name: row.get("accountnumber") for name, row in rows.items()} == {"Changed": "A-1", "Made": "A-2", "Away": None}
    assert (rows["Changed"]["accountid"], rows["Away"]["accountid"]) == (str(HOME), str(AWAY))


def test_create_only_finds_the_row_there(writer: Writer) -> None:
    """A conflict, not a change (W-130)."""
    with pytest.raises(ConflictError):
        writer.send(create_only("accounts", HOME, {"name": "Other"}))


def test_a_row_that_is_gone_is_deleted(server: MockServer, writer: Writer) -> None:
    """Deleting twice is as good as once (W-138)."""
    assert writer.send(delete("accounts", HOME)).answer.status == 204
    assert writer.send(delete("accounts", HOME)).answer.status == 404
    assert accounts(server) == {}


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        pytest.param(lambda: create("accounts", {"name": "New"}), DoubtfulError, id="create"),
        pytest.param(lambda: update("accounts", HOME, {"name": "New"}, etag='W/"1001"'), DoubtfulError, id="guarded update"),
        pytest.param(lambda: create_only("accounts", AWAY, {"name": "New"}), DoubtfulError, id="create only"),
        pytest.param(lambda: action("WinQuote", {}), DoubtfulError, id="action"),
        pytest.param(lambda: update("accounts", HOME, {"name": "New"}), 204, id="update"),
        pytest.param(lambda: upsert("accounts", AWAY, {"name": "New"}), 204, id="upsert"),
        pytest.param(lambda: delete("accounts", HOME), 404, id="delete"),
    ],
)
def test_only_what_is_safe_is_repeated_after_a_doubt(
    server: MockServer, writer: Writer, write: Callable[[], Write], expected: type[DoubtfulError] | int
) -> None:
    """The answer is lost after the work was done: sent again only where twice is no more than once (promise 4)."""
    server.faults([{"match": {"path": "/api/data"}, "times": 1, "action": {"drop": "after"}}])
    server.clear_requests()

    if isinstance(expected, int):
        assert writer.send(write()).answer.status == expected
    else:
        with pytest.raises(expected):
            writer.send(write())
    assert len(server.requests()) == (2 if isinstance(expected, int) else 1)


def test_throttled_writes_are_repeated(server: MockServer, writer: Writer) -> None:
    """A write that was turned away was not done, whatever it is (W-192)."""
    throttle: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "3"}}
    server.faults([{"match": {"path": "/api/data"}, "times": 1, "action": throttle}])
    writer.send(create("accounts", {"name": "New"}))

    assert set(accounts(server)) == {"Home", "New"}


def test_on_the_wire() -> None:
    """Numbers, dates, instants, empties and actions, letter by letter (W-68, W-103, W-109, W-116, W-204)."""
    cells = {
        "a": Decimal("10.50"), "b": None, "c": date(2026, 3, 31), "d": datetime(2026, 3, 31, 14, tzinfo=UTC), "e": AWAY,
        "parent": Reference("accounts", {"accountnumber": "O'Hara"}), "first": Reference(content_id=1), "f": True,
    }  # fmt: skip
    assert create("new_things", cells).body == (
        b'{"a":10.50,"b":null,"c":"2026-03-31","d":"2026-03-31T14:00:00Z","e":"00000000-0000-4000-8000-000000000002",'
        b'"parent@odata.bind":"/accounts(accountnumber=\'O\'\'Hara\')","first@odata.bind":"$1","f":true}'
    )
    bound = action("msdyn_Confirm", {"Reason": "x", "Amount": Decimal("1.10")}, on=address("invoices", HOME))
    assert (bound.method, bound.link) == ("POST", f"invoices({HOME})/Microsoft.Dynamics.CRM.msdyn_Confirm")
    assert bound.body == b'{"Reason":"x","Amount":1.10}'
    assert address("new_things", {"a": 5, "_b_value": AWAY}) == f"new_things(a=5,_b_value={AWAY})"


@pytest.mark.parametrize(
    "make",
    [
        lambda: address("accounts", {}),
        lambda: address("accounts", {"accountnumber": "A/1"}),
        lambda: address("accounts", {"accountnumber": None}),
        lambda: address("accounts(x)", HOME),
        lambda: create("accounts", {"_x_value": HOME}),
        lambda: create("accounts", {"a b": 1}),
        lambda: create("accounts", {"a": Decimal("NaN")}),
        lambda: create("accounts", {"a": datetime(2026, 3, 31)}),  # noqa: DTZ001 - that is the point
        lambda: upsert("accounts", {"accountnumber": "A-1"}, {"accountnumber": "A-2"}),
        lambda: action("Do it"),
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_sent(make: Callable[[], object]) -> None:
    """Keys, names and values that would mean something else, or nothing (W-57, W-102, W-103, W-132)."""
    with pytest.raises(ValueError, match=r"\w"):
        make()
