"""The work of contracts with its price decisions, read by one search: invoicing reads both of every row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final, NewType, cast

import msgspec
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
_COLUMNS: Final = (*(_ACTUALS.c[name] for name in _ACTUAL.names), *DECISION_COLUMNS)
_JOINED: Final = (
    sa.select(*_COLUMNS)
    .join_from(_ACTUALS, price_decisions, price_decisions.c.record_id == _ACTUALS.c.id, isouter=True)
    .where(_ACTUALS.c.deleted_at.is_(None))
)
#: The same, all rows of a contract as one JSON text: SQLite makes it without Python, so a thread beside others can have it made.
_TEXTS: Final = _JOINED.with_only_columns(sa.func.json_group_array(sa.func.json_array(*_COLUMNS))).group_by(_ACTUALS.c.contract_id)
_rows_of: Final = msgspec.json.Decoder(list[list[str | int | None]]).decode
#: Rows taken from the driver at a time: their cells are as large as the records made of them.
_ROWS_AT_ONCE: Final = 2000


#: The work of one contract as SQLite tells it: rows of cells in JSON.
WorkText = NewType("WorkText", str)


def priced_work(
    connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType], texts: Iterable[WorkText] | None = None
) -> tuple[list[Actual], dict[RecordId, PriceDecision]]:
    """The actuals of these contracts that have one of these types, by id, and the decisions about them.

    `texts`: what `work_texts` has read of them before, where that still holds.
    """
    decided: list[Row] = []

    def own_cells() -> Iterator[Row]:
        for row in _rows(connection, contracts, types) if texts is None else _told(texts):
            if row[_WIDTH] is not None:
                decided.append(row[_WIDTH:])
            yield row[:_WIDTH]

    actuals = sorted(_ACTUAL.decode(own_cells()), key=attrgetter("id"))
    grounds = Decisions(connection).grounds(dict.fromkeys(cast(Cell, row[1]) for row in decided))
    return actuals, {row[0]: decision_of(row, grounds[row[1]]) for row in decided}


def work_texts(connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType]) -> list[WorkText]:
    """What `priced_work` makes records of, of a SQLite store; Python has next to nothing to do with it."""
    return [WorkText(row[0]) for condition in _conditions(contracts, types) for row in connection.execute(_TEXTS.where(*condition))]


def _told(texts: Iterable[WorkText]) -> Iterator[Row]:
    return (row for text in texts for row in _rows_of(text))


def _rows(connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType]) -> Iterator[Row]:
    for condition in _conditions(contracts, types):
        result = connection.execute(_JOINED.where(*condition))
        # The driver's own tuples: rows of SQLAlchemy cost as much as the reading.
        cursor = cast(Any, result).cursor
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
        result.close()


def _conditions(contracts: Collection[str], types: Collection[TransactionType]) -> Iterator[tuple[sa.ColumnElement[bool], ...]]:
    words = [word.value for word in types]
    for piece in chunks(sorted(contracts)):
        yield _ACTUALS.c.contract_id.in_(piece), _ACTUALS.c.type.in_(words)
