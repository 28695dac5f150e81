"""Invoice events as rows: the happening as JSON, its class name beside it, each row sealed after the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

import msgspec
import sqlalchemy as sa

from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Happening, InvoiceEvent
from proforma.store.columns import Cells, Row, instant, instant_text
from proforma.store.tables import invoice_events

_DECODERS: Final[Mapping[str, msgspec.json.Decoder[Happening]]] = {
    happening.__name__: msgspec.json.Decoder(happening) for happening in get_args(Happening)
}
#: Fields come in the order of their classes, which is the same text for the same happening.
_encode: Final = msgspec.json.Encoder().encode


class UnreadableEventError(ValueError):
    """A stored event is not what this program writes."""


def event_row(event: InvoiceEvent) -> Cells:
    """The cells of an event, all but the seal, in the order of the table."""
    happening = event.happening
    return (event.invoice_id, event.sequence, instant_text(event.at), event.by, type(happening).__name__, _encode(happening).decode())


def event_of(row: Row) -> InvoiceEvent:
    """The event of a row (its seal may follow). Raises UnreadableEventError."""
    invoice_id, sequence, at, by, kind, payload = row[:6]
    try:
        happening = _DECODERS[kind].decode(payload)
        return InvoiceEvent(invoice_id=InvoiceId(invoice_id), sequence=sequence, at=instant(at), by=by, happening=happening)
    except (KeyError, ValueError, TypeError, msgspec.MsgspecError) as fault:
        raise UnreadableEventError(f"event {sequence} cannot be read: {fault}") from fault


def event_rows(connection: sa.Connection, invoice_id: str) -> list[Row]:
    """The stored rows of an invoice's events, in order."""
    statement = sa.select(invoice_events).where(invoice_events.c.invoice_id == invoice_id).order_by(invoice_events.c.sequence)
    return [tuple(row) for row in connection.execute(statement)]
