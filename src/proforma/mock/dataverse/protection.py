"""Writes that Project Operations refuses (I-3, I-80, I-102, I-130, D-110), unless `$dataverse.project_rules` of the world is off.

Columns that an administrator added may always be written: those that neither the tables' definitions nor the product's prefix claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from proforma.mock import project_columns as project
from proforma.mock.dataverse.errors import ODataError, plugin_refusal
from proforma.mock.project_columns import InvoiceStatus
from proforma.mock.schema import TableSchema
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

_NO_ACTUALS: Final = (
    "The product doesn't support creating actuals either manually or through customizations. "
    "Use entry journals to create new actuals and Correct entries update existing actuals."
)
_TEXTS: Final = frozenset({"msdyn_description", "msdyn_externaldescription"})
_STATES: Final = frozenset({"statecode", "statuscode", "msdyn_projectinvoicestatus"})


def refuse_creation(world: World, table: Table, cells: Mapping[str, Value]) -> None:
    """Raise when the product does not let this row be made."""
    if not world.switches.project_rules:
        return
    match table.schema.entity_set:
        case project.ACTUALS:
            raise plugin_refusal(_NO_ACTUALS)
        case project.MILESTONES:
            if cells.get("msdyn_invoicestatus") not in (None, project.MILESTONE_NOT_READY):
                raise _milestone_status()
        case project.INVOICE_LINES | project.INVOICE_DETAILS:
            _refuse_confirmed(world, table, cells, "be added to")


def refuse_change(world: World, table: Table, row: Row, cells: Mapping[str, Value]) -> None:
    """Raise when the product does not let these cells of a row be written, also when they stay as they are."""
    own = sorted(_own(table.schema, cells))
    if not world.switches.project_rules or not own:
        return
    match table.schema.entity_set:
        case project.ACTUALS:
            _refuse_actual(name for name in own if name not in _TEXTS)
        case project.INVOICES:
            _refuse_invoice(row, cells, own)
        case project.INVOICE_LINES | project.INVOICE_DETAILS:
            _refuse_confirmed(world, table, row, "be changed on")
            _refuse_confirmed(world, table, {**row, **cells}, "be moved to")
        case project.MILESTONES:
            if "msdyn_invoicestatus" in cells:
                raise _milestone_status()
        case project.CONTRACT_LINES:
            if "msdyn_billingstatus" in cells and row.get("producttypecode") == project.PROJECT_LINE:
                raise plugin_refusal("The billing status of a project-based contract line cannot be set: it is that of its actuals.")


def refuse_deletion(world: World, table: Table, row: Row) -> None:
    """Raise when the product does not let the row go."""
    if not world.switches.project_rules:
        return
    match table.schema.entity_set:
        case project.ACTUALS:
            raise plugin_refusal("Actuals are never deleted: correct the entry, which reverses and replaces the actual.")
        case project.INVOICES:
            if is_confirmed(row):
                raise plugin_refusal("A confirmed proforma invoice cannot be deleted: correct it.")
        case project.INVOICE_LINES | project.INVOICE_DETAILS:
            _refuse_confirmed(world, table, row, "be deleted from")


def is_confirmed(invoice: Mapping[str, Value]) -> bool:
    """Whether a proforma invoice is confirmed, paid, or in a later state that an environment may have."""
    status = invoice.get("msdyn_projectinvoicestatus")
    return status is not None and status not in (InvoiceStatus.DRAFT, InvoiceStatus.IN_REVIEW)


def _own(schema: TableSchema, cells: Iterable[str]) -> set[str]:
    """The names that the product or the platform owns."""
    return {name for name in cells if name in schema.wire or name.lstrip("_").startswith("msdyn_")}


def _refuse_actual(names: Iterable[str]) -> None:
    name = next(iter(names), None)
    ways = {
        "msdyn_billingstatus": "call msdyn_MarkActualReadyToInvoiceOrNot",
        "msdyn_nottoexceedstatus": "call msdyn_ReevaluateActualNotToExceedStatus",
    }
    if name is not None:
        raise plugin_refusal(f"{_NO_ACTUALS} The column '{name}' cannot be written: {ways.get(name, 'use a correction journal')}.")


def _refuse_invoice(row: Row, cells: Mapping[str, Value], own: Iterable[str]) -> None:
    """A confirmed invoice takes states only, and no way back (I-80)."""
    if not is_confirmed(row):
        return
    if not is_confirmed({**row, **cells}):
        raise plugin_refusal("The status of a confirmed proforma invoice cannot go back to draft or review.")
    name = next((name for name in own if name not in _STATES), None)
    if name is not None:
        raise plugin_refusal(f"A confirmed proforma invoice is read-only: the column '{name}' cannot be written. Correct the invoice.")


def _refuse_confirmed(world: World, table: Table, row: Mapping[str, Value], act: str) -> None:
    """Lines and details of a confirmed invoice stay as they are (I-102)."""
    invoice = _invoice_of(world, table, row)
    if invoice is not None and is_confirmed(invoice):
        what = "A line" if table.schema.entity_set == project.INVOICE_LINES else "A line detail"
        raise plugin_refusal(f"{what} cannot {act} a confirmed proforma invoice: correct the invoice.")


def _invoice_of(world: World, table: Table, row: Mapping[str, Value]) -> Row | None:
    if table.schema.entity_set == project.INVOICE_DETAILS and row.get("_msdyn_invoice_value") is None:
        line = _row(world, project.INVOICE_LINES, row.get("_msdyn_invoicelineid_value"))
        return _row(world, project.INVOICES, line.get("_invoiceid_value")) if line else None
    lookup = "_msdyn_invoice_value" if table.schema.entity_set == project.INVOICE_DETAILS else "_invoiceid_value"
    return _row(world, project.INVOICES, row.get(lookup))


def _row(world: World, entity_set: str, row_id: Value) -> Row | None:
    table = world.table(entity_set)
    return table.rows.get(str(row_id)) if table else None


def _milestone_status() -> ODataError:
    return plugin_refusal("The invoice status of a milestone is set in the billing backlog and by invoicing, not by writing the column.")
