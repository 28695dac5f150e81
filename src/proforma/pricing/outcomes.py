"""What a rule family answers: a rate, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.ids import CurrencyId, PriceLineId, PriceListId, RecordId

#: Reasons with which a price is 0 because a rule says so (P-67).
ZERO_BY_RULE: Final = frozenset({"cost-plus-on-estimate", "cost-plus-on-cost-list"})


class Unresolved(Exception):  # noqa: N818 - an answer of the rules, not a fault
    """No price: the first step that cannot be answered ends the search, later steps are not guessed (P-68).

    `rule` is the number of the rule that stopped, `reason` its code of P-67, `step` what the trail says about it;
    `price_list_id` the list, where one was decided before the search stopped.
    """

    def __init__(self, rule: str, reason: str, step: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.step = step
        self.price_list_id: PriceListId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The price of one unit of the record, unrounded, in a currency, and the rows that gave it."""

    price: Decimal
    currency_id: CurrencyId | None
    rule: str
    reason: str
    price_line_id: PriceLineId | None = None
    markup_line_id: PriceLineId | None = None
    override_id: RecordId | None = None
    cost_record_id: RecordId | None = None
