"""`proforma price audit`."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from proforma.cli.context import CommandContext, given
from proforma.cli.csv_file import Cell, Rows, cell, csv_file

if TYPE_CHECKING:
    from proforma.sync.audit import Audit, Found, Sum

#: So many differences are shown to a person, those with the most money first; the file and the JSON hold all of them.
SHOWN_MAX: Final = 50
_COLUMNS: Final = (
    "record", "table", "date", "class", "side", "contract", "cause", "reason", "rule", "at_stake", "currency", "quantity",
    "stored_price", "price", "stored_amount", "amount", "difference", "our_currency", "stored_price_list", "price_list", "price_line",
)  # fmt: skip
_NONE: Final = Decimal(0)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no date; write YYYY-MM-DD") from None


def audit(
    ctx: typer.Context,
    since: Annotated[
        date | None, typer.Option("--since", parser=_day, metavar="YYYY-MM-DD", help="Only records of this business date or later.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write every difference to a CSV file.")] = None,
) -> None:
    """Price again what Dataverse has priced; every difference with its cause and the money at stake."""
    from proforma.sync.audit import Audit

    context = given(ctx)
    with context.workshop() as workshop, csv_file(csv, _COLUMNS) if csv else nullcontext() as rows:
        run = Audit(workshop.store, context.configuration.pricing, since=since, progress=workshop.progress)
        found = _written(run.differences(), rows)
        if context.json:
            context.out.stream({"since": since}, "differences", (_shape(one) for one in found), _after(run))
        else:
            largest = heapq.nlargest(SHOWN_MAX, found, key=lambda one: (abs(one.difference.amount or _NONE), one.difference.record.id))
            _show(context, run, largest)
    if csv:
        context.out.remark(f"{run.tally.different} differences written to {csv}")
    if run.tally.different:
        raise typer.Exit(1)


def _written(found: Iterable[Found], rows: Rows | None) -> Iterator[Found]:
    for one in found:
        if rows is not None:
            rows.writerow([cell(value) for value in _cells(one)])
        yield one


def _cells(one: Found) -> tuple[Cell, ...]:
    difference, record, decision = one.difference, one.difference.record, one.difference.decision
    return (
        record.id, record.table, one.day, record.transaction_class, decision.side, one.contract_name or record.contract_id,
        difference.cause, decision.reason, decision.rule, difference.stake, one.stored_currency, record.quantity,
        record.price, decision.price, difference.stored_amount, decision.amount, difference.amount, decision.currency,
        one.stored_list_name or record.price_list_id, one.list_name or decision.price_list_id, decision.price_line_id,
    )  # fmt: skip


def _shape(one: Found) -> dict[str, Any]:
    from proforma.cli.output import text

    difference, record, decision = one.difference, one.difference.record, one.difference.decision
    return {
        "record": record.id,
        "table": record.table,
        "date": one.day,
        "class": record.transaction_class,
        "side": decision.side,
        "contract": record.contract_id,
        "contract_name": one.contract_name,
        "cause": difference.cause,
        "reason": decision.reason,
        "rule": decision.rule,
        "at_stake": difference.stake,
        "quantity": text(record.quantity),
        "stored": {
            "price": text(record.price),
            "amount": text(difference.stored_amount),
            "currency": one.stored_currency,
            "price_list": record.price_list_id,
        },
        "ours": {
            "price": text(decision.price),
            "amount": text(decision.amount),
            "currency": decision.currency,
            "price_list": decision.price_list_id,
            "price_line": decision.price_line_id,
        },
        "difference": text(difference.amount),
        "trail": decision.trail,
    }


def _after(run: Audit) -> Iterator[dict[str, Any]]:
    """The sums, asked for when the list is complete."""
    tally = run.tally
    groups = [
        {"cause": cause, "rule": rule, "at_stake": stake, "currency": currency, **_sum_shape(amounts)}
        for (cause, rule, stake, currency), amounts in tally.group_rows()
    ]
    totals = [{"at_stake": stake, "currency": currency, **_sum_shape(amounts)} for (stake, currency), amounts in tally.total_rows()]
    counts = {"compared": tally.compared, "different": tally.different, "own_price": tally.own_price, "not_stored": tally.not_stored}
    yield {"groups": groups, "totals": totals, **counts}


def _sum_shape(amounts: Sum) -> dict[str, Any]:
    from proforma.cli.output import text

    return {
        "records": amounts.records,
        "under": text(amounts.under),
        "over": text(amounts.over),
        "net": text(amounts.net),
        "unproven": text(amounts.unproven),
    }


def _show(context: CommandContext, run: Audit, largest: list[Found]) -> None:
    """For a person: causes, totals, and the differences with the most money."""
    from proforma.cli.output import text

    out, tally = context.out, run.tally
    figures = ("records", "under", "over", "net", "unproven")
    groups = [(*key, *_sum_cells(amounts)) for key, amounts in tally.group_rows()]
    out.table(("cause", "rule", "at stake", "currency", *figures), groups, right=figures)
    out.line()
    rows = (
        (one.difference.record.id, str(one.day or ""), one.difference.cause, text(one.difference.record.price) or "",
         text(one.difference.decision.price) or "", text(one.difference.amount) or "", one.stored_currency or "",
         one.contract_name or "")
        for one in largest
    )  # fmt: skip
    columns = ("record", "date", "cause", "stored price", "our price", "amount at stake", "currency", "contract")
    out.table(columns, rows, right=columns[3:6], ids=("record",))
    if tally.different > len(largest):
        out.remark(f"{tally.different - len(largest)} smaller ones are not shown; --csv FILE or --json has all of them")
    for (stake, currency), amounts in tally.total_rows():
        unproven = f"; {text(amounts.unproven)} stored where we find no price" if amounts.unproven else ""
        out.line(f"{stake}: {text(amounts.under)} {currency} too little, {text(amounts.over)} {currency} too much{unproven}")
    out.remark(f"{tally.compared} records compared, {tally.different} differ; {tally.own_price} carry a price that no list gives")


def _sum_cells(amounts: Sum) -> tuple[str, ...]:
    from proforma.cli.output import text

    return (str(amounts.records), *(text(value) or "" for value in (amounts.under, amounts.over, amounts.net, amounts.unproven)))
