"""The page of what the mock serves, held against the tests that it names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "mock" / "coverage.md"
#: The facts are numbered W-1 to W-214.
FACTS: Final = range(1, 215)
_ROW: Final = re.compile(r"\| \*?W-(\d+)\*? \| (.+?) \| (.+?) \| (.*) \|")
_LINK: Final = re.compile(r"\]\(\.\./\.\./(tests/mock/test_mock_\w+\.py)\)")


class Claim(NamedTuple):
    """A row of the page."""

    fact: int
    about: str
    state: str
    where: str


CLAIMS: Final = [
    Claim(int(row[1]), row[2], row[3], row[4]) for row in map(_ROW.fullmatch, PAGE.read_text(encoding="utf-8").splitlines()) if row
]


def facts_of(text: str) -> set[int]:
    """The facts that a text names, also as `W-1 to W-3`."""
    found = re.findall(r"W-(\d+)(?: to W-(\d+))?", text)
    return {fact for first, last in found for fact in range(int(first), int(last or first) + 1)}


@cache
def facts_proven_in(path: Path) -> set[int]:
    """The facts that the docstrings of a file's tests name."""
    tests = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef))
    return {fact for test in tests if test.name.startswith("test_") for fact in facts_of(ast.get_docstring(test) or "")}


def test_every_fact_has_one_row() -> None:
    """In order, none left out, none twice."""
    assert [claim.fact for claim in CLAIMS] == list(FACTS)
    assert {claim.state for claim in CLAIMS} == {"covered", "not served"}


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.state == "covered"], ids=lambda claim: f"W-{claim.fact}")
def test_what_is_covered_is_proven(claim: Claim) -> None:
    """Every file that the row links to has a test whose docstring names the fact."""
    files = _LINK.findall(claim.where)
    assert files
    assert [file for file in files if claim.fact not in facts_proven_in(ROOT / file)] == []


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim.state != "covered"], ids=lambda claim: f"W-{claim.fact}")
def test_what_is_not_served_has_a_reason(claim: Claim) -> None:
    """A reason in words, and no test that says otherwise."""
    assert len(claim.where.split()) >= 5
    proven = [path.name for path in sorted((ROOT / "tests" / "mock").glob("test_*.py")) if claim.fact in facts_proven_in(path)]
    assert proven == []
