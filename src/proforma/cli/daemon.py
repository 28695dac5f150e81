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
    from contextlib import closing

    from proforma.cli.context import who
    from proforma.cli.logs import configure_logs
    from proforma.service.alerts import alerter_of
    from proforma.service.daemon import Daemon, Means, Plan
    from proforma.service.job_queue import JobQueue
    from proforma.service.metrics import Metrics, Tally
    from proforma.service.notify import Notifier
    from proforma.service.telemetry import telemetry_of
    from proforma.service.work import CycleWork, SharedWork
    from proforma.sync.workshop import store_url

    context = given(ctx)
    configuration = context.configuration
    configure_logs(context.verbosity, context.log_format)
    tally, telemetry = Tally(), telemetry_of()
    kind = SharedWork if defer else CycleWork
    work = kind(
        configuration=configuration,
        tally=tally,
        telemetry=telemetry,
        by=who(),
        now=context.now,
        business_date=lambda: context.business_date,
        # Of each run at once: a journal or a container's log is no terminal.
        told=lambda words: print(words, flush=True),
    )
    with context.workshop() as workshop:
        # Opened first: the queue's tables may only join those of a store.
        store = workshop.store
        if defer:
            with closing(JobQueue(store_url(configuration))) as queue:
                queue.prepare()
        alerter = alerter_of(configuration, store, counted=lambda channel, result: tally.add("proforma_alerts_total", (channel, result)))
        means = Means(
            configuration=configuration,
            store=store,
            work=work,
            metrics=Metrics(tally),
            alerter=alerter,
            notifier=Notifier.of(),
        )
        drained = Daemon(Plan.of(configuration), means).run()
    telemetry.close()
    if not drained:
        context.out.remark("the stage under way did not end in time and was cut off; the next start goes on from its last commit")
        sys.stdout.flush()
        # Its threads would keep the process alive; every commit is whole, so it may end like this.
        os._exit(0)
