"""A paper as XLSX (extra `xlsx`), written row by row: real dates and figures, texts that no spreadsheet calculates."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from proforma.documents.cells import Cell
from proforma.documents.columns import COLUMNS, rows
from proforma.documents.paper import Paper
from proforma.documents.words import Words
from proforma.domain.money import plain

#: A spreadsheet keeps 15 digits of a figure; longer ones stand as text, so that none is changed.
_DIGITS: Final = 15
_CELL_MAX: Final = 32_767
_FIGURES: Final = frozenset({"price", "amount", "previous_amount", "invoiced_amount"})
_WIDTHS: Final = {"description": 44, "customer": 24, "contract": 18, "line": 24, "person": 22, "role": 18, "project": 22, "source": 38}


def xlsx_bytes(paper: Paper, words: Words) -> bytes:
    """A workbook with two sheets: the details, and the document's own facts with its total."""
    stream = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        made_on = datetime.combine(paper.invoice_date, time(), tzinfo=UTC)
        book.set_properties({"title": f"{words['title']} {paper.number}", "created": made_on})
        formats = _Formats(book, paper)
        _details(book.add_worksheet(_sheet_name(paper.number)), paper, formats)
        _summary(book.add_worksheet(words["title"]), paper, words, formats)
    return stream.getvalue()


class _Formats:
    """How cells look: dates as ISO days, amounts with the currency's decimals, quantities with their own."""

    def __init__(self, book: Any, paper: Paper) -> None:
        decimals = "." + "0" * paper.precision if paper.precision else ""
        self.head = book.add_format({"bold": True, "bottom": 1})
        self.bold = book.add_format({"bold": True})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.amount = book.add_format({"num_format": f"#,##0{decimals}"})
        self.figure = book.add_format({"num_format": "#,##0.##########"})
        self.text = book.add_format({"num_format": "@"})


def _details(sheet: Any, paper: Paper, formats: _Formats) -> None:
    for place, name in enumerate(COLUMNS):
        sheet.set_column(place, place, _WIDTHS.get(name, 14))
        sheet.write_string(0, place, name, formats.head)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(rows(paper), start=1):
        for place, (name, value) in enumerate(zip(COLUMNS, row, strict=True)):
            _write(sheet, number, place, value, formats, is_amount=name in _FIGURES)


def _summary(sheet: Any, paper: Paper, words: Words, formats: _Formats) -> None:
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 44)
    for number, (label, value) in enumerate(_facts(paper, words)):
        sheet.write_string(number, 0, label, formats.bold)
        _write(sheet, number, 1, value, formats, is_amount=True)


def _facts(paper: Paper, words: Words) -> Iterable[tuple[str, Cell]]:
    yield words["notice"], None
    yield words["number"], paper.number
    yield words["reference"], paper.reference
    yield words["date"], paper.invoice_date
    yield words["to"], ", ".join((paper.customer.name, *paper.customer.lines))
    yield words["customer_number"], paper.customer.number
    yield words["contract"], ", ".join(filter(None, (paper.contract_number, paper.contract_name)))
    yield words["projects"], ", ".join(paper.projects)
    yield words["currency"], paper.currency
    yield words["applied"], paper.applied
    yield words["total"], paper.total


def _write(sheet: Any, row: int, column: int, value: Cell, formats: _Formats, *, is_amount: bool) -> None:
    match value:
        case None | "":
            return
        case Decimal() if len(value.as_tuple().digits) > _DIGITS:
            sheet.write_string(row, column, plain(value), formats.text)
        case Decimal():
            sheet.write_number(row, column, value, formats.amount if is_amount else formats.figure)
        case date():
            sheet.write_datetime(row, column, datetime.combine(value, time(), tzinfo=None), formats.day)
        case _:
            sheet.write_string(row, column, str(value)[:_CELL_MAX], formats.text)


def _sheet_name(number: str) -> str:
    """A name that a workbook takes: 31 characters, none of those that it gives a meaning."""
    return "".join("-" if c in "[]:*?/\\'" else c for c in number)[:31] or "invoice"
