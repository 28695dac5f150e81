"""Which actuals may have another price than the one decided: those that changed since everything was last priced.

Every change of the mirror that a price can follow is noted with the page that brings it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from proforma.domain.records import Actual, TransactionConnection
from proforma.store.columns import Cells, codec
from proforma.store.due import DueTables, DueWriter
from proforma.store.tables import MIRROR, price_due, price_state

PRICES: Final = DueTables(price_due, price_state)
#: The columns of a mirrored class that name actuals whose price can follow from its rows: their own, and those they connect (P-49).
_NAMED: Final = {Actual: ("id",), TransactionConnection: ("first_id", "second_id")}


class PriceDueWriter(DueWriter):
    """Actuals whose price is due, noted and settled."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection, PRICES)

    def note_rows(self, cls: type[Any], rows: Sequence[Cells]) -> None:
        """Notes what these new cells name; the rows that they replace are noted by `note` before."""
        columns = _NAMED.get(cls)
        if columns and self._is_noted():
            places = [codec(cls).names.index(column) for column in columns]
            named = dict.fromkeys(row[place] for place in places for row in rows)
            self._note(str(record_id) for record_id in named if record_id is not None)
            self._bound()

    def note(self, cls: type[Any], which: sa.ColumnElement[bool]) -> None:
        """Notes what the rows of a mirrored class that fit name, before they are changed."""
        if cls in _NAMED and self._is_noted():
            for column in _NAMED[cls]:
                named = MIRROR[cls].c[column]
                self._note_found(sa.select(named).where(which, named.is_not(None)))
            self._bound()
