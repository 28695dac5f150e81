"""`proforma worker`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma worker  |  proforma --config prod.yaml -v worker --jobs 4")
def worker(
    ctx: typer.Context,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=16, metavar="N", help="Jobs done at once.")] = 2,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when the queue is empty.")] = False,
    reset_queue: Annotated[bool, typer.Option("--reset-queue", help="Make the queue anew, empty; no work is lost.")] = False,
) -> None:
    """Do the jobs of `proforma daemon --defer` and `proforma backfill --defer`, beside workers on other machines.

    Needs a store in PostgreSQL. The first SIGTERM or Ctrl-C lets the jobs under way end, a second one stops at once.
    """
    from proforma.cli.context import who
    from proforma.cli.logs import configure_logs
    from proforma.service.worker import Worker

    context = given(ctx)
    configure_logs(context.verbosity, context.log_format)
    Worker(context.configuration, now=context.now, by=who(), jobs_at_once=jobs).run(until_idle=until_idle, reset_queue=reset_queue)
