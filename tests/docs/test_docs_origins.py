"""The page about origins: its world is served, its commands are run, and what it shows is what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from proforma.mock import MockServer, read_world
from project_folder import Project

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "origins.md").read_text(encoding="utf-8")
[BLOCK] = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
STEPS = [(step.splitlines()[0], step.splitlines()[1:]) for step in BLOCK.split("$ ")[1:]]


def test_the_page_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the page, in its order, says every line that the page shows of it."""
    monkeypatch.setenv("PROFORMA_INVOICING__ORIGIN", "dataverse")
    with MockServer(read_world(DOCS / "examples" / "origin-dataverse" / "world.yaml")) as server:
        server.write_configuration(tmp_path / "proforma.yaml")
        project = Project(tmp_path, server)
        for typed, shown in STEPS:
            answer = project.run(*shlex.split(typed)[1:], as_json=False)
            assert answer.code in (0, 1), answer.err
            for line in shown:
                assert line in answer.out + answer.err, (typed, answer.out, answer.err)
        assert len(server.documents()) == 2
    assert len(STEPS) == 7
