"""`proforma db`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group("The store: migrations and the integrity of the ledger.")


@app.command(epilog="Examples: proforma db upgrade  |  proforma --config prod.yaml db upgrade")
def upgrade(ctx: typer.Context) -> None:
    """Bring the store to the schema of this version."""
    context = given(ctx)
    with context.workshop() as workshop:
        version = workshop.store.schema_version
    context.out.document({"schema": version}) if context.json else context.out.line(f"the store has schema {version}")


@app.command(epilog="Examples: proforma db check  |  proforma --json db check")
def check(ctx: typer.Context) -> None:
    """Fold every invoice's events anew, and account for every contract's money to the cent; exit code 1 when something does not hold."""
    from proforma.sync.proof import faults as proven_wrong

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        invoices = len(reader.ledger.invoices(include_deleted=True))
        faults = list(proven_wrong(reader, context.configuration.invoicing))
    if context.json:
        context.out.document({"invoices": invoices, "faults": [str(fault) for fault in faults]})
    else:
        for fault in faults:
            context.out.line(str(fault))
        context.out.line(f"{invoices} invoices checked, {len(faults)} faults")
    if faults:
        raise typer.Exit(1)
