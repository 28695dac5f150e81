"""`proforma quote check` and `proforma contract check`: one question about two kinds of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import typer

from proforma.cli.context import given

if TYPE_CHECKING:
    from proforma.cli.output import Output
    from proforma.sync.document_check import DocumentCheck


def check(ctx: typer.Context, document: str, *, kind: Literal["quote", "contract"]) -> None:
    """Shows what a document should have received, what is wrong with its lists, and each line's price beside the stored one."""
    from proforma.cli.ids import Ids
    from proforma.sync.document_check import check_document

    context = given(ctx)
    configuration = context.configuration
    with context.workshop() as workshop:
        ids = Ids(workshop.store)
        document_id = ids.quote(document) if kind == "quote" else ids.contracts([document])[0]
        found = check_document(workshop.store, configuration.pricing, document_id, kind=kind, zone=configuration.business_time_zone)
    if context.json:
        context.out.document(_shape(found))
    else:
        _show(context.out, found)
    if found.findings:
        raise typer.Exit(1)


def _shape(found: DocumentCheck) -> dict[str, Any]:
    from proforma.cli.output import text
    from proforma.cli.shapes import decision_shape

    lines = [
        {
            **decision_shape(line.decision),
            "stored_price": text(line.estimate.price),
            "stored_amount": text(line.estimate.amount),
            "difference": text(line.difference),
            "agrees": line.agrees,
        }
        for line in found.lines
    ]
    findings = [
        {
            "reason": finding.reason,
            "message": finding.message,
            "price_list": finding.price_list_id,
            "other": finding.other_id,
            "first_day": finding.first_day,
            "last_day": finding.last_day,
            "line": finding.line_id,
        }
        for finding in found.findings
    ]
    return {"default_price_lists": found.default_price_lists, "problems": found.problems, "findings": findings, "lines": lines}


def _show(out: Output, found: DocumentCheck) -> None:
    """For a person: what is wrong, in sentences; then line by line what is stored and what the rules give."""
    from proforma.cli.output import text

    out.line("lists given at its creation: " + (", ".join(found.default_names) or "none"))
    for problem in found.problems:
        out.line(f"  {problem}")
    rows = [
        (line.estimate.id, str(line.estimate.start_date or ""), "" if line.agrees else "differs", text(line.estimate.price) or "",
         text(line.decision.price) or "", text(line.estimate.amount) or "", text(line.decision.amount) or "",
         line.decision.currency or "", line.decision.reason)
        for line in found.lines
    ]  # fmt: skip
    columns = ("line detail", "start", "", "stored price", "ours", "stored amount", "our amount", "currency", "why")
    out.table(columns, rows, right=("stored price", "ours", "stored amount", "our amount"), ids=("line detail",))
    differing = sum(not line.agrees for line in found.lines)
    out.remark(f"{len(found.lines)} line details, {differing} differ; {len(found.findings)} findings")
