"""The actions of Project Operations that write-back calls, and what their calls must look like."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

import pytest
from mock_caller import API, Caller, Document, calling

from proforma.mock import MockServer
from proforma.mock.values import Value, symbol_guid

NEW = "0a0a0a0a-0000-4000-8000-00000000000a"
NOT_READY, CREATED, POSTED, CANCELED, READY = 192350000, 192350001, 192350002, 192350003, 192350004
NOT_EVALUATED, COMMITTED, FAILED, NOT_APPLICABLE = 192350000, 192350001, 192350002, 192350003
CHARGEABLE, NON_CHARGEABLE, NOT_AVAILABLE = 192350001, 192350000, 192350003
CRM = "Microsoft.Dynamics.CRM."
MARK, REEVALUATE, REVISE = "msdyn_MarkActualReadyToInvoiceOrNot", "msdyn_ReevaluateActualNotToExceedStatus", "msdyn_revise"


def unbilled(name: str, amount: Value = "100", **cells: Value) -> Document:
    return {
        "msdyn_actualid": name,
        "msdyn_transactiontypecode": 192350005,
        "msdyn_billingtype": CHARGEABLE,
        "msdyn_billingstatus": NOT_READY,
        "msdyn_amount": amount,
        "_msdyn_salescontract_value": "@deal",
        "_msdyn_salescontractlineid_value": "@line",
        "_msdyn_accountcustomer_value": "@acme",
        **cells,
    }


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load({"msdyn_actuals": [unbilled("@a"), unbilled("@b")]})
    with calling(server) as caller:
        yield caller


def at(symbol: str) -> str:
    return f"msdyn_actuals({symbol_guid(symbol)})"


def cells(caller: Caller, symbol: str, *names: str) -> list[Value]:
    document = caller.get(f"{at(symbol)}?$select={','.join(names)}").document
    return [document[name] for name in names]


def test_an_actual_is_made_ready_and_not_ready(caller: Caller) -> None:
    """Bound to the row; the change is tracked like any other (I-52, W-204, W-205)."""
    link = str(caller.get("msdyn_actuals?$select=msdyn_billingstatus", prefer="odata.track-changes").document["@odata.deltaLink"])
    answer = caller.call("POST", f"{at('@a')}/{CRM}{MARK}", {"ReadyToInvoice": True})
    assert (answer.status, answer.body) == (204, b"")
    assert [(row["msdyn_actualid"], row["msdyn_billingstatus"]) for row in caller.get(link).rows] == [(symbol_guid("@a"), READY)]
    assert caller.call("POST", f"{at('@a')}/{CRM}{MARK}", {"ReadyToInvoice": False}).status == 204
    assert [cells(caller, name, "msdyn_billingstatus") for name in ("@a", "@b")] == [[NOT_READY], [NOT_READY]]


@pytest.mark.parametrize(
    "ids",
    [
        f"{symbol_guid('@a')},{symbol_guid('@b').upper()}",
        [symbol_guid("@a"), symbol_guid("@b")],
        [{"@odata.type": f"{CRM}msdyn_actual", "msdyn_actualid": symbol_guid(name)} for name in ("@a", "@b")],
        [{"@odata.id": f"msdyn_actuals({symbol_guid(name)})"} for name in ("@a", "@b")],
    ],
    ids=["text", "list", "rows", "addresses"],
)
@pytest.mark.parametrize("path", [MARK, f"msdyn_actuals/{CRM}{MARK}"], ids=["unbound", "on the set"])
def test_several_actuals_at_once(caller: Caller, path: str, ids: Value) -> None:
    """Named by their ids in any of the forms that parameters have (W-204, W-207)."""
    assert caller.call("POST", path, {"Actuals": ids, "Ready": True}).status == 204
    assert caller.column("msdyn_actuals?$select=msdyn_billingstatus", "msdyn_billingstatus") == [READY, READY]


def test_the_same_status_again_is_no_change(caller: Caller) -> None:
    """No error and no new version (I-52)."""
    version = cells(caller, "@a", "versionnumber")
    assert caller.call("POST", f"{at('@a')}/{CRM}{MARK}", {"Ready": False}).status == 204
    assert cells(caller, "@a", "versionnumber") == version


@pytest.mark.parametrize(
    ("cells_of_row", "reason"),
    [
        ({"msdyn_billingstatus": CREATED}, "it is on a draft invoice"),
        ({"msdyn_billingstatus": POSTED}, "it is invoiced"),
        ({"msdyn_billingstatus": CANCELED}, "it is canceled"),
        ({"msdyn_billingstatus": 690970000}, "its billing status is final"),
        ({"msdyn_adjustmentstatus": 192350001}, "it is adjusted"),
        ({"msdyn_billingtype": NOT_AVAILABLE}, "its billing type is Not Available"),
        ({"msdyn_nottoexceedstatus": FAILED}, "it fails its not-to-exceed limit"),
        ({"msdyn_transactiontypecode": 192350006}, "it is no unbilled sales actual"),
    ],
)
def test_what_cannot_be_made_ready(server: MockServer, caller: Caller, cells_of_row: Document, reason: str) -> None:
    """One that is refused, and none of the call is done (I-44, I-52)."""
    server.load({"msdyn_actuals": [unbilled("@a"), {**unbilled("@b"), **cells_of_row}]})
    before = server.dump()
    error = caller.call("POST", MARK, {"Actuals": f"{symbol_guid('@a')},{symbol_guid('@b')}", "Ready": True}).error
    assert error == (400, "0x80040265", f"The billing status of actual {symbol_guid('@b')} cannot be changed: {reason}.")
    assert server.dump() == before


LIMITS: Document = {
    "salesorders": [{"salesorderid": "@deal", "msdyn_nottoexceedlimit": "10000"}],
    "salesorderdetails": [{"salesorderdetailid": "@line"}],
}


def limited(place: str) -> Document:
    """A limit of 1,000 at one of the four levels, and a distractor for another customer."""
    row: Document = {"msdyn_nottoexceedlimit": "1000"}
    other: Document = {"msdyn_nottoexceedlimit": "1", "_msdyn_accountcustomer_value": "@other"}
    mine: Document = {**row, "_msdyn_accountcustomer_value": "@acme"}
    of_line: Document = {"_msdyn_contractlineid_value": "@line"}
    of_deal: Document = {"_msdyn_contract_value": "@deal"}
    levels: dict[str, Document] = {
        "line and customer": {"msdyn_contractlinesplitbillingrules": [{**other, **of_line}, {**mine, **of_line}]},
        "line": {"salesorderdetails": [{"salesorderdetailid": "@line", **row}]},
        "contract and customer": {"msdyn_projectcontractsplitbillingrules": [{**other, **of_deal}, {**mine, **of_deal}]},
        "contract": {"salesorders": [{"salesorderid": "@deal", **row}]},
    }
    return levels[place]


@pytest.mark.parametrize("place", ["line and customer", "line", "contract and customer", "contract"])
def test_limits_at_four_levels(server: MockServer, caller: Caller, place: str) -> None:
    """600 fits 1,000, 500 more does not, and then 400 does; what fails or is not chargeable consumes nothing (I-40 to I-43)."""
    rows = [
        unbilled("@first", "600"),
        unbilled("@second", "500"),
        unbilled("@third", "400"),
        unbilled("@free", "9999", msdyn_billingtype=NON_CHARGEABLE),
    ]
    server.load({**LIMITS, **limited(place), "msdyn_actuals": rows})
    ids = [symbol_guid(str(row["msdyn_actualid"])) for row in reversed(rows)]
    assert caller.call("POST", REEVALUATE, {"Actuals": cast("Value", ids)}).status == 204
    found = [cells(caller, str(row["msdyn_actualid"]), "msdyn_nottoexceedstatus")[0] for row in rows]
    assert found == [COMMITTED, FAILED, COMMITTED, None]


def test_what_is_billed_consumes_the_limit(server: MockServer, caller: Caller) -> None:
    """Billed 700 less a reversal of 200 leave 500 of 1,000; a draft's 300 counts, its own does not count twice (I-42, I-45)."""
    billed: Document = {"msdyn_transactiontypecode": 192350006, "msdyn_billingstatus": None}
    rows = [
        unbilled("@billed", "700", **billed),
        unbilled("@reversal", "-200", **billed),
        unbilled("@on-draft", "300", msdyn_billingstatus=CREATED, msdyn_nottoexceedstatus=COMMITTED),
        unbilled("@confirmed", "700", msdyn_billingstatus=POSTED, msdyn_nottoexceedstatus=COMMITTED),
        unbilled("@fits", "200", msdyn_nottoexceedstatus=COMMITTED),
        unbilled("@more", "0.01"),
    ]
    server.load({**LIMITS, **limited("contract"), "msdyn_actuals": rows})
    for name in ("@fits", "@more", "@on-draft"):
        assert caller.call("POST", f"{at(name)}/{CRM}{REEVALUATE}").status == 204
    assert [cells(caller, name, "msdyn_nottoexceedstatus") for name in ("@fits", "@more", "@on-draft")] == [
        [COMMITTED],
        [FAILED],
        [COMMITTED],
    ]


