"""`proforma price`: a stage by itself, and the group of what is asked about prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from proforma.cli.audit import audit
from proforma.cli.context import CommandContext, given
from proforma.cli.group import group
from proforma.cli.what_if import what_if

app = group()
app.command("audit", epilog="Examples: proforma price audit --since 2026-01-01  |  proforma price audit --csv differences.csv")(audit)
app.command("what-if", epilog="Examples: proforma price what-if --list LIST  |  proforma --json price what-if --list fy27.yaml")(what_if)


@app.callback(invoke_without_command=True, epilog="Examples: proforma price  |  proforma --json price --estimates")
def price(
    ctx: typer.Context,
    reprice: Annotated[bool, typer.Option("--reprice", help="Decide all anew, also where nothing changed.")] = False,
    estimates: Annotated[bool, typer.Option("--estimates", help="Also price the lines of quotes and contracts.")] = False,
) -> None:
    """Decide the price of every actual, with list, line, rule and reason."""
    if ctx.invoked_subcommand is not None:
        if reprice or estimates:
            raise typer.BadParameter(f"--reprice and --estimates belong to `price` itself, not to `price {ctx.invoked_subcommand}`")
        return
    context = given(ctx)
    counts = _Counts()
    with context.workshop() as workshop:
        decisions = counts.counted(context, workshop, estimates=estimates, reprice=reprice)
        if context.json:
            context.out.stream({"as_of": context.business_date}, "decisions", decisions, counts.after())
        else:
            for _ in decisions:
                pass
            counts.show(context)
    if counts.unpriced:
        raise typer.Exit(1)


class _Counts:
    """Counts decisions as they stream by."""

    def __init__(self) -> None:
        self.priced = self.unpriced = self.changed = 0
        self.reasons: Counter[str] = Counter()

    def counted(self, context: CommandContext, workshop: Any, *, estimates: bool, reprice: bool) -> Iterator[dict[str, Any]]:
        from proforma.cli.shapes import decision_shape
        from proforma.sync.price import price as run

        policy = workshop.configuration.pricing
        batches = run(
            workshop.store, policy, now=workshop.now, estimates=estimates, anew=reprice, told=context.json, progress=workshop.progress
        )
        for batch in batches:
            self.changed += batch.changed
            self.priced += batch.priced
            self.unpriced += batch.unpriced
            self.reasons.update(batch.reasons)
            for decision in batch.decisions:
                yield decision_shape(decision)

    def after(self) -> Iterator[dict[str, Any]]:
        """The totals, asked for when the list is complete."""
        yield {"priced": self.priced, "unpriced": self.reasons.total() - self.priced, "changed": self.changed}

    def show(self, context: CommandContext) -> None:
        """The reasons, most frequent first."""
        rows = [(reason, str(count)) for reason, count in self.reasons.most_common()]
        context.out.table(("reason", "records"), rows, right=("records",))
        context.out.remark(f"{self.priced} priced, {self.reasons.total() - self.priced} without a price; {self.changed} decisions changed")
