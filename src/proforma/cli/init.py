"""`proforma init`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from proforma.settings.starter import Question

app = group()

Answer = str | None


@app.command(epilog="Examples: proforma init  |  proforma init ./fabrikam --target business-central --time-zone Europe/Oslo")
def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write.")] = Path(),
    deployment: Annotated[
        Answer, typer.Option("--deployment", metavar="core|integrated|manufacturing", help="How Project Operations is deployed.")
    ] = None,
    origin: Annotated[Answer, typer.Option("--origin", metavar="local|dataverse", help="Where invoices are made.")] = None,
    target: Annotated[
        Answer, typer.Option("--target", metavar="rest|dynamics|business-central|erpnext|xero", help="The finance system.")
    ] = None,
    dataverse_url: Annotated[Answer, typer.Option("--dataverse-url", metavar="URL", help="Address of the Dataverse environment.")] = None,
    tenant: Annotated[Answer, typer.Option("--tenant", metavar="ID|URL", help="Tenant of the application, or its authority.")] = None,
    client_id: Annotated[Answer, typer.Option("--client-id", metavar="ID", help="Id of the application.")] = None,
    finance_url: Annotated[Answer, typer.Option("--finance-url", metavar="URL", help="Address of the finance system.")] = None,
    time_zone: Annotated[
        Answer, typer.Option("--time-zone", metavar="ZONE", help="Time zone of the business, such as Europe/Oslo.")
    ] = None,
) -> None:
    """Write a configuration and copies of the mappings to edit; nothing that exists is overwritten.

    On a terminal what no option says is asked, at most eight questions. Elsewhere it has its default; without any option the commented
    example is written.
    """
    from proforma.domain.errors import ConfigurationError
    from proforma.settings.starter import QUESTIONS, advice, checked, configuration_of, require_possible, write_starter

    context = given(ctx)
    said = {
        "deployment": deployment, "origin": origin, "target": target, "dataverse_url": dataverse_url, "tenant": tenant,
        "client_id": client_id, "finance_url": finance_url, "time_zone": time_zone,
    }  # fmt: skip
    known = {name: checked(name, answer) for name, answer in said.items() if answer is not None}
    text, told = None, ["fill in the addresses, and export the secrets it names"]
    if known or _asks(json=context.json):
        answers = {question.name: known.get(question.name) or _asked(question, ask=_asks(json=context.json)) for question in QUESTIONS}
        require_possible(answers)
        text, told = configuration_of(answers), advice(answers)
    try:
        written = write_starter(folder, text)
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}", hint="name another folder") from error
    if context.json:
        context.out.document({"written": [str(path) for path in written]})
        return
    for path in written:
        context.out.line(f"wrote {path}")
    if text and folder / "proforma.yaml" not in written:
        context.out.warn(f"{folder / 'proforma.yaml'} was there already and stays as it is")
    for words in told:
        context.out.remark(f"next: {words}")
    context.out.remark("then: `proforma doctor`")


def _asks(*, json: bool) -> bool:
    """Whether somebody is there to answer."""
    return not json and sys.stdin.isatty() and sys.stdout.isatty()


def _asked(question: Question, *, ask: bool) -> str:
    """The answer of a person, asked again until it can be understood; the default where nobody is asked."""
    while ask:
        try:
            return question.check(str(typer.prompt(question.words, default=question.default, err=True)))
        except ValueError as fault:
            typer.echo(f"{fault}", err=True)
    return question.default
