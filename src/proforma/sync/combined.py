"""Decides actuals by the columns of the mirror, without making their records: each combination of columns is asked about once.

What comes out is what the rules for single records give; a record whose answer is its own is handed back to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import InvalidOperation, Overflow
from operator import itemgetter
from typing import Final

from proforma.domain.decisions import Grounds
from proforma.domain.ids import Guid, RecordId
from proforma.domain.records import Actual
from proforma.pricing import PriceBook
from proforma.pricing.combinations import KNOWN_MAX, LENDING, WORK, Combinations, Found, Place, Work, place_columns
from proforma.store import ContractSpan, Store
from proforma.store.columns import Cells, codec
from proforma.store.decisions import DecisionCells, GroundsId, numbered
from proforma.store.mirror import CELL_END, Lines, apart
from proforma.sync.ahead import ahead

#: A reason, and whether there is a price.
Outcome = tuple[str, bool]
#: Enough rows a transaction that its commit and the search for what was kept cost little.
SPAN: Final = 20_000
#: What a record has for itself; its role is read for the billing type alone (P-62).
_OWN: Final = ("id", "transaction_date", "document_date", "start_date", "quantity", "price", "role_id")
_DIGITS: Final = frozenset("0123456789")
_WORK: Final = codec(Actual).partial(WORK)
_grounds_of: Final = itemgetter(1)


def _work(key: str) -> Work | None:
    cells = apart(key)
    return Work(_WORK(cells)) if len(cells) == len(WORK) else None


@dataclass(slots=True)
class Span:
    """Decisions of neighbouring actuals in their stored form, by record, and the actuals that must be decided one by one.

    `grounds`: those that these decisions are the first to name.
    """

    rows: list[DecisionCells] = field(default_factory=list)
    alone: list[RecordId] = field(default_factory=list)
    grounds: dict[GroundsId, Cells] = field(default_factory=dict)


class CombinedPricing:
    """Prices all actuals of a store."""

    def __init__(self, book: PriceBook) -> None:
        self._combinations = Combinations(book, self._note)
        self._place_names = place_columns(book.facts.records)
        self._place_of = codec(Actual).partial(self._place_names)
        self._places: Found[Place | None] = Found(self._place)
        self._works: Found[Work | None] = Found(_work)
        self._intervals: Found[int] = Found(lambda day: self._combinations.interval(date.fromisoformat(day)))
        self._grounds: dict[GroundsId, Cells] = {}
        self._reasons: dict[int, str] = {}

    def spans(self, store: Store, contracts: ContractSpan | None = None) -> Iterator[Span]:
        """Every actual (of these contracts), by id; memory follows the price lists and the number of different places and kinds of work.

        Each span is of a snapshot of its own: what changes meanwhile is noted as due and priced after this.
        """
        return map(self._span, ahead(self._pages(store, contracts), "read"))

    def _pages(self, store: Store, contracts: ContractSpan | None) -> Iterator[list[str]]:
        only = {
            "role_id": ("billing_type", (None,)),
            "resourcing_unit_id": ("type", tuple(LENDING)),
            "document_date": ("transaction_date", (None,)),
            "start_date": ("transaction_date", (None,)),
        }
        columns, last = Lines((*_OWN, self._place_names, WORK), only), ""
        while True:
            with store.read() as reader:
                page = reader.mirror.lines(Actual, columns, SPAN, after=last, contracts=contracts)
            if page:
                yield page
            if len(page) < SPAN:
                return
            last = page[-1].partition(CELL_END)[0]

    def outcomes(self, span: Span) -> Counter[Outcome]:
        """How often each reason decided in a span, with and without a price."""
        reasons = self._reasons
        found: Counter[Outcome] = Counter((reasons[row[1]], False) for row in span.rows if row[2] is None)
        for reason, times in Counter(map(reasons.__getitem__, map(_grounds_of, span.rows))).items():
            found[reason, True] = times - found[reason, False]
        return +found

    def _span(self, lines: Sequence[str]) -> Span:
        places, works, intervals = self._places, self._works, self._intervals
        price: str | None
        amount: str | None
        span = Span()
        decided, alone = span.rows.append, span.alone.append
        for line in lines:
            record_id, day, document_day, start_day, quantity, entered, role_id, place_key, work_key = line.split(CELL_END)
            place, work = places[place_key], works[work_key]
            # A negative quantity may take another record back, and what is no plain number is for the rules alone (P-61).
            if place is None or work is None or (quantity and quantity[0] not in _DIGITS):
                alone(RecordId(Guid(record_id)))
                continue
            try:
                if entered and place.entered is not None:
                    answer = place.entered[work] if quantity else None
                    price, amount = (None, None) if answer is None else answer.kept(entered, quantity)
                else:
                    on = day or document_day or start_day
                    answer = place.answers[intervals[on] if on else None][work]
                    price, amount = (None, None) if answer is None else (answer.price, answer.amount(quantity))
            except (InvalidOperation, Overflow):
                answer = None
            if answer is None:
                alone(RecordId(Guid(record_id)))
                continue
            billing_type = place.billing_type
            if billing_type is None:
                billing_type = place.billing_types[role_id or None, work.record.category_id]
            grounds = answer.grounds[billing_type]
            decided((record_id, grounds, price, amount, quantity or None, None, None, None, None))
        span.grounds, self._grounds = self._grounds, {}
        self._forget()
        return span

    def _place(self, key: str) -> Place | None:
        cells = apart(key)
        return self._combinations.place(self._place_of(cells)) if len(cells) == len(self._place_names) else None

    def _note(self, grounds: Grounds) -> int:
        number, cells = numbered(grounds)
        self._grounds[number] = cells
        self._reasons[number] = grounds.reason
        return number

    def _forget(self) -> None:
        """Begins anew when too much is known, so that memory stays flat."""
        if self._combinations.known + len(self._places) + len(self._works) > KNOWN_MAX:
            self._combinations.forget()
            self._places.clear()
            self._works.clear()
