"""The mock Business Central makes a careless client stumble as the real one does (F-48 … F-73)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from mock_caller import Caller, calling

from proforma.mock import MockServer

ROOT = "/finance/bc/v2.0/tenant/production/api/v2.0/"
WORLD: dict[str, Any] = {
    "accounts": [{"accountid": "@c", "name": "Customer", "accountnumber": "C-1"}],
    "transactioncurrencies": [{"transactioncurrencyid": "@usd", "isocurrencycode": "USD", "currencyprecision": 2, "exchangerate": "1"}],
    "$finance": {"bc": {"tax_percent": {"": "25"}}},
}
HEADER = {"externalDocumentNumber": "ref-1", "customerNumber": "C-1", "invoiceDate": "2026-03-31"}
LINE = {"lineType": "Account", "lineObjectNumber": "6110", "quantity": 8, "unitPrice": 100}


@pytest.fixture
def server() -> Iterator[MockServer]:
    """One customer, one currency, a quarter tax."""
    with MockServer(WORLD) as running:
        yield running


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    """Somebody with a token."""
    with calling(server) as made:
        yield made


@pytest.fixture
def invoices(caller: Caller) -> str:
    """Address of the sales invoices of the only company."""
    return f"{ROOT}companies({caller.get(ROOT + 'companies').rows[0]['id']})/salesInvoices"


def test_a_draft_is_numbered_and_its_reference_is_upper_case(caller: Caller, invoices: str) -> None:
    """F-62, F-63: a code field; a number of one's own is refused."""
    made = caller.call("POST", invoices, HEADER)
    row = made.document
    assert (made.status, row["externalDocumentNumber"], row["status"], row["number"]) == (201, "REF-1", "Draft", "S-INV100001")
    assert caller.call("POST", invoices, {**HEADER, "number": "X"}).error[1] == "Application_DialogException"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"customerNumber": ""}, "Application_DialogException"),
        ({"customerNumber": "C-9"}, "Internal_RecordNotFound"),
        ({"currencyCode": "XXX"}, "Internal_InvalidTableRelation"),  # ISO 4217: no currency
        ({"externalDocumentNumber": "X" * 36}, "Application_StringExceededLength"),
    ],
)
def test_what_it_does_not_know_is_refused(caller: Caller, invoices: str, change: dict[str, str], code: str) -> None:
    """F-59, F-73."""
    status, found, message = caller.call("POST", invoices, {**HEADER, **change}).error
    assert (status, found) == (400, code)
    assert "CorrelationId" in message


def test_one_reference_may_have_many_documents(server: MockServer, caller: Caller, invoices: str) -> None:
    """F-73: so that a client that does not look first is caught."""
    for _ in range(2):
        assert caller.call("POST", invoices, HEADER).status == 201
    assert len(caller.get(invoices + "?$filter=externalDocumentNumber eq 'REF-1'").rows) == 2
    assert len(server.documents()) == 2


def test_totals_are_computed_there_and_actions_answer_with_nothing(caller: Caller, invoices: str) -> None:
    """F-52, F-65, F-69: tax from its own tables, 204 for posting, another number under the same id."""
    made = caller.call("POST", invoices, HEADER).document
    one = f"{invoices}({made['id']})"
    assert caller.call("POST", one + "/salesInvoiceLines", LINE).document["amountExcludingTax"] == Decimal("800.00")
    posted = caller.call("POST", one + "/Microsoft.NAV.post")
    assert (posted.status, posted.body) == (204, b"")
    row = caller.get(one + "?$expand=salesInvoiceLines").document
    assert (row["status"], row["number"], row["id"]) == ("Open", "PS-INV103001", made["id"])
    amounts = [row[name] for name in ("totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax", "remainingAmount")]
    assert amounts == [Decimal("800.00"), Decimal("200.00"), Decimal("1000.00"), Decimal("1000.00")]
    assert caller.call("POST", one + "/Microsoft.NAV.post").error[:2] == (400, "Application_DialogException")
    assert caller.call("POST", one + "/salesInvoiceLines", LINE).error[:2] == (400, "Application_DialogException")


def test_changes_want_the_tag_that_every_write_renews(caller: Caller, invoices: str) -> None:
    """F-51: missing 400, stale 409, current or `*` fine."""
    made = caller.call("POST", invoices, HEADER).document
    one, tag = f"{invoices}({made['id']})", str(made["@odata.etag"])
    assert caller.call("PATCH", one, {"dueDate": "2026-05-01"}).error[:2] == (400, "BadRequest_InvalidToken")
    assert caller.call("PATCH", one, {"dueDate": "2026-05-01"}, if_match=tag).status == 200
    assert caller.call("PATCH", one, {"dueDate": "2026-05-02"}, if_match=tag).error[:2] == (409, "Request_EntityChanged")
    assert caller.call("DELETE", one, if_match="*").status == 204
    assert caller.get(one).status == 404


@pytest.mark.parametrize(("isolation", "kept"), [("snapshot", 0), (None, 2)])
def test_a_batch_is_one_transaction_only_when_asked(caller: Caller, invoices: str, isolation: str | None, kept: int) -> None:
    """F-56: the second of three lines is refused."""
    made = caller.call("POST", invoices, HEADER).document
    url = f"{invoices.removeprefix(ROOT)}({made['id']})/salesInvoiceLines"
    lines = [LINE, {**LINE, "lineType": "Nonsense"}, LINE]
    requests = [{"id": str(number), "method": "POST", "url": url, "body": line} for number, line in enumerate(lines)]
    answer = caller.call("POST", ROOT + "$batch", {"requests": requests}, isolation=isolation)
    assert answer.status == 200
    assert len(caller.get(f"{invoices}({made['id']})/salesInvoiceLines").rows) == kept


def test_a_batch_has_at_most_a_hundred_operations(caller: Caller, invoices: str) -> None:
    """F-56."""
    requests = [{"id": str(number), "method": "GET", "url": invoices.removeprefix(ROOT)} for number in range(101)]
    assert caller.call("POST", ROOT + "$batch", {"requests": requests}).error[:2] == (400, "BadRequest_TooManyOperations")


def test_or_over_two_fields_is_refused(caller: Caller, invoices: str) -> None:
    """F-57."""
    condition = "?$filter=externalDocumentNumber eq 'A' or customerNumber eq 'B'"
    assert caller.get(invoices + condition).error[:2] == (400, "BadRequest_InvalidFilter")


def test_credit_memos_are_documents_of_their_own(caller: Caller, invoices: str) -> None:
    """F-71: another collection, another series."""
    memos = invoices.replace("salesInvoices", "salesCreditMemos")
    made = caller.call("POST", memos, {"externalDocumentNumber": "REF-1", "customerNumber": "C-1", "creditMemoDate": "2026-03-31"})
    assert (made.status, made.document["number"]) == (201, "S-CRE100001")
    assert caller.get(invoices).rows == []
    assert len(caller.get(memos).rows) == 1
