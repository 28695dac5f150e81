"""Batches: what is sent, byte by byte, and every kind of answer (W-150 to W-162)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
import responses

from milestones import client_of
from proforma.dataverse.batch import Answers, ChangeSet
from proforma.dataverse.writer import Writer
from proforma.dataverse.writes import Reference, Write, create, update
from proforma.transport.errors import DoubtfulError, HttpStatusError, UnreachableError

ORG = "https://contoso.crm4.dynamics.com"
URL = f"{ORG}/api/data/v9.2/$batch"
ID = UUID("00000000-0000-4000-8000-000000000001")
READ = Write(method="GET", link="invoices?$select=name")
INVOICE = ChangeSet((create("invoices", {"name": "I"}), create("invoicedetails", {"invoiceid": Reference(content_id=1)})))
READ_PART = (
    "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 200 OK\r\n"
    'Content-Type: application/json; odata.metadata=minimal\r\nOData-Version: 4.0\r\n\r\n{"value":[]}\r\n'
)
REFUSED_PART = (
    "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 404 Not Found\r\nREQ_ID: x\r\n"
    'Content-Type: application/json; odata.metadata=minimal\r\n\r\n{"error":{"code":"0x80040217","message":"invoice Does Not Exist"}}\r\n'
)


def created(number: int) -> str:
    return (
        f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\n"
        f"HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\nOData-EntityId: {ORG}/api/data/v9.2/invoices({ID})\r\n\r\n\r\n"
    )


def joined(*parts: str, boundary: str = "batchresponse_1") -> str:
    return "".join(f"--{boundary}\r\n{part}" for part in parts) + f"--{boundary}--\r\n"


def kept(*parts: str) -> str:
    inner = joined(*parts, boundary="changesetresponse_2")
    return f"Content-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n{inner}"


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as scripted:
        yield scripted


def run(scripted: responses.RequestsMock, body: str, *parts: Write | ChangeSet, status: int = 200) -> Answers:
    scripted.add("POST", URL, body=body, status=status, content_type="multipart/mixed; boundary=batchresponse_1")
    with client_of(ORG) as client:
        return Writer(client).batch(parts)


def told(answers: Answers) -> list[list[int] | None]:
    return [None if part is None else [answer.status for answer in part] for part in answers]


def test_what_is_sent(scripted: responses.RequestsMock) -> None:
    """CRLF everywhere, a change set inside, Content-IDs counted, the reference to the first write (W-151, W-153 to W-155)."""
    run(scripted, joined(kept(created(1), created(2)), READ_PART), INVOICE, READ)

    request = scripted.calls[0].request
    sent = str(request.body if isinstance(request.body, str) else (request.body or b"").decode())
    outer = re.search(r"boundary=(batch_[-0-9a-f]+)", str(request.headers["Content-Type"]))
    inner = re.search(r"boundary=(changeset_[-0-9a-f]+)", sent)
    assert outer is not None
    assert inner is not None
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    assert sent.replace(outer[1], "OUT").replace(inner[1], "IN") == (
        "--OUT\r\nContent-Type: multipart/mixed; boundary=IN\r\n\r\n"
        f"--IN\r\n{head}Content-ID: 1\r\n\r\nPOST invoices HTTP/1.1\r\nAccept: application/json\r\n"
        'Content-Type: application/json\r\n\r\n{"name":"I"}\r\n'
        f"--IN\r\n{head}Content-ID: 2\r\n\r\nPOST invoicedetails HTTP/1.1\r\nAccept: application/json\r\n"
        'Content-Type: application/json\r\n\r\n{"invoiceid@odata.bind":"$1"}\r\n'
        "--IN--\r\n\r\n"
        f"--OUT\r\n{head}\r\nGET invoices?$select=name HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
        "--OUT--\r\n"
    )


def test_all_was_done(scripted: responses.RequestsMock) -> None:
    """One answer for each write of a change set, one for each other part, in order, with headers and body."""
    answers = run(scripted, joined(kept(created(1), created(2)), READ_PART), INVOICE, READ)

    assert told(answers) == [[204, 204], [200]]
    assert answers[0] is not None
    assert answers[1] is not None
    assert answers[0][1].headers["odata-entityid"].endswith(f"invoices({ID})")
    assert answers[1][0].body == b'{"value":[]}'


def test_bare_line_ends_are_understood(scripted: responses.RequestsMock) -> None:
    """A proxy that turned CRLF into LF does no harm."""
    assert told(run(scripted, joined(kept(created(1), created(2)), READ_PART).replace("\r\n", "\n"), INVOICE, READ)) == [[204, 204], [200]]


def test_stopped_at_the_first_refusal(scripted: responses.RequestsMock) -> None:
    """The batch is 400, its last part the refusal, and what follows was not begun (W-158)."""
    change = update("invoices", ID, {"name": "x"})
    answers = run(scripted, joined(READ_PART, REFUSED_PART), READ, change, change, status=400)

    assert told(answers) == [[200], [404], None]
    assert answers[1] is not None
    assert (answers[1][0].code, answers[1][0].message) == ("0x80040217", "invoice Does Not Exist")


def test_a_change_set_fails_as_one(scripted: responses.RequestsMock) -> None:
    """One refusal for all its writes, none of which was kept (W-159)."""
    assert told(run(scripted, joined(REFUSED_PART, READ_PART), INVOICE, READ)) == [[404], [200]]


def test_a_malformed_batch_is_a_plain_refusal(scripted: responses.RequestsMock) -> None:
    """400 with a JSON error and no parts (W-161)."""
    with pytest.raises(HttpStatusError, match="no boundary"):
        run(scripted, '{"error":{"code":"0x0","message":"no boundary"}}', INVOICE, status=400)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(joined(kept(created(1), created(2)), READ_PART)[:-24], id="cut off"),
        pytest.param(joined(kept(created(1), created(2))), id="a part too few"),
        pytest.param(joined(kept(created(1)), READ_PART), id="a write too few"),
        pytest.param(joined(kept(created(1), created(2)), READ_PART, READ_PART), id="a part too many"),
        pytest.param("<html>maintenance</html>", id="no batch"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_answer_that_does_not_fit_leaves_doubt(scripted: responses.RequestsMock, body: str) -> None:
    """Writes may have been done: nobody sends them again before looking (promise 4)."""
    with pytest.raises(DoubtfulError):
        run(scripted, body, INVOICE, READ)
    assert len(scripted.calls) == 1


def test_a_batch_of_what_may_be_repeated_is_repeated(scripted: responses.RequestsMock) -> None:
    """Reads and updates of rows that must exist: sent again, then given up as unreachable."""
    scripted.add("POST", URL, status=503)
    with pytest.raises(UnreachableError):
        run(scripted, "", READ, update("invoices", ID, {"name": "x"}), status=503)
    assert len(scripted.calls) == 2


@pytest.mark.parametrize("parts", [[], [READ] * 1001, [ChangeSet((READ,))]], ids=["none", "too many", "a read in a change set"])
def test_wrong_batches_are_not_sent(parts: list[Write | ChangeSet]) -> None:
    """1 to 1,000 requests, and only writes in a change set (W-150, W-154)."""
    with client_of(ORG) as client, pytest.raises(ValueError, match=r"batch|change set"):
        Writer(client).batch(parts)
