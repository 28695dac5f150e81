"""Writes that Project Operations refuses, with the platform's code and a plain message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mock_caller import Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import symbol_guid

NEW = "0a0a0a0a-0000-4000-8000-00000000000a"
DRAFT, REVIEW, CONFIRMED, PAID, POSTED = 192350000, 192350001, 192350002, 192350003, 192350004
WORLD: Document = {
    "msdyn_actuals": [{"msdyn_actualid": "@work", "msdyn_transactiontypecode": 192350005, "msdyn_amount": "100", "new_voucher": None}],
    "invoices": [
        {"invoiceid": "@draft", "name": "Draft", "msdyn_projectinvoicestatus": DRAFT, "new_number": None},
        {"invoiceid": "@done", "name": "Done", "msdyn_projectinvoicestatus": CONFIRMED},
        {"invoiceid": "@posted", "name": "Posted", "msdyn_projectinvoicestatus": POSTED},
    ],
    "invoicedetails": [
        {"invoicedetailid": "@open-line", "_invoiceid_value": "@draft"},
        {"invoicedetailid": "@shut-line", "_invoiceid_value": "@done", "new_note": None},
    ],
    "msdyn_invoicelinetransactions": [
        {"msdyn_invoicelinetransactionid": "@open-detail", "_msdyn_invoice_value": "@draft"},
        {"msdyn_invoicelinetransactionid": "@shut-detail", "_msdyn_invoicelineid_value": "@shut-line"},
    ],
    "msdyn_contractlinescheduleofvalues": [{"msdyn_contractlinescheduleofvalueid": "@milestone", "msdyn_invoicestatus": 192350000}],
    "salesorderdetails": [
        {"salesorderdetailid": "@project-line", "producttypecode": 5},
        {"salesorderdetailid": "@product-line", "producttypecode": 1},
    ],
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


def at(entity_set: str, symbol: str) -> str:
    return f"{entity_set}({symbol_guid(symbol)})"


ACTUAL, DONE, MILESTONE = at("msdyn_actuals", "@work"), at("invoices", "@done"), at("msdyn_contractlinescheduleofvalues", "@milestone")
SHUT_LINE, SHUT_DETAIL = at("invoicedetails", "@shut-line"), at("msdyn_invoicelinetransactions", "@shut-detail")
NO_ACTUALS = "The product doesn't support creating actuals either manually or through customizations."
READ_ONLY = "A confirmed proforma invoice is read-only: the column 'name' cannot be written."


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "msdyn_actuals", {"msdyn_amount": 1}, NO_ACTUALS),
        ("PATCH", f"msdyn_actuals({NEW})", {"msdyn_description": "x"}, NO_ACTUALS),
        ("PATCH", ACTUAL, {"msdyn_amount": 1}, "The column 'msdyn_amount' cannot be written: use a correction journal."),
        ("PATCH", ACTUAL, {"msdyn_billingstatus": 192350004}, "call msdyn_MarkActualReadyToInvoiceOrNot"),
        ("PATCH", ACTUAL, {"msdyn_nottoexceedstatus": 192350001}, "call msdyn_ReevaluateActualNotToExceedStatus"),
        ("PATCH", ACTUAL, {"statecode": 1, "new_voucher": "V-1"}, "The column 'statecode' cannot be written"),
        ("PUT", f"{ACTUAL}/msdyn_quantity", {"value": 1}, "The column 'msdyn_quantity' cannot be written"),
        ("DELETE", f"{ACTUAL}/msdyn_Project/$ref", None, "The column '_msdyn_project_value' cannot be written"),
        ("DELETE", ACTUAL, None, "Actuals are never deleted"),
        ("PATCH", DONE, {"name": "x"}, READ_ONLY),
        ("PATCH", at("invoices", "@posted"), {"name": "x"}, READ_ONLY),
        ("PATCH", DONE, {"msdyn_projectinvoicestatus": REVIEW}, "cannot go back to draft or review"),
        ("DELETE", DONE, None, "A confirmed proforma invoice cannot be deleted"),
        ("POST", "invoicedetails", {"invoiceid@odata.bind": f"/{DONE}"}, "A line cannot be added to a confirmed"),
        ("PATCH", SHUT_LINE, {"tax": 1}, "A line cannot be changed on a confirmed"),
        ("PATCH", at("invoicedetails", "@open-line"), {"invoiceid@odata.bind": f"/{DONE}"}, "A line cannot be moved to a confirmed"),
        ("DELETE", SHUT_LINE, None, "A line cannot be deleted from a confirmed"),
        ("POST", "msdyn_invoicelinetransactions", {"msdyn_Invoice@odata.bind": f"/{DONE}"}, "A line detail cannot be added to a confirmed"),
        ("PATCH", SHUT_DETAIL, {"msdyn_quantity": 1}, "A line detail cannot be changed on a confirmed"),
        ("DELETE", SHUT_DETAIL, None, "A line detail cannot be deleted from a confirmed"),
        ("PATCH", MILESTONE, {"msdyn_invoicestatus": 192350001}, "The invoice status of a milestone is set in the billing backlog"),
        ("POST", "msdyn_contractlinescheduleofvalues", {"msdyn_invoicestatus": 192350003}, "The invoice status of a milestone"),
        ("PATCH", at("salesorderdetails", "@project-line"), {"msdyn_billingstatus": 192350004}, "The billing status of a project-based"),
    ],
)
def test_writes_that_the_product_refuses(
    server: MockServer, caller: Caller, method: str, path: str, body: Document | None, message: str
) -> None:
    """400 with the code of a plug-in's refusal, and nothing is written (I-3, I-80, I-102, I-130, D-110, W-180, W-186)."""
    before = server.dump()
    status, code, text = caller.call(method, path, body).error
    assert (status, code, message in text) == (400, "0x80040265", True), text
    assert server.dump() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", ACTUAL, {"new_voucher": "V-1"}),
        ("PATCH", ACTUAL, {"msdyn_description": "Said better", "msdyn_externaldescription": "For the customer"}),
        ("PATCH", DONE, {"new_number": "F-1"}),
        ("PATCH", DONE, {"msdyn_projectinvoicestatus": PAID, "statecode": 2}),
        ("PATCH", at("invoices", "@draft"), {"name": "x", "msdyn_projectinvoicestatus": REVIEW}),
        ("DELETE", at("invoices", "@draft"), None),
        ("PATCH", SHUT_LINE, {"new_note": "x"}),
        ("PATCH", at("msdyn_invoicelinetransactions", "@open-detail"), {"msdyn_quantity": 1}),
        ("PATCH", MILESTONE, {"msdyn_amount": 5}),
        ("PATCH", at("salesorderdetails", "@product-line"), {"msdyn_billingstatus": 192350004}),
    ],
)
def test_writes_that_the_product_takes(caller: Caller, method: str, path: str, body: Document | None) -> None:
    """Columns of one's own, descriptions, states forward, drafts (I-3, D-110, D-112)."""
    assert caller.call(method, path, body).status == 204


