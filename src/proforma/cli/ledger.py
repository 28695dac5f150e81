"""`proforma ledger`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group("The ledger of billed and unbilled actuals that confirmations made.")


@app.callback()
def ledger() -> None:
    """The ledger of billed and unbilled actuals that confirmations made."""


@app.command("list", epilog="Examples: proforma ledger list  |  proforma --json ledger list")
def list_ledger(ctx: typer.Context) -> None:
    """Every actual of the ledger, in the order of writing."""
    from proforma.cli.output import text
    from proforma.cli.shapes import ledger_shape

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        rows = reader.ledger.actuals()
        if context.json:
            context.out.stream({}, "actuals", (ledger_shape(row) for row in rows), iter([{}]))
            return
        columns = ("invoice", "type", "class", "reversal", "quantity", "price", "amount", "currency", "source", "billing")
        cells = (
            (row.invoice_id, row.type, row.transaction_class, "R" if row.reversal else "", text(row.quantity) or "", text(row.price) or "",
             text(row.amount) or "", row.currency, row.source, row.billing_type)
            for row in rows
        )  # fmt: skip
        context.out.table(columns, cells, right=("quantity", "price", "amount"), ids=("invoice", "source"))
