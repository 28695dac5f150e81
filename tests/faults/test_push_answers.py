"""What finance, or something between, may answer: each answer has one meaning, and none is ever kept as a number (F-13, F-59)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import pytest
from requests.structures import CaseInsensitiveDict
from simulation import History, Prepared, histories, prepare, quick_folder

from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, REST, System
from proforma.domain.invoices import Invoice
from proforma.transport.errors import Trace
from proforma.transport.session import Answer, Session

JSON, PAGE = "application/json", "text/html"
HTML = b"<html><head><title>Bad Gateway</title></head><body>proxy 4711</body></html>"


def infolog(text: str) -> bytes:
    """An error as Dynamics 365 Finance writes it (F-13)."""
    inner = {
        "message": f"Write failed for table row of type 'X'. Infolog: {text}",
        "type": "AxODataWriteException",
        "stacktrace": "  at X()",
    }
    return msgspec.json.encode({"error": {"code": "", "message": "An error has occurred.", "innererror": inner}})


def coded(code: str) -> bytes:
    """An error as Business Central writes it (F-59)."""
    return msgspec.json.encode({"error": {"code": code, "message": "It is so.  CorrelationId:  4711."}})


def told(**error: object) -> bytes:
    """An error of a JSON system."""
    return msgspec.json.encode({"error": {"code": "x", "message": "no", **error}})


def part(status: int, body: bytes, *, rows: int = 1) -> bytes:
    """A batch answer whose change set has so many parts like this one."""
    head = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    one = head + b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n\r\n%s\r\n"
    inner = b"".join(b"--c\r\n" + one % (status, body) for _ in range(rows)) + b"--c--\r\n"
    return b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + inner + b"--b--\r\n"


BATCH = "multipart/mixed; boundary=b"
MISSING = infolog("Warning: The value 'C' in field 'Customer account' is not found in the related table 'Customers'.")
CLOSED = infolog("Error: Period for 2026-01-31 is not open.")
STRANGE = infolog("Error: Die Buchung konnte nicht erfolgen.")
DEADLOCK = infolog("Error: Deadlock, where one or more users have simultaneously locked the table.")
EXISTS = infolog("Error: Cannot create a record in X. The record already exists.")

#: Answers that any system may give, and the state of an invoice that gets nothing else: sending is a doubt, which is asked about before it
#: is sent again; queued means not carried out, to be sent again; refused and conflict are a clear no, for a person.
ANY: list[tuple[str, int, bytes, str]] = [
    *((kind, status, HTML, "sending") for kind in (PAGE, JSON) for status in (200, 201)),
    *((PAGE, status, HTML, "sending") for status in (302, 429, 500, 502, 503)),
    *((JSON, status, b"", "sending") for status in (200, 201, 204)),
    *((JSON, 201, body, "sending") for body in (b"{}", b"[]", b"null", b'"PF-1"', b'{"id":', b'{"value":[]}', told())),
    (JSON, 200, told(), "sending"),
    (JSON, 202, b"{}", "sending"),
    (PAGE, 404, HTML, "queued"),
]
OWN: dict[str, list[tuple[str, int, bytes, str]]] = {
    "dynamics": [
        (PAGE, 400, HTML, "sending"),
        (PAGE, 403, HTML, "queued"),
        *((BATCH, 200, part(status, MISSING), "refused") for status in (400, 500)),
        (BATCH, 200, part(500, CLOSED), "refused"),
        (BATCH, 200, part(500, STRANGE), "refused"),
        (BATCH, 200, part(500, DEADLOCK), "queued"),
        (BATCH, 200, part(400, EXISTS), "conflict"),
        (JSON, 400, MISSING, "refused"),
        # Whatever the status of the whole batch, finance's own infolog says that nothing was carried out.
        (JSON, 500, MISSING, "refused"),
        (JSON, 500, DEADLOCK, "queued"),
        (JSON, 500, told(), "sending"),
        *((BATCH, 200, body, "sending") for body in (part(201, b"{}"), part(500, HTML), b"")),
        *((BATCH, 200, part(status, body, rows=2), "sending") for status, body in ((201, b"{}"), (201, HTML), (202, b""))),
    ],
    "business-central": [
        *((PAGE, status, HTML, "sending") for status in (400, 403)),
        (JSON, 400, coded("Internal_EntityWithSameKeyExists"), "conflict"),
        (JSON, 400, coded("Internal_RecordNotFound"), "refused"),
        (JSON, 400, coded("Internal_InvalidTableRelation"), "refused"),
        (JSON, 400, coded("Internal_ServerError"), "refused"),
        (JSON, 400, coded("Application_DialogException"), "refused"),
        (JSON, 400, coded("Application_FieldValidationException"), "refused"),
        (JSON, 400, coded("Application_StringExceededLength"), "refused"),
        (JSON, 400, coded("BadRequest_InvalidToken"), "refused"),
        (JSON, 400, coded("Unknown"), "refused"),
        (JSON, 401, coded("Authentication_InvalidCredentials"), "queued"),
        (JSON, 400, coded("Authorization_RequestDenied"), "queued"),
        (JSON, 409, coded("Request_EntityChanged"), "queued"),
    ],
    "rest": [
        (PAGE, 400, HTML, "refused"),
        (PAGE, 403, HTML, "queued"),
        (JSON, 400, told(), "refused"),
        (JSON, 422, told(errors=[{"field": "total", "message": "4711"}]), "refused"),
        (JSON, 409, told(), "conflict"),
        (JSON, 500, told(), "sending"),
        *((JSON, 201, body, "sending") for body in (b'{"id":{"error":"4711"}}', b'{"number":["4711"]}', b'{"id":true}')),
        *((JSON, 201, b'{"id":"7",%s}' % more, "sending") for more in (b'"state":"queer"', b'"total":"ten"', b'"reference":"OTHER"')),
    ],
}


Given = tuple[str, int, bytes]


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    """Stores with queued invoices, made once."""
    with quick_folder() as folder:
        yield prepare(folder)


@contextmanager
def answering(history: History, given: Given) -> Iterator[None]:
    """Within the block every sending gets this answer and is not carried out; look-ups reach finance."""
    kind, status, body = given

    def exchange(session: Session, method: str, url: str, headers: Mapping[str, str], sent: bytes | None) -> Answer:
        del session
        if method == "GET":
            return history.weather.exchange(method, url, headers, sent)
        trace = Trace(method=method, url=url, status=status)
        return Answer(status=status, headers=CaseInsensitiveDict({"Content-Type": kind}), body=body, trace=trace)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "exchange", exchange)
        yield


def invoices(history: History) -> list[Invoice]:
    """All there are."""
    with history.store.read() as reader:
        return reader.ledger.invoices()


def state_after(history: History, given: Given) -> str:
    """The state of the invoices after two pushes that get this answer; nothing of it may have become a number."""
    history.weather.calm = True
    with answering(history, given):
        for _ in range(2):
            history.live()
            history.weather.sleep(120)
    assert [(invoice.external_id, invoice.external_number) for invoice in invoices(history)] == [(None, None)] * 2
    with history.store.read() as reader:
        assert [(row.external_id, row.external_number) for row in reader.outbox.all()] == [(None, None)] * 2
    return "/".join(sorted({str(invoice.push) for invoice in invoices(history)}))


@pytest.mark.parametrize("system", [DYNAMICS, BUSINESS_CENTRAL, REST], ids=lambda system: system.name)
def test_every_answer_has_its_meaning(prepared: Prepared, system: System) -> None:
    """Nothing that is not understood counts as a success; once finance answers again, a person retries and each invoice is there once."""
    wrong = []
    with histories(prepared) as history_of:
        for kind, status, body, expected in ANY + OWN[system.name]:
            history = replace(history_of(0), system=system)
            found = state_after(history, (kind, status, body))
            faults = recovered(history)
            if (found, faults) != (expected, []):
                wrong.append((kind, status, body, found, faults))
    assert wrong == []


def recovered(history: History) -> list[str]:
    """What is wrong after finance has answered as it should, and people have retried what waited for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "exchange", lambda _, *request: history.weather.exchange(*request))
        for _ in range(2):
            history.people()
            history.live()
            history.weather.sleep(120)
    return history.faults()
