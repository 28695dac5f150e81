"""`proforma draft`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma draft  |  proforma --as-of 2026-03-31 draft")
def draft(ctx: typer.Context) -> None:
    """The periodic run of the business date: take over what Dataverse confirmed, draft what the invoice schedules say is due."""
    from proforma.cli.report import report_answer
    from proforma.sync.draft import together

    context = given(ctx)
    with context.workshop() as workshop:
        taken = workshop.desk.take_over(as_of=context.business_date)
        answer = together([taken, workshop.desk.run_periodic(as_of=context.business_date)])
    report_answer(context.out, answer, done=f"{len(answer.invoices)} invoices")
