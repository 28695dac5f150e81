"""A period read once more: divided by the calendar, beside the pull, gone on with after any interruption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from milestones import KEY, SET, client_of, guid, mappings, mirror, pull_milestones, row, source
from proforma.dataverse.client import DataverseClient
from proforma.domain.contracts import Milestone
from proforma.domain.errors import ConfigurationError, UnfinishedError
from proforma.mock import MockServer
from proforma.store import Backfill, Cursor, Part, PartState, StaleFenceError, Store
from proforma.sync import backfill as backfill_module
from proforma.sync.backfill import Backfills, Period
from proforma.sync.periods import CHUNKS, Chunk, divide
from proforma.sync.progress import Progress

STORES = ("sqlite", "postgresql")
YEAR = Period(entity="milestone", first=date(2024, 1, 1), last=date(2024, 12, 31), by="createdon")
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[DataverseClient]:
    with client_of(server.url, page_size=3) as client:
        yield client


def table(days: Sequence[date]) -> dict[str, Any]:
    """A milestone for each day, made at noon."""
    return {SET: [{**row(n, f"{n}.00"), "createdon": f"{day}T12:00:00Z"} for n, day in enumerate(days, 1)]}


def weekly() -> dict[str, Any]:
    """53 milestones, one each week from the first day of 2024, the last on 30 December."""
    return table([date(2024, 1, 1) + timedelta(weeks=n) for n in range(53)])


def backfills(store: Store, client: DataverseClient, progress: Progress | None = None, zone: str = "UTC") -> Backfills:
    return Backfills(store, lambda: client, mappings(), zone=ZoneInfo(zone), now=lambda: NOON, progress=progress)


def parts_of(store: Store, run_id: int) -> list[Part]:
    with store.read() as reader:
        return reader.backfills.parts(run_id)


def cursor_of(store: Store) -> Cursor | None:
    with store.read() as reader:
        return reader.cursors.get("milestone")


def links_asked(server: MockServer) -> list[str]:
    return [str(entry["query"]) for entry in server.requests() if SET in str(entry["path"]) and "apply" not in str(entry["query"])]


@pytest.mark.parametrize(
    ("chunk", "pieces"),
    [
        ("day", ["2024-02-27..2024-02-27", "2024-02-28..2024-02-28", "2024-02-29..2024-02-29", "2024-03-01..2024-03-01"]),
        ("week", ["2024-02-27..2024-03-01"]),
        ("month", ["2024-02-27..2024-02-29", "2024-03-01..2024-03-01"]),
        ("quarter", ["2024-02-27..2024-03-01"]),
        ("year", ["2024-02-27..2024-03-01"]),
    ],
)
def test_days_are_divided_by_the_calendar(chunk: Chunk, pieces: list[str]) -> None:
    """27 February to 1 March of a leap year, both included: no day is lost and none is in two parts."""
    assert [f"{first}..{last}" for first, last in divide(date(2024, 2, 27), date(2024, 3, 1), chunk)] == pieces


@pytest.mark.parametrize("chunk", CHUNKS)
def test_pieces_join_without_a_gap(chunk: Chunk) -> None:
    """Over years each piece begins on the day after the last one ended."""
    pieces = divide(date(2023, 11, 30), date(2026, 2, 3), chunk)
    assert [first for first, _ in pieces[1:]] == [last + timedelta(days=1) for _, last in pieces[:-1]]
    assert (pieces[0][0], pieces[-1][1]) == (date(2023, 11, 30), date(2026, 2, 3))


@pytest.mark.parametrize("workers", [1, 4])
def test_every_row_of_the_period_arrives(server: MockServer, store: Store, client: DataverseClient, workers: int) -> None:
    """And no other row: what lies before and behind stays away, and the cursor of the pull is not made."""
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29), date(2024, 12, 31), date(2025, 1, 1)]
    server.load(table(days))
    work = backfills(store, client)
    begun = work.begin(YEAR)
    read = list(work.run(begun, workers=workers))
    assert mirror(store) == {guid(2): Decimal(2), guid(3): Decimal(3), guid(4): Decimal(4)}
    assert sorted((part.number, part.state, part.rows, part.expected) for part in read) == [
        (month, PartState.DONE, *((1, 1) if month in (1, 2, 12) else (0, 0))) for month in range(1, 13)
    ]
    assert cursor_of(store) is None
    with store.read() as reader:
        run = reader.runs.get(begun.run_id)
    assert run is not None
    assert (run.kind, run.outcome) == ("backfill milestone 2024-01-01..2024-12-31", "done")
    assert dict(run.counts) == {"parts": 12, "rows": 3, "quarantined": 0}


def test_the_cursor_of_the_pull_is_not_moved(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Before and after it is the same, and the next pull reads what it would have read."""
    server.load(weekly())
    pull_milestones(store, client)
    before = cursor_of(store)
    work = backfills(store, client)
    list(work.run(work.begin(YEAR), workers=2))
    assert cursor_of(store) == before
    assert pull_milestones(store, client).rows == 0


