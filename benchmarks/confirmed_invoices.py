"""A store with confirmed invoices that wait for finance, made without the stages before: only the push is measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from benchmarks.priced_company import guid
from proforma.domain.codes import BillingType, CustomerKind, LineType, SourceKind, TransactionClass
from proforma.domain.contracts import Contract
from proforma.domain.ids import ContractId, ContractLineId, CurrencyId, CustomerId, InvoiceId, SourceId
from proforma.domain.invoices import Changes, Confirmed, Drafted, Happening, Invoice, InvoiceDetail, InvoiceLine
from proforma.domain.masters import Customer
from proforma.domain.money import Currency
from proforma.store import Store

#: Account number of the one customer.
CUSTOMER: Final = "C-1"
_DAY: Final = date(2026, 3, 31)
#: Just now: what was drafted longer ago than a key lives is asked about first, which is a request more, and not measured here.
_AT: Final = datetime.now(UTC)
_KINDS: Final = {"contract": 1, "customer": 2, "currency": 3, "invoice": 4, "detail": 5, "source": 6, "line": 7}
#: Invoices that one transaction confirms.
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Backlog:
    """So many invoices of so many lines each, for one customer and one finance system."""

    invoices: int
    lines: int
    target: str = "rest"

    def fill(self, store: Store) -> None:
        """Puts everything into an empty store, queued as a confirmation leaves it."""
        customer = Customer(id=_customer(), kind=CustomerKind.ACCOUNT, name="Customer", number=CUSTOMER)
        with store.begin() as tx:
            tx.mirror.upsert("accounts", Customer, [customer], [None], 1)
            tx.mirror.upsert("salesorders", Contract, [Contract(id=_contract(), customer_id=_customer())], [None], 1)
        for first in range(0, self.invoices, _AT_ONCE):
            self._confirm(store, range(first, min(self.invoices, first + _AT_ONCE)))

    def _confirm(self, store: Store, numbers: range) -> None:
        invoices = [self._invoice(number) for number in numbers]
        with store.begin() as tx:
            tx.ledger.save(Changes(happenings=tuple(_happenings(invoices))), at=_AT, by="benchmark")
            for invoice in invoices:
                tx.outbox.enqueue(invoice.id, _reference(invoice), self.target, _AT)

    def _invoice(self, number: int) -> Invoice:
        return Invoice(
            id=InvoiceId(guid(_KINDS["invoice"], number)),
            number=f"PF-{number + 1:06d}",
            contract_id=_contract(),
            customer_id=_customer(),
            currency=Currency("USD", 2),
            currency_id=CurrencyId(guid(_KINDS["currency"], 1)),
            as_of=_DAY,
            invoice_date=_DAY,
            created_at=_AT,
            lines=tuple(_line(number * self.lines + place) for place in range(self.lines)),
        )


def _happenings(invoices: list[Invoice]) -> Iterator[tuple[InvoiceId, Happening]]:
    for invoice in invoices:
        yield invoice.id, Drafted(invoice=invoice)
        yield invoice.id, Confirmed(reference=_reference(invoice), accounting_date=_DAY)


def _reference(invoice: Invoice) -> str:
    return f"{invoice.number}-BENCH"


def _line(number: int) -> InvoiceLine:
    """8 hours or less at 125.00, as one line."""
    quantity = Decimal(1 + number % 8)
    detail = InvoiceDetail(
        id=guid(_KINDS["detail"], number),
        source=SourceId(guid(_KINDS["source"], number)),
        kind=SourceKind.ACTUAL,
        type=LineType.TIME,
        transaction_class=TransactionClass.TIME,
        contract_line_id=ContractLineId(guid(_KINDS["line"], number % 10)),
        day=_DAY,
        billing_type=BillingType.CHARGEABLE,
        quantity=quantity,
        price=Decimal("125.00"),
        amount=quantity * Decimal("125.00"),
        description="Steering group, review of the drawings",
    )
    return InvoiceLine(contract_line_id=detail.contract_line_id, type=LineType.TIME, description="Consulting", details=(detail,))


def _customer() -> CustomerId:
    return CustomerId(guid(_KINDS["customer"], 1))


def _contract() -> ContractId:
    return ContractId(guid(_KINDS["contract"], 1))
