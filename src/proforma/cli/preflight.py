"""`proforma preflight`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma preflight  |  proforma --json preflight --offline")
def preflight(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask finance nothing; look at our own records and mappings only.")] = False,
) -> None:
    """What finance would refuse of the billing backlog: what is missing, how much waits because of it, and who can mend it."""
    from proforma.cli.output import text
    from proforma.sync.preflight import by_target
    from proforma.sync.preflight import preflight as look_ahead
    from proforma.sync.routes import Routes

    context = given(ctx)
    found = []
    with context.workshop() as workshop:
        for name, rows in by_target(workshop.store, workshop.desk.backlog(), Routes(workshop.configuration.finance)).items():
            target = None if offline else workshop.target_of(name)
            rules = workshop.finance_mapping_of(name).document
            found += [(name, lack) for lack in look_ahead(workshop.store, rows, rules, target)]
    if context.json:
        shape = [
            {
                "target": name,
                "reason": lack.reason,
                "key": lack.key,
                "message": lack.message,
                "who": lack.who,
                "sources": lack.sources,
                "contracts": lack.contracts,
                "amounts": {code: text(amount) for code, amount in lack.amounts.items()},
            }
            for name, lack in found
        ]
        context.out.document({"problems": shape})
    else:
        for name, lack in found:
            waits = ", ".join(f"{text(amount)} {code}" for code, amount in lack.amounts.items())
            context.out.line(f"{lack.reason} ({name}): {lack.message}")
            context.out.line(f"    {len(lack.sources)} rows wait, {waits}; for {lack.who}")
        context.out.remark(f"{len(found)} things are missing")
    if found:
        raise typer.Exit(1)
