"""Reports as CSV that a spreadsheet opens without running anything that stands in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from proforma.documents.cells import Cell, cell
from proforma.domain.errors import ConfigurationError

__all__ = ["Cell", "Rows", "cell", "csv_file"]


class Rows(Protocol):
    """Takes rows one by one."""

    def writerow(self, row: Sequence[str], /) -> object:
        """Writes one row."""


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
