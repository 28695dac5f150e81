"""Price decisions: the latest of each record. The ledger keeps them, so that rebuilding the mirror loses none.

What a decision rests on (list, line, rule, reason …) is the same for many records and is kept once, as its grounds. Trails are
not kept: the rules tell them again when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NewType, TypeVar

import sqlalchemy as sa

from proforma.domain.decisions import Grounds, PriceDecision
from proforma.domain.ids import RecordId
from proforma.domain.records import Actual
from proforma.store.columns import Cell, Cells, Row, codec, instant_text, optional_decimal, optional_text
from proforma.store.statements import chunks, fill_numbered, number_of, upsert
from proforma.store.tables import MIRROR, price_decisions, price_grounds
from proforma.store.watch_due import WatchDueWriter

Id = TypeVar("Id", bound=str)
GroundsId = NewType("GroundsId", int)

_GROUNDS: Final = codec(Grounds)
#: A decision as it is stored: record, grounds, price, amount, quantity, discount, fee, extended amount, cost record.
DecisionCells = tuple[str, int, Cell, Cell, Cell, Cell, Cell, Cell, Cell]
DECISION_COLUMNS: Final = [price_decisions.c[name] for name in price_decisions.c.keys() if name != "decided_at"]  # noqa: SIM118 - a column collection
_SHARED: Final = [price_grounds.c[name] for name in _GROUNDS.names]
_ZERO: Final = Decimal(0)
_BATCH_ROWS: Final = 2000


def numbered(grounds: Grounds) -> tuple[GroundsId, Cells]:
    """Grounds as they are stored, with their number: equal grounds have the same one, in every store."""
    cells = _GROUNDS.encode([grounds])[0]
    return GroundsId(number_of(cells)), cells


class Decisions:
    """The decisions, read; their trails are empty."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, record_id: str) -> PriceDecision | None:
        """The decision about one record."""
        return self.of([record_id]).get(record_id)

    def of(self, ids: Iterable[Id]) -> dict[Id, PriceDecision]:
        """The decisions about these records, by record; records without one are not in it."""
        by_id: dict[Any, PriceDecision] = {}
        shared: dict[Cell, dict[str, Any]] = {}
        for piece in chunks(list(dict.fromkeys(ids))):
            rows = self._connection.execute(sa.select(*DECISION_COLUMNS).where(price_decisions.c.record_id.in_(piece))).all()
            shared.update(self.grounds({row[1] for row in rows} - shared.keys()))
            by_id.update((row[0], decision_of(row, shared[row[1]])) for row in rows)
        return by_id

    def grounds(self, numbers: Iterable[Cell]) -> dict[Cell, dict[str, Any]]:
        """The fields of these grounds, by number: read once for all decisions that rest on them."""
        found: dict[Cell, dict[str, Any]] = {}
        for piece in chunks(list(numbers)):
            rows = self._connection.execute(sa.select(price_grounds.c.id, *_SHARED).where(price_grounds.c.id.in_(piece))).all()
            for row, grounds in zip(rows, _GROUNDS.decode(row[1:] for row in rows), strict=True):
                found[row[0]] = {name: getattr(grounds, name) for name in _GROUNDS.names}
        return found

    def all(self, batch: int = _BATCH_ROWS) -> Iterator[PriceDecision]:
        """Every decision by record id, read `batch` at a time."""
        for decisions in self.batches(batch):
            yield from decisions

    def batches(self, size: int = _BATCH_ROWS) -> Iterator[list[PriceDecision]]:
        """As `all`, in lists of at most `size`."""
        wanted = sa.select(*DECISION_COLUMNS).order_by(price_decisions.c.record_id).limit(size)
        last: RecordId | None = None
        while True:
            page = wanted if last is None else wanted.where(price_decisions.c.record_id > last)
            rows = self._connection.execute(page).all()
            shared = self.grounds({row[1] for row in rows})
            if rows:
                yield [decision_of(row, shared[row[1]]) for row in rows]
            if len(rows) < size:
                return
            last = rows[-1][0]

    def outcomes(self) -> dict[tuple[str, bool], int]:
        """How many living actuals were decided for each reason, with a price and without."""
        actuals = MIRROR[Actual]
        living = sa.select(actuals.c.id).where(actuals.c.id == price_decisions.c.record_id).exists()
        deleted = sa.select(actuals.c.id).where(actuals.c.deleted_at.is_not(None))
        # Each half of the condition is answered by an index alone: reading the actuals would take several times as long.
        kinds = (price_decisions.c.grounds_id, price_decisions.c.price.is_not(None).label("is_priced"))
        counted = sa.select(*kinds, sa.func.count().label("times")).where(living, price_decisions.c.record_id.not_in(deleted))
        each = counted.group_by(*kinds).subquery()
        rows = sa.select(price_grounds.c.reason, each.c.is_priced, each.c.times).join(each, each.c.grounds_id == price_grounds.c.id)
        found: dict[tuple[str, bool], int] = {}
        for reason, is_priced, times in self._connection.execute(rows):
            found[reason, bool(is_priced)] = found.get((reason, bool(is_priced)), 0) + times
        return found

    def count(self) -> int:
        """Number of records with a decision."""
        return self._connection.execute(sa.select(sa.func.count()).select_from(price_decisions)).scalar_one()


