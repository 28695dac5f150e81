"""Commands that answer at a glance load only what they need: what is imported decides how long a person waits."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proforma import mapping, mock
from project_folder import Project

#: What talks to remote sides, draws tables and bars, renders log lines, decides prices and bills, serves or queues.
HEAVY = frozenset(
    {"requests", "urllib3", "tenacity", "msal", "rich", "structlog", "alembic", "prometheus_client", "procrastinate", "starlette"}
    | {f"proforma.{room}" for room in ("pricing", "invoicing", "finance", "dataverse.client", "sync.pull", "sync.push", "mock", "web")}
)
_SCRIPT = """
import sys
from proforma.cli.main import run
code = run(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""


def loaded(project: Project, *words: str) -> set[str]:
    """The modules that a process has loaded when the command has ended well."""
    command = [sys.executable, "-c", _SCRIPT, "--config", "proforma.yaml", *words]
    ended = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, timeout=120, check=True)
    code, *modules = ended.stderr.splitlines()[-1].split()
    assert code == "0", ended.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (("status",), set()),
        (("runs", "list"), set()),
        # How often it tries is said by the policy of retries.
        (("doctor", "--offline"), {"tenacity"}),
    ],
    ids=["status", "runs list", "doctor --offline"],
)
def test_what_needs_no_network_loads_nothing_that_talks(project: Project, words: tuple[str, ...], allowed: set[str]) -> None:
    """Neither clients nor stages nor anything that draws."""
    assert project.run("db", "upgrade").code == 0
    assert loaded(project, *words) & HEAVY == allowed


def test_status_loads_no_mappings(project: Project) -> None:
    """Their compiler, their schema and what writes documents are for those who pull and push; reading YAML is all that it needs of them."""
    assert project.run("db", "upgrade").code == 0
    assert {name for name in loaded(project, "status") if name.startswith("proforma.mapping.")} == {
        "proforma.mapping.faults",
        "proforma.mapping.yaml_source",
    }


def test_rooms_that_load_late_have_all_their_names() -> None:
    """Each name that they promise is found at its home."""
    for room in (mapping, mock):
        assert [name for name in room.__all__ if getattr(room, name, None) is None] == []
        assert set(room.__all__) == set(room._HOMES)


def test_the_list_of_commands_loads_neither_store_nor_configuration(project: Project) -> None:
    """`--help` names every command and imports none."""
    heavier = HEAVY | {"sqlalchemy", "pydantic_settings", "proforma.store", "proforma.settings", "proforma.cli.daemon"}
    assert loaded(project, "--help") & heavier == set()
