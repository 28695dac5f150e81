"""`proforma invoice`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.days import day_of
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.ids import Ids
    from proforma.sync.draft import Answer, BillingDesk

app = group("Proforma invoices, from draft to confirmed and corrected.")

InvoiceName = Annotated[str, typer.Argument(metavar="INVOICE", help="Number (PF-000001) or id of the invoice.")]
InvoiceNames = Annotated[list[str], typer.Argument(metavar="INVOICE...", help="Numbers or ids of invoices.")]
Of = Annotated[str, typer.Option("--of", metavar="SOURCE", help="GUID of the source row that the detail was made from.")]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="SOURCE", help="Only this source row; may be repeated.")]


@app.command(epilog="Examples: proforma invoice create --contract 6f1c…  |  proforma --as-of 2026-03-31 invoice create --all")
def create(
    ctx: typer.Context,
    contracts: Annotated[list[str] | None, typer.Option("--contract", metavar="ID", help="A contract; may be repeated.")] = None,
    only: Only = None,
    to_existing: Annotated[bool, typer.Option("--to-existing", help="Add to the newest open draft of contract and customer.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every active project contract.")] = False,
) -> None:
    """Draft invoices from everything that is ready: one for each customer of a contract."""
    from proforma.cli.ids import Ids
    from proforma.cli.report import report_answers
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.draft import work_based_contracts

    context = given(ctx)
    if bool(contracts) == everything:
        raise ConfigurationError("name contracts with --contract ID, or take all active ones with --all")
    day = context.business_date
    with context.workshop() as workshop:
        ids = Ids(workshop.store)
        chosen = ids.sources(only or ())
        with workshop.store.read() as reader:
            policy = context.configuration.invoicing
            active = work_based_contracts(reader, billed_here=policy) if everything else []
        wanted = active or ids.contracts(contracts or ())
        answers = workshop.desk.creations(wanted, as_of=day, only=chosen, to_existing=to_existing)
        report_answers(context.out, answers, done=lambda drafts: f"{drafts} drafts")


@app.command("list", epilog="Examples: proforma invoice list  |  proforma --json invoice list --all")
def list_invoices(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also deleted drafts.")] = False,
) -> None:
    """All invoices in the order of their creation."""
    from proforma.cli.report import invoice_table
    from proforma.cli.shapes import invoice_shape

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        if context.json:
            invoices = reader.ledger.each_invoice(include_deleted=everything)
            context.out.stream({}, "invoices", (invoice_shape(invoice) for invoice in invoices), iter([{}]))
        else:
            invoice_table(context.out, reader, reader.ledger.all_headers(include_deleted=everything))


@app.command(epilog="Examples: proforma invoice show PF-000001  |  proforma --json invoice show PF-000001")
def show(ctx: typer.Context, invoice: InvoiceName) -> None:
    """One invoice with its lines and details, and who did what to it."""
    from proforma.cli.history import act_of, history_shape
    from proforma.cli.output import text
    from proforma.cli.report import state_of
    from proforma.cli.shapes import difference_shape, invoice_shape
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.amount_check import amount_warnings
    from proforma.sync.taking_over import differences_of

    context = given(ctx)
    with context.workshop() as workshop, workshop.store.read() as reader:
        found = reader.ledger.invoice(invoice)
        warnings = [] if found is None else amount_warnings(reader, found)
        differences = () if found is None else differences_of(reader, found)
        events = [] if found is None else reader.ledger.events(found.id)
    if found is None:
        raise ConfigurationError(f"there is no invoice {invoice!r}", hint="see `proforma invoice list --all`")
    if context.json:
        told = [{"source": w.source, "reason": "amount-differs", "message": w.message} for w in warnings]
        more = {"differences": [difference_shape(d) for d in differences], "history": [history_shape(event) for event in events]}
        context.out.document({**invoice_shape(found), "warnings": told, **more})
        return
    out = context.out
    for warning in warnings:
        out.warn(f"{warning.source}: {warning.message}")
    for difference in differences:
        out.warn(f"{difference.source}: {difference.message}")
    out.line(f"{found.number}  {state_of(found)}  push: {found.push}  {found.external_number or ''}".rstrip())
    out.line(f"contract {found.contract_id}  customer {found.customer_id}  date {found.invoice_date}")
    for line in found.lines:
        out.line()
        out.line(f"{line.description}, {line.type}: {text(line.amount)} {found.currency.code}")
        rows = [
            (d.source, str(d.day or ""), text(d.quantity) or "", text(d.price) or "", text(d.amount) or "", d.billing_type,
             d.price_rule or "", d.description or "")
            for d in line.details
        ]  # fmt: skip
        columns = ("source", "date", "quantity", "price", "amount", "billing", "rule", "description")
        out.table(columns, rows, right=("quantity", "price", "amount"), ids=("source",))
    out.line()
    out.line(f"total {text(found.total)} {found.currency.code}, tax excluded")
    out.line()
    out.table(("at", "by", "act"), [(f"{event.at:%Y-%m-%d %H:%M:%S} UTC", event.by, act_of(event)) for event in events])


_EXPORT_EXAMPLES = (
    "Examples: proforma invoice export PF-000001 --format pdf --language nb  |  "
    "proforma invoice export PF-000001 --format csv > PF-000001.csv"
)


@app.command(epilog=_EXPORT_EXAMPLES)
def export(
    ctx: typer.Context,
    invoice: InvoiceName,
    format_: Annotated[str, typer.Option("--format", metavar="pdf|csv|json|xlsx", help="What to write.")] = "pdf",
    language: Annotated[str | None, typer.Option("--language", metavar="en|nb", help="Of PDF and XLSX; as configured by default.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Default: NUMBER.pdf or .xlsx here, stdout for csv and json.")
    ] = None,
    fonts: Annotated[list[Path] | None, typer.Option("--fonts", metavar="FOLDER", help="Fonts for other scripts; may be repeated.")] = None,
) -> None:
    """Write an invoice as a document that a customer can be shown."""
    from proforma.cli.paper import export as write
    from proforma.cli.paper import wish
    from proforma.domain.errors import ConfigurationError
    from proforma.sync.paper import paper_of

    context = given(ctx)
    settings = context.configuration.documents
    configured = [context.configuration.folder / folder for folder in settings.fonts]
    wanted = wish(format_=format_, language=language or settings.language, output=output, fonts=fonts or configured)
    with context.workshop() as workshop, workshop.store.read() as reader:
        found = reader.ledger.invoice(invoice)
        if found is None:
            raise ConfigurationError(f"there is no invoice {invoice!r}", hint="see `proforma invoice list --all`")
        paper = paper_of(reader, found, settings)
    write(context.out, paper, wanted)


@app.command(epilog="Examples: proforma invoice confirm PF-000001  |  proforma invoice confirm --all-drafts")
def confirm(
    ctx: typer.Context,
    invoices: Annotated[list[str] | None, typer.Argument(metavar="[INVOICE]...", help="Numbers or ids of drafts.")] = None,
    all_drafts: Annotated[bool, typer.Option("--all-drafts", help="Every draft made here.")] = False,
    accounting_date: Annotated[
        str | None,
        typer.Option("--accounting-date", metavar="YYYY-MM-DD", help="Day on which it counts in the ledger; the business date by default."),
    ] = None,
) -> None:
    """Confirm drafts: each becomes immutable and is queued for finance in one commit.

    With invoicing.confirmed_by: another_person nobody confirms what they made or changed.
    """
    from proforma.cli.preflight import tell_not_asked
    from proforma.cli.report import report_answer
    from proforma.domain.errors import ConfigurationError
    from proforma.domain.invoices import Confirmed
    from proforma.sync.confirm_check import confirm_checked

    context = given(ctx)
    if bool(invoices) == all_drafts:
        raise ConfigurationError("name invoices, or confirm every draft with --all-drafts")
    posting = day_of(accounting_date or None, "--accounting-date")
    with context.workshop() as workshop:
        names = list(invoices or ())
        if all_drafts:
            with workshop.store.read() as reader:
                drafts = (header for header in reader.ledger.all_headers() if header.status == "draft")
                names = [header.id for header in drafts if not header.is_taken_over]
        checked = confirm_checked(workshop, names, as_of=context.business_date, accounting_date=posting)
    tell_not_asked(context.out, checked.not_asked)
    for warning in checked.warnings:
        context.out.warn(f"confirmed, but: {warning.message}")
    confirmed = sum(isinstance(happening, Confirmed) for _, happening in checked.answer.changes.happenings)
    report_answer(context.out, checked.answer, done=f"{confirmed} invoices confirmed")


_EDIT_EXAMPLES = "Examples: proforma invoice edit PF-000001 --of 6f1c… quantity=6  |  proforma invoice edit PF-000001 --from edits.csv"


@app.command(epilog=_EDIT_EXAMPLES)
def edit(
    ctx: typer.Context,
    invoice: InvoiceName,
    changes: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="quantity, price, billing_type, description")] = None,
    of: Annotated[
        list[str] | None, typer.Option("--of", metavar="SOURCE", help="GUID of the source row of a detail; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="CSV file with a column source, and one for each key; empty cells change nothing."),
    ] = None,
) -> None:
    """Change details of a draft, one or many at once."""
    from proforma.cli.edits import edits_of_file, edits_of_words
    from proforma.domain.errors import ConfigurationError

    if (file is None) is not bool(of and changes) or (file is not None and (of or changes)):
        raise ConfigurationError("name details with --of SOURCE and say KEY=VALUE, or give both in a file with --from FILE")
    said = edits_of_words(of or (), changes or ()) if file is None else edits_of_file(file)
    _act(ctx, lambda desk, ids: desk.edit_many(invoice, dict(zip(ids.sources(said), said.values(), strict=True))), "changed")


_ADD_EXAMPLES = (
    """Examples: proforma invoice add PF-000001 --detail '{"contract_line": "6f1c…", "class": "fee", "price": "50"}'  |  """
    """proforma invoice add PF-000001 --detail '{"contract_line": "6f1c…", "class": "time", "quantity": "2", "price": "0"}'"""
)


@app.command(epilog=_ADD_EXAMPLES)
def add(
    ctx: typer.Context,
    invoice: InvoiceName,
    detail: Annotated[str, typer.Option("--detail", metavar="JSON", help="contract_line, class, date, quantity, price, billing_type …")],
) -> None:
    """Add a detail by hand to a draft."""
    from proforma.cli.manual import manual_detail

    wanted = manual_detail(detail, today=given(ctx).business_date)
    _act(ctx, lambda desk, ids: desk.add(invoice, detail=wanted), "changed")


@app.command(epilog="Examples: proforma invoice remove PF-000001 --of 6f1c…  |  proforma --json invoice remove PF-000001 --of ID")
def remove(ctx: typer.Context, invoice: InvoiceName, of: Of) -> None:
    """Take a detail off a draft; its source is ready again."""

    _act(ctx, lambda desk, ids: desk.remove(invoice, source=ids.sources([of])[0]), "changed")


_APPLY_EXAMPLES = (
    "Examples: proforma invoice apply PF-000001 --retainer 6f1c… --amount 250  |  "
    "proforma invoice apply PF-000001 --retainer 6f1c… --amount 0"
)


@app.command("apply", epilog=_APPLY_EXAMPLES)
def apply_retainer(
    ctx: typer.Context,
    invoice: InvoiceName,
    retainer: Annotated[str, typer.Option("--retainer", metavar="ID", help="GUID of the retainer.")],
    amount: Annotated[str, typer.Option("--amount", metavar="A", help="At most what is available; 0 applies nothing.")],
) -> None:
    """Set how much of a retainer a draft uses."""
    from proforma.cli.report import decimal

    value = decimal(amount, "--amount")
    _act(ctx, lambda desk, ids: desk.apply_retainer(invoice, retainer=ids.retainer(retainer), amount=value), "changed")


@app.command(epilog="Examples: proforma invoice refresh PF-000001  |  proforma --as-of 2026-03-31 invoice refresh PF-000001")
def refresh(ctx: typer.Context, invoice: InvoiceName) -> None:
    """Add to a draft what can be billed by now; edits stay."""
    day = given(ctx).business_date
    _act(ctx, lambda desk, ids: desk.refresh(invoice, as_of=day), "refreshed")


@app.command(epilog="Examples: proforma invoice delete PF-000001  |  proforma invoice delete PF-000001 PF-000002")
def delete(ctx: typer.Context, invoices: InvoiceNames) -> None:
    """Delete drafts; their rows are ready again."""
    _act(ctx, lambda desk, ids: desk.delete(invoices), "deleted")


_CANCEL_EXAMPLES = (
    "Examples: proforma invoice cancel PF-000001 --reason 'wrong customer'  |  "
    "proforma --json invoice cancel PF-000001 PF-000002 --reason 'sent too early'"
)


@app.command(epilog=_CANCEL_EXAMPLES)
def cancel(
    ctx: typer.Context,
    invoices: InvoiceNames,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why it is taken back; kept with your name.")],
) -> None:
    """Take invoices back from finance, as long as they are not posted there and still what was sent.

    They stay confirmed here; `invoice correct` then gives their work back.
    """
    from proforma.cli.report import report_withdrawn

    context = given(ctx)
    with context.workshop() as workshop:
        done = workshop.cancellation().run(invoices, reason=reason)
        with workshop.store.read() as reader:
            present = reader.ledger.headers(row.invoice.id for row in done)
    report_withdrawn(context.out, done, present)


@app.command(epilog="Examples: proforma invoice correct PF-000001  |  proforma invoice correct PF-000001 --only 6f1c…")
def correct(ctx: typer.Context, invoice: InvoiceName, only: Only = None) -> None:
    """Draft the correction of a confirmed invoice; it starts as a full credit."""

    day = given(ctx).business_date
    _act(ctx, lambda desk, ids: desk.correct(invoice, as_of=day, only=ids.sources(only or ())), "drafted")


def _act(ctx: typer.Context, act: Callable[[BillingDesk, Ids], Answer], verb: str) -> None:
    from proforma.cli.ids import Ids
    from proforma.cli.report import report_answer

    context = given(ctx)
    with context.workshop() as workshop:
        answer = act(workshop.desk, Ids(workshop.store))
    report_answer(context.out, answer, done=f"{len(answer.invoices)} {verb}")
