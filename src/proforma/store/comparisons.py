"""What comparisons of invoices with a shadow target showed, the last one of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from proforma.domain.codes import InvoiceStatus, PushStatus
from proforma.domain.ids import InvoiceId
from proforma.store.columns import instant_text
from proforma.store.statements import upsert
from proforma.store.tables import comparisons, invoices, outbox

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

    def due(self, target: str, settled: str, before: datetime, limit: int, *, arrived_at: str | None = None) -> list[InvoiceId]:
        """Confirmed invoices that were never compared with a target, or not since `before` and with another outcome than `settled`.

        `arrived_at`: only those that another target has accepted.
        """
        done = sa.or_(_C.outcome == settled, _C.at > instant_text(before))
        compared = sa.select(_C.invoice_id).where(_C.target == target, _C.invoice_id == invoices.c.id, done)
        confirmed = invoices.c.status.in_([InvoiceStatus.CONFIRMED.value, InvoiceStatus.CORRECTED.value])
        wanted = sa.select(invoices.c.id).where(confirmed, ~sa.exists(compared))
        if arrived_at is not None:
            there = outbox.c.state.in_([PushStatus.ACCEPTED.value, PushStatus.POSTED.value])
            wanted = wanted.join(outbox, outbox.c.invoice_id == invoices.c.id).where(outbox.c.target == arrived_at, there)
        return list(self._connection.execute(wanted.order_by(invoices.c.position).limit(limit)).scalars())


class ComparisonWriter(Comparisons):
    """The comparisons, written."""

    def put(self, comparison: Comparison) -> None:
        """Keeps the latest comparison of an invoice with a target."""
        row = (comparison.target, comparison.invoice_id, comparison.outcome, comparison.message, instant_text(comparison.at))
        upsert(self._connection, comparisons, [row])
