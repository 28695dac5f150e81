"""`proforma mapping`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import CommandContext, given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.mapping import Mappings

app = group("The mappings from Dataverse to records and from invoices to finance.")

Folder = Annotated[Path | None, typer.Option("--folder", help="Folder of mappings; the configured one by default.")]


Live = Annotated[bool, typer.Option("--live", help="Compare with the tables, columns and options of the environment too.")]


@app.command(epilog="Examples: proforma mapping check  |  proforma mapping check --live")
def check(ctx: typer.Context, folder: Folder = None, live: Live = False) -> None:
    """Check all mappings; every fault with file, line and column."""
    context = given(ctx)
    mappings = _mappings(context, folder)
    counts = {"entities": len(mappings.entities), "finance": len(mappings.finance)}
    if live:
        _check_live(context, mappings, counts)
    elif context.json:
        context.out.document({"ok": True, **counts})
    else:
        context.out.line(f"{counts['entities']} entities and {counts['finance']} finance targets are mapped without fault")


@app.command(epilog="Examples: proforma mapping show actual  |  proforma --json mapping show price-list")
def show(ctx: typer.Context, entity: Annotated[str, typer.Argument(metavar="ENTITY")], folder: Folder = None) -> None:
    """The compiled form of one entity: what is asked for, and what becomes of it."""
    from proforma.domain.errors import ConfigurationError
    from proforma.mapping import describe

    context = given(ctx)
    mappings = _mappings(context, folder)
    if entity not in mappings.entities:
        raise ConfigurationError(f"there is no entity {entity!r}", hint="known: " + ", ".join(sorted(mappings.entities)))
    described = describe(mappings.entities[entity])
    if context.json:
        context.out.document(described)
        return
    for key, value in described.items():
        if isinstance(value, dict):
            context.out.line(f"{key}:")
            for name, what in value.items():
                context.out.line(f"  {name}: {what}")
        else:
            context.out.line(f"{key}: {value}")


@app.command(epilog="Examples: proforma mapping schema  |  proforma mapping schema > mapping.schema.json")
def schema(ctx: typer.Context) -> None:
    """JSON Schema of mapping files, for editors."""
    from proforma.mapping import schema as mapping_schema

    given(ctx).out.document(mapping_schema())


def _check_live(context: CommandContext, mappings: Mappings, counts: dict[str, int]) -> None:
    """Exit code 2 when a pull would end, 1 when it would hold rows back."""
    from proforma.sync.live_check import Weight, check_live

    with context.workshop() as workshop:
        found = list(check_live(workshop.client, mappings))
    if context.json:
        fields = ("entity", "kind", "name", "weight", "message", "at")
        shown = [{name: getattr(difference, name) for name in fields} for difference in found]
        context.out.document({"ok": not any(d.weight is not Weight.REMARK for d in found), **counts, "differences": shown})
    else:
        for difference in found:
            context.out.line(f"{difference.weight.value:<8} {difference}")
        context.out.remark(f"{counts['entities']} entities compared, {len(found)} differences")
    weights = {difference.weight for difference in found}
    if worst := 2 if Weight.FAULT in weights else 1 if Weight.WARNING in weights else 0:
        raise typer.Exit(worst)


def _mappings(context: CommandContext, folder: Path | None) -> Mappings:
    from proforma.mapping import load_mappings

    if folder is not None:
        return load_mappings(folder)
    if not context.config_path.is_file():
        return load_mappings(None)
    configured = context.configuration.mappings
    return load_mappings(None if configured is None else context.configuration.folder / configured)
