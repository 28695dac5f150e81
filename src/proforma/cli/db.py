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


@app.command(epilog="Examples: proforma db upgrade  |  proforma --config prod.yaml db upgrade --without-dump")
def upgrade(
    ctx: typer.Context,
    without_dump: Annotated[bool, typer.Option("--without-dump", help="PostgreSQL: you have made a dump yourself.")] = False,
) -> None:
    """Bring the store to the schema of this version; an older one is copied first: a SQLite file beside itself, PostgreSQL by pg_dump.

    A SQLite store is also migrated by whatever command opens it first, one in PostgreSQL by this command alone: stop all daemons and
    workers of the older version before.
    """
    from proforma.store import Store
    from proforma.sync.workshop import store_url

    context = given(ctx)
    url = store_url(context.configuration)
    dumped = None if without_dump else _dumped_if_older(context, url)
    with Store.open(url, upgrade=True) as store:
        version = store.schema_version
    if context.json:
        context.out.document({"schema": version, "dump": str(dumped) if dumped else None})
    else:
        context.out.line(f"the store has schema {version}" + (f"; as it was before, it is in {dumped}" if dumped else ""))


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
    """Copy the store while everything runs; the copy is checked before it gets its name. PostgreSQL is copied by pg_dump."""
    from proforma.domain.errors import ConfigurationError
    from proforma.store import Store
    from proforma.sync.workshop import store_url

    context = given(ctx)
    url = store_url(context.configuration)
    schema = Store.schema_at(url)
    if schema is None:
        raise ConfigurationError("there is no store yet", at="store", hint="nothing is there to be copied; `proforma db upgrade` makes one")
    to = _copied(context, url, file)
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


def _dumped_if_older(context: CommandContext, url: str) -> Path | None:
    """The dump of a PostgreSQL store that is about to be migrated; None where there is nothing to migrate, or the store is a file.

    Raises ConfigurationError or UnfinishedError when no dump can be made here.
    """
    from proforma.domain.errors import ConfigurationError, UnfinishedError
    from proforma.store import Store
    from proforma.store.connect import place
    from proforma.store.schema import HEAD

    if place(url).file is not None or Store.schema_at(url) in (None, HEAD):
        return None
    try:
        return _copied(context, url, None)
    except (ConfigurationError, UnfinishedError) as fault:
        hint = f"{fault.hint}; then run `proforma db upgrade --without-dump`"
        raise type(fault)(fault.message, at=fault.at, hint=hint) from fault


def _copied(context: CommandContext, url: str, file: Path | None) -> Path:
    """A copy of the store; without a name beside the file of the store, or for PostgreSQL beside the configuration."""
    from proforma.store.backup import back_up
    from proforma.store.connect import place
    from proforma.store.dump import dump

    store, when = place(url).file, f"{context.now():%Y%m%dT%H%M%S}"
    if store is None:
        to = file or context.configuration.folder / f"proforma.{when}.dump"
        dump(url, to)
        return to
    to = file or store.with_name(f"{store.name}.{when}.backup")
    to.parent.mkdir(parents=True, exist_ok=True)
    back_up(store, to)
    return to


def _file(context: CommandContext) -> Path:
    """The file of the store. Raises ConfigurationError for a store that is none."""
    from proforma.domain.errors import ConfigurationError
    from proforma.store.connect import place
    from proforma.sync.workshop import store_url

    where = place(store_url(context.configuration))
    if where.file is None:
        hint = "with all daemons and workers stopped, use pg_restore --clean --if-exists --dbname=DATABASE FILE (docs/store.md)"
        raise ConfigurationError("a PostgreSQL store is not put back by this program", at="store", hint=hint)
    return where.file
