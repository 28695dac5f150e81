"""Adding to a draft what has no actual: work by hand, or a new retainer (I-66, I-83)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from proforma.domain.codes import BillingType, LineType, SourceKind, TransactionClass, TransactionType
from proforma.domain.contracts import ContractLine
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import RefusedError
from proforma.domain.ids import (
    CategoryId,
    ContractLineId,
    InvoiceId,
    ProductId,
    ProjectId,
    RecordId,
    ResourceId,
    RoleId,
    SourceId,
    TaskId,
    UnitId,
)
from proforma.domain.invoices import Changes, Invoice, InvoiceDetail
from proforma.domain.money import EXACT, PRECISION_MAX, round_amount
from proforma.domain.prices import ROLE_DIMENSION
from proforma.domain.records import Actual
from proforma.invoicing.book import Book
from proforma.invoicing.changes import refused
from proforma.invoicing.chargeability import chargeability
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.details import line_type
from proforma.invoicing.editing import draft_of, relined
from proforma.invoicing.edits import is_billable
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources import collect
from proforma.invoicing.sources.actuals import BILLABLE_CLASSES

Pricer = Callable[[Actual], PriceDecision]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualDetail:
    """A detail that a person adds to a draft; `id` is its source from then on.

    Price None: pricing decides it. Billing type None: the contract line's chargeable roles, categories and tasks decide (I-25).
    `currency` and customer are the invoice's.
    """

    id: SourceId
    contract_line_id: ContractLineId | None
    transaction_class: TransactionClass
    day: date
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None
    billing_type: BillingType | None = None
    tax: Decimal | None = None
    description: str | None = None
    external_description: str | None = None
    project_id: ProjectId | None = None
    task_id: TaskId | None = None
    role_id: RoleId | None = None
    resource_id: ResourceId | None = None
    category_id: CategoryId | None = None
    product_id: ProductId | None = None
    unit_id: UnitId | None = None


def add(book: Book, clerk: Clerk, *, invoice_id: InvoiceId, detail: ManualDetail, price: Pricer | None = None) -> Changes:
    """Adds a detail without actual to a draft (I-83), or a retainer that is created there and then (I-66).

    `price` is asked when the detail names no price; without an answer the detail is refused `unpriced`.
    """
    facts = Facts(book)
    try:
        invoice = draft_of(facts, invoice_id)
        _check(facts, invoice, detail)
        if detail.transaction_class is TransactionClass.RETAINER:
            added = _retainer(clerk, invoice, detail)
        else:
            added = _work(facts, clerk, invoice, detail, price)
    except RefusedError as refusal:
        return refused(detail.id, refusal.reason, refusal.message)
    return relined(facts, invoice, "add", (*invoice.details, added))


def _check(facts: Facts, invoice: Invoice, detail: ManualDetail) -> None:
    if invoice.corrects is not None:
        raise RefusedError("not-editable", "new work cannot be added to a correction")
    if detail.id in facts.holdings or any(s.id == detail.id for s in collect(facts)):
        raise RefusedError("not-editable", f"{detail.id} is in use: give the detail an id of its own")
    if not all(is_billable(said) for said in (detail.quantity, detail.price, detail.tax) if said is not None):
        raise RefusedError("not-editable", f"a number has at most 15 digits before the point and {PRECISION_MAX} after it")
    if detail.quantity < 0:
        raise RefusedError("negative-quantity", "the quantity cannot be negative: use a negative price for a reduction")
    if detail.billing_type is BillingType.NOT_AVAILABLE:
        raise RefusedError("not-editable", "the billing type Not Available cannot be billed")


def _retainer(clerk: Clerk, invoice: Invoice, detail: ManualDetail) -> InvoiceDetail:
    amount = None if detail.price is None else round_amount(detail.price, precision=invoice.currency.precision)
    if amount is None or amount <= 0:
        raise RefusedError("unpriced", "a new retainer needs its amount as price")
    return InvoiceDetail(
        id=clerk.new_id(),
        source=detail.id,
        kind=SourceKind.RETAINER,
        type=LineType.RETAINER,
        transaction_class=TransactionClass.RETAINER,
        contract_line_id=None,
        day=detail.day,
        billing_type=BillingType.CHARGEABLE,
        quantity=Decimal(1),
        price=amount,
        amount=amount,
        description=detail.description,
    )


def _work(facts: Facts, clerk: Clerk, invoice: Invoice, detail: ManualDetail, price: Pricer | None) -> InvoiceDetail:
    line = _line(facts, invoice, detail)
    type_ = detail.billing_type or _chargeability(facts, line, detail)
    unit_price, decision = _price(facts, invoice, line, detail, price)
    amount = round_amount(EXACT.multiply(detail.quantity, unit_price), precision=invoice.currency.precision)
    return InvoiceDetail(
        id=clerk.new_id(),
        source=detail.id,
        kind=SourceKind.MANUAL,
        type=line_type(detail.transaction_class),
        transaction_class=detail.transaction_class,
        contract_line_id=line.id,
        line_order=facts.line_order(line.id),
        day=detail.day,
        billing_type=type_,
        quantity=detail.quantity,
        price=unit_price,
        amount=amount,
        tax=detail.tax,
        description=detail.description,
        external_description=detail.external_description,
        project_id=detail.project_id or line.project_id,
        task_id=detail.task_id,
        role_id=detail.role_id,
        resource_id=detail.resource_id,
        category_id=detail.category_id,
        product_id=detail.product_id,
        unit_id=detail.unit_id,
        price_list_id=None if decision is None else decision.price_list_id,
        price_reason=None if decision is None else decision.reason,
        price_rule=None if decision is None else decision.rule,
    )


def _line(facts: Facts, invoice: Invoice, detail: ManualDetail) -> ContractLine:
    """The project line of the invoice's contract, which must not exclude the class (I-83)."""
    line = facts.line(detail.contract_line_id)
    if line is None or line.contract_id != invoice.contract_id or not line.is_project_based:
        raise RefusedError("no-contract-line", "name a project line of the invoice's contract")
    if detail.transaction_class not in BILLABLE_CLASSES or line.includes(detail.transaction_class) is False:
        raise RefusedError("class-not-included", f"the contract line does not include {detail.transaction_class.value}")
    return line


