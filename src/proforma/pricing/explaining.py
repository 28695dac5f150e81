"""A decision as an answer to a colleague: its steps by topic, and what each reason means and asks for (P-67)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Topic(StrEnum):
    """What a step is about, in the order in which people ask."""

    SIDE = "side"
    STANDING = "on the record"
    DATE = "date"
    PRICE_LIST = "price list"
    DIMENSIONS = "dimensions"
    ROW = "row"
    OVERRIDE = "override"
    COST = "cost"
    MARKUP = "markup"
    UNIT = "unit"
    EXCHANGE = "exchange"
    WEEKS = "weeks"
    ROUNDING = "rounding"
    AMOUNT = "amount"
    DISCOUNT = "discount and fee"
    BILLING_TYPE = "billing type"
    RESULT = "result"


_NUMBERS: Final[Mapping[Topic, Iterable[int]]] = {
    Topic.SIDE: (1,),
    Topic.STANDING: (2, 3, 59),
    Topic.DATE: (5,),
    Topic.PRICE_LIST: (6, 7, 9, *range(20, 30)),
    Topic.DIMENSIONS: (30, 31, 35),
    Topic.ROW: (8, 32, 33, 34, 36, 45, 46, 47, 52, 53, 54),
    Topic.OVERRIDE: (40, 41, 42),
    Topic.COST: (43, 48, 49, 50, 51),
    Topic.MARKUP: (37,),
    Topic.UNIT: (38, 39),
    Topic.EXCHANGE: (44, 55, 57, 58),
    Topic.WEEKS: (66,),
    Topic.ROUNDING: (56,),
    Topic.AMOUNT: (4,),
    Topic.DISCOUNT: (60, 61),
    Topic.BILLING_TYPE: (62, 63),
}
_TOPICS: Final = {f"P-{number}": topic for topic, numbers in _NUMBERS.items() for number in numbers}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trail: the number of its rule, what it is about, and the sentence."""

    rule: str
    topic: Topic
    text: str


def steps_of(trail: Iterable[str]) -> tuple[Step, ...]:
    """The steps of a trail, in their order. A step that ends the search is about the result, whatever its rule."""
    steps = []
    for line in trail:
        rule, _, text = line.partition(" ")
        is_end = text.startswith(("stopped:", "not priced:"))
        steps.append(Step(rule, Topic.RESULT if is_end else _TOPICS.get(rule, Topic.RESULT), text))
    return tuple(steps)


#: What each reason of P-67 means, and where somebody has to act, what to do.
MEANINGS: Final[Mapping[str, str]] = {
    "role-price": "the role price of the list that fits best",
    "role-price-override": "a date-effective override of the role price",
    "role-at-cost": "the role is billed at its cost",
    "role-markup-over-cost": "the role is billed at its cost plus a percentage",
    "category-price": "the category price of the list",
    "category-at-cost": "the expense is billed at its cost",
    "category-markup": "the expense is billed at its cost plus a percentage",
    "price-list-item": "the price list item of the product",
    "entered-price": "somebody entered the price; no price list is asked",
    "copied-from-origin": "taken over from the record that it was billed from or takes back",
    "cost-plus-on-estimate": "0 by rule: what follows the cost has no price in a plan",
    "cost-plus-on-cost-list": "a cost list row that follows the cost says nothing: enter a price per unit on the row",
    "missing-date": "the record has no date: enter its transaction date",
    "no-contract": "no contract is known: name it on the record or on its project",
    "no-contracting-unit": "no contracting unit is known: name it on the record or on its project",
    "no-price-list-attached": "no list that fits is attached: attach one; defaults of account or parameters are not used later on",
    "no-price-list-in-currency": "all attached lists are in another currency than the contract: attach one in its currency",
    "no-price-list-on-date": "no attached list holds on the day: extend one or attach another",
    "overlapping-price-lists": "several attached lists hold on the day: end one before the other begins",
    "no-purchase-price-list": "the subcontract has no purchase price list: attach one",
    "no-role-price": "the list has no row for this work: add one, or one without role and unit for everything else",
    "ambiguous-role-price": "two rows of the list are for the same work: keep one",
    "dimension-priority-conflict": "two pricing dimensions have the same priority: give each its own",
    "ambiguous-markup": "two markups are for the same work: keep one",
    "ambiguous-override": "two overrides of one scope begin on the same day: keep one",
    "price-missing-on-line": "the row that fits has no price: enter one",
    "row-currency-differs": "the row is in another currency than its list: correct the row",
    "missing-unit": "the record has no unit: enter one",
    "unit-not-convertible": "the units have no common base: correct the unit of the row, of the record, or the unit group",
    "unit-factor-zero": "a unit holds 0 of its base unit: correct the unit group",
    "no-category-price": "the list has no price for this category in this unit: add one; units of expenses are not converted",
    "ambiguous-category-price": "two rows are for this category and unit: keep one",
    "no-price-list-item": "the list has no item for this product in this unit: add one; units of material are not converted",
    "ambiguous-price-list-item": "two items are for this product and unit: keep one",
    "unsupported-material-method": "only a currency amount prices project material: change the pricing method of the item",
    "write-in-without-price": "a write-in product has the price that is entered for it: enter one",
    "no-related-cost": "no cost record is connected, so there is no cost to follow",
    "ambiguous-related-cost": "several cost records are connected: only one may be",
    "cost-unpriced": "the connected cost has no price itself: explain the cost record",
    "missing-exchange-rate": "a currency has no exchange rate: enter one",
    "not-priced": "records of this kind have no price of their own",
    "out-of-range": "the figures make more than any money column holds: look for a wrong figure",
}
