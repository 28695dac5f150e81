"""What Business Central says of customers, currencies, accounts, items, units and days before a document names them (F-89)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from proforma.domain.codes import KeyKind
from proforma.finance.questions import EVERY_KIND, Question

NEEDED: Final = EVERY_KIND
#: The API v2.0 does not list resources.
ANSWERED: Final = EVERY_KIND - {KeyKind.RESOURCE}
#: Where a kind of key is listed, and under which name.
_LISTS: Final[Mapping[KeyKind, tuple[str, str]]] = {
    KeyKind.CUSTOMER: ("customers", "number"),
    KeyKind.CURRENCY: ("currencies", "code"),
    KeyKind.ACCOUNT: ("accounts", "number"),
    KeyKind.ITEM: ("items", "number"),
    KeyKind.UNIT: ("unitsOfMeasure", "code"),
}
_NO_DAY: Final = "0001-01-01"

#: Rows that a path below the company lists.
Rows = Callable[[str], Sequence[Mapping[str, Any]]]


def objection(question: Question, rows: Rows, company: str, local: Callable[[], str]) -> str | None:
    """Why it would refuse the key; None: no reason known. `local`: asks for the company's own currency, which is listed nowhere (F-64)."""
    if question.kind is KeyKind.DAY:
        return _day(date.fromisoformat(question.key), rows("generalLedgerSetup"))
    if question.kind is KeyKind.CURRENCY and question.key == local():
        return None
    where, name = _LISTS[question.kind]
    wanted = question.key.replace("'", "''")
    condition = quote(f"{name} eq '{wanted}'", safe="'")
    found = rows(f"{where}?$filter={condition}")
    if not found:
        return f"company {company} has no such {question.kind}"
    return _rounding(question, found[0]) if question.kind is KeyKind.CURRENCY else _blocked(found[0])


def _blocked(row: Mapping[str, Any]) -> str | None:
    """Customers say what they are blocked for, accounts and items only that they are."""
    blocked = row.get("blocked")
    if isinstance(blocked, bool) or blocked is None:
        return "it is blocked there" if blocked else None
    said = str(blocked).replace("_x0020_", "").strip()
    return f"it is blocked there ({said})" if said else None


def _rounding(question: Question, row: Mapping[str, Any]) -> str | None:
    """Whether amounts with our decimals come through unrounded (D-46)."""
    interval = row.get("amountRoundingPrecision")
    if question.precision is None or interval is None or not Decimal(str(interval)):
        return None
    ours, theirs = Decimal(1).scaleb(-question.precision), Decimal(str(interval))
    return None if ours % theirs == 0 else f"amounts here have {question.precision} decimals, there they are rounded to {theirs}"


def _day(day: date, setup: Sequence[Mapping[str, Any]]) -> str | None:
    """Whether the company lets documents be posted on that day; single users there may have a range of their own."""
    first, last = (str(setup[0].get(name) or _NO_DAY) if setup else _NO_DAY for name in ("allowPostingFrom", "allowPostingTo"))
    early = first != _NO_DAY and day < date.fromisoformat(first)
    late = last != _NO_DAY and day > date.fromisoformat(last)
    until = "" if last == _NO_DAY else f" to {last}"
    return f"posting is allowed there from {first}{until}" if early or late else None
