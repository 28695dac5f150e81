"""The price lists that a new quote or contract receives, and what becomes of them (P-11 to P-16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.contracts import Contract, Quote
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ContractId, CurrencyId, Guid, PriceListId, QuoteId
from proforma.domain.prices import PriceList
from proforma.pricing.book import PriceBook
from proforma.pricing.facts import Facts
from proforma.pricing.price_lists import not_effective_because, unusable_because


@dataclass(frozen=True, slots=True)
class DefaultLists:
    """Lists that a new document receives, and a warning, `no-project-price-lists`, when it receives none."""

    lists: tuple[PriceListId, ...]
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedList:
    """What is attached to a document: the list itself, or a copy of it under a new name (P-14 to P-16)."""

    source_id: PriceListId
    copy_name: str | None = None

    @property
    def is_copy(self) -> bool:
        """Whether a copy is attached rather than the list itself."""
        return self.copy_name is not None


def default_price_lists(book: PriceBook, document_id: Guid, business_time_zone: tzinfo) -> DefaultLists:
    """The lists that a quote or contract receives when it is created (P-11, P-12); later changes of the sources do not reach it (P-13).

    The day is the calendar day of its creation in the business time zone. Raises RefusedError for an id that is neither.
    """
    facts = book.facts
    quote = facts.quotes.get(QuoteId(document_id))
    if quote is not None:
        return _answer(_new_document_lists(facts, quote, quote.opportunity_id, business_time_zone))
    contract = _contract(facts, document_id)
    won = facts.quotes.get(contract.quote_id) if contract.quote_id else None
    if won is not None:
        taken = _fitting(facts.attached(PriceListOwner.QUOTE, won.id), contract.currency_id)
        if taken:
            return _answer(taken)  # P-12: without a new date check
    opportunity_id = contract.opportunity_id or (won.opportunity_id if won else None)
    return _answer(_new_document_lists(facts, contract, opportunity_id, business_time_zone))


def planned_contract_lists(book: PriceBook, contract_id: ContractId, business_time_zone: tzinfo) -> tuple[PlannedList, ...]:
    """How the default lists reach a new contract: as copies of its own or as the shared lists (P-14, P-15; S22, S23).

    A copy is named by the contract and the instant of its creation.
    """
    contract = _contract(book.facts, contract_id)
    policy = book.facts.policy
    lists = default_price_lists(book, contract_id, business_time_zone).lists
    copied = (policy.quote_win_price_lists if contract.quote_id else policy.contract_creation_price_lists) == "copy"
    stamp = contract.created_at.astimezone(business_time_zone) if contract.created_at else None
    return tuple(PlannedList(source, _copy_name(contract.name, stamp) if copied else None) for source in lists)


def planned_custom_lists(book: PriceBook, document_id: Guid, at: datetime) -> tuple[PlannedList, ...]:
    """What "create custom pricing" leaves attached: copies instead of the originals, or with S24 the originals (P-16)."""
    facts = book.facts
    quote = facts.quotes.get(QuoteId(document_id))
    kind = PriceListOwner.QUOTE if quote else PriceListOwner.CONTRACT
    document: Quote | Contract = quote or _contract(facts, document_id)
    attached = facts.attached(kind, document_id)
    if facts.policy.custom_pricing == "scoped_overrides":
        return tuple(PlannedList(row.id) for row in attached)
    return tuple(PlannedList(row.id, " ".join(filter(None, (row.name, _copy_name(document.name, at))))) for row in attached)


def _contract(facts: Facts, document_id: Guid) -> Contract:
    contract = facts.contracts.get(ContractId(document_id))
    if contract is None:
        raise RefusedError("unknown-document", f"there is no quote or contract {document_id}", hint="pull first, or check the id")
    return contract


def _new_document_lists(facts: Facts, document: Quote | Contract, opportunity_id: Guid | None, zone: tzinfo) -> tuple[PriceList, ...]:
    """From the first source with any sales list: the opportunity's as attached, else those in currency and effective on the day (P-11).

    An inactive list is attached all the same: its source is the one that is asked, and gives nothing (P-7).
    """
    from_opportunity = facts.attached(PriceListOwner.OPPORTUNITY, opportunity_id) if opportunity_id else ()
    if any(row.context is Side.SALES for row in from_opportunity):
        return _fitting(from_opportunity, document.currency_id)
    lists = _customer_lists(facts, document.customer_id) or facts.attached(PriceListOwner.PARAMETERS, None)
    if document.created_at is None:
        return ()
    day = document.created_at.astimezone(zone).date()
    return tuple(row for row in _fitting(lists, document.currency_id) if _is_effective(facts, row, day))


def _customer_lists(facts: Facts, customer_id: Guid | None) -> tuple[PriceList, ...]:
    """Sales lists of the account, or of the person, that is the customer; inactive ones too. Others should not be there (P-9)."""
    if customer_id is None:
        return ()
    lists = facts.attached(PriceListOwner.ACCOUNT, customer_id) or facts.attached(PriceListOwner.CONTACT, customer_id)
    return tuple(row for row in lists if row.context is Side.SALES)


def _fitting(lists: Sequence[PriceList], currency_id: CurrencyId | None) -> tuple[PriceList, ...]:
    """Active sales lists in the document's currency; any other is left out (P-7, P-9, P-11)."""
    return tuple(row for row in lists if unusable_because(row, Side.SALES) is None and row.currency_id == currency_id)


def _is_effective(facts: Facts, row: PriceList, day: date) -> bool:
    return not_effective_because(row, day, facts.policy, planned=True) is None


def _answer(lists: Sequence[PriceList]) -> DefaultLists:
    ids = tuple(row.id for row in lists)
    return DefaultLists(ids, None if ids else "no-project-price-lists")


def _copy_name(document_name: str | None, at: datetime | None) -> str:
    stamp = at.strftime("%Y-%m-%d %H:%M:%S") if at else None
    return " ".join(part for part in (document_name, stamp) if part)
