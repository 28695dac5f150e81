"""The entrance: global options, the list of commands, and what each kind of failure says and returns."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.core import TyperCommand, TyperGroup

from proforma.cli.streams import close_streams, prepare_streams

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

#: Command -> module of this package that holds it as `app` (a group) or as the function `command`. Imported when it is used:
#: `proforma --help` must not pay for SQLAlchemy.
COMMANDS: Final = {
    "demo": ("demo", "The whole job against mock servers, with nothing to set up"),
    "init": ("init", "Write a configuration and copies of the mappings to edit"),
    "doctor": ("doctor", "Everything that can be wrong, each with its remedy"),
    "sync": ("sync", "One whole cycle: pull, price, draft if scheduled, push, write back"),
    "pull": ("pull", "Read Dataverse into the mirror"),
    "backfill": ("backfill", "Read a period of an entity once more, in parts"),
    "price": ("price", "Decide the price of every actual"),
    "explain": ("explain", "Why does this record have this price?"),
    "backlog": ("backlog", "The billing backlog: list it, mark rows ready, not-to-exceed limits"),
    "draft": ("draft", "The periodic run: draft the invoices that are due"),
    "invoice": ("invoice", "Proforma invoices: create, show, edit, confirm, correct"),
    "preflight": ("preflight", "What finance would refuse, days ahead"),
    "push": ("push", "Send confirmed invoices to finance, exactly once"),
    "write-back": ("write_back", "Tell Dataverse what became of invoices"),
    "ledger": ("ledger", "The actuals that confirmations made"),
    "reconcile": ("reconcile", "Compare our books with Dataverse, and explain every difference"),
    "rates": ("rates", "Price lists: show, write to a file, compare, check"),
    "quote": ("quote", "Check a quote against its price lists"),
    "contract": ("contract", "Check a contract against its price lists"),
    "problems": ("problems", "What needs a person: quarantined rows, refused pushes"),
    "status": ("status", "How far everything is"),
    "runs": ("runs", "What past runs did"),
    "alert": ("alert", "Tell people what is wrong: try the channels, look once"),
    "mapping": ("mapping", "Check and show the mappings"),
    "daemon": ("daemon", "Synchronise on a schedule"),
    "worker": ("worker", "Do the work of a daemon or backfill, on this machine"),
    "db": ("db", "Migrate, back up and restore the store, check the ledger"),
    "store": ("store", "Move the store to another database"),
    "mock": ("mock", "Mock Dataverse and finance servers"),
}


class LazyCommands(TyperGroup):
    """Lists the commands from the table above and imports one only when it is called."""

    _listing = False

    def list_commands(self, ctx: Context) -> list[str]:
        """All commands, in the order in which work flows."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command that was called. Raises UsageError for one that does not exist, with what was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and (near := difflib.get_close_matches(args[0], COMMANDS)):
            ctx.fail(f"No such command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The help page; it needs names and one line each, not the commands themselves."""
        self._listing = True
        super().format_help(ctx, formatter)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, summary = COMMANDS[cmd_name]
        if self._listing:
            return TyperCommand(cmd_name, help=summary)
        group: typer.Typer = importlib.import_module(f"proforma.cli.{module}").app
        command = typer.main.get_command(group)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Examples: proforma demo  |  proforma --config prod.yaml --json invoice list",
)


def _version(value: bool) -> None:
    if value:
        from proforma import __version__

        typer.echo(f"proforma-sync {__version__}")
        raise typer.Exit


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no date; write YYYY-MM-DD") from None


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[Path, typer.Option("--config", envvar="PROFORMA_CONFIG", help="The configuration file.", metavar="PATH")] = Path(
        "proforma.yaml"
    ),
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout; texts and progress go to stderr.")] = False,
    as_of: Annotated[
        date | None, typer.Option("--as-of", parser=_day, metavar="YYYY-MM-DD", help="Business date; today by default.")
    ] = None,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more; twice for debugging.")] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only results and errors.")] = False,
    log_format: Annotated[str, typer.Option("--log-format", metavar="console|json", help="How log lines look.")] = "console",
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """From project deals in Dataverse to proforma invoices in your finance system, exactly once."""
    from proforma.cli.context import CommandContext

    if log_format not in ("console", "json"):
        raise typer.BadParameter(f"{log_format!r} is no format; write console or json", param_hint="--log-format")
    ctx.obj = CommandContext(
        config_path=config,
        json=json,
        as_of=as_of,
        verbosity=-1 if quiet else verbose,
        color=not (no_color or "NO_COLOR" in os.environ),
        log_format="json" if log_format == "json" else "console",
    )


def main() -> None:
    """Runs the command line and ends the process with 0, 1, 2 or 3 (docs/cli.md)."""
    prepare_streams()
    code = run(sys.argv[1:])
    try:
        close_streams()
    except OSError as fault:
        code = _unwritten(fault)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code; nothing but a bug of Python itself escapes."""
    from proforma.domain.errors import ConfigurationError, ProformaError, RefusedError

    try:
        return app(arguments, prog_name="proforma", standalone_mode=False) or 0
    except typer.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted; everything committed so far stays, run again to go on", 3)
    except ConfigurationError as error:
        return _fail(str(error), 2)
    except RefusedError as error:
        return _fail(f"refused, {error.reason}: {error}", 1)
    except ProformaError as error:
        return _fail(str(error), 3)
    except Exception as error:  # noqa: BLE001 - a traceback shown to a user is a bug; -v shows it to whoever asks
        return _unexpected(error, arguments)


def _unexpected(error: Exception, arguments: list[str]) -> int:
    from proforma.transport.errors import TransportError
    from proforma.transport.redaction import redact

    if isinstance(error, TransportError):
        return _fail(str(error), error.exit_code)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _unwritten(error)
    show = getattr(error, "show", None)
    if show is not None:
        show()
        return 2
    if any(word in ("-v", "-vv", "--verbose") for word in arguments):
        print(redact("".join(traceback.format_exception(error))), file=sys.stderr)
    text = redact(f"{type(error).__name__}: {error}")
    return _fail(f"unexpected fault: {text}. This is a bug of proforma-sync; run with -v to see where, and report it", 3)


def _unwritten(fault: OSError) -> int:
    return _fail(f"the output could not be written: {fault.strerror}. What was committed stays; make room, and run it again", 3)


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
