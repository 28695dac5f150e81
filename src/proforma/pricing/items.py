"""The price of material: the price list item of its product and unit (P-52 to P-54)."""

from __future__ import annotations

from proforma.domain.codes import ItemPricingMethod, PriceCalculation, Side
from proforma.domain.prices import PriceListItem
from proforma.pricing.case import Case
from proforma.pricing.category_prices import cost_based_rate, only_row, price_on_row
from proforma.pricing.outcomes import Rate, Unresolved


def material_rate(case: Case) -> Rate:
    """The rate of a Material record from its list's items; units are never converted, categories never asked (P-52, P-54)."""
    record = case.record
    if record.product_id is None:
        raise Unresolved("P-53", "write-in-without-price", "a write-in product has no other price than one entered on the record")
    rows = case.facts.items.get((case.price_list.id, record.product_id, record.unit_id), ())
    if not rows:
        unit = f"in {case.facts.unit_name(record.unit_id)}" if record.unit_id else "without unit, as the record has none"
        raise Unresolved("P-52", "no-price-list-item", f"the list has no item for the product {unit}; units are not converted")
    row = only_row(case, rows, rule="P-52", reason="ambiguous-price-list-item")
    currency_id = case.row_currency(row.currency_id)
    case.trail.append(f"P-52 price list item {row.id}: product and unit are the record's")
    method = _project_method(case, row)
    if method in (PriceCalculation.AT_COST, PriceCalculation.MARKUP_PERCENTAGE):
        percent = row.percent if method is PriceCalculation.MARKUP_PERCENTAGE else None
        return cost_based_rate(case, row.id, percent=percent, currency_id=currency_id, reason="price-list-item")
    if method is None and row.method not in (None, ItemPricingMethod.CURRENCY_AMOUNT):
        raise Unresolved("P-53", "unsupported-material-method", f"pricing method {row.method} does not price project material")
    price = price_on_row(row.amount, row.id)
    case.trail.append(f"P-52 price of the item: {case.told(price, currency_id, row.unit_id)}")
    return Rate(price=price, currency_id=currency_id, rule="P-52", reason="price-list-item", price_line_id=row.id)


def _project_method(case: Case, row: PriceListItem) -> PriceCalculation | None:
    """The project pricing method of an item where it counts: on sales lists, with S19 (P-53)."""
    if case.side is not Side.SALES or case.facts.policy.material_pricing_methods == "currency_amount_only":
        return None
    return row.project_method
