"""The price of time: the role price that fits best, its override, cost-plus, markup, unit and currency (P-30 to P-45)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from proforma.domain.codes import PriceCalculation, Side
from proforma.domain.ids import CurrencyId, PriceListId, RecordId, UnitId
from proforma.domain.prices import RolePrice
from proforma.pricing.case import Case, cost_unit_of
from proforma.pricing.conversion import UnitPrice, price_per
from proforma.pricing.dimensions import SideDimensions, side_dimensions, values_of
from proforma.pricing.exchange import exchanged
from proforma.pricing.facts import Facts
from proforma.pricing.markups import Markup, markup_of
from proforma.pricing.matching import Match, RowTable, Words
from proforma.pricing.outcomes import Rate, Unresolved
from proforma.pricing.overrides import override_in_force
from proforma.pricing.related_cost import cost_plus, raised_by
from proforma.pricing.ties import created_last
from proforma.pricing.trail import shown

_COST_PLUS_REASONS: Final = {
    PriceCalculation.AT_COST: "role-at-cost",
    PriceCalculation.MARKUP_PERCENTAGE: "role-markup-over-cost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The price of a role before markup, per its own unit, and where it comes from."""

    unit_price: UnitPrice
    rule: str
    reason: str
    override_id: RecordId | None = None
    cost_record_id: RecordId | None = None


def time_rate(case: Case) -> Rate:
    """The rate of a Time record from its list's role prices. Raises Unresolved with the reason of the first step that fails."""
    dimensions = side_dimensions_of(case.facts, case.side)
    if dimensions.conflict:
        raise Unresolved("P-35", "dimension-priority-conflict", f"dimensions {', '.join(dimensions.conflict)} have the same priority")
    row = _role_price(case, dimensions)
    currency_id = case.row_currency(row.currency_id, may_differ=case.side is Side.COST)
    base = standing_base(case, row, currency_id)
    if base is None and case.is_document_estimate and case.facts.policy.cost_plus_on_estimates == "zero":
        case.trail.append("P-50 price: roles that follow their cost are 0 on quote and contract details")
        return Rate(price=Decimal(0), currency_id=currency_id, rule="P-50", reason="cost-plus-on-estimate", price_line_id=row.id)
    base = base or _base_from_cost(case, row, currency_id)
    markup = markup_of(case, dimensions)
    price = base.unit_price if markup is None else _marked_up(case, base.unit_price, markup)
    return _in_unit_currency(
        case,
        Rate(
            price=price_per(case.facts, price, case.record.unit_id, case.trail),
            currency_id=currency_id,
            rule=base.rule,
            reason=base.reason,
            price_line_id=row.id,
            markup_line_id=markup.line_id if markup else None,
            override_id=base.override_id or (markup.override_id if markup else None),
            cost_record_id=base.cost_record_id,
        ),
    )


def _role_price(case: Case, dimensions: SideDimensions) -> RolePrice:
    """The best row of the list (P-32, P-33). Raises Unresolved `no-role-price`, or `ambiguous-role-price` for duplicates (P-34)."""
    match = _match(case, dimensions)
    case.trail.extend(match.steps)
    if not match.rows:
        raise Unresolved("P-45", "no-role-price", "no role price of the list fits the record")
    return match.rows[0] if len(match.rows) == 1 else _of_duplicates(case, match.rows)


def role_price_table(facts: Facts, list_id: PriceListId, side: Side) -> RowTable[RolePrice]:
    """The active role prices of a list, by the amount-based dimensions of a side; made once."""
    names = side_dimensions_of(facts, side).amount
    return facts.index(("role price table", list_id, side), lambda: RowTable(facts.role_prices.get(list_id, ()), names))


def side_dimensions_of(facts: Facts, side: Side) -> SideDimensions:
    """The dimensions of a side; made once."""
    return facts.index(("dimensions", side), lambda: side_dimensions(facts.dimensions, side))


def _match(case: Case, dimensions: SideDimensions) -> Match[RolePrice]:
    facts = case.facts
    values = values_of(case.record.dimensions, dimensions.amount)
    list_id = case.price_list.id
    strict = facts.policy.dimension_matching == "strict_drop"
    if not case.is_told:
        return Match(role_price_table(facts, list_id, case.side).winners(values, strict=strict), ())

    def best() -> Match[RolePrice]:
        return role_price_table(facts, list_id, case.side).best(values, words=Words("role price", facts.names), strict=strict)

    return facts.remembered(("role price", list_id, case.side, values), best)


