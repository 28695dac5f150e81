"""Comparing our books with what Dataverse holds now, for the work of some days, and explaining every difference (I-10, I-130)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from proforma.domain.codes import BillingStatus, InvoiceStatus, TransactionClass, TransactionType
from proforma.domain.contracts import Contract
from proforma.domain.ids import ContractId, RecordId, SourceId
from proforma.domain.money import plain, total
from proforma.domain.policies import InvoicingPolicy
from proforma.domain.records import Actual
from proforma.invoicing.accounts import Account, account
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.actuals import transaction_day
from proforma.store import Reader
from proforma.store.statements import chunks
from proforma.sync.draft import load_book
from proforma.sync.live_actuals import AT_ONCE, LiveActuals

#: Differences that somebody must act on; the others are how billing here, and not there, looks from there.
_TO_DO: Final = frozenset({"not-pulled", "not-mapped", "gone", "changed", "billed-on-both-sides"})
#: What a row says that decides whether and how it is billed.
_COMPARED: Final = ("contract_id", "quantity", "amount", "billing_type", "billing_status", "adjustment")
_NOT_BACKLOG: Final = frozenset({TransactionClass.RETAINER, TransactionClass.TAX})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row on which the two sides say different things. Amounts None: that side has no such row, or no amount."""

    source: RecordId
    contract_id: ContractId | None
    reason: str
    message: str
    dataverse: Decimal | None
    ours: Decimal | None

    @property
    def needs_a_person(self) -> bool:
        """Whether it will not explain itself."""
        return self.reason in _TO_DO


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was found of one contract, or of none: its account, where it has work in these days, and the rows seen differently."""

    account: Account | None
    differences: tuple[Difference, ...]

    @property
    def needs_a_person(self) -> bool:
        """Whether the account does not add up, or a difference must be acted on."""
        return bool(self.account and self.account.difference) or any(d.needs_a_person for d in self.differences)


@dataclass(frozen=True, slots=True)
class Days:
    """The days whose work is compared; both ends belong to them, None is open."""

    first: date | None
    last: date | None

    def have(self, actual: Actual) -> bool:
        """Whether the work was done in these days; without a date it was done in no days but all of them."""
        day = transaction_day(actual)
        if day is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


def reconcile(reader: Reader, live: LiveActuals, policy: InvoicingPolicy, *, days: Days) -> Iterator[Reconciled]:
    """Reads the unbilled sales of Dataverse and puts them beside the mirror and the ledger, contract after contract, by id.

    Changes nothing on either side. Memory follows a few contracts at a time.
    """
    walk = _Walk(reader, live, policy, days)
    yield Reconciled(account=None, differences=tuple(walk.of_no_contract()))
    known = {contract.id for batch in reader.mirror.batches(Contract) for contract in batch}
    for piece in chunks(sorted(known | set(live.contracts())), AT_ONCE):
        theirs = walk.of_contracts(piece)
        for contract_id in piece:
            own = theirs.get(contract_id, {})
            yield walk.contract(contract_id, own) if contract_id in known else walk.unknown(contract_id, own)
    yield Reconciled(account=None, differences=tuple(_rejected(live.rejected)))


class _Walk:
    """One comparison. Actuals that name no contract are few: they are kept, and belong to the contract of their line."""

    def __init__(self, reader: Reader, live: LiveActuals, policy: InvoicingPolicy, days: Days) -> None:
        self._reader = reader
        self._live = live
        self._policy = policy
        self._days = days
        self._homeless = {actual.id: actual for actual in live.of_no_contract() if self._is_meant(actual)}

    def of_no_contract(self) -> Iterator[Difference]:
        """The rows that no contract owns, and that the mirror has not."""
        here = self._reader.mirror.get_many(Actual, self._homeless)
        yield from (_not_pulled(actual, None) for id_, actual in self._homeless.items() if id_ not in here)

    def of_contracts(self, ids: Sequence[ContractId]) -> dict[ContractId, dict[RecordId, Actual]]:
        """What Dataverse has of these contracts."""
        found: dict[ContractId, dict[RecordId, Actual]] = {}
        for actual in self._live.of_contracts(ids):
            if actual.contract_id is not None and self._is_meant(actual):
                found.setdefault(actual.contract_id, {})[actual.id] = actual
        return found

    def unknown(self, contract_id: ContractId, theirs: Mapping[RecordId, Actual]) -> Reconciled:
        """A contract that the mirror has not."""
        here = self._reader.mirror.get_many(Actual, theirs)
        return Reconciled(account=None, differences=tuple(_not_pulled(a, contract_id) for id_, a in theirs.items() if id_ not in here))

    def contract(self, contract_id: ContractId, theirs: Mapping[RecordId, Actual]) -> Reconciled:
        """A contract of the mirror. A row may have moved to another contract since: it is looked for by its id."""
        book = load_book(self._reader, [contract_id], self._policy)
        mine = {a.id: a for a in book.actuals if _is_unbilled(a) and self._days.have(a)}
        moved_in = self._reader.mirror.get_many(Actual, [id_ for id_ in theirs if id_ not in mine])
        there = {**{id_: a for id_, a in theirs.items() if id_ not in moved_in}, **self._elsewhere(mine, theirs)}
        found = account(book, contract_id, first=self._days.first, last=self._days.last)
        return Reconciled(
            account=found if mine or there or found.unbilled else None,
            differences=tuple(_compared(Facts(book), contract_id, mine, there)),
        )

    def _elsewhere(self, mine: Mapping[RecordId, Actual], theirs: Mapping[RecordId, Actual]) -> dict[RecordId, Actual]:
        missing = [id_ for id_ in mine if id_ not in theirs]
        named = {id_: self._homeless[id_] for id_ in missing if id_ in self._homeless}
        moved = self._live.by_id([id_ for id_ in missing if id_ not in named])
        return {**named, **{actual.id: actual for actual in moved if self._is_meant(actual)}}

    def _is_meant(self, actual: Actual) -> bool:
        return _is_unbilled(actual) and self._days.have(actual)


def _is_unbilled(actual: Actual) -> bool:
    return actual.active and actual.type is TransactionType.UNBILLED_SALES and actual.transaction_class not in _NOT_BACKLOG


def _rejected(rejected: Mapping[RecordId, str]) -> Iterator[Difference]:
    for id_, why in rejected.items():
        message = f"the row cannot be mapped and is held: {why}; see `proforma problems list`"
        yield Difference(source=id_, contract_id=None, reason="not-mapped", message=message, dataverse=None, ours=None)


def _not_pulled(actual: Actual, contract_id: ContractId | None) -> Difference:
    message = "Dataverse has the row and the mirror has not: run `proforma pull actual`"
    return Difference(source=actual.id, contract_id=contract_id, reason="not-pulled", message=message, dataverse=actual.amount, ours=None)


def _compared(
    facts: Facts, contract_id: ContractId, mine: Mapping[RecordId, Actual], theirs: Mapping[RecordId, Actual]
) -> Iterator[Difference]:
    for id_ in sorted(mine.keys() | theirs.keys()):
        own, live = mine.get(id_), theirs.get(id_)
        if own is None and live is not None:
            yield _not_pulled(live, contract_id)
        elif own is not None and live is None:
            message = "the mirror has the row, and Dataverse has it no more, or not on these days: run `proforma pull actual --full`"
            yield Difference(source=id_, contract_id=contract_id, reason="gone", message=message, dataverse=None, ours=own.amount)
        elif own is not None and live is not None:
            yield from _of_both(facts, contract_id, own, live)


def _of_both(facts: Facts, contract_id: ContractId, own: Actual, live: Actual) -> Iterator[Difference]:
    said = [name for name in _COMPARED if getattr(own, name) != getattr(live, name)]
    if said:
        message = f"{', '.join(said)} changed in Dataverse since the last pull: run `proforma pull actual`"
        yield Difference(source=own.id, contract_id=contract_id, reason="changed", message=message, dataverse=live.amount, ours=own.amount)
    yield from _of_billing(facts, contract_id, live)


def _of_billing(facts: Facts, contract_id: ContractId, live: Actual) -> Iterator[Difference]:
    """What our own invoices and marks make of a row that Dataverse has."""

    def told(reason: str, message: str, ours: Decimal | None) -> Difference:
        return Difference(source=live.id, contract_id=contract_id, reason=reason, message=message, dataverse=live.amount, ours=ours)

    holdings = facts.holdings.get(SourceId(live.id), ())
    for holding in holdings:
        number, amount = holding.invoice.number, holding.detail.value
        if live.billing_status in (BillingStatus.INVOICE_CREATED, BillingStatus.INVOICE_POSTED) or live.invoice_id is not None:
            yield told("billed-on-both-sides", f"our {number} bills it, and so does an invoice of Dataverse itself", amount)
        elif holding.is_draft:
            yield told("drafted-here", f"on our draft {number}", amount)
        else:
            yield told("billed-here", f"billed by our {number}, of which Dataverse is not told (I-130)", amount)
        if holding.detail.is_edited and holding.detail.original is not None:
            change = total((holding.detail.value, -holding.detail.original.amount))
            yield told("edited-here", f"{number} bills {plain(change)} more than the row says, by an edit (I-88)", amount)
    for invoice, detail in facts.taken_over.get(SourceId(live.id), ()):
        if invoice.status is InvoiceStatus.DRAFT:
            yield told("held-here", f"billed by {invoice.number} of Dataverse, which is held here", detail.value)
        else:
            yield told("taken-over", f"billed by {invoice.number} of Dataverse, which was taken over (I-130)", detail.value)
    mark = facts.book.marks.get(SourceId(live.id))
    there = live.billing_status or BillingStatus.NOT_READY
    if not holdings and mark is not None and mark.status not in (None, there):
        yield told("marked-here", f"marked {mark.status} here, {there} there (I-52)", live.amount)
    decision = facts.book.decisions.get(live.id)
    if live.amount is None and decision is not None and decision.amount is not None:
        yield told("priced-here", f"Dataverse has no amount; ours is by rule {decision.rule} (I-55a)", decision.amount)
