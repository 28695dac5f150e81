"""Suppose that a rate card held: the records as they would be with it in the place of the lists that hold now (P-7, P-20)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.ids import ContractId, RecordId
from proforma.domain.prices import PriceListAttachment
from proforma.pricing.facts import PricingRecords
from proforma.pricing.rate_cards import RateCard

#: Whether the supposed list holds on its own days, or on every day.
Days = Literal["own", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """The records with the card in them, the contracts that it prices, and the days on which it does."""

    records: PricingRecords
    contracts: frozenset[ContractId]
    days: Days


def suppose(records: PricingRecords, card: RateCard, *, days: Days | None = None) -> Supposed:
    """The card as the only list of its contracts, active whatever its state.

    Its contracts are those to which the list is attached; when it is attached to none, all contracts in its currency.
    `days` None: its own days where it is attached, any day where it is not, as nobody has said yet when it begins.
    """
    attached = frozenset(
        ContractId(row.owner_id)
        for row in records.attachments
        if row.active and row.owner is PriceListOwner.CONTRACT and row.owner_id and row.price_list_id == card.price_list.id
    )
    chosen: Days = days or ("own" if attached else "any")
    contracts = attached or frozenset(row.id for row in records.contracts if row.currency_id == card.price_list.currency_id)
    return Supposed(records=_with_card(records, card, contracts, chosen), contracts=contracts, days=chosen)


def is_sales(card: RateCard) -> bool:
    """Whether the card can price a backlog at all."""
    return card.price_list.context is Side.SALES


def _with_card(records: PricingRecords, card: RateCard, contracts: frozenset[ContractId], days: Days) -> PricingRecords:
    header = replace(card.price_list, active=True)
    if days == "any":
        header = replace(header, first_day=date.min, last_day=date.max, first_day_independent=None, last_day_independent=None)
    old = {row.id for row in records.role_prices if row.price_list_id == header.id}
    old |= {row.id for row in records.markups if row.price_list_id == header.id}
    others = [row for row in records.attachments if row.owner is not PriceListOwner.CONTRACT or row.owner_id not in contracts]
    links = [
        PriceListAttachment(id=RecordId(contract), owner=PriceListOwner.CONTRACT, owner_id=contract, price_list_id=header.id)
        for contract in sorted(contracts)
    ]
    return replace(
        records,
        price_lists=[*(row for row in records.price_lists if row.id != header.id), header],
        attachments=[*others, *links],
        role_prices=[*(row for row in records.role_prices if row.price_list_id != header.id), *card.role_prices],
        markups=[*(row for row in records.markups if row.price_list_id != header.id), *card.markups],
        overrides=[*(row for row in records.overrides if not old & {row.role_price_id, row.markup_id}), *card.overrides],
        category_prices=[*(row for row in records.category_prices if row.price_list_id != header.id), *card.category_prices],
        items=[*(row for row in records.items if row.price_list_id != header.id), *card.items],
    )
