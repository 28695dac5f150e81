"""`proforma status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from datetime import datetime

    from proforma.cli.output import Output
    from proforma.service.conditions import Condition
    from proforma.service.plan import Plan
    from proforma.sync.status import Status

app = group()


@app.command(epilog="Examples: proforma status  |  proforma --json status --check")
def status(
    ctx: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 when something is wrong: for monitoring.")] = False,
) -> None:
    """What is in step and what is not: entities, backlog, invoices on their way, problems, runs, next ticks, and who schedules."""
    from proforma.service.conditions import conditions_of, unwritable
    from proforma.service.plan import Plan
    from proforma.sync.status import read_status

    context = given(ctx)
    plan = Plan.of(context.configuration)
    with context.workshop() as workshop:
        with workshop.store.read() as reader:
            now = read_status(reader, at=workshop.now())
        unusable = unwritable(workshop.store)
    conditions = [*unusable, *conditions_of(now, plan, context.configuration.monitoring)]
    if context.json:
        ticks = [{"job": job.name, "at": at} for job in plan.jobs if (at := job.next(now.at)) is not None]
        found = [asdict(condition) for condition in conditions]
        context.out.document({**now.shape(), "next_ticks": ticks, "conditions": found})
    else:
        _tell(context.out, now, plan, conditions)
    if check and conditions:
        raise typer.Exit(1)


def _tell(out: Output, now: Status, plan: Plan, conditions: list[Condition]) -> None:
    rows = [
        (e.entity, str(e.rows), "reading" if e.unfinished else "complete", _age(e.age_seconds))
        for e in now.entities
        if e.rows or e.unfinished
    ]
    out.table(("entity", "rows", "state", "age"), rows, right=("rows", "age"))
    backlog = now.backlog
    counted = f"{backlog.rows} rows, {backlog.ready} ready, the oldest {backlog.oldest_days} days old" if backlog else "not counted yet"
    out.line(f"backlog: {counted}{f' (as of {_when(backlog.counted_at)})' if backlog else '; see `proforma backlog list`'}")
    out.line("invoices: " + (", ".join(f"{count} {name}" for name, count in now.invoices.items()) or "none"))
    if taken := now.origins.get("dataverse", 0):
        out.line(f"of Dataverse: {taken}, of which {now.held} are held")
    out.line("push: " + (", ".join(f"{count} {name}" for name, count in now.push.items()) or "nothing waiting"))
    if now.queue.count:
        out.line(f"queue: {now.queue.count} wait for finance, the oldest for {_age(now.queue.oldest_seconds)}")
    if now.in_doubt.count:
        out.line(f"in doubt: {now.in_doubt.count}, the oldest queued {_age(now.in_doubt.oldest_seconds)} ago")
    kinds = ", ".join(f"{count} {kind}" for kind, count in now.problems_by_kind.items())
    out.line(f"problems: {now.problems}" + (f" ({kinds})" if kinds else ""))
    for run in now.runs:
        told = f"{run.outcome}: {run.cause}, {run.side}" if run.cause else run.outcome
        good = f", last good end {_when(run.last_success)}" if run.last_success else ", never came to a good end"
        out.line(f"run {run.run} ({run.kind}): {told}, began {_when(run.started_at)}{good}")
    leader = now.leader
    out.line(f"schedules: {leader.process} (epoch {leader.epoch})" if leader else "schedules: nobody; `proforma daemon` does")
    for job in plan.jobs:
        if (at := job.next(now.at)) is not None:
            out.line(f"next tick of {job.name}: {_when(at)}")
    for condition in conditions:
        subject = f" ({condition.subject})" if condition.subject else ""
        out.warn(f"{condition.kind}{subject}: {condition.message}; {condition.remedy}")


def _age(seconds: float) -> str:
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86_400:.0f} days"


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "never"