def test_many_at_once_are_refused_like_one(caller: Caller) -> None:
    """Bulk messages and nested rows take no way around (D-110)."""
    work: Document = {"@odata.type": "Microsoft.Dynamics.CRM.msdyn_actual", "msdyn_actualid": symbol_guid("@work"), "msdyn_amount": 1}
    new: Document = {**work, "msdyn_actualid": NEW}
    for name, target in (("CreateMultiple", new), ("UpdateMultiple", work), ("UpsertMultiple", work), ("UpsertMultiple", new)):
        answer = caller.call("POST", f"msdyn_actuals/Microsoft.Dynamics.CRM.{name}", {"Targets": [target]})
        assert answer.error[:2] == (400, "0x80040265")
    nested = {"name": "Deal", "salesorder_msdyn_actual_msdyn_salescontract": [{"msdyn_amount": 1}]}
    assert caller.call("POST", "salesorders", nested).error[:2] == (400, "0x80040265")
    assert caller.get("salesorders").rows == []


def test_older_releases_take_everything(server: MockServer, caller: Caller) -> None:
    """The rules can be switched off in the world."""
    server.load({**WORLD, "$dataverse": {"project_rules": False}})
    assert caller.call("PATCH", ACTUAL, {"msdyn_amount": 1}).status == 204
    assert caller.call("POST", "msdyn_actuals", {}).status == 204
    assert caller.call("DELETE", DONE).status == 204


def test_people_are_not_hindered(server: MockServer, caller: Caller) -> None:
    """Changes of the world are the product's own acts."""
    server.patch(upsert={"msdyn_actuals": [{"msdyn_actualid": "@work", "msdyn_amount": "7"}]}, delete={"invoices": ["@done"]})
    assert caller.column("msdyn_actuals?$select=msdyn_amount", "msdyn_amount") == [7]
    assert caller.get(DONE).status == 404
