"""Writing the actuals that a confirmation leaves in the ledger (I-88, I-98)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from proforma.domain.codes import BillingStatus, BillingType, LedgerType
from proforma.domain.ids import Guid
from proforma.domain.invoices import Figures, Invoice, InvoiceDetail, LedgerActual
from proforma.invoicing.clerk import Clerk


def negated(figures: Figures) -> Figures:
    """The figures of a reversal: quantity and amount negated, price and billing type as they were (I-3)."""
    return Figures(quantity=-figures.quantity, price=figures.price, amount=-figures.amount, billing_type=figures.billing_type)


def lump(amount: Decimal) -> Figures:
    """The figures of a retainer row: one piece whose price carries the sign (I-68, I-69)."""
    return Figures(quantity=Decimal(1), price=amount, amount=amount, billing_type=BillingType.CHARGEABLE)


class Journal:
    """The new ledger rows of one confirmation, in the order in which they are written."""

    def __init__(self, invoice: Invoice, clerk: Clerk, *, accounting_date: date) -> None:
        self._invoice = invoice
        self._clerk = clerk
        self._accounting_date = accounting_date
        self._rows: list[LedgerActual] = []

    @property
    def rows(self) -> tuple[LedgerActual, ...]:
        """What was written so far."""
        return tuple(self._rows)

    @property
    def precision(self) -> int:
        """Decimals of the invoice's amounts (I-112)."""
        return self._invoice.currency.precision

    def unbilled(self, detail: InvoiceDetail, figures: Figures, *, status: BillingStatus = BillingStatus.INVOICE_POSTED) -> Guid:
        """An unbilled sales row; the rows of a confirmation are born posted, those a correction gives back not ready."""
        return self._write(detail, figures, LedgerType.UNBILLED, status=status)

    def unbilled_reversal(self, detail: InvoiceDetail, figures: Figures, *, reverses: Guid | None = None) -> Guid:
        """A row that takes back an unbilled one; `figures` are the reversal's own, signs and all."""
        return self._write(detail, figures, LedgerType.UNBILLED, status=BillingStatus.INVOICE_POSTED, reversal=True, reverses=reverses)

    def billed(self, detail: InvoiceDetail, figures: Figures) -> Guid:
        """A billed sales row."""
        return self._write(detail, figures, LedgerType.BILLED)

    def billed_reversal(self, detail: InvoiceDetail, figures: Figures, *, reverses: Guid | None) -> Guid:
        """A row that takes back a billed one; `figures` are the reversal's own, signs and all."""
        return self._write(detail, figures, LedgerType.BILLED, reversal=True, reverses=reverses)

    def _write(
        self,
        detail: InvoiceDetail,
        figures: Figures,
        type_: LedgerType,
        *,
        status: BillingStatus | None = None,
        reversal: bool = False,
        reverses: Guid | None = None,
    ) -> Guid:
        row = LedgerActual(
            id=self._clerk.new_id(),
            invoice_id=self._invoice.id,
            detail_id=detail.id,
            sequence=len(self._rows) + 1,
            source=detail.source,
            type=type_,
            transaction_class=detail.transaction_class,
            reversal=reversal,
            quantity=figures.quantity,
            price=figures.price,
            amount=figures.amount,
            billing_type=figures.billing_type,
            billing_status=status,
            contract_id=self._invoice.contract_id,
            contract_line_id=detail.contract_line_id,
            customer_id=self._invoice.customer_id,
            currency=self._invoice.currency.code,
            day=detail.day,
            accounting_date=self._accounting_date if type_ is LedgerType.BILLED else None,
            reverses=reverses,
        )
        self._rows.append(row)
        return row.id
