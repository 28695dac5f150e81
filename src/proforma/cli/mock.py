"""`proforma mock`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proforma.cli.group import group

app = group("Mock Dataverse and finance servers, to test against.")


@app.callback()
def mock() -> None:
    """Mock Dataverse and finance servers, to test against."""


@app.command(epilog="Examples: proforma mock serve --world world.yaml  |  proforma mock serve --port 0 --write-config proforma.yaml")
def serve(
    world: Annotated[Path | None, typer.Option("--world", metavar="FILE", help="Rows to serve: YAML or JSON, also gzipped.")] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks a free one.")] = 8181,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https with a certificate made for this run.")] = False,
    latency_ms: Annotated[int, typer.Option("--latency-ms", min=0, help="Wait so long before each answer.")] = 0,
    page_size: Annotated[int | None, typer.Option("--page-size", min=1, max=5000, help="Largest page.")] = None,
    write_config: Annotated[Path | None, typer.Option("--write-config", metavar="PATH", help="Write a proforma.yaml for it.")] = None,
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
