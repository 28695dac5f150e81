"""The price book: everything that pricing knows, asked for one decision at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from proforma.domain.decisions import PriceDecision
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import PricedRecord
from proforma.pricing.decide import decide
from proforma.pricing.entered import is_settled
from proforma.pricing.facts import Facts, PricingRecords

__all__ = ["PriceBook", "PricingRecords"]

_ZERO: Final = Decimal(0)


class PriceBook:
    """Price lists, contracts and masters, indexed once for many decisions. Records that change need a new book."""

    def __init__(self, records: PricingRecords, policy: PricingPolicy) -> None:
        self.facts = Facts(records, policy)
        # S21: only what leaves the book is made 0; a cost without a price stays without one for the sale that follows it.
        self._writes_zero = policy.unresolved_price == "zero"

    def decide(self, record: PricedRecord, related: Sequence[PricedRecord] = ()) -> PriceDecision:
        """The price of a record, or the reason why it has none, with the trail that led there (P-67, P-68).

        `related`: the records at the other end of its connections, of any type; for an estimate the paired cost estimate (P-49).
        """
        decision = decide(self.facts, record, related)
        if self._writes_zero and decision.price is None and decision.amount is None and not is_settled(record):
            return replace(decision, price=_ZERO, amount=_ZERO, extended=_ZERO)
        return decision
