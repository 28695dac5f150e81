"""The price of an expense: the category price of its category and unit, per unit or made from its cost (P-46 to P-51)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar

from proforma.domain.codes import PriceCalculation, Side
from proforma.domain.ids import CurrencyId, PriceLineId
from proforma.domain.prices import CategoryPrice, PriceListItem
from proforma.pricing.case import Case
from proforma.pricing.outcomes import Rate, Unresolved
from proforma.pricing.related_cost import cost_plus
from proforma.pricing.ties import created_last

_REASONS: Final = {PriceCalculation.AT_COST: "category-at-cost", PriceCalculation.MARKUP_PERCENTAGE: "category-markup"}
Row = TypeVar("Row", CategoryPrice, PriceListItem)


def expense_rate(case: Case) -> Rate:
    """The rate of an Expense record from its list's category prices; units are never converted (P-46)."""
    record = case.record
    if record.category_id is None:
        raise Unresolved("P-46", "no-category-price", "the record has no category")
    rows = case.facts.category_prices.get((case.price_list.id, record.category_id, record.unit_id), ())
    if not rows:
        unit = f"in {case.facts.unit_name(record.unit_id)}" if record.unit_id else "without unit, as the record has none"
        raise Unresolved("P-46", "no-category-price", f"the list has no price for the category {unit}; units are not converted")
    row = only_row(case, rows, rule="P-46", reason="ambiguous-category-price")
    currency_id = case.row_currency(row.currency_id)
    case.trail.append(f"P-46 category price {row.id}: category and unit are the record's")
    if row.calculation is None or row.calculation is PriceCalculation.PRICE_PER_UNIT:
        price = price_on_row(row.price, row.id)
        case.trail.append(f"P-47 price of the row: {case.told(price, currency_id, row.unit_id)}")
        return Rate(price=price, currency_id=currency_id, rule="P-47", reason="category-price", price_line_id=row.id)
    percent = row.percent if row.calculation is PriceCalculation.MARKUP_PERCENTAGE else None
    return cost_based_rate(case, row.id, percent=percent, currency_id=currency_id, reason=_REASONS[row.calculation])


def cost_based_rate(case: Case, line_id: PriceLineId, *, percent: Decimal | None, currency_id: CurrencyId | None, reason: str) -> Rate:
    """The rate of a row that follows the cost: 0 on estimates (P-50), nothing on cost and purchase lists (P-51), else cost-plus (P-48)."""
    if case.side is not Side.SALES:
        return _on_cost_list(case, line_id, currency_id)
    if case.is_estimate and case.facts.policy.cost_plus_on_estimates == "zero":
        case.trail.append("P-50 price: rows that follow the cost are 0 on estimates")
        return Rate(price=Decimal(0), currency_id=currency_id, rule="P-50", reason="cost-plus-on-estimate", price_line_id=line_id)
    plus = cost_plus(case, percent=percent or Decimal(0), currency_id=currency_id)
    return Rate(
        price=plus.base.price,
        currency_id=currency_id,
        rule="P-48",
        reason=reason,
        price_line_id=line_id,
        cost_record_id=plus.cost_record_id,
    )


def only_row(case: Case, rows: tuple[Row, ...], *, rule: str, reason: str) -> Row:
    """The only row of its kind; among duplicates by policy the one created last, else Unresolved (S10)."""
    if len(rows) == 1:
        return rows[0]
    last = created_last(rows) if case.facts.policy.duplicate_price_rows == "latest_created" else None
    if last is not None:
        case.trail.append(f"{rule} row {last.id}: chosen among duplicates, created last")
        return last
    raise Unresolved(rule, reason, f"rows {' and '.join(sorted(row.id for row in rows))} are for the same thing and unit")


def price_on_row(price: Decimal | None, line_id: PriceLineId) -> Decimal:
    """The price a row carries; 0 is a price, empty is `price-missing-on-line` (P-45)."""
    if price is None:
        raise Unresolved("P-45", "price-missing-on-line", f"row {line_id} has no price")
    return price


def _on_cost_list(case: Case, line_id: PriceLineId, currency_id: CurrencyId | None) -> Rate:
    step = "price: on cost and purchase lists only Price per unit counts"
    if not case.is_estimate:
        raise Unresolved("P-51", "cost-plus-on-cost-list", step)
    case.trail.append(f"P-51 {step}; 0 on estimates")
    return Rate(price=Decimal(0), currency_id=currency_id, rule="P-51", reason="cost-plus-on-cost-list", price_line_id=line_id)
