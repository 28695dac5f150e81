"""`proforma status`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma status  |  proforma --json status")
def status(ctx: typer.Context) -> None:
    """How far everything is: entities and their age, drafts, invoices on their way, problems."""
    from proforma.sync.status import read_status

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        now = read_status(reader, at=workshop.now())
    out = context.out
    if context.json:
        out.document(now.shape())
        return
    rows = [
        (e.entity, str(e.rows), "reading" if e.unfinished else "complete", f"{e.age_seconds / 60:.0f} min")
        for e in now.entities
        if e.rows or e.unfinished
    ]
    out.table(("entity", "rows", "state", "age"), rows, right=("rows", "age"))
    out.line("invoices: " + (", ".join(f"{count} {name}" for name, count in now.invoices.items()) or "none"))
    if taken := now.origins.get("dataverse", 0):
        out.line(f"of Dataverse: {taken}, of which {now.held} are held")
    out.line("push: " + (", ".join(f"{count} {name}" for name, count in now.push.items()) or "nothing waiting"))
    out.line(f"problems: {now.problems}")
