"""Whether a price list may be attached to an owner, and which attachments break the rules (P-9, P-10)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.ids import CurrencyId, Guid, PriceListId
from proforma.domain.prices import PriceList
from proforma.pricing.book import PriceBook
from proforma.pricing.facts import Facts

_SALES: Final = frozenset({Side.SALES})
_PURCHASE: Final = frozenset({Side.PURCHASE})
#: The contexts that a list may have at each owner (P-9).
_CONTEXTS: Final = {
    PriceListOwner.ACCOUNT: _SALES,
    PriceListOwner.CONTACT: _SALES,
    PriceListOwner.OPPORTUNITY: _SALES,
    PriceListOwner.QUOTE: _SALES,
    PriceListOwner.CONTRACT: _SALES,
    PriceListOwner.ORGANIZATIONAL_UNIT: frozenset({Side.COST}),
    PriceListOwner.VENDOR: _PURCHASE,
    PriceListOwner.SUBCONTRACT: _PURCHASE,
    PriceListOwner.PARAMETERS: frozenset({Side.COST, Side.SALES}),
}


@dataclass(frozen=True, slots=True)
class AttachVerdict:
    """Whether a list may be attached; else why not.

    Reasons: `wrong-context`, `wrong-currency`, `overlap`, and `unknown-price-list`, `unknown-owner` for ids that the book does not hold.
    `other_id`: the attached list that it shares days with.
    """

    accepted: bool
    reason: str | None = None
    other_id: PriceListId | None = None


@dataclass(frozen=True, slots=True)
class AttachmentProblem:
    """An attached list that breaks a rule; pricing ignores it, or, for an overlap, cannot choose (P-9, P-10)."""

    price_list_id: PriceListId
    reason: str
    other_id: PriceListId | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """What price lists are attached to: its kind and its currency."""

    kind: PriceListOwner
    id: Guid
    currency_id: CurrencyId | None


def attach_verdict(book: PriceBook, list_id: PriceListId, owner_id: Guid) -> AttachVerdict:
    """Whether the list may be attached to the owner as things are: context, then currency, then days (P-9, P-10)."""
    facts = book.facts
    price_list = facts.price_lists.get(list_id)
    if price_list is None:
        return AttachVerdict(False, "unknown-price-list")
    owner = owner_of(facts, owner_id)
    if owner is None:
        return AttachVerdict(False, "unknown-owner")
    if reason := _misfit(facts, price_list, owner):
        return AttachVerdict(False, reason)
    if other := next((row for row in _obeyed(facts, owner) if _overlap(facts, price_list, row, owner)), None):
        return AttachVerdict(False, "overlap", other.id)
    return AttachVerdict(True)


def attachment_problems(book: PriceBook, owner_id: Guid) -> tuple[AttachmentProblem, ...]:
    """All attached lists of an owner that should not be: inactive, of a wrong context or currency, or sharing a day with another."""
    facts = book.facts
    owner = owner_of(facts, owner_id)
    if owner is None:
        return ()
    misfits = [
        AttachmentProblem(row.id, reason)
        for row in facts.attached(owner.kind, owner.id)
        if (reason := "inactive" if not row.active else _misfit(facts, row, owner))
    ]
    overlaps = [
        AttachmentProblem(second.id, "overlap", first.id)
        for first, second in combinations(_obeyed(facts, owner), 2)
        if _overlap(facts, first, second, owner)
    ]
    return (*misfits, *overlaps)


def owner_of(facts: Facts, owner_id: Guid) -> Owner | None:
    """The owner with that id, whatever its kind; None when nobody knows it."""
    known: dict[PriceListOwner, dict[Guid, CurrencyId | None]] = facts.remembered(("owners",), lambda: _owners(facts))
    for kind, currencies in known.items():
        if owner_id in currencies:
            return Owner(kind, owner_id, currencies[owner_id])
    return None


def _owners(facts: Facts) -> dict[PriceListOwner, dict[Guid, CurrencyId | None]]:
    records = facts.records
    owners: dict[PriceListOwner, dict[Guid, CurrencyId | None]] = {kind: {} for kind in PriceListOwner}
    owners[PriceListOwner.CONTRACT] = {row.id: row.currency_id for row in records.contracts}
    owners[PriceListOwner.QUOTE] = {row.id: row.currency_id for row in records.quotes}
    owners[PriceListOwner.ORGANIZATIONAL_UNIT] = {row.id: row.currency_id for row in records.organizational_units}
    owners[PriceListOwner.SUBCONTRACT] = {row.id: row.currency_id for row in records.subcontracts}
    parameters = {row.owner_id for row in records.attachments if row.owner is PriceListOwner.PARAMETERS and row.owner_id}
    owners[PriceListOwner.PARAMETERS] = dict.fromkeys(parameters)
    for owner_id, (kind, currency_id) in records.owner_currencies.items():
        owners[kind].setdefault(owner_id, currency_id)
    return owners


def _misfit(facts: Facts, price_list: PriceList, owner: Owner) -> str | None:
    """`wrong-context` or `wrong-currency`; None where the list suits the owner (P-9)."""
    if price_list.context not in _CONTEXTS[owner.kind]:
        return "wrong-context"
    any_currency = owner.kind is PriceListOwner.PARAMETERS or (
        owner.kind is PriceListOwner.ORGANIZATIONAL_UNIT and facts.policy.multi_currency_cost_price_lists
    )
    if any_currency or (owner.currency_id is not None and price_list.currency_id == owner.currency_id):
        return None
    return "wrong-currency"


def _obeyed(facts: Facts, owner: Owner) -> list[PriceList]:
    """Attached lists that pricing obeys; one that should not be attached stands in nobody's way (P-9)."""
    return [row for row in facts.attached(owner.kind, owner.id) if row.active and _misfit(facts, row, owner) is None]


def _share_a_day(first: PriceList, second: PriceList) -> bool:
    """Whether plans or actuals could find both lists on one day (P-5, P-10)."""
    return first.effective.overlaps(second.effective) or first.effective_for_actuals.overlaps(second.effective_for_actuals)


def _overlap(facts: Facts, first: PriceList, second: PriceList, owner: Owner) -> bool:
    """Whether two lists of one owner share a day; at the parameters only lists of one context and currency are compared (P-10)."""
    if first.id == second.id or not _share_a_day(first, second):
        return False
    if owner.kind is not PriceListOwner.PARAMETERS:
        return True
    if first.context is not second.context:
        return False
    by_currency = not (first.context is Side.COST and facts.policy.multi_currency_cost_price_lists)
    return not by_currency or first.currency_id == second.currency_id
