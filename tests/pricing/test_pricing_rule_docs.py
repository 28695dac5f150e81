"""The page of rules is complete, and every figure on it is worked out by the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pricing_world import World, estimate, expense, material, time

from proforma.domain.codes import AdjustmentStatus, AmountMethod, EstimateOwner, PriceCalculation, PriceListOwner, TransactionType
from proforma.domain.policies import OverlapPolicy, PricingPolicy
from proforma.domain.records import PricedRecord

PAGE = Path(__file__).parents[2] / "docs" / "rules" / "pricing.md"
TEXT = PAGE.read_text(encoding="utf-8")
RECORDS: dict[str, Callable[..., PricedRecord]] = {"time": time, "expense": expense, "material": material, "estimate": estimate}
WORDS: dict[str, type[StrEnum]] = {
    "adjustment": AdjustmentStatus,
    "calculation": PriceCalculation,
    "method": AmountMethod,
    "type": TransactionType,
}


def examples() -> Iterator[tuple[str, list[str]]]:
    """Every example of the page with the heading above it."""
    heading = "introduction"
    for part in re.split(r"^(?=### |```example\n)", TEXT, flags=re.MULTILINE):
        if part.startswith("### "):
            heading = part.split()[1]
        elif part.startswith("```example"):
            yield heading, part.split("```")[1].splitlines()[1:]


def argument(command: str, word: str) -> tuple[str, Any]:
    """`name=value` of an example as an argument of the builder; an empty value is none."""
    name, _, value = word.partition("=")
    if name == "more":
        dimension, _, number = value.partition(":")
        return name, {dimension: int(number) if number.isdigit() else number}
    if command == "dimension":
        return name, value == "true" if name == "markup" else int(value)
    if name == "owner":
        return name, EstimateOwner(value) if command == "estimate" else PriceListOwner(value)
    if name == "per":
        return name, value.replace("-", " ")
    return name, WORDS[name](value) if name in WORDS else value or None


def run(lines: list[str]) -> tuple[str, str]:
    """What the example says, and what the code says."""
    world, related, record = World(), list[PricedRecord](), None
    *commands, expected = lines
    for line in commands:
        command, *words = line.split()
        if command == "policy":
            world.policy = replace(world.policy, **dict(argument(command, word) for word in words))
            continue
        is_related = command == "related"
        command, words = (words[0], words[1:]) if is_related else (command, words)
        named = dict(argument(command, word) for word in words if "=" in word)
        plain = [word for word in words if "=" not in word]
        if is_related:
            related.append(RECORDS[command]("related", **named))
        elif command in RECORDS:
            record = RECORDS[command](*plain, **named)
        else:
            getattr(world, command)(*plain, **named)
    assert record is not None
    return expected.removeprefix("= "), world.told(record, *related)


@pytest.mark.parametrize(("rule", "lines"), list(examples()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_example_of_the_page_is_what_the_code_does(rule: str, lines: list[str]) -> None:
    """A figure that the page shows is a figure that the code gives."""
    expected, told = run(lines)

    assert told == expected, f"{PAGE.name}, {rule}"


def test_every_rule_has_its_place_on_the_page() -> None:
    """P-1 to P-68, each once and in order."""
    assert re.findall(r"^### (P-\d+) ", TEXT, flags=re.MULTILINE) == [f"P-{number}" for number in range(1, 69)]


ROOT = PAGE.parents[2]
RULE = re.compile(r"\bP-(\d+)(?: (?:to|…) P-(\d+))?")


def named_in(*folders: str) -> set[int]:
    """The numbers of rules that Python files name, ranges included."""
    texts = (path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {number for text in texts for first, last in RULE.findall(text) for number in range(int(first), int(last or first) + 1)}


def test_every_rule_is_named_by_the_code_that_applies_it_and_by_a_test() -> None:
    """The page lists the rules; each of its numbers is found in the source, and in a docstring or name of a test."""
    rules = {int(number) for number in re.findall(r"^### P-(\d+) ", TEXT, flags=re.MULTILINE)}
    tested = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                tested |= {int(number) for number in re.findall(r"\bP-(\d+)\b", ast.get_docstring(node) or "")}

    assert rules - tested == set()
    assert rules - named_in("src/proforma") == set()
    assert (named_in("src/proforma", "tests") | tested) - rules == set()


def test_every_switch_is_listed_with_its_values_default_first() -> None:
    """The table of switches is the policy of the code."""
    listed = {
        name: re.findall(r"`([^`]+)`", values)
        for name, values in re.findall(r"^\| `([\w.]+)` \| (.+?) \| P-\d+ \|$", TEXT, flags=re.MULTILINE)
    }

    assert listed == {**switches(PricingPolicy(), ""), **switches(OverlapPolicy(), "overlapping_price_lists.")}


def switches(policy: PricingPolicy | OverlapPolicy, prefix: str) -> dict[str, list[str]]:
    """Values of each switch, the default first."""
    hints = get_type_hints(type(policy))
    found = {}
    for item in fields(policy):
        if item.name == "overlapping_price_lists":
            continue
        values = ["true", "false"] if hints[item.name] is bool else list(get_args(hints[item.name]))
        default = getattr(policy, item.name)
        default = str(default).lower() if isinstance(default, bool) else default
        found[prefix + item.name] = [default, *(value for value in values if value != default)]
    return found


def test_most_rules_with_a_figure_have_an_example() -> None:
    """The page does not lose its examples unseen."""
    assert len(list(examples())) >= 17
