"""`proforma doctor`."""

from __future__ import annotations

import typer

from proforma.cli.context import given
from proforma.cli.group import group

app = group()


@app.command(epilog="Examples: proforma doctor  |  proforma --json doctor")
def doctor(ctx: typer.Context) -> None:
    """Check configuration, store, mappings, sign-in and both remote sides; each fault with its remedy."""
    from proforma.sync.checkup import check_up

    context = given(ctx)
    with context.workshop() as workshop:
        findings = check_up(workshop)
    if context.json:
        context.out.document({"checks": [{"check": f.check, "ok": f.ok, "message": f.message} for f in findings]})
    else:
        for finding in findings:
            context.out.line(f"{'ok   ' if finding.ok else 'FAULT'} {finding.check}: {finding.message}")
    if worst := max((finding.exit_code for finding in findings), default=0):
        raise typer.Exit(worst)
