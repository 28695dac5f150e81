"""`proforma daemon`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma daemon  |  proforma --config prod.yaml -v daemon")
def daemon(ctx: typer.Context) -> None:
    """Run a whole cycle at once and then on the configured schedule, until SIGTERM or Ctrl-C; a second signal stops at once."""
    from proforma.cli.context import who
    from proforma.cli.logs import configure_logs
    from proforma.cli.report import cycle_line
    from proforma.service.daemon import Daemon
    from proforma.sync.cycle import run_cycle
    from proforma.sync.workshop import Workshop

    context = given(ctx)
    configuration = context.configuration
    configure_logs(context.verbosity, context.log_format)

    def cycle() -> None:
        with Workshop(configuration, now=context.now, by=who()) as workshop:
            context.out.line(cycle_line(run_cycle(workshop, as_of=context.business_date)))

    Daemon(cycle, every_minutes=configuration.schedule.every_minutes).run()
