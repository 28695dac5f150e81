"""What a push tells its invoice, twice for each that is sent: an event and the few columns that it moves, the rest of the invoice unread.

`apply` of the domain says the same of a whole invoice, and `proforma db check` holds the two together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from proforma.domain.codes import InvoiceStatus
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import ImpossibleEventError, InvoiceEvent, PushChanged, ReadBack
from proforma.store.columns import Cell, optional_text
from proforma.store.events import event_row
from proforma.store.prepared import Prepared
from proforma.store.seals import sealed
from proforma.store.statements import insert
from proforma.store.tables import invoice_events, invoices

_C: Final = invoices.c
_WANTED: Final = _C.id == sa.bindparam("wanted")
_BEFORE: Final = Prepared(
    sa.select(_C.status, _C.external_id, _C.external_number, _C.events, _C.events_seal).where(_WANTED).with_for_update()
)
_MOVED: Final = ("push", "external_id", "external_number", "events", "events_seal")
_EVENT_COLUMNS: Final = tuple(invoice_events.c.keys())
_READ_BACK: Final = ("posted_on", "tax", "remaining", "total_with_tax")


def _update(names: tuple[str, ...]) -> Prepared:
    return Prepared(sa.update(invoices).where(_WANTED).values({name: sa.bindparam(f"{name}_", type_=_C[name].type) for name in names}))


_MOVE: Final = _update(_MOVED)
_MOVE_AND_READ_BACK: Final = _update(_MOVED + _READ_BACK)


def tell(connection: sa.Connection, invoice_id: InvoiceId, change: PushChanged, *, at: datetime, by: str) -> None:
    """Appends the event and moves the invoice. Raises ImpossibleEventError for a draft, and for an invoice that is not there."""
    before = _BEFORE.one(connection, wanted=invoice_id)
    if before is None:
        raise ImpossibleEventError(f"invoice {invoice_id} has no beginning")
    status, external_id, external_number, events, seal = before
    if status == InvoiceStatus.DRAFT.value:
        raise ImpossibleEventError(f"PushChanged cannot happen to invoice {invoice_id}: it is {status}")
    row = event_row(InvoiceEvent(invoice_id=invoice_id, sequence=events + 1, at=at, by=by, happening=change))
    seal = sealed(seal, row)
    moved: dict[str, Cell] = {
        "push_": change.push.value,
        "external_id_": change.external_id or external_id,
        "external_number_": change.external_number or external_number,
        "events_": events + 1,
        "events_seal_": seal,
    }
    if change.read_back is None:
        _MOVE.run(connection, wanted=invoice_id, **moved)
    else:
        _MOVE_AND_READ_BACK.run(connection, wanted=invoice_id, **moved, **_cells(change.read_back))
    insert(connection, invoice_events, [(*row, seal)], columns=_EVENT_COLUMNS)


def _cells(told: ReadBack) -> dict[str, Cell]:
    return {
        "posted_on_": None if told.posted_on is None else told.posted_on.isoformat(),
        "tax_": optional_text(told.tax),
        "remaining_": optional_text(told.remaining),
        "total_with_tax_": optional_text(told.total_with_tax),
    }
