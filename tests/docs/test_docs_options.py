"""Every argument and option is documented as the parser has it, and no document shows one that there is not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_tree import Node, commands, parameters, root

from billing_world import guid
from project_folder import Project

ROOT = Path(__file__).resolve().parents[2]
CLI_PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "contrib").rglob("*.*")])
ALL = commands()
GLOBAL = parameters(root())
_ALTERNATIVES = re.compile(r"[a-z][a-z-]*(\|[a-z-]+)+")


def _row(path: tuple[str, ...], parameter: Node) -> str:
    """The line of the table in docs/cli.md that says what the parser says."""
    cells = (f"`{' '.join(path)}`", f"`{_shown(parameter)}`", _default(parameter), _meaning(parameter))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(parameter: Node) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    names = ", ".join(sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {parameter.metavar}{'…' if parameter.multiple else ''}"


def _default(parameter: Node) -> str:
    if parameter.required:
        return "needed"
    known = "" if parameter.default is None or parameter.default is False else f"`{parameter.default}`"
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is None:
        return known
    return f"{known}, " * bool(known) + (f"at least {low}" if high is None else f"{low} to {high}")


def _meaning(parameter: Node) -> str:
    assert parameter.help, f"{parameter.opts} has no help"
    return f"{parameter.help}" + (f" `{parameter.envvar}` does the same." if parameter.envvar else "")


def test_every_argument_and_option_is_documented_as_it_is() -> None:
    """docs/cli.md has one line for each, with names, choices, default, bounds and meaning of the parser; it has no other line."""
    table = CLI_PAGE[CLI_PAGE.index("## Every argument and option") : CLI_PAGE.index("## The backlog in part")]
    documented = re.findall(r"^\| `.*$", table, re.MULTILINE)
    assert documented == [_row(path, parameter) for path, node in ALL.items() for parameter in parameters(node)]


def test_every_global_option_is_documented() -> None:
    """The first table of docs/cli.md names each of them, the longer word beside the shorter one, and no other."""
    table = CLI_PAGE[: CLI_PAGE.index("## Exit codes")]
    named = set(re.findall(r"(?<![\w-])--?[a-z-]+", " ".join(re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)).replace("\\|", " ")))
    assert named == {name for parameter in root().params for name in parameter.opts} | {"-vv", "-h", "--help"}
    choices = [parameter.metavar.replace("|", "\\|") for parameter in GLOBAL if parameter.metavar and "|" in parameter.metavar]
    assert choices
    assert [words for words in choices if words not in table] == []


def _calls(text: str) -> Iterator[list[str]]:
    """The words of every call of `proforma` that a page shows, in running text, in blocks and in service files."""
    spans = re.findall(r"`(proforma [^`]+)`", text) + re.findall(r"^(?:\$ |\w+=.*/bin/)?(proforma .+)$", text, re.MULTILINE)
    for span in spans:
        words = re.split(r"[\s\[\]]+", span.replace("\\|", "|").partition("  #")[0])
        yield [word for word in words[1:] if word]


def _unknown(words: list[str]) -> list[str]:
    """The options among these words that the program does not have where they stand."""
    while words and words[0].startswith("-"):
        takes = next((parameter for parameter in root().params if words[0] in parameter.opts), None)
        if takes is None and words[0] != "-vv":
            return words[:1]
        words = words[1:] if takes is None or takes.is_flag or takes.count else words[2:]
    path = max((path for path in ALL if tuple(words[: len(path)]) == path), key=len, default=None)
    if path is None:
        return []
    known = {name for parameter in ALL[path].params for name in parameter.opts}
    return [word for word in words if re.fullmatch(r"--[a-z-]+", word) and word not in known]


def test_no_document_shows_an_option_that_there_is_not() -> None:
    """Each call of `proforma` in a page, a block or a service file has only options that its command takes."""
    calls = [(page, words) for page in PAGES for words in _calls(page.read_text(encoding="utf-8"))]
    assert len(calls) > 200
    assert [(page.name, words, unknown) for page, words in calls if (unknown := _unknown(words))] == []


#: What a command with choices needs besides.
_BESIDES = {
    ("backfill",): "actual --from 2026-01-01 --to 2026-01-31 --dry-run",
    ("init",): "elsewhere",
    ("invoice", "export"): "PF-000001",
    ("price", "what-if"): f"--list {guid('@rates')}",
    ("rates", "copy"): f"{guid('@rates')} --dry-run",
}
_CHOICES = [
    (path, parameter)
    for path, node in [((), root()), *ALL.items()]
    for parameter in parameters(node)
    if parameter.metavar and _ALTERNATIVES.fullmatch(parameter.metavar)
]


@pytest.mark.parametrize(("path", "parameter"), _CHOICES, ids=lambda part: part.opts[0] if hasattr(part, "opts") else " ".join(part))
def test_choices_are_those_of_the_program(
    path: tuple[str, ...], parameter: Node, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word that stands for a choice is understood; another one is wrong usage, and all choices are named then."""
    monkeypatch.chdir(project.folder)

    def said(choice: str) -> tuple[int, str]:
        words = [*path, parameter.opts[0], choice] if path else [parameter.opts[0], choice, "runs", "list"]
        answer = project.run(*words, *shlex.split(_BESIDES.get(path, "")), as_json=False)
        return answer.code, answer.err

    code, refused = said("no-such-word")
    choices = parameter.metavar.split("|")
    assert code == 2
    assert [choice for choice in choices if not re.search(rf"(?<![\w-]){choice}(?![\w-])", refused)] == []
    for choice in choices:
        assert f"'{choice}'" not in said(choice)[1].partition("\n")[0]


def test_choices_are_counted() -> None:
    """The test above looks at all of them."""
    assert len(_CHOICES) >= 11
