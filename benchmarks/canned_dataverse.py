"""A server that only serves pages made beforehand, so that a benchmark measures the reader and not a server."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

PAGE_ROWS = 5_000
_PAGE = re.compile(r"page=(\d+)")

#: One unbilled time row as Dataverse sends it, with the columns that the mapping asks for. PPPPPP and IIIIII make the id.
_ROW = (
    '{"@odata.etag":"W/\\"1234567\\"","msdyn_actualid":"00000000-0000-4000-8000-PPPPPPIIIIII","versionnumber":1234567,'
    '"msdyn_transactiontypecode":192350005,"msdyn_transactionclassification":192350000,"msdyn_transactiondate":"2026-03-02",'
    '"msdyn_documentdate":"2026-03-02T00:00:00Z","msdyn_startdatetime":"2026-03-02T12:00:00Z",'
    '"_msdyn_project_value":"0d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e","_msdyn_salescontract_value":"1d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e",'
    '"_msdyn_salescontractlineid_value":"2d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e",'
    '"_msdyn_contractorganizationalunitid_value":"3d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e",'
    '"_msdyn_resourceorganizationalunitid_value":"3d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e",'
    '"_msdyn_resourcecategory_value":"4d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e","_msdyn_bookableresource_value":"5d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e",'
    '"_msdyn_transactioncategory_value":null,"_msdyn_product_value":null,"_msdyn_unit_value":"6d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e",'
    '"_msdyn_task_value":null,"msdyn_quantity":7.5000000000,"msdyn_price":null,"msdyn_amount":null,"msdyn_amountmethod":192350000,'
    '"msdyn_basisquantity":7.5,"msdyn_basisprice":75.0000,"msdyn_basisamount":562.5000,"msdyn_percent":null,"_msdyn_pricelist_value":null,'
    '"_transactioncurrencyid_value":"7d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e","msdyn_billingtype":192350001,"msdyn_billingstatus":192350004,'
    '"_msdyn_accountcustomer_value":"8d9e2c3a-51b5-5f0e-9d3c-1f2a3b4c5d6e","_msdyn_contactcustomer_value":null,'
    '"msdyn_customertype":192350001,"msdyn_adjustmentstatus":null,"msdyn_description":"Radar interface, second iteration",'
    '"msdyn_externaldescription":null,"_msdyn_invoice_value":null,"msdyn_nottoexceedstatus":null,'
    '"createdon":"2026-03-03T01:00:00Z","modifiedon":"2026-03-03T01:00:00Z","statecode":0}'
)


def page_template() -> bytes:
    """The rows of one page; the page's number is still to be filled in."""
    return ",".join(_ROW.replace("IIIIII", f"{index:06x}") for index in range(PAGE_ROWS)).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    template = b""
    pages = 1

    def do_GET(self) -> None:
        found = _PAGE.search(self.path)
        page = int(found.group(1)) if found else 0
        body = b'{"value":[' + (self.template.replace(b"PPPPPP", b"%06x" % page) if "msdyn_actuals" in self.path else b"") + b"]"
        if "msdyn_actuals" in self.path and page + 1 < self.pages:
            host = self.headers["Host"].encode()
            body += b',"@odata.nextLink":"http://%s/api/data/v9.2/msdyn_actuals?page=%d"' % (host, page + 1)
        self._answer(body + b"}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer(b'{"token_type":"Bearer","expires_in":3599,"access_token":"benchmark-token"}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json; odata.metadata=minimal")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""


def _serve(rows: int, ready: Connection) -> None:
    _Handler.template, _Handler.pages = page_template(), rows // PAGE_ROWS
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    ready.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def canned_dataverse(rows: int) -> Iterator[str]:
    """A server of `rows` actuals (a multiple of 5,000) in a process of its own; gives its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(rows, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
