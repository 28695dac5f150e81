"""Random filters and random rows, and the same as SQL: what two readings of one filter are compared on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from proforma.mock.values import Value

COMPARISONS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
WORDS = ("a", "B", "ab", "it's", "Acme AS", "and or", "null", "x(y)", "")
NUMBERS = ("-3", "0", "2", "2.5", "100")
IDS = tuple(str(UUID(int=number)) for number in range(1, 4))
DAYS = tuple(datetime(2026, 3, 30, tzinfo=UTC) + timedelta(hours=18 * number) for number in range(4))
#: Column → how a value is written in a filter and in SQL, from one of its values.
COLUMNS: dict[str, tuple[tuple[str, ...], Callable[[str], str]]] = {
    "name": (WORDS, lambda text: "'" + text.replace("'", "''") + "'"),
    "description": (WORDS, lambda text: "'" + text.replace("'", "''") + "'"),
    "creditlimit": (NUMBERS, str),
    "numberofemployees": (("-3", "0", "2", "100"), str),
    "donotemail": (("true", "false"), str),
    "lastonholdtime": (tuple(day.strftime("%Y-%m-%dT%H:%M:%SZ") for day in DAYS), str),
    "_primarycontactid_value": (IDS, str),
}
QUOTED_IN_SQL = frozenset({"lastonholdtime", "_primarycontactid_value"})
ORDERED = frozenset({"name", "description", "creditlimit", "numberofemployees", "lastonholdtime"})
PAIRS = (("name", "description"), ("creditlimit", "numberofemployees"))


@dataclass(frozen=True, slots=True)
class Tree:
    """One condition in both languages. `binding`: how strongly its outermost operator binds, 3 for what needs no parentheses."""

    odata: str
    sql: str
    binding: int = 3


def tree(chance: random.Random, depth: int = 3) -> Tree:
    """A random condition; parentheses stand where they must, and sometimes where they need not."""
    kind = chance.random()
    if depth == 0 or kind < 0.35:
        return _leaf(chance)
    if kind < 0.5:
        inner = tree(chance, depth - 1)
        return Tree(f"not ({inner.odata})", f"NOT ({inner.sql})")
    operator, binding = chance.choice((("and", 2), ("or", 1)))
    left, right = (_within(chance, tree(chance, depth - 1), binding) for _ in range(2))
    return Tree(f"{left.odata} {operator} {right.odata}", f"{left.sql} {operator.upper()} {right.sql}", binding)


def _within(chance: random.Random, inner: Tree, binding: int) -> Tree:
    if inner.binding >= binding and chance.random() < 0.7:
        return inner
    return Tree(f"({inner.odata})", f"({inner.sql})")


def _leaf(chance: random.Random) -> Tree:
    kind = chance.random()
    if kind < 0.1:
        left, right = chance.choice(PAIRS)
        operator = chance.choice(list(COMPARISONS))
        return Tree(f"{left} {operator} {right}", f"{left} {COMPARISONS[operator]} {right}")
    if kind < 0.3:
        return _match(chance)
    column = chance.choice(list(COLUMNS))
    if kind < 0.4:
        operator, text = chance.choice((("eq", "IS NULL"), ("ne", "IS NOT NULL")))
        return Tree(f"{column} {operator} null", f"{column} {text}")
    values, written = COLUMNS[column]
    operator = chance.choice(list(COMPARISONS) if column in ORDERED else ["eq", "ne"])
    value = written(chance.choice(values))
    return Tree(f"{column} {operator} {value}", f"{column} {COMPARISONS[operator]} {_sql(column, value)}")


def _match(chance: random.Random) -> Tree:
    column, word = chance.choice(("name", "description")), chance.choice(WORDS[:-1])
    function, pattern = chance.choice((("contains", "%{}%"), ("startswith", "{}%"), ("endswith", "%{}")))
    written = word.replace("'", "''")
    return Tree(f"{function}({column},'{written}')", f"{column} LIKE '{pattern.format(written)}'")


def _sql(column: str, value: str) -> str:
    return f"'{value}'" if column in QUOTED_IN_SQL else value


def row(chance: random.Random) -> dict[str, Value]:
    """A random account; every third cell is empty."""
    cells: dict[str, Value] = {}
    for column, (values, _) in COLUMNS.items():
        text = chance.choice(values) if chance.random() < 0.67 else None
        cells[column] = text == "true" if column == "donotemail" and text else text
    return cells
