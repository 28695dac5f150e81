"""The cost record of a sales record, and the sales price made from its price (P-48, P-49)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.codes import TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CurrencyId, RecordId
from proforma.domain.money import EXACT
from proforma.domain.records import PricedRecord
from proforma.pricing.case import Case
from proforma.pricing.conversion import UnitPrice
from proforma.pricing.entered import is_settled
from proforma.pricing.exchange import cost_exchanged
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.trail import shown

_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class CostPlus:
    """A sales price made from a cost, per unit of the cost record, in sales currency, unrounded."""

    base: UnitPrice
    cost_record_id: RecordId


def cost_plus(case: Case, *, percent: Decimal, currency_id: CurrencyId | None) -> CostPlus:
    """Cost × (1 + percent/100) in the given currency; percent 0 is At cost, 10 is ten per cent on top (P-48).

    Raises Unresolved `no-related-cost`, `ambiguous-related-cost`, `cost-unpriced` (P-49) or `missing-exchange-rate` (P-57).
    """
    cost = related_cost(case)
    decision = case.decide(cost)
    price = _cost_price(decision)
    case.trail.append(
        f"P-49 cost record {cost.id}: {shown(price)} {decision.currency or 'without currency'} ({decision.rule}, {decision.reason})"
    )
    raised = raised_by(price, percent)
    if percent:
        case.trail.append(f"P-48 markup over cost: {shown(price)} + {percent:f} % = {shown(raised)}")
    converted = cost_exchanged(case.facts, raised, source=decision.currency_id, target=currency_id, day=case.day, trail=case.trail)
    return CostPlus(UnitPrice(converted, cost.unit_id, currency_id), cost.id)


def related_cost(case: Case) -> PricedRecord:
    """The one cost record at the other end that is not history; its type decides, not the text of the link (P-49)."""
    costs = {
        row.id: row
        for row in case.related
        if row.type is TransactionType.COST and row.active and not is_settled(row) and row.id != case.record.id
    }
    if not costs:
        raise Unresolved("P-49", "no-related-cost", "no cost record is connected")
    if len(costs) > 1:
        raise Unresolved("P-49", "ambiguous-related-cost", f"several cost records are connected: {', '.join(sorted(costs))}")
    return next(iter(costs.values()))


def raised_by(price: Decimal, percent: Decimal) -> Decimal:
    """The price with a percentage on top, unrounded."""
    return price if not percent else EXACT.divide(EXACT.multiply(price, EXACT.add(_HUNDRED, percent)), _HUNDRED)


def _cost_price(decision: PriceDecision) -> Decimal:
    if decision.price is None or not decision.is_priced:
        raise Unresolved("P-49", "cost-unpriced", f"cost record {decision.record_id} has no price: {decision.reason}")
    return decision.price
