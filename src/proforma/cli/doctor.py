"""`proforma doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.context import CommandContext
    from proforma.sync.checkup import Finding
    from proforma.sync.workshop import Workshop

app = group()


@app.command(epilog="Examples: proforma doctor --offline  |  proforma --json doctor --bundle support.zip")
def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no other machine.")] = False,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="FILE", help="Write a file for support: no secrets, no names, no texts of records.")
    ] = None,
) -> None:
    """Everything that can be wrong with this installation, each with its remedy; exit code 2 or 3 when something keeps it from working."""
    from proforma.domain.errors import ConfigurationError
    from proforma.service.doctor import examine, unreadable

    context = given(ctx)
    try:
        context.configuration  # noqa: B018 - read here, so that its faults are findings like the others
    except ConfigurationError as fault:
        findings = [unreadable(fault)]
        written = _bundled(bundle, None, findings)
    else:
        with _workshop(context) as workshop:
            findings = examine(workshop, context.config_path, offline=offline)
            written = _bundled(bundle, workshop, findings)
    _tell(context, findings, bundle, written)
    if worst := max((finding.exit_code for finding in findings), default=0):
        raise typer.Exit(worst)


def _workshop(context: CommandContext) -> Workshop:
    """One whose requests are tried once: a doctor says what is, and does not wait for it to get better."""
    from proforma.cli.context import who
    from proforma.cli.logs import configure_logs
    from proforma.sync.workshop import Workshop
    from proforma.transport.retry import RetryPolicy

    configure_logs(context.verbosity, context.log_format)
    return Workshop(context.configuration, now=context.now, by=who(), retries=RetryPolicy(attempts_max=1, throttles_max=3))


def _bundled(file: Path | None, workshop: Workshop | None, findings: list[Finding]) -> list[str]:
    """What was written into the file for support; nothing without a file."""
    if file is None:
        return []
    from proforma.service.bundle import write_bundle

    return write_bundle(file, workshop, findings)


def _tell(context: CommandContext, findings: list[Finding], bundle: Path | None, written: list[str]) -> None:
    out = context.out
    if out.json:
        checks = [{"check": f.check, "ok": f.ok, "level": f.level, "message": f.message, "remedy": f.remedy} for f in findings]
        out.document({"checks": checks, "bundle": {"file": str(bundle), "holds": written} if bundle else None})
        return
    for finding in findings:
        out.line(f"{'FAULT' if finding.level == 'fault' else finding.level:<7} {finding.check}: {finding.message}")
        if finding.remedy:
            out.line(f"        what to do: {finding.remedy}")
    if bundle:
        out.line(f"wrote {bundle}: {', '.join(written)}; look into it before you pass it on")
