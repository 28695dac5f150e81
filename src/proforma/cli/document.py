"""`proforma quote check` and `proforma contract check`: one question about two kinds of documents."""

from __future__ import annotations

import typer

from proforma.cli.context import given


def check(ctx: typer.Context, document: str) -> None:
    """Shows what a document should have received, what is wrong with its lists, and each line's price beside the stored one."""
    from proforma.cli.ids import guid
    from proforma.cli.output import text
    from proforma.cli.shapes import decision_shape
    from proforma.sync.document_check import check_document

    context = given(ctx)
    configuration = context.configuration
    with context.workshop() as workshop:
        found = check_document(workshop.store, configuration.pricing, guid(document, "document"), zone=configuration.business_time_zone)
    out = context.out
    if context.json:
        lines = [
            {**decision_shape(line.decision), "stored_price": text(line.estimate.price), "agrees": line.agrees} for line in found.lines
        ]
        out.document({"default_price_lists": found.default_price_lists, "problems": found.problems, "lines": lines})
    else:
        out.line("lists it would receive today: " + (", ".join(found.default_price_lists) or "none"))
        rows = [
            (line.estimate.id, text(line.estimate.price) or "", text(line.decision.price) or "", line.decision.reason)
            for line in found.lines
        ]
        out.table(("line detail", "stored", "ours", "why"), rows, right=("stored", "ours"))
        for problem in found.problems:
            out.warn(problem)
    if found.problems:
        raise typer.Exit(1)
