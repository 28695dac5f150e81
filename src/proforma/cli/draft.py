"""`proforma draft`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma draft  |  proforma --as-of 2026-03-31 draft")
def draft(ctx: typer.Context) -> None:
    """The periodic run of the business date: draft what the invoice schedules say is due."""
    from proforma.cli.report import report_answers

    context = given(ctx)
    with context.workshop() as workshop:
        answers = workshop.desk.periodic_run(as_of=context.business_date)
        report_answers(context.out, answers, done=lambda drafts: f"{drafts} drafts")
