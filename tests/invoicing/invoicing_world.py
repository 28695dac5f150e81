"""A small deal to bill. Ids are plain words, so that a result reads like a sentence.

The contract "deal" of customer "acme" is in USD and active. Its line "work" is time and material, its line "build" is fixed price.
Work is ready, chargeable, of 10 March 2026 and 8 hours at 200.00, unless a test says otherwise. Every act commits what it returns.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from proforma.domain.codes import (
    AdjustmentStatus,
    BillingMethod,
    BillingStatus,
    BillingType,
    ContractState,
    LedgerType,
    NteStatus,
    OrderType,
    ScheduleRunStatus,
    TransactionClass,
    TransactionType,
)
from proforma.domain.contracts import Contract, ContractCustomer, ContractLine, LineCustomer, Milestone, Retainer, ScheduleRow
from proforma.domain.ids import (
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    Guid,
    InvoiceId,
    MilestoneId,
    RecordId,
    RetainerId,
    SourceId,
)
from proforma.domain.invoices import Changes, Invoice, InvoiceDetail, LedgerActual
from proforma.domain.masters import CurrencyRecord
from proforma.domain.money import plain, round_amount
from proforma.domain.records import Actual
from proforma.invoicing import (
    BacklogRow,
    Book,
    Clerk,
    ManualDetail,
    add,
    after,
    apply_retainer,
    backlog,
    confirm,
    correct,
    create,
    delete,
    edit,
    evaluate_nte,
    mark,
    mark_refund,
    problems,
    refresh,
    remove,
    reset_nte,
    run_periodic,
)
from proforma.invoicing.adding import Pricer

TODAY = date(2026, 3, 31)
WORK_DAY = date(2026, 3, 10)
DEAL = ContractId(Guid("deal"))
ACME = "acme"
READY, NOT_READY = BillingStatus.READY, BillingStatus.NOT_READY


def D(number: str | int) -> Decimal:
    """A decimal."""
    return Decimal(number)


def day(text: str) -> date:
    """A day of 2026, as month-day."""
    return date.fromisoformat(f"2026-{text}")


PAID_ON = day("01-15")


class ActualFields(TypedDict, total=False):
    """What a test may say of unbilled work."""

    hours: str
    price: str | None
    amount: str | None
    transaction_class: TransactionClass
    type: TransactionType
    billing_type: BillingType | None
    status: BillingStatus | None
    adjustment: AdjustmentStatus | None
    nte: NteStatus | None
    on: date | None
    document_date: date | None
    line: str | None
    contract: str | None
    customer: str | None
    currency: str
    held_by: str | None


class Deal:
    """The books of one deal, and a clerk who acts on them."""

    def __init__(self, *, currency: str = "USD", precision: int = 2, nte_limit: str | None = None) -> None:
        self._counter = itertools.count(1)
        self._numbers = itertools.count(1)
        self.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
        self.by = "ann"
        self.currency = CurrencyId(Guid(currency))
        self.book = Book(currencies={self.currency: CurrencyRecord(id=self.currency, code=currency, precision=precision)})
        self.contract("deal", nte_limit=nte_limit)
        self.line("work")
        self.line("build", method=BillingMethod.FIXED_PRICE)

    # ---- what Dataverse says ------------------------------------------------------------------------------------------

    def contract(
        self,
        id_: str,
        *,
        state: ContractState = ContractState.ACTIVE,
        order_type: OrderType = OrderType.WORK_BASED,
        customer: str | None = ACME,
        nte_limit: str | None = None,
    ) -> None:
        """A project contract."""
        record = Contract(
            id=ContractId(Guid(id_)),
            order_type=order_type,
            state=state,
            customer_id=_customer(customer),
            currency_id=self.currency,
            nte_limit=_decimal(nte_limit),
        )
        self.book = replace(self.book, contracts=(*self.book.contracts, record))

    def line(
        self,
        id_: str,
        *,
        contract: str = "deal",
        method: BillingMethod | None = BillingMethod.TIME_AND_MATERIAL,
        nte_limit: str | None = None,
        fee: bool | None = None,
    ) -> None:
        """A project line; lines keep the order in which they are made."""
        record = ContractLine(
            id=ContractLineId(Guid(id_)),
            contract_id=ContractId(Guid(contract)),
            order=len(self.book.lines),
            description=id_.capitalize(),
            billing_method=method,
            nte_limit=_decimal(nte_limit),
            include_fee=fee,
        )
        self.book = replace(self.book, lines=(*[line for line in self.book.lines if line.id != record.id], record))

    def product(
        self,
        id_: str,
        *,
        contract: str = "deal",
        quantity: str = "1",
        price: str | None = "50.00",
        status: BillingStatus | None = READY,
        discount: str | None = None,
        base: str | None = None,
        extended: str | None = None,
        tax: str | None = None,
    ) -> None:
        """A product line."""
        record = ContractLine(
            id=ContractLineId(Guid(id_)),
            contract_id=ContractId(Guid(contract)),
            order=len(self.book.lines),
            description=id_.capitalize(),
            is_project_based=False,
            quantity=D(quantity),
            price_per_unit=_decimal(price),
            billing_status=status,
            manual_discount=_decimal(discount),
            base_amount=_decimal(base),
            extended_amount=_decimal(extended),
            tax=_decimal(tax),
        )
        self.book = replace(self.book, lines=(*self.book.lines, record))

    def work(self, id_: str, **said: Unpack[ActualFields]) -> Actual:
        """An unbilled sales actual; one of the same id is replaced, as a pull would."""
        hours, price = said.get("hours", "8"), said.get("price", "200.00")
        amount = said.get("amount", self._product(hours, price))
        record = Actual(
            id=RecordId(Guid(id_)),
            table="msdyn_actuals",
            type=said.get("type", TransactionType.UNBILLED_SALES),
            transaction_class=said.get("transaction_class", TransactionClass.TIME),
            transaction_date=said.get("on", WORK_DAY),
            document_date=said.get("document_date"),
            contract_id=_contract(said.get("contract", "deal")),
            contract_line_id=_line(said.get("line", "work")),
            customer_id=_customer(said.get("customer", ACME)),
            quantity=D(hours),
            price=_decimal(price),
            amount=_decimal(amount),
            currency_id=CurrencyId(Guid(said.get("currency", str(self.currency)))),
            billing_type=said.get("billing_type", BillingType.CHARGEABLE),
            billing_status=said.get("status", READY),
            adjustment=said.get("adjustment"),
            nte_status=said.get("nte"),
            invoice_id=None if said.get("held_by") is None else InvoiceId(Guid(str(said.get("held_by")))),
            created_at=self.now + timedelta(seconds=len(self.book.actuals)),
        )
        self.book = replace(self.book, actuals=(*[a for a in self.book.actuals if a.id != record.id], record))
        return record

    def _product(self, hours: str, price: str | None) -> str | None:
        if price is None:
            return None
        precision = self.book.currencies[self.currency].currency.precision
        return plain(round_amount(D(hours) * D(price), precision=precision))

    def vanish(self, id_: str) -> None:
        """Dataverse deletes an actual."""
        self.book = replace(self.book, actuals=tuple(a for a in self.book.actuals if a.id != id_))

    def milestone(
        self,
        id_: str,
        amount: str | None = "5000.00",
        *,
        status: BillingStatus | None = READY,
        on: date | None = TODAY,
        line: str = "build",
        customer: str | None = None,
        tax: str | None = None,
    ) -> None:
        """A milestone."""
        record = Milestone(
            id=MilestoneId(Guid(id_)),
            name=id_.capitalize(),
            contract_id=DEAL,
            contract_line_id=_line(line),
            customer_id=_customer(customer),
            amount=_decimal(amount),
            tax=_decimal(tax),
            invoice_date=on,
            status=status,
        )
        self.book = replace(self.book, milestones=(*[m for m in self.book.milestones if m.id != record.id], record))

    def retainer(
        self,
        id_: str,
        amount: str = "1000.00",
        *,
        status: BillingStatus = BillingStatus.INVOICE_POSTED,
        used: str = "0",
        available: str | None = None,
        on: date = PAID_ON,
        customer: str | None = ACME,
        contract: str = "deal",
    ) -> None:
        """A retainer: one that is paid in, unless a test says otherwise."""
        posted = status is BillingStatus.INVOICE_POSTED
        left = plain(D(amount) - D(used)) if posted else "0"
        record = Retainer(
            id=RetainerId(Guid(id_)),
            description=id_.capitalize(),
            contract_id=ContractId(Guid(contract)),
            customer_id=_customer(customer),
            amount=D(amount),
            invoice_date=on,
            status=status,
            used=D(used),
            available=D(available if available is not None else left),
        )
        self.book = replace(self.book, retainers=(*[r for r in self.book.retainers if r.id != record.id], record))

    def split(self, line: str, *, nte_limit: str | None = None, rounding: str | None = None, **percents: str) -> None:
        """The customers of a contract line, each with its percentage."""
        rows = [
            LineCustomer(
                id=RecordId(Guid(f"{line}-{n}")),
                contract_line_id=_line(line),
                customer_id=_customer(customer),
                percent=D(percent),
                is_rounding=customer == rounding,
                nte_limit=_decimal(nte_limit),
            )
            for n, (customer, percent) in enumerate(percents.items(), len(self.book.line_customers))
        ]
        self.book = replace(self.book, line_customers=(*self.book.line_customers, *rows))

    def contract_customer(self, customer: str, *, nte_limit: str) -> None:
        """A customer of the contract, with a limit."""
        row = ContractCustomer(
            id=RecordId(Guid(f"deal-{customer}")), contract_id=DEAL, customer_id=_customer(customer), nte_limit=D(nte_limit)
        )
        self.book = replace(self.book, contract_customers=(*self.book.contract_customers, row))

    def schedule(self, id_: str, *, run: date, cut_off: date | None = None, line: str = "work") -> None:
        """A row of an invoice schedule that has not run."""
        row = ScheduleRow(
            id=RecordId(Guid(id_)), contract_line_id=_line(line), run_date=run, cut_off=cut_off, status=ScheduleRunStatus.NOT_RUN
        )
        self.book = replace(self.book, schedule=(*self.book.schedule, row))

    def two_persons(self) -> None:
        """Nobody confirms what they made or changed."""
        self.book = replace(self.book, policy=replace(self.book.policy, confirmed_by="another_person"))

    # ---- acts ---------------------------------------------------------------------------------------------------------

    @property
    def clerk(self) -> Clerk:
        """Who acts; ids and numbers are counted."""
        return Clerk(
            at=self.now,
            by=self.by,
            new_id=lambda: Guid(f"new-{next(self._counter):03}"),
            next_number=lambda: f"PF-{next(self._numbers):06}",
        )

    def commit(self, changes: Changes) -> Changes:
        """Keeps what an act returned; each act is a minute later than the one before."""
        self.book = after(self.book, changes, self.clerk)
        self.now += timedelta(minutes=1)
        return changes

    def create(self, *contracts: str, as_of: date = TODAY, only: Sequence[str] = (), to_existing: bool = False) -> Changes:
        """Creates by hand, for the deal unless contracts are named."""
        ids = [ContractId(Guid(c)) for c in contracts or ("deal",)]
        return self.commit(create(self.book, self.clerk, contracts=ids, as_of=as_of, only=_sources(only), to_existing=to_existing))

    def run(self, on: date) -> Changes:
        """The periodic run of a day."""
        return self.commit(run_periodic(self.book, self.clerk, as_of=on))

    def mark(self, *sources: str, ready: bool = True) -> Changes:
        """Marks rows."""
        return self.commit(mark(self.book, self.clerk, sources=_sources(sources), ready=ready))

    def refund(self, *retainers: str, wanted: bool = True) -> Changes:
        """Has retainers paid back."""
        return self.commit(mark_refund(self.book, self.clerk, retainers=_sources(retainers), wanted=wanted))

    def evaluate(self, *sources: str) -> Changes:
        """Checks limits."""
        return self.commit(evaluate_nte(self.book, self.clerk, sources=_sources(sources)))

    def reset(self, *sources: str) -> Changes:
        """Resets limits."""
        return self.commit(reset_nte(self.book, self.clerk, sources=_sources(sources)))

    def edit(self, source: str, of: int = -1, /, **changes: str) -> Changes:
        """Edits a detail of the invoice at that place, the newest unless said otherwise."""
        return self.commit(edit(self.book, self.clerk, invoice_id=self.invoice(of).id, source=SourceId(Guid(source)), changes=changes))

    def remove(self, source: str, *, of: int = -1) -> Changes:
        """Removes a detail."""
        return self.commit(remove(self.book, self.clerk, invoice_id=self.invoice(of).id, source=SourceId(Guid(source))))

    def add(self, detail: ManualDetail, *, of: int = -1, price: Pricer | None = None) -> Changes:
        """Adds a detail by hand."""
        return self.commit(add(self.book, self.clerk, invoice_id=self.invoice(of).id, detail=detail, price=price))

    def apply(self, retainer: str, amount: str, *, of: int = -1) -> Changes:
        """Sets an applied retainer."""
        return self.commit(
            apply_retainer(self.book, self.clerk, invoice_id=self.invoice(of).id, retainer_id=RetainerId(Guid(retainer)), amount=D(amount))
        )

    def refresh(self, *, of: int = -1, as_of: date = TODAY) -> Changes:
        """Refreshes a draft."""
        return self.commit(refresh(self.book, self.clerk, invoice_id=self.invoice(of).id, as_of=as_of))

    def delete(self, *, of: int = -1) -> Changes:
        """Deletes a draft."""
        return self.commit(delete(self.book, self.clerk, invoice_id=self.invoice(of).id))

    def confirm(self, *places: int, accounting_date: date | None = None) -> Changes:
        """Confirms invoices by their places, the newest unless said otherwise."""
        ids = [self.invoice(p).id for p in places or (-1,)]
        return self.commit(confirm(self.book, self.clerk, invoice_ids=ids, accounting_date=accounting_date, as_of=TODAY))

    def correct(self, *only: str, of: int = -1) -> Changes:
        """Starts a correction."""
        return self.commit(correct(self.book, self.clerk, invoice_id=self.invoice(of).id, only=_sources(only), as_of=TODAY))

    # ---- what came of it ----------------------------------------------------------------------------------------------

    def invoice(self, place: int = -1) -> Invoice:
        """The invoice at a place, in order of creation."""
        return self.book.invoices[place]

    def row(self, source: str) -> BacklogRow:
        """A row of the whole backlog."""
        return next(r for r in backlog(self.book, include_all=True) if r.source == source)

    def statuses(self, *sources: str) -> list[str]:
        """Where rows stand."""
        return [self.row(s).status.value for s in sources]

    def problems(self) -> dict[str, str]:
        """Rows that a person must see, with the reason."""
        return {p.source: p.reason for p in problems(self.book)}

    def balance(self, retainer: str) -> str:
        """Used and available of a retainer."""
        row = self.row(retainer)
        assert row.used is not None
        assert row.available is not None
        return f"used {row.used:.2f} available {row.available:.2f}"

    def ledger(self, place: int = -1) -> list[str]:
        """The ledger rows of one invoice, in order: R reversal, U unbilled, B billed."""
        id_ = self.invoice(place).id
        return [ledger_row(r) for r in self.book.ledger if r.invoice_id == id_]


def reasons(changes: Changes) -> dict[str, str]:
    """What was refused, and why."""
    return {r.id: r.reason for r in changes.refusals}


def lines(invoice: Invoice) -> list[str]:
    """The lines of an invoice as a person reads them."""
    return [
        f"{line.contract_line_id or '-'} {line.type.value} {plain(line.amount)}: {', '.join(_detail(d) for d in line.details)}"
        for line in invoice.lines
    ]


def _detail(detail: InvoiceDetail) -> str:
    price = "?" if detail.price is None else plain(detail.price)
    text = f"{detail.source} {plain(detail.quantity)} x {price} = {plain(detail.amount)}"
    return text if detail.billing_type is BillingType.CHARGEABLE else f"{text} {detail.billing_type.value}"


def ledger_row(row: LedgerActual) -> str:
    """One ledger row: kind, source, quantity, amount, and what is not usual about it."""
    kind = ("R " if row.reversal else "") + ("U" if row.type is LedgerType.UNBILLED else "B")
    words = [kind, row.source, plain(row.quantity), plain(row.amount)]
    if row.billing_type is not BillingType.CHARGEABLE:
        words.append(row.billing_type.value)
    if row.billing_status is NOT_READY:
        words.append("not-ready")
    return " ".join(words)


def by_hand(id_: str, price: str | None, **said: object) -> ManualDetail:
    """A fee of one piece on the line "work", unless a test says otherwise."""
    line = str(said.get("line", "work"))
    transaction_class = said.get("transaction_class", TransactionClass.FEE)
    billing_type = said.get("billing_type", BillingType.CHARGEABLE)
    assert isinstance(transaction_class, TransactionClass)
    assert billing_type is None or isinstance(billing_type, BillingType)
    return ManualDetail(
        id=SourceId(Guid(id_)),
        contract_line_id=ContractLineId(Guid(line)),
        transaction_class=transaction_class,
        day=TODAY,
        quantity=D(str(said.get("quantity", "1"))),
        price=_decimal(price),
        billing_type=billing_type,
    )


def _sources(ids: Sequence[str]) -> list[SourceId]:
    return [SourceId(Guid(i)) for i in ids]


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _customer(text: str | None) -> CustomerId | None:
    return None if text is None else CustomerId(Guid(text))


def _contract(text: str | None) -> ContractId | None:
    return None if text is None else ContractId(Guid(text))


def _line(text: str | None) -> ContractLineId | None:
    return None if text is None else ContractLineId(Guid(text))


def customer_id(text: str) -> CustomerId:
    """A customer id."""
    return CustomerId(Guid(text))


def invoice_id(text: str) -> InvoiceId:
    """An invoice id."""
    return InvoiceId(Guid(text))
