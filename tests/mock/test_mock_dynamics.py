"""The mock Dynamics 365 Finance makes a careless client stumble as the real one does (F-1 … F-34)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mock_caller import Answer, Caller, calling

from proforma.mock import MockServer

ROOT = "/finance/dynamics/data/"
HEADERS, LINES = ROOT + "CDSFreeTextInvoiceHeaders", ROOT + "CDSFreeTextInvoiceLines"
KEY = "(dataAreaId='usmf',ExternalInvoiceId='REF-1')"
EVERYWHERE = "?cross-company=true"
WORLD: dict[str, Any] = {
    "accounts": [{"accountid": "@c", "name": "Customer", "accountnumber": "C-1"}],
    "transactioncurrencies": [{"transactioncurrencyid": "@usd", "isocurrencycode": "USD", "currencyprecision": 2, "exchangerate": "1"}],
}
HEADER = {"dataAreaId": "usmf", "ExternalInvoiceId": "REF-1", "CustomerAccount": "C-1", "CurrencyCode": "USD",
          "InvoiceDate": "2026-03-31T12:00:00Z"}  # fmt: skip
LINE = {"dataAreaId": "usmf", "ExternalInvoiceId": "REF-1", "LineNumber": 1, "MainAccountDisplayValue": "401100",
        "TransactionCurrencyAmount": 800}  # fmt: skip


@pytest.fixture
def server() -> Iterator[MockServer]:
    """One customer, one currency."""
    with MockServer(WORLD) as running:
        yield running


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    """Somebody with a token."""
    with calling(server) as made:
        yield made


def infolog(answer: Answer) -> str:
    """The useful words of a refusal; everything around them says nothing."""
    error: Any = answer.document["error"]
    assert (error["code"], error["message"]) == ("", "An error has occurred.")
    assert "stacktrace" in error["innererror"]
    text: str = error["innererror"]["message"]
    return text


def test_a_token_is_needed(caller: Caller) -> None:
    """F-12."""
    assert caller.call("GET", HEADERS, authorization=None).status == 401


def test_a_header_gets_its_defaults(caller: Caller) -> None:
    """F-9, F-11, F-34: empty texts instead of nothing, noon of 1900 for no date, a number drawn from a sequence, a weak tag."""
    made = caller.call("POST", HEADERS + EVERYWHERE, HEADER)
    row = made.document
    assert (made.status, row["DueDate"], row["InvoiceId"], row["IsPosted"]) == (201, "1900-01-01T12:00:00Z", "", "No")
    assert (row["FreeTextNumber"], str(row["@odata.etag"])[:3]) == ("FTI-00000001", 'W/"')


def test_other_companies_are_hidden_from_those_who_do_not_ask(caller: Caller) -> None:
    """F-5: usmf is not the caller's own company: read without `cross-company` its document is not there."""
    caller.call("POST", HEADERS + EVERYWHERE, HEADER)
    assert caller.get(HEADERS + KEY).status == 404
    assert caller.get(HEADERS + KEY + EVERYWHERE).status == 200
    assert caller.get(HEADERS).rows == []
    assert len(caller.get(HEADERS + EVERYWHERE).rows) == 1


def test_keys_know_no_case_and_want_all_their_parts(caller: Caller) -> None:
    """F-4, F-34."""
    caller.call("POST", HEADERS + EVERYWHERE, HEADER)
    assert caller.get(HEADERS + "(dataAreaId='USMF',ExternalInvoiceId='ref-1')" + EVERYWHERE).status == 200
    assert caller.get(HEADERS + "(ExternalInvoiceId='REF-1')" + EVERYWHERE).status == 400
    assert "already exists" in infolog(caller.call("POST", HEADERS + EVERYWHERE, {**HEADER, "ExternalInvoiceId": "ref-1"}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"CustomerAccount": "C-9"}, "'Customer account' is not found in the related table"),
        ({"CurrencyCode": "XXX"}, "'Currency' is not found in the related table"),  # ISO 4217: no currency
        ({"dataAreaId": "demf"}, "'Company' is not found in the related table"),
        ({"ExternalInvoiceId": ""}, "must be filled in"),
    ],
)
def test_what_finance_does_not_know_is_refused(caller: Caller, change: dict[str, str], words: str) -> None:
    """F-34: with the words of an infolog."""
    refused = caller.call("POST", HEADERS + EVERYWHERE, {**HEADER, **change})
    assert refused.status == 400
    assert words in infolog(refused)


def test_lines_need_their_header_and_a_number_of_their_own(caller: Caller) -> None:
    """F-24: header and lines share the key."""
    assert "is not found in the related table" in infolog(caller.call("POST", LINES, LINE))
    caller.call("POST", HEADERS, HEADER)
    assert caller.call("POST", LINES, LINE).status == 201
    assert "already exists" in infolog(caller.call("POST", LINES, LINE))
    assert "Main account" in infolog(caller.call("POST", LINES, {**LINE, "LineNumber": 2, "MainAccountDisplayValue": ""}))


def batch(*parts: tuple[str, str]) -> bytes:
    """One change set of POSTs: entity set and body."""
    inner = "".join(
        f"--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\n"
        f"POST {name}{EVERYWHERE} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
        for number, (name, body) in enumerate(parts, start=1)
    )
    return f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n--b--\r\n".encode()


def test_a_failed_change_set_is_answered_with_200_and_leaves_nothing(server: MockServer, caller: Caller) -> None:
    """F-10, F-34: who only reads the outer status believes that it was done."""
    import msgspec

    header, line = msgspec.json.encode(HEADER).decode(), msgspec.json.encode({**LINE, "MainAccountDisplayValue": ""}).decode()
    body = batch(("CDSFreeTextInvoiceHeaders", header), ("CDSFreeTextInvoiceLines", line))
    answer = caller.call("POST", ROOT + "$batch", body, content_type="multipart/mixed; boundary=b")
    assert answer.status == 200
    assert b"HTTP/1.1 500" in answer.body
    assert b"HTTP/1.1 201" not in answer.body
    assert server.documents() == []


def test_a_recurring_batch_posts_and_then_nothing_changes(server: MockServer, caller: Caller) -> None:
    """F-27, F-43: IsPosted turns Yes, InvoiceId gets the legal number; changing and deleting are over."""
    caller.call("POST", HEADERS, HEADER)
    assert caller.call("PATCH", HEADERS + KEY + EVERYWHERE, {"InvoiceName": "X"}).status == 204
    server.switch_finance("dynamics", {"post_after_seconds": 0})
    row = caller.get(HEADERS + KEY + EVERYWHERE).document
    assert (row["IsPosted"], row["InvoiceId"], row["InvoiceName"]) == ("Yes", "INV-00000001", "X")
    assert "is posted" in infolog(caller.call("PATCH", HEADERS + KEY + EVERYWHERE, {"InvoiceName": "Y"}))
    assert "is posted" in infolog(caller.call("DELETE", HEADERS + KEY + EVERYWHERE))


def test_enums_in_filters_are_qualified(caller: Caller) -> None:
    """F-6."""
    caller.call("POST", HEADERS, HEADER)
    condition = "&$filter=IsPosted eq Microsoft.Dynamics.DataEntities.NoYes'No'"
    assert len(caller.get(HEADERS + EVERYWHERE + condition).rows) == 1
    assert caller.get(HEADERS + EVERYWHERE + "&$filter=IsPosted eq No").status == 400
