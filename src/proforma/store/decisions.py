"""Price decisions: the latest of each record. The ledger keeps them, so that rebuilding the mirror loses none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import RecordId
from proforma.store.columns import Cell, Cells, Row, codec, instant_text
from proforma.store.statements import chunks, upsert
from proforma.store.tables import price_decisions

Id = TypeVar("Id", bound=str)

_CODEC: Final = codec(PriceDecision)
_COLUMNS: Final = [price_decisions.c[name] for name in _CODEC.names]
_KEY: Final = _CODEC.names.index("record_id")
_BATCH_ROWS: Final = 2000


class Decisions:
    """The decisions, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, record_id: str) -> PriceDecision | None:
        """The decision about one record."""
        return self.of([record_id]).get(record_id)

    def of(self, ids: Iterable[Id]) -> dict[Id, PriceDecision]:
        """The decisions about these records, by record; records without one are not in it."""
        found = (decision for rows in self._stored(ids) for decision in _CODEC.decode(rows))
        by_id: dict[Any, PriceDecision] = {decision.record_id: decision for decision in found}
        return by_id

    def all(self, batch: int = _BATCH_ROWS) -> Iterator[PriceDecision]:
        """Every decision by record id, read `batch` at a time."""
        for decisions in self.batches(batch):
            yield from decisions

    def batches(self, size: int = _BATCH_ROWS) -> Iterator[list[PriceDecision]]:
        """As `all`, in lists of at most `size`."""
        wanted = sa.select(*_COLUMNS).order_by(price_decisions.c.record_id).limit(size)
        last: RecordId | None = None
        while True:
            page = wanted if last is None else wanted.where(price_decisions.c.record_id > last)
            decisions = list(_CODEC.decode(self._connection.execute(page)))
            if decisions:
                yield decisions
            if len(decisions) < size:
                return
            last = decisions[-1].record_id

    def count(self) -> int:
        """Number of records with a decision."""
        return self._connection.execute(sa.select(sa.func.count()).select_from(price_decisions)).scalar_one()

    def _stored(self, ids: Iterable[str]) -> Iterator[Sequence[Row]]:
        for piece in chunks(list(dict.fromkeys(ids))):
            yield self._connection.execute(sa.select(*_COLUMNS).where(price_decisions.c.record_id.in_(piece))).all()


class DecisionWriter(Decisions):
    """The decisions, saved."""

    def save(self, decisions: Sequence[PriceDecision], at: datetime, *, anew: bool = False) -> int:
        """Keeps these decisions and answers how many differ from what was kept; equal ones are written again only when `anew`."""
        stored: dict[Cell, Row] = {row[_KEY]: row for rows in self._stored(decision.record_id for decision in decisions) for row in rows}
        changed: list[Cells] = [row for row in _CODEC.encode(decisions) if stored.get(row[_KEY]) != row]
        decided_at = instant_text(at)
        upsert(self._connection, price_decisions, [(*row, decided_at) for row in (_CODEC.encode(decisions) if anew else changed)])
        return len(changed)
