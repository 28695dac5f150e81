"""How every command group is made, so that all help pages look alike."""

from __future__ import annotations

import typer


def group(summary: str | None = None) -> typer.Typer:
    """A group of commands, or a single one when only one is added; `summary` opens the help page of a group."""
    return typer.Typer(
        help=summary,
        no_args_is_help=summary is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
