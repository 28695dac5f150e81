"""The pages of rules name every rule, so that a number in code or test leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "docs" / "rules"


@pytest.mark.parametrize(("page", "letter", "last"), [("finance", "F", 90), ("integration", "D", 113)])
def test_every_rule_is_restated_under_its_number(page: str, letter: str, last: int) -> None:
    """Numbers stand alone, in lists, or at both ends of a range."""
    text = (RULES / f"{page}.md").read_text(encoding="utf-8")
    told = {int(number) for number in re.findall(rf"\b{letter}-(\d+)\b", text)}
    for first, end in re.findall(rf"\| {letter}-(\d+) … {letter}-(\d+)\b", text):
        told |= set(range(int(first), int(end) + 1))
    assert sorted(set(range(1, last + 1)) - told) == []
    assert max(told) == last
