"""Cells that a spreadsheet opens without running anything that stands in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from proforma.domain.money import plain

Cell: TypeAlias = "str | Decimal | date | int | None"
#: A cell that begins like this is a formula to a spreadsheet, or hides one behind white space.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Cell) -> str:
    """A cell as it is written: figures stay figures, text that a spreadsheet would calculate gets an apostrophe before it."""
    match value:
        case None:
            return ""
        case Decimal():
            return plain(value)
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case _:
            return str(value)
