"""A server that only serves pages made beforehand, so that a benchmark measures the reader and not a server."""

from __future__ import annotations

import multiprocessing
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from uuid import UUID

PAGE_ROWS = 5_000
#: Different pages that are made; a table of more pages repeats them under other ids.
_PAGES_MADE = 8
_PAGE = re.compile(r"page=(\d+)")
_DELTA = re.compile(r"delta=(\d+)")
_ID = re.compile(rb'"msdyn_actualid":"([0-9a-f-]{36})"')
_DELETED = b'{"@odata.context":"x/$metadata#msdyn_actuals/$deletedEntity","id":"%s","reason":"deleted"}'
#: What the description of a changed row begins with.
CHANGED = "Changed: "

#: The columns that each reader keeps: 40, the id among them.
COLUMNS = (
    "msdyn_actualid", "versionnumber", "msdyn_transactiontypecode", "msdyn_transactionclassification", "msdyn_transactiondate",
    "msdyn_documentdate", "msdyn_startdatetime", "_msdyn_project_value", "_msdyn_salescontract_value", "_msdyn_salescontractlineid_value",
    "_msdyn_contractorganizationalunitid_value", "_msdyn_resourceorganizationalunitid_value", "_msdyn_resourcecategory_value",
    "_msdyn_bookableresource_value", "_msdyn_transactioncategory_value", "_msdyn_product_value", "_msdyn_unit_value", "_msdyn_task_value",
    "msdyn_quantity", "msdyn_price", "msdyn_amount", "msdyn_amountmethod", "msdyn_basisquantity", "msdyn_basisprice", "msdyn_basisamount",
    "msdyn_percent", "_msdyn_pricelist_value", "_transactioncurrencyid_value", "msdyn_billingtype", "msdyn_billingstatus",
    "_msdyn_accountcustomer_value", "_msdyn_contactcustomer_value", "msdyn_customertype", "msdyn_adjustmentstatus", "msdyn_description",
    "msdyn_externaldescription", "_msdyn_invoice_value", "createdon", "modifiedon", "statecode",
)  # fmt: skip

