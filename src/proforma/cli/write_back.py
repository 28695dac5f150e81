"""`proforma write-back`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.sync.write_back import WrittenBack

app = group()


@app.command("write-back", epilog="Examples: proforma write-back  |  proforma --json write-back --dry-run")
def write_back(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
) -> None:
    """Tell Dataverse what became of invoices: columns of your own, and what is ready to invoice, as mappings/write-back says.

    Without such a mapping nothing is written. Each row is looked at first, and changed only if nobody else changed it meanwhile.
    """
    from proforma.cli.report import report_write_back
    from proforma.transport.decoding import decode_untyped

    context = given(ctx)
    with context.workshop() as workshop:
        if not workshop.mappings.write_back:
            context.out.remark("nothing is written back: there is no file in mappings/write-back (docs/mappings.md says how)")
        if dry_run:
            rows = workshop.write_back().plan()
            wishes = [
                {"entity": r.entity, "row": r.row_id, "invoice": r.invoice_id, "wish": decode_untyped(r.content.encode())} for r in rows
            ]
            if context.json:
                context.out.document({"dry_run": True, "rows": wishes})
            for row in () if context.json else rows:
                context.out.line(f"{row.entity} {row.row_id}  {row.content}")
            return
        written: list[WrittenBack] = []
        try:
            for one in workshop.write_back().run():
                written.append(one)
        finally:
            # What was done is told even when something ends the run.
            attention = report_write_back(context.out, written)
    if attention:
        raise typer.Exit(1)
