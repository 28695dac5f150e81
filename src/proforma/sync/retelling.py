"""Tells again why records have their price: what a combination of columns leads to is asked of the rules once, not for each record.

Of a record itself only its day and its amount stand in a trail; those two steps are told for each. A record whose answer is its own, or
whose trail does not look like that, is left to the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation, Overflow
from operator import attrgetter
from typing import Any, Final

from proforma.domain.decisions import PriceDecision
from proforma.domain.money import EXACT
from proforma.domain.records import Actual
from proforma.pricing import PriceBook
from proforma.pricing.amounts import amount_step
from proforma.pricing.combinations import WORK, Combinations, Work, place_columns
from proforma.pricing.rounding import Rounder
from proforma.pricing.sides import pricing_day

#: Combinations kept at a time, each with a trail of some kilobytes: more than a run meets at once.
COMBINATIONS_MAX: Final = 20_000
_SCALARS: Final = tuple(name for name in WORK if name != "dimensions")


@dataclass(frozen=True, slots=True)
class Told:
    """A decision that holds for the record but for its own figures, and the record's whole trail."""

    decision: PriceDecision
    trail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a combination leads to; `day` and `amount` are the places of the two steps that each record tells by itself."""

    decision: PriceDecision
    price: Decimal
    round_: Rounder
    day: int
    amount: int

    def told(self, record: Actual) -> Told:
        """The trail of one record. Raises as rounding does."""
        steps = list(self.decision.trail)
        steps[self.day] = pricing_day(record)[1]
        steps[self.amount] = self.amount_step(record)
        return Told(self.decision, tuple(steps))

    def amount_step(self, record: Actual) -> str:
        """What the trail says of the record's amount (P-4)."""
        assert record.quantity is not None, "records without quantity are left to the rules"
        exact = EXACT.multiply(self.price, record.quantity)
        return amount_step(record, self.price, exact, self.round_(exact))


class Retelling:
    """The trails of a price book's decisions. Memory is bounded: when too many combinations are known, it begins anew."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        names = place_columns(book.facts.records)
        self._place_names = names
        self._key: Callable[[Actual], tuple[Any, ...]] = attrgetter(*dict.fromkeys((*names, *_SCALARS)))
        self._combinations = Combinations(book, lambda _: 0)
        self._intervals: dict[date, int] = {}
        self._known: dict[Hashable, _Shared | None] = {}

    def told(self, record: Actual) -> Told | None:
        """Why the record has its price; None: ask the rules about it alone."""
        day, quantity = record.transaction_date, record.quantity
        if day is None or quantity is None or not quantity.is_finite() or quantity.is_signed() or _carries_figures(record):
            return None
        shared = self._shared(record, day)
        try:
            return None if shared is None else shared.told(record)
        except (InvalidOperation, Overflow):
            return None

    def _shared(self, record: Actual, day: date) -> _Shared | None:
        interval = self._intervals.get(day)
        if interval is None:
            interval = self._intervals[day] = self._combinations.interval(day)
        key = (interval, *self._key(record), *record.dimensions.items())
        if key not in self._known:
            if len(self._known) > COMBINATIONS_MAX:
                self._known.clear()
                self._combinations.forget()
            self._known[key] = self._found(record, interval)
        return self._known[key]

    def _found(self, record: Actual, interval: int) -> _Shared | None:
        """What the rules say of the record, where they would say it of all records of its combination."""
        columns = {name: getattr(record, name) for name in self._place_names}
        place = self._combinations.place(Actual(id=record.id, **columns))
        work = Work(Actual(id=record.id, table=record.table, **{name: getattr(record, name) for name in WORK}))
        if place is None or place.answers[interval][work] is None:
            return None
        decision = self._book.decide(record)
        if decision.price is None:
            return None
        shared = _Shared(decision, decision.price, self._book.facts.rounder(decision.currency_id), day=-1, amount=-1)
        try:
            own = (pricing_day(record)[1], shared.amount_step(record))
        except (InvalidOperation, Overflow):
            return None
        if any(decision.trail.count(step) != 1 for step in own):
            return None
        return _Shared(shared.decision, shared.price, shared.round_, *map(decision.trail.index, own))


def _carries_figures(record: Actual) -> bool:
    """Whether a price or an amount stands on the record: the trail then tells of it (P-3)."""
    return not (record.price is None and record.amount is None and record.extended_amount is None)
