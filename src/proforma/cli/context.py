"""What every command gets: the global options, and from them the configuration, the store, the clients and the stages."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from proforma.cli.logs import LogFormat, configure_logs
from proforma.cli.output import Output
from proforma.domain.errors import ConfigurationError
from proforma.sync.clock import business_day, utc_now

if TYPE_CHECKING:
    from proforma.settings import Configuration
    from proforma.store import Store
    from proforma.sync.workshop import Workshop


@dataclass(kw_only=True)
class CommandContext:
    """The global options of one call."""

    config_path: Path
    json: bool = False
    as_of: date | None = None
    verbosity: int = 0
    color: bool = True
    log_format: LogFormat = "console"
    _configuration: Configuration | None = None

    @property
    def out(self) -> Output:
        """Where results and remarks go."""
        return Output(json=self.json, quiet=self.verbosity < 0, color=self.color)

    @property
    def configuration(self) -> Configuration:
        """The checked configuration; read once. Raises ConfigurationError."""
        if self._configuration is None:
            from proforma.settings import load_configuration

            self._configuration = load_configuration(self.config_path)
        return self._configuration

    @property
    def business_date(self) -> date:
        """--as-of, or today where the business is."""
        return self.as_of or business_day(utc_now(), self.configuration.business_time_zone)

    def now(self) -> datetime:
        """This instant."""
        return utc_now()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, migrated; closed at the end."""
        with self.workshop() as workshop:
            yield workshop.store

    @contextmanager
    def workshop(self) -> Iterator[Workshop]:
        """Store, mappings, remote sides and desks, each made when it is first used; all closed at the end."""
        from proforma.sync.workshop import Workshop

        configure_logs(self.verbosity, self.log_format)
        with Workshop(self.configuration, now=self.now, by=who(), progress=self.out.progress()) as workshop:
            yield workshop


def who() -> str:
    """The person or account that acts, for the events of the ledger: PROFORMA_USER, or the name of the login.

    It is what the environment says and proves nothing.
    """
    if name := os.environ.get("PROFORMA_USER", "").strip():
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def given(ctx: typer.Context) -> CommandContext:
    """The options given before the command."""
    obj: Any = ctx.obj
    if not isinstance(obj, CommandContext):
        raise ConfigurationError("the command was started without its options")
    return obj
