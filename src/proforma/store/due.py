"""What is to be looked at again: names that are noted with each change, and settled when somebody has looked.

Before everything was looked at once, and when very much has changed, nothing is noted: then everything is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from proforma.store.statements import insert

#: More changes than this are not noted: to look at everything again takes no longer.
NOTED_MAX: Final = 50_000


@dataclass(frozen=True, slots=True)
class DueState:
    """Whether changes are noted, and a fingerprint of all else that the last look at everything followed from; None: there was none."""

    is_noted: bool
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class DueTables:
    """Where notes are kept: a table of positions and names, and one of a single row, the state."""

    notes: sa.Table
    state: sa.Table

    @property
    def name(self) -> sa.Column[str]:
        """The column of what is noted."""
        name: sa.Column[str] = self.notes.c[1]
        return name


class Due:
    """What is due, read."""

    def __init__(self, connection: sa.Connection, tables: DueTables) -> None:
        self._connection = connection
        self._tables = tables

    def state(self) -> DueState:
        """What is known since everything was looked at."""
        state = self._tables.state.c
        row = self._connection.execute(sa.select(state.noted, state.fingerprint)).one()
        return DueState(row[0] == 1, row[1])

    def names(self, position: int) -> list[str]:
        """What was noted up to a position, each name once."""
        name = self._tables.name
        noted = sa.select(name).where(self._tables.notes.c.position <= position)
        return list(self._connection.execute(noted.distinct().order_by(name)).scalars())


class DueWriter(Due):
    """What is due, noted and settled."""

    def note_everything(self) -> None:
        """Makes everything due."""
        self._connection.execute(sa.update(self._tables.state).values(noted=0, fingerprint=None))
        self._connection.execute(sa.delete(self._tables.notes))

    def begin(self) -> int:
        """Everything is due, and what changes from now on is noted. As `reached`."""
        self._connection.execute(sa.update(self._tables.state).values(noted=1, fingerprint=None))
        return self.reached()

    def reached(self) -> int:
        """The position of the last note: a snapshot taken after this transaction holds all changes up to it."""
        # Whoever is noting is waited for: notes of pages that are not committed could have earlier positions than some that are.
        self._connection.execute(sa.select(self._tables.state.c.id).with_for_update()).one()
        return self._connection.execute(sa.select(sa.func.max(self._tables.notes.c.position))).scalar_one() or 0

    def complete(self, fingerprint: str, position: int) -> None:
        """Everything has been looked at with this fingerprint, the changes up to a position with it; unless so much changed meanwhile
        that it was not noted.
        """
        state = self._tables.state
        changed = sa.update(state).where(state.c.noted == 1).values(fingerprint=fingerprint)
        if self._connection.execute(changed).rowcount:
            self.settle(position)

    def settle(self, position: int) -> None:
        """What was noted up to a position has been looked at."""
        notes = self._tables.notes
        self._connection.execute(sa.delete(notes).where(notes.c.position <= position))

    def _is_noted(self) -> bool:
        # Locked for reading where the database knows it: `begin` must wait for this page, or its snapshot would not hold it.
        noted: int = self._connection.execute(sa.select(self._tables.state.c.noted).with_for_update(read=True)).scalar_one()
        return noted == 1

    def _note(self, names: Iterable[str]) -> None:
        insert(self._connection, self._tables.notes, [(name,) for name in names], columns=(self._tables.name.name,))

    def _note_found(self, names: sa.Select[tuple[str]]) -> None:
        self._connection.execute(sa.insert(self._tables.notes).from_select([self._tables.name.name], names))

    def _bound(self) -> None:
        place = self._tables.notes.c.position
        first, last = self._connection.execute(sa.select(sa.func.min(place), sa.func.max(place))).one()
        if first is None or last - first < NOTED_MAX:
            return
        # Another page that is being written may hold the state for reading: whoever finds it free, later, does it.
        if self._connection.execute(sa.select(self._tables.state.c.id).with_for_update(skip_locked=True)).first() is not None:
            self.note_everything()
