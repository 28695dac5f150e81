"""Copies of price lists: which rows they take, at which prices, and the price update (P-15 to P-19)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from proforma.domain.codes import Side
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import RefusedError
from proforma.domain.ids import CurrencyId, Guid, PriceLineId, PriceListId, QuoteId, UnitId
from proforma.domain.money import Rounding, round_amount
from proforma.domain.prices import CategoryPrice, PriceList, PriceListItem, RolePrice, RolePriceMarkup
from proforma.domain.records import Estimate
from proforma.pricing.book import PriceBook
from proforma.pricing.case import Case
from proforma.pricing.conversion import UnitPrice, price_per
from proforma.pricing.decide import decide
from proforma.pricing.exchange import exchanged
from proforma.pricing.facts import Facts
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.related_cost import raised_by
from proforma.pricing.role_prices import standing_base

Action = Literal["custom-pricing", "copy"]
_Row = RolePrice | RolePriceMarkup | CategoryPrice | PriceListItem
ACTIONS: Final[tuple[Action, ...]] = ("custom-pricing", "copy")


@dataclass(frozen=True, slots=True)
class CopiedRow:
    """One row of a planned copy: the row it comes from and its price, None where the row carries none (markups, cost-plus rows)."""

    of: PriceLineId
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPrice:
    """An override that keeps the price of an estimated role for one document (P-15, P-16)."""

    role_price_id: PriceLineId
    effective_from: date
    price: Decimal
    unit_id: UnitId | None


def plan_copy(
    book: PriceBook,
    list_id: PriceListId,
    *,
    action: Action = "copy",
    to: Guid | None = None,
    currency: CurrencyId | None = None,
    time_unit: UnitId | None = None,
) -> tuple[CopiedRow, ...]:
    """The active rows that a copy takes, with their prices in the copy; overrides are never copied (P-17, P-18).

    `custom-pricing` is the copy for one deal (`to`): with S25 role prices, markups and categories, or also items; with S24
    `scoped_overrides` nothing is copied. `copy` takes role, category and item rows. Another currency converts every
    price, another time unit the role prices. Raises RefusedError for a price that cannot be converted.
    """
    price_list = book.facts.price_lists.get(list_id)
    if price_list is None:
        raise RefusedError("unknown-price-list", f"there is no price list {list_id}", hint="pull first, or check the id")
    rows = sorted(_rows_taken(book.facts, list_id, action), key=lambda row: row.id)
    return tuple(CopiedRow(row.id, _copied_price(book.facts, price_list, row, currency, time_unit)) for row in rows)


def rows_left_out(book: PriceBook, list_id: PriceListId) -> tuple[PriceLineId, ...]:
    """Active price list items that a custom copy does not take, so that material has no price there until one is added (P-17)."""
    if book.facts.policy.copied_child_rows == "all" or book.facts.policy.custom_pricing == "scoped_overrides":
        return ()
    return tuple(sorted(row.id for row in _items(book.facts, list_id)))


def frozen_prices(
    book: PriceBook, quote_id: QuoteId, estimates: Sequence[tuple[Estimate, PriceDecision]], *, today: date
) -> tuple[FrozenPrice, ...]:
    """Overrides that freeze today's price of every role estimated in a quote's sales details, once for each role price (P-15, P-16).

    The price is that of the row: without markup, which goes on top of an override too (P-42), and per the row's own unit.
    Rows that follow their cost have no price to freeze.
    """
    rows = {row.id: row for row in book.facts.records.role_prices}
    frozen: dict[PriceLineId, FrozenPrice] = {}
    for estimate, decision in sorted(estimates, key=lambda pair: pair[0].id):
        row = rows.get(decision.price_line_id) if decision.price_line_id else None
        if estimate.quote_id != quote_id or decision.side is not Side.SALES or row is None or row.id in frozen:
            continue
        standing = _standing_price(book.facts, estimate, row, today)
        if standing is not None:
            frozen[row.id] = FrozenPrice(role_price_id=row.id, effective_from=today, price=standing.price, unit_id=standing.unit_id)
    return tuple(frozen.values())


def _standing_price(facts: Facts, estimate: Estimate, row: RolePrice, today: date) -> UnitPrice | None:
    """The row's price on a day, overrides included; None where it has none of its own."""
    price_list = facts.price_lists.get(row.price_list_id) if row.price_list_id else None
    if price_list is None:
        return None
    case = Case(facts, estimate, (), Side.SALES, today, price_list, [], lambda cost: decide(facts, cost, ()))
    try:
        base = standing_base(case, row, case.row_currency(row.currency_id))
    except Unresolved:
        return None
    return base.unit_price if base else None


def updated_price(price: Decimal, percent: Decimal, *, precision: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """A price after "update prices" by a percentage, positive or negative, rounded (P-19)."""
    return round_amount(raised_by(price, percent), precision=precision, mode=mode)


def copy_name(price_list: PriceList) -> str:
    """The name of a plain copy (P-18)."""
    return f"{price_list.name or price_list.id}-copy"


def _rows_taken(facts: Facts, list_id: PriceListId, action: Action) -> Iterator[_Row]:
    is_deal = action == "custom-pricing"
    if is_deal and facts.policy.custom_pricing == "scoped_overrides":
        return
    yield from facts.role_prices.get(list_id, ())
    yield from (row for row in facts.records.category_prices if row.active and row.price_list_id == list_id)
    if is_deal:
        yield from facts.markups.get(list_id, ())
    if not is_deal or facts.policy.copied_child_rows == "all":
        yield from _items(facts, list_id)


def _items(facts: Facts, list_id: PriceListId) -> list[PriceListItem]:
    return [row for row in facts.records.items if row.active and row.price_list_id == list_id]


def _copied_price(facts: Facts, price_list: PriceList, row: _Row, currency: CurrencyId | None, time_unit: UnitId | None) -> Decimal | None:
    """The row's price as it is, or converted to the copy's currency and time unit and rounded once (P-18)."""
    if isinstance(row, RolePriceMarkup):
        return None
    price = row.amount if isinstance(row, PriceListItem) else row.price
    own_currency = row.currency_id or price_list.currency_id
    target = currency or own_currency
    row_unit = row.unit_id or price_list.time_unit_id
    regroups = isinstance(row, RolePrice) and time_unit is not None and time_unit != row_unit
    if price is None or (target == own_currency and not regroups):
        return price
    try:
        if regroups:
            price = price_per(facts, UnitPrice(price, row_unit, own_currency), time_unit, [])
        converted = exchanged(facts, price, source=own_currency, target=target)
    except Unresolved as stop:
        raise RefusedError(stop.reason, stop.step, at=f"price row {row.id}", hint="no row of the copy is made") from stop
    return facts.rounder(target)(converted)
