"""Option values and columns of Project Operations that its rules on writing are about (invoicing, section 1.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

ACTUALS: Final = "msdyn_actuals"
INVOICES: Final = "invoices"
INVOICE_LINES: Final = "invoicedetails"
INVOICE_DETAILS: Final = "msdyn_invoicelinetransactions"
CONTRACT_LINES: Final = "salesorderdetails"
MILESTONES: Final = "msdyn_contractlinescheduleofvalues"
PROJECT_LINE: Final = 5
TIME_AND_MATERIAL: Final = 192350000
MILESTONE_NOT_READY: Final = 192350000


class TransactionType(IntEnum):
    """`msdyn_transactiontypecode`."""

    UNBILLED_SALES = 192350005
    BILLED_SALES = 192350006


class BillingStatus(IntEnum):
    """`msdyn_billingstatus` of actuals and product lines; milestones use other numbers for the same words."""

    NOT_READY = 192350000
    INVOICE_CREATED = 192350001
    INVOICE_POSTED = 192350002
    CANCELED = 192350003
    READY = 192350004


class BillingType(IntEnum):
    """`msdyn_billingtype`."""

    CHARGEABLE = 192350001
    NOT_AVAILABLE = 192350003


class LimitStatus(IntEnum):
    """`msdyn_nottoexceedstatus`; the numbers are assumed (invoicing, section 2)."""

    NOT_EVALUATED = 192350000
    COMMITTED = 192350001
    FAILED = 192350002
    NOT_APPLICABLE = 192350003


class InvoiceStatus(IntEnum):
    """`msdyn_projectinvoicestatus`. What stands behind Confirmed is confirmed too."""

    DRAFT = 192350000
    IN_REVIEW = 192350001
    CONFIRMED = 192350002
    PAID = 192350003
