"""What a line says beside its amount (I-86)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.codes import BillingType
from proforma.domain.invoices import Invoice, InvoiceLine
from proforma.domain.money import total
from proforma.invoicing.book import Book
from proforma.invoicing.statuses import is_confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSums:
    """Sums of an invoice line by billing type, and what confirmed invoices billed on the same contract line and type before."""

    chargeable: Decimal
    non_chargeable: Decimal
    complimentary: Decimal
    invoiced_before: Decimal


def line_sums(book: Book, invoice: Invoice, line: InvoiceLine) -> LineSums:
    """The sums of one line of an invoice. Invoiced before: not this invoice, and for a confirmed one only what was confirmed earlier."""
    return LineSums(
        chargeable=line.amount,
        non_chargeable=_sum(line, BillingType.NON_CHARGEABLE),
        complimentary=_sum(line, BillingType.COMPLIMENTARY),
        invoiced_before=total(
            other.amount
            for earlier in book.invoices
            if _is_before(earlier, invoice)
            for other in earlier.lines
            if line.contract_line_id is not None and (other.contract_line_id, other.type) == (line.contract_line_id, line.type)
        ),
    )


def _sum(line: InvoiceLine, type_: BillingType) -> Decimal:
    return total(d.amount for d in line.details if d.billing_type is type_)


def _is_before(earlier: Invoice, invoice: Invoice) -> bool:
    if earlier.id == invoice.id or not is_confirmed(earlier.status) or earlier.contract_id != invoice.contract_id:
        return False
    if earlier.confirmed_at is None or invoice.confirmed_at is None:
        return True
    return (earlier.confirmed_at, earlier.number) < (invoice.confirmed_at, invoice.number)
