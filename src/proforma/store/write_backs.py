"""The outbox towards Dataverse: for each of its rows what it is to say, and how far that is (D-110, D-111).

A wish replaces the one before it, and is only ever compared and written as a whole: writing it twice does no more than once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from proforma.domain.codes import InvoiceStatus
from proforma.domain.ids import InvoiceId, SourceId
from proforma.domain.invoices import Invoice
from proforma.store.columns import instant_text, optional_instant_text
from proforma.store.headers import Header
from proforma.store.invoice_rows import read_headers
from proforma.store.statements import chunks, distinct, upsert
from proforma.store.tables import invoice_details, invoices, source_marks, write_back_seen, write_backs

QUEUED: Final = "queued"
DONE: Final = "done"
REFUSED: Final = "refused"
#: Subject of the marks among those that were seen.
MARKS: Final = "marks"
_CONFIRMED: Final = (InvoiceStatus.CONFIRMED.value, InvoiceStatus.CORRECTED.value)
_C: Final = write_backs.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a row of an entity is to say, as JSON; `invoice_id`: whose news it is, None: that of a mark."""

    entity: str
    row_id: str
    invoice_id: InvoiceId | None
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackRow(Wish):
    """A wish on its way. `attempts`: how often it was tried in vain."""

    id: int
    state: str
    attempts: int
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A source on an invoice, which comes without its lines and with its total; quantity 0: it was credited there."""

    invoice: Invoice
    total: Decimal
    quantity: Decimal


class WriteBacks:
    """The wishes, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def due(self, entity: str, now: datetime, limit: int) -> list[WriteBackRow]:
        """Queued wishes for rows of an entity whose time has come, the oldest first."""
        come = sa.or_(_C.next_attempt_at.is_(None), _C.next_attempt_at <= instant_text(now))
        return self._rows(_C.entity == entity, _C.state == QUEUED, come, limit=limit)

    def all(self, *, state: str | None = None) -> list[WriteBackRow]:
        """Every wish, or those in one state."""
        return self._rows(*([] if state is None else [_C.state == state]))

    def counts(self) -> dict[str, int]:
        """Number of wishes in each state that occurs."""
        rows = self._connection.execute(sa.select(_C.state, sa.func.count()).group_by(_C.state))
        return {row[0]: row[1] for row in rows}

    def changed_invoices(self, mapping: str, limit: int) -> list[tuple[InvoiceId, int]]:
        """Confirmed invoices of which more happened than the wishes say, or under another mapping; each with the number of its events."""
        seen = write_back_seen.c
        known = sa.and_(seen.subject == invoices.c.id, seen.version == invoices.c.events, seen.mapping == mapping)
        statement = sa.select(invoices.c.id, invoices.c.events).where(
            invoices.c.status.in_(_CONFIRMED), ~sa.exists(sa.select(seen.subject).where(known))
        )
        return [(row[0], row[1]) for row in self._connection.execute(statement.order_by(invoices.c.position).limit(limit))]

    def new_marks(self, mapping: str) -> tuple[list[SourceId], int]:
        """The sources that were marked since the marks were last looked at, and the position of the last mark."""
        seen = write_back_seen.c
        found = self._connection.execute(sa.select(seen.version).where(seen.subject == MARKS, seen.mapping == mapping)).scalar()
        marks = source_marks.c
        rows = self._connection.execute(sa.select(marks.source, marks.position).where(marks.position > (found or 0))).all()
        return list(dict.fromkeys(row[0] for row in rows)), max((row[1] for row in rows), default=found or 0)

    def newest_invoices(self, sources: Iterable[str]) -> dict[str, Billed]:
        """How each source stands on the newest confirmed invoice that it is on."""
        details = invoice_details.c
        newest: dict[str, tuple[int, Decimal]] = {}
        for piece in chunks(distinct(sources)):
            statement = (
                sa.select(details.source, invoices.c.position, details.quantity)
                .join(invoices, invoices.c.id == details.invoice_id)
                .where(details.source.in_(piece), details.status.in_(_CONFIRMED))
                .order_by(invoices.c.position, details.line, details.place)
            )
            newest.update({row[0]: (row[1], Decimal(row[2])) for row in self._connection.execute(statement)})
        found = self._at({position for position, _ in newest.values()})
        return {source: replace(found[position], quantity=quantity) for source, (position, quantity) in newest.items()}

    def newest_invoice_of(self, contract_id: str) -> Billed | None:
        """The newest confirmed invoice of a contract, taken as a whole."""
        mine = (invoices.c.contract_id == contract_id, invoices.c.status.in_(_CONFIRMED))
        newest = sa.select(sa.func.max(invoices.c.position)).where(*mine).scalar_subquery()
        headers = read_headers(self._connection, invoices.c.position == newest)
        return _billed(headers[0]) if headers else None

    def _at(self, positions: set[int]) -> dict[int, Billed]:
        by_position: dict[int, Billed] = {}
        for piece in chunks(sorted(positions)):
            pairs = self._connection.execute(sa.select(invoices.c.id, invoices.c.position).where(invoices.c.position.in_(piece))).all()
            headers = {header.id: header for header in read_headers(self._connection, invoices.c.position.in_(piece))}
            by_position.update({position: _billed(headers[invoice_id]) for invoice_id, position in pairs})
        return by_position

    def _rows(self, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[WriteBackRow]:
        statement = sa.select(write_backs).where(*conditions).order_by(_C.changed_at, _C.id).limit(limit)
        return [
            WriteBackRow(
                id=row.id,
                entity=row.entity,
                row_id=row.row_id,
                invoice_id=row.invoice_id,
                content=row.wish,
                state=row.state,
                attempts=row.attempts,
                message=row.message,
            )
            for row in self._connection.execute(statement)
        ]


class WriteBackWriter(WriteBacks):
    """The wishes, moved on. What is written of a row names the wish that it is about: a newer wish is never called done."""

    def wish(self, wishes: Sequence[Wish], at: datetime) -> int:
        """Queues what differs from the last wish for the same row; how many."""
        known = {(row.entity, row.row_id): row.content for row in self._known(wishes)}
        news = [wish for wish in wishes if known.get((wish.entity, wish.row_id)) != wish.content]
        for wish in news:
            values = {"wish": wish.content, "invoice_id": wish.invoice_id, "state": QUEUED, "attempts": 0, "next_attempt_at": None,
                      "message": None, "changed_at": instant_text(at)}  # fmt: skip
            key = {"entity": wish.entity, "row_id": wish.row_id}
            if (wish.entity, wish.row_id) in known:
                self._connection.execute(sa.update(write_backs).where(_C.entity == wish.entity, _C.row_id == wish.row_id).values(values))
            else:
                self._connection.execute(sa.insert(write_backs).values({**key, **values}))
        return len(news)

    def _known(self, wishes: Sequence[Wish]) -> list[WriteBackRow]:
        pieces = chunks(distinct(wish.row_id for wish in wishes))
        return [row for piece in pieces for row in self._rows(_C.row_id.in_(piece))]

    def seen(self, subjects: Sequence[tuple[str, int]], mapping: str) -> None:
        """So much of each subject is in the wishes now."""
        upsert(self._connection, write_back_seen, [(subject, version, mapping) for subject, version in subjects])

    def settle(
        self, row: WriteBackRow, state: str, at: datetime, *, message: str | None = None, next_attempt_at: datetime | None = None
    ) -> bool:
        """Says what came of a wish; False when a newer one has taken its place."""
        values = {
            "state": state,
            "attempts": 0 if state == DONE else row.attempts + 1,
            "message": message,
            "next_attempt_at": optional_instant_text(next_attempt_at),
            "changed_at": instant_text(at),
        }
        same = sa.update(write_backs).where(_C.id == row.id, _C.wish == row.content)
        return self._connection.execute(same.values(values)).rowcount > 0

    def requeue(self, entity: str, row_id: str, at: datetime) -> bool:
        """A person sends a refused wish on its way again. False when there is none."""
        refused = sa.update(write_backs).where(_C.entity == entity, _C.row_id == row_id, _C.state == REFUSED)
        values = {"state": QUEUED, "attempts": 0, "next_attempt_at": None, "changed_at": instant_text(at)}
        return self._connection.execute(refused.values(values)).rowcount > 0


def _billed(header: Header) -> Billed:
    return Billed(invoice=header.invoice(()), total=header.total, quantity=Decimal(1))
