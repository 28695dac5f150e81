"""`proforma quote`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.document import check as check_document
from proforma.cli.group import group

app = group("Check a quote against its price lists.")


@app.callback()
def quote() -> None:
    """Check a quote against its price lists."""


@app.command(epilog="Examples: proforma quote check 6f1c…  |  proforma --json quote check 6f1c…")
def check(ctx: typer.Context, document: Annotated[str, typer.Argument(metavar="QUOTE", help="GUID, number or name of the quote.")]) -> None:
    """Default lists, broken attachments, and the price of each line detail beside what Dataverse stores."""
    check_document(ctx, document, kind="quote")
