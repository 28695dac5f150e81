"""The closed lists of words of the field. The numbers that Dataverse uses for them stand in `mappings/` alone."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """Which kind of price list prices a record (P-1)."""

    SALES = "sales"
    COST = "cost"
    PURCHASE = "purchase"


class TransactionType(StrEnum):
    """What an actual is: money spent, earned or billed (I-1)."""

    COST = "cost"
    PROJECT_CONTRACT = "project-contract"
    UNBILLED_SALES = "unbilled-sales"
    BILLED_SALES = "billed-sales"
    RESOURCING_UNIT_COST = "resourcing-unit-cost"
    INTER_ORGANIZATIONAL_SALES = "inter-organizational-sales"


class TransactionClass(StrEnum):
    """What kind of work or thing a record is about (I-2). Product is ours: the class of a billed product line (I-71)."""

    TIME = "time"
    EXPENSE = "expense"
    MATERIAL = "material"
    MILESTONE = "milestone"
    FEE = "fee"
    RETAINER = "retainer"
    PRODUCT = "product"
    TAX = "tax"
    COMMISSION = "commission"
    ADDITIONAL = "additional"


class BillingType(StrEnum):
    """Whether a record adds to an invoice (I-26)."""

    CHARGEABLE = "chargeable"
    NON_CHARGEABLE = "non-chargeable"
    COMPLIMENTARY = "complimentary"
    NOT_AVAILABLE = "not-available"


class BillingStatus(StrEnum):
    """Where a source row stands on its way to an invoice; one word list for actuals, milestones, retainers and product lines (I 1.2)."""

    NOT_READY = "not-ready"
    READY = "ready"
    INVOICE_CREATED = "invoice-created"
    INVOICE_POSTED = "invoice-posted"
    CANCELED = "canceled"
    WORK_ORDER_POSTED = "work-order-posted"
    #: A retainer whose unused rest the customer gets back; billed and available until then (I-70).
    READY_TO_REFUND = "ready-to-refund"


class AdjustmentStatus(StrEnum):
    """Whether a row was taken back; an untouched row has none (I-3, I-4)."""

    IN_PROCESS = "in-process"
    ADJUSTED = "adjusted"
    UNADJUSTABLE = "unadjustable"


class NteStatus(StrEnum):
    """Outcome of the not-to-exceed check (I-42)."""

    NOT_EVALUATED = "not-evaluated"
    COMMITTED = "committed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"


class AmountMethod(StrEnum):
    """How an amount follows from quantity and price (P-4)."""

    QUANTITY_BY_PRICE = "quantity-by-price"
    FIXED_PRICE = "fixed-price"
    BASIS_QUANTITY_BY_PRICE = "basis-quantity-by-price"
    BASIS_AMOUNT_BY_PERCENT = "basis-amount-by-percent"
    TAX_CALCULATION = "tax-calculation"


class BillingMethod(StrEnum):
    """How a contract line is billed (I-22)."""

    TIME_AND_MATERIAL = "time-and-material"
    FIXED_PRICE = "fixed-price"


class OrderType(StrEnum):
    """Only a work-based order is a project contract (I-20)."""

    ITEM_BASED = "item-based"
    WORK_BASED = "work-based"
    SERVICE_MAINTENANCE_BASED = "service-maintenance-based"


class ContractState(StrEnum):
    """Life of a project contract; only an active one is invoiced (I-21)."""

    DRAFT = "draft"
    ON_HOLD = "on-hold"
    ACTIVE = "active"
    CLOSED = "closed"


class CustomerKind(StrEnum):
    """A company or a person."""

    ACCOUNT = "account"
    CONTACT = "contact"


class PriceCalculation(StrEnum):
    """Pricing method of role and category prices."""

    PRICE_PER_UNIT = "price-per-unit"
    AT_COST = "at-cost"
    MARKUP_PERCENTAGE = "markup-percentage"


class ItemPricingMethod(StrEnum):
    """Pricing method of a price list item; only a currency amount prices project material (P-52, P-53)."""

    CURRENCY_AMOUNT = "currency-amount"
    PERCENT_OF_LIST = "percent-of-list"
    MARKUP_CURRENT_COST = "markup-current-cost"
    MARGIN_CURRENT_COST = "margin-current-cost"
    MARKUP_STANDARD_COST = "markup-standard-cost"
    MARGIN_STANDARD_COST = "margin-standard-cost"


class DimensionType(StrEnum):
    """Whether a pricing dimension chooses the role price or only its markup (P-30)."""

    AMOUNT_BASED = "amount-based"
    MARKUP_BASED = "markup-based"


class PriceListOwner(StrEnum):
    """What a price list is attached to (P-9)."""

    CONTRACT = "contract"
    QUOTE = "quote"
    OPPORTUNITY = "opportunity"
    ACCOUNT = "account"
    CONTACT = "contact"
    PARAMETERS = "parameters"
    ORGANIZATIONAL_UNIT = "organizational-unit"
    SUBCONTRACT = "subcontract"
    VENDOR = "vendor"


class ScheduleRunStatus(StrEnum):
    """Whether the periodic run has handled a row of an invoice schedule (I-79)."""

    NOT_RUN = "not-run"
    SUCCESSFUL = "run-successful"
    FAILED = "run-failed"


class IncludedTasks(StrEnum):
    """Whether a contract line takes all tasks of its project or selected ones (P-62)."""

    ALL = "all"
    SELECTED = "selected"


class EstimateOwner(StrEnum):
    """Which document an estimate belongs to."""

    QUOTE = "quote"
    CONTRACT = "contract"
    PROJECT = "project"


class InvoiceStatus(StrEnum):
    """Life of a proforma invoice here (I, section 20)."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    DELETED = "deleted"


