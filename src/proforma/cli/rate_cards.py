"""`proforma rates export` and `proforma rates diff`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given

if TYPE_CHECKING:
    from proforma.pricing.rate_cards import CardChange, RateCard

Card = Annotated[str, typer.Argument(metavar="LIST|FILE", help="GUID or name of a price list, or a file made by `rates export`.")]


def export(
    ctx: typer.Context,
    price_list: Annotated[str, typer.Argument(metavar="LIST", help="GUID or name of a price list.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead of stdout.")] = None,
) -> None:
    """Write a price list with its rows as YAML: ids with names, sorted, exact figures."""
    from proforma.sync.price import pricing_records
    from proforma.sync.rate_card_file import card_text
    from proforma.sync.rate_cards import card_named

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        card = card_named(pricing_records(reader), price_list)
    text = card_text(card)
    if output is not None:
        _write(output, text)
    if context.json:
        written = str(output) if output else None
        context.out.document({"price_list": card.price_list.id, "rows": _rows(card), "output": written, "card": text})
    elif output is None:
        typer.echo(text, nl=False)
    else:
        context.out.remark(f"{_rows(card)} rows written to {output}")


def diff(ctx: typer.Context, before: Card, after: Card) -> None:
    """What a rate card has more, less or otherwise than another; rows are paired by what they price."""
    from proforma.pricing.rate_cards import changes
    from proforma.sync.price import pricing_records
    from proforma.sync.rate_cards import card_named

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        records = pricing_records(reader)
    found = changes(card_named(records, before), card_named(records, after))
    counts = Counter(change.kind for change in found)
    if context.json:
        shapes = [
            {"kind": change.kind, "table": change.table, "what": change.what, "before": change.before, "after": change.after}
            for change in found
        ]
        context.out.document({"added": counts["added"], "removed": counts["removed"], "changed": counts["changed"], "changes": shapes})
        return
    context.out.table(("", "table", "what", "before → after"), [_cells(change) for change in found])
    context.out.remark(f"{counts['added']} added, {counts['removed']} removed, {counts['changed']} changed")


def _cells(change: CardChange) -> tuple[str, str, str, str]:
    sign = {"added": "+", "removed": "-", "changed": "~"}[change.kind]
    names = list(dict.fromkeys((*change.before, *change.after)))
    figures = {
        "added": ", ".join(f"{name} {value}" for name, value in change.after.items()),
        "removed": ", ".join(f"{name} {value}" for name, value in change.before.items()),
        "changed": ", ".join(f"{name} {change.before.get(name, 'none')} → {change.after.get(name, 'none')}" for name in names),
    }
    return sign, change.table, change.what, figures[change.kind]


def _rows(card: RateCard) -> int:
    return sum(map(len, (card.role_prices, card.markups, card.overrides, card.category_prices, card.items)))


def _write(path: Path, text: str) -> None:
    from proforma.domain.errors import ConfigurationError

    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigurationError(f"cannot be written: {error.strerror}", at=str(path), hint="check the folder and its rights") from error
