"""The first pull of a large table in ranges: several pages at once, every row once, and nothing read again that was committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from milestones import KEY, NO_TRACKING, SET, change, client_of, guid, mappings, mirror, pull_milestones, row, source
from proforma.dataverse.client import DataverseClient
from proforma.mock import MockServer
from proforma.store import Range, Store
from proforma.sync import ranges
from proforma.sync.mapped_pages import MappedPage, Rejected, together
from proforma.sync.pull import Pull

STORES = ("sqlite", "postgresql")
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
LATER = "read in ranges; change tracking begins with the next full pull, within a day"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


@pytest.fixture
def client(server: MockServer) -> Iterator[DataverseClient]:
    with client_of(server.url) as client:
        yield client


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "PAGE_ROWS", 5)
    monkeypatch.setattr(ranges, "WORTH_ROWS", 0)
    monkeypatch.setattr(ranges, "AT_ONCE", 4)


def table(count: int, spacing: timedelta, **settings: Any) -> dict[str, Any]:
    """Milestones made one after the other, so far apart."""
    made = [{**row(n, f"{n}.00"), "createdon": f"{FIRST_DAY + n * spacing:%Y-%m-%dT%H:%M:%SZ}"} for n in range(1, count + 1)]
    return {SET: made, **settings}


def pages_asked(server: MockServer) -> int:
    return sum(SET in str(entry["path"]) for entry in server.requests())


@pytest.mark.parametrize("spacing", [timedelta(days=7), timedelta(seconds=40), timedelta(0)], ids=["over years", "in an hour", "at once"])
def test_every_row_arrives(server: MockServer, store: Store, client: DataverseClient, spacing: timedelta) -> None:
    """However the rows lie: spread out, crowded, or all made in the same second."""
    server.load(table(60, spacing, **NO_TRACKING))

    pulled = pull_milestones(store, client, ranges="createdon")

    assert (pulled.mode, pulled.quarantined, pulled.deleted) == ("ranges", 0, 0)
    assert mirror(store) == source(server)
    assert len(mirror(store)) == 60


def test_a_crowded_range_is_shared_out(server: MockServer, store: Store, client: DataverseClient) -> None:
    """One row long ago, sixty in one hour: equal spans would leave them all to one reader, so their range is halved again and again."""
    crowd = table(60, timedelta(minutes=1), **NO_TRACKING)
    crowd[SET].append({**row(99, "99.00"), "createdon": "2014-01-01T00:00:00Z"})
    server.load(crowd)
    server.clear_requests()

    pull_milestones(store, client, ranges="createdon")

    ranges_asked = {str(entry["query"]).partition("skiptoken")[0] for entry in server.requests() if SET in str(entry["path"])}
    assert mirror(store) == source(server)
    assert len(ranges_asked) > ranges._PARTS


def test_afterwards_only_changes_are_read_and_tracking_begins_within_a_day(
    server: MockServer, store: Store, client: DataverseClient
) -> None:
    """The first pull of a tracked table says when deletions will be followed; a day later they are (W-165, W-167)."""
    server.load(table(30, timedelta(days=1)))
    noon = datetime(2026, 3, 31, 12, tzinfo=UTC)

    first = pull_milestones(store, client, ranges="createdon", now=noon)
    change(server, {3: "333.00"}, delete=[4])
    second = pull_milestones(store, client, ranges="createdon", now=noon + timedelta(hours=1))
    third = pull_milestones(store, client, ranges="createdon", now=noon + timedelta(hours=25))
    change(server, delete=[5])
    fourth = pull_milestones(store, client, ranges="createdon", now=noon + timedelta(hours=26))

    assert [(pulled.mode, pulled.note, pulled.deleted) for pulled in (first, second, third, fourth)] == [
        ("ranges", LATER, 0),
        ("modified", "change tracking is off, so only full pulls find deletions", 0),
        ("full", "", 1),
        ("tracked", "", 1),
    ]
    assert mirror(store) == source(server)


def test_an_interrupted_pull_goes_on_where_it_was(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Ranges that were read to their end are not read again, and those under way begin at their last row."""
    server.load(table(60, timedelta(days=7), **NO_TRACKING))
    with pytest.raises(KeyboardInterrupt):
        list(Pull(store, client, mappings("createdon"), now=lambda: FIRST_DAY, progress=Interrupt(5)).run(["milestone"]))
    with store.read() as reader:
        left = reader.cursors.ranges("milestone")
    server.clear_requests()

    pulled = pull_milestones(store, client, ranges="createdon")

    assert 0 < len(left) < ranges._PARTS
    assert pages_asked(server) < 2 * len(left) + 4
    assert pulled.mode == "ranges"
    assert mirror(store) == source(server)