def test_a_backfill_that_was_interrupted_goes_on(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Interrupted three times in the middle of parts; each page is asked for once, and all rows are there in the end."""
    server.load(weekly())
    for pages in (3, 4, 5):
        interrupted = backfills(store, client, Interrupt(pages))
        with pytest.raises(KeyboardInterrupt):
            list(interrupted.run(interrupted.begin(YEAR), workers=1))
    work = backfills(store, client)
    begun = work.begin(YEAR)
    list(work.run(begun, workers=1))
    assert begun.run_id == 1
    assert mirror(store) == source(server)
    assert sum(part.rows for part in parts_of(store, 1)) == 53
    # 12 months of 4 or 5 rows are two pages of three each.
    assert len(links_asked(server)) == 24


def test_a_part_that_failed_is_read_alone(server: MockServer, store: Store, client: DataverseClient) -> None:
    """The others are done; the next call asks for nothing but that part."""
    server.load(weekly())
    server.faults([{"match": {"query": "ge 2024-05-01"}, "times": 2, "action": {"status": 503}}])
    work = backfills(store, client)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backfill_module, "COUNTED_PARTS_MAX", 0)
        list(work.run(work.begin(YEAR), workers=1))
    failed = [part for part in parts_of(store, 1) if part.state is not PartState.DONE]
    assert [(part.first, part.state) for part in failed] == [(date(2024, 5, 1), PartState.FAILED)]
    assert "503" in (failed[0].message or "")
    server.clear_requests()
    (again,) = list(work.run(work.begin(YEAR), workers=1))
    assert (again.number, again.state, again.rows) == (5, PartState.DONE, 4)
    assert all("2024-05-01" in link or "skiptoken" in link for link in links_asked(server))
    assert mirror(store) == source(server)


def test_an_environment_that_is_away_stops_the_rest(server: MockServer, store: Store, client: DataverseClient) -> None:
    """After three faults in a row nothing more is asked for; the parts that were not begun wait."""
    server.load(weekly())
    server.faults([{"match": {"path": SET}, "times": 1000, "action": {"status": 503}}])
    work = backfills(store, client)
    list(work.run(work.begin(YEAR), workers=1))
    states = [part.state for part in parts_of(store, 1)]
    assert states == [PartState.FAILED] * 3 + [PartState.WAITING] * 9
    server.faults([])


def test_a_finished_backfill_is_not_gone_on_with(server: MockServer, store: Store, client: DataverseClient) -> None:
    """The same days once more are a new run."""
    server.load(weekly())
    work = backfills(store, client)
    list(work.run(work.begin(YEAR), workers=1))
    assert work.begin(YEAR).run_id == 2


def test_a_newer_row_of_the_pull_stays(server: MockServer, store: Store, client: DataverseClient) -> None:
    """A page read before the pull brought a change, and committed after it, does not bring the old amount back; nor a deleted row."""
    server.load(weekly())
    pull_milestones(store, client)

    def meanwhile() -> None:
        server.patch(upsert={SET: [{KEY: guid(1), "msdyn_amount": "999.00"}]}, delete={SET: [guid(2)]})
        pull_milestones(store, client)

    work = backfills(store, Overtaken(client, meanwhile))  # type: ignore[arg-type]
    list(work.run(work.begin(YEAR), workers=1))
    found = mirror(store)
    assert (found[guid(1)], guid(2) in found, len(found)) == (Decimal(999), False, 52)


def test_a_row_that_was_gone_by_mistake_comes_back(server: MockServer, store: Store, client: DataverseClient) -> None:
    """The mirror took it for removed before the page was asked for, and Dataverse has it."""
    server.load(weekly())
    pull_milestones(store, client)
    with store.begin() as tx:
        tx.mirror.delete("milestone", [guid(7)], NOON - timedelta(hours=1))
    work = backfills(store, client)
    list(work.run(work.begin(YEAR), workers=1))
    assert mirror(store) == source(server)


def test_a_full_pull_does_not_sweep_what_the_backfill_brought(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Rows of a backfill count as seen in the present generation."""
    server.load(weekly())
    pull_milestones(store, client)
    with store.begin() as tx:
        tx.mirror.drop_entity("milestone")
    work = backfills(store, client)
    list(work.run(work.begin(YEAR), workers=1))
    assert pull_milestones(store, client).deleted == 0
    assert mirror(store) == source(server)


def test_a_part_read_twice_at_once_is_kept_once(server: MockServer, store: Store, client: DataverseClient) -> None:
    """The one that claimed it last goes on; the page of the other is refused as a whole, counts and rows."""
    server.load(weekly())
    work = backfills(store, client)
    begun = work.begin(YEAR)

    def overtaken() -> None:
        assert backfills(store, client).read_part(begun.run_id, 1) is not None

    late = backfills(store, Overtaken(client, overtaken))  # type: ignore[arg-type]
    assert late.read_part(begun.run_id, 1) is None
    first = parts_of(store, begun.run_id)[0]
    assert (first.state, first.rows, first.fence) == (PartState.DONE, 5, 2)
    assert work.read_part(begun.run_id, 1) is None
    assert parts_of(store, begun.run_id)[0] == first


def test_the_last_claim_alone_may_write(store: Store) -> None:
    """Whoever claimed a part before is refused by each way of writing."""
    with store.begin() as tx:
        run_id = tx.runs.start("backfill", NOON)
        first, last = date(2024, 1, 1), date(2024, 1, 31)
        tx.backfills.begin(
            Backfill(run_id=run_id, entity="milestone", column="createdon", chunk="month", signature="s", first=first, last=last),
            [Part(run_id=run_id, number=1, first=first, last=last)],
        )
        early, late = tx.backfills.claim(run_id, 1, "a"), tx.backfills.claim(run_id, 1, "b")
    assert early is not None
    assert late is not None
    with store.begin() as tx:
        for act in (tx.backfills.again, lambda part: tx.backfills.failed(part, "x")):
            with pytest.raises(StaleFenceError):
                act(early)
        with pytest.raises(StaleFenceError):
            tx.backfills.read(early, rows=1, quarantined=0, next_link=None)
        assert tx.backfills.read(late, rows=7, quarantined=0, next_link=None).rows == 7
        assert tx.backfills.claim(run_id, 1, "c") is None


def test_a_second_process_is_told(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Two calls for the same entity would ask for the same pages."""
    server.load(weekly())
    work = backfills(store, client)
    begun = work.begin(YEAR)
    with store.stage_lock("backfill-milestone"), pytest.raises(UnfinishedError, match="backfill-milestone is already under way"):
        list(work.run(begun, workers=1))


def test_a_row_that_cannot_be_mapped_is_put_aside(server: MockServer, store: Store, client: DataverseClient) -> None:
    """It is listed with its reason, its older form is not billed, and the next backfill that can read it takes it off the list."""
    server.load(weekly())
    pull_milestones(store, client)
    server.patch(upsert={SET: [{KEY: guid(3), "msdyn_amount": "1e999999"}]}, delete={})
    work = backfills(store, client)
    list(work.run(work.begin(YEAR), workers=1))
    with store.read() as reader:
        assert [problem.source for problem in reader.quarantine.open()] == [guid(3)]
        assert reader.mirror.get(Milestone, guid(3)) is None
        run = reader.runs.get(1)
    assert run is not None
    assert run.outcome == "attention"


@pytest.mark.parametrize(
    ("period", "answer"),
    [
        (Period(entity="milestones", first=date(2024, 1, 1), last=date(2024, 1, 2)), "did you mean 'milestone'"),
        (Period(entity="milestone", first=date(2024, 1, 2), last=date(2024, 1, 1)), "--to 2024-01-01 lies before --from 2024-01-02"),
        (Period(entity="milestone", first=date(2024, 1, 1), last=date(2024, 1, 2), by="amount"), "has no date 'amount'"),
        (Period(entity="milestone", first=date(2024, 1, 1), last=date(2024, 1, 2), by="createdom"), "did you mean 'createdon'"),
    ],
)
def test_what_cannot_be_read_is_told_before_anything_is_asked(store: Store, period: Period, answer: str) -> None:
    """Unknown entity or column, days in the wrong order: nothing is written down."""

    def nobody() -> DataverseClient:
        raise AssertionError("the environment was asked")

    with pytest.raises(ConfigurationError, match=answer):
        Backfills(store, nobody, mappings(), zone=ZoneInfo("UTC"), now=lambda: NOON).begin(period)
    with store.read() as reader:
        assert reader.runs.list() == []


def test_an_instant_belongs_to_the_day_of_the_business(server: MockServer, store: Store, client: DataverseClient) -> None:
    """23:30 UTC on 30 June is 1 July in Oslo; a business day is the same day everywhere."""
    late = {**row(1, "1.00"), "createdon": "2024-06-30T23:30:00Z", "msdyn_invoicedate": "2024-06-30"}
    server.load({SET: [late]})
    july = Period(entity="milestone", first=date(2024, 7, 1), last=date(2024, 7, 31), by="createdon")
    june = Period(entity="milestone", first=date(2024, 6, 1), last=date(2024, 6, 30), by="createdon")
    counted = [
        [count for _, count in backfills(store, client, zone=zone).count(period)]
        for zone in ("UTC", "Europe/Oslo")
        for period in (june, july)
    ]
    assert counted == [[1], [0], [0], [1]]


class Interrupt:
    """A person who presses Ctrl-C after some pages."""

    def __init__(self, after_pages: int) -> None:
        self._left = after_pages

    def begin(self, what: str, total: int | None = None) -> None: ...

    def advance(self, units: int) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt

    def end(self) -> None: ...

    def wait(self, seconds: float, why: str) -> None: ...


class Overtaken:
    """A client whose first page comes only after something else has happened."""

    def __init__(self, client: DataverseClient, meanwhile: Any) -> None:
        self._client = client
        self._meanwhile = meanwhile

    def pages(self, *args: Any, **more: Any) -> Iterator[Any]:
        for page in self._client.pages(*args, **more):
            meanwhile, self._meanwhile = self._meanwhile, None
            if meanwhile:
                meanwhile()
            yield page

    def get(self, *args: Any) -> Any:
        return self._client.get(*args)