class Origin(StrEnum):
    """Where the invoices of a contract are made and confirmed: here, or in the source system, from where they are taken over (I-130)."""

    LOCAL = "local"
    DATAVERSE = "dataverse"


class UpstreamStatus(StrEnum):
    """Where an invoice of the source system stands there. Unknown: a number that no mapping explains (I, section 21)."""

    DRAFT = "draft"
    IN_REVIEW = "in-review"
    CONFIRMED = "confirmed"
    PAID = "paid"
    POSTED = "posted"
    UNKNOWN = "unknown"


class PushStatus(StrEnum):
    """Where a confirmed invoice stands on its way to finance (F-83)."""

    NONE = "none"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    ACCEPTED = "accepted"
    POSTED = "posted"
    REFUSED = "refused"
    CONFLICT = "conflict"
    PARKED = "parked"
    CANCELLED = "cancelled"


class KeyKind(StrEnum):
    """What a finance document names that finance must know (F-89)."""

    CUSTOMER = "customer"
    CURRENCY = "currency"
    ACCOUNT = "account"
    ITEM = "item"
    RESOURCE = "resource"
    UNIT = "unit"
    DAY = "day"


class LineType(StrEnum):
    """Types of invoice lines, in the order in which an invoice shows them (I-76)."""

    TIME = "time"
    EXPENSE = "expense"
    MATERIAL = "material"
    FEE = "fee"
    MILESTONE = "milestone"
    PRODUCT = "product"
    RETAINER = "retainer"
    ADVANCE_APPLIED = "advance-applied"


class SourceKind(StrEnum):
    """What an invoice detail is made from."""

    ACTUAL = "actual"
    MILESTONE = "milestone"
    PRODUCT = "product"
    RETAINER = "retainer"
    ADVANCE = "advance"
    MANUAL = "manual"


class LedgerType(StrEnum):
    """The two types of actuals that confirmations put into the ledger (I-88)."""

    UNBILLED = "unbilled"
    BILLED = "billed"
