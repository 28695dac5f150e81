"""Rounding to the decimals of a currency (P-56)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from proforma.domain.money import Rounding, rounding_to


@dataclass(frozen=True, slots=True)
class Rounder:
    """Rounds to the decimals of one currency, in the way of S15."""

    precision: int
    mode: Rounding
    _round: Callable[[Decimal], Decimal] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_round", rounding_to(self.precision, self.mode))

    def __call__(self, amount: Decimal) -> Decimal:
        """The amount with the currency's decimals; a zero has no sign."""
        rounded = self._round(amount)
        return rounded.copy_abs() if rounded.is_zero() else rounded

    def keeps(self, amount: Decimal) -> bool:
        """Whether rounding would not change the amount."""
        return self(amount) == amount
