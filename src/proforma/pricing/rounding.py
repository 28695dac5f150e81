"""Rounding to the decimals of a currency (P-56)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.money import Rounding, round_amount


@dataclass(frozen=True, slots=True)
class Rounder:
    """Rounds to the decimals of one currency, in the way of S15."""

    precision: int
    mode: Rounding

    def __call__(self, amount: Decimal) -> Decimal:
        """The amount with the currency's decimals; a zero has no sign."""
        rounded = round_amount(amount, precision=self.precision, mode=self.mode)
        return rounded.copy_abs() if rounded.is_zero() else rounded

    def keeps(self, amount: Decimal) -> bool:
        """Whether rounding would not change the amount."""
        return self(amount) == amount
