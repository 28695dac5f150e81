"""Builders for store tests: small records with defaults, so that a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from proforma.domain.codes import (
    BillingStatus,
    BillingType,
    LedgerType,
    LineType,
    SourceKind,
    TransactionClass,
)
from proforma.domain.ids import ActualId, ContractId, ContractLineId, CurrencyId, CustomerId, Guid, InvoiceId, RecordId, SourceId
from proforma.domain.invoices import Changes, Confirmed, Drafted, Figures, Invoice, InvoiceDetail, InvoiceLine, LedgerActual
from proforma.domain.money import Currency
from proforma.domain.records import Actual, TransactionConnection
from proforma.store import Store, Transaction

NOON: Final = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def guid(name: str) -> Guid:
    """The GUID that a name stands for."""
    return Guid(str(uuid5(NAMESPACE_OID, name)))


def work(name: str, *, contract: str = "contract", price: str = "120.00", **values: object) -> Actual:
    """Eight hours of time on a contract."""
    actual = Actual(
        id=RecordId(ActualId(guid(name))),
        table="msdyn_actuals",
        contract_id=ContractId(guid(contract)),
        quantity=Decimal(8),
        price=Decimal(price),
        amount=Decimal(8) * Decimal(price),
    )
    return replace(actual, **values)  # type: ignore[arg-type]


def link(first: str, second: str, *, active: bool = True) -> TransactionConnection:
    """A connection between two records."""
    name = f"{first} to {second}"
    return TransactionConnection(id=RecordId(guid(name)), first_id=guid(first), second_id=guid(second), active=active)


def pulled(store: Store, *actuals: Actual, generation: int = 1) -> None:
    """Puts actuals into the mirror in a transaction of their own."""
    with store.begin() as tx:
        tx.mirror.upsert("msdyn_actuals", Actual, actuals, [None] * len(actuals), generation)


def detail(source: str, amount: str = "960.00", *, name: str | None = None) -> InvoiceDetail:
    """A chargeable detail made from an actual of 8 hours."""
    figures = Figures(quantity=Decimal(8), price=Decimal("120.00"), amount=Decimal(amount), billing_type=BillingType.CHARGEABLE)
    return InvoiceDetail(
        id=guid(name or f"detail of {source}"),
        source=SourceId(guid(source)),
        kind=SourceKind.ACTUAL,
        type=LineType.TIME,
        transaction_class=TransactionClass.TIME,
        contract_line_id=ContractLineId(guid("line")),
        day=date(2026, 3, 15),
        billing_type=figures.billing_type,
        quantity=figures.quantity,
        price=figures.price,
        amount=figures.amount,
        original=figures,
    )


def line(*details: InvoiceDetail, description: str = "Consulting") -> InvoiceLine:
    """A time line of these details."""
    return InvoiceLine(contract_line_id=ContractLineId(guid("line")), type=LineType.TIME, description=description, details=details)


def invoice(name: str, *lines: InvoiceLine, number: str = "PF-000001", contract: str = "contract") -> Invoice:
    """A draft with these lines, or with one of 960.00."""
    return Invoice(
        id=InvoiceId(guid(name)),
        number=number,
        contract_id=ContractId(guid(contract)),
        customer_id=CustomerId(guid("customer")),
        currency=Currency("USD", 2),
        currency_id=CurrencyId(guid("USD")),
        as_of=date(2026, 3, 31),
        invoice_date=date(2026, 3, 31),
        created_at=NOON,
        lines=lines or (line(detail(f"work on {name}")),),
    )


def billed(draft: Invoice, source: str, *, name: str | None = None, amount: str = "960.00") -> LedgerActual:
    """The billed sales that confirming the draft leaves behind for one of its sources."""
    return LedgerActual(
        id=guid(name or f"billed {source}"),
        invoice_id=draft.id,
        detail_id=next(entry.id for entry in draft.details if entry.source == guid(source)),
        sequence=1,
        source=SourceId(guid(source)),
        type=LedgerType.BILLED,
        transaction_class=TransactionClass.TIME,
        reversal=False,
        quantity=Decimal(8),
        price=Decimal("120.00"),
        amount=Decimal(amount),
        billing_type=BillingType.CHARGEABLE,
        billing_status=BillingStatus.INVOICE_POSTED,
        contract_id=draft.contract_id,
        customer_id=draft.customer_id,
        currency="USD",
    )


def drafted(tx: Transaction, draft: Invoice) -> Invoice:
    """Saves a new draft."""
    tx.ledger.save(Changes(happenings=((draft.id, Drafted(invoice=draft)),)), at=NOON, by="anna")
    return draft


def confirmed(tx: Transaction, draft: Invoice, *, reference: str = "PF-REF-1", ledger: tuple[LedgerActual, ...] = ()) -> None:
    """Drafts, confirms and queues an invoice, as one confirmation does."""
    drafted(tx, draft)
    happened = Confirmed(reference=reference, accounting_date=date(2026, 3, 31))
    tx.ledger.save(Changes(happenings=((draft.id, happened),), ledger=ledger), at=later(60), by="ben")
    tx.outbox.enqueue(draft.id, reference, "dynamics", later(60))
