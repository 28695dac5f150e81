"""Which pricing dimensions take part on a side, and how much they weigh (P-30, P-35)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proforma.domain.codes import DimensionType, Side
from proforma.domain.prices import ROLE_DIMENSION, UNIT_DIMENSION, Dimensions, DimensionValue, PricingDimension

#: Values of a record in the order of the dimensions' weight; None is empty.
Values = tuple[DimensionValue | None, ...]


@dataclass(frozen=True, slots=True)
class SideDimensions:
    """Names of the dimensions of one side, heaviest first: those that choose the role price, and all, which choose its markup.

    `conflict` holds the names that share a priority; with one, no role price of the side can be chosen (P-35).
    """

    amount: tuple[str, ...]
    all: tuple[str, ...]
    conflict: tuple[str, ...] = ()

    @property
    def has_markup(self) -> bool:
        """Whether markup rows are looked at (P-36)."""
        return len(self.all) > len(self.amount)


_STANDARD_PAIR = SideDimensions((ROLE_DIMENSION, UNIT_DIMENSION), (ROLE_DIMENSION, UNIT_DIMENSION))


def side_dimensions(dimensions: Sequence[PricingDimension], side: Side) -> SideDimensions:
    """The dimensions of a side, the smallest priority first; without any dimension set up, role and unit (P-30)."""
    if not dimensions:
        return _STANDARD_PAIR
    ranked = sorted((_weight(row, side), row.name, row.type) for row in dimensions if _applies(row, side))
    weights = [weight for weight, _, _ in ranked]
    return SideDimensions(
        amount=tuple(name for _, name, kind in ranked if kind is not DimensionType.MARKUP_BASED),
        all=tuple(name for _, name, _ in ranked),
        conflict=tuple(name for weight, name, _ in ranked if weights.count(weight) > 1),
    )


def values_of(dimensions: Dimensions, names: tuple[str, ...]) -> Values:
    """Values by name, in the order of the names; 0 is a value (P-31)."""
    return tuple(map(dimensions.get, names))


def _applies(row: PricingDimension, side: Side) -> bool:
    match side:
        case Side.SALES:
            return row.applies_to_sales
        case Side.COST:
            return row.applies_to_cost
        case Side.PURCHASE:
            return row.applies_to_purchase


def _weight(row: PricingDimension, side: Side) -> tuple[bool, int]:
    """Order of a dimension; an empty priority comes after all filled ones (P-35)."""
    priority = {Side.SALES: row.priority_sales, Side.COST: row.priority_cost, Side.PURCHASE: row.priority_purchase}[side]
    return (priority is None, priority or 0)
