"""Documents and help pages are executed: what they show runs, and what exists is shown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_tree import commands

from billing_world import BillingWorld, guid
from proforma.cli.main import COMMANDS
from project_folder import Project

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Relative links of the documents name files and folders of the repository."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def _shown_commands() -> Iterator[str]:
    for block in _CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8").replace("\n   ", "\n")):
        for line in block.splitlines():
            if line.strip().startswith("$ "):
                yield line.strip().removeprefix("$ ").split("  #")[0].strip()


def test_the_readme_runs_as_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `proforma` line of the README runs in its order; only the configuration is exchanged for one that points at the mock."""
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north")
    project.server.load(world.sets)
    monkeypatch.chdir(project.folder)
    configuration = (project.folder / "proforma.yaml").read_text(encoding="utf-8")
    ran = []
    shown = [shlex.split(line) for line in _shown_commands()]
    shown.sort(key=lambda words: words[:2] == ["proforma", "explain"])  # shown between the stages, but needs a pulled record
    for typed in [["proforma", "init", "my-company"], *shown]:
        words = [guid("@w") if re.fullmatch(r"[0-9a-f-]{36}", word) else word for word in typed]
        if words == ["cd", "my-company"]:
            assert (project.folder / "my-company" / "proforma.yaml").is_file()
            assert (project.folder / "my-company" / "mappings" / "dataverse" / "actual.yaml").is_file()
            monkeypatch.chdir(project.folder / "my-company")
            Path("proforma.yaml").write_text(configuration + "mappings: mappings\n", encoding="utf-8")
            project.folder = project.folder / "my-company"
        if words[0] != "proforma" or words[1] == "mock":
            continue
        answer = project.run(*words[1:], as_json=False)
        assert answer.code == 0, (words, answer.err)
        ran.append(next(word for word in words[1:] if word in COMMANDS))
    assert ran == ["init", "pull", "price", "backlog", "invoice", "invoice", "invoice", "push", "problems", "explain"]
    assert [i["push"] for i in project.invoices()] == ["accepted"]


def test_the_two_commands_of_the_readme_exist() -> None:
    """`make demo` and `make test` are targets of the Makefile, and CI calls what the README says."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "check", "bench"} <= targets
    for command in _shown_commands():
        if command.startswith("make "):
            assert command.split()[1] in targets
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


ALL_COMMANDS = {path: str(node.epilog or "") for path, node in commands().items()}


@pytest.mark.parametrize("path", ALL_COMMANDS, ids=" ".join)
def test_every_help_page_ends_in_two_examples_that_are_understood(
    path: tuple[str, ...], project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command's help shows two examples; with real ids in the place of "…" each is understood and does not fail by itself."""
    monkeypatch.chdir(project.folder)
    examples = [part.strip() for part in ALL_COMMANDS[path].removeprefix("Examples:").split("  |  ")]
    assert len(examples) == 2, f"{' '.join(path)} shows {examples}"
    for example in examples:
        typed = shlex.split(example.partition(" > ")[0].replace("6f1c…", guid("@w")))
        words = [guid("@w") if word in ("ID", "LIST") else word for word in typed]
        if path[0] in ("demo", "mock", "daemon"):
            continue  # run for minutes or for ever; shown to work elsewhere in the tests
        answer = project.run(*_without_configuration(words[1:]), as_json=False)
        assert "Usage:" not in answer.err, (example, answer.err)
        assert "unexpected fault" not in answer.err, (example, answer.err)


def _without_configuration(words: list[str]) -> list[str]:
    """The example without --config FILE: the test's own configuration stands in the place of the file it names."""
    if "--config" in words:
        at = words.index("--config")
        return words[:at] + words[at + 2 :]
    return words


def test_every_command_is_documented() -> None:
    """The first column of the table in docs/cli.md has every command, also those within groups."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    calls = [words for row in re.findall(r"^\| (`proforma .*?`) \| ", text, re.MULTILINE) for words in _calls(row)]
    missing = [" ".join(path) for path in ALL_COMMANDS if not any(_is_call_of(path, words) for words in calls)]
    assert missing == []


def _calls(cell: str) -> Iterator[list[str]]:
    """What the cell shows, as words; a word that is no command belongs to the group named before it."""
    group: list[str] = []
    for span in re.findall(r"`(?:proforma )?([^`]+)`", cell):
        words = span.replace("\\|", "|").split()
        group = words[:1] if words[0] in COMMANDS else group
        yield words if words[0] in COMMANDS else [*group, *words]


def _is_call_of(path: tuple[str, ...], words: list[str]) -> bool:
    """`a|b` means either word."""
    return len(words) >= len(path) and all(part in word.split("|") for part, word in zip(path, words, strict=False))
