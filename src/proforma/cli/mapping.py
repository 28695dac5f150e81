"""`proforma mapping`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proforma.cli.context import CommandContext, given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.mapping import Mappings
    from proforma.sync.adopt import Proposal

app = group("The mappings from Dataverse to records and from invoices to finance.")

Folder = Annotated[Path | None, typer.Option("--folder", metavar="FOLDER", help="Folder of mappings; the configured one by default.")]


Live = Annotated[bool, typer.Option("--live", help="Compare with the tables, columns and options of the environment too.")]


@app.command(epilog="Examples: proforma mapping check  |  proforma mapping check --live")
def check(ctx: typer.Context, folder: Folder = None, live: Live = False) -> None:
    """Check all mappings; every fault with file, line and column."""
    context = given(ctx)
    mappings = _mappings(context, folder)
    counts = {"entities": len(mappings.entities), "finance": len(mappings.finance), "write_back": len(mappings.write_back)}
    if live:
        _check_live(context, mappings, counts)
    elif context.json:
        context.out.document({"ok": True, **counts})
    else:
        context.out.line(f"{counts['entities']} entities and {counts['finance']} finance targets are mapped without fault")
        if mappings.write_back:
            context.out.line(f"written back to Dataverse: {', '.join(sorted(mappings.write_back))}")


@app.command(epilog="Examples: proforma mapping adopt  |  proforma mapping adopt --write")
def adopt(
    ctx: typer.Context,
    folder: Folder = None,
    write: Annotated[bool, typer.Option("--write", help="Change the files; without it only the difference is printed.")] = False,
) -> None:
    """Propose the edits that make the mappings fit the environment: its own names, and options whose label is one of our words."""
    from proforma.mapping import shipped_mappings
    from proforma.sync.adopt import propose
    from proforma.sync.live_check import check_live

    context = given(ctx)
    home, mappings = _home(context, folder), _mappings(context, folder)
    if write and home is None:
        _refuse_to_change_the_package()
    with context.workshop() as workshop:
        proposal = propose(mappings, check_live(workshop.client, mappings), home or shipped_mappings())
    proposal.check()
    if write:
        proposal.write()
    _show_proposal(context, proposal, written=write)
    if proposal.asks:
        raise typer.Exit(1)


@app.command(epilog="Examples: proforma mapping show actual  |  proforma --json mapping show price-list")
def show(
    ctx: typer.Context, entity: Annotated[str, typer.Argument(metavar="ENTITY", help="An entity of the mappings.")], folder: Folder = None
) -> None:
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


def _show_proposal(context: CommandContext, proposal: Proposal, *, written: bool) -> None:
    files = [path.relative_to(proposal.folder).as_posix() for path in sorted(proposal.texts)]
    if context.json:
        context.out.document({"files": files, "diff": proposal.diff(), "asks": list(proposal.asks), "written": written})
        return
    if proposal.texts and not written:
        context.out.line(proposal.diff().rstrip("\n"))
    for ask in proposal.asks:
        context.out.remark(f"yours to decide: {ask}")
    context.out.remark(f"{len(files)} files {'changed' if written else 'would change'}, {len(proposal.asks)} decisions are yours")


def _refuse_to_change_the_package() -> NoReturn:
    from proforma.domain.errors import ConfigurationError

    raise ConfigurationError("the mappings in use are those of the package", hint="copy them with `proforma init`, and set `mappings`")


def _mappings(context: CommandContext, folder: Path | None) -> Mappings:
    from proforma.mapping import load_mappings

    return load_mappings(_home(context, folder))


def _home(context: CommandContext, folder: Path | None) -> Path | None:
    """The folder of the mappings, None for those of the package."""
    if folder is not None or not context.config_path.is_file():
        return folder
    configured = context.configuration.mappings
    return None if configured is None else context.configuration.folder / configured
