"""The page of rules is complete, and every figure on it is worked out by the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pricing_world import World, estimate, expense, material, other, time

from proforma.domain.codes import (
    AdjustmentStatus,
    AmountMethod,
    BillingType,
    EstimateOwner,
    PriceCalculation,
    PriceListOwner,
    Side,
    TransactionClass,
    TransactionType,
)
from proforma.domain.policies import OverlapPolicy, PricingPolicy
from proforma.domain.records import PricedRecord

PAGE = Path(__file__).parents[2] / "docs" / "rules" / "pricing.md"
TEXT = PAGE.read_text(encoding="utf-8")
RECORDS: dict[str, Callable[..., PricedRecord]] = {
    "time": time, "expense": expense, "material": material, "estimate": estimate,
    "plan": partial(estimate, "plan", TransactionClass.EXPENSE), "fee": partial(other, TransactionClass.FEE),
}  # fmt: skip
WORDS: dict[str, type[StrEnum]] = {
    "adjustment": AdjustmentStatus,
    "billing_type": BillingType,
    "context": Side,
    "project_method": PriceCalculation,
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
    if value in ("true", "false"):
        return name, value == "true"
    if command == "dimension":
        return name, int(value)
    if name == "owner":
        return name, EstimateOwner(value) if command == "estimate" else PriceListOwner(value)
    if name == "per":
        return name, value.replace("-", " ")
    return name, WORDS[name](value) if name in WORDS else value or None


def run(lines: list[str]) -> tuple[list[str], list[str]]:
    """What the example says, and what the code says: the decision, and those of its steps that the example shows."""
    world, related, record = World(), list[PricedRecord](), None
    expected = [line for line in lines if line[:2] in ("= ", "~ ")]
    for line in lines[: len(lines) - len(expected)]:
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
    trail = world.decide(record, *related).trail
    return expected, [f"= {world.told(record, *related)}", *(f"~ {step}" for step in trail if f"~ {step}" in expected)]


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


#: Rules about what is attached, copied or defaulted, or that only inform: they decide no price of a record, and have tests of their own.
WITHOUT_FIGURE = {9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 58, 62, 65}


def test_every_rule_that_decides_a_price_has_an_example() -> None:
    """A worked figure, executed above, for each of them."""
    shown = {int(rule.removeprefix("P-")) for rule, _ in examples() if rule != "introduction"}

    assert shown == set(range(1, 69)) - WITHOUT_FIGURE
