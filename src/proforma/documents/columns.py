"""A paper as a table: the columns that CSV and XLSX share, a row for each detail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from proforma.documents.cells import Cell
from proforma.documents.paper import Paper, PaperDetail, PaperLine

#: Names of the columns in CSV; programs may rely on them. Columns may be added at the end, none is renamed.
COLUMNS: Final = (
    "number", "reference", "invoice_date", "customer_number", "customer", "contract", "line", "class", "date", "person", "role", "category",
    "task", "project", "description", "billing_type", "quantity", "unit", "price", "amount", "previous_amount", "invoiced_amount",
    "currency", "price_list", "price_reason", "price_rule", "source",
)  # fmt: skip


def rows(paper: Paper) -> Iterator[tuple[Cell, ...]]:
    """The details in the order of the document. The column invoiced_amount adds up to the total of the document."""
    for line in paper.lines:
        for detail in line.details:
            yield _row(paper, line, detail)


def _row(paper: Paper, line: PaperLine, detail: PaperDetail) -> tuple[Cell, ...]:
    return (
        paper.number, paper.reference, paper.invoice_date, paper.customer.number, paper.customer.name, paper.contract_number,
        line.description, line.type.value, detail.day, detail.person, detail.role, detail.category, detail.task, detail.project,
        detail.description, detail.billing_type.value, detail.quantity, detail.unit, detail.price, detail.amount, detail.previous,
        detail.value, paper.currency, detail.price_list, detail.price_reason, detail.price_rule, detail.source,
    )  # fmt: skip
