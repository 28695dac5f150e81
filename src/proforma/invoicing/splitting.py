"""Splitting an amount among customers, to the last minor unit (I-33, I-34)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.ids import CustomerId
from proforma.domain.money import EXACT, round_amount, total

WHOLE: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Percent of each customer, and the customer who takes what rounding leaves over. Customers at 0 % are not in it."""

    percents: Mapping[CustomerId, Decimal]
    rounding: CustomerId

    @property
    def is_whole(self) -> bool:
        """Whether the percentages total 100 (I-33)."""
        return total(self.percents.values()) == WHOLE

    def of(self, amount: Decimal, *, precision: int) -> dict[CustomerId, Decimal]:
        """Each customer's share; together exactly the amount (I-34)."""
        shares = {
            customer: round_amount(EXACT.divide(EXACT.multiply(amount, percent), WHOLE), precision=precision)
            for customer, percent in self.percents.items()
            if customer != self.rounding
        }
        rest = total((amount, *(-share for share in shares.values())))
        return {customer: shares.get(customer, rest) for customer in self.percents}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """One customer row of a line or contract, as splitting needs it, in the order of row ids."""

    customer_id: CustomerId
    percent: Decimal
    is_rounding: bool = False


def split_among(payers: Sequence[Payer], *, primary: CustomerId | None) -> Split | None:
    """The split among those who pay anything; None when nobody does.

    The rounding customer is the flagged one, else the primary customer, else the first row (I-34).
    """
    paying = [p for p in payers if p.percent > 0]
    if not paying:
        return None
    percents: dict[CustomerId, Decimal] = {}
    for payer in paying:
        percents[payer.customer_id] = percents.get(payer.customer_id, Decimal(0)) + payer.percent
    flagged = next((p.customer_id for p in paying if p.is_rounding), None)
    default = primary if primary in percents else paying[0].customer_id
    return Split(percents=percents, rounding=flagged or default)
