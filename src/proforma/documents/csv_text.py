"""A paper as CSV: data for programs and spreadsheets, the same in every language."""

from __future__ import annotations

import csv
import io

from proforma.documents.cells import cell
from proforma.documents.columns import COLUMNS, rows
from proforma.documents.paper import Paper


def csv_bytes(paper: Paper) -> bytes:
    """One row for each detail; ISO dates, exact figures with a point, UTF-8 with a mark that spreadsheets know it by."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in row] for row in rows(paper))
    return text.getvalue().encode("utf-8-sig")
