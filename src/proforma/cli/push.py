"""`proforma push`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma push  |  proforma --json push")
def push(ctx: typer.Context) -> None:
    """Send confirmed invoices to finance, each exactly once; after any doubt finance is asked before it is told again."""
    from proforma.cli.report import report_push

    context = given(ctx)
    with context.workshop() as workshop:
        pushed = list(workshop.push().run())
    if report_push(context.out, pushed):
        raise typer.Exit(1)
