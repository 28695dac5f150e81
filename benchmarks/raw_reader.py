"""The reference: the least that reads pages into SQLite. requests, msgspec, executemany; no mapping, no checks, no cursor."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import requests

COLUMNS = (
    "msdyn_actualid", "versionnumber", "msdyn_transactiontypecode", "msdyn_transactionclassification", "msdyn_transactiondate",
    "msdyn_documentdate", "msdyn_startdatetime", "_msdyn_project_value", "_msdyn_salescontract_value", "_msdyn_salescontractlineid_value",
    "_msdyn_contractorganizationalunitid_value", "_msdyn_resourceorganizationalunitid_value", "_msdyn_resourcecategory_value",
    "_msdyn_bookableresource_value", "_msdyn_transactioncategory_value", "_msdyn_product_value", "_msdyn_unit_value", "_msdyn_task_value",
    "msdyn_quantity", "msdyn_price", "msdyn_amount", "msdyn_amountmethod", "msdyn_basisquantity", "msdyn_basisprice", "msdyn_basisamount",
    "msdyn_percent", "_msdyn_pricelist_value", "_transactioncurrencyid_value", "msdyn_billingtype", "msdyn_billingstatus",
    "_msdyn_accountcustomer_value", "_msdyn_contactcustomer_value", "msdyn_customertype", "msdyn_adjustmentstatus", "msdyn_description",
    "msdyn_externaldescription", "_msdyn_invoice_value", "msdyn_nottoexceedstatus", "createdon", "modifiedon", "statecode",
)  # fmt: skip


def read(url: str, database: Path) -> int:
    """Reads every page into one table, a transaction a page as durable as ours; gives the number of rows."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE actuals ({COLUMNS[0]} TEXT PRIMARY KEY, {', '.join(COLUMNS[1:])})")
    statement = f"INSERT OR REPLACE INTO actuals VALUES ({', '.join('?' * len(COLUMNS))})"
    # Numbers as text keep their digits; this is the cheapest way to be exact.
    decoder = msgspec.json.Decoder(float_hook=str)
    session, rows, link = requests.Session(), 0, f"{url}/api/data/v9.2/msdyn_actuals"
    while link:
        page = decoder.decode(session.get(link, timeout=60).content)
        with connection:
            connection.executemany(statement, [tuple(row.get(column) for column in COLUMNS) for row in page["value"]])
        rows += len(page["value"])
        link = page.get("@odata.nextLink")
    connection.close()
    session.close()
    return rows
