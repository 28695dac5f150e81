"""`proforma explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma explain 6f1c…  |  proforma --json explain 6f1c…")
def explain(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(metavar="RECORD", help="GUID of an actual or of a line detail.")],
) -> None:
    """Why this price: list, line, rule, and every step that led there."""
    from proforma.cli.ids import Ids
    from proforma.cli.output import text
    from proforma.cli.shapes import decision_shape
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.price import decide_one

    context = given(ctx)
    with context.workshop() as workshop:
        decision = decide_one(workshop.store, context.configuration.pricing, Ids(workshop.store).record(record))
    if decision is None:
        raise ConfigurationError(f"the mirror has no record {record}", hint="pull first, or check the id")
    if context.json:
        context.out.document(decision_shape(decision))
        return
    price = f"{text(decision.price)} {decision.currency}" if decision.is_priced else "no price"
    context.out.line(f"{price}   {decision.reason}   rule {decision.rule}")
    if decision.amount is not None:
        context.out.line(f"amount {text(decision.amount)} {decision.currency} for quantity {text(decision.quantity)}")
    for step in decision.trail:
        context.out.line(f"  {step}")
