"""`proforma preflight`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.output import Output
    from proforma.sync.inquiry import NotAsked
    from proforma.sync.preflight import Lack

app = group()


@app.command(epilog="Examples: proforma preflight  |  proforma --json preflight --offline")
def preflight(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask finance nothing; look at our own records and mappings only.")] = False,
) -> None:
    """What finance would refuse of the billing backlog: what is missing, how much waits because of it, and who can mend it.

    Finance is asked once for each customer, currency, account, item, unit and day, and told nothing. What it cannot be asked about is said.
    """
    from proforma.sync.inquiry import Inquiry
    from proforma.sync.preflight import by_target
    from proforma.sync.preflight import preflight as look_ahead
    from proforma.sync.routes import Routes

    context = given(ctx)
    found: list[tuple[str, Lack]] = []
    not_asked: list[tuple[str, NotAsked]] = []
    with context.workshop() as workshop:
        for name, rows in by_target(workshop.store, workshop.desk.backlog(), Routes(workshop.configuration.finance)).items():
            inquiry = Inquiry(None if offline else workshop.target_of(name))
            rules = workshop.finance_mapping_of(name).document
            lacks = look_ahead(workshop.store, rows, rules, inquiry, day=context.business_date)
            found += [(name, lack) for lack in lacks]
            not_asked += [(name, why) for why in inquiry.not_asked]
    if context.json:
        context.out.document({"problems": [_shape(name, lack) for name, lack in found], "not_asked": [_gap(*gap) for gap in not_asked]})
    else:
        _tell(context.out, found, offline=offline)
        tell_not_asked(context.out, not_asked)
    if any(why.fault is not None for _, why in not_asked):
        raise typer.Exit(3)
    if found:
        raise typer.Exit(1)


def tell_not_asked(out: Output, not_asked: Sequence[tuple[str, NotAsked]]) -> None:
    """What nobody knows because finance was not asked: a fault needs attention, a question that a system does not offer does not."""
    for name, why in not_asked:
        words = f"{name} was not asked about {', '.join(why.kinds)}: {why.reason}"
        out.remark(words) if why.fault is None else out.warn(words)


def _tell(out: Output, found: Sequence[tuple[str, Lack]], *, offline: bool) -> None:
    from proforma.cli.output import text

    for name, lack in found:
        waits = ", ".join(f"{text(amount)} {code}" for code, amount in lack.amounts.items())
        out.line(f"{lack.reason} ({name}): {lack.message}")
        out.line(f"    {len(lack.sources)} rows wait, {waits}; for {lack.who}")
    out.remark(f"{len(found)} things are missing" + ("; finance was not asked (--offline)" if offline else ""))


def _shape(name: str, lack: Lack) -> dict[str, object]:
    from proforma.cli.output import text

    return {
        "target": name,
        "reason": lack.reason,
        "key": lack.key,
        "message": lack.message,
        "who": lack.who,
        "sources": lack.sources,
        "contracts": lack.contracts,
        "amounts": {code: text(amount) for code, amount in lack.amounts.items()},
    }


def _gap(name: str, why: NotAsked) -> dict[str, object]:
    return {"target": name, "kinds": why.kinds, "reason": why.reason, "failed": why.fault is not None}
