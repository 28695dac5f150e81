"""`proforma draft`."""

from __future__ import annotations

from itertools import chain

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma draft  |  proforma --as-of 2026-03-31 draft")
def draft(ctx: typer.Context) -> None:
    """The periodic run of the business date: take over what Dataverse confirmed, draft what the invoice schedules say is due."""
    from proforma.cli.report import report_answers

    context = given(ctx)
    day = context.business_date
    with context.workshop() as workshop:
        taken = workshop.desk.take_over(as_of=day)
        answers = chain([taken], workshop.desk.periodic_run(as_of=day))
        report_answers(context.out, answers, done=lambda invoices: f"{invoices} invoices")
