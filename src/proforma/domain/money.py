"""Money and the one door through which it is rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from functools import reduce
from typing import Final

#: Wide enough that no product or quotient of Dataverse's 19-digit columns loses a digit that rounding could see.
EXACT: Final = Context(prec=50)
DEFAULT_PRECISION: Final = 2
#: Decimals of the widest money column.
PRECISION_MAX: Final = 10
_ZERO: Final = Decimal(0)


class Rounding(StrEnum):
    """How a value halfway between two minor units is rounded (P-56, I-112)."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


#: The last decimals that currencies have, made once.
_STEPS: Final = tuple(Decimal(1).scaleb(-precision) for precision in range(5))
_QUANTIZE: Final = {
    Rounding.HALF_UP: Context(prec=EXACT.prec, rounding=ROUND_HALF_UP).quantize,
    Rounding.HALF_EVEN: Context(prec=EXACT.prec, rounding=ROUND_HALF_EVEN).quantize,
}


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency as amounts need it: ISO code and number of decimals (0 to 4)."""

    code: str
    precision: int = DEFAULT_PRECISION


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met where one was needed; nothing is converted silently (I-113)."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in a currency. Adding needs equal currencies; multiplying keeps every digit until `rounded`."""

    amount: Decimal
    currency: Currency

    def rounded(self, mode: Rounding = Rounding.HALF_UP) -> Money:
        """This amount with the decimals of its currency; `half_up` is half away from zero (P-56, I-112)."""
        return Money(round_amount(self.amount, precision=self.currency.precision, mode=mode), self.currency)

    def times(self, factor: Decimal) -> Money:
        """This amount multiplied, unrounded."""
        return Money(EXACT.multiply(self.amount, factor), self.currency)

    def divided(self, divisor: Decimal) -> Money:
        """This amount divided, to 50 significant digits."""
        return Money(EXACT.divide(self.amount, divisor), self.currency)

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(EXACT.add(self.amount, other.amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(EXACT.subtract(self.amount, other.amount), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def _same_currency(self, other: Money) -> None:
        if self.currency.code != other.currency.code:
            raise CurrencyMismatchError(f"{self.currency.code} and {other.currency.code} cannot be added")


def rounding_to(precision: int, mode: Rounding = Rounding.HALF_UP) -> Callable[[Decimal], Decimal]:
    """What gives amounts exactly `precision` decimals. The only place of the product that rounds (P-56, I-112)."""
    step = _STEPS[precision] if 0 <= precision < len(_STEPS) else Decimal(1).scaleb(-precision)
    quantize = _QUANTIZE[mode]
    return lambda amount: quantize(amount, step)


def round_amount(amount: Decimal, *, precision: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """The amount with exactly `precision` decimals (P-56, I-112)."""
    return rounding_to(precision, mode)(amount)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Exact sum of amounts that are rounded already; sums are never made of unrounded parts (I-112)."""
    return reduce(EXACT.add, amounts, _ZERO)


def plain(value: Decimal) -> str:
    """A decimal as people and other programs read it: no exponent, no negative zero, and not the zeros that fill it up.

    Dataverse fills money up to four decimals (W-109): of more than three, closing zeros go until two are left.
    """
    text = format(value, "f")
    whole, _, decimals = text.partition(".")
    if len(decimals) > 3 and decimals.endswith("0"):
        text = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return text[1:] if text[0] == "-" and value.is_zero() else text
