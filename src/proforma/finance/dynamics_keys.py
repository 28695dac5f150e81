"""What Dynamics 365 Finance says of customers, currencies and accounts before a document names them (F-28, F-45, F-89)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from proforma.domain.codes import KeyKind
from proforma.finance.questions import EVERY_KIND, Question

#: The lines of a free text invoice have no unit; items and resources are booked like accounts.
NEEDED: Final = EVERY_KIND - {KeyKind.UNIT}
#: No public set of rows tells which periods are open.
ANSWERED: Final = NEEDED - {KeyKind.DAY}
#: What may part the values of an account that carries dimensions (F-45).
_SEGMENTS: Final = re.compile(r"[-_.|~]")

#: Rows of a set that fit a filter.
Rows = Callable[[str, str], Sequence[Mapping[str, Any]]]


def objection(question: Question, rows: Rows, company: str) -> str | None:
    """Why finance would refuse the key; None: no reason known."""
    match question.kind:
        case KeyKind.CUSTOMER:
            return _customer(question.key, rows, company)
        case KeyKind.CURRENCY:
            found = rows("Currencies", f"CurrencyCode eq {literal(question.key)}")
            return None if found else "finance has no such currency"
        case _:
            return _account(question.key, rows)


def literal(text: str) -> str:
    """A text in a filter."""
    return "'" + text.replace("'", "''") + "'"


def _customer(key: str, rows: Rows, company: str) -> str | None:
    found = rows("CustomersV3", f"dataAreaId eq {literal(company)} and CustomerAccount eq {literal(key)}")
    if not found:
        return f"company {company} has no such customer"
    on_hold = found[0].get("OnHoldStatus")
    return None if on_hold in (None, "", "No") else f"it is on hold there ({on_hold})"


def _account(key: str, rows: Rows) -> str | None:
    """Which part of an account is the main account is a matter of the format there: one of them has to be."""
    parts = dict.fromkeys((key, *filter(None, _SEGMENTS.split(key))))
    found = rows("MainAccounts", " or ".join(f"MainAccountId eq {literal(part)}" for part in parts))
    if not found:
        return "finance has no such main account"
    return "it is suspended there" if all(row.get("IsSuspended") == "Yes" for row in found) else None
