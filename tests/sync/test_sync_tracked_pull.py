"""Pulling a table whose changes are tracked: what is read, what is deleted, and what happens when the environment forgets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import responses

from milestones import (
    KEY,
    NO_TRACKING,
    SET,
    change,
    client_of,
    guid,
    mirror,
    pull_milestones,
    source,
    world,
)
from proforma.dataverse.client import DataverseClient
from proforma.domain.contracts import Milestone
from proforma.mock import MockServer
from proforma.store import Cursor, Store
from proforma.sync.entity_pull import Pulled
from proforma.transport.errors import BadResponseError, HttpStatusError

STORES = ("sqlite", "postgresql")
ORG = "https://contoso.crm4.dynamics.com"
SET_URL = f"{ORG}/api/data/v9.2/{SET}"
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
EXPIRED = {"error": {"code": "0x80044352", "message": "Version stamp associated with the client has expired. Please perform a full sync."}}
OFF = "change tracking is off, so only full pulls find deletions"


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
    server.load(world(10))
    server.faults([])
    with client_of(server.url) as client:
        yield client


def told(answer: Pulled) -> tuple[str, int, int, int, str]:
    return answer.mode, answer.rows, answer.pages, answer.deleted, answer.note


def cursor(store: Store) -> Cursor:
    with store.read() as reader:
        found = reader.cursors.get("milestone")
    assert found is not None
    return found


def test_after_the_full_set_only_changes_are_read(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Changed, new and deleted rows arrive with the next pull, and nothing else does (W-164, W-168)."""
    assert told(pull_milestones(store, client)) == ("full", 10, 3, 0, "")

    change(server, {3: "333.00", 11: "11.00"}, delete=[5, 6])

    assert told(pull_milestones(store, client)) == ("tracked", 2, 1, 2, "")
    assert mirror(store) == source(server)
    assert told(pull_milestones(store, client)) == ("tracked", 0, 1, 0, "")


def test_many_changes_come_in_pages(server: MockServer, store: Store, client: DataverseClient) -> None:
    """A delta of several pages is kept page by page; the deletions lie on the last ones (W-169)."""
    pull_milestones(store, client)
    change(server, dict.fromkeys(range(4, 11), "1.00"), delete=[1, 2, 3])

    assert told(pull_milestones(store, client)) == ("tracked", 7, 3, 3, "")
    assert mirror(store) == source(server) == {guid(number): Decimal("1.00") for number in range(4, 11)}


def test_a_row_that_came_and_went_unseen_does_no_harm(server: MockServer, store: Store, client: DataverseClient) -> None:
    """A deletion of an id that was never pulled changes nothing (W-170)."""
    pull_milestones(store, client)
    change(server, {77: "1.00"})
    change(server, delete=[77])

    assert told(pull_milestones(store, client)) == ("tracked", 0, 1, 0, "")
    assert mirror(store) == source(server)


