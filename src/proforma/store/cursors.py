"""How far each entity has been pulled. A cursor is committed in the transaction of its page's rows (promise 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from proforma.store.columns import codec
from proforma.store.statements import upsert
from proforma.store.tables import cursor_ranges, cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next page of an entity begins.

    `generation`: number of the full pull that is under way or was the last. `mode`: how it is pulled, a word of the pull stage.
    `signature`: what the cursor is good for (columns, filter); another one makes it useless. `rows`: seen in this generation.
    `full_at`: when the last full pull began. `pending`: the watermark that will hold once the walk under way is complete. `began_at`:
    when that walk began, or the last one did. `delta_link`: where the changes after the last complete walk begin, None where the table
    is not tracked.
    """

    entity: str
    generation: int
    watermark: datetime | None
    next_link: str | None
    mode: str
    signature: str | None
    rows: int
    updated_at: datetime
    full_at: datetime | None = None
    pending: datetime | None = None
    began_at: datetime | None = None
    delta_link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A part of an entity that is still to be read: rows from `first` on, before `last`; an open end is None."""

    entity: str
    number: int
    first: datetime | None
    last: datetime | None


_CODEC: Final = codec(Cursor)
_RANGES: Final = codec(Range)


class Cursors:
    """The cursors, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, entity: str) -> Cursor | None:
        """The cursor of an entity, None before its first page."""
        rows = self._connection.execute(sa.select(*_COLUMNS).where(cursors.c.entity == entity))
        return next(_CODEC.decode(rows), None)

    def all(self) -> list[Cursor]:
        """All cursors, by entity."""
        return list(_CODEC.decode(self._connection.execute(sa.select(*_COLUMNS).order_by(cursors.c.entity))))

    def ranges(self, entity: str) -> list[Range]:
        """What is still to be read of an entity that is read in ranges, by number."""
        columns = [cursor_ranges.c[name] for name in _RANGES.names]
        rows = self._connection.execute(sa.select(*columns).where(cursor_ranges.c.entity == entity).order_by(cursor_ranges.c.number))
        return list(_RANGES.decode(rows))


class CursorWriter(Cursors):
    """The cursors, moved."""

    def set_ranges(self, ranges: Iterable[Range]) -> None:
        """Writes ranges down, each in the place of the one with its number."""
        upsert(self._connection, cursor_ranges, _RANGES.encode(ranges))

    def drop_ranges(self, entity: str, number: int | None = None) -> None:
        """One range has been read to its end, or all of them are of no use any more."""
        gone = sa.delete(cursor_ranges).where(cursor_ranges.c.entity == entity)
        self._connection.execute(gone if number is None else gone.where(cursor_ranges.c.number == number))

    def set(self, entity: str, cursor: Cursor) -> None:
        """Moves the entity's cursor. Raises ValueError when the cursor names another entity."""
        if cursor.entity != entity:
            raise ValueError(f"the cursor of {cursor.entity} cannot be that of {entity}")
        upsert(self._connection, cursors, _CODEC.encode([cursor]))

    def drop(self, entity: str) -> None:
        """Forgets how far the entity was pulled: the next pull of it is a full one."""
        self._connection.execute(sa.delete(cursors).where(cursors.c.entity == entity))
        self.drop_ranges(entity)


_COLUMNS: Final = [cursors.c[name] for name in _CODEC.names]
