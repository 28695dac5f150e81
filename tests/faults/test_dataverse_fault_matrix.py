"""Every HTTP fault at every kind of call, on the first, a middle and the last page: one expected outcome a cell.

Each fault strikes once. `done` means that rows and effects are exactly those of a call without fault. The other words are the errors:
refused, stale (read it from the beginning), doubt (look before sending it again), bad (no answer to trust), unreach (try later),
sign-in, conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import pytest

from milestones import KEY, SET, change, client_of, guid, source, world
from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import ConflictError, StaleLinkError
from proforma.dataverse.query import Query
from proforma.dataverse.writer import Writer
from proforma.dataverse.writes import create, delete, update, upsert
from proforma.mock import MockServer
from proforma.transport.auth import Credential
from proforma.transport.errors import (
    AuthenticationError,
    BadResponseError,
    DoubtfulError,
    HttpStatusError,
    TransportError,
    UnreachableError,
)
from proforma.transport.redaction import Secret

HTML = {"Content-Type": "text/html"}
SQL = {"error": {"code": "0x80044151", "message": "SQL timeout expired."}}
EXPIRED = {"error": {"code": "0x80044352", "message": "Version stamp associated with the client has expired."}}
FAULTS: dict[str, dict[str, Any]] = {
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "cut off": {"truncate": 25},
    "200 of a proxy": {"status": 200, "headers": HTML, "body": "<html>maintenance</html>"},
    "200 without JSON": {"status": 200, "body": "maintenance"},
    "202": {"status": 202, "body": ""},
    "302": {"status": 302, "headers": {"Location": "https://elsewhere.example/"}},
    "400": {"status": 400, "body": {"error": {"code": "0x0", "message": "no"}}},
    "400 expired": {"status": 400, "body": EXPIRED},
    "401 once": {"status": 401},
    "403": {"status": 403, "body": {"error": {"code": "0x80040220", "message": "missing prvRead"}}},
    "404": {"status": 404, "body": {"error": {"code": "0x80040217", "message": "Does Not Exist"}}},
    "408": {"status": 408},
    "410": {"status": 410},
    "412": {"status": 412, "body": {"error": {"code": "0x80060882", "message": "version"}}},
    "413": {"status": 413},
    "429": {"status": 429, "headers": {"Retry-After": "7"}},
    "429 bare": {"status": 429},
    "500": {"status": 500, "body": {"error": {"code": "0x80040216", "message": "unexpected"}}},
    "500 SQL": {"status": 500, "body": SQL},
    "501": {"status": 501},
    "502": {"status": 502, "headers": HTML, "body": "<html>Bad Gateway</html>"},
    "503": {"status": 503, "headers": {"Retry-After": "3"}},
    "504": {"status": 504, "headers": HTML, "body": "<html></html>"},
}

# set: a page of a full set; delta: a page of changes; each first, middle, last. guarded: an update with an etag.
TABLE = """
fault             set1     set2     set3     delta1   delta2   delta3   get      create   guarded  update   upsert   delete
dropped before    done     done     done     done     done     done     done     doubt    doubt    done     done     done
dropped after     done     done     done     done     done     done     done     doubt    doubt    done     done     done
cut off           done     done     done     done     done     done     done     done     done     done     done     done
200 of a proxy    done     done     done     done     done     done     done     doubt    doubt    done     done     done
200 without JSON  done     done     done     done     done     done     done     doubt    doubt    done     done     done
202               done     done     done     done     done     done     done     doubt    doubt    done     done     done
302               bad      bad      bad      bad      bad      bad      bad      doubt    doubt    bad      bad      bad
400               refused  refused  refused  stale    refused  refused  refused  refused  refused  refused  refused  refused
400 expired       refused  stale    stale    stale    stale    stale    refused  refused  refused  refused  refused  refused
401 once          done     done     done     done     done     done     done     done     done     done     done     done
403               refused  refused  refused  refused  refused  refused  refused  refused  refused  refused  refused  refused
404               refused  refused  refused  stale    refused  refused  refused  refused  refused  refused  refused  gone
408               done     done     done     done     done     done     done     doubt    doubt    done     done     done
410               refused  stale    stale    stale    stale    stale    refused  refused  refused  refused  refused  refused
412               refused  refused  refused  refused  refused  refused  refused  conflict conflict conflict conflict conflict
413               refused  refused  refused  refused  refused  refused  refused  refused  refused  refused  refused  refused
429               done     done     done     done     done     done     done     done     done     done     done     done
429 bare          done     done     done     done     done     done     done     done     done     done     done     done
500               unreach  unreach  unreach  unreach  unreach  unreach  unreach  doubt    doubt    unreach  unreach  unreach
500 SQL           done     done     done     done     done     done     done     doubt    doubt    done     done     done
501               refused  refused  refused  refused  refused  refused  refused  doubt    doubt    refused  refused  refused
502               done     done     done     done     done     done     done     doubt    doubt    done     done     done
503               done     done     done     done     done     done     done     doubt    doubt    done     done     done
504               done     done     done     done     done     done     done     doubt    doubt    done     done     done
"""
HEAD, *LINES = [line for line in TABLE.splitlines() if line]
CALLS = HEAD[18:].split()
CELLS = [(line[:18].strip(), call, outcome) for line in LINES for call, outcome in zip(CALLS, line[18:].split(), strict=True)]
WORDS: list[tuple[type[TransportError], str]] = [
    (StaleLinkError, "stale"), (ConflictError, "conflict"), (DoubtfulError, "doubt"), (AuthenticationError, "sign-in"),
    (BadResponseError, "bad"), (UnreachableError, "unreach"), (HttpStatusError, "refused"),
]  # fmt: skip
QUERY = Query(entity_set=SET, select=(KEY, "msdyn_amount"), track_changes=True)
PLAIN = Query(entity_set=SET, select=(KEY, "msdyn_amount"))


class Row(msgspec.Struct, frozen=True):
    key: str | None = msgspec.field(name=KEY, default=None)
    amount: object = msgspec.field(name="msdyn_amount", default=None)


class Renewing:
    """Tokens of which there is always another one."""

    name = "test"
    count = 0

    def token(self) -> Credential:
        return Credential("Authorization", Secret(f"Bearer token-{self.count}"))

    def refresh(self, refused: Credential) -> Credential:
        self.count += 1
        return self.token()


@dataclass
class Scene:
    """A client and the source it talks to; each call answers whether it left what it should."""

    server: MockServer
    client: DataverseClient

    def full(self) -> bool:
        keys = [row.key for page in self.client.pages(PLAIN, Row) for row in page.rows]
        return keys == sorted(source(self.server))

    def delta(self, link: str) -> bool:
        pages = list(self.client.pages(QUERY, Row, since=link))
        changed = {row.key for page in pages for row in page.rows}
        gone = {id_ for page in pages for id_ in page.deleted}
        return len(pages) == 3 and changed == {guid(n) for n in range(1, 8)} and gone == {guid(n) for n in range(8, 11)}

    def wrote(self, *, name: str | None, count: int = 10) -> bool:
        rows: Any = self.server.dump()[SET]
        return len(rows) == count and (name is None or [row["msdyn_name"] for row in rows].count(name) == 1)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.mark.parametrize(("fault", "call", "outcome"), CELLS, ids=[f"{fault}-{call}" for fault, call, _ in CELLS])
def test_cell(server: MockServer, fault: str, call: str, outcome: str) -> None:
    """The outcome is the table's."""
    server.load(world(10))
    server.faults([])
    with client_of(server.url, tokens=Renewing()) as client:
        scene = Scene(server, client)
        act = _prepared(scene, call)
        place = int(call[-1]) - 1 if call[-1].isdigit() else 0
        server.faults([{"match": {"path": "/api/data"}, "skip": place, "times": 1, "action": FAULTS[fault]}])
        assert _outcome(act) == outcome


