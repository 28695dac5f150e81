"""Why each detail of an invoice has its price: part of the ledger, so that the answer outlives the price list it came from.

What many reasons have in common (rule, list, line, most of the trail) is kept once; of each detail there remain its figures and the
steps that tell of it alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa

from proforma.domain.ids import InvoiceId, SourceId
from proforma.domain.reasons import OWN_STEPS, KeptReason
from proforma.store.columns import Cell, Cells, Row, instant, instant_text, json_text, optional_decimal, optional_text
from proforma.store.statements import chunks, fill_numbered, number_of, upsert
from proforma.store.tables import invoice_details, price_reasons, shared_reasons

_SHARED: Final = [column for column in shared_reasons.c if column.name != "id"]
_JOINED: Final = sa.select(
    *(price_reasons.c[name] for name in ("invoice_id", "source", "kept_at", "price", "amount", "quantity", "own_steps")), *_SHARED
).join_from(price_reasons, shared_reasons, shared_reasons.c.id == price_reasons.c.shared_id)
_texts: Final = msgspec.json.Decoder(list[str]).decode
_gaps: Final = msgspec.json.Decoder(list[str | None]).decode
#: Common part of a reason: the columns of `shared_reasons` but its trail, and the trail with None for each step of one record alone.
_Common = tuple[tuple[Cell, ...], tuple[str | None, ...]]


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

    def save(self, reasons: Iterable[KeptReason]) -> None:
        """Keeps these; a source that was priced anew on its draft is kept anew."""
        numbers: dict[_Common, int] = {}
        shared: dict[int, Cells] = {}
        rows: list[Cells] = []
        for reason in reasons:
            common, own = _parted(reason)
            number = numbers.get(common)
            if number is None:
                cells = (*common[0], json_text(common[1]))
                number = numbers[common] = number_of(cells)
                shared[number] = cells
            rows.append(
                (
                    reason.invoice_id,
                    reason.source,
                    instant_text(reason.kept_at),
                    number,
                    optional_text(reason.price),
                    optional_text(reason.amount),
                    optional_text(reason.quantity),
                    json_text(own),
                )
            )
        fill_numbered(self._connection, shared_reasons, shared)
        upsert(self._connection, price_reasons, rows)


def _parted(reason: KeptReason) -> tuple[_Common, list[str]]:
    """What it has in common with others, and its own steps, in the order of the trail."""
    own = [step for step in reason.trail if step.startswith(OWN_STEPS)]
    columns = (
        reason.rule,
        reason.reason,
        reason.price_list_id,
        reason.price_list,
        reason.price_line_id,
        reason.markup_line_id,
        reason.override_id,
        reason.currency,
    )
    return (columns, tuple([None if step.startswith(OWN_STEPS) else step for step in reason.trail])), own


def _reason(row: Row) -> KeptReason:
    invoice_id, source, kept_at, price, amount, quantity, own_steps, rule, reason, list_id, price_list, line_id, markup_id = row[:13]
    override_id, currency, trail = row[13:]
    own = iter(_texts(own_steps))
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
        trail=tuple(next(own) if step is None else step for step in _gaps(trail)),
    )
