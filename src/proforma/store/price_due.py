"""Which actuals may have another price than the one decided: those that changed since everything was last priced.

Every change of the mirror that a price can follow is noted with the page that brings it. Before the first pricing, and when very
much has changed, nothing is noted: then everything is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from proforma.domain.ids import RecordId
from proforma.domain.records import Actual, TransactionConnection
from proforma.store.columns import Cells, codec
from proforma.store.statements import insert
from proforma.store.tables import MIRROR, price_due, price_state

#: More changes than this are not noted: to price everything anew takes no longer.
NOTED_MAX: Final = 50_000
#: The columns of a mirrored class that name actuals whose price can follow from its rows: their own, and those they connect (P-49).
_NAMED: Final = {Actual: ("id",), TransactionConnection: ("first_id", "second_id")}


@dataclass(frozen=True, slots=True)
class PriceState:
    """Whether changes are noted, and what the price book and its rules were when everything was priced; None: not everything is."""

    is_noted: bool
    fingerprint: str | None


class PriceDue:
    """What is due, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def state(self) -> PriceState:
        """What is known since the last pricing."""
        row = self._connection.execute(sa.select(price_state.c.noted, price_state.c.fingerprint)).one()
        return PriceState(row[0] == 1, row[1])

    def ids(self, position: int) -> list[RecordId]:
        """The actuals that were noted up to a position, each once."""
        noted = sa.select(price_due.c.record_id).where(price_due.c.position <= position)
        return list(self._connection.execute(noted.distinct().order_by(price_due.c.record_id)).scalars())


class PriceDueWriter(PriceDue):
    """What is due, noted and settled."""

    def note_rows(self, cls: type[Any], rows: Sequence[Cells]) -> None:
        """Notes what these new cells name; the rows that they replace are noted by `note` before."""
        columns = _NAMED.get(cls)
        if columns and self._is_noted():
            places = [codec(cls).names.index(column) for column in columns]
            named = dict.fromkeys(row[place] for place in places for row in rows)
            insert(self._connection, price_due, [(record_id,) for record_id in named if record_id is not None], columns=("record_id",))
            self._bound()

    def note(self, cls: type[Any], which: sa.ColumnElement[bool]) -> None:
        """Notes what the rows of a mirrored class that fit name, before they are changed."""
        if cls in _NAMED and self._is_noted():
            for column in _NAMED[cls]:
                named = MIRROR[cls].c[column]
                found = sa.select(named).where(which, named.is_not(None))
                self._connection.execute(sa.insert(price_due).from_select(["record_id"], found))
            self._bound()

    def note_everything(self) -> None:
        """Makes everything due."""
        self._connection.execute(sa.update(price_state).values(noted=0, fingerprint=None))
        self._connection.execute(sa.delete(price_due))

    def begin(self) -> int:
        """Everything is due, and what changes from now on is noted. As `reached`."""
        self._connection.execute(sa.update(price_state).values(noted=1, fingerprint=None))
        return self.reached()

    def reached(self) -> int:
        """The position of the last note: a snapshot taken after this transaction holds all changes up to it."""
        # Whoever is noting is waited for: notes of pages that are not committed could have earlier positions than some that are.
        self._connection.execute(sa.select(price_state.c.id).with_for_update()).one()
        return self._connection.execute(sa.select(sa.func.max(price_due.c.position))).scalar_one() or 0

    def complete(self, fingerprint: str, position: int) -> None:
        """Everything has been priced with this book, the changes up to a position with it; unless so much changed meanwhile that it was
        not noted.
        """
        changed = sa.update(price_state).where(price_state.c.noted == 1).values(fingerprint=fingerprint)
        if self._connection.execute(changed).rowcount:
            self.settle(position)

    def settle(self, position: int) -> None:
        """What was noted up to a position has been priced."""
        self._connection.execute(sa.delete(price_due).where(price_due.c.position <= position))

    def _is_noted(self) -> bool:
        # Locked for reading where the database knows it: `begin` must wait for this page, or its snapshot would not hold it.
        noted: int = self._connection.execute(sa.select(price_state.c.noted).with_for_update(read=True)).scalar_one()
        return noted == 1

    def _bound(self) -> None:
        place = price_due.c.position
        first, last = self._connection.execute(sa.select(sa.func.min(place), sa.func.max(place))).one()
        if first is None or last - first < NOTED_MAX:
            return
        # Another page that is being written may hold the state for reading: whoever finds it free, later, does it.
        if self._connection.execute(sa.select(price_state.c.id).with_for_update(skip_locked=True)).first() is not None:
            self.note_everything()