def test_readiness_evaluates_first(server: MockServer, caller: Caller) -> None:
    """What was not evaluated is, and refused when it fails; without a limit the status is not applicable (I-41, I-44)."""
    server.load({**LIMITS, **limited("line"), "msdyn_actuals": [unbilled("@fits", "1000"), unbilled("@fails", "0.01")]})
    assert caller.call("POST", f"{at('@fits')}/{CRM}{MARK}", {"Ready": True}).status == 204
    assert "not-to-exceed" in caller.call("POST", f"{at('@fails')}/{CRM}{MARK}", {"Ready": True}).error[2]
    names = ("msdyn_billingstatus", "msdyn_nottoexceedstatus")
    assert [cells(caller, name, *names) for name in ("@fits", "@fails")] == [[READY, COMMITTED], [NOT_READY, None]]
    server.load({"msdyn_actuals": [unbilled("@free")]})
    assert caller.call("POST", f"{at('@free')}/{CRM}{MARK}", {"Ready": True}).status == 204
    assert cells(caller, "@free", *names) == [READY, NOT_APPLICABLE]


def detail(name: str, amount: str, **more: Value) -> Document:
    return {
        "msdyn_invoicelinetransactionid": name,
        "_msdyn_invoice_value": "@invoice",
        "_msdyn_invoicelineid_value": "@line",
        "msdyn_billingtype": CHARGEABLE,
        "msdyn_quantity": "8",
        "msdyn_price": "200",
        "msdyn_amount": amount,
        **more,
    }


