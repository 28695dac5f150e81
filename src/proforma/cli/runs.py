"""`proforma runs`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.store import Run

app = group("What past runs of `proforma sync` did.")


@app.command("list", epilog="Examples: proforma runs list  |  proforma --json runs list --limit 5")
def list_runs(
    ctx: typer.Context, limit: Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="How many at most.")] = 20
) -> None:
    """The last runs, newest first."""
    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        runs = reader.runs.list(limit)
    if context.json:
        context.out.document({"runs": [asdict(run) for run in runs]})
        return
    rows = [(str(run.id), run.kind, f"{run.started_at:%Y-%m-%d %H:%M:%S}", _took(run), run.outcome) for run in runs]
    context.out.table(("id", "kind", "started", "took", "outcome"), rows, right=("took",))


@app.command(epilog="Examples: proforma runs show 12  |  proforma --json runs show 12")
def show(
    ctx: typer.Context, run_id: Annotated[int, typer.Argument(metavar="RUN", help="Number of the run, from `proforma runs list`.")]
) -> None:
    """One run with every count; of one that ended early also why and what to do, of a backfill its parts."""
    from proforma.cli.backfill import part_grid, part_shape
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.causes import Cause

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        run, parts = reader.runs.get(run_id), reader.backfills.parts(run_id)
    if run is None:
        raise ConfigurationError(f"there is no run {run_id}", hint="see `proforma runs list`")
    cause = Cause.of_outcome(run.outcome)
    if context.json:
        told = {**asdict(run), "cause": asdict(cause) | {"remedy": cause.remedy} if cause else None}
        context.out.document(told | ({"parts": [part_shape(part) for part in parts]} if parts else {}))
        return
    context.out.line(f"run {run.id}, {run.kind}: {run.outcome}")
    context.out.line(f"began {run.started_at:%Y-%m-%d %H:%M:%S} UTC, took {_took(run)}")
    if cause:
        context.out.line(f"what to do: {cause.remedy}")
    for name, count in run.counts.items():
        context.out.line(f"{count:>8}  {name.replace('_', ' ')}")
    if parts:
        part_grid(context.out, parts)


def _took(run: Run) -> str:
    return f"{(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else ""
