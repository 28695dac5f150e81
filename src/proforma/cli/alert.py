"""`proforma alert`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group("Tell people what is wrong, by webhook and mail.")


@app.command(epilog="Examples: proforma alert test  |  proforma --json alert test")
def test(ctx: typer.Context) -> None:
    """Send a test through every channel of `alerts`; exit code 3 when one does not take it."""
    from proforma.domain.errors import UnfinishedError
    from proforma.service.alerts import AlertError, alerter_of

    context = given(ctx)
    alerter = alerter_of(context.configuration, None)
    try:
        alerter.test()
    except AlertError as fault:
        raise UnfinishedError(str(fault), hint="correct `alerts` in the configuration, then run `proforma alert test` again") from None
    names = [channel.name for channel in alerter.channels]
    context.out.document({"sent": names}) if context.json else context.out.line(f"sent through {', '.join(names)}")


@app.command(epilog="Examples: proforma alert check  |  proforma --json alert check")
def check(ctx: typer.Context) -> None:
    """Look once and tell what is new, also that nothing ran: for a timer beside the daemon. Exit code 1 when something is wrong."""
    from proforma.service.alerts import alerter_of
    from proforma.service.conditions import unopened
    from proforma.service.metrics import Metrics, Tally
    from proforma.service.plan import Plan
    from proforma.service.watch import Watch
    from proforma.store import Store
    from proforma.sync.workshop import store_url

    context = given(ctx)
    configuration = context.configuration
    found = unopened(lambda: Store.open(store_url(configuration)))
    if isinstance(found, Store):
        with found:
            alerter = alerter_of(configuration, found)
            watch = Watch(
                plan=Plan.of(configuration),
                settings=configuration.monitoring,
                store=found,
                metrics=Metrics(Tally()),
                alerter=alerter,
                leads=lambda: True,
                now=context.now,
            )
            conditions, sent = list(watch.read().conditions), watch.look()
    else:
        conditions, sent = [found], alerter_of(configuration, None).attend([found], complete=False)
    if context.json:
        told = [{"event": alert.event, "conditions": [condition.key for condition in alert.conditions]} for alert in sent]
        context.out.document({"conditions": [asdict(condition) for condition in conditions], "sent": told})
    else:
        for condition in conditions:
            context.out.line(f"{condition.kind}: {condition.message}; {condition.remedy}")
        context.out.remark(f"{len(conditions)} things are wrong, {len(sent)} alerts sent")
    if conditions:
        raise typer.Exit(1)
