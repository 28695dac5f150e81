"""`proforma backlog`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group("The billing backlog: what could be billed, and what is ready to be.")
nte = group("Not-to-exceed limits.")
app.add_typer(nte, name="nte")

Sources = Annotated[list[str], typer.Argument(metavar="ID...", help="GUIDs of actuals, milestones, product lines or retainers.")]


@app.command("list", epilog="Examples: proforma backlog list  |  proforma --json backlog list --all")
def list_backlog(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what is billed, adjusted or canceled, and of every contract.")] = False,
) -> None:
    """The billing backlog of all active project contracts."""
    from proforma.cli.output import text
    from proforma.cli.shapes import backlog_shape

    context = given(ctx)
    with context.workshop() as workshop:
        rows = workshop.desk.backlog(include_all=everything)
        if context.json:
            context.out.stream({}, "rows", (backlog_shape(row) for row in rows), iter([{}]))
            return
        columns = ("source", "class", "status", "date", "quantity", "price", "amount", "currency", "description")
        cells = (
            (row.source, row.transaction_class or row.kind, row.status, str(row.day or ""), text(row.quantity) or "",
             text(row.price) or "", text(row.amount) or "", row.currency or "", row.description or "")
            for row in rows
        )  # fmt: skip
        context.out.table(columns, cells, right=("quantity", "price", "amount"), ids=("source",))


@app.command(epilog="Examples: proforma backlog ready 6f1c…  |  proforma --json backlog ready ID ID ID")
def ready(ctx: typer.Context, sources: Sources) -> None:
    """Mark rows ready to invoice; refused rows are reported, the rest proceeds."""
    _mark(ctx, sources, is_ready=True)


@app.command("not-ready", epilog="Examples: proforma backlog not-ready 6f1c…  |  proforma --json backlog not-ready ID ID")
def not_ready(ctx: typer.Context, sources: Sources) -> None:
    """Take rows back from ready."""
    _mark(ctx, sources, is_ready=False)


@app.command(epilog="Examples: proforma backlog refund 6f1c…  |  proforma backlog refund 6f1c… --cancel")
def refund(
    ctx: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="ID...", help="GUIDs of retainers.")],
    cancel: Annotated[bool, typer.Option("--cancel", help="Not any more.")] = False,
) -> None:
    """Pay the unused rest of retainers back with the next draft of their customer."""
    from proforma.cli.ids import Ids
    from proforma.cli.report import report_answer

    context = given(ctx)
    with context.workshop() as workshop:
        answer = workshop.desk.refund(Ids(workshop.store).sources(sources), wanted=not cancel)
    report_answer(context.out, answer, done=f"{len(answer.changes.marks)} retainers changed")


def _mark(ctx: typer.Context, sources: list[str], *, is_ready: bool) -> None:
    from proforma.cli.ids import Ids
    from proforma.cli.report import report_answer

    context = given(ctx)
    with context.workshop() as workshop:
        answer = workshop.desk.mark(Ids(workshop.store).sources(sources), ready=is_ready)
    report_answer(context.out, answer, done=f"{len(answer.changes.marks)} rows changed")


@nte.command(epilog="Examples: proforma backlog nte evaluate 6f1c…  |  proforma --json backlog nte evaluate ID ID")
def evaluate(ctx: typer.Context, sources: Sources) -> None:
    """Check rows against their limits anew."""
    from proforma.cli.ids import Ids
    from proforma.cli.report import report_answer

    context = given(ctx)
    with context.workshop() as workshop:
        answer = workshop.desk.evaluate_nte(Ids(workshop.store).sources(sources))
    report_answer(context.out, answer, done=f"{len(answer.changes.marks)} rows evaluated")


@nte.command(epilog="Examples: proforma backlog nte reset 6f1c…  |  proforma --json backlog nte reset ID ID")
def reset(ctx: typer.Context, sources: Sources) -> None:
    """Free what rows have committed of their limits; ready rows become not ready."""
    from proforma.cli.ids import Ids
    from proforma.cli.report import report_answer

    context = given(ctx)
    with context.workshop() as workshop:
        answer = workshop.desk.reset_nte(Ids(workshop.store).sources(sources))
    report_answer(context.out, answer, done=f"{len(answer.changes.marks)} rows reset")