_DESCRIPTIONS = (
    "Radar interface, second iteration",
    "Steering group",
    "Travel to the yard",
    "Review of the drawings with the class society",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is served: so many actuals, so many a page, and how long the server takes for each page."""

    rows: int
    page_rows: int = PAGE_ROWS
    page_seconds: float = 0.0

    @property
    def pages(self) -> int:
        """Number of pages."""
        return -(-self.rows // self.page_rows)

    @property
    def changed_a_page(self) -> int:
        """Rows of each page that its delta link names: one of a hundred."""
        return self.page_rows // 100

    @property
    def changed(self) -> int:
        """Number of changed rows."""
        return self.changed_a_page * self.pages

    @property
    def deleted(self) -> int:
        """Number of deleted rows."""
        return 10

    def deleted_ids(self, first_page: bytes) -> list[bytes]:
        """The rows that are gone: some of the first page, none of which changed."""
        return _ID.findall(first_page)[1 : 1 + self.deleted]


def row_text(chance: random.Random) -> str:
    """One actual as Dataverse sends it; the page's number is still to be filled in for PPPPPP."""

    def guid(kind: int, count: int) -> str:
        return str(UUID(int=(kind << 96) | 0x4000_8000_0000_0000_0000 | chance.randrange(count) * 0x9E37))

    project, role, is_time = chance.randrange(500), chance.randrange(30), chance.random() < 0.8
    hours = chance.randrange(1, 41) * 25
    cents = hours * (7500 + role * 250) // 100 if is_time else chance.randrange(100, 1_000_000)
    day = f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
    entered = f"{day}T{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}Z"
    version = chance.randrange(10**6, 10**8)
    text = f"{chance.choice(_DESCRIPTIONS)} {chance.randrange(1000)}"
    contract = guid(3, 1) if project == 0 else str(UUID(int=(3 << 96) | (project % 120)))
    return (
        f'{{"@odata.etag":"W/\\"{version}\\"","msdyn_actualid":"{chance.getrandbits(32):08x}-{chance.getrandbits(16):04x}-4000-8000-PPPPPP'
        f'{chance.getrandbits(24):06x}","versionnumber":{version},"msdyn_transactiontypecode":192350005,'
        f'"msdyn_transactionclassification":{192350000 if is_time else 192350001},"msdyn_transactiondate":"{day}",'
        f'"msdyn_documentdate":"{day}T00:00:00Z","msdyn_startdatetime":"{entered}",'
        f'"_msdyn_project_value":"{UUID(int=(2 << 96) | project)}",'
        f'"_msdyn_salescontract_value":"{contract}","_msdyn_salescontractlineid_value":"{guid(4, 240)}",'
        f'"_msdyn_contractorganizationalunitid_value":"{guid(5, 4)}","_msdyn_resourceorganizationalunitid_value":"{guid(5, 12)}",'
        f'"_msdyn_resourcecategory_value":"{guid(6, 30)}","_msdyn_bookableresource_value":"{guid(7, 400)}",'
        f'"_msdyn_transactioncategory_value":{"null" if is_time else chr(34) + guid(8, 20) + chr(34)},"_msdyn_product_value":null,'
        f'"_msdyn_unit_value":"{guid(9, 5)}","_msdyn_task_value":"{guid(10, 20_000)}","msdyn_quantity":{hours / 100:.10f},'
        f'"msdyn_price":null,"msdyn_amount":{cents // 100}.{cents % 100:02d}00,"msdyn_amountmethod":192350000,'
        f'"msdyn_basisquantity":{hours / 100:.2f},"msdyn_basisprice":{75 + role * 2.5:.4f},'
        f'"msdyn_basisamount":{cents // 100}.{cents % 100:02d}00,'
        f'"msdyn_percent":null,"_msdyn_pricelist_value":"{guid(11, 12)}","_transactioncurrencyid_value":"{guid(12, 6)}",'
        f'"msdyn_billingtype":192350001,"msdyn_billingstatus":192350004,"_msdyn_accountcustomer_value":"{guid(13, 80)}",'
        f'"_msdyn_contactcustomer_value":null,"msdyn_customertype":192350001,"msdyn_adjustmentstatus":null,"msdyn_description":"{text}",'
        f'"msdyn_externaldescription":null,"_msdyn_invoice_value":null,"createdon":"{entered}","modifiedon":"{entered}","statecode":0}}'
    )


def changed_rows(page: bytes) -> list[bytes]:
    """Every hundredth row of a page, changed."""
    rows = page.split(b',{"@odata.etag"')
    chosen = [rows[0], *(b'{"@odata.etag"' + row for row in rows[100::100])]
    return [row.replace(b'"msdyn_description":"', b'"msdyn_description":"' + CHANGED.encode()) for row in chosen]


def pages_made(page_rows: int) -> list[bytes]:
    """The rows of the different pages."""
    chance = random.Random(2026)
    return [",".join(row_text(chance) for _ in range(page_rows)).encode() for _ in range(_PAGES_MADE)]


class CannedHandler(BaseHTTPRequestHandler):
    """What every server of the benchmarks does: sign-in and answers of known length."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.answer(b'{"token_type":"Bearer","expires_in":3599,"access_token":"benchmark-token"}')

    def answer(self, body: bytes, status: int = 200, *, retry_after: int | None = None) -> None:
        """Sends a JSON body."""
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Type", "application/json; odata.metadata=minimal")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""


class _Handler(CannedHandler):
    made: tuple[bytes, ...] = ()
    changed: tuple[bytes, ...] = ()
    table = Table(rows=0)

    def do_GET(self) -> None:
        base = b"http://%s/api/data/v9.2/msdyn_actuals" % self.headers["Host"].encode()
        if "msdyn_actuals" not in self.path:
            self.answer(b'{"value":[]}')
        elif "delta=" in self.path:
            self.answer(self._changes(base))
        else:
            time.sleep(self.table.page_seconds)
            found = _PAGE.search(self.path)
            page = int(found.group(1)) if found else 0
            more = page + 1 < self.table.pages
            onward = b'"@odata.nextLink":"%s?page=%d"' % (base, page + 1) if more else b'"@odata.deltaLink":"%s?delta=0"' % base
            self.answer(b'{"value":[' + self._rows(page) + b"]," + onward + b"}")

    def _rows(self, page: int) -> bytes:
        return self.made[page % len(self.made)].replace(b"PPPPPP", b"%06x" % page)

    def _changes(self, base: bytes) -> bytes:
        """The changed rows of every page, a page of changes at a time, and behind the last ones the deletions."""
        first = int(_DELTA.search(self.path)[1])  # type: ignore[index]
        pages = range(first, min(self.table.pages, first + self.table.page_rows // self.table.changed_a_page))
        # Prepared, as a server has its changes in an index: the time of the reader is measured, not that of this search.
        entries = [self.changed[page % len(self.made)].replace(b"PPPPPP", b"%06x" % page) for page in pages]
        if pages.stop < self.table.pages:
            onward = b'"@odata.nextLink":"%s?delta=%d"' % (base, pages.stop)
        else:
            onward = b'"@odata.deltaLink":"%s?delta=0"' % base
            entries += [_DELETED % identity for identity in self.table.deleted_ids(self._rows(0))]
        return b'{"value":[' + b",".join(entries) + b"]," + onward + b"}"


def _serve(prepared: Callable[[Table], type[CannedHandler]], table: Table, ready: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), prepared(table))
    ready.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def served(prepared: Callable[[Table], type[CannedHandler]], table: Table) -> Iterator[str]:
    """A server of the table in a process of its own, which prepares what it says; gives its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(prepared, table, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _prepared(table: Table) -> type[CannedHandler]:
    _Handler.made, _Handler.table = tuple(pages_made(table.page_rows)), table
    _Handler.changed = tuple(b",".join(changed_rows(page)) for page in _Handler.made)
    return _Handler


def canned_dataverse(table: Table) -> AbstractContextManager[str]:
    """A server of the table; gives its URL."""
    return served(_prepared, table)
