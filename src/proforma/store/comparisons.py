"""What comparisons of invoices with a shadow target showed, the last one of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from proforma.domain.ids import InvoiceId
from proforma.store.columns import instant, instant_text
from proforma.store.statements import upsert
from proforma.store.tables import comparisons

_C: Final = comparisons.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One invoice beside what a target holds. `outcome`: a word for programs, `message` for people where something differs."""

    target: str
    invoice_id: InvoiceId
    outcome: str
    message: str | None
    at: datetime


class Comparisons:
    """The comparisons, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of(self, target: str) -> dict[InvoiceId, Comparison]:
        """Those with one target, by invoice."""
        rows = self._connection.execute(sa.select(comparisons).where(_C.target == target))
        return {
            row.invoice_id: Comparison(
                target=row.target, invoice_id=row.invoice_id, outcome=row.outcome, message=row.message, at=instant(row.at)
            )
            for row in rows
        }


class ComparisonWriter(Comparisons):
    """The comparisons, written."""

    def put(self, comparison: Comparison) -> None:
        """Keeps the latest comparison of an invoice with a target."""
        row = (comparison.target, comparison.invoice_id, comparison.outcome, comparison.message, instant_text(comparison.at))
        upsert(self._connection, comparisons, [row])
