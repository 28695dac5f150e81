"""Revising a confirmed proforma invoice: a draft that credits it in full, to be raised by hand (I-95, I-96, D-113)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final
from uuid import uuid4

from proforma.mock.dataverse.errors import plugin_refusal
from proforma.mock.dataverse.protection import is_confirmed
from proforma.mock.dataverse.writes import stored
from proforma.mock.project_columns import INVOICE_DETAILS, INVOICE_LINES, INVOICES, BillingType, InvoiceStatus
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

_SYSTEM: Final = frozenset({"createdon", "modifiedon", "versionnumber", "statecode", "statuscode", "invoicenumber"})
_ORIGINAL: Final = "_msdyn_originalinvoicelinedetail_value"


def revise(world: World, invoice: Row, chosen: Collection[str]) -> Row:
    """The draft that corrects a confirmed invoice: its details, or the chosen ones, with quantity 0. Raises where the product refuses."""
    if not is_confirmed(invoice):
        raise plugin_refusal("Only a confirmed or paid proforma invoice can be revised: edit the draft.")
    details = _details(world, invoice, chosen)
    totals: Row = dict.fromkeys(("totallineitemamount", "totalamount"), _total(details))
    state: Row = {"msdyn_projectinvoicestatus": int(InvoiceStatus.DRAFT), "msdyn_hascorrections": True}
    draft = _copy(world, _table(world, INVOICES), invoice, {**state, **totals})
    lines: dict[Value, Row] = {}
    for detail in details:
        line_id = detail.get("_msdyn_invoicelineid_value")
        if line_id not in lines:
            lines[line_id] = _line(world, line_id, draft, [one for one in details if one.get("_msdyn_invoicelineid_value") == line_id])
        _copy(world, _table(world, INVOICE_DETAILS), detail, _credit(detail, draft, lines[line_id]))
    return draft


def _details(world: World, invoice: Row, chosen: Collection[str]) -> list[Row]:
    rows = _table(world, INVOICE_DETAILS).rows.values()
    found = [
        row
        for row in rows
        if row.get("_msdyn_invoice_value") == invoice["invoiceid"] and (not chosen or row["msdyn_invoicelinetransactionid"] in chosen)
    ]
    if not found:
        raise plugin_refusal("The proforma invoice has no line details that can be revised; product lines are corrected by journal.")
    open_ones = {row.get(_ORIGINAL) for row in rows if not _is_confirmed(world, row)}
    taken = next((row for row in found if row["msdyn_invoicelinetransactionid"] in open_ones), None)
    if taken is not None:
        raise plugin_refusal(f"Line detail {taken['msdyn_invoicelinetransactionid']} is on an open correction already.")
    return found


def _is_confirmed(world: World, detail: Row) -> bool:
    invoice = _table(world, INVOICES).rows.get(str(detail.get("_msdyn_invoice_value")))
    return invoice is not None and is_confirmed(invoice)


def _line(world: World, line_id: Value, draft: Row, details: Sequence[Row]) -> Row:
    """A copy of the invoice line with the credits of its details as its amount."""
    table = _table(world, INVOICE_LINES)
    amounts: Row = {name: _total(details) for name in ("extendedamount", "baseamount", "priceperunit", "msdyn_chargeableamount")}
    return _copy(world, table, table.rows.get(str(line_id), {}), {"_invoiceid_value": draft["invoiceid"], **amounts})


def _credit(detail: Row, draft: Row, line: Row) -> Row:
    """The amount is that of quantity 0; the invoice amount is the difference to what was invoiced (I-96)."""
    return {
        "_msdyn_invoice_value": draft["invoiceid"],
        "_msdyn_invoicelineid_value": line["invoicedetailid"],
        _ORIGINAL: detail["msdyn_invoicelinetransactionid"],
        "msdyn_correction": True,
        "msdyn_quantity": Decimal(0),
        "msdyn_amount": Decimal(0),
        "msdyn_previousamount": _amount(detail),
        "msdyn_invoiceamount": -_amount(detail),
    }


def _copy(world: World, table: Table, row: Row, cells: Row) -> Row:
    """A new row with the product's own columns of another; what an administrator added belongs to the original."""
    kept = {name: value for name, value in row.items() if name in table.schema.wire and name not in _SYSTEM}
    return stored(world, table, {**kept, **cells, table.schema.primary_id: str(uuid4())})


def _total(details: Sequence[Row]) -> Decimal:
    """What the credits of the chargeable details come to (I-96)."""
    return -sum((_amount(detail) for detail in details if detail.get("msdyn_billingtype") == BillingType.CHARGEABLE), Decimal(0))


def _amount(detail: Row) -> Decimal:
    amount = detail.get("msdyn_amount")
    return Decimal(amount) if isinstance(amount, int | Decimal) else Decimal(0)


def _table(world: World, entity_set: str) -> Table:
    table = world.table(entity_set)
    assert table is not None
    return table
