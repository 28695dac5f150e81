"""The third stage: from the billing backlog to confirmed proforma invoices. Loads a book, lets `invoicing` decide, commits what it says.

Each act is one transaction under the lock of the stage, so that two people or machines never bill one row twice (I-54).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Final, TypeVar

from proforma import invoicing
from proforma.domain.codes import ContractState, InvoiceStatus, OrderType, Origin, TransactionType
from proforma.domain.contracts import (
    Contract,
    ContractCustomer,
    ContractLine,
    LineCategory,
    LineCustomer,
    LineRole,
    LineTask,
    Milestone,
    Retainer,
    ScheduleRow,
)
from proforma.domain.ids import ContractId, Guid, InvoiceId, RecordId, RetainerId, SourceId
from proforma.domain.invoices import Changes, Confirmed, Invoice, LedgerActual, Refusal
from proforma.domain.masters import Category, CurrencyRecord, Role
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.domain.records import Actual
from proforma.invoicing import EVERY_ROW, BacklogFilter, BacklogRow, Book, Clerk, ManualDetail, Takeover
from proforma.invoicing.changes import joined, refused
from proforma.store import Header, Reader, Store, Transaction, WorkText
from proforma.store.due import DueState
from proforma.store.statements import chunks
from proforma.sync.book_fingerprint import watching_fingerprint
from proforma.sync.collector import uncollected
from proforma.sync.price import price_book
from proforma.sync.reasons import ReasonKeeper
from proforma.sync.taking_over import (
    IndependentPricer,
    as_passed_over,
    contracts_made_elsewhere,
    keep_findings,
    last_compared,
    load_upstream,
    require_clear_origins,
)
from proforma.sync.work_ahead import WorkAhead

T = TypeVar("T")
#: Contracts of one transaction of a periodic run: enough that reading and committing cost little for each, few enough for its memory.
CONTRACTS_AT_ONCE: Final = 20
#: The first digit of the fourth group of a random GUID: two of its bits are fixed.
_VARIANT: Final = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
_IDS_AT_ONCE: Final = 64
_SALES_SIDE = (TransactionType.UNBILLED_SALES, TransactionType.BILLED_SALES)


def load_book(reader: Reader, contracts: Collection[ContractId], policy: InvoicingPolicy, texts: Iterable[WorkText] | None = None) -> Book:
    """Everything invoicing reads about these contracts. Its size follows the contracts named, not the database.

    `texts`: their work, if it was read ahead.
    """
    ids = list(contracts)
    where = reader.mirror.where
    lines = list(where(ContractLine, contract_id=ids))
    line_ids = [line.id for line in lines]
    actuals, decisions = reader.mirror.priced(ids, _SALES_SIDE, texts)
    homeless = list(where(Actual, contract_id=None, contract_line_id=line_ids, type=_SALES_SIDE))
    if homeless:
        actuals += homeless
        decisions |= reader.decisions.of([actual.id for actual in homeless])
    milestones = list(where(Milestone, contract_id=ids))
    retainers = list(where(Retainer, contract_id=ids))
    ledger = reader.ledger.actuals(contract_ids=ids)
    sources = [SourceId(row.id) for rows in (actuals, milestones, retainers, lines, ledger) for row in rows]
    return Book(
        contracts=list(where(Contract, id=ids)),
        lines=lines,
        line_customers=list(where(LineCustomer, contract_line_id=line_ids)),
        contract_customers=list(where(ContractCustomer, contract_id=ids)),
        line_roles=list(where(LineRole, contract_line_id=line_ids)),
        line_categories=list(where(LineCategory, contract_line_id=line_ids)),
        line_tasks=list(where(LineTask, contract_line_id=line_ids)),
        actuals=actuals,
        milestones=milestones,
        retainers=retainers,
        schedule=list(where(ScheduleRow, contract_line_id=line_ids)),
        currencies={currency.id: currency for currency in reader.mirror.all(CurrencyRecord)},
        roles={role.id: role for role in reader.mirror.all(Role)},
        categories={category.id: category for category in reader.mirror.all(Category)},
        decisions=decisions,
        marks=reader.ledger.marks(sources),
        invoices=reader.ledger.invoices(contract_ids=ids),
        ledger=ledger,
        run_rows=reader.ledger.run_rows(),
        policy=policy,
    )


def load_homeless(reader: Reader, policy: InvoicingPolicy) -> Book:
    """The unbilled sales that belong to no contract that there is: neither a contract nor the line of one names them (I-23)."""
    contracts = {contract.id for contract in reader.mirror.all(Contract)}
    if not contracts:
        return Book(policy=policy)  # contracts were not pulled yet
    gone = {id_ for id_ in reader.mirror.values(Actual, "contract_id") if id_ is not None and id_ not in contracts}
    rows = list(reader.mirror.where(Actual, contract_id=[None, *gone], type=TransactionType.UNBILLED_SALES))
    lines = reader.mirror.get_many(ContractLine, {row.contract_line_id for row in rows if row.contract_line_id is not None})
    homes = {line.id for line in lines.values() if line.contract_id in contracts}
    lost = [row for row in rows if row.contract_id is not None or row.contract_line_id not in homes]
    return Book(
        actuals=[replace(row, contract_id=None, contract_line_id=None) for row in lost],
        decisions=reader.decisions.of([row.id for row in lost]),
        policy=policy,
    )


def load_draft(reader: Reader, invoice_id: InvoiceId, policy: InvoicingPolicy, sources: Collection[SourceId] = ()) -> Book:
    """What changing these details of one draft needs: the invoice, the lines of its contract, and the rows that the details are of."""
    invoice = reader.ledger.invoice(invoice_id)
    contracts = [] if invoice is None else [invoice.contract_id]
    where = reader.mirror.where
    actuals = reader.mirror.get_many(Actual, [RecordId(source) for source in sources])
    return Book(
        contracts=list(where(Contract, id=contracts)),
        lines=list(where(ContractLine, contract_id=contracts)),
        actuals=list(actuals.values()),
        currencies={currency.id: currency for currency in reader.mirror.all(CurrencyRecord)},
        decisions=reader.decisions.of(actuals),
        invoices=() if invoice is None else (invoice,),
        policy=policy,
    )


def load_for_confirming(reader: Reader, invoice_id: InvoiceId, contract_id: ContractId, policy: InvoicingPolicy) -> Book:
    """Everything about the contract of a draft, and who made or changed the draft where the policy asks for that (I-87)."""
    book = load_book(reader, [contract_id], policy)
    return book if policy.confirmed_by == "anyone" else replace(book, makers=reader.ledger.makers([invoice_id]))


def work_based_contracts(reader: Reader, *, billed_here: InvoicingPolicy | None = None) -> list[ContractId]:
    """All active project contracts, by their number: the ones that are invoiced (I-20, I-21); with a policy those that are here (I-130)."""
    rows = reader.mirror.where(Contract, order_type=OrderType.WORK_BASED, state=ContractState.ACTIVE)
    ours = (row for row in rows if row.active and (billed_here is None or billed_here.origin_of(row) is Origin.LOCAL))
    return [contract.id for contract in sorted(ours, key=lambda row: (row.number or "", row.id))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an act did: the invoices it made or changed, and what it refused or passed over."""

    invoices: tuple[Invoice, ...] = ()
    changes: Changes = field(default_factory=Changes)

    def in_short(self) -> Answer:
        """The same without lines, events and ledger rows, whose size is that of the work: for whoever keeps the answers of a whole run."""
        told = replace(self.changes, happenings=(), ledger=())
        return Answer(invoices=tuple(replace(invoice, lines=()) for invoice in self.invoices), changes=told)


