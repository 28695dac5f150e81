"""`proforma runs`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group("What past runs of `proforma sync` did.")


@app.command("list", epilog="Examples: proforma runs list  |  proforma --json runs list --limit 5")
def list_runs(ctx: typer.Context, limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20) -> None:
    """The last runs, newest first."""
    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        runs = reader.runs.list(limit)
    if context.json:
        context.out.document({"runs": [asdict(run) for run in runs]})
        return
    rows = [(str(run.id), run.kind, f"{run.started_at:%Y-%m-%d %H:%M:%S}", run.outcome) for run in runs]
    context.out.table(("id", "kind", "started", "outcome"), rows)


@app.command(epilog="Examples: proforma runs show 12  |  proforma --json runs show 12")
def show(ctx: typer.Context, run_id: Annotated[int, typer.Argument(metavar="RUN")]) -> None:
    """One run with its counts; of a backfill also its parts."""
    from proforma.cli.backfill import part_grid, part_shape
    from proforma.domain.errors import ConfigurationError

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        run, parts = reader.runs.get(run_id), reader.backfills.parts(run_id)
    if run is None:
        raise ConfigurationError(f"there is no run {run_id}", hint="see `proforma runs list`")
    if context.json:
        context.out.document(asdict(run) | ({"parts": [part_shape(part) for part in parts]} if parts else {}))
        return
    for key, value in asdict(run).items():
        context.out.line(f"{key}: {value}")
    if parts:
        part_grid(context.out, parts)
