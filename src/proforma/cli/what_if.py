"""`proforma price what-if`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from proforma.cli.context import given
from proforma.domain.money import total

if TYPE_CHECKING:
    from proforma.sync.what_if import Outlook


def what_if(
    ctx: typer.Context,
    price_list: Annotated[str, typer.Option("--list", metavar="FILE|ID", help="A rate card file, or the GUID or name of a price list.")],
    days: Annotated[
        str | None,
        typer.Option("--days", metavar="own|any", help="When the list holds; own days where it is attached, any day where it is not."),
    ] = None,
) -> None:
    """The billing backlog as if this list held: each contract's amount now, amount then, and rows without a price."""
    from proforma.sync.what_if import WhatIf

    context = given(ctx)
    sums = _Sums()
    with context.workshop() as workshop:
        asked = WhatIf(workshop.store, workshop.desk, context.configuration.pricing, card=price_list, days=_days(days))
        found = sums.counted(asked.outlooks())
        if context.json:
            before = {"price_list": asked.card.price_list.id, "name": asked.card.price_list.name, "days": asked.days}
            context.out.stream(before, "contracts", map(_shape, found), sums.after())
        else:
            columns = ("contract", "rows", "changed", "unpriced", "now", "then", "difference", "currency", "name")
            context.out.table(columns, map(_cells, found), right=columns[1:7], ids=("contract",))
            for currency, (now, then) in sorted(sums.amounts.items()):
                context.out.line(f"{currency}: {now:f} now, {then:f} then, difference {total((then, -now)):f}")
            if not sums.rows:
                context.out.line("no work waits to be billed on the contracts that this list prices; see `proforma backlog list`")
            if sums.outside:
                context.out.remark(f"{sums.outside} rows lie outside the days of the list and keep their price; --days any prices them too")
    if sums.unpriced:
        context.out.warn(f"{sums.unpriced} rows would have no price; --json names them")
        raise typer.Exit(1)


class _Sums:
    """Adds contracts up as they stream by."""

    def __init__(self) -> None:
        self.amounts: dict[str, tuple[Decimal, Decimal]] = {}
        self.rows = self.unpriced = self.outside = 0

    def counted(self, outlooks: Iterable[Outlook]) -> Iterator[Outlook]:
        for outlook in outlooks:
            currency = outlook.currency or "?"
            now, then = self.amounts.get(currency, (Decimal(0), Decimal(0)))
            self.amounts[currency] = (total((now, outlook.now)), total((then, outlook.then)))
            self.rows += outlook.rows
            self.unpriced += len(outlook.unpriced)
            self.outside += outlook.outside
            yield outlook

    def after(self) -> Iterator[dict[str, Any]]:
        """The totals by currency, asked for when the list is complete."""
        from proforma.cli.output import text

        totals = [
            {"currency": currency, "amount_now": text(now), "amount_then": text(then), "difference": text(total((then, -now)))}
            for currency, (now, then) in sorted(self.amounts.items())
        ]
        yield {"totals": totals, "unpriced": self.unpriced, "outside": self.outside}


def _shape(outlook: Outlook) -> dict[str, Any]:
    from proforma.cli.output import text

    return {
        "contract": outlook.contract_id,
        "name": outlook.name,
        "currency": outlook.currency,
        "rows": outlook.rows,
        "changed": outlook.changed,
        "outside": outlook.outside,
        "amount_now": text(outlook.now),
        "amount_then": text(outlook.then),
        "difference": text(outlook.difference),
        "unpriced_now": outlook.unpriced_now,
        "unpriced": [{"record": record, "reason": reason} for record, reason in outlook.unpriced],
    }


def _cells(outlook: Outlook) -> tuple[str, ...]:
    from proforma.cli.output import text

    figures = (text(amount) or "" for amount in (outlook.now, outlook.then, outlook.difference))
    counts = (str(outlook.rows), str(outlook.changed), str(len(outlook.unpriced)))
    return (outlook.contract_id, *counts, *figures, outlook.currency or "", outlook.name or "")


def _days(word: str | None) -> Literal["own", "any"] | None:
    match word:
        case None | "own" | "any":
            return word
        case _:
            raise typer.BadParameter(f"{word!r} is unknown; write own or any", param_hint="--days")
