"""`proforma backlog`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proforma.cli.output import Output
    from proforma.invoicing import BacklogRow, BacklogTotals

app = group("The billing backlog: what could be billed, and what is ready to be.")
nte = group("Not-to-exceed limits.")
app.add_typer(nte, name="nte")

_CLASSES = "time|expense|material|fee|milestone|product|retainer|commission|additional"
_STATUSES = "ready|not-ready|invoice-created|invoice-posted|canceled|work-order-posted"

Sources = Annotated[list[str], typer.Argument(metavar="ID...", help="GUIDs of actuals, milestones, product lines or retainers.")]


@app.command(
    "list",
    epilog="Examples: proforma backlog list --status ready --to 2026-03-31  |  "
    "proforma --json backlog list --all --class time --class expense",
)
def list_backlog(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what is billed, adjusted or canceled, and of every contract.")] = False,
    contracts: Annotated[list[str] | None, typer.Option("--contract", metavar="CONTRACT", help="Id, number or name.")] = None,
    customers: Annotated[list[str] | None, typer.Option("--customer", metavar="CUSTOMER", help="Id, number or name.")] = None,
    projects: Annotated[list[str] | None, typer.Option("--project", metavar="PROJECT", help="Id or name.")] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", metavar=_CLASSES, help="What kind of row; advances are retainers."),
    ] = None,
    statuses: Annotated[list[str] | None, typer.Option("--status", metavar=_STATUSES, help="Its billing status.")] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First transaction date.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last transaction date, included.")] = None,
) -> None:
    """The billing backlog of all active project contracts, and what it comes to in each currency.

    A row must fit every filter; a filter given several times fits any of its values.
    """
    from proforma.cli.backlog_filters import TypedFilters
    from proforma.cli.ids import Ids
    from proforma.cli.shapes import backlog_shape
    from proforma.invoicing import EVERY_ROW, BacklogTotals

    context = given(ctx)
    typed = TypedFilters(
        contracts=contracts or (),
        customers=customers or (),
        projects=projects or (),
        classes=classes or (),
        statuses=statuses or (),
        first=first,
        last=last,
    )
    totals = BacklogTotals()
    with context.workshop() as workshop:
        wanted = typed.understood(Ids(workshop.store))
        rows = totals.counting(workshop.desk.backlog(wanted, include_all=everything))
        if context.json:
            context.out.stream({}, "rows", map(backlog_shape, rows), _totals_shape(totals))
        else:
            _print(context.out, rows, totals)
    if not totals.by_currency():
        nothing = "the billing backlog is empty" if wanted == EVERY_ROW else "no row fits"
        tell = context.out.remark if context.json else context.out.line
        more = "; --all also looks at what is billed, adjusted or canceled, and at contracts that are not active"
        tell(nothing if everything else nothing + more)


def _totals_shape(totals: BacklogTotals) -> Iterator[dict[str, Any]]:
    """The totals, asked for when all rows are counted."""
    from proforma.cli.shapes import backlog_total_shape

    yield {"totals": [backlog_total_shape(currency, of) for currency, of in totals.by_currency()]}


def _print(out: Output, rows: Iterable[BacklogRow], totals: BacklogTotals) -> None:
    from proforma.cli.output import text

    columns = ("source", "class", "status", "date", "quantity", "price", "amount", "currency", "description")
    cells = (
        (row.source, row.transaction_class or row.kind, row.status, str(row.day or ""), text(row.quantity) or "",
         text(row.price) or "", text(row.amount) or "", row.currency or "", row.description or "")
        for row in rows
    )  # fmt: skip
    out.table(columns, cells, right=("quantity", "price", "amount"), ids=("source",))
    for currency, of in totals.by_currency():
        unpriced = f"; {of.unpriced} without an amount" if of.unpriced else ""
        ready = f"{of.ready_rows} ready, {text(of.ready_amount)}"
        out.line(f"{currency or '?'}: {of.rows} rows, {text(of.amount)}; of these {ready}{unpriced}")


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