INVOICED: Document = {
    "invoices": [
        {"invoiceid": "@invoice", "name": "May", "msdyn_projectinvoicestatus": 192350002, "totalamount": "1700", "new_number": "F-1"},
        {"invoiceid": "@draft", "msdyn_projectinvoicestatus": 192350000},
    ],
    "invoicedetails": [{"invoicedetailid": "@line", "_invoiceid_value": "@invoice", "extendedamount": "1700", "description": "Work"}],
    "msdyn_invoicelinetransactions": [
        detail("@work", "1600"),
        detail("@travel", "100"),
        detail("@gift", "50", msdyn_billingtype=NON_CHARGEABLE),
    ],
}


def revised(caller: Caller, body: Document) -> Document:
    answer = caller.call("POST", f"invoices({symbol_guid('@invoice')})/{CRM}{REVISE}", body)
    assert answer.status == 200, answer.body
    return answer.document


def test_a_confirmed_invoice_is_revised(server: MockServer, caller: Caller) -> None:
    """A draft with all details at quantity 0: a full credit of what is chargeable (I-95, I-96, D-113, W-205)."""
    server.load(INVOICED)
    draft = revised(caller, {})
    assert draft["@odata.context"] == f"{caller.url}{API}$metadata#invoices/$entity"
    assert (draft["name"], draft["msdyn_projectinvoicestatus"], draft["msdyn_hascorrections"], draft["totalamount"]) == (
        "May",
        192350000,
        True,
        -1700,
    )
    (line,) = caller.get(f"invoicedetails?$filter=_invoiceid_value eq {draft['invoiceid']}").rows
    assert (line["extendedamount"], line["description"]) == (-1700, "Work")
    credited = caller.get(f"msdyn_invoicelinetransactions?$filter=_msdyn_invoice_value eq {draft['invoiceid']}").rows
    names = ("_msdyn_originalinvoicelinedetail_value", "msdyn_correction", "msdyn_quantity", "msdyn_price", "msdyn_amount")
    amounts = ("msdyn_previousamount", "msdyn_invoiceamount")
    assert sorted(([row[name] for name in (*names, *amounts)] for row in credited), key=lambda row: int(cast("Decimal", row[-1]))) == [
        [symbol_guid("@work"), True, 0, 200, 0, 1600, -1600],
        [symbol_guid("@travel"), True, 0, 200, 0, 100, -100],
        [symbol_guid("@gift"), True, 0, 200, 0, 50, -50],
    ]
    assert {row["_msdyn_invoicelineid_value"] for row in credited} == {line["invoicedetailid"]}


