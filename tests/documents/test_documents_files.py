"""The files: PDF, XLSX, CSV and JSON of one paper."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import msgspec
from paper_builder import detail, line, paper

from json_schema import fits
from proforma.documents import Paper, csv_bytes, json_bytes, schema, words
from proforma.documents.pdf import pdf, png_pages
from proforma.documents.xlsx import xlsx_bytes
from proforma.domain.codes import LineType

_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = [
    '=HYPERLINK("http://evil")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\n=1",
    '#import "/etc/passwd": *',
    "$ sum $ *b* _i_ \\ ]",
    "</w:t>&<",
]


def _pages(content: bytes) -> int:
    return max(int(n) for n in re.findall(rb"/Count (\d+)", content))


def _long(rows: int) -> Paper:
    return paper([line(*(detail(f"s{number}") for number in range(rows)))])


def test_a_pdf_is_one_file_that_is_the_same_each_time() -> None:
    """The same paper gives the same bytes, in archival form (PDF/A-2b), with every character shown."""
    one, two = (pdf(_long(2), words("nb")) for _ in range(2))
    assert one == two
    assert one.missing == ""
    assert one.content.startswith(b"%PDF-1.")
    assert b"pdfaid" in one.content
    assert _pages(one.content) == 1


def test_three_thousand_details_are_all_there() -> None:
    """3,000 details of three lines fill a document of some hundred pages; none is left out of CSV or JSON either."""
    long = _long(3000)
    assert _pages(pdf(long, words("en")).content) > 100
    assert len(list(csv.reader(io.StringIO(csv_bytes(long).decode("utf-8-sig"))))) == 3001
    document: Any = msgspec.json.decode(json_bytes(long))
    assert (len(document["lines"][0]["details"]), document["totals"]["total_without_tax"]) == (3000, "28125000.00")


def test_a_text_longer_than_a_page_and_a_word_longer_than_a_line_are_set() -> None:
    """8,000 characters break across pages; a word of 400 letters breaks within its column."""
    long_text = detail("t", description="Every sentence of this was agreed. " * 230)
    long_word = detail("w", description="w" * 400)
    made = pdf(paper([line(long_text), line(long_word, type_=LineType.FEE)]), words("en"))
    assert (made.missing, _pages(made.content)) == ("", 3)


def test_scripts_that_come_with_the_program_and_those_that_need_a_font() -> None:
    """Latin, Greek, Cyrillic, Hebrew and Arabic are always shown; without a font for it, Chinese is told as not shown."""
    there = detail(description="Blåbær, Ελληνικά, Кириллица, עברית, العربية")
    assert pdf(paper([line(there)]), words("nb")).missing == ""
    absent = pdf(paper([line(detail(description="\U0001f9ff \u4e2d\u6587"))]), words("en"))
    assert absent.content.startswith(b"%PDF")
    assert "could not be displayed" in absent.missing


def test_what_stands_in_an_invoice_is_never_markup() -> None:
    """Text that looks like typst, a formula or XML is set as it is, in every format."""
    hostile = paper([line(*(detail(f"h{n}", description=text) for n, text in enumerate(HOSTILE)), description=HOSTILE[6])])
    assert pdf(hostile, words("en")).missing == ""
    assert len(png_pages(hostile, words("en"), pixels_per_inch=30)) == 1


def test_csv_is_data_that_no_spreadsheet_calculates() -> None:
    """Text that begins like a formula gets an apostrophe; a negative figure stays a figure; amounts sum up to the total."""
    rows = [detail(f"h{n}", description=text) for n, text in enumerate(HOSTILE)]
    minus = detail("m", quantity=Decimal(-1), amount=Decimal("-1250.00"))
    made = csv_bytes(paper([line(*rows, minus)]))
    records = list(csv.DictReader(io.StringIO(made.decode("utf-8-sig"), newline="")))
    for record, text in zip(records[:-1], HOSTILE, strict=True):
        assert record["description"] == ("'" + text if text[0] in "=+-@\t\n" else text)
    assert (records[-1]["quantity"], records[-1]["amount"]) == ("-1", "-1250.00")
    assert sum(Decimal(record["invoiced_amount"]) for record in records) == 9 * Decimal("9375.00") - Decimal("1250.00")


def test_xlsx_holds_figures_dates_and_texts_but_no_formula() -> None:
    """A workbook has no formula, link or external part; figures are numbers, one of 19 digits is a text with every digit."""
    rows = [detail(f"h{n}", description=text) for n, text in enumerate(HOSTILE)]
    huge = detail("x", amount=Decimal("922337203685477.5807"))
    made = xlsx_bytes(paper([line(*rows, huge)]), words("nb"))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert not [name for name in archive.namelist() if "external" in name.lower() or "vba" in name.lower()]
        sheets = [archive.read(f"xl/worksheets/sheet{number}.xml") for number in (1, 2)]
    assert b"<f>" not in b"".join(sheets)
    assert b"<hyperlink" not in b"".join(sheets)
    head, *table = [{_column(cell): _value(cell) for cell in row} for row in ElementTree.fromstring(sheets[0]).iter(f"{_NS}row")]
    letter = {name: column for column, name in head.items()}
    assert [row[letter["description"]] for row in table[:-1]] == [text.strip() for text in HOSTILE]
    assert table[-1][letter["amount"]] == "922337203685477.5807"
    assert table[0][letter["amount"]] == 9375
    assert table[0][letter["date"]] == 46083  # 2 March 2026 counted from 1900, as workbooks do


def _column(cell: ElementTree.Element) -> str:
    return (cell.get("r") or "").rstrip("0123456789")


def _value(cell: ElementTree.Element) -> str | float:
    text = "".join(part.text or "" for part in cell.iter() if part.tag in (f"{_NS}t", f"{_NS}v"))
    return text.strip() if cell.get("t") == "inlineStr" else float(text)


def test_json_fits_its_published_schema() -> None:
    """The document fits the shipped schema; a figure that is a JSON number would not."""
    published: Any = msgspec.json.decode(schema())
    document: Any = msgspec.json.decode(json_bytes(_long(2)))
    assert fits(published, document)
    document["lines"][0]["details"][0]["amount"] = 9375.0
    assert not fits(published, document)


def test_a_document_without_lines_is_a_document() -> None:
    """An emptied draft can still be shown, in every format."""
    empty = paper([])
    assert pdf(empty, words("en")).content.startswith(b"%PDF")
    assert xlsx_bytes(empty, words("en")).startswith(b"PK")
    assert csv_bytes(empty).decode("utf-8-sig").count("\r\n") == 1
    document: Any = msgspec.json.decode(json_bytes(empty))
    assert (document["lines"], document["totals"]["total_without_tax"]) == ([], "0")
