"""`proforma init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma init  |  proforma init ./fabrikam")
def init(ctx: typer.Context, folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path()) -> None:
    """Write a configuration to fill in, and copies of the mappings to edit; nothing that exists is overwritten."""
    from proforma.domain.errors import ConfigurationError
    from proforma.settings.starter import write_starter

    context = given(ctx)
    try:
        written = write_starter(folder)
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}", hint="name another folder") from error
    if context.json:
        context.out.document({"written": [str(path) for path in written]})
        return
    for path in written:
        context.out.line(f"wrote {path}")
    context.out.remark("next: fill in the addresses, export the secrets it names, then run `proforma doctor`")
