"""`proforma demo`: the whole job against mock servers, with real sockets and a real store, in a folder that is thrown away."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.cli.output import Output
    from proforma.sync.workshop import Workshop

app = group()

WORLD: Final = Path(__file__).with_name("demo_world.yaml")
AS_OF: Final = date(2026, 3, 31)


@app.command(epilog="Examples: proforma demo  |  proforma --json demo")
def demo(ctx: typer.Context) -> None:
    """The whole job in a minute: mock Dataverse, pull, price, backlog, proforma invoices, confirm, push, the number finance gave."""
    from proforma.cli.context import who
    from proforma.mock import MockServer, read_world
    from proforma.settings import load_configuration
    from proforma.sync.workshop import Workshop

    context = given(ctx)
    out, day = context.out, context.as_of or AS_OF
    with tempfile.TemporaryDirectory(prefix="proforma-demo-") as folder, MockServer(read_world(WORLD)) as server:
        server.write_configuration(Path(folder) / "proforma.yaml")
        configuration = load_configuration(Path(folder) / "proforma.yaml", environment={})
        with Workshop(configuration, now=context.now, by=who()) as workshop:
            result = _Story(out, workshop, day).tell(server.url)
    if out.json:
        out.document(result)


class _Story:
    """Runs the stages one after the other and tells what each did."""

    def __init__(self, out: Output, workshop: Workshop, day: date) -> None:
        self._out = out
        self._workshop = workshop
        self._day = day

    def tell(self, url: str) -> dict[str, Any]:
        """The whole job; the result is what --json prints."""
        self._say(f"A mock Dataverse and a mock finance system answer at {url}. Nothing leaves this machine.")
        rows = self._pull()
        decisions = self._price()
        backlog = self._backlog()
        invoices = self._draft_and_confirm()
        pushed = self._push()
        self._problems()
        self._say("")
        self._say("That was the whole job. Look into the worlds, the rules and a real system next: README.md, docs/.")
        return {"rows": rows, "decisions": decisions, "backlog": backlog, "invoices": invoices, "pushed": pushed}

    def _pull(self) -> int:
        pulled = list(self._workshop.pull().run())
        rows = sum(entity.rows for entity in pulled)
        self._heading("1  pull", f"{rows} rows of {sum(entity.rows > 0 for entity in pulled)} tables are in the mirror")
        return rows

    def _price(self) -> int:
        from proforma.cli.output import text
        from proforma.sync.price import price

        policy = self._workshop.configuration.pricing
        batches = price(self._workshop.store, policy, now=self._workshop.now, told=True)
        decisions = [decision for batch in batches for decision in batch.decisions]
        self._heading("2  price", f"{len(decisions)} decisions, each with its reason; one of them:")
        marked = next((decision for decision in decisions if decision.override_id), decisions[0])
        self._say(f"     {text(marked.price)} {marked.currency}   {marked.reason}, rule {marked.rule}")
        for step in marked.trail:
            self._say(f"       {step}")
        return len(decisions)

    def _backlog(self) -> int:
        from proforma.cli.output import text

        rows = list(self._workshop.desk.backlog())
        self._heading("3  backlog", f"{len(rows)} rows could be billed, {sum(row.status == 'ready' for row in rows)} are ready")
        for row in rows:
            amount = f"{text(row.amount) or '?':>10} {row.currency or ''}"
            self._say(f"     {row.status:15} {row.day!s:10}  {row.transaction_class or row.kind:10} {amount}  {row.description or ''}")
        return len(rows)

    def _draft_and_confirm(self) -> list[dict[str, Any]]:
        from proforma.cli.output import text
        from proforma.cli.shapes import invoice_shape
        from proforma.sync.draft import work_based_contracts

        desk = self._workshop.desk
        with self._workshop.store.read() as reader:
            contracts = work_based_contracts(reader)
        drafted = desk.create(contracts, as_of=self._day).invoices
        self._heading("4  invoices", f"{len(drafted)} proforma invoices as of {self._day}: one for each contract and customer")
        for invoice in drafted:
            self._say(f"     {invoice.number}  {text(invoice.total):>10} {invoice.currency.code}")
            for line in invoice.lines:
                self._say(f"       {line.type:16} {text(line.amount):>10}   {line.description} ({len(line.details)})")
        confirmed = desk.confirm([invoice.id for invoice in drafted], as_of=self._day).invoices
        self._heading("5  confirm", f"{len(confirmed)} invoices are immutable now, and queued for finance in the same commit")
        return [invoice_shape(invoice) for invoice in confirmed]

    def _push(self) -> list[dict[str, Any]]:
        from proforma.cli.report import pushed_shape

        pushed = list(self._workshop.push().run())
        self._heading("6  push", "each exactly once; finance answered:")
        for row in pushed:
            self._say(f"     {row.number}  {row.push}  {row.external_number or ''}")
        return [pushed_shape(row) for row in pushed]

    def _problems(self) -> None:
        from proforma.sync.problems import open_problems

        with self._workshop.store.read() as reader:
            problems = open_problems(reader)
        self._heading("7  problems", f"{len(problems)} rows wait for a person:")
        for problem in problems:
            self._say(f"     {problem.reason}: {problem.message}")

    def _heading(self, stage: str, words: str) -> None:
        self._say("")
        self._say(f"{stage:12} {words}")

    def _say(self, words: str) -> None:
        if not self._out.json:
            self._out.line(words)
