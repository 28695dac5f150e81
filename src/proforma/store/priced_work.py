"""The work of contracts with its price decisions, read by one search: invoicing reads both of every row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final, NamedTuple, cast

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
_JOINED: Final = (
    sa.select(*(_ACTUALS.c[name] for name in _ACTUAL.names), *DECISION_COLUMNS)
    .join_from(_ACTUALS, price_decisions, price_decisions.c.record_id == _ACTUALS.c.id, isouter=True)
    .where(_ACTUALS.c.deleted_at.is_(None))
)
#: The same, all work of a contract as one JSON text, and the decisions as another: SQLite makes them without Python, so a thread beside
#: others can have them made.
_TEXTS: Final = _JOINED.with_only_columns(
    sa.func.json_group_array(sa.literal_column(_ACTUAL.json_object(_ACTUALS))),
    sa.func.json_group_array(sa.func.json_array(*DECISION_COLUMNS)).filter(price_decisions.c.record_id.is_not(None)),
).group_by(_ACTUALS.c.contract_id)
_actuals_of: Final = msgspec.json.Decoder(list[Actual]).decode
_decisions_of: Final = msgspec.json.Decoder(list[list[str | int | None]]).decode
#: Rows taken from the driver at a time: their cells are as large as the records made of them.
_ROWS_AT_ONCE: Final = 2000


class WorkText(NamedTuple):
    """The work of one contract as SQLite tells it, in JSON: the actuals, and the rows of the decisions about them."""

    actuals: str
    decisions: str


def priced_work(
    connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType], texts: Iterable[WorkText] | None = None
) -> tuple[list[Actual], dict[RecordId, PriceDecision]]:
    """The actuals of these contracts that have one of these types, by id, and the decisions about them.

    `texts`: what `work_texts` has read of them before, where that still holds.
    """
    actuals, decided = _read(connection, contracts, types) if texts is None else _told(texts)
    grounds = Decisions(connection).grounds(dict.fromkeys(cast(Cell, row[1]) for row in decided))
    return sorted(actuals, key=attrgetter("id")), {row[0]: decision_of(row, grounds[row[1]]) for row in decided}


def work_texts(connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType]) -> list[WorkText]:
    """What `priced_work` makes records of, of a SQLite store; Python has next to nothing to do with it."""
    return [WorkText(*row) for condition in _conditions(contracts, types) for row in connection.execute(_TEXTS.where(*condition))]


def _told(texts: Iterable[WorkText]) -> tuple[list[Actual], list[Row]]:
    actuals: list[Actual] = []
    decided: list[Row] = []
    for text in texts:
        actuals += _actuals_of(text.actuals)
        decided += _decisions_of(text.decisions)
    return actuals, decided


def _read(connection: sa.Connection, contracts: Collection[str], types: Collection[TransactionType]) -> tuple[list[Actual], list[Row]]:
    decided: list[Row] = []

    def own_cells() -> Iterator[Row]:
        for row in _rows(connection, contracts, types):
            if row[_WIDTH] is not None:
                decided.append(row[_WIDTH:])
            yield row[:_WIDTH]

    return list(_ACTUAL.decode(own_cells())), decided


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
