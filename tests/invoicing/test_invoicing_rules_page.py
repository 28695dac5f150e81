"""The examples of docs/rules/invoicing.md come out as they are printed, and the page names every reason that the code gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from invoicing_world import ActualFields, Deal, day, lines

from proforma.domain.codes import BillingStatus, NteStatus
from proforma.domain.invoices import Changes
from proforma.domain.money import total

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/rules/invoicing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```example\n(.*?)```", PAGE, re.DOTALL)


class Teller:
    """Tells one example: says what there is, acts, and answers questions."""

    def __init__(self) -> None:
        self.deal = Deal()
        self.last = Changes()

    def tell(self, line: str) -> None:
        """One line that says or does something."""
        word, *rest = line.split()
        plain = [r for r in rest if "=" not in r]
        named = dict(r.split("=", 1) for r in rest if "=" in r)
        done = getattr(self, f"_{word}")(plain, named)
        self.last = done if isinstance(done, Changes) else self.last

    def _work(self, words: list[str], named: dict[str, str]) -> None:
        fields: ActualFields = {"hours": words[1], "price": words[2]}
        if "on" in named:
            fields["on"] = day(named["on"])
        if "status" in named:
            fields["status"] = BillingStatus(named["status"])
        if "nte" in named:
            fields["nte"] = NteStatus(named["nte"])
        self.deal.work(words[0], **fields)

    def _milestone(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.milestone(words[0], words[1], on=day(named.get("on", "03-31")))

    def _product(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.product(words[0], quantity=words[1], price=words[2], discount=named.get("discount"))

    def _retainer(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.retainer(words[0], words[1], status=BillingStatus(named.get("status", "invoice-posted")))

    def _confirmed_by(self, words: list[str], named: dict[str, str]) -> None:
        assert words == ["another_person"]
        self.deal.two_persons()

    def _as(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.by = words[0]

    def _customers(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.split(words[0], **named)

    def _limit(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.line("work", nte_limit=words[0])

    def _schedule(self, words: list[str], named: dict[str, str]) -> None:
        self.deal.schedule("row", run=day(named["run"]), cut_off=day(named["cut-off"]))

    def _create(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.create()

    def _run(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.run(day(words[0]))

    def _ready(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.mark(*words)

    def _unready(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.mark(*words, ready=False)

    def _evaluate(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.evaluate(*words)

    def _refund(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.refund(*words)

    def _edit(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.edit(words[0], **named)

    def _remove(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.remove(words[0])

    def _delete(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.delete()

    def _confirm(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.confirm()

    def _correct(self, words: list[str], named: dict[str, str]) -> Changes:
        return self.deal.correct(*words)

    def ask(self, question: str) -> list[str]:
        """What a line with `=` asks about, answered."""
        word, *rest = question.split()
        match word:
            case "invoice":
                return lines(self.deal.invoice())
            case "ledger":
                return self.deal.ledger()
            case "status":
                return self.deal.statuses(*rest)
            case "nte":
                return [str(self.deal.row(rest[0]).nte)]
            case "balance":
                return [self.deal.balance(rest[0])]
            case "total":
                return [str(total(i.total for i in self.deal.book.invoices if i.customer_id == rest[0]))]
            case _:
                return [r.reason for r in self.last.refusals if not rest or r.id == rest[0]]


def told(example: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each question of an example with the printed answers and the real ones."""
    teller = Teller()
    printed: dict[str, list[str]] = {}
    for line in [*example.strip().splitlines(), ""]:
        question, equals, answer = line.partition(" = ")
        is_question = bool(equals) and not line.startswith("edit")
        if printed and (not is_question or question not in printed):
            yield from ((q, answers, teller.ask(q)) for q, answers in printed.items())
            printed = {}
        if is_question:
            printed.setdefault(question, []).append(answer)
        elif line:
            teller.tell(line)


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.strip().splitlines()[0] + f" {n}" for n, e in enumerate(EXAMPLES)])
def test_example_of_the_rules_page(example: str) -> None:
    """What the page prints is what happens, and each example asks something."""
    answers = list(told(example))

    assert answers
    for question, printed, real in answers:
        assert printed == real, question


#: Every rule of the family that exists.
RULES = [*range(1, 14), *range(20, 28), *range(30, 37), *range(40, 47), *range(50, 103), *range(110, 115), *range(120, 125), 130]
_NUMBERS = re.compile(r"I-(\d+)(?:[a-z])?(?:\s*…\s*I-(\d+))?")


def named(text: str) -> set[int]:
    """The rule numbers that a text names, alone or in a range such as I-40 … I-43."""
    found: set[int] = set()
    for first, last in _NUMBERS.findall(text):
        found.update(range(int(first), int(last or first) + 1))
    return found


def files_of(folder: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py")))


def test_every_rule_is_told_on_the_page() -> None:
    """The page names each rule, and no rule that does not exist."""
    assert sorted(named(PAGE.replace("(I-1 … I-130)", ""))) == RULES


def test_every_rule_is_proved_by_a_test() -> None:
    """Each rule is named by at least one test, beside this one."""
    here = Path(__file__).read_text(encoding="utf-8")
    assert sorted(set(RULES) - named(files_of("tests").replace(here, ""))) == []


def test_every_rule_that_binds_us_is_named_by_the_code() -> None:
    """Code names each rule, but for those that the page lists as what the source system and finance do by themselves."""
    told_only = named(PAGE.split("Rules of the source system")[1].split(")")[0])
    assert sorted(set(RULES) - named(files_of("src")) - told_only) == []


def test_every_reason_is_on_the_page() -> None:
    """A reason that the code can give is explained, and none is explained that it cannot give."""
    section = PAGE.split("## Reasons")[1]
    explained = set(re.findall(r"`([a-z0-9-]+)`", section))

    assert explained == set(_reasons())


def _reasons() -> Iterator[str]:
    """The reason codes in the source: of refusals, faults and refused acts."""
    for path in (ROOT / "src/proforma/invoicing").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _reasons_of(node)
            if isinstance(node, ast.Tuple) and len(node.elts) == 2 and path.name == "marking.py":
                first = node.elts[0]
                yield from [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []


def _reasons_of(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    places: dict[str, list[ast.expr]] = {"Fault": call.args[:1], "RefusedError": call.args[:1], "refused": call.args[1:2]}
    given = [*places.get(name, []), *(k.value for k in call.keywords if k.arg == "reason")]
    yield from (g.value for g in given if isinstance(g, ast.Constant) and isinstance(g.value, str))


def test_totals_are_decimals() -> None:
    """No float ever reaches an amount."""
    deal = Deal()
    deal.work("a", hours="0.1", price="0.3", amount="0.03")
    deal.create()

    assert deal.invoice().total == Decimal("0.03")
