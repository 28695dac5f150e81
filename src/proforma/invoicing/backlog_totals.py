"""What rows of the billing backlog come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.codes import BillingStatus
from proforma.domain.money import total
from proforma.invoicing.backlog import BacklogRow


@dataclass(slots=True)
class CurrencyTotal:
    """Rows of one currency, and those of them that are ready; amounts as the rows show them, whether or not an invoice charges them.

    `unpriced`: rows without an amount; they are counted and add nothing.
    """

    rows: int = 0
    amount: Decimal = Decimal(0)
    ready_rows: int = 0
    ready_amount: Decimal = Decimal(0)
    unpriced: int = 0

    def add(self, row: BacklogRow) -> None:
        """Takes one more row in."""
        amount = row.amount or Decimal(0)
        self.rows += 1
        self.amount = total((self.amount, amount))
        self.unpriced += row.amount is None
        if row.status is BillingStatus.READY:
            self.ready_rows += 1
            self.ready_amount = total((self.ready_amount, amount))


class BacklogTotals:
    """Adds rows up as they pass by, so that nobody needs to keep them."""

    def __init__(self) -> None:
        self._by_currency: dict[str | None, CurrencyTotal] = {}

    def counting(self, rows: Iterable[BacklogRow]) -> Iterator[BacklogRow]:
        """The same rows, each counted when it is asked for."""
        for row in rows:
            self._by_currency.setdefault(row.currency, CurrencyTotal()).add(row)
            yield row

    def by_currency(self) -> list[tuple[str | None, CurrencyTotal]]:
        """The totals so far, by code; None, of rows without a known currency, comes first."""
        return sorted(self._by_currency.items(), key=lambda item: item[0] or "")
