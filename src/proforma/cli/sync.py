"""`proforma sync`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma sync  |  proforma --json sync --dry-run")
def sync(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Pull and price, and show what would be drafted and sent.")] = False,
) -> None:
    """One whole cycle: pull, price, draft if `invoicing.schedule` says so, push, write back."""
    from proforma.cli.report import report_cycle
    from proforma.sync.cycle import run_cycle

    context = given(ctx)
    with context.workshop() as workshop:
        cycle = run_cycle(workshop, as_of=context.business_date, dry_run=dry_run, with_lines=context.out.json)
    if report_cycle(context.out, cycle):
        raise typer.Exit(1)
