"""Rate cards: one price list with all that prices by it, taken out of the price book, compared, and put back (P-7, P-8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeAlias, TypeVar

from proforma.domain.ids import Guid, PriceListId
from proforma.domain.money import plain
from proforma.domain.prices import CategoryPrice, PriceList, PriceListItem, PriceOverride, RolePrice, RolePriceMarkup
from proforma.pricing.facts import PricingRecords

ChangeKind = Literal["added", "removed", "changed"]
#: What a row prices, as words and values, and its figures.
_Described: TypeAlias = tuple[tuple[tuple[str, str], ...], dict[str, str]]
CardRowT = TypeVar("CardRowT", RolePrice, RolePriceMarkup, CategoryPrice, PriceListItem, PriceOverride)

_SCOPES: Final = ("contract", "quote", "customer", "vendor", "subcontract", "vendor_invoice", "organizational_unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCard:
    """A price list and its active rows, by id. `names`: what people call the things that rows refer to."""

    price_list: PriceList
    role_prices: tuple[RolePrice, ...] = ()
    markups: tuple[RolePriceMarkup, ...] = ()
    overrides: tuple[PriceOverride, ...] = ()
    category_prices: tuple[CategoryPrice, ...] = ()
    items: tuple[PriceListItem, ...] = ()
    names: Mapping[Guid, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """One row that only one card has, or whose figures differ. `what` names the row; the figures are those that differ."""

    kind: ChangeKind
    table: str
    what: str
    before: Mapping[str, str]
    after: Mapping[str, str]


def card_of(records: PricingRecords, list_id: PriceListId) -> RateCard | None:
    """The card of a price list; None when there is no such list."""
    price_list = next((row for row in records.price_lists if row.id == list_id), None)
    if price_list is None:
        return None
    roles = [row for row in records.role_prices if row.active and row.price_list_id == list_id]
    markups = [row for row in records.markups if row.active and row.price_list_id == list_id]
    parents = {*(row.id for row in roles), *(row.id for row in markups)}
    return RateCard(
        price_list=price_list,
        role_prices=_by_id(roles),
        markups=_by_id(markups),
        overrides=_by_id(row for row in records.overrides if row.active and parents & {row.role_price_id, row.markup_id}),
        category_prices=_by_id(row for row in records.category_prices if row.active and row.price_list_id == list_id),
        items=_by_id(row for row in records.items if row.active and row.price_list_id == list_id),
        names=names_of(records),
    )


def names_of(records: PricingRecords) -> dict[Guid, str]:
    """What people call everything that a rate card refers to."""
    named: list[tuple[Guid, str | None]] = [(row.id, row.code) for row in records.currencies]
    named += [(row.id, row.name) for row in records.units]
    named += [(row.id, row.name) for row in records.roles]
    named += [(row.id, row.name) for row in records.categories]
    named += [(row.id, row.name) for row in records.products]
    named += [(row.id, row.name) for row in records.organizational_units]
    named += [(row.id, row.name) for row in records.price_lists]
    named += [(row.id, row.number or row.name) for row in records.contracts]
    named += [(row.id, row.number or row.name) for row in records.quotes]
    return {id_: name for id_, name in named if name}


def changes(before: RateCard, after: RateCard) -> tuple[CardChange, ...]:
    """What differs between two cards, header first. Rows are the same when they price the same thing, whatever their ids."""
    names = {**before.names, **after.names}
    found = list(_header_changes(before, after, names))
    for table, first, second in (
        ("role price", _roles(before, names), _roles(after, names)),
        ("markup", _markups(before), _markups(after)),
        ("override", _overrides(before, names), _overrides(after, names)),
        ("category price", _categories(before, names), _categories(after, names)),
        ("item", _items(before, names), _items(after, names)),
    ):
        found += _row_changes(table, first, second, names)
    return tuple(found)


def _by_id(rows: Iterable[CardRowT]) -> tuple[CardRowT, ...]:
    return tuple(sorted(rows, key=lambda row: row.id))


def _header_changes(before: RateCard, after: RateCard, names: Mapping[Guid, str]) -> Iterator[CardChange]:
    first, second = _header(before.price_list, names), _header(after.price_list, names)
    differ = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    if differ:
        what = second.get("name", "")
        yield CardChange(kind="changed", table="price list", what=what, before=_only(first, differ), after=_only(second, differ))


def _header(row: PriceList, names: Mapping[Guid, str]) -> dict[str, str]:
    return _filled(
        name=row.name,
        context=row.context,
        first_day=row.first_day,
        last_day=row.last_day,
        first_day_independent=row.first_day_independent,
        last_day_independent=row.last_day_independent,
        currency=_named(row.currency_id, names),
        time_unit=_named(row.time_unit_id, names),
        active="yes" if row.active else "no",
    )


def _row_changes(table: str, before: Iterable[_Described], after: Iterable[_Described], names: Mapping[Guid, str]) -> Iterator[CardChange]:
    """Rows paired by what they price; of several alike, the first figures with the first."""
    first, second = _grouped(before), _grouped(after)
    for key in sorted({*first, *second}):
        olds, news = first.get(key, []), second.get(key, [])
        olds, news = [old for old in olds if old not in news], [new for new in news if new not in olds]
        what = ", ".join(f"{name} {names.get(Guid(value), value)}" for name, value in key) or "everything"
        for place in range(max(len(olds), len(news))):
            old = olds[place] if place < len(olds) else None
            new = news[place] if place < len(news) else None
            kind: ChangeKind = "added" if old is None else "removed" if new is None else "changed"
            differ = [name for name in {**(old or {}), **(new or {})} if (old or {}).get(name) != (new or {}).get(name)]
            yield CardChange(kind=kind, table=table, what=what, before=_only(old or {}, differ), after=_only(new or {}, differ))


def _grouped(rows: Iterable[_Described]) -> dict[tuple[tuple[str, str], ...], list[dict[str, str]]]:
    groups: dict[tuple[tuple[str, str], ...], list[dict[str, str]]] = defaultdict(list)
    for key, figures in rows:
        groups[key].append(figures)
    return {key: sorted(found, key=lambda figures: sorted(figures.items())) for key, found in groups.items()}


def _roles(card: RateCard, names: Mapping[Guid, str]) -> Iterator[_Described]:
    for row in card.role_prices:
        unit = row.unit_id or card.price_list.time_unit_id
        yield (
            (*_dimensions(row), *_filled(unit=unit).items()),
            _filled(price=row.price, percent=row.percent, calculation=row.calculation, currency=_currency(card, row.currency_id, names)),
        )


def _markups(card: RateCard) -> Iterator[_Described]:
    for row in card.markups:
        yield _dimensions(row), _filled(percent=row.percent)


def _overrides(card: RateCard, names: Mapping[Guid, str]) -> Iterator[_Described]:
    parents: dict[Guid, RolePrice | RolePriceMarkup] = {row.id: row for row in card.role_prices}
    parents.update({row.id: row for row in card.markups})
    for row in card.overrides:
        parent = parents.get(row.role_price_id or row.markup_id or Guid(""))
        scope: dict[str, str | None] = {name: getattr(row, f"{name}_id") for name in _SCOPES}
        of = "markup" if row.markup_id else "role price"
        key = {"of": of, **dict(_dimensions(parent) if parent else ()), **_filled(**scope), **_filled(effective_from=row.effective_from)}
        yield tuple(key.items()), _filled(price=row.price, percent=row.percent, unit=_named(row.unit_id, names))


def _categories(card: RateCard, names: Mapping[Guid, str]) -> Iterator[_Described]:
    for row in card.category_prices:
        yield (
            tuple(_filled(category=row.category_id, unit=row.unit_id).items()),
            _filled(price=row.price, percent=row.percent, calculation=row.calculation, currency=_currency(card, row.currency_id, names)),
        )


def _items(card: RateCard, names: Mapping[Guid, str]) -> Iterator[_Described]:
    for row in card.items:
        yield (
            tuple(_filled(product=row.product_id, unit=row.unit_id).items()),
            _filled(
                amount=row.amount,
                percent=row.percent,
                method=row.method,
                project_method=row.project_method,
                currency=_currency(card, row.currency_id, names),
            ),
        )


def _dimensions(row: RolePrice | RolePriceMarkup) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in sorted(row.dimensions.items()))


def _currency(card: RateCard, own: Guid | None, names: Mapping[Guid, str]) -> str | None:
    """The currency of a row: its own, else the list's (P-8)."""
    return _named(own or card.price_list.currency_id, names)


def _named(id_: Guid | None, names: Mapping[Guid, str]) -> str | None:
    """What people call it, else its id."""
    return None if id_ is None else names.get(id_, id_)


def _filled(**values: str | Decimal | date | None) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: str | Decimal | date) -> str:
    """A value as it compares: 100.0 and 100.00 are one price."""
    if isinstance(value, Decimal):
        return plain(value.normalize() if value else Decimal(0))
    return str(value)


def _only(figures: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: figures[name] for name in names if name in figures}
