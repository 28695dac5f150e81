"""The header of an invoice as one flat record, which is what a row can hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from proforma.domain.codes import InvoiceStatus, Origin, PushStatus
from proforma.domain.ids import ContractId, CurrencyId, CustomerId, InvoiceId, SourceId
from proforma.domain.invoices import Invoice, InvoiceLine
from proforma.domain.money import Currency
from proforma.store.seals import UNSEALED


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An invoice without its lines, and what closes its events and its ledger rows: how many there are, and the last one's seal."""

    id: InvoiceId
    number: str
    contract_id: ContractId
    customer_id: CustomerId
    currency: str
    currency_precision: int
    currency_id: CurrencyId
    as_of: date
    invoice_date: date
    created_at: datetime
    status: InvoiceStatus
    push: PushStatus
    reference: str | None
    corrects: InvoiceId | None
    periodic: bool
    accounting_date: date | None
    confirmed_at: datetime | None
    external_id: str | None
    external_number: str | None
    flags: tuple[SourceId, ...]
    total: Decimal
    origin: Origin = Origin.LOCAL
    events: int = 0
    events_seal: str = UNSEALED
    ledger_rows: int = 0
    ledger_seal: str = UNSEALED

    @property
    def is_taken_over(self) -> bool:
        """Whether it was made in the source system (I-130)."""
        return self.origin is Origin.DATAVERSE

    def closed_like(self, other: Header) -> Header:
        """This header with the ends of another."""
        return replace(
            self,
            events=other.events,
            events_seal=other.events_seal,
            ledger_rows=other.ledger_rows,
            ledger_seal=other.ledger_seal,
        )

    def invoice(self, lines: tuple[InvoiceLine, ...]) -> Invoice:
        """The whole invoice."""
        return Invoice(
            id=self.id,
            number=self.number,
            contract_id=self.contract_id,
            customer_id=self.customer_id,
            currency=Currency(self.currency, self.currency_precision),
            currency_id=self.currency_id,
            as_of=self.as_of,
            invoice_date=self.invoice_date,
            created_at=self.created_at,
            lines=lines,
            status=self.status,
            push=self.push,
            reference=self.reference,
            corrects=self.corrects,
            periodic=self.periodic,
            accounting_date=self.accounting_date,
            confirmed_at=self.confirmed_at,
            external_id=self.external_id,
            external_number=self.external_number,
            flags=self.flags,
            origin=self.origin,
        )


def header_of(invoice: Invoice) -> Header:
    """The header of an invoice, nothing closed yet."""
    return Header(
        id=invoice.id,
        number=invoice.number,
        contract_id=invoice.contract_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency.code,
        currency_precision=invoice.currency.precision,
        currency_id=invoice.currency_id,
        as_of=invoice.as_of,
        invoice_date=invoice.invoice_date,
        created_at=invoice.created_at,
        status=invoice.status,
        push=invoice.push,
        reference=invoice.reference,
        corrects=invoice.corrects,
        periodic=invoice.periodic,
        accounting_date=invoice.accounting_date,
        confirmed_at=invoice.confirmed_at,
        external_id=invoice.external_id,
        external_number=invoice.external_number,
        flags=invoice.flags,
        total=invoice.total,
        origin=invoice.origin,
    )