def test_chosen_details_are_revised_once(server: MockServer, caller: Caller) -> None:
    """Only those named; none that stands on an open correction; no draft (I-95, I-100)."""
    server.load(INVOICED)
    assert revised(caller, {"Details": [symbol_guid("@travel")]})["totalamount"] == -100
    path = f"invoices({symbol_guid('@invoice')})/{CRM}{REVISE}"
    assert "is on an open correction already" in caller.call("POST", path, {}).error[2]
    assert revised(caller, {"Details": [symbol_guid("@work")]})["totalamount"] == -1600
    assert "no line details" in caller.call("POST", path, {"Details": [NEW]}).error[2]
    draft = caller.call("POST", f"invoices({symbol_guid('@draft')})/{CRM}{REVISE}", {})
    assert draft.error == (400, "0x80040265", "Only a confirmed or paid proforma invoice can be revised: edit the draft.")


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("POST", "msdyn_Nothing", {}, (404, "0x8006088a", "Resource not found for the segment 'msdyn_Nothing'.")),
        ("POST", f"{CRM}{MARK}", {}, (404, "0x8006088a", f"Resource not found for the segment '{CRM}{MARK}'.")),
        ("POST", f"msdyn_actuals/{CRM}Nothing", {}, (404, "0x8006088a", f"Resource not found for the segment '{CRM}Nothing'.")),
        ("POST", f"msdyn_actuals/{CRM}{REVISE}", {}, (404, "0x8006088a", f"Resource not found for the segment '{CRM}{REVISE}'.")),
        ("POST", f"{at('@a')}/{CRM}{MARK}/more", {}, (404, "0x8006088a", "Resource not found for the segment 'more'.")),
        ("POST", f"{at('@a')}/{MARK}", {"Ready": True}, (400, "0x80060888", "Request message has unresolved parameters")),
        ("POST", f"msdyn_actuals/{MARK}", {"Ready": True}, (400, "0x80060888", "Request message has unresolved parameters")),
        ("POST", f"msdyn_actuals({NEW})/{CRM}{MARK}", {"Ready": True}, (404, "0x80040217", f"msdyn_actual With Id = {NEW} Does Not Exist")),
        ("POST", MARK, {"Actuals": NEW, "Ready": True}, (404, "0x80040217", f"msdyn_actual With Id = {NEW} Does Not Exist")),
        ("POST", MARK, {"Ready": True}, (400, "0x80040203", f"{MARK} names no row of msdyn_actuals.")),
        (
            "POST",
            f"{at('@a')}/{CRM}{MARK}",
            {},
            (400, "0x80040203", "A parameter is missing: expected true for ready or false for not ready to invoice."),
        ),
        ("POST", MARK, {"Actuals": [{"name": "x"}]}, (400, "0x80048d19", "EdmEntityObject passed should have the key property value set.")),
    ],
)
def test_calls_that_cannot_be(caller: Caller, method: str, path: str, body: Document, error: tuple[int, str, str]) -> None:
    """Unknown names, wrong places, missing parameters (W-183, W-204, W-207)."""
    assert caller.call(method, path, body).error == error


@pytest.mark.parametrize("path", [MARK, f"{at('@a')}/{CRM}{MARK}", f"accounts/{CRM}CreateMultiple"])
def test_actions_are_posted(caller: Caller, path: str) -> None:
    """Any other method finds no such resource (W-208)."""
    status, code, message = caller.get(path).error
    assert (status, code, message.startswith("No HTTP resource was found that matches the request URI 'http://")) == (404, "", True)


def test_an_action_in_a_change_set(caller: Caller) -> None:
    """It is taken back with the rest (W-154, W-204)."""

    def part(number: int, line: str, body: str) -> str:
        head = f"--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\n"
        return f"{head}POST {line} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"

    for last, status in ((part(2, "accounts", '{"name":"A"}'), READY), (part(2, "accounts", '{"Name":"A"}'), NOT_READY)):
        caller.call("POST", f"{at('@a')}/{CRM}{MARK}", {"Ready": False})
        parts = part(1, f"{at('@a')}/{CRM}{MARK}", '{"Ready":true}') + last
        body = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{parts}--c--\r\n--b--\r\n"
        caller.call("POST", "$batch", body.encode(), content_type="multipart/mixed; boundary=b")
        assert cells(caller, "@a", "msdyn_billingstatus") == [status]
