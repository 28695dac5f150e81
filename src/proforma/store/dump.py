"""Dumps of a PostgreSQL store, made by PostgreSQL's own `pg_dump` while everything runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from proforma.domain.errors import ConfigurationError, UnfinishedError

_MISSING: Final = "install PostgreSQL's client programs of the server's version, or make the dump by other means"
#: Not dumped: the queue of the workers is filled again by the next tick.
_LEFT_OUT: Final = "proforma_jobs"


def dump(url: str, to: Path) -> None:
    """Writes the store at an instant into a file for `pg_restore`; it appears under its name when it is complete.

    Raises ConfigurationError when the file exists or there is no `pg_dump`, UnfinishedError when that does not come to its end.
    """
    if to.exists():
        raise ConfigurationError("there is something of that name already", at=str(to), hint="name another file; no dump is overwritten")
    part = to.with_name(f".{to.name}.part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        _run(["pg_dump", "--format=custom", f"--exclude-schema={_LEFT_OUT}", f"--file={part}", "--no-password"], url)
        _run(["pg_restore", "--list", str(part)], url)
        part.replace(to)
    except OSError as fault:
        raise UnfinishedError(f"the dump could not be written: {fault.strerror}", at=str(to), hint="check room and rights there") from fault
    finally:
        part.unlink(missing_ok=True)


def _run(command: Sequence[str], url: str) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise ConfigurationError(f"{command[0]} is not installed here", hint=_MISSING)
    surroundings = {**os.environ, **_environment(url)}
    ended = subprocess.run([program, *command[1:]], env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603 - one of two
    if ended.returncode:
        raise UnfinishedError(f"{command[0]} failed: {' '.join(ended.stderr.split())}", at="store", hint=_MISSING)


def _environment(url: str) -> dict[str, str]:
    """Where the store is, as PostgreSQL's programs read it: in their environment, because everybody may see their arguments."""
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    text = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    names = {option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    return {names[key]: str(value) for key, value in conninfo_to_dict(text).items() if key in names}