def _of_duplicates(case: Case, rows: tuple[RolePrice, ...]) -> RolePrice:
    """The only one in the record's own unit; else by policy the one created last; else none (P-34, S10)."""
    own_unit = [row for row in rows if case.record.unit_id and _unit_of(case, row) == case.record.unit_id]
    if len(own_unit) == 1:
        case.trail.append(f"P-34 role price {own_unit[0].id}: chosen among duplicates, the only one in the record's unit")
        return own_unit[0]
    last = created_last(rows) if case.facts.policy.duplicate_price_rows == "latest_created" else None
    if last is not None:
        case.trail.append(f"P-34 role price {last.id}: chosen among duplicates, created last")
        return last
    raise Unresolved("P-34", "ambiguous-role-price", f"role prices {' and '.join(row.id for row in rows)} have the same values")


def standing_base(case: Case, row: RolePrice, currency_id: CurrencyId | None) -> Base | None:
    """What stands for the row by itself: the override in force, else its price; None where the row follows its cost (P-40, P-43, P-45)."""
    override = override_in_force(case, row.id, rule="P-40")
    if override is not None:
        price = _present(override.price, f"override {override.id} has no price")
        unit_price = UnitPrice(price, override.unit_id or _unit_of(case, row), currency_id)
        case.trail.append(f"P-40 price of the override: {case.told(unit_price.price, currency_id, unit_price.unit_id)}")
        return Base(unit_price=unit_price, rule="P-40", reason="role-price-override", override_id=override.id)
    if _follows_cost(case, row):
        return None
    unit_price = UnitPrice(_present(row.price, f"role price {row.id} has no price"), _unit_of(case, row), currency_id)
    if case.is_told:
        case.trail.append(f"P-45 price of the row: {case.told(unit_price.price, currency_id, unit_price.unit_id)}")
    return Base(unit_price=unit_price, rule="P-33", reason="role-price")


def _base_from_cost(case: Case, row: RolePrice, currency_id: CurrencyId | None) -> Base:
    """The price of the related cost record, raised where the row says so (P-43)."""
    assert row.calculation is not None, "a row that follows its cost says how"
    percent = (row.percent or Decimal(0)) if row.calculation is PriceCalculation.MARKUP_PERCENTAGE else Decimal(0)
    plus = cost_plus(case, percent=percent, currency_id=currency_id)
    return Base(unit_price=plus.base, rule="P-43", reason=_COST_PLUS_REASONS[row.calculation], cost_record_id=plus.cost_record_id)


def _follows_cost(case: Case, row: RolePrice) -> bool:
    """At cost and Markup percentage count on sales lists alone, unless S18 ignores them (P-43)."""
    return case.side is Side.SALES and case.facts.policy.cost_plus_roles == "follow_row" and row.calculation in _COST_PLUS_REASONS


def _marked_up(case: Case, base: UnitPrice, markup: Markup) -> UnitPrice:
    raised = raised_by(base.price, markup.percent)
    case.trail.append(f"P-37 markup {markup.line_id}: {shown(base.price)} + {markup.percent:f} % = {shown(raised)}")
    return UnitPrice(raised, base.unit_id, base.currency_id)


def _unit_of(case: Case, row: RolePrice) -> UnitId | None:
    return row.unit_id or case.price_list.time_unit_id


def _present(price: Decimal | None, otherwise: str) -> Decimal:
    if price is None:
        raise Unresolved("P-45", "price-missing-on-line", otherwise)
    return price


def _in_unit_currency(case: Case, rate: Rate) -> Rate:
    """The rate in the currency of the row; with S8 `contracting_unit` a cost in the currency of its unit (P-44)."""
    if case.side is not Side.COST:
        return rate
    unit_id = cost_unit_of(case.facts, case.record)
    unit = case.facts.organizational_units.get(unit_id) if unit_id else None
    target = unit.currency_id if unit else None
    if case.facts.policy.time_cost_currency == "price_line" or target is None or target == rate.currency_id:
        return rate
    price = exchanged(case.facts, rate.price, source=rate.currency_id, target=target)
    codes = f"{case.facts.code(rate.currency_id)} to {case.facts.code(target)}"
    case.trail.append(f"P-44 exchange {codes}: {shown(rate.price)} = {shown(price)}, the unit's currency")
    return replace(rate, price=price, currency_id=target)
