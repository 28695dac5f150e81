"""Why each detail of an invoice has its price: part of the ledger, so that the answer outlives the price list it came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from proforma.domain.ids import InvoiceId, SourceId
from proforma.domain.reasons import KeptReason
from proforma.store.columns import codec
from proforma.store.statements import chunks, upsert
from proforma.store.tables import price_reasons

_CODEC: Final = codec(KeptReason)
_COLUMNS: Final = [price_reasons.c[name] for name in _CODEC.names]


class PriceReasons:
    """The kept reasons, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of_invoices(self, ids: Iterable[InvoiceId]) -> dict[tuple[InvoiceId, SourceId], KeptReason]:
        """What is kept for these invoices, by invoice and source."""
        found: dict[tuple[InvoiceId, SourceId], KeptReason] = {}
        for piece in chunks(list(dict.fromkeys(ids))):
            rows = self._connection.execute(sa.select(*_COLUMNS).where(price_reasons.c.invoice_id.in_(piece)))
            found.update({(row.invoice_id, row.source): row for row in _CODEC.decode(rows)})
        return found

    def of_source(self, source: str) -> list[KeptReason]:
        """What is kept for one source, the oldest first."""
        table = price_reasons.c
        rows = sa.select(*_COLUMNS).where(table.source == source).order_by(table.kept_at, table.invoice_id)
        return list(_CODEC.decode(self._connection.execute(rows)))


class PriceReasonWriter(PriceReasons):
    """The kept reasons, saved."""

    def save(self, reasons: Sequence[KeptReason]) -> None:
        """Keeps these; a source that was priced anew on its draft is kept anew."""
        upsert(self._connection, price_reasons, _CODEC.encode(reasons))