class BillingDesk:
    """Where people and schedules act on the backlog and on invoices. Every method is one act (or one an invoice) and commits it."""

    def __init__(
        self,
        store: Store,
        *,
        invoicing_policy: InvoicingPolicy,
        pricing_policy: PricingPolicy,
        target: str,
        now: Callable[[], datetime],
        by: str,
    ) -> None:
        self._store = store
        self._policy = invoicing_policy
        self._pricing_policy = pricing_policy
        self._target = target
        self._now = now
        self._by = by
        self._keeper = ReasonKeeper(pricing_policy)
        self._independent = IndependentPricer(pricing_policy)

    # ---- the backlog -------------------------------------------------------------------------------------------------

    def backlog(self, wanted: BacklogFilter = EVERY_ROW, *, include_all: bool = False) -> Iterator[BacklogRow]:
        """The billing backlog of all active project contracts, contract by contract (I-50, I-51).

        Contracts that are not asked for are not read; memory follows one contract at a time.
        """
        with self._store.read() as reader:
            contracts = [c.id for c in reader.mirror.all(Contract)] if include_all else work_based_contracts(reader)
            for contract in contracts:
                if not wanted.contracts or contract in wanted.contracts:
                    yield from invoicing.backlog(load_book(reader, [contract], self._policy), wanted, include_all=include_all)
            if include_all and not wanted.contracts:
                yield from invoicing.backlog(load_homeless(reader, self._policy), wanted, include_all=True)

    def mark(self, sources: Sequence[SourceId], *, ready: bool) -> Answer:
        """Marks rows ready or not ready; refused rows are reported, the rest proceeds (I-52)."""
        return self._on_sources(sources, lambda book, clerk: invoicing.mark(book, clerk, sources=sources, ready=ready))

    def evaluate_nte(self, sources: Sequence[SourceId]) -> Answer:
        """Checks rows against their not-to-exceed limits anew (I-45)."""
        return self._on_sources(sources, lambda book, clerk: invoicing.evaluate_nte(book, clerk, sources=sources))

    def reset_nte(self, sources: Sequence[SourceId]) -> Answer:
        """Frees what rows have committed of their limits (I-45)."""
        return self._on_sources(sources, lambda book, clerk: invoicing.reset_nte(book, clerk, sources=sources))

    def refund(self, retainers: Sequence[SourceId], *, wanted: bool) -> Answer:
        """Has the unused rest of retainers paid back by the next draft of their customer, or not any more (I-70)."""
        return self._on_sources(retainers, lambda book, clerk: invoicing.mark_refund(book, clerk, retainers=retainers, wanted=wanted))

    # ---- drafts ------------------------------------------------------------------------------------------------------

    def create(self, contracts: Sequence[ContractId], *, as_of: date, only: Sequence[SourceId] = (), to_existing: bool = False) -> Answer:
        """Drafts invoices of these contracts, each contract by itself: one's failure does not stop the others (I-73)."""
        return together(self.creations(contracts, as_of=as_of, only=only, to_existing=to_existing))

    def creations(
        self, contracts: Sequence[ContractId], *, as_of: date, only: Sequence[SourceId] = (), to_existing: bool = False
    ) -> Iterator[Answer]:
        """As `create`, one contract after the other, so that nobody needs to keep all drafts."""
        with self._store.read() as reader:
            require_clear_origins(reader, self._policy)
            unknown = unknown_sources(reader, only)
        if unknown:
            yield Answer(changes=joined(refused(id_, "unknown-source", "no such row in the backlog") for id_ in unknown))
        for contract in dict.fromkeys(contracts):
            yield self._create_one(contract, as_of, only, to_existing=to_existing)

    def _create_one(self, contract: ContractId, as_of: date, only: Sequence[SourceId], *, to_existing: bool) -> Answer:
        def act(book: Book, clerk: Clerk) -> Changes:
            return invoicing.create(book, clerk, contracts=[contract], as_of=as_of, only=only, to_existing=to_existing)

        return self._act([contract], act)

    def run_periodic(self, *, as_of: date) -> Answer:
        """The periodic run of a day over all active project contracts whose invoices are made here (I-79)."""
        return together(self.periodic_run(as_of=as_of))

    def periodic_run(self, *, as_of: date) -> Iterator[Answer]:
        """As `run_periodic`, some contracts at a time: one transaction, one answer; memory does not follow the number of contracts."""
        with self._store.read() as reader:
            require_clear_origins(reader, self._policy)
            contracts = work_based_contracts(reader, billed_here=self._policy)
        with WorkAhead(self._store, _SALES_SIDE) as ahead:
            for page, following in pairwise((*chunks(contracts, CONTRACTS_AT_ONCE), [])):
                yield self._periodic(page, following, ahead, as_of)

    @uncollected()
    def _periodic(self, contracts: Sequence[ContractId], following: Sequence[ContractId], ahead: WorkAhead, as_of: date) -> Answer:
        with self._writing() as (tx, clerk):
            texts = ahead.texts(tx, contracts)
            ahead.begin(tx, following)
            book = load_book(tx, contracts, self._policy, texts)
            return self._commit(tx, book, invoicing.run_periodic(book, clerk, as_of=as_of))

    def edit(self, invoice: str, *, source: SourceId, changes: Mapping[str, str]) -> Answer:
        """Edits one detail of a draft (I-81)."""
        return self.edit_many(invoice, {source: changes})

    def edit_many(self, invoice: str, edits: Mapping[SourceId, Mapping[str, str]]) -> Answer:
        """Edits several details of a draft in one transaction; refused ones are reported, the rest proceeds (I-81)."""
        return self._on_draft(invoice, edits, lambda book, clerk, id_: invoicing.edit_many(book, clerk, invoice_id=id_, edits=edits))

    def add(self, invoice: str, *, detail: ManualDetail) -> Answer:
        """Adds a detail by hand; a missing price is found by the pricing rules (I-83)."""
        with self._store.read() as reader:
            book_of_prices = price_book(reader, self._pricing_policy)

        def act(book: Book, clerk: Clerk, id_: InvoiceId) -> Changes:
            return invoicing.add(book, clerk, invoice_id=id_, detail=detail, price=self._keeper.noting(book_of_prices.decide))

        return self._on_invoice(invoice, act)

    def remove(self, invoice: str, *, source: SourceId) -> Answer:
        """Takes a detail off a draft; its source is ready again (I-84)."""
        return self._on_draft(invoice, (), lambda book, clerk, id_: invoicing.remove(book, clerk, invoice_id=id_, source=source))

    def apply_retainer(self, invoice: str, *, retainer: RetainerId, amount: Decimal) -> Answer:
        """Sets the applied amount of a retainer on a draft (I-67)."""
        return self._on_invoice(
            invoice,
            lambda book, clerk, id_: invoicing.apply_retainer(book, clerk, invoice_id=id_, retainer_id=retainer, amount=amount),
        )

    def refresh(self, invoice: str, *, as_of: date) -> Answer:
        """Adds to a draft what can be billed since, and takes its flags away (I-85)."""
        return self._on_invoice(invoice, lambda book, clerk, id_: invoicing.refresh(book, clerk, invoice_id=id_, as_of=as_of))

    def delete(self, invoices: Sequence[str]) -> Answer:
        """Deletes drafts; their sources are ready again (I-101). One of Dataverse that is held is given up with `problems drop`."""
        return together([self._on_draft(i, (), lambda book, clerk, id_: invoicing.delete(book, clerk, invoice_id=id_)) for i in invoices])

    def correct(self, invoice: str, *, as_of: date, only: Sequence[SourceId] = ()) -> Answer:
        """Drafts the correction of a confirmed invoice, starting from a full credit (I-95, I-96)."""
        return self._on_invoice(invoice, lambda book, clerk, id_: invoicing.correct(book, clerk, invoice_id=id_, only=only, as_of=as_of))

    # ---- invoices of Dataverse ---------------------------------------------------------------------------------------

    def take_over(self, *, as_of: date) -> Answer:
        """Takes over what was confirmed in Dataverse, of the contracts whose origin that is, each in its own transaction (I-130)."""
        with self._store.read() as reader:
            require_clear_origins(reader, self._policy)
            contracts = contracts_made_elsewhere(reader, self._policy)
        return together(self._take_over(contract, as_of) for contract in contracts)

    @uncollected()
    def _take_over(self, contract: ContractId, as_of: date, accepted: Collection[InvoiceId] = ()) -> Answer:
        with self._writing() as (tx, clerk):
            book = load_book(tx, [contract], self._policy)
            how = Takeover(
                as_of=as_of,
                price=self._keeper.noting(self._independent.over(tx)),
                accepted=accepted,
                compared=last_compared(tx, book.invoices),
            )
            taken = invoicing.take_over(book, clerk, load_upstream(tx, contract, book.invoices), how)
            answer = self._commit(tx, book, taken.changes)
            told = tuple(as_passed_over(finding, contract) for finding in keep_findings(tx, taken, self._now()))
        return replace(answer, changes=replace(taken.changes, passed_over=told))

    def _accept(self, invoice: Header, as_of: date) -> Answer:
        """A person takes a held invoice over as it is, whatever our prices say; what is wrong with it as a whole still holds it."""
        answer = self._take_over(invoice.contract_id, as_of, [invoice.id])
        own = tuple(i for i in answer.invoices if i.id == invoice.id)
        refusals = [Refusal(id=p.source, reason=p.reason, message=p.message) for p in answer.changes.passed_over if p.source == invoice.id]
        return Answer(invoices=own, changes=Changes(refusals=tuple(refusals)))

    # ---- confirming --------------------------------------------------------------------------------------------------

    def confirm(self, invoices: Sequence[str], *, as_of: date, accounting_date: date | None = None) -> Answer:
        """Confirms drafts, each in its own transaction with its ledger rows and its outbox row (I-87, I-93, promise 4).

        More than the policy's limit at a time are refused as a whole (`too-many`).
        """
        limit = self._policy.bulk_confirm_max
        if len(invoices) > limit:
            message = f"{len(invoices)} invoices at once; at most {limit} can be confirmed in one go"
            return Answer(changes=Changes(refusals=tuple(Refusal(id=Guid(i), reason="too-many", message=message) for i in invoices)))

        def act(book: Book, clerk: Clerk, id_: InvoiceId) -> Changes:
            return invoicing.confirm(book, clerk, invoice_ids=[id_], accounting_date=accounting_date, as_of=as_of)

        def load(tx: Transaction, id_: InvoiceId, contract: ContractId) -> Book:
            return load_for_confirming(tx, id_, contract, self._policy)

        names = dict.fromkeys(invoices)
        return together([self._accept(held, as_of) if (held := self._held(i)) else self._on_invoice(i, act, load) for i in names])

    def _held(self, name: str) -> Header | None:
        """An invoice of Dataverse that is held here, by its id or number."""
        with self._store.read() as reader:
            place = reader.ledger.place_of(name)
            found = None if place is None else reader.ledger.headers([place[0]])[place[0]]
        return found if found is not None and found.is_taken_over and found.status is InvoiceStatus.DRAFT else None

    # ---- after a pull ------------------------------------------------------------------------------------------------

    def flag_changed_sources(self) -> Answer:
        """Flags drafts whose sources changed or vanished in Dataverse, and lists confirmed ones that did (I-8, promise 2).

        Looks at the contracts of which anything changed since it last looked; at all when the rules or settings did.
        """
        with self._store.begin() as tx:
            fingerprint = watching_fingerprint(tx, self._policy)
            is_known = tx.watch.state() == DueState(True, fingerprint)
            position = tx.watch.reached() if is_known else tx.watch.begin()
            noted = set(tx.watch.names(position))
            invoiced = {header.contract_id for header in tx.ledger.all_headers()}
        if is_known and not noted:
            return Answer()
        looked_at = sorted(invoiced & noted if is_known else invoiced)
        answer = together([*map(self._flag, chunks(looked_at, CONTRACTS_AT_ONCE)), self._tell_of_homeless()])
        # Whoever was stopped before this has left its notes, or everything, to the next.
        with self._store.begin() as tx:
            tx.watch.complete(fingerprint, position)
        return answer

    @uncollected()
    def _flag(self, contracts: Sequence[ContractId]) -> Answer:
        with self._writing() as (tx, _):
            book = load_book(tx, contracts, self._policy)
            return self._save(tx, book, invoicing.source_changes(book))

    def _tell_of_homeless(self) -> Answer:
        """Lists the unbilled sales that nothing could ever bill because no contract is theirs (I-23, promise 5)."""
        with self._writing() as (tx, _):
            book = load_homeless(tx, self._policy)
            return self._save(tx, book, Changes(passed_over=invoicing.problems(book), considered=(None,)))

    # ---- one act -----------------------------------------------------------------------------------------------------

    @uncollected()
    def _on_sources(self, sources: Sequence[SourceId], act: Callable[[Book, Clerk], Changes]) -> Answer:
        with self._writing() as (tx, clerk):
            book = load_book(tx, contracts_of(tx, sources), self._policy)
            return self._commit(tx, book, act(book, clerk))

    def _on_draft(self, name: str, sources: Collection[SourceId], act: Callable[[Book, Clerk, InvoiceId], Changes]) -> Answer:
        """An act that concerns one draft alone: nothing else of its contract is read."""
        return self._on_invoice(name, act, lambda tx, id_, _: load_draft(tx, id_, self._policy, sources))

    @uncollected()
    def _on_invoice(
        self,
        name: str,
        act: Callable[[Book, Clerk, InvoiceId], Changes],
        load: Callable[[Transaction, InvoiceId, ContractId], Book] | None = None,
    ) -> Answer:
        with self._writing() as (tx, clerk):
            found = tx.ledger.place_of(name)
            if found is None:
                refusal = Refusal(
                    id=Guid(name), reason="unknown-invoice", message=f"there is no invoice {name!r}; see `proforma invoice list`"
                )
                return Answer(changes=Changes(refusals=(refusal,)))
            book = load_book(tx, [found[1]], self._policy) if load is None else load(tx, *found)
            return self._commit(tx, book, act(_with_invoice(tx, book, found[0]), clerk, found[0]))

    @uncollected()
    def _act(self, contracts: Sequence[ContractId], act: Callable[[Book, Clerk], Changes]) -> Answer:
        with self._writing() as (tx, clerk):
            book = load_book(tx, contracts, self._policy)
            return self._commit(tx, book, act(book, clerk))

    @contextmanager
    def _writing(self) -> Iterator[tuple[Transaction, Clerk]]:
        with self._store.stage_lock("invoicing", wait_seconds=10), self._store.begin() as tx:
            prefix = self._policy.number_prefix
            number = partial(tx.ledger.next_number, prefix)
            yield tx, Clerk(at=self._now(), by=self._by, new_id=partial(next, _new_ids()), next_number=number)

    def _commit(self, tx: Transaction, book: Book, changes: Changes) -> Answer:
        """Keeps what somebody did; what follows for flags and alerts is seen when they are next looked at."""
        answer = self._save(tx, book, changes)
        tx.watch.note_contracts([*(invoice.contract_id for invoice in answer.invoices), *(c.id for c in book.contracts if changes.marks)])
        return answer

    def _save(self, tx: Transaction, book: Book, changes: Changes) -> Answer:
        at = self._now()
        invoices = tx.ledger.save(changes, at=at, by=self._by, read=book.invoices)
        for invoice_id, happening in changes.happenings:
            if isinstance(happening, Confirmed):
                # Promise 4: the outbox row is born in the transaction that confirms.
                tx.outbox.enqueue(invoice_id, happening.reference, self._target, at)
        # Promise 3: the reason of a price is born in the transaction that puts the price on a draft.
        self._keeper.keep(tx, book, invoices, at)
        return Answer(invoices=tuple(invoices), changes=changes)


