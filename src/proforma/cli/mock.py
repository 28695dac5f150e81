"""`proforma mock`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import CommandContext, given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.settings import Configuration
    from proforma.sync.disguise import Kept
    from proforma.sync.recording import RecordedTable

app = group("Mock Dataverse and finance servers, to test against.")


@app.callback()
def mock() -> None:
    """Mock Dataverse and finance servers, to test against."""


@app.command(epilog="Examples: proforma mock serve --world world.yaml  |  proforma mock serve --port 0 --write-config proforma.yaml")
def serve(
    world: Annotated[Path | None, typer.Option("--world", metavar="FILE", help="Rows to serve: YAML or JSON, also gzipped.")] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="0 picks a free one.")] = 8181,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https with a certificate made for this run.")] = False,
    latency_ms: Annotated[int, typer.Option("--latency-ms", min=0, metavar="N", help="Wait so long before each answer.")] = 0,
    page_size: Annotated[int | None, typer.Option("--page-size", min=1, max=5000, metavar="N", help="Largest page.")] = None,
    write_config: Annotated[
        Path | None,
        typer.Option("--write-config", metavar="PATH", help="Write a proforma.yaml for it, with --tls the certificate to trust beside it."),
    ] = None,
) -> None:
    """Serve on loopback until interrupted; prints `ready URL` when connections are accepted."""
    from proforma import mock as servers
    from proforma.domain.errors import ConfigurationError, UnfinishedError

    try:
        servers.serve(world=world, port=port, tls=tls, latency_ms=latency_ms, page_size=page_size, write_config=write_config)
    except servers.WorldError as error:
        raise ConfigurationError(str(error)) from error
    except OSError as error:
        raise UnfinishedError(f"cannot serve: {error.strerror or error}", hint="is the port taken, or the path not writable?") from error


@app.command(
    epilog="Examples: proforma mock record --rows 200  |  proforma mock record --table account --table salesorders -o world.json.gz"
)
def record(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Option("--from", metavar="URL", help="The environment; source.url by default.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="World to write: .yaml, .json, also .gz.")] = Path(
        "world.yaml"
    ),
    table: Annotated[list[str] | None, typer.Option("--table", metavar="NAME", help="Only this table; may be repeated.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, metavar="N", help="First rows of a table; those they refer to come along.")] = 500,
    keep_texts: Annotated[bool, typer.Option("--keep-texts", help="Leave names and texts as they are.")] = False,
    keep_ids: Annotated[bool, typer.Option("--keep-ids", help="Leave ids as they are.")] = False,
    keep: Annotated[list[str] | None, typer.Option("--keep", metavar="COLUMN", help="Leave this column's texts; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Make a world from an environment: its rows with other ids, names and texts, the same numbers, dates and choices."""
    from proforma.cli.mock_file import check_world_file, write_world
    from proforma.sync.disguise import CODES, Kept

    context = given(ctx)
    check_world_file(output, force=force)
    kept = Kept(ids=keep_ids, texts=keep_texts, columns=CODES | set(keep or ()))
    tables = _recorded(context, source, table or [], rows, kept)
    keys = {found.entity_set: found.keys for found in tables if found.rows and found.keys}
    rows_of = ((found.entity_set, found.rows) for found in tables if found.rows)
    size = write_world(output, rows_of, {"$keys": keys} if keys else {})
    _report_recorded(context, output, tables)
    _check_size(output, size)
    if any(found.refused for found in tables):
        raise typer.Exit(1)


def _recorded(context: CommandContext, source: str | None, wanted: list[str], rows: int, kept: Kept) -> list[RecordedTable]:
    from proforma.cli.context import who
    from proforma.cli.logs import configure_logs
    from proforma.sync.recording import Recorder
    from proforma.sync.workshop import Workshop

    configuration = context.configuration if source is None else _pointed_at(context.configuration, source)
    configure_logs(context.verbosity, context.log_format)
    with Workshop(configuration, now=context.now, by=who(), progress=context.out.progress()) as workshop:
        recorder = Recorder(workshop.client, rows_max=rows, kept=kept, progress=workshop.progress)
        return recorder.record(wanted=wanted, usual=[entity.entity_set for entity in workshop.mappings.order()])


def _pointed_at(configuration: Configuration, url: str) -> Configuration:
    """The configuration with another environment. Raises ConfigurationError when the configured credentials are for its own one only."""
    from proforma.dataverse.client import environment
    from proforma.domain.errors import ConfigurationError

    auth = configuration.source.auth
    # Promise 7: a secret that names no environment of its own goes to the configured one and to no other.
    elsewhere = environment(url).root != environment(configuration.source.url).root
    if elsewhere and (auth.kind not in ("none", "client_secret") or auth.scope):
        raise ConfigurationError(
            f"--from: the sign-in of the configuration is for {configuration.source.url} and is not sent to {url}",
            hint="write that address as source.url, with its own credentials",
        )
    return configuration.model_copy(update={"source": configuration.source.model_copy(update={"url": url})})


def _report_recorded(context: CommandContext, path: Path, tables: list[RecordedTable]) -> None:
    found = [table for table in tables if table.refused is None]
    refused = [table for table in tables if table.refused is not None]
    if context.json:
        context.out.document(
            {
                "file": str(path),
                "tables": [{"table": table.entity_set, "rows": len(table.rows), "more": table.more} for table in found],
                "refused": [{"table": table.entity_set, "reason": table.refused} for table in refused],
            }
        )
    else:
        shown = [(table.entity_set, str(len(table.rows)), "there are more" if table.more else "") for table in found if table.rows]
        context.out.table(["table", "rows", "rest"], shown, right=["rows"])
        context.out.line(f"{sum(len(table.rows) for table in found)} rows in {path}: proforma mock serve --world {path}")
    for table in refused:
        context.out.warn(f"{table.entity_set} is not in it: {table.refused}")


def _check_size(path: Path, size: int) -> None:
    """Raises ConfigurationError for a YAML file that the mock would refuse to read."""
    from proforma.domain.errors import ConfigurationError
    from proforma.mock import YAML_BYTES_MAX

    if ".json" not in path.suffixes and size > YAML_BYTES_MAX:
        raise ConfigurationError("a world of this size must be JSON", at=str(path), hint="record it with --output world.json.gz")
