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
from typing import Any, Final, NamedTuple

from proforma.domain.codes import AmountMethod
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, RecordId
from proforma.domain.money import EXACT
from proforma.domain.reasons import CommonSteps, parted, whole
from proforma.domain.records import Actual
from proforma.pricing import PriceBook
from proforma.pricing.amounts import amount_step, product_step
from proforma.pricing.combinations import WORK, Combinations, Found, Place, Work, place_columns
from proforma.pricing.rounding import Rounder
from proforma.pricing.sides import pricing_day
from proforma.pricing.trail import shown

#: Combinations kept at a time, each with a trail of some kilobytes: more than the contracts of one transaction have.
COMBINATIONS_MAX: Final = 5_000
#: Products of quantity and price kept at a time, a hundred bytes each.
PRODUCTS_MAX: Final = 20_000
_MULTIPLIED: Final = (None, AmountMethod.QUANTITY_BY_PRICE)
_SCALARS: Final = tuple(name for name in WORK if name != "dimensions")
_SCALARS_OF: Final[Callable[[Actual], tuple[Any, ...]]] = attrgetter(*_SCALARS)
#: The id of records that stand for many.
_NOBODY: Final = RecordId(Guid(""))


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """A decision that holds for each record of a combination but for its own figures, and what their trails have in common.

    One object a combination: it is compared by identity.
    """

    decision: PriceDecision
    steps: CommonSteps


class Told(NamedTuple):
    """Why a record has its price: what others have too, and the steps that tell of it alone."""

    common: Common
    own: tuple[str, ...]

    @property
    def decision(self) -> PriceDecision:
        """The decision, but for the record's own figures."""
        return self.common.decision

    @property
    def trail(self) -> tuple[str, ...]:
        """The record's whole trail."""
        return whole(self.common.steps, self.own)


def told_alone(decision: PriceDecision) -> Told:
    """Why one record has its price, by a decision about it alone."""
    steps, own = parted(decision.trail)
    return Told(Common(decision, steps), own)


@dataclass(frozen=True, slots=True)
class _Combination:
    """What a combination leads to; `day` and `amount` are the places of the two own steps that each record tells by itself."""

    common: Common
    own: tuple[str, ...]
    price: _Price
    day: int
    amount: int

    def told(self, day_step: str, amount_step: str) -> Told:
        """The trail of one record."""
        own = list(self.own)
        own[self.day] = day_step
        own[self.amount] = amount_step
        return Told(self.common, tuple(own))


@dataclass(frozen=True, slots=True)
class _Price:
    """A price with what its currency does to amounts. `text`: exactly its digits; `shown`: as a trail says it."""

    exact: Decimal
    text: str
    shown: str
    round_: Rounder

    def amount_step(self, record: Actual, quantity: Decimal) -> str:
        """What the trail says of the record's amount (P-4). Raises as rounding does."""
        exact = EXACT.multiply(self.exact, quantity)
        if record.amount_method in _MULTIPLIED:
            return product_step(quantity, self.shown, exact, self.round_(exact))
        return amount_step(record, self.exact, exact, self.round_(exact))


class Retelling:
    """The trails of a price book's decisions. Memory is bounded: when too many combinations are known, it begins anew."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        names = place_columns(book.facts.records)
        self._place_of: Callable[[Actual], tuple[Any, ...]] = attrgetter(*names)
        self._key: Callable[[Actual], tuple[Any, ...]] = attrgetter(*dict.fromkeys((*names, *_SCALARS, "role_id")))
        self._combinations = Combinations(book, lambda _: 0)
        self._places: Found[Place | None] = Found(
            lambda columns: self._combinations.place(Actual(id=_NOBODY, **dict(zip(names, columns, strict=True))))
        )
        self._works: Found[Work] = Found(_work)
        self._intervals: Found[int] = Found(self._combinations.interval)
        self._day_steps: Found[str] = Found(_day_step)
        self._known: dict[Hashable, _Combination | None] = {}
        self._products: dict[tuple[str, int, str], str] = {}

    def told(self, record: Actual) -> Told | None:
        """Why the record has its price; None: ask the rules about it alone."""
        day, quantity = record.transaction_date, record.quantity
        if day is None or quantity is None or not quantity.is_finite() or quantity.is_signed() or _carries_figures(record):
            return None
        combination = self._combination(record, day)
        if combination is None:
            return None
        try:
            return combination.told(self._day_steps[day], self._amount_step(record, combination.price, quantity))
        except (InvalidOperation, Overflow):
            return None

    def _amount_step(self, record: Actual, price: _Price, quantity: Decimal) -> str:
        """What the trail says of the amount; of the same hours at the same rate it is said again and again. Raises as rounding does."""
        if record.amount_method not in _MULTIPLIED:
            return price.amount_step(record, quantity)
        # By digits: 1.5 and 1.50 are equal, and are not said alike.
        key = (price.text, price.round_.precision, str(quantity))
        try:
            return self._products[key]
        except KeyError:
            if len(self._products) > PRODUCTS_MAX:
                self._products.clear()
            said = self._products[key] = price.amount_step(record, quantity)
            return said

    def _combination(self, record: Actual, day: date) -> _Combination | None:
        interval = self._intervals[day]
        key = (interval, *self._key(record), *record.dimensions.items())
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) > COMBINATIONS_MAX:
                self._forget()
            found = self._known[key] = self._found(record, interval)
            return found

    def _found(self, record: Actual, interval: int) -> _Combination | None:
        """What the rules say of the record, where they would say it of all records of its combination."""
        place = self._places[self._place_of(record)]
        if place is None or place.answers[interval][self._works[_work_of(record)]] is None:
            return None
        decision = self._book.decide(record)
        if decision.price is None or record.quantity is None:
            return None
        price = _Price(decision.price, str(decision.price), shown(decision.price), self._book.facts.rounder(decision.currency_id))
        try:
            day, amount = pricing_day(record)[1], self._amount_step(record, price, record.quantity)
        except (InvalidOperation, Overflow):
            return None
        steps, own = parted(decision.trail)
        if own.count(day) != 1 or own.count(amount) != 1:
            return None
        return _Combination(Common(decision, steps), own, price, own.index(day), own.index(amount))

    def _forget(self) -> None:
        """Begins anew; places and work belong to the combinations that made them."""
        for known in (self._known, self._places, self._works):
            known.clear()
        self._combinations.forget()


def _work_of(record: Actual) -> tuple[Any, ...]:
    return (tuple(record.dimensions.items()), *_SCALARS_OF(record))


def _work(columns: tuple[Any, ...]) -> Work:
    dimensions, *scalars = columns
    return Work(Actual(id=_NOBODY, table="", dimensions=dict(dimensions), **dict(zip(_SCALARS, scalars, strict=True))))


def _day_step(day: date) -> str:
    """What the trail says of the day of a record that has a transaction date (P-5)."""
    return pricing_day(Actual(id=_NOBODY, table="", transaction_date=day))[1]


def _carries_figures(record: Actual) -> bool:
    """Whether a price or an amount stands on the record: the trail then tells of it (P-3)."""
    return not (record.price is None and record.amount is None and record.extended_amount is None)
