"""`proforma backfill`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proforma.cli.context import CommandContext, given
from proforma.cli.group import group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proforma.cli.output import Output
    from proforma.store import Part
    from proforma.sync.backfill import Backfills, Period
    from proforma.sync.workshop import Workshop

app = group()


@app.command(
    epilog="Examples: proforma backfill actual --from 2024-01-01 --to 2024-12-31  |  "
    "proforma backfill actual --from 2024-01-01 --to 2024-12-31 --by transaction_date --dry-run"
)
def backfill(
    ctx: typer.Context,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="An entity of the mappings.")],
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day; needed.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day, included; needed.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="COLUMN", help="Column or field whose date counts.")] = None,
    chunk: Annotated[str, typer.Option("--chunk", metavar="day|week|month|quarter|year", help="Size of a part.")] = "month",
    workers: Annotated[int, typer.Option("--workers", min=1, max=16, metavar="N", help="Parts read at once.")] = 1,
    defer: Annotated[bool, typer.Option("--defer", help="Leave the parts to `proforma worker`s, and do not wait.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the rows of each part, and read nothing.")] = False,
    reprice: Annotated[bool, typer.Option("--reprice", help="Then price again; confirmed invoices stay as they are.")] = False,
    redraft: Annotated[bool, typer.Option("--redraft", help="Then price again, and refresh drafts whose rows changed.")] = False,
) -> None:
    """Read a period of an entity once more, beside the pull, whose cursor it never moves.

    A backfill that was interrupted goes on when it is called again with the same days; parts that failed are read again, the others not.
    """
    period = _period(entity, first, last, by, chunk)
    context = given(ctx)
    with context.workshop() as workshop:
        backfills = workshop.backfills()
        if dry_run:
            _count(context.out, backfills, period)
            return
        if defer:
            if reprice or redraft:
                raise typer.BadParameter("--reprice and --redraft follow when everything is read: call them with the last `backfill`")
            _defer(context, workshop, backfills, period)
            return
        code = _run(context, workshop, backfills, period, workers, reprice=reprice or redraft, redraft=redraft)
    if code:
        raise typer.Exit(code)


def _period(entity: str, first: str | None, last: str | None, by: str | None, chunk: str) -> Period:
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.backfill import Period
    from proforma.sync.periods import CHUNKS

    known = {name: name for name in CHUNKS}
    if chunk not in known:
        raise ConfigurationError(f"--chunk: there is no chunk {chunk!r}", hint="one of: " + ", ".join(CHUNKS))
    return Period(entity=entity, first=_day(first, "--from"), last=_day(last, "--to"), chunk=known[chunk], by=by)


def _day(value: str | None, option: str) -> date:
    from proforma.domain.errors import ConfigurationError

    if value is None:
        hint = "what has no end yet is read by `proforma pull`"
        raise ConfigurationError(f"{option} is missing: a backfill has a first and a last day", hint=hint)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ConfigurationError(f"{option}: {value!r} is no date", hint="write YYYY-MM-DD") from None


def _count(out: Output, backfills: Backfills, period: Period) -> None:
    rows = list(backfills.count(period))
    known = [count for _, count in rows if count is not None]
    total = sum(known) if len(known) == len(rows) else None
    if out.json:
        parts = [{"part": part.number, "from": part.first, "to": part.last, "rows": count} for part, count in rows]
        out.document({"dry_run": True, "entity": period.entity, "parts": parts, "rows": total})
        return
    shown = [(str(part.number), str(part.first), str(part.last), _figure(count)) for part, count in rows]
    out.table(("part", "from", "to", "rows"), shown, right=("part", "rows"))
    out.line(f"{total} rows in {len(rows)} parts" if total is not None else f"at least {sum(known)} rows in {len(rows)} parts")


def _defer(context: CommandContext, workshop: Workshop, backfills: Backfills, period: Period) -> None:
    """Puts each part into the queue of the workers."""
    from contextlib import closing

    from proforma.service.job_queue import JobQueue
    from proforma.service.shared_cycle import backfill_jobs
    from proforma.sync.workshop import store_url

    with closing(JobQueue(store_url(context.configuration))) as queue:
        # Opened first: the queue's tables may only join those of a store.
        store = workshop.store
        queue.prepare()
        begun = backfills.begin(period)
        names = queue.put(backfill_jobs(workshop, begun))
        with store.begin() as tx:
            tx.runs.finish(begun.run_id, workshop.now(), "deferred", {"parts": len(names)})
    if context.json:
        context.out.document({"run": begun.run_id, "entity": begun.entity, "by": begun.column, "deferred": len(names)})
    else:
        context.out.line(f"run {begun.run_id}: {len(names)} parts are left to the workers; see `proforma runs show {begun.run_id}`")


def _figure(count: int | None) -> str:
    return "more than 50000" if count is None else str(count)


def _run(
    context: CommandContext, workshop: Workshop, backfills: Backfills, period: Period, workers: int, *, reprice: bool, redraft: bool
) -> int:
    """Reads, then prices and drafts what was asked for; the exit code."""
    out = context.out
    begun = backfills.begin(period)
    for part in backfills.run(begun, workers=workers):
        if part.message:
            out.warn(f"{part.first} to {part.last} was not read to its end: {part.message}")
    with workshop.store.read() as reader:
        parts = reader.backfills.parts(begun.run_id)
    left = [part for part in parts if part.state != "done"]
    after = {} if left else _afterwards(context, workshop, reprice=reprice, redraft=redraft)
    if out.json:
        document = {"run": begun.run_id, "entity": begun.entity, "by": begun.column, "parts": [part_shape(part) for part in parts]}
        out.document(document | {"left": len(left), **after})
    else:
        out.line(
            f"run {begun.run_id}: {sum(part.rows for part in parts)} rows of {begun.entity}, {len(parts) - len(left)} of {len(parts)} parts"
        )
        for words, figure in after.items():
            out.line(f"{words.replace('_', ' ')}: {figure}")
    quarantined = sum(part.quarantined for part in parts)
    if quarantined:
        out.warn(f"{quarantined} rows could not be mapped and are held; see `proforma problems list`")
    if left:
        out.warn(f"{len(left)} parts are left: call it again to read them; see `proforma runs show {begun.run_id}`")
        return 3
    return 1 if quarantined or after.get("confirmed_rows_changed") else 0


def _afterwards(context: CommandContext, workshop: Workshop, *, reprice: bool, redraft: bool) -> dict[str, int]:
    """Prices and refreshes drafts on request. A confirmed invoice whose rows changed is listed for a person, never touched."""
    from proforma.sync.price import price
    from proforma.sync.redraft import refresh_flagged

    done: dict[str, int] = {}
    if reprice:
        batches = price(workshop.store, workshop.configuration.pricing, now=workshop.now, progress=workshop.progress)
        done["decisions_changed"] = sum(batch.changed for batch in batches)
    answer = workshop.desk.flag_changed_sources()
    if redraft:
        done["drafts_refreshed"] = refresh_flagged(workshop.store, workshop.desk, as_of=context.business_date)
    changed = {row.source for row in answer.changes.passed_over if row.reason == "source-changed"}
    if reprice or changed:
        done["confirmed_rows_changed"] = len(changed)
    return done


def part_shape(part: Part) -> dict[str, Any]:
    """A part as JSON shows it."""
    return {
        "part": part.number,
        "from": part.first,
        "to": part.last,
        "state": part.state,
        "rows": part.rows,
        "expected": part.expected,
        "quarantined": part.quarantined,
        "owner": part.owner,
        "message": part.message,
    }


def part_grid(out: Output, parts: Sequence[Part]) -> None:
    """The parts of a backfill, a line each."""
    columns = ("part", "from", "to", "state", "rows", "expected", "quarantined", "message")
    rows = [
        (str(p.number), str(p.first), str(p.last), p.state, str(p.rows), "" if p.expected is None else str(p.expected), str(p.quarantined),
         p.message or "")
        for p in parts
    ]  # fmt: skip
    out.table(columns, rows, right=("part", "rows", "expected", "quarantined"))
