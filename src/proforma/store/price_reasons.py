"""Why each detail of an invoice has its price: part of the ledger, so that the answer outlives the price list it came from.

What many reasons have in common (rule, list, line, most of the trail) is kept once; of each detail there remain its figures and the
steps that tell of it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

import msgspec
import sqlalchemy as sa

from proforma.domain.ids import InvoiceId, SourceId
from proforma.domain.reasons import CommonReason, CommonSteps, KeptReason, OwnReason, whole
from proforma.store.columns import Cells, Row, instant, instant_text, json_text, optional_decimal, optional_text
from proforma.store.statements import chunks, fill_numbered, number_of, upsert
from proforma.store.tables import invoice_details, price_reasons, shared_reasons

_SHARED: Final = [column for column in shared_reasons.c if column.name != "id"]
_JOINED: Final = sa.select(
    *(price_reasons.c[name] for name in ("invoice_id", "source", "kept_at", "price", "amount", "quantity", "own_steps")), *_SHARED
).join_from(price_reasons, shared_reasons, shared_reasons.c.id == price_reasons.c.shared_id)
_texts: Final = msgspec.json.Decoder(list[str]).decode
_gaps: Final = msgspec.json.Decoder(CommonSteps).decode


class PriceReasons:
    """The kept reasons, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def of_invoices(self, ids: Iterable[InvoiceId]) -> dict[tuple[InvoiceId, SourceId], KeptReason]:
        """What is kept for these invoices, by invoice and source."""
        found: dict[tuple[InvoiceId, SourceId], KeptReason] = {}
        for piece in chunks(list(dict.fromkeys(ids))):
            rows = self._connection.execute(_JOINED.where(price_reasons.c.invoice_id.in_(piece)))
            found.update({(row[0], row[1]): _reason(row) for row in rows})
        return found

    def of_source(self, source: str) -> list[KeptReason]:
        """What is kept for one source on the invoices that it is on, deleted drafts too, the oldest first."""
        table = price_reasons.c
        holding = sa.select(invoice_details.c.invoice_id).where(invoice_details.c.source == source)
        rows = _JOINED.where(table.source == source, table.invoice_id.in_(holding)).order_by(table.kept_at, table.invoice_id)
        return [_reason(row) for row in self._connection.execute(rows)]


class PriceReasonWriter(PriceReasons):
    """The kept reasons, saved."""

    def save(self, invoice_id: InvoiceId, at: datetime, reasons: Iterable[tuple[CommonReason, Sequence[OwnReason]]]) -> None:
        """Keeps the reasons of an invoice's sources; a source that was priced anew on its draft is kept anew."""
        shared: dict[int, Cells] = {}
        rows: list[Cells] = []
        kept_at = instant_text(at)
        for common, each in reasons:
            cells = _common_cells(common)
            number = number_of(cells)
            shared[number] = cells
            rows += [
                (
                    invoice_id,
                    own.source,
                    kept_at,
                    number,
                    optional_text(own.price),
                    optional_text(own.amount),
                    optional_text(own.quantity),
                    json_text(own.steps),
                )
                for own in each
            ]
        fill_numbered(self._connection, shared_reasons, shared)
        # In the order of the key: each row then goes behind the one before, and the tree is not searched for it.
        upsert(self._connection, price_reasons, sorted(rows, key=itemgetter(1)))


def _common_cells(common: CommonReason) -> Cells:
    return (
        common.rule,
        common.reason,
        common.price_list_id,
        common.price_list,
        common.price_line_id,
        common.markup_line_id,
        common.override_id,
        common.currency,
        json_text(common.steps),
    )


def _reason(row: Row) -> KeptReason:
    invoice_id, source, kept_at, price, amount, quantity, own_steps, rule, reason, list_id, price_list, line_id, markup_id = row[:13]
    override_id, currency, trail = row[13:]
    return KeptReason(
        invoice_id=invoice_id,
        source=source,
        kept_at=instant(kept_at),
        rule=rule,
        reason=reason,
        price_list_id=list_id,
        price_list=price_list,
        price_line_id=line_id,
        markup_line_id=markup_id,
        override_id=override_id,
        price=optional_decimal(price),
        amount=optional_decimal(amount),
        quantity=optional_decimal(quantity),
        currency=currency,
        trail=whole(_gaps(trail), _texts(own_steps)),
    )
