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
    from proforma.sync.preflight import preflight as look_ahead

    context = given(ctx)
    with context.workshop() as workshop:
        target = None if offline else workshop.target
        lacks = look_ahead(workshop.store, workshop.desk.backlog(), workshop.finance_mapping.document, target)
    if context.json:
        shape = [
            {
                "reason": lack.reason,
                "key": lack.key,
                "message": lack.message,
                "who": lack.who,
                "sources": lack.sources,
                "contracts": lack.contracts,
                "amounts": {code: text(amount) for code, amount in lack.amounts.items()},
            }
            for lack in lacks
        ]
        context.out.document({"problems": shape})
    else:
        for lack in lacks:
            waits = ", ".join(f"{text(amount)} {code}" for code, amount in lack.amounts.items())
            context.out.line(f"{lack.reason}: {lack.message}")
            context.out.line(f"    {len(lack.sources)} rows wait, {waits}; for {lack.who}")
        context.out.remark(f"{len(lacks)} things are missing")
    if lacks:
        raise typer.Exit(1)