def test_pages_that_arrived_together_are_one() -> None:
    """Nothing of either page is lost: rows, misfits, deletions, the latest change, columns that were missing."""
    first = MappedPage(
        rows=[("a", 1)],
        rejected=(Rejected(key="b", reason="malformed-value", message="amount", payload=b"{}"),),
        deleted=("c",),
        newest=FIRST_DAY,
        next_link="https://example.org/1",
        delta_link=None,
        missing_columns=frozenset({"m_x"}),
    )
    second = replace(first, rows=[("d", 2), ("e", 3)], rejected=(), deleted=(), newest=None, missing_columns=frozenset({"m_y"}))

    assert together([first]) is first
    assert together([first, second]) == replace(
        first, rows=[("a", 1), ("d", 2), ("e", 3)], next_link=None, missing_columns=frozenset({"m_x", "m_y"}), pages=2
    )


def test_rows_that_vanished_are_swept(server: MockServer, store: Store, client: DataverseClient) -> None:
    """A later full pull in ranges of an untracked table finds deletions at its end, not before (promise 2)."""
    server.load(table(30, timedelta(days=7), **NO_TRACKING))
    pull_milestones(store, client, ranges="createdon")
    change(server, delete=[7, 8])

    again = pull_milestones(store, client, ranges="createdon", full=True)

    assert again.deleted == 2
    assert mirror(store) == source(server)


def test_a_small_table_is_read_as_ever(server: MockServer, store: Store, client: DataverseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dividing it would cost more than it saves; the environment's own count decides (W-78)."""
    monkeypatch.setattr(ranges, "row_count", lambda _client, _table: 30)
    monkeypatch.setattr(ranges, "WORTH_ROWS", 31)
    server.load(table(30, timedelta(days=7)))

    assert pull_milestones(store, client, ranges="createdon").mode == "full"
    assert mirror(store) == source(server)


def test_an_empty_table_has_no_ranges(server: MockServer, store: Store, client: DataverseClient) -> None:
    """There is nothing to divide."""
    server.load({SET: [], **NO_TRACKING})

    assert (pull_milestones(store, client, ranges="createdon").mode, mirror(store)) == ("full", {})


def test_a_row_without_the_column_is_read_too(server: MockServer, store: Store, client: DataverseClient) -> None:
    """It belongs to the range that is open at its beginning."""
    dated = table(20, timedelta(days=7), **NO_TRACKING)
    for milestone in dated[SET]:
        milestone["msdyn_invoicedate"] = None if milestone[KEY] == guid(5) else milestone["createdon"]
    server.load(dated)

    pull_milestones(store, client, ranges="msdyn_invoicedate")

    assert mirror(store)[guid(5)] == Decimal(5)
    assert mirror(store) == source(server)


def test_ranges_are_kept_beside_the_cursor(store: Store) -> None:
    """Each by its number, until it is read or the cursor is dropped."""
    parts = [Range(entity="milestone", number=n, first=FIRST_DAY if n else None, last=FIRST_DAY if n < 2 else None) for n in range(3)]
    with store.begin() as tx:
        tx.cursors.set_ranges(parts)
        tx.cursors.drop_ranges("milestone", 1)
    with store.begin() as tx:
        assert tx.cursors.ranges("milestone") == [parts[0], parts[2]]
        tx.cursors.drop("milestone")
        assert tx.cursors.ranges("milestone") == []


class Interrupt:
    """A person who presses Ctrl-C after some commits, each of as many pages as have arrived."""

    def __init__(self, after_commits: int) -> None:
        self._left = after_commits

    def begin(self, what: str, total: int | None = None) -> None: ...

    def advance(self, units: int) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt

    def end(self) -> None: ...

    def wait(self, seconds: float, why: str) -> None: ...