def _prepared(scene: Scene, call: str) -> Callable[[], bool | str]:
    if call.startswith("set"):
        return scene.full
    if call.startswith("delta"):
        *_, last = scene.client.pages(QUERY, Row)
        change(scene.server, dict.fromkeys(range(1, 8), "1.00"), delete=[8, 9, 10])
        link = last.delta_link or ""
        return lambda: scene.delta(link)
    if call == "get":
        return lambda: scene.client.who_am_i().user_id.int != 0
    return _prepared_write(scene, call)


def _prepared_write(scene: Scene, call: str) -> Callable[[], bool | str]:
    rows: Any = scene.server.dump()[SET]
    first, new, cells = UUID(guid(1)), UUID(guid(77)), {"msdyn_name": "new"}
    name: str | None
    match call:
        case "create":
            write, name, count = create(SET, cells), "new", 11
        case "guarded":
            write, name, count = update(SET, first, cells, etag=f'W/"{rows[0]["versionnumber"]}"'), "new", 10
        case "update":
            write, name, count = update(SET, first, cells), "new", 10
        case "upsert":
            write, name, count = upsert(SET, new, cells), "new", 11
        case _:
            write, name, count = delete(SET, first), None, 9

    def act() -> bool | str:
        Writer(scene.client).send(write)
        done = scene.wrote(name=name, count=count)
        return "gone" if call == "delete" and not done else done

    return act


def _outcome(act: Callable[[], bool | str]) -> str:
    try:
        done = act()
    except TransportError as error:
        return next(word for kind, word in WORDS if isinstance(error, kind))
    return done if isinstance(done, str) else "done" if done else "wrong"
