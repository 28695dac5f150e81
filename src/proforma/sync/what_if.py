"""The billing backlog priced as if another rate card held; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby
from typing import Final

from proforma.domain.codes import BillingStatus, BillingType, SourceKind
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import ContractId, RecordId
from proforma.domain.money import total
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Actual
from proforma.invoicing import BacklogRow
from proforma.pricing import PriceBook
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.rate_cards import RateCard
from proforma.pricing.sides import pricing_day
from proforma.pricing.supposing import Days, Supposed, is_sales, suppose
from proforma.store import Reader, Store
from proforma.sync.draft import BillingDesk
from proforma.sync.price import pricing_records, related_records
from proforma.sync.rate_cards import card_named

_WAITING: Final = frozenset({BillingStatus.READY, BillingStatus.NOT_READY})
_ZERO: Final = Decimal(0)


@dataclass(slots=True, kw_only=True)
class Outlook:
    """One contract's backlog: what is chargeable now, and what would be. Rows without a price add to neither amount.

    `unpriced`: record and reason where the card gives no price. `unpriced_now`: rows that have none today.
    `outside`: rows on days on which the card does not hold; they keep their price.
    """

    contract_id: ContractId
    name: str | None = None
    currency: str | None = None
    rows: int = 0
    changed: int = 0
    outside: int = 0
    unpriced_now: int = 0
    now: Decimal = _ZERO
    then: Decimal = _ZERO
    unpriced: list[tuple[RecordId, str]] = field(default_factory=list)

    @property
    def difference(self) -> Decimal:
        """What the card would change."""
        return total((self.then, -self.now))

    def add(self, record: Actual, now: PriceDecision, then: PriceDecision) -> None:
        """Counts one row of the backlog."""
        self.rows += 1
        self.currency = self.currency or now.currency or then.currency
        self.changed += (now.price, now.amount) != (then.price, then.amount)
        self.unpriced_now += not now.is_priced
        if not then.is_priced:
            self.unpriced.append((record.id, then.reason))
        self.now = total((self.now, _billed(now)))
        self.then = total((self.then, _billed(then)))


class WhatIf:
    """One question. Raises ConfigurationError for a card that is no sales list, or that cannot be found or read."""

    def __init__(self, store: Store, desk: BillingDesk, policy: PricingPolicy, *, card: str, days: Days | None = None) -> None:
        self._store = store
        self._desk = desk
        # S20: with stored prices kept no list could change anything; entered costs and fees are kept all the same (P-3).
        self._policy = replace(policy, entered_price="recompute", unresolved_price="null")
        with store.read() as reader:
            self._records = pricing_records(reader)
        self.card: RateCard = card_named(self._records, card)
        header = self.card.price_list
        if not is_sales(self.card):
            context = header.context or "none"
            raise ConfigurationError(
                f"price list {header.name or header.id} has the context {context}", hint="sales lists price the backlog"
            )
        self._supposed = suppose(self._records, self.card, days=days)

    @property
    def days(self) -> Days:
        """On which days the card is taken to hold."""
        return self._supposed.days

    def outlooks(self) -> Iterator[Outlook]:
        """The contracts that the card prices and that have waiting work, one by one; memory follows one contract's backlog."""
        now, then = PriceBook(self._records, self._policy), PriceBook(self._supposed.records, self._policy)
        with self._store.read() as reader:
            for contract_id, rows in groupby(self._desk.backlog(), key=lambda row: row.contract_id):
                waiting = [row for row in rows if row.kind is SourceKind.ACTUAL and row.status in _WAITING]
                if contract_id in self._supposed.contracts and waiting:
                    yield self._outlook(reader, contract_id, waiting, now, then)

    def _outlook(self, reader: Reader, contract_id: ContractId, rows: Sequence[BacklogRow], now: PriceBook, then: PriceBook) -> Outlook:
        contract = now.facts.contracts.get(contract_id)
        outlook = Outlook(contract_id=contract_id)
        if contract is not None:
            outlook.name, outlook.currency = contract.number or contract.name, now.facts.code(contract.currency_id)
        actuals = reader.mirror.get_many(Actual, [RecordId(row.source) for row in rows])
        linked = related_records(reader, list(actuals.values()))
        for record in actuals.values():
            related = linked.get(record.id, ())
            present = now.decide(record, related)
            if self._is_outside(record, self._supposed):
                outlook.outside += 1
                outlook.add(record, present, present)
            else:
                outlook.add(record, present, then.decide(record, related))
        return outlook

    def _is_outside(self, record: Actual, supposed: Supposed) -> bool:
        """Whether the card keeps to its own days and the record lies on another one (P-6)."""
        if supposed.days == "any":
            return False
        try:
            day, _ = pricing_day(record)
        except Unresolved:
            return False
        return not self.card.price_list.effective_for_actuals.covers(day)


def _billed(decision: PriceDecision) -> Decimal:
    """What the row adds to an invoice: only chargeable work adds to its total (P-63)."""
    return (decision.amount or _ZERO) if decision.billing_type is BillingType.CHARGEABLE else _ZERO
