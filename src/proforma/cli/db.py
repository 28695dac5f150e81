"""`proforma db`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.context import CommandContext

app = group("The store: migrations, backups, and the integrity of the ledger.")


@app.command(epilog="Examples: proforma db upgrade  |  proforma --config prod.yaml db upgrade")
def upgrade(ctx: typer.Context) -> None:
    """Bring the store to the schema of this version; an older SQLite store is backed up beside itself first."""
    context = given(ctx)
    with context.workshop() as workshop:
        version = workshop.store.schema_version
    context.out.document({"schema": version}) if context.json else context.out.line(f"the store has schema {version}")


@app.command(epilog="Examples: proforma db check  |  proforma --json db check")
def check(ctx: typer.Context) -> None:
    """Fold every invoice's events anew, and account for every contract's money to the cent; exit code 1 when something does not hold."""
    from proforma.sync.proof import faults as proven_wrong

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        invoices = len(reader.ledger.invoices(include_deleted=True))
        faults = list(proven_wrong(reader, context.configuration.invoicing))
    if context.json:
        context.out.document({"invoices": invoices, "faults": [str(fault) for fault in faults]})
    else:
        for fault in faults:
            context.out.line(str(fault))
        context.out.line(f"{invoices} invoices checked, {len(faults)} faults")
    if faults:
        raise typer.Exit(1)


@app.command(epilog="Examples: proforma db backup  |  proforma --json db backup copies/friday.db")
def backup(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; by default beside the store, with the time.")] = None,
) -> None:
    """Copy a SQLite store while everything runs; the copy is checked before it gets its name."""
    from proforma.store.backup import back_up

    context = given(ctx)
    store = _file(context)
    to = file or store.with_name(f"{store.name}.{context.now():%Y%m%dT%H%M%S}.backup")
    with context.workshop() as workshop:
        schema = workshop.store.schema_version
    to.parent.mkdir(parents=True, exist_ok=True)
    back_up(store, to)
    shape = {"file": str(to), "schema": schema, "bytes": to.stat().st_size}
    context.out.document(shape) if context.json else context.out.line(f"wrote {to}, schema {schema}, {shape['bytes']} bytes")


@app.command(epilog="Examples: proforma db restore copies/friday.db  |  proforma --json db restore copies/friday.db")
def restore(ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `db backup` wrote.")]) -> None:
    """Put a backup in the place of a SQLite store; refused while a daemon or a stage runs. The old store is kept under another name."""
    from proforma.store.backup import restore as put_back

    context = given(ctx)
    store = _file(context)
    kept = put_back(store, file)
    if context.json:
        context.out.document({"store": str(store), "from": str(file), "kept": str(kept) if kept else None})
    else:
        context.out.line(f"{store} is {file} now" + (f"; the old one is {kept}" if kept else ""))
    context.out.remark("invoices confirmed after the backup are not in it: read docs/reliability.md before the next push")


def _file(context: CommandContext) -> Path:
    """The file of the store. Raises ConfigurationError for a store that is none."""
    from proforma.domain.errors import ConfigurationError
    from proforma.store.connect import place
    from proforma.sync.workshop import store_url

    where = place(store_url(context.configuration))
    if where.file is None:
        hint = "use PostgreSQL's own: pg_dump --format=custom --file=FILE DATABASE, and pg_restore with all daemons stopped (docs/store.md)"
        raise ConfigurationError("a PostgreSQL store is not backed up by this program", at="store", hint=hint)
    return where.file
