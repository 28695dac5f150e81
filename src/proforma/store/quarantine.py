"""Rows and pushes that could not be handled, with reason and payload: listed, retried, dropped by a person, never lost (promise 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from proforma.store.columns import Row, instant, instant_text
from proforma.store.prepared import Prepared
from proforma.store.statements import chunks, distinct
from proforma.store.tables import quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person must see. `entity` and `source` say what it is about, `payload` is what came, as it came.

    `since`: when it was first seen; it stays while the problem is open.
    """

    id: int
    kind: str
    entity: str | None
    source: str | None
    reason: str
    message: str
    since: datetime
    payload: bytes | None


_C: Final = quarantine.c
_COLUMNS: Final = (_C.id, _C.kind, _C.entity, _C.source, _C.reason, _C.message, _C.since, _C.payload)
_OPEN: Final = _C.dropped_at.is_(None)
_SOLVED_ONE: Final = Prepared(
    sa.delete(quarantine).where(_OPEN, _C.entity == sa.bindparam("entity_"), _C.source == sa.bindparam("source_"))
)


class Quarantine:
    """The open problems, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def open(self, *, kind: str | None = None, entity: str | None = None) -> list[Problem]:
        """The problems that nobody has solved or dropped, oldest first; of one kind or entity when asked."""
        statement = sa.select(*_COLUMNS).where(_OPEN).order_by(_C.since, _C.id)
        if kind is not None:
            statement = statement.where(_C.kind == kind)
        if entity is not None:
            statement = statement.where(_C.entity == entity)
        return [_problem(row) for row in self._connection.execute(statement)]

    def get(self, id: int) -> Problem | None:  # noqa: A002 - the field's own name
        """An open problem by its number."""
        row = self._connection.execute(sa.select(*_COLUMNS).where(_OPEN, _C.id == id)).first()
        return None if row is None else _problem(row)

    def counts(self) -> dict[str, int]:
        """Number of open problems of each kind that occurs."""
        kinds = sa.select(_C.kind, sa.func.count()).select_from(quarantine).where(_OPEN).group_by(_C.kind)
        return {row[0]: row[1] for row in self._connection.execute(kinds)}

    def was_dropped(self, kind: str, entity: str, source: str, message: str) -> bool:
        """Whether a person has given up just this: the same kind about the same thing, in the same words."""
        same = sa.and_(_C.kind == kind, _C.entity == entity, _C.source == source, _C.message == message)
        found = sa.select(_C.id).where(_C.dropped_at.is_not(None), same).limit(1)
        return self._connection.execute(found).first() is not None

    def dropped_sources(self, kind: str, entity: str) -> frozenset[str]:
        """What problems of a kind that people gave up were about."""
        found = sa.select(_C.source).where(_C.dropped_at.is_not(None), _C.kind == kind, _C.entity == entity)
        return frozenset(self._connection.execute(found).scalars())

    def dropped(self, kind: str, entity: str) -> dict[str, str]:
        """What a person has dropped of one kind and entity: for each source the message that was dropped last (D-98)."""
        wanted = sa.select(_C.source, _C.message).where(_C.kind == kind, _C.entity == entity, _C.dropped_at.is_not(None))
        return {row[0]: row[1] for row in self._connection.execute(wanted.order_by(_C.dropped_at, _C.id))}

    def count(self) -> int:
        """Number of open problems."""
        return self._connection.execute(sa.select(sa.func.count()).select_from(quarantine).where(_OPEN)).scalar_one()


class QuarantineWriter(Quarantine):
    """The problems, reported and closed."""

    def put(
        self,
        kind: str,
        entity: str | None,
        source: str | None,
        reason: str,
        message: str,
        payload: bytes | None,
        at: datetime,
    ) -> None:
        """Reports a problem. An open one of the same kind, entity and source is replaced by it and keeps its number and `since`."""
        make = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        now = instant_text(at)
        news = {"reason": reason, "message": message, "payload": payload, "seen_at": now}
        statement = make(quarantine).values(kind=kind, entity=entity or "", source=source or "", since=now, **news)
        key = [_C.kind, _C.entity, _C.source]
        self._connection.execute(statement.on_conflict_do_update(index_elements=key, index_where=_OPEN, set_=news))

    def resolve(self, entity: str | None, sources: Iterable[str | None], *, kind: str | None = None) -> int:
        """The sources were handled at last: their open problems (of one kind when given) go, payload and all. Answers how many."""
        handled = distinct(source or "" for source in sources)
        if kind is None and len(handled) == 1:
            return _SOLVED_ONE.run(self._connection, entity_=entity or "", source_=handled[0])
        solved = sa.delete(quarantine).where(_OPEN, _C.entity == (entity or ""))
        if kind is not None:
            solved = solved.where(_C.kind == kind)
        return sum(self._connection.execute(solved.where(_C.source.in_(piece))).rowcount for piece in chunks(handled))

    def drop(self, id: int, reason: str, by: str, at: datetime) -> bool:  # noqa: A002 - the field's own name
        """A person gives the problem up; who, when and why stay with it. False when it is not open."""
        dropped = sa.update(quarantine).where(_OPEN, _C.id == id)
        return self._connection.execute(dropped.values(dropped_at=instant_text(at), dropped_by=by, drop_reason=reason)).rowcount > 0


def _problem(row: Row) -> Problem:
    return Problem(
        id=row[0],
        kind=row[1],
        entity=row[2] or None,
        source=row[3] or None,
        reason=row[4],
        message=row[5],
        since=instant(row[6]),
        payload=row[7],
    )
