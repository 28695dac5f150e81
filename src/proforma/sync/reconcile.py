"""Comparing our books with what Dataverse holds now, for the work of some days, and explaining every difference (I-10, I-130)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.query import Condition, Query
from proforma.domain.codes import BillingStatus, TransactionClass, TransactionType
from proforma.domain.contracts import Contract
from proforma.domain.ids import ContractId, Guid, RecordId, SourceId
from proforma.domain.money import plain, total
from proforma.domain.policies import InvoicingPolicy
from proforma.domain.records import Actual
from proforma.invoicing.accounts import Account, account
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.actuals import transaction_day
from proforma.mapping import CompiledEntity, RowRejectedError
from proforma.store import Reader
from proforma.sync.draft import load_book

#: Differences that somebody must act on; the others are how billing here, and not there, looks from there.
_TO_DO: Final = frozenset({"not-pulled", "not-mapped", "gone", "changed", "billed-on-both-sides"})
#: What a row says that decides whether and how it is billed.
_COMPARED: Final = ("quantity", "amount", "billing_type", "billing_status", "adjustment")
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
class Reconciliation:
    """The accounts of all contracts with work in these days, and every row that the two sides see differently."""

    accounts: tuple[Account, ...]
    differences: tuple[Difference, ...]

    @property
    def needs_a_person(self) -> bool:
        """Whether an account does not add up, or a difference must be acted on."""
        return any(a.difference for a in self.accounts) or any(d.needs_a_person for d in self.differences)


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


def reconcile(
    reader: Reader, client: DataverseClient, compiled: CompiledEntity[Any], policy: InvoicingPolicy, *, days: Days
) -> Reconciliation:
    """Reads the unbilled sales of Dataverse and puts them beside the mirror and the ledger. Changes nothing on either side."""
    live, rejected = _live(client, compiled, days)
    accounts: list[Account] = []
    differences: list[Difference] = list(_rejected(rejected))
    for batch in reader.mirror.batches(Contract):
        for contract in batch:
            book = load_book(reader, [contract.id], policy)
            facts = Facts(book)
            mine = {a.id: a for a in book.actuals if _is_unbilled(a) and days.have(a)}
            theirs = {id_: live.pop(id_) for id_ in [i for i, a in live.items() if a.contract_id == contract.id or i in mine]}
            found = account(book, contract.id, first=days.first, last=days.last)
            if mine or theirs or found.unbilled:
                accounts.append(found)
            differences += _compared(facts, contract.id, mine, theirs)
    differences += [_not_pulled(actual, actual.contract_id) for actual in live.values()]
    return Reconciliation(accounts=tuple(accounts), differences=tuple(sorted(differences, key=lambda d: (d.contract_id or "", d.source))))


def _is_unbilled(actual: Actual) -> bool:
    return actual.active and actual.type is TransactionType.UNBILLED_SALES and actual.transaction_class not in _NOT_BACKLOG


def _live(client: DataverseClient, compiled: CompiledEntity[Any], days: Days) -> tuple[dict[RecordId, Actual], dict[RecordId, str]]:
    query = Query(
        entity_set=compiled.entity_set,
        select=compiled.select,
        optional=compiled.optional,
        filter=Condition(compiled.filter) if compiled.filter else None,
    )
    found: dict[RecordId, Actual] = {}
    rejected: dict[RecordId, str] = {}
    for page in client.pages(query, compiled.row_type):
        for row in page.rows:
            try:
                actual: Actual = compiled.to_record(row)
            except RowRejectedError as error:
                rejected[RecordId(compiled.key(row) or Guid(error.reason))] = error.message
                continue
            if _is_unbilled(actual) and days.have(actual):
                found[actual.id] = actual
    return found, rejected


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
    mark = facts.book.marks.get(SourceId(live.id))
    there = live.billing_status or BillingStatus.NOT_READY
    if not holdings and mark is not None and mark.status not in (None, there):
        yield told("marked-here", f"marked {mark.status} here, {there} there (I-52)", live.amount)
    decision = facts.book.decisions.get(live.id)
    if live.amount is None and decision is not None and decision.amount is not None:
        yield told("priced-here", f"Dataverse has no amount; ours is by rule {decision.rule} (I-55a)", decision.amount)
