"""Decides actuals by the columns of the mirror, without making their records: each combination of columns is asked about once.

What comes out is what the rules for single records give; a record whose answer is its own is handed back to them.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import InvalidOperation, Overflow
from typing import Any, Final, cast

from proforma.domain.decisions import Grounds
from proforma.domain.ids import RecordId
from proforma.domain.records import Actual
from proforma.pricing import PriceBook
from proforma.pricing.combinations import COMBINATIONS_MAX, LENDING, WORK, Combinations, Found, Place, Work, place_columns
from proforma.store import ContractSpan, Reader
from proforma.store.columns import Cells, codec
from proforma.store.decisions import DecisionCells, GroundsId, numbered
from proforma.store.mirror import apart

#: A reason, and whether there is a price.
Outcome = tuple[str, bool]
#: Enough rows a transaction that its commit and the search for what was kept cost little.
SPAN: Final = 10_000
_FIGURES: Final = ("id", "transaction_date", "document_date", "start_date", "quantity", "price")
_DIGITS: Final = frozenset("0123456789")
_WORK: Final = codec(Actual).partial(WORK)


def _work(key: str) -> Work | None:
    cells = apart(key)
    return Work(_WORK(cells)) if len(cells) == len(WORK) else None


@dataclass(slots=True)
class Span:
    """Decisions of neighbouring actuals in their stored form, by record, and the actuals that must be decided one by one."""

    rows: list[DecisionCells]
    alone: list[RecordId] = field(default_factory=list)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the garbage collector away: a span makes no cycles, and looking through all price lists again and again costs a quarter."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class CombinedPricing:
    """Prices all actuals of a snapshot. `fresh` are the grounds that decisions since the last look may be the first to name."""

    def __init__(self, book: PriceBook) -> None:
        self._combinations = Combinations(book, self._note)
        self._place_names = place_columns(book.facts.records)
        self._place_of = codec(Actual).partial(self._place_names)
        self._places: Found[Place | None] = Found(self._place)
        self._works: Found[Work | None] = Found(_work)
        self._intervals: Found[int] = Found(lambda day: self._combinations.interval(date.fromisoformat(day)))
        self.fresh: dict[GroundsId, Cells] = {}
        self._reasons: dict[int, str] = {}

    def spans(self, reader: Reader, contracts: ContractSpan | None = None) -> Iterator[Span]:
        """Every actual (of these contracts), by id; memory follows the price lists and the number of different places and kinds of work."""
        names = (*_FIGURES, self._place_names, WORK)
        only = {
            "role_id": ("billing_type", (None,)),
            "resourcing_unit_id": ("type", tuple(LENDING)),
            "document_date": ("transaction_date", (None,)),
            "start_date": ("transaction_date", (None,)),
        }
        pages = reader.mirror.cells(Actual, names, SPAN, only=only, contracts=contracts)
        while True:
            with _uncollected():
                rows = next(pages, None)
                span = None if rows is None else self._span(rows)
            if span is None:
                return
            yield span

    def outcomes(self, span: Span) -> Counter[Outcome]:
        """How often each reason decided in a span, with and without a price."""
        found: Counter[Outcome] = Counter()
        for (grounds, is_priced), times in Counter((row[1], row[2] is not None) for row in span.rows).items():
            found[self._reasons[grounds], is_priced] += times
        return found

    def _span(self, rows: Sequence[Cells]) -> Span:
        places, works, intervals = self._places, self._works, self._intervals
        price: str | None
        amount: str | None
        span = Span([])
        decided, alone = span.rows.append, span.alone.append
        for record_id, day, document_day, start_day, quantity, entered, place_key, work_key in cast(Sequence[tuple[Any, ...]], rows):
            place, work = places[place_key], works[work_key]
            # A negative quantity may take another record back, and what is no plain number is for the rules alone (P-61).
            if place is None or work is None or (quantity is not None and quantity[0] not in _DIGITS):
                alone(record_id)
                continue
            try:
                if entered is not None and place.entered is not None:
                    answer = place.entered[work] if quantity is not None else None
                    price, amount = (None, None) if answer is None else answer.kept(entered, quantity)
                else:
                    on = day or document_day or start_day
                    answer = place.answers[None if on is None else intervals[on]][work]
                    price, amount = (None, None) if answer is None else (answer.price, answer.amount(quantity))
            except (InvalidOperation, Overflow):
                answer = None
            if answer is None:
                alone(record_id)
                continue
            billing_type = place.billing_type
            grounds = answer.grounds[place.billing_types[work] if billing_type is None else billing_type]
            decided((record_id, grounds, price, amount, quantity, None, None, None, None))
        self._forget()
        return span

    def _place(self, key: str) -> Place | None:
        cells = apart(key)
        return self._combinations.place(self._place_of(cells)) if len(cells) == len(self._place_names) else None

    def _note(self, grounds: Grounds) -> int:
        number, cells = numbered(grounds)
        self.fresh[number] = cells
        self._reasons[number] = grounds.reason
        return number

    def _forget(self) -> None:
        """Begins anew when too much is known, so that memory stays flat."""
        if self._combinations.known + len(self._places) + len(self._works) > COMBINATIONS_MAX:
            self._combinations.forget()
            self._places.clear()
            self._works.clear()
