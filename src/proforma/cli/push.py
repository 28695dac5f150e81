"""`proforma push`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.output import Output
    from proforma.sync.delivery import Pushed
    from proforma.sync.workshop import Workshop

app = group()


@app.command(epilog="Examples: proforma push  |  proforma --json push --dry-run")
def push(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the documents that would be sent, and send nothing.")] = False,
    beyond_limits: Annotated[bool, typer.Option("--beyond-limits", help="Send them though finance.limits says it is too much.")] = False,
) -> None:
    """Send confirmed invoices to finance, each exactly once, and ask what became of earlier ones.

    After any doubt finance is asked before it is told again.
    """
    from proforma.cli.report import report_push

    context = given(ctx)
    with context.workshop() as workshop:
        if dry_run:
            attention = _show(context.out, workshop)
        else:
            pushed: list[Pushed] = []
            try:
                for row in workshop.push(beyond_limits=beyond_limits).run():
                    pushed.append(row)
            finally:
                # What was done is told even when something ends the run.
                attention = report_push(context.out, pushed)
    if attention:
        raise typer.Exit(1)


def _show(out: Output, workshop: Workshop) -> bool:
    """The documents; whether one of them cannot be made."""
    from proforma.domain.errors import RefusedError
    from proforma.sync.push import due_documents
    from proforma.sync.routes import Routes
    from proforma.transport.decoding import decode_untyped

    shown: list[dict[str, Any]] = []
    Routes(workshop.configuration.finance).apply(workshop.store)
    with workshop.store.read() as reader:
        for name in workshop.target_names:
            for invoice, made in due_documents(reader, name, workshop.documents_for(name).of):
                refused = made.message if isinstance(made, RefusedError) else None
                document = None if isinstance(made, RefusedError) else decode_untyped(made)
                shown.append({"id": invoice.id, "number": invoice.number, "target": name, "document": document, "refused": refused})
    if out.json:
        out.document({"dry_run": True, "invoices": shown})
    for row in () if out.json else shown:
        said = row["refused"] or f"{row['document']['total']} {row['document']['currency']} to {row['document']['customer']['account']}"
        out.line(f"{row['number']}  {row['target']}  {said}")
        for line in row["document"]["lines"] if row["document"] else ():
            out.line(f"    {line['line']:>3}  {line['type']:<16} {line['amount']:>12}  {line['description']}")
    return any(row["refused"] for row in shown)
