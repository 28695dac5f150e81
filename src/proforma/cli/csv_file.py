"""Reports as CSV that a spreadsheet opens without running anything that stands in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from proforma.domain.errors import ConfigurationError
from proforma.domain.money import plain

Cell: TypeAlias = "str | Decimal | date | int | None"
#: A cell that begins like this is a formula to a spreadsheet, or hides one behind white space.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Rows(Protocol):
    """Takes rows one by one."""

    def writerow(self, row: Sequence[str], /) -> object:
        """Writes one row."""


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


@contextmanager
def csv_file(path: Path, columns: Sequence[str]) -> Iterator[Rows]:
    """A CSV file that is there when the block ends, and never half of it. Raises ConfigurationError when it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        stream = part.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", at=str(path), hint="check the folder and its rights") from error
    try:
        with stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            yield writer
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
