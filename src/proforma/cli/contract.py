"""`proforma contract`."""

from __future__ import annotations

from typing import Annotated

import typer

from proforma.cli.document import check as check_document
from proforma.cli.group import group

app = group("Check a contract against its price lists.")


@app.callback()
def contract() -> None:
    """Check a contract against its price lists."""


@app.command(epilog="Examples: proforma contract check 6f1c…  |  proforma --json contract check 6f1c…")
def check(
    ctx: typer.Context, document: Annotated[str, typer.Argument(metavar="CONTRACT", help="GUID, number or name of the contract.")]
) -> None:
    """Default lists, broken attachments, and the price of each line detail beside what Dataverse stores."""
    check_document(ctx, document, kind="contract")
