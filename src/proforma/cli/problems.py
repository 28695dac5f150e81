"""`proforma problems`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group("What needs a person: rows that could not be mapped or billed, pushes that were refused.")

ProblemId = Annotated[str, typer.Argument(metavar="ID", help="Id of the problem, from `proforma problems list`.")]


@app.command("list", epilog="Examples: proforma problems list  |  proforma --json problems list")
def list_problems(ctx: typer.Context) -> None:
    """Everything that waits for a person; exit code 1 when there is something."""
    from proforma.sync.problems import open_problems

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        problems = open_problems(reader)
    if context.json:
        shape = [
            {"id": p.id, "kind": p.kind, "entity": p.entity, "source": p.source, "reason": p.reason, "message": p.message, "since": p.since}
            for p in problems
        ]
        context.out.document({"problems": shape})
    else:
        rows = [(p.id, p.kind, p.reason, p.source or "", p.message) for p in problems]
        context.out.table(("id", "kind", "reason", "source", "message"), rows, ids=("source",))
    if problems:
        raise typer.Exit(1)


@app.command(epilog="Examples: proforma problems retry 12  |  proforma --json problems retry 12")
def retry(ctx: typer.Context, problem: ProblemId) -> None:
    """Try again: a refused push is queued anew; a quarantined row is read again by the next full pull."""
    from proforma.sync.problems import retry_problem

    context = given(ctx)
    with context.workshop() as workshop:
        said = retry_problem(workshop.store, problem, at=workshop.now(), by=workshop.by)
    context.out.document({"problem": problem, "result": said}) if context.json else context.out.line(said)


@app.command(epilog="Examples: proforma problems drop 12 --reason 'test row'  |  proforma --json problems drop 12 --reason done")
def drop(
    ctx: typer.Context,
    problem: ProblemId,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why it may be forgotten; kept with your name.")],
) -> None:
    """Take a problem off the list, with the reason on record."""
    from proforma.sync.problems import drop_problem

    context = given(ctx)
    with context.workshop() as workshop:
        drop_problem(workshop.store, problem, reason=reason, at=workshop.now(), by=workshop.by)
    context.out.document({"problem": problem, "result": "dropped"}) if context.json else context.out.line("dropped")
