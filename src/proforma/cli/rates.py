"""`proforma rates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from proforma.cli.context import given
from proforma.cli.group import group
from proforma.cli.rate_cards import diff, export

if TYPE_CHECKING:
    from proforma.domain.ids import CurrencyId
    from proforma.pricing import PriceBook

app = group("Price lists: show, write to a file, compare, check an attachment, plan a copy.")
app.command("export", epilog="Examples: proforma rates export LIST --output card.yaml  |  proforma rates export LIST > card.yaml")(export)
app.command("diff", epilog="Examples: proforma rates diff LIST card.yaml  |  proforma --json rates diff old.yaml new.yaml")(diff)

ListId = Annotated[str, typer.Argument(metavar="LIST", help="GUID or name of a price list.")]


@app.command("list", epilog="Examples: proforma rates list  |  proforma --json rates list")
def list_rates(ctx: typer.Context) -> None:
    """All price lists of the mirror."""
    from proforma.domain.prices import PriceList

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        lists = sorted(reader.mirror.all(PriceList), key=lambda row: (row.name or "", row.id))
    if context.json:
        shape = [
            {"id": row.id, "name": row.name, "context": row.context, "first": row.first_day, "last": row.last_day, "active": row.active}
            for row in lists
        ]
        context.out.document({"price_lists": shape})
        return
    rows = [(row.id, row.name or "", row.context or "?", str(row.first_day or "open"), str(row.last_day or "open")) for row in lists]
    context.out.table(("id", "name", "context", "first day", "last day"), rows)


@app.command(
    "attach-check", epilog="Examples: proforma rates attach-check LIST --to 6f1c…  |  proforma --json rates attach-check LIST --to ID"
)
def attach_check(
    ctx: typer.Context,
    price_list: ListId,
    to: Annotated[
        str, typer.Option("--to", metavar="OWNER", help="GUID, number or name of a quote, contract, account, unit or subcontract.")
    ],
) -> None:
    """Whether a list may be attached: context, currency, no overlap with what is attached already."""
    from proforma.cli.ids import Ids
    from proforma.pricing.attaching import attach_verdict
    from proforma.pricing.trail import named
    from proforma.sync.price import price_book

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        book = price_book(reader, context.configuration.pricing)
        ids = Ids(workshop.store)
        verdict = attach_verdict(book, ids.price_list(price_list), ids.owner(to))
    if context.json:
        context.out.document({"accepted": verdict.accepted, "reason": verdict.reason, "other": verdict.other_id})
    else:
        other = book.facts.price_lists.get(verdict.other_id) if verdict.other_id else None
        shared = f" with {named(other)}, which is attached already" if other else ""
        context.out.line("accepted" if verdict.accepted else f"refused: {verdict.reason}{shared}")
    if not verdict.accepted:
        raise typer.Exit(1)


@app.command(
    epilog="Examples: proforma rates copy LIST --dry-run --action custom-pricing  |  proforma rates copy LIST --dry-run --currency EUR"
)
def copy(
    ctx: typer.Context,
    price_list: ListId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what the copy would hold; nothing else is done.")] = False,
    action: Annotated[
        str, typer.Option("--action", metavar="custom-pricing|copy", help="The copy for one deal (--to), or a list of its own.")
    ] = "copy",
    to: Annotated[str | None, typer.Option("--to", metavar="DOC", help="The quote or contract that gets the copy.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", metavar="C", help="ISO code or GUID of another currency.")] = None,
    time_unit: Annotated[str | None, typer.Option("--time-unit", metavar="U", help="GUID of another unit for role prices.")] = None,
) -> None:
    """Plan a copy of a price list: which rows it takes, at which price."""
    from proforma.cli.ids import Ids, guid
    from proforma.cli.output import text
    from proforma.domain.errors import ConfigurationError
    from proforma.domain.ids import UnitId
    from proforma.pricing.copies import plan_copy
    from proforma.sync.price import price_book

    if not dry_run:
        raise ConfigurationError("price lists are only planned here, not written", hint="add --dry-run")
    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        book = price_book(reader, context.configuration.pricing)
        ids = Ids(workshop.store)
        list_id, document_id = ids.price_list(price_list), ids.owner(to) if to else None
    rows = plan_copy(
        book,
        list_id,
        action=_action(action),
        to=document_id,
        currency=_currency(book, currency) if currency else None,
        time_unit=UnitId(guid(time_unit, "--time-unit")) if time_unit else None,
    )
    if context.json:
        context.out.document({"rows": [{"of": row.of, "price": text(row.price)} for row in rows]})
    else:
        context.out.table(("row", "price"), [(row.of, text(row.price) or "") for row in rows], right=("price",))


def _action(word: str) -> Literal["custom-pricing", "copy"]:
    from proforma.domain.errors import ConfigurationError

    match word:
        case "custom-pricing" | "copy":
            return word
        case _:
            raise ConfigurationError(f"--action: {word!r} is unknown", hint="custom-pricing or copy")


def _currency(book: PriceBook, name: str) -> CurrencyId:
    from proforma.cli.ids import guid
    from proforma.domain.ids import CurrencyId

    by_code = {row.code: row.id for row in book.facts.records.currencies}
    return by_code.get(name.upper()) or CurrencyId(guid(name, "--currency"))