def _with_invoice(reader: Reader, book: Book, id_: InvoiceId) -> Book:
    """The book, with the invoice even if that is a deleted draft: whoever names it is told that it is no draft any more (I-102)."""
    if any(invoice.id == id_ for invoice in book.invoices):
        return book
    found = reader.ledger.invoice(id_)
    return book if found is None else replace(book, invoices=(*book.invoices, found))


def contracts_of(reader: Reader, sources: Sequence[SourceId]) -> list[ContractId]:
    """The contracts that these sources belong to; unknown sources belong to none."""
    homes = (*(row.contract_id for row in _rows_of(reader, sources)), *reader.ledger.contracts_holding(sources).values())
    return [id_ for id_ in dict.fromkeys(homes) if id_ is not None]


def unknown_sources(reader: Reader, sources: Sequence[SourceId]) -> list[SourceId]:
    """Those of which neither the mirror nor our ledger has a row."""
    known = {*(row.id for row in _rows_of(reader, sources)), *reader.ledger.contracts_holding(sources)}
    return [id_ for id_ in dict.fromkeys(sources) if id_ not in known]


def _rows_of(reader: Reader, sources: Sequence[SourceId]) -> list[Actual | Milestone | Retainer | ContractLine | LedgerActual]:
    """What the mirror has of them, and what corrections gave back, which the ledger alone knows (I-98)."""
    return [
        *reader.mirror.get_many(Actual, sources).values(),
        *reader.mirror.get_many(Milestone, sources).values(),
        *reader.mirror.get_many(Retainer, sources).values(),
        *reader.mirror.get_many(ContractLine, sources).values(),
        *reader.ledger.actuals(ids=sources),
    ]


def _new_ids() -> Iterator[Guid]:
    """Random GUIDs (version 4), as `uuid.uuid4` makes them, without its object and a call of the system for each.

    An invoice may take a hundred thousand. A generator serves one act.
    """
    while True:
        drawn = os.urandom(16 * _IDS_AT_ONCE).hex()
        for first in range(0, len(drawn), 32):
            digits = drawn[first : first + 32]
            yield Guid(f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}")


def together(answers: Iterable[Answer]) -> Answer:
    """The answers of several acts as one."""
    kept = list(answers)
    return Answer(
        invoices=tuple(invoice for answer in kept for invoice in answer.invoices),
        changes=joined(answer.changes for answer in kept),
    )
