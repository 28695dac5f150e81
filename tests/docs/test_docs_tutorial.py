"""The tutorial is done as it stands on its page: every block, in its order, in an empty folder."""

from __future__ import annotations

import re
import shlex
import urllib.parse
from pathlib import Path

import pytest

from proforma.mock import MockServer, read_world
from project_folder import Project

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def test_the_tutorial_leads_to_an_invoice_in_finance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """World, variables and commands are those of the page; at its end finance has one invoice of 960.00 USD, and nothing is wrong."""
    monkeypatch.chdir(tmp_path)
    blocks = _BLOCK.findall(PAGE)
    [world] = [text for kind, text in blocks if kind == "yaml"]
    Path("world.yaml").write_text(world, encoding="utf-8")
    ran = []
    with MockServer(read_world(Path("world.yaml"))) as server:
        project = Project(tmp_path, server)
        port = str(urllib.parse.urlsplit(server.url).port)
        for kind, text in blocks:
            for words in map(shlex.split, text.splitlines() if kind in ("console", "bash") else ()):
                if words[0] == "export":
                    name, _, value = words[1].partition("=")
                    monkeypatch.setenv(name, value)
                elif words[:2] == ["$", "proforma"]:
                    # The page's port is taken or not, whatever else runs on this machine.
                    typed = [word.replace("8181", port) for word in words[2:]]
                    answer = project.run(*typed, as_json=False)
                    assert answer.code == 0, (words, answer.out, answer.err)
                    ran.append(next(word for word in typed if word.isalpha()))
        (document,), (invoice,) = server.documents(), project.invoices()
        assert document["reference"] == invoice["reference"]
        assert (invoice["number"], invoice["push"], invoice["total"], invoice["currency"]) == ("PF-000001", "accepted", "960.00", "USD")
        assert project.run("status", "--check").code == 0
    assert ran[:3] == ["init", "doctor", "pull"]
    assert len(ran) == 15


def test_what_is_typed_elsewhere_is_what_the_test_stands_in_for() -> None:
    """The lines that are not run here, the installation and the server, are no others."""
    typed = [line for kind, text in _BLOCK.findall(PAGE) if kind == "bash" for line in text.splitlines() if not line.startswith("export")]
    assert typed == [
        "python3 -m venv .venv",
        ".venv/bin/pip install proforma-sync",
        ". .venv/bin/activate",
        "proforma mock serve --world world.yaml --port 8181",
    ]
