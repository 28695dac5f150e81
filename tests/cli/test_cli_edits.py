"""Details of a draft edited by words on the command line, or many at once by a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_world import BillingWorld, guid
from project_folder import Project

WORK, MORE = guid("@a"), guid("@b")


@pytest.fixture
def drafted(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """PF-000001 of contract north: 8 h and 2 h at 100.00."""
    world = BillingWorld()
    world.contract("north")
    world.time("@a", "north")
    world.time("@b", "north", hours="2")
    project.server.load(world.sets)
    monkeypatch.chdir(project.folder)
    for words in (("pull",), ("price",), ("invoice", "create", "--all")):
        assert project.run(*words).code == 0
    return project


def test_several_details_say_the_same(drafted: Project) -> None:
    """--of may be repeated: 1 h + 1 h at 100.00 = 200.00; a row that the invoice does not hold is refused beside them."""
    stranger = guid("@stranger")
    answer = drafted.run("invoice", "edit", "PF-000001", "--of", WORK, "--of", MORE, "--of", stranger, "quantity=1")

    assert answer.code == 1
    assert [invoice["total"] for invoice in answer.json["invoices"]] == ["200.00"]
    assert [(refusal["id"], refusal["reason"]) for refusal in answer.json["refused"]] == [(stranger, "not-editable")]


def test_a_file_says_something_of_each(drafted: Project) -> None:
    """A row a detail, by GUID or the beginning of it; an empty cell changes nothing: 6 h × 100.00 + 2 h × 90.00 = 780.00."""
    Path("edits.csv").write_text(f"source,quantity,price\n{WORK[:8]},6,\n{MORE},,90\n", encoding="utf-8-sig")

    answer = drafted.run("invoice", "edit", "PF-000001", "--from", "edits.csv")

    assert answer.code == 0, answer.err
    assert [invoice["total"] for invoice in answer.json["invoices"]] == ["780.00"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the column source is missing"),
        (b"source,hours\nx,1\n", "unknown column 'hours'"),
        (b"source,quantity\n", "holds no rows"),
        (b"source,quantity\n,1\n", "edits.csv:2"),
        (f"source,quantity\n{WORK},1\n{WORK},2\n".encode(), "edits.csv:3"),
        (f"source,quantity\n{WORK},1,2\n".encode(), "edits.csv:2"),
        (b"source,description\nx,\xff\n", "is no CSV file in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_changes_nothing(drafted: Project, content: bytes | None, told: str) -> None:
    """The message names the file, and the line where there is one."""
    if content is not None:
        Path("edits.csv").write_bytes(content)

    answer = drafted.run("invoice", "edit", "PF-000001", "--from", "edits.csv")

    assert (answer.code, told in answer.err) == (2, True), answer.err
    assert drafted.run("invoice", "show", "PF-000001").json["total"] == "1000.00"


@pytest.mark.parametrize(
    "words", [(), ("--of", WORK), ("quantity=1",), ("--of", WORK, "quantity=1", "--from", "edits.csv"), ("--of", WORK, "1")]
)
def test_half_an_edit_is_a_usage_fault(drafted: Project, words: tuple[str, ...]) -> None:
    """Which details and what to say of them: both on the command line, or both in the file."""
    assert drafted.run("invoice", "edit", "PF-000001", *words).code == 2
