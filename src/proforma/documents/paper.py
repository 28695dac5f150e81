"""What a proforma says, before any language or file format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from proforma.domain.codes import BillingType, InvoiceStatus, LineType
from proforma.domain.money import total


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who bills or is billed. `lines`: address and whatever else stands below the name."""

    name: str
    number: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDetail:
    """One row. `value` is what it adds to the total: 0 unless chargeable, the difference on a correction (I-26, I-96).

    `amount`: quantity × price as drafted, also where nothing is charged for it. `previous`: invoiced before, on corrections only.
    `price_list`, `price_reason` and `price_rule` say where the price comes from (promise 3).
    """

    source: str
    day: date | None
    description: str | None
    person: str | None
    role: str | None
    category: str | None
    task: str | None
    project: str | None
    billing_type: BillingType
    quantity: Decimal
    unit: str | None
    price: Decimal | None
    amount: Decimal
    previous: Decimal | None
    value: Decimal
    tax: Decimal | None
    price_list: str | None
    price_reason: str | None
    price_rule: str | None

    @property
    def is_charged(self) -> bool:
        """Whether the customer pays for it (I-26)."""
        return self.billing_type is BillingType.CHARGEABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """One invoice line: details of one contract line and class (I-76)."""

    type: LineType
    description: str
    amount: Decimal
    details: tuple[PaperDetail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole proforma. Tax is never computed (I-110): `tax` is what somebody typed, None where nobody did."""

    number: str
    reference: str | None
    status: InvoiceStatus
    invoice_date: date
    accounting_date: date | None
    currency: str
    precision: int
    seller: Party | None
    customer: Party
    contract_number: str | None
    contract_name: str | None
    projects: tuple[str, ...]
    payment_terms: int | None
    corrects: str | None
    lines: tuple[PaperLine, ...]
    total: Decimal

    @property
    def details(self) -> Iterator[PaperDetail]:
        """All rows, line by line."""
        return (detail for line in self.lines for detail in line.details)

    @property
    def first_day(self) -> date | None:
        """The earliest day of work on it; the day of an advance is none."""
        return min(self._work_days, default=None)

    @property
    def last_day(self) -> date | None:
        """The latest day of work on it; the day of an advance is none."""
        return max(self._work_days, default=None)

    @property
    def _work_days(self) -> Iterator[date]:
        work = (line for line in self.lines if line.type not in (LineType.RETAINER, LineType.ADVANCE_APPLIED))
        return (detail.day for line in work for detail in line.details if detail.day is not None)

    @property
    def applied(self) -> Decimal:
        """Retainers that pay for a part of it, as a negative amount (I-67)."""
        return total(line.amount for line in self.lines if line.type is LineType.ADVANCE_APPLIED)

    @property
    def tax(self) -> Decimal | None:
        """What was typed as tax on charged rows."""
        typed = [d.tax for d in self.details if d.tax is not None and d.is_charged]
        return total(typed) if typed else None

    def not_charged(self, billing_type: BillingType) -> Decimal:
        """What rows of a type that is not charged would have cost; shown, never summed up (I-26)."""
        return total(d.amount for d in self.details if d.billing_type is billing_type)
