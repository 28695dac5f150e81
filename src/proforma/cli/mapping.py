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


@app.command(epilog="Examples: proforma mapping check  |  proforma mapping check --folder ./mappings")
def check(ctx: typer.Context, folder: Folder = None) -> None:
    """Check all mappings; every fault with file, line and column."""
    context = given(ctx)
    mappings = _mappings(context, folder)
    counts = {"entities": len(mappings.entities), "finance": len(mappings.finance)}
    if context.json:
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


def _mappings(context: CommandContext, folder: Path | None) -> Mappings:
    from proforma.mapping import load_mappings

    if folder is not None:
        return load_mappings(folder)
    if not context.config_path.is_file():
        return load_mappings(None)
    configured = context.configuration.mappings
    return load_mappings(None if configured is None else context.configuration.folder / configured)
