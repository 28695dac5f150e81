"""Backfills: periods of an entity that are read once more, in parts, beside the cursor of the pull and without touching it.

A part is claimed under a number that grows, its fence. Whoever claimed it last may write; the page of an earlier one is refused, so a part
that two processes read at once is kept once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from proforma.store.columns import codec, instant_text, json_text
from proforma.store.outbox import StaleFenceError
from proforma.store.statements import insert
from proforma.store.tables import backfill_parts, backfills, runs


class PartState(StrEnum):
    """Where a part stands."""

    WAITING = "waiting"
    READING = "reading"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A period of an entity, both days included, by the dates in `column`. It is the run of number `run_id`.

    `signature`: what its parts are good for (columns, filter, time zone); under another one they must be read from their beginning.
    """

    run_id: int
    entity: str
    column: str
    first: date
    last: date
    chunk: str
    signature: str

    def same_as(self, other: Backfill) -> bool:
        """Whether both ask for the same rows in the same parts."""
        return _asked(self) == _asked(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a backfill, both days included. `next_link`: where its next page is; `expected`: its rows as counted before."""

    run_id: int
    number: int
    first: date
    last: date
    state: PartState = PartState.WAITING
    rows: int = 0
    quarantined: int = 0
    fence: int = 0
    expected: int | None = None
    next_link: str | None = None
    owner: str | None = None
    message: str | None = None


_BACKFILL: Final = codec(Backfill)
_PART: Final = codec(Part)
_B: Final = backfills.c
_P: Final = backfill_parts.c


class Backfills:
    """The backfills, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, run_id: int) -> Backfill | None:
        """The backfill of a run; None when that run was something else."""
        columns = [_B[name] for name in _BACKFILL.names]
        return next(_BACKFILL.decode(self._connection.execute(sa.select(*columns).where(_B.run_id == run_id))), None)

    def unfinished(self, wanted: Backfill) -> Backfill | None:
        """The newest backfill of the same rows in the same parts that is not complete."""
        columns = [_B[name] for name in _BACKFILL.names]
        left = sa.exists().where(_P.run_id == _B.run_id, _P.state != PartState.DONE.value)
        found = sa.select(*columns).where(_B.entity == wanted.entity, left).order_by(_B.run_id.desc())
        return next((each for each in _BACKFILL.decode(self._connection.execute(found)) if each.same_as(wanted)), None)

    def parts(self, run_id: int) -> list[Part]:
        """All parts of a backfill, in the order of their days."""
        columns = [_P[name] for name in _PART.names]
        return list(_PART.decode(self._connection.execute(sa.select(*columns).where(_P.run_id == run_id).order_by(_P.number))))

    def part(self, run_id: int, number: int) -> Part | None:
        """One part."""
        columns = [_P[name] for name in _PART.names]
        found = sa.select(*columns).where(_P.run_id == run_id, _P.number == number)
        return next(_PART.decode(self._connection.execute(found)), None)


class BackfillWriter(Backfills):
    """The backfills, moved on."""

    def begin(self, backfill: Backfill, parts: Sequence[Part]) -> None:
        """Writes down what is to be read."""
        insert(self._connection, backfills, _BACKFILL.encode([backfill]))
        insert(self._connection, backfill_parts, _PART.encode(parts))

    def claim(self, run_id: int, number: int, owner: str) -> Part | None:
        """Takes a part, from another one too, whose next page is then refused; None when it is read to its end or not there."""
        here = sa.and_(_P.run_id == run_id, _P.number == number, _P.state != PartState.DONE.value)
        taken = {"fence": _P.fence + 1, "owner": owner, "state": PartState.READING.value, "message": None}
        claimed = self._connection.execute(sa.update(backfill_parts).where(here).values(taken)).rowcount
        return self.part(run_id, number) if claimed else None

    def read(self, part: Part, *, rows: int, quarantined: int, next_link: str | None) -> Part:
        """Says that a page more of a part is kept, in the page's transaction; without a next link the part is done.

        Raises StaleFenceError when another one has claimed the part since.
        """
        state = PartState.DONE if next_link is None else PartState.READING
        counts = {"rows": _P.rows + rows, "quarantined": _P.quarantined + quarantined}
        return self._change(part, {**counts, "next_link": next_link, "state": state.value})

    def again(self, part: Part) -> Part:
        """Has a part read from its beginning, because its link is no longer accepted. Raises StaleFenceError."""
        return self._change(part, {"rows": 0, "quarantined": 0, "next_link": None})

    def failed(self, part: Part, message: str) -> Part:
        """Says why a part was left. Raises StaleFenceError."""
        return self._change(part, {"state": PartState.FAILED.value, "message": message})

    def expect(self, run_id: int, number: int, rows: int) -> None:
        """Keeps how many rows a part was counted to have."""
        self._connection.execute(sa.update(backfill_parts).where(_P.run_id == run_id, _P.number == number).values(expected=rows))

    def close(self, run_id: int, at: datetime) -> bool:
        """Ends the run of a backfill whose parts are all done, with its counts; False when parts are left."""
        # Two that end the last two parts at once must not both believe that a part is left.
        self._connection.execute(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update())
        done = sa.case((_P.state == PartState.DONE.value, 1), else_=0)
        sums = sa.select(sa.func.count(), sa.func.sum(done), sa.func.sum(_P.rows), sa.func.sum(_P.quarantined)).where(_P.run_id == run_id)
        parts, finished, rows, quarantined = (int(figure or 0) for figure in self._connection.execute(sums).one())
        if finished < parts:
            return False
        counts = json_text({"parts": parts, "rows": rows, "quarantined": quarantined})
        ended = {"finished_at": instant_text(at), "outcome": "attention" if quarantined else "done", "counts": counts}
        self._connection.execute(sa.update(runs).where(runs.c.id == run_id).values(ended))
        return True

    def _change(self, part: Part, values: dict[str, object]) -> Part:
        mine = sa.and_(_P.run_id == part.run_id, _P.number == part.number, _P.fence == part.fence)
        if self._connection.execute(sa.update(backfill_parts).where(mine).values(values)).rowcount == 0:
            raise StaleFenceError(f"part {part.number} of backfill {part.run_id} was taken over: claim {part.fence} is not the last one")
        found = self.part(part.run_id, part.number)
        assert found is not None, "it was written in this transaction"
        return found


def _asked(backfill: Backfill) -> tuple[object, ...]:
    return backfill.entity, backfill.column, backfill.first, backfill.last, backfill.chunk, backfill.signature
