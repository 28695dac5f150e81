"""`proforma pull`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma pull  |  proforma pull actual price-list --full")
def pull(
    ctx: typer.Context,
    entities: Annotated[list[str] | None, typer.Argument(metavar="[ENTITY]...", help="Entities of the mappings; all by default.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, and find what was deleted.")] = False,
) -> None:
    """Read Dataverse into the mirror, page by page; a killed pull goes on where it stopped."""
    from proforma.cli.report import report_pull

    context = given(ctx)
    with context.workshop() as workshop:
        pulled = list(workshop.pull().run(entities or (), full=full))
        workshop.desk.flag_changed_sources()
    if report_pull(context.out, pulled):
        raise typer.Exit(1)
