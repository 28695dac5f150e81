"""`proforma explain`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.output import Output
    from proforma.pricing.explaining import Step
    from proforma.sync.explain import Billing, Explanation

app = group()


@app.command(epilog="Examples: proforma explain 6f1c…  |  proforma --json explain 6f1c…")
def explain(
    ctx: typer.Context,
    record: Annotated[
        str | None, typer.Argument(metavar="RECORD", help="GUID, or its beginning, of an actual, a line detail or what an invoice holds.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of what --json prints, and end.")] = False,
) -> None:
    """Why this price: list, line, rule, and every step that led there; and why it was billed at another one."""
    from proforma.cli.explained import document
    from proforma.cli.explained import schema as explained_schema
    from proforma.cli.ids import Ids
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.explain import explain as explained

    context = given(ctx)
    if schema:
        context.out.document(explained_schema())
        return
    if record is None:
        raise typer.BadParameter("name a record, or ask for --schema", param_hint="RECORD")
    with context.workshop() as workshop:
        found = explained(workshop.store, context.configuration.pricing, Ids(workshop.store).record(record))
    if found is None:
        raise ConfigurationError(f"the mirror has no record {record}", hint="pull first, or check the id")
    if context.json:
        context.out.document(document(found))
    else:
        _tell(context.out, found)


def _tell(out: Output, found: Explanation) -> None:
    """For a person: the answer, what to do where there is none, the steps by topic, and what was billed."""
    from proforma.cli.output import text
    from proforma.pricing.explaining import MEANINGS

    decision = found.decision
    if decision is None:
        out.line("not in the mirror: added to an invoice by hand, or deleted in Dataverse since")
    else:
        unit = found.names.get(decision.unit_id) if decision.unit_id else None
        per = f" per {unit}" if unit else ""
        price = f"{text(decision.price)} {decision.currency or 'without currency'}{per}" if decision.is_priced else "no price"
        out.line(f"{price}   {decision.reason}, rule {decision.rule}: {MEANINGS.get(decision.reason, '')}")
        if decision.amount is not None:
            quantity = f" for {text(decision.quantity)} {unit or ''}".rstrip() if decision.quantity is not None else ""
            out.line(f"{text(decision.amount)} {decision.currency or 'without currency'}{quantity}, {decision.billing_type}")
            if decision.discount or decision.fee:
                out.line(f"{text(decision.extended)} {decision.currency} after discount and fee")
        out.line()
        _tell_steps(out, found.steps)
    for billing in found.billed:
        out.line()
        _tell_billing(out, billing, found.steps)


def _tell_steps(out: Output, steps: Iterable[Step]) -> None:
    last = None
    for step in steps:
        topic = "" if step.topic is last else str(step.topic)
        out.line(f"  {topic:<16}  {step.rule:<5} {step.text.removeprefix(f'{step.topic}: ')}")
        last = step.topic


def _tell_billing(out: Output, billing: Billing, today: tuple[Step, ...]) -> None:
    from proforma.cli.output import text

    invoice, detail, reason = billing.invoice, billing.detail, billing.reason
    figures = f"{text(detail.quantity)} × {text(detail.price) or 'no price'} = {text(detail.amount)} {invoice.currency.code}"
    edited = ", edited on the draft" if detail.is_edited else ""
    out.line(f"on invoice {invoice.number} ({invoice.status}): {figures}, {detail.billing_type}{edited}")
    if billing.differs:
        out.line(f"  today the rules answer otherwise: {', '.join(billing.differs)}")
    if reason is None:
        out.line("  its price was entered with it: no rule was asked" if detail.price_rule is None else f"  rule {detail.price_rule}")
        return
    day = reason.kept_at.date().isoformat()
    named = f", price list {reason.price_list}" if reason.price_list else ""
    out.line(f"  {reason.reason}, rule {reason.rule}{named}; as the rules answered on {day}")
    if not billing.steps:
        out.line("  the steps were not kept: the record had changed since its price was decided")
    elif set(billing.steps) <= set(today):
        out.line("  by the same steps as today")
    else:
        _tell_steps(out, billing.steps)
