"""Two real products by their mapping files alone: what they are sent, and how their answers are read (F-74, F-79)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import responses

from proforma.domain.codes import PushStatus
from proforma.finance import FinanceDocument, RestTarget, TargetRefusedError
from proforma.mapping import RestMapping, load_mappings
from proforma.mapping.document import Document, digest
from proforma.mock.values import decode, encode
from proforma.transport.auth import Anonymous
from proforma.transport.origin import Origin
from proforma.transport.remote import Remote
from proforma.transport.retry import Retrier, RetryPolicy

REFERENCE = "PF-000001-0123456789AB"
SITE = "https://erp.example.com"


def target(name: str, company: str | None = None) -> RestTarget:
    """The product, asked once a request."""
    mapping = load_mappings(None).finance[name]
    assert isinstance(mapping, RestMapping)
    remote = Remote(Origin.parse(SITE), Anonymous(), retrier=Retrier(RetryPolicy(attempts_max=1)))
    return RestTarget(name, remote, mapping, company=company, settle_seconds=0)


def document(kind: str = "invoice") -> FinanceDocument:
    """Eight hours at 100.00, or their credit."""
    quantity, total = ("8", "800.00") if kind == "invoice" else ("-8", "-800.00")
    content: Document = {
        "reference": REFERENCE, "kind": kind, "number": "PF-000001", "corrects": None, "company": "Acme",
        "customer": {"account": "C-1", "name": "Customer", "kind": "account"}, "currency": "USD", "invoice_date": "2026-03-31",
        "due_date": "2026-04-30", "posting_date": None, "purchase_order": None, "contract": {"number": "K-1", "name": None, "id": "x"},
        "lines": [{"line": 1, "type": "time", "item": None, "description": "Work", "quantity": quantity, "unit": "Hour",
                   "unit_price": "100.00", "amount": total, "contract_line": None, "details": [], "account": "200"}],
        "total": total,
    }  # fmt: skip
    return FinanceDocument.of({**content, "sha256": digest(content)})


def sent(call: int = -1) -> Any:
    """The body of a request, every digit kept."""
    return decode(responses.calls[call].request.body or b"")


def answer(method: str, path: str, body: object, status: int = 200) -> None:
    """What the product says next."""
    responses.add(method, SITE + path, body=encode(body), status=status, content_type="application/json")


@responses.activate
def test_erpnext_takes_a_draft_and_tells_its_name() -> None:
    """Amounts as exact numbers, our reference as purchase order; docstatus 0 is a draft."""
    made = {"name": "ACC-SINV-2026-00001", "po_no": REFERENCE, "docstatus": 0, "net_total": Decimal("800.00"), "customer": "C-1",
            "currency": "USD", "items": [{}]}  # fmt: skip
    answer("POST", "/api/resource/Sales%20Invoice", {"data": made})
    found = target("erpnext").create(document())
    assert (found.state, found.number, found.differs_from(document())) == (PushStatus.ACCEPTED, "ACC-SINV-2026-00001", ())
    assert sent() == {
        "doctype": "Sales Invoice", "company": "Acme", "customer": "C-1", "po_no": REFERENCE, "currency": "USD", "set_posting_time": 1,
        "posting_date": "2026-03-31", "due_date": "2026-04-30", "is_return": 0,
        "items": [
            {"income_account": "200", "item_name": "Work", "description": "Work", "qty": 8, "uom": "Hour", "rate": Decimal("100.00")},
        ],
    }  # fmt: skip


@responses.activate
def test_erpnext_is_asked_by_our_reference() -> None:
    """An empty list is an absence, a row is compared, a credit is a return with negative quantities."""
    path = "/api/resource/Sales%20Invoice"
    answer("GET", path, {"data": []})
    assert target("erpnext").find(document()) == ()
    assert f'[["po_no","=","{REFERENCE}"]]' in (responses.calls[-1].request.url or "").replace("%22", '"').replace("%5B", "[").replace(
        "%5D", "]"
    )
    row = {"name": "A-1", "po_no": REFERENCE, "customer": "C-1", "currency": "USD", "net_total": Decimal("-800.00"), "docstatus": 1}
    responses.reset()
    answer("GET", path, {"data": [row]})
    (found,) = target("erpnext").find(document("credit"))
    assert (found.state, found.differs_from(document("credit"))) == (PushStatus.POSTED, ())
    answer("POST", path, {"data": {**row, "docstatus": 0}})
    target("erpnext").create(document("credit"))
    assert (sent()["is_return"], sent()["items"][0]["qty"]) == (1, -8)


@responses.activate
def test_erpnext_says_no() -> None:
    """417 with an exception is a refusal in its own words."""
    answer("POST", "/api/resource/Sales%20Invoice", {"exception": "frappe.exceptions.ValidationError: Customer C-1 not found"}, status=417)
    with pytest.raises(TargetRefusedError, match="Customer C-1 not found"):
        target("erpnext").create(document())


@responses.activate
def test_xero_takes_a_draft_of_its_own_form() -> None:
    """A list of one invoice each way, the tenant in a header, the total without tax."""
    made = {"InvoiceID": "7b2f", "InvoiceNumber": REFERENCE, "Status": "DRAFT", "SubTotal": Decimal("800.00"), "Total": Decimal("1000.00"),
            "CurrencyCode": "USD", "LineItems": [{}]}  # fmt: skip
    answer("PUT", "/Invoices", {"Id": "x", "Status": "OK", "Invoices": [made]})
    found = target("xero", company="tenant-1").create(document())
    assert (found.state, found.external_id, found.differs_from(document())) == (PushStatus.ACCEPTED, "7b2f", ())
    assert responses.calls[-1].request.headers["xero-tenant-id"] == "tenant-1"
    assert sent() == {
        "Invoices": [
            {
                "Type": "ACCREC", "InvoiceNumber": REFERENCE, "Contact": {"ContactNumber": "C-1"}, "CurrencyCode": "USD",
                "DateString": "2026-03-31", "DueDateString": "2026-04-30", "LineAmountTypes": "Exclusive", "Status": "DRAFT",
                "LineItems": [{"Description": "Work", "Quantity": 8, "UnitAmount": Decimal("100.00"), "AccountCode": "200"}],
            }
        ]
    }  # fmt: skip


@responses.activate
def test_xero_authorised_is_posted() -> None:
    """A person has authorised the draft: posted, with its tax and what is still to be paid."""
    row = {"InvoiceID": "7b2f", "InvoiceNumber": REFERENCE, "Status": "AUTHORISED", "SubTotal": Decimal("800.00"),
           "TotalTax": Decimal("200.00"), "AmountDue": Decimal("1000.00")}  # fmt: skip
    answer("GET", "/Invoices/7b2f", {"Invoices": [row]})
    found = target("xero", company="tenant-1").status(document(), "7b2f")
    assert found is not None
    assert (found.state, found.tax, found.remaining) == (PushStatus.POSTED, Decimal("200.00"), Decimal("1000.00"))
