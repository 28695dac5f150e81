"""`$batch` over a real socket, and its answers read as other people's clients read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import pytest
from mock_caller import API, Answer, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import decode, encode, symbol_guid

ACME, NEW = symbol_guid("@acme"), "0a0a0a0a-0000-4000-8000-00000000000a"
WORLD: Document = {
    "accounts": [{"accountid": "@acme", "name": "Acme", "accountnumber": "C-1"}, {"accountid": "@fjord", "name": "Fjord"}],
    "$keys": {"accounts": [["accountnumber"]]},
}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(WORLD)
    with calling(server) as caller:
        yield caller


def part(line: str, document: object = None, *, content_id: int | None = None, headers: str = "") -> str:
    """One request of a batch."""
    mime = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    named = f"Content-ID: {content_id}\r\n" if content_id is not None else ""
    body = encode(document).decode() if document is not None else ""
    kind = "Content-Type: application/json\r\n" if document is not None else ""
    return f"{mime}{named}\r\n{line} HTTP/1.1\r\n{kind}{headers}\r\n{body}\r\n"


def change_set(*parts: str) -> str:
    inner = "".join(f"--changeset_1\r\n{one}" for one in parts)
    return f'Content-Type: multipart/mixed; boundary="changeset_1"\r\n\r\n{inner}--changeset_1--\r\n'


def batch(*parts: str) -> bytes:
    return ("".join(f"--batch_1\r\n{one}" for one in parts) + "--batch_1--\r\n").encode()


def send(caller: Caller, *parts: str, prefer: str | None = None) -> Answer:
    return caller.call("POST", "$batch", batch(*parts), content_type="multipart/mixed;boundary=batch_1", prefer=prefer)


def statuses(answer: Answer) -> list[int]:
    return [int(status) for status in re.findall(r"^HTTP/1\.1 (\d+) [A-Za-z ]+\r$", answer.body.decode(), re.MULTILINE)]


def documents(answer: Answer) -> list[Document]:
    return [cast("Document", decode(text)) for text in re.findall(r"^\{.*\}\r$", answer.body.decode(), re.MULTILINE)]


def names(caller: Caller) -> list[object]:
    return list(caller.column("accounts?$select=name&$orderby=name", "name"))


def test_requests_are_answered_in_order(caller: Caller) -> None:
    """Writes and reads, absolute, rooted and relative URLs, raw blanks; each with status and body (W-150, W-151, W-157)."""
    answer = send(
        caller,
        part("POST accounts", {"accountid": NEW, "name": "Quay"}),
        part(f"GET {caller.url}{API}accounts?$select=name&$filter=name eq 'Quay'"),
        part(f"PATCH {API}accounts({ACME})", {"name": "Acme AS"}),
        part("GET accounts/$count"),
        part(f"DELETE /api/data/v9.2/accounts({NEW})"),
    )
    assert (answer.status, statuses(answer)) == (200, [204, 200, 204, 200, 204])
    assert [[row["name"] for row in cast("list[Document]", found["value"])] for found in documents(answer)] == [["Quay"]]
    assert b"Content-Type: text/plain\r\n\r\n\xef\xbb\xbf3\r\n" in answer.body
    assert names(caller) == ["Acme AS", "Fjord"]


def test_the_shape_of_an_answer(caller: Caller) -> None:
    """Delimiter first, names that readers look for, one header line before a change set (W-156, W-157)."""
    answer = send(caller, change_set(part("POST accounts", {"accountid": NEW}, content_id=7)), part(f"GET accounts({ACME})?$select=name"))
    kind = answer.headers["Content-Type"]
    boundary = kind.partition("boundary=")[2]
    assert (kind.partition(";")[0], boundary[:14]) == ("multipart/mixed", "batchresponse_")
    inner = re.findall(r"boundary=(changesetresponse_[\w-]+)", answer.body.decode())[0]
    address = f"{caller.url}{API}accounts({NEW})"
    assert answer.body.decode().startswith(
        f"--{boundary}\r\nContent-Type: multipart/mixed; boundary={inner}\r\n\r\n--{inner}\r\n"
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 7\r\n\r\n"
        f"HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\nOData-EntityId: {address}\r\nLocation: {address}\r\n\r\n\r\n--{inner}--\r\n"
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        "HTTP/1.1 200 OK\r\nOData-Version: 4.0\r\n"
        "Content-Type: application/json; odata.metadata=minimal; odata.streaming=true\r\n"
    )
    assert answer.body.decode().endswith(f"}}\r\n--{boundary}--\r\n")


def test_references_in_a_change_set(caller: Caller) -> None:
    """As URL, as its beginning, as a bound value and as `@odata.id`, also of a row that came as representation (W-155)."""
    answer = send(
        caller,
        change_set(
            part("POST accounts", {"name": "Quay"}, content_id=1, headers="Prefer: return=representation\r\n"),
            part("POST contacts", {"lastname": "Ness"}, content_id=2),
            part("POST salesorders", {"name": "Deal", "customerid_account@odata.bind": "$1"}, content_id=3),
            part("PATCH $1", {"telephone1": "5"}, content_id=4),
            part("PUT $2/firstname", {"value": "Nora"}, content_id=5),
            part("PUT $1/primarycontactid/$ref", {"@odata.id": "$2"}, content_id=6),
        ),
    )
    assert (answer.status, statuses(answer)) == (200, [201, 204, 204, 204, 204, 204])
    quay = caller.get("accounts?$select=telephone1&$expand=primarycontactid($select=fullname,firstname)&$filter=name eq 'Quay'").rows[0]
    assert (quay["telephone1"], cast("Document", quay["primarycontactid"])["firstname"]) == ("5", "Nora")
    assert caller.column("salesorders?$select=_customerid_value", "_customerid_value") == [quay["accountid"]]


def test_a_reference_to_nothing(caller: Caller) -> None:
    """Forward, unknown or outside a change set: refused, nothing kept (W-155)."""
    for reference in (
        change_set(part("PATCH $2", {"name": "x"}, content_id=1), part("POST accounts", {}, content_id=2)),
        change_set(part("POST salesorders", {"customerid_account@odata.bind": "$2"}, content_id=1)),
        part("GET $2"),
    ):
        answer = send(caller, reference)
        error = cast("Document", documents(answer)[0]["error"])
        assert (answer.status, statuses(answer), error["message"]) == (
            400,
            [400],
            "Content-ID Reference: '$2' does not exist in the batch context.",
        )
    assert caller.get("salesorders").rows == []


def test_a_failure_ends_the_batch(caller: Caller) -> None:
    """400 outside, its own status inside; what went before stays, what follows is not done (W-158, W-160)."""
    answer = send(
        caller,
        part(f"PATCH accounts({ACME})", {"name": "first"}),
        part(f"GET accounts({NEW})"),
        part(f"PATCH accounts({ACME})", {"name": "second"}),
    )
    assert (answer.status, answer.headers["Content-Type"][:15], statuses(answer)) == (400, "multipart/mixed", [204, 404])
    assert b"REQ_ID: " in answer.body
    assert names(caller) == ["first", "Fjord"]


def test_a_failure_may_be_passed_over(caller: Caller) -> None:
    """With the preference every request is answered, and the batch with 200 (W-158, W-162)."""
    answer = send(
        caller,
        part(f"GET accounts({NEW})"),
        part(f"PATCH accounts({ACME})", {"name": "second"}, headers='If-Match: W/"1"\r\n'),
        part("GET accounts?$select=name&$top=1"),
        prefer="odata.continue-on-error",
    )
    assert (answer.status, statuses(answer)) == (200, [404, 412, 200])


def test_a_change_set_is_kept_whole_or_not_at_all(caller: Caller) -> None:
    """One part tells what failed; creates, changes and deletions before it are taken back (W-154, W-159)."""
    before = caller.get("accounts").document["value"]
    broken = change_set(
        part("POST accounts", {"accountid": NEW}, content_id=1),
        part(f"PATCH accounts({ACME})", {"name": "gone"}, content_id=2),
        part("DELETE accounts(accountnumber='C-1')", content_id=3),
        part("POST accounts", {"Name": "wrong"}, content_id=4),
        part("POST accounts", {"name": "never"}, content_id=5),
    )
    answer = send(caller, broken, part("GET accounts?$top=1"), prefer="odata.continue-on-error")
    assert (answer.status, statuses(answer), b"changesetresponse_" in answer.body) == (200, [400, 200], False)
    assert caller.get("accounts").document["value"] == before
    tracked = caller.get("accounts?$select=name", prefer="odata.track-changes").document["@odata.deltaLink"]
    send(caller, broken)
    assert caller.get(str(tracked)).rows == []


def test_line_ends_and_blanks_are_forgiven(caller: Caller) -> None:
    """LF alone, an empty line before, none at the end, no blank line behind a GET (W-152, W-153)."""
    text = f"\n--b x\n{part('GET accounts?$top=1')}--b x--".replace("\r\n", "\n")
    assert statuses(caller.call("POST", "$batch", text.encode(), content_type='multipart/mixed; boundary="b x"')) == []
    for body in (
        f"\n--b-x\n{part('GET accounts?$top=1')}--b-x--".replace("\r\n", "\n"),
        "--b-x\r\nContent-Type: application/http\r\n\r\nGET accounts?$top=1 HTTP/1.1\r\n--b-x--",
        "--b-x\r\nContent-Type: application/http\r\n\r\nGET accounts?$top=1 HTTP/1.1\r\n\r\n\r\n--b-x--\r\n",
    ):
        answer = caller.call("POST", "$batch", body.encode(), content_type='multipart/mixed;  boundary="b-x"')
        assert (answer.status, statuses(answer)) == (200, [200])


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("application/json", b"{}", "Expected the content type multipart/mixed with a boundary."),
        ("multipart/mixed", b"", "Expected the content type multipart/mixed with a boundary."),
        ("multipart/mixed; boundary=b", b"--c\r\n", "The boundary 'b' does not stand in the body."),
        ("multipart/mixed; boundary=batch_1", batch(part("GET").replace(" HTTP/1.1", "")), "The request line 'GET' cannot be read"),
        ("multipart/mixed; boundary=batch_1", batch(change_set(part("GET accounts", content_id=1))), "must not have GET requests."),
        ("multipart/mixed; boundary=batch_1", batch(change_set(part("POST accounts", {}))), "needs a Content-ID header."),
        (
            "multipart/mixed; boundary=batch_1",
            batch(change_set(part("POST accounts", {}, content_id=1), part("POST accounts", {}, content_id=1))),
            "'1' stands in the batch a second time.",
        ),
        ("multipart/mixed; boundary=batch_1", batch(*[part("GET accounts")] * 1001), "A batch has at most 1000 requests."),
    ],
)
def test_a_body_that_is_no_batch(caller: Caller, kind: str, body: bytes, message: str) -> None:
    """A plain JSON error, and nothing is done (W-150, W-161)."""
    answer = caller.call("POST", "$batch", body, content_type=kind)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (400, "application/json")
    assert message in answer.error[2]
    assert names(caller) == ["Acme", "Fjord"]


def test_a_long_query_travels_in_a_batch(caller: Caller) -> None:
    """Up to 65,536 characters; no batch in a batch (W-8, W-150)."""
    answer = send(
        caller,
        part("GET accounts?$filter=name eq '" + "x" * 40_000 + "'"),
        part("GET accounts?$filter=name eq '" + "x" * 70_000 + "'"),
        part("POST $batch", {}),
        prefer="odata.continue-on-error",
    )
    assert statuses(answer) == [200, 414, 400]


def test_a_batch_counts_as_one_request(server: MockServer, caller: Caller) -> None:
    """The journal has one entry, the token is the outer one's (W-151, W-197)."""
    server.clear_requests()
    send(caller, part("GET accounts"), part("GET contacts"))
    assert [(entry["method"], entry["path"]) for entry in server.requests()] == [("POST", API + "$batch")]
