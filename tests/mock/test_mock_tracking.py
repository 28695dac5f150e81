"""Change tracking over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest
from mock_caller import API, Answer, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.http import Request
from proforma.mock.state import State
from proforma.mock.values import Value, decode, mapping_of, symbol_guid
from proforma.mock.world import World

TRACK = "odata.track-changes"
EXPIRED = (400, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync.")


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def world(count: int) -> dict[str, Value]:
    return {"accounts": [{"accountid": guid(number), "name": f"A{number}"} for number in range(1, count + 1)]}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(world(7))
    with calling(server) as caller:
        yield caller


def walk(caller: Caller, path: str, **headers: str) -> list[Answer]:
    return list(caller.pages(path, **headers))


def delta_link(answer: Answer) -> str:
    return str(answer.document["@odata.deltaLink"])


def entries(answers: list[Answer]) -> list[str]:
    """`A1` for a changed row, `-3` for the deletion of row 3."""
    found = [row for answer in answers for row in answer.rows]
    return [f"-{int(str(row['id'])[-12:])}" if "reason" in row else str(row["name"]) for row in found]


def started(caller: Caller) -> str:
    return delta_link(walk(caller, "accounts?$select=name", prefer=TRACK)[-1])


def test_the_first_answer_is_the_full_set_with_a_link_at_its_end(caller: Caller) -> None:
    """A deleted row is not in it, only the last page has a delta link, the preference is echoed (W-164, W-165)."""
    caller.call("DELETE", f"accounts({guid(4)})")
    pages = walk(caller, "accounts?$select=name", prefer=f"{TRACK},odata.maxpagesize=3")
    assert entries(pages) == ["A1", "A2", "A3", "A5", "A6", "A7"]
    assert [("@odata.nextLink" in page.document, "@odata.deltaLink" in page.document) for page in pages] == [(True, False), (False, True)]
    assert pages[0].headers["Preference-Applied"].split(", ") == [TRACK, "odata.maxpagesize=3"]
    assert pages[0].document["@odata.context"] == f"{caller.url}{API}$metadata#accounts(name)"
    token = str(pages[0].document["@odata.nextLink"]).partition("$skiptoken=")[2]
    assert 'istracking="True"' in unquote(token)


def test_the_link_has_the_documented_shape(caller: Caller) -> None:
    """Same URL and `$select`, version, exclamation mark and time, hexadecimal digits in lower case (W-166)."""
    link = started(caller)
    before, _, token = link.partition("&$deltatoken=")
    assert before == f"{caller.url}{API}accounts?$select=name"
    version, _, at = token.partition("%21")
    assert (version, len(at)) == ("1007", len("11%2f21%2f2026%2001%3a00%3a00"))
    assert datetime.strptime(unquote(at) + "Z", "%m/%d/%Y %H:%M:%S%z")


def test_a_delta_has_changes_then_deletions(caller: Caller) -> None:
    """Changes by version with full columns and tags, then bare ids with a reason; then a fresh link (W-168, W-169)."""
    link = started(caller)
    caller.call("DELETE", f"accounts({guid(2)})")
    caller.call("PATCH", f"accounts({guid(5)})", {"name": "A5b"})
    caller.call("POST", "accounts", {"accountid": guid(9), "name": "A9"})
    caller.call("PATCH", f"accounts({guid(1)})", {"name": "A1b"})
    caller.call("DELETE", f"accounts({guid(7)})")
    answer = caller.get(link)
    context = f"{caller.url}{API}$metadata#accounts"
    assert answer.document["@odata.context"] == f"{context}(name)/$delta"
    # start 1007, then delete 1008, patch 1009, post 1010, patch 1011, delete 1012
    assert answer.rows == [
        {"@odata.etag": 'W/"1009"', "name": "A5b", "accountid": guid(5)},
        {"@odata.etag": 'W/"1010"', "name": "A9", "accountid": guid(9)},
        {"@odata.etag": 'W/"1011"', "name": "A1b", "accountid": guid(1)},
        {"@odata.context": f"{context}/$deletedEntity", "id": guid(2), "reason": "deleted"},
        {"@odata.context": f"{context}/$deletedEntity", "id": guid(7), "reason": "deleted"},
    ]
    assert entries(walk(caller, delta_link(answer))) == []


def test_a_delta_without_changes_is_empty_with_a_fresh_link(caller: Caller) -> None:
    """`value: []` and a link that goes on from here (W-172)."""
    answer = caller.get(started(caller))
    assert (answer.status, answer.rows, "@odata.deltaLink" in answer.document) == (200, [], True)


def test_each_row_comes_once_in_its_present_state(caller: Caller) -> None:
    """Changed often, created and deleted, deleted and created again (W-170); any column counts (W-171)."""
    link = started(caller)
    for name in ("x", "y", "A3z"):
        caller.call("PATCH", f"accounts({guid(3)})", {"name": name})
    caller.call("POST", "accounts", {"accountid": guid(8), "name": "A8"})
    caller.call("DELETE", f"accounts({guid(8)})")
    caller.call("DELETE", f"accounts({guid(6)})")
    caller.call("POST", "accounts", {"accountid": guid(6), "name": "A6again"})
    caller.call("PATCH", f"accounts({guid(1)})", {"description": "not selected"})
    assert entries(walk(caller, link)) == ["A3z", "A6again", "A1", "-8"]


def test_a_row_deleted_twice_is_told_once(caller: Caller) -> None:
    """The last deletion decides its place."""
    link = started(caller)
    caller.call("DELETE", f"accounts({guid(6)})")
    caller.call("POST", "accounts", {"accountid": guid(6)})
    caller.call("DELETE", f"accounts({guid(2)})")
    caller.call("DELETE", f"accounts({guid(6)})")
    assert entries(walk(caller, link)) == ["-2", "-6"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_delta_is_paged(caller: Caller, size: int) -> None:
    """Whatever the page size, the pages are the whole; the link comes on the last one (W-169)."""
    link = started(caller)
    for number in (3, 1, 2):
        caller.call("PATCH", f"accounts({guid(number)})", {"name": f"B{number}"})
    for number in (7, 4):
        caller.call("DELETE", f"accounts({guid(number)})")
    pages = walk(caller, link, prefer=f"odata.maxpagesize={size}")
    assert entries(pages) == ["B3", "B1", "B2", "-7", "-4"]
    assert [len(page.rows) for page in pages] == [size] * (5 // size) + [5 % size] * (5 % size > 0)
    assert ["@odata.deltaLink" in page.document for page in pages] == [False] * (len(pages) - 1) + [True]


def test_the_page_size_is_remembered_without_the_header(caller: Caller) -> None:
    """A next link may come without the preferences of the first request (W-93)."""
    first = caller.get("accounts?$select=name", prefer=f"{TRACK},odata.maxpagesize=3")
    following = walk(caller, str(first.document["@odata.nextLink"]))
    assert [len(page.rows) for page in following] == [3, 1]
    assert "@odata.deltaLink" in following[-1].document


def test_what_changes_while_a_set_is_paged_comes_with_the_delta(caller: Caller) -> None:
    """The counter is taken with the first page: a row before the cursor, behind it, new, deleted (W-177)."""
    first = caller.get("accounts?$select=name", prefer=f"{TRACK},odata.maxpagesize=3")
    caller.call("PATCH", f"accounts({guid(1)})", {"name": "B1"})
    caller.call("PATCH", f"accounts({guid(5)})", {"name": "B5"})
    caller.call("POST", "accounts", {"accountid": guid(0), "name": "B0"})
    caller.call("DELETE", f"accounts({guid(2)})")
    rest = walk(caller, str(first.document["@odata.nextLink"]))
    assert entries([first, *rest]) == ["A1", "A2", "A3", "A4", "B5", "A6", "A7"]
    assert entries(walk(caller, delta_link(rest[-1]))) == ["B1", "B5", "B0", "-2"]


def test_what_changes_while_a_delta_is_paged_is_not_lost(caller: Caller) -> None:
    """A later page or the next delta brings it; deleting a row on a later page is told (W-177)."""
    link = started(caller)
    for number in (1, 2, 3):
        caller.call("PATCH", f"accounts({guid(number)})", {"name": f"B{number}"})
    first = caller.get(link, prefer="odata.maxpagesize=2")
    caller.call("PATCH", f"accounts({guid(1)})", {"name": "C1"})
    caller.call("DELETE", f"accounts({guid(3)})")
    rest = walk(caller, str(first.document["@odata.nextLink"]), prefer="odata.maxpagesize=2")
    assert entries([first, *rest]) == ["B1", "B2", "C1", "-3"]
    assert entries(walk(caller, delta_link(rest[-1]))) == ["C1", "-3"]


def test_an_old_token_repeats_its_changes(caller: Caller) -> None:
    """Until it expires it may be used again, and brings newer changes too (W-173)."""
    link = started(caller)
    caller.call("PATCH", f"accounts({guid(2)})", {"name": "B2"})
    assert entries(walk(caller, link)) == ["B2"]
    caller.call("PATCH", f"accounts({guid(4)})", {"name": "B4"})
    assert entries(walk(caller, link)) == ["B2", "B4"]


def test_a_token_may_come_back_in_another_encoding(caller: Caller) -> None:
    """Decoded and encoded again by a library, other parameters first, with or without the preference (W-166)."""
    link = started(caller)
    caller.call("PATCH", f"accounts({guid(2)})", {"name": "B2"})
    parts = urlsplit(link)
    pairs = parse_qsl(parts.query)
    for query in (urlencode(pairs), urlencode(pairs[::-1]), "&".join(f"{quote(n)}={quote(v, safe='!/:')}" for n, v in pairs)):
        for headers in ({}, {"prefer": TRACK}):
            assert entries([caller.get(f"{parts.scheme}://{parts.netloc}{parts.path}?{query}", **headers)]) == ["B2"]


@pytest.mark.parametrize("option", ["$filter=name eq 'x'", "$orderby=name", "$expand=primarycontactid", "$top=3"])
def test_options_that_do_not_go_with_tracking(caller: Caller, option: str) -> None:
    """Each is refused by name, with the preference and on a link (W-167)."""
    name = option.partition("=")[0]
    expected = (400, "0x80060888", f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.')
    assert caller.get(f"accounts?{option}", prefer=TRACK).error == expected
    assert caller.get(f"{started(caller)}&{option}").error == expected


def test_the_number_of_changes(caller: Caller) -> None:
    """`/$count` with a token counts changes and deletions (W-174)."""
    token = started(caller).partition("$deltatoken=")[2]
    caller.call("PATCH", f"accounts({guid(2)})", {"name": "B2"})
    caller.call("DELETE", f"accounts({guid(3)})")
    assert caller.get(f"accounts/$count?$deltatoken={token}").body.decode("utf-8-sig") == "2"


def test_a_table_may_be_without_tracking(server: MockServer, caller: Caller) -> None:
    """The preference is refused, the definition says so, other tables go on (W-163)."""
    server.load({**world(1), "$dataverse": {"change_tracking": {"disabled": ["accounts"]}}})
    assert caller.get("accounts", prefer=TRACK).error == (400, "0x80060888", "Change tracking is not enabled for the entity 'account'.")
    assert caller.get("contacts", prefer=TRACK).status == 200
    shown = caller.get("EntityDefinitions?$select=LogicalName&$filter=ChangeTrackingEnabled eq false").rows
    assert [row["LogicalName"] for row in shown] == ["account"]


def test_tokens_expire_when_a_fault_says_so(server: MockServer, caller: Caller) -> None:
    """Every token given out is too old at once; one given afterwards works (W-175)."""
    link = started(caller)
    server.faults([{"match": {"query": "deltatoken"}, "action": {"expire_delta_tokens": True}}])
    assert caller.get(link).error == EXPIRED
    assert caller.get(link).error == EXPIRED
    assert server.requests()[-2]["fault"] == "expire delta tokens"
    fresh = started(caller)
    caller.call("PATCH", f"accounts({guid(2)})", {"name": "B2"})
    assert entries(walk(caller, fresh)) == ["B2"]


def test_a_full_set_can_be_read_to_its_end_though_tokens_expired(server: MockServer, caller: Caller) -> None:
    """Its link is then of no use (W-175)."""
    first = caller.get("accounts?$select=name", prefer=f"{TRACK},odata.maxpagesize=4")
    server.faults([{"action": {"expire_delta_tokens": True}}])
    rest = walk(caller, str(first.document["@odata.nextLink"]))
    assert entries([first, *rest]) == [f"A{number}" for number in range(1, 8)]
    assert caller.get(delta_link(rest[-1])).error == EXPIRED


def test_tokens_expire_with_time() -> None:
    """After seven days, or what the world says (W-175)."""
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    cases: list[tuple[int, dict[str, Value]]] = [(7, {}), (30, {"$dataverse": {"change_tracking": {"lifetime_days": 30}}})]
    for days, switches in cases:
        state = State(world=World({**world(1), **switches}, clock=lambda: now[0]))

        def get(query: str, state: State = state) -> Document:
            headers = {"authorization": "Bearer x", "host": "h", "prefer": TRACK}
            return dict(mapping_of(decode(state.respond(Request(method="GET", path=f"{API}accounts", query=query, headers=headers)).body)))

        token = str(get("")["@odata.deltaLink"]).partition("?")[2]
        now[0] += timedelta(days=days) - timedelta(seconds=1)
        assert get(token)["value"] == []
        now[0] += timedelta(seconds=1)
        assert mapping_of(get(token)["error"])["code"] == "0x80044352"


@pytest.mark.parametrize(
    "token", ["", "7", "x!01/01/2026 00:00:00", "1007!2026-01-01", "1007!99/99/2026 00:00:00", "1007!01/01/2026 00:00:00'"]
)
def test_tokens_that_are_none(caller: Caller, token: str) -> None:
    """Refused as unreadable."""
    assert caller.get(f"accounts?$deltatoken={quote(token)}").error == (
        400,
        "0x80060888",
        f"The $deltatoken '{token}' cannot be read: follow @odata.deltaLink as it is.",
    )


def test_a_token_of_another_history_has_expired(caller: Caller) -> None:
    """A version that this world has not reached yet (W-175)."""
    stamp = datetime.now(UTC).strftime("%m/%d/%Y %H:%M:%S")
    assert caller.get(f"accounts?$deltatoken={quote(f'999999!{stamp}')}").error == EXPIRED


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"change_tracking": {"disabled": ["nowhere"]}}, "$dataverse.change_tracking.disabled: no such entity set: nowhere"),
        ({"change_tracking": {"days": 3}}, "$dataverse: Object contains unknown field `days` - at `$.change_tracking`"),
        ({"tracking": {}}, "$dataverse: Object contains unknown field `tracking`"),
    ],
)
def test_switches_that_do_not_exist_are_refused(switches: Document, message: str) -> None:
    """Before anything is replaced."""
    with pytest.raises(ValueError, match="dataverse") as refusal:
        World({"$dataverse": switches})
    assert str(refusal.value) == message


def test_changes_by_people_are_tracked(server: MockServer, caller: Caller) -> None:
    """Administration changes the world as if a person had."""
    link = started(caller)
    server.patch({"accounts": [{"accountid": guid(2), "name": "B2"}, {"accountid": "@new", "name": "New"}]}, {"accounts": [guid(6)]})
    answer = caller.get(link)
    assert [row.get("accountid", row.get("id")) for row in answer.rows] == [guid(2), symbol_guid("@new"), guid(6)]


def test_only_a_deletion_is_one(caller: Caller) -> None:
    """A row that is deactivated has changed; one that is gone stays told for as long as the token lives (W-178)."""
    link = delta_link(caller.get("accounts?$select=statecode", prefer="odata.track-changes"))
    kept, gone = (str(row["accountid"]) for row in caller.get("accounts?$select=name").rows[:2])
    assert caller.call("PATCH", f"accounts({kept})", {"statecode": 1}).status == 204
    assert caller.call("DELETE", f"accounts({gone})").status == 204
    for _ in range(2):
        rows = caller.get(link).rows
        assert [(row.get("accountid"), row.get("statecode"), row.get("id"), row.get("reason")) for row in rows] == [
            (kept, 1, None, None),
            (None, None, gone, "deleted"),
        ]
