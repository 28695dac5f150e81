"""`proforma reconcile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proforma.cli.context import given
from proforma.cli.days import day_of
from proforma.cli.group import group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proforma.cli.output import Output
    from proforma.invoicing.accounts import Account
    from proforma.sync.reconcile import Difference, Reconciled


app = group()


@app.command(epilog="Examples: proforma reconcile  |  proforma --json reconcile --from 2026-03-01 --to 2026-03-31")
def reconcile(
    ctx: typer.Context,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day of work; open by default.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day of work; open by default.")] = None,
) -> None:
    """Compare our books with what Dataverse holds now, and explain every difference; exit code 1 when somebody must act."""
    from proforma.mapping import compile_entity
    from proforma.sync.live_actuals import LiveActuals
    from proforma.sync.reconcile import Days
    from proforma.sync.reconcile import reconcile as compared

    context = given(ctx)
    days = Days(day_of(first, "--from"), day_of(last, "--to"))
    with context.workshop() as workshop, workshop.store.read() as reader:
        entities = workshop.mappings.entities
        live = LiveActuals(workshop.client, compile_entity(entities["actual"]), compile_entity(entities["contract"]))
        told = _Told(compared(reader, live, context.configuration.invoicing, days=days))
        if context.json:
            before = {"from": days.first, "to": days.last}
            context.out.stream(before, "differences", map(_shape, told.differences()), told.accounts_shape())
        else:
            told.print(context.out)
    if told.needs_a_person:
        raise typer.Exit(1)


class _Told:
    """A comparison as it is told: the differences one by one, the accounts when all contracts were seen."""

    def __init__(self, found: Iterator[Reconciled]) -> None:
        self._found = found
        self.accounts: list[Account] = []
        self.needs_a_person = False

    def differences(self) -> Iterator[Difference]:
        """Every difference, contract after contract."""
        for one in self._found:
            self.needs_a_person = self.needs_a_person or one.needs_a_person
            if one.account is not None:
                self.accounts.append(one.account)
            yield from one.differences

    def accounts_shape(self) -> Iterator[dict[str, Any]]:
        """The accounts, as JSON."""
        yield {"contracts": [_account_shape(one) for one in self.accounts]}

    def print(self, out: Output) -> None:
        """Both tables, for people."""
        rows = ((d.source, d.reason, _text(d.dataverse), _text(d.ours), d.message) for d in self.differences())
        out.table(("source", "reason", "dataverse", "ours", "explanation"), rows, right=("dataverse", "ours"), ids=("source",))
        out.line()
        columns = ("contract", "unbilled sales", "billed", "drafted", "backlog", "excluded", "changed", "unexplained")
        out.table(columns, [_cells(one) for one in self.accounts], right=columns[1:], ids=("contract",))


def _text(value: Any) -> str:
    from proforma.cli.output import text

    return text(value) or ""


def _cells(one: Account) -> tuple[str, ...]:
    from proforma.domain.money import total

    figures = (one.unbilled, one.billed, one.drafted, one.backlog, total(one.excluded.values()), one.changed, one.difference)
    return (one.contract_id, *(_text(figure) for figure in figures))


def _account_shape(one: Account) -> dict[str, Any]:
    return {
        "contract": one.contract_id,
        "currency": one.currency,
        "unbilled_sales": _text(one.unbilled),
        "billed": _text(one.billed),
        "drafted": _text(one.drafted),
        "backlog": _text(one.backlog),
        "excluded": {reason: _text(amount) for reason, amount in one.excluded.items()},
        "changed": _text(one.changed),
        "unpriced_rows": one.unpriced,
        "unexplained": _text(one.difference),
    }


def _shape(found: Difference) -> dict[str, Any]:
    return {
        "source": found.source,
        "contract": found.contract_id,
        "reason": found.reason,
        "message": found.message,
        "dataverse": _text(found.dataverse) or None,
        "ours": _text(found.ours) or None,
        "needs_a_person": found.needs_a_person,
    }
