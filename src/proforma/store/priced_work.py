"""The work of contracts with its price decisions, read by one search: invoicing reads both of every row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from operator import attrgetter
from typing import Any, Final, cast

import sqlalchemy as sa

from proforma.domain.codes import TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import RecordId
from proforma.domain.records import Actual
from proforma.store.columns import Cell, Row, codec
from proforma.store.decisions import DECISION_COLUMNS, Decisions, decision_of
from proforma.store.statements import chunks
from proforma.store.tables import MIRROR, price_decisions

_ACTUALS: Final = MIRROR[Actual]
_ACTUAL: Final = codec(Actual)
_WIDTH: Final = len(_ACTUAL.names)
_JOINED: Final = (
    sa.select(*(_ACTUALS.c[name] for name in _ACTUAL.names), *DECISION_COLUMNS)
    .join_from(_ACTUALS, price_decisions, price_decisions.c.record_id == _ACTUALS.c.id, isouter=True)
    .where(_ACTUALS.c.deleted_at.is_(None))
)
#: Rows taken from the driver at a time: their cells are as large as the records made of them.
_ROWS_AT_ONCE: Final = 2000


def priced_work(
    connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType]
) -> tuple[list[Actual], dict[RecordId, PriceDecision]]:
    """The actuals of these contracts that have one of these types, by id, and the decisions about them."""
    decided: list[Row] = []

    def own_cells() -> Iterator[Row]:
        for row in _rows(connection, contracts, types):
            if row[_WIDTH] is not None:
                decided.append(row[_WIDTH:])
            yield row[:_WIDTH]

    actuals = sorted(_ACTUAL.decode(own_cells()), key=attrgetter("id"))
    grounds = Decisions(connection).grounds(dict.fromkeys(cast(Cell, row[1]) for row in decided))
    return actuals, {row[0]: decision_of(row, grounds[row[1]]) for row in decided}


def _rows(connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType]) -> Iterator[Row]:
    words = [word.value for word in types]
    for piece in chunks(sorted(contracts)):
        result = connection.execute(_JOINED.where(_ACTUALS.c.contract_id.in_(piece), _ACTUALS.c.type.in_(words)))
        # The driver's own tuples: rows of SQLAlchemy cost as much as the reading.
        cursor = cast(Any, result).cursor
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
        result.close()
