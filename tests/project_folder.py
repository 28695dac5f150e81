"""A project folder that is driven through the command line, as a user would."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from proforma.mock import MockServer


@dataclass
class Answer:
    """What one call of `proforma` gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return msgspec.json.decode(self.out)


@dataclass
class Project:
    """A folder with a configuration that points at the mock, in which commands are run as a user would."""

    folder: Path
    server: MockServer
    as_of: str = "2026-03-31"
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str, as_json: bool = True, as_of: str | None = None) -> Answer:
        """Runs a command in this process, through the same entrance as the program."""
        from proforma.cli.main import run

        before = ["--config", str(self.folder / "proforma.yaml"), "--as-of", as_of or self.as_of, "-q"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([*before, *(["--json"] if as_json else []), *words])
        return Answer(code, out.getvalue(), err.getvalue())

    def start(self, *words: str, stderr: IO[str] | None = None) -> subprocess.Popen[str]:
        """Starts a command as a process of its own; `stderr`: a file for what it says, instead of a pipe."""
        command = [sys.executable, "-m", "proforma", "--config", "proforma.yaml", "--as-of", self.as_of, "--json", "-q", *words]
        environment = {**os.environ, **self.environment}
        said = stderr or subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=said, text=True, env=environment)

    def start_and_wait(self, *words: str) -> Answer:
        """Runs a command as a process of its own, to its end."""
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return Answer(process.returncode, out, err)

    def invoices(self) -> list[dict[str, Any]]:
        """All invoices, deleted ones too, in order of creation."""
        found: list[dict[str, Any]] = self.run("invoice", "list", "--all").json["invoices"]
        return found
