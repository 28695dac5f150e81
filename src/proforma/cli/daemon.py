"""`proforma daemon`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma daemon  |  proforma --config prod.yaml -v daemon --defer")
def daemon(
    ctx: typer.Context,
    defer: Annotated[bool, typer.Option("--defer", help="Schedule only, and leave the work to `proforma worker`s.")] = False,
) -> None:
    """Run what `schedule` of the configuration says, until SIGTERM or Ctrl-C; a second signal stops at once.

    Several daemons on one store share the work: one schedules, another takes over within 30 seconds when it dies.
    """
    import os
    import sys
    from collections.abc import Callable
    from contextlib import closing
    from zoneinfo import ZoneInfo

    from proforma.cli.context import who
    from proforma.cli.logs import configure_logs
    from proforma.cli.report import cycle_line
    from proforma.service.daemon import Daemon, Plan
    from proforma.service.job_queue import JobQueue
    from proforma.service.jobs import jobs_of
    from proforma.service.shared_cycle import SharedCycle
    from proforma.settings import Stage
    from proforma.sync.cycle import run_cycle
    from proforma.sync.workshop import Workshop, store_url

    context = given(ctx)
    configuration = context.configuration
    configure_logs(context.verbosity, context.log_format)
    zone = ZoneInfo(configuration.business_time_zone)
    plan = Plan(jobs=jobs_of(configuration.schedule, zone), schedule=configuration.schedule, zone=zone)

    def shared(stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> None:
        with Workshop(configuration, now=context.now, by=who()) as workshop, closing(JobQueue(store_url(configuration))) as queue:
            cycle = SharedCycle(workshop, queue, go_on=go_on)
            cycle.run(as_of=context.business_date, stages=stages)
        context.out.line(", ".join(f"{count} {name}" for name, count in cycle.counts.items()))

    def work(stages: tuple[Stage, ...], go_on: Callable[[], bool]) -> None:
        with Workshop(configuration, now=context.now, by=who()) as workshop:
            cycle = run_cycle(workshop, as_of=context.business_date, stages=stages, go_on=go_on)
        context.out.line(cycle_line(cycle))

    with context.workshop() as workshop:
        # Opened first: the queue's tables may only join those of a store.
        store = workshop.store
        if defer:
            with closing(JobQueue(store_url(configuration))) as queue:
                queue.prepare()
        drained = Daemon(plan, store, shared if defer else work).run()
    if not drained:
        context.out.remark("the stage under way did not end in time and was cut off; the next start goes on from its last commit")
        sys.stdout.flush()
        # Its threads would keep the process alive; every commit is whole, so it may end like this.
        os._exit(0)
