"""The rules never meet a float, and never a clock or time zone of the machine (P-5, P-56)."""

from __future__ import annotations

import ast
import os
import time as clock
from collections.abc import Iterator
from pathlib import Path

import pytest
from pricing_world import World, estimate, time

from proforma.domain.codes import EstimateOwner, PriceListOwner, TransactionType

SOURCE = Path(__file__).parents[2] / "src" / "proforma"
MODULES = sorted(path for room in ("domain", "pricing", "invoicing") for path in (SOURCE / room).rglob("*.py"))
ZONES = ("UTC", "Europe/Oslo", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago")
#: Modules and names through which floats or the machine's clock come in.
_MODULES = frozenset({"math", "cmath", "random", "statistics", "time", "fractions"})
_CALLS = frozenset({"today", "now", "utcnow", "fromtimestamp", "timestamp", "total_seconds", "from_float"})


def faults(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every place of a module that makes, names or lets in a float, or asks the machine for the time."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, "a float literal"
            case ast.Name(id="float"):
                yield node.lineno, "the name float"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "a division with /, which is a float for two integers and rounds by the context of the moment"
            case ast.Import(names=names) if any(name.name.split(".")[0] in _MODULES for name in names):
                yield node.lineno, "an import of floats or clocks"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in _MODULES:
                yield node.lineno, "an import of floats or clocks"
            case ast.Call(func=ast.Attribute(attr=name)) if name in _CALLS:
                yield node.lineno, f"a call of {name}()"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_float_and_no_clock_in_the_rules(path: Path) -> None:
    """P-56: money, quantities and rates are decimals; the day is an argument."""
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "text",
    ["x = 1.5", "x = 1e3", "x = 2j", "x: float", "x = float(y)", "x = a / b", "x /= 2", "import math", "from time import time",
     "date.today()", "datetime.now(UTC)", "Decimal.from_float(x)"],
)  # fmt: skip
def test_the_check_finds_what_it_looks_for(text: str) -> None:
    """Each way in which a float or a clock could come in is seen."""
    assert list(faults(ast.parse(text)))


def _answers() -> list[str]:
    """Decisions on the edges of lists, overrides and months, of actuals and plans."""
    world = World()
    world.price_list("FY25", since="2025-01-01", until="2025-12-31")
    world.price_list("FY26", since_independent="2026-01-01", until_independent="2026-12-31", created="2026-01-01T00:30:00")
    world.price_list("quoted", at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("old", "100", on="FY25")
    world.role_price("new", "1000", per="short day", on="FY26")
    world.role_price("plan", "200", on="quoted")
    world.override("march", "250", of="plan", since="2026-03-16")
    sales = TransactionType.UNBILLED_SALES
    records = (
        *(time(on=day) for day in ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01")),
        *(time(on=day) for day in ("0001-01-01", "9999-12-31")),
        estimate(type=sales, start="2026-03-10", end="2026-03-29", owner=EstimateOwner.QUOTE, quote="offer"),
    )
    return [world.told(record) for record in records]


def test_p5_the_same_answers_under_five_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    """P-5: no zone of the machine moves a day; the first answers are also the right ones."""
    found = {}
    try:
        for zone in ZONES:
            monkeypatch.setitem(os.environ, "TZ", zone)
            clock.tzset()
            found[zone] = _answers()
    finally:
        monkeypatch.undo()
        clock.tzset()
    assert found["UTC"][1:4] == [
        "P-33 role-price: FY25 › old, 100.00, 100.00 USD",
        "P-33 role-price: FY25 › old, 100.00, 100.00 USD",
        "P-33 role-price: FY26 › new, 133.33, 133.33 USD",
    ]
    assert all(answers == found["UTC"] for answers in found.values())