def _chargeability(facts: Facts, line: ContractLine, detail: ManualDetail) -> BillingType:
    return chargeability(
        facts,
        line,
        detail.transaction_class,
        role_id=detail.role_id,
        category_id=detail.category_id,
        task_id=detail.task_id,
    )


def _price(
    facts: Facts, invoice: Invoice, line: ContractLine, detail: ManualDetail, price: Pricer | None
) -> tuple[Decimal, PriceDecision | None]:
    """The price that was entered, else what pricing says of such an actual (I-83)."""
    if detail.price is not None:
        return detail.price, None
    decision = None if price is None else price(_as_actual(facts, invoice, line, detail))
    if decision is None or decision.price is None:
        reason = "pricing was not asked" if decision is None else f"{decision.reason} ({decision.rule})"
        raise RefusedError("unpriced", f"no price was given and none was found: {reason}")
    return decision.price, decision


def _as_actual(facts: Facts, invoice: Invoice, line: ContractLine, detail: ManualDetail) -> Actual:
    contract = facts.contracts.get(invoice.contract_id)
    return Actual(
        id=RecordId(detail.id),
        table="msdyn_actuals",
        type=TransactionType.UNBILLED_SALES,
        transaction_class=detail.transaction_class,
        transaction_date=detail.day,
        contract_id=invoice.contract_id,
        contract_line_id=line.id,
        project_id=detail.project_id or line.project_id,
        task_id=detail.task_id,
        role_id=detail.role_id,
        resource_id=detail.resource_id,
        category_id=detail.category_id,
        product_id=detail.product_id,
        unit_id=detail.unit_id,
        contracting_unit_id=None if contract is None else contract.contracting_unit_id,
        customer_id=invoice.customer_id,
        account_id=invoice.customer_id,
        dimensions={} if detail.role_id is None else {ROLE_DIMENSION: detail.role_id},
        quantity=detail.quantity,
        currency_id=invoice.currency_id,
        billing_type=detail.billing_type,
    )