def test_a_row_that_returns_lives_again(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Deleted, pulled, restored, pulled: it is in the mirror with its new amount and among the deleted no more."""
    pull_milestones(store, client)
    change(server, delete=[4])
    pull_milestones(store, client)
    assert guid(4) not in mirror(store)
    change(server, {4: "44.00"})
    pull_milestones(store, client)

    assert mirror(store) == source(server)
    with store.read() as reader:
        assert list(reader.mirror.deleted(Milestone)) == []


def test_an_expired_token_leads_to_a_full_compare(server: MockServer, store: Store, client: DataverseClient) -> None:
    """What changed and vanished while the token was lost is found by reading everything, and tracking goes on from there (W-175, W-176)."""
    pull_milestones(store, client)
    change(server, {2: "2.00"}, delete=[9])
    server.faults([{"match": {"query": "deltatoken"}, "times": 1, "action": {"expire_delta_tokens": True}}])

    assert told(pull_milestones(store, client)) == ("full", 9, 3, 1, "")
    assert mirror(store) == source(server)
    change(server, delete=[8])
    assert told(pull_milestones(store, client)) == ("tracked", 0, 1, 1, "")
    assert mirror(store) == source(server)


def test_a_token_that_expires_between_two_pages_of_changes(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Also then everything is read again in the same pull, and the first page of changes does no harm."""
    pull_milestones(store, client)
    change(server, dict.fromkeys(range(1, 9), "1.00"), delete=[9])
    refusal: dict[str, Any] = {"status": 400, "body": EXPIRED}
    server.faults([{"match": {"path": f"/api/data/v9.2/{SET}", "query": "skiptoken"}, "times": 1, "action": refusal}])

    assert told(pull_milestones(store, client)) == ("full", 13, 4, 1, "")
    assert mirror(store) == source(server)


def test_full_reads_everything_and_tracking_goes_on(server: MockServer, store: Store, client: DataverseClient) -> None:
    """`--full` marks and sweeps whatever the delta link would have said, and leaves a fresh one."""
    pull_milestones(store, client)
    change(server, delete=[1])

    assert told(pull_milestones(store, client, full=True)) == ("full", 9, 3, 1, "")
    assert told(pull_milestones(store, client)) == ("tracked", 0, 1, 0, "")
    assert mirror(store) == source(server)


def test_a_table_without_tracking_is_read_by_its_time_of_change(server: MockServer, store: Store, client: DataverseClient) -> None:
    """The refusal leads to a full walk without it, then to walks by the time of change; the report says so (W-163)."""
    server.load(world(10, **NO_TRACKING))

    assert told(pull_milestones(store, client, now=NOON)) == ("full", 10, 3, 0, OFF)
    change(server, {11: "11.00"}, delete=[1])
    assert told(pull_milestones(store, client, now=NOON + timedelta(hours=1)))[0] == "modified"
    assert mirror(store) == {**source(server), guid(1): Decimal("100.00")}
    assert told(pull_milestones(store, client, now=NOON + timedelta(hours=25))) == ("full", 10, 3, 1, OFF)
    assert mirror(store) == source(server)


def test_tracking_that_is_switched_on_later_is_used(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Each full walk asks for tracking anew."""
    server.load(world(10, **NO_TRACKING))
    pull_milestones(store, client)
    server.load(world(10))

    assert told(pull_milestones(store, client, full=True)) == ("full", 10, 3, 0, "")
    assert pull_milestones(store, client).mode == "tracked"


def test_the_delta_link_is_kept_with_the_last_page_only(server: MockServer, store: Store, client: DataverseClient) -> None:
    """Broken off after its first page a snapshot has a next link and no delta link; it goes on there, reads no row twice (W-165),
    and asks at once what changed since it began."""
    server.faults([{"match": {"query": "skiptoken"}, "times": 1, "action": {"status": 403}}])
    with pytest.raises(HttpStatusError):
        pull_milestones(store, client)
    first = cursor(store)
    assert (first.next_link is not None, first.delta_link, first.rows) == (True, None, 4)

    assert told(pull_milestones(store, client)) == ("full", 6, 3, 0, "")
    last = cursor(store)
    assert (last.next_link, last.delta_link is not None, last.rows) == (None, True, 0)
    assert mirror(store) == source(server)


# ---- answers that the mock does not give ---------------------------------------------------------------------------------------


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as scripted:
        yield scripted


def answer(scripted: responses.RequestsMock, *rows: dict[str, Any], url: str = SET_URL, **links: str) -> None:
    """One page; links are given as `next` and `delta`."""
    members = {f"@odata.{name}Link": link for name, link in links.items()}
    scripted.add("GET", url, body=json.dumps({"value": rows, **members}), content_type="application/json")


def milestone(number: int, amount: int, version: int) -> dict[str, Any]:
    return {"@odata.etag": f'W/"{version}"', KEY: guid(number), "versionnumber": version, "msdyn_amount": amount}


def deletion(number: int) -> dict[str, Any]:
    return {"@odata.context": f"{ORG}/api/data/v9.2/$metadata#{SET}/$deletedEntity", "id": guid(number).upper(), "reason": "deleted"}


def test_the_order_inside_a_page_does_not_matter(scripted: responses.RequestsMock, store: Store) -> None:
    """Deletions before changes, a row twice in either order, a row changed and deleted: the newest version wins, a deletion most of all."""
    answer(scripted, milestone(1, 1, 1), milestone(2, 2, 2), milestone(3, 3, 3), delta=f"{SET_URL}?$deltatoken=1")
    answer(
        scripted, deletion(3), milestone(1, 12, 12), milestone(1, 11, 11), milestone(3, 13, 10), milestone(2, 21, 21), milestone(2, 22, 22),
        delta=f"{SET_URL}?$deltatoken=2",
    )  # fmt: skip
    with client_of(ORG) as client:
        pull_milestones(store, client)
        assert told(pull_milestones(store, client)) == ("tracked", 2, 1, 1, "")

    assert mirror(store) == {guid(1): Decimal(12), guid(2): Decimal(22)}


@pytest.mark.parametrize("nothing", [b"{}", b'{"@odata.context":"x"}', b'{"value":[]}', None])
def test_an_answer_without_changes_keeps_the_token(scripted: responses.RequestsMock, store: Store, nothing: bytes | None) -> None:
    """No rows, no value, no body: nothing changed, and without a new delta link the old one stays (W-172)."""
    link = f"{SET_URL}?$select=msdyn_amount&$deltatoken=919042%21X%2f22%2f2026%2008%3a10%3a44"
    answer(scripted, milestone(1, 1, 1), delta=link)
    if nothing is None:
        scripted.add("GET", SET_URL, status=204)
    else:
        scripted.add("GET", SET_URL, body=nothing, content_type="application/json")
    with client_of(ORG) as client:
        pull_milestones(store, client)
        assert told(pull_milestones(store, client)) == ("tracked", 0, 1, 0, "")

    assert cursor(store).delta_link == link
    assert mirror(store) == {guid(1): Decimal(1)}
    assert str(scripted.calls[1].request.url) == link, "a link is used as it came (W-90, W-166)"


def test_a_full_set_without_rows_member_is_no_empty_table(scripted: responses.RequestsMock, store: Store) -> None:
    """Only the answer to a delta link may lack its rows: a full walk that took `{}` for an empty table would delete everything."""
    answer(scripted, milestone(1, 1, 1), delta=f"{SET_URL}?$deltatoken=1")
    scripted.add("GET", SET_URL, body=b"{}", content_type="application/json")
    with client_of(ORG) as client:
        pull_milestones(store, client)
        with pytest.raises(BadResponseError):
            pull_milestones(store, client, full=True)

    assert mirror(store) == {guid(1): Decimal(1)}


def test_a_deletion_that_names_no_row_is_put_aside(scripted: responses.RequestsMock, store: Store) -> None:
    """It is listed as a problem and not passed over in silence (promise 5)."""
    answer(scripted, milestone(1, 1, 1), delta=f"{SET_URL}?$deltatoken=1")
    answer(scripted, {**deletion(1), "id": "first"}, delta=f"{SET_URL}?$deltatoken=2")
    with client_of(ORG) as client:
        pull_milestones(store, client)
        assert pull_milestones(store, client).quarantined == 1

    with store.read() as reader:
        assert [(p.reason, p.message) for p in reader.quarantine.open()] == [("unreadable-row", "a deletion that names no row")]


def test_a_held_row_that_is_deleted_is_no_problem_any_more(scripted: responses.RequestsMock, store: Store) -> None:
    """Its entry in quarantine goes with it."""
    answer(scripted, {**milestone(1, 1, 1), "msdyn_invoicestatus": 5}, delta=f"{SET_URL}?$deltatoken=1")
    answer(scripted, deletion(1), delta=f"{SET_URL}?$deltatoken=2")
    with client_of(ORG) as client:
        assert pull_milestones(store, client).quarantined == 1
        pull_milestones(store, client)

    with store.read() as reader:
        assert reader.quarantine.open() == []