class DecisionWriter(Decisions):
    """The decisions, saved. Contracts that bill by one that changed are noted."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._watch = WatchDueWriter(connection)

    def save(self, decisions: Sequence[PriceDecision], at: datetime, *, anew: bool = False) -> int:
        """Keeps these decisions and answers how many differ from what was kept; equal ones are written again only when `anew`."""
        grounds = [numbered(decision.grounds) for decision in decisions]
        rows = [_cells(decision, number) for decision, (number, _) in zip(decisions, grounds, strict=True)]
        self.save_grounds(dict(grounds))
        stored: dict[Cell, Row] = {}
        for piece in chunks([row[0] for row in rows]):
            stored.update(_by_record(self._connection, price_decisions.c.record_id.in_(piece)))
        return self._save(rows, stored, at, anew=anew)

    def save_grounds(self, grounds: Mapping[GroundsId, Cells]) -> None:
        """Keeps grounds that are not there yet; raises ValueError should two different ones have the same number."""
        fill_numbered(self._connection, price_grounds, grounds)

    def save_span(self, rows: Sequence[DecisionCells], at: datetime, *, anew: bool = False) -> int:
        """As `save`, for decisions in their stored form and the order of their records; their grounds must be there.

        What was kept is read for the whole span from the first to the last record at once.
        """
        if not rows:
            return 0
        key = price_decisions.c.record_id
        stored = _by_record(self._connection, key.between(rows[0][0], rows[-1][0]))
        return self._save(rows, stored, at, anew=anew)

    def _save(self, rows: Sequence[DecisionCells], stored: Mapping[Cell, Row], at: datetime, *, anew: bool) -> int:
        changed = [row for row in rows if stored.get(row[0]) != row] if stored else rows
        decided_at = instant_text(at)
        upsert(self._connection, price_decisions, [(*row, decided_at) for row in (rows if anew else changed)])
        self._watch.note_decided(changed)
        return len(changed)


def _by_record(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[Cell, Row]:
    return {row[0]: tuple(row) for row in connection.execute(sa.select(*DECISION_COLUMNS).where(condition))}


def _cells(decision: PriceDecision, grounds: GroundsId) -> DecisionCells:
    amount, extension = optional_text(decision.amount), (str(decision.discount), str(decision.fee), optional_text(decision.extended))
    return (
        decision.record_id,
        grounds,
        optional_text(decision.price),
        amount,
        optional_text(decision.quantity),
        *((None, None, None) if extension == ("0", "0", amount) else extension),
        decision.cost_record_id,
    )


def decision_of(row: Row, shared: Mapping[str, Any]) -> PriceDecision:
    """The decision of a stored row, with the fields of its grounds."""
    record_id, _, price, amount, quantity, discount, fee, extended, cost_record_id = row
    return PriceDecision(
        record_id=record_id,
        cost_record_id=cost_record_id,
        price=optional_decimal(price),
        amount=optional_decimal(amount),
        quantity=optional_decimal(quantity),
        discount=_ZERO if discount is None else Decimal(discount),
        fee=_ZERO if fee is None else Decimal(fee),
        extended=optional_decimal(amount if discount is None else extended),
        **shared,
    )
