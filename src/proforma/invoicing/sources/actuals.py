"""Unbilled sales actuals of the mirror (I-50)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from proforma.domain.codes import AdjustmentStatus, BillingMethod, BillingType, SourceKind, TransactionClass, TransactionType
from proforma.domain.contracts import ContractLine
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import ContractId, SourceId
from proforma.domain.money import EXACT, round_amount
from proforma.domain.records import Actual, PricedRecord
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.source import Attributes, Fault, Source
from proforma.invoicing.statuses import adjustment, billing_status, nte_status
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.sides import pricing_day

#: Classes of unbilled sales that a time-and-material line bills (I-2).
BILLABLE_CLASSES: Final = frozenset({TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.MATERIAL, TransactionClass.FEE})
#: Unbilled rows of these classes are no backlog: retainers live on their own table, tax is never billed (I-50).
_PASSED_SILENTLY: Final = frozenset({TransactionClass.RETAINER, TransactionClass.TAX})


class Worth(NamedTuple):
    """What a row is billed at. Amount None: nobody knows (I-55a)."""

    price: Decimal | None
    amount: Decimal | None
    extended: bool


def unbilled_sales(facts: Facts) -> Iterator[Source]:
    """All unbilled sales, each whole for the customer that it names, but for retainer and tax rows (I-1, I-30, I-50)."""
    for actual in facts.actuals.values():
        if actual.type is TransactionType.UNBILLED_SALES and actual.transaction_class not in _PASSED_SILENTLY:
            yield _source(facts, actual)


def transaction_day(record: PricedRecord) -> date | None:
    """The date of a record, the same one on which it is priced (I-57, P-5); None when it has no date at all."""
    if isinstance(record, Actual) and record.transaction_date is not None:
        # The first that is asked for: nearly always there, and telling of it in words would be in vain.
        return record.transaction_date
    try:
        return pricing_day(record)[0]
    except Unresolved:
        return None


def worth(facts: Facts, actual: Actual, decision: PriceDecision | None) -> Worth:
    """Price and amount of an actual: stored ones as stored, else those of its price decision (I-55a, I-111, I-27)."""
    if actual.extended_amount is not None:
        return Worth(actual.price, actual.extended_amount, extended=True)
    if actual.amount is not None:
        price = actual.price if actual.price is not None else _exact_price(facts, actual, actual.amount)
        return Worth(price, actual.amount, extended=False)
    if decision is None or not decision.is_priced or decision.amount is None:
        return Worth(None, None, extended=False)
    if decision.extended is not None and (decision.discount or decision.fee):
        return Worth(decision.price, decision.extended, extended=True)
    return Worth(decision.price, decision.amount, extended=False)


def _exact_price(facts: Facts, actual: Actual, amount: Decimal) -> Decimal | None:
    """Amount ÷ quantity where that has no more decimals than the currency (I-55a)."""
    quantity = actual.quantity
    if not quantity:
        return None
    price = round_amount(EXACT.divide(amount, quantity), precision=facts.precision(actual.contract_id))
    return price if EXACT.multiply(price, quantity) == amount else None


def _source(facts: Facts, actual: Actual) -> Source:
    id_ = SourceId(actual.id)
    line = facts.line(actual.contract_line_id)
    decision = facts.book.decisions.get(actual.id)
    value = worth(facts, actual, decision)
    day = transaction_day(actual)
    billing_type = _billing_type(actual, decision)
    return Source(
        id=id_,
        kind=SourceKind.ACTUAL,
        contract_id=_contract_of(actual, line),
        line=line,
        customer_id=actual.customer_id,
        transaction_class=actual.transaction_class,
        billing_type=billing_type,
        status=billing_status(facts, id_, SourceKind.ACTUAL, mirror=actual.billing_status),
        adjustment=adjustment(facts, id_, mirror=actual.adjustment),
        nte=nte_status(facts, id_, mirror=actual.nte_status),
        day=day,
        quantity=_quantity(actual, decision),
        price=value.price,
        amount=value.amount,
        extended=value.extended,
        currency_id=actual.currency_id,
        created_at=actual.created_at,
        description=actual.description,
        external_description=actual.external_description,
        attributes=_attributes(actual, decision),
        elsewhere=actual.invoice_id is not None,
        fault=(
            _line_fault(actual, line)
            or _party_fault(facts, actual, decision)
            or _state_fault(actual, billing_type, day)
            or (_unpriced(decision) if value.amount is None else None)
        ),
    )


def _contract_of(actual: Actual, line: ContractLine | None) -> ContractId | None:
    """A row without contract is listed under the contract of its line, as a fault (I-23)."""
    return actual.contract_id or (None if line is None else line.contract_id)


def _billing_type(actual: Actual, decision: PriceDecision | None) -> BillingType | None:
    return actual.billing_type or (None if decision is None else decision.billing_type)


def _quantity(actual: Actual, decision: PriceDecision | None) -> Decimal:
    """A row without quantity, such as a lump sum, counts as one."""
    if actual.quantity is not None:
        return actual.quantity
    return decision.quantity if decision is not None and decision.quantity is not None else Decimal(1)


def _attributes(actual: Actual, decision: PriceDecision | None) -> Attributes:
    return Attributes(
        project_id=actual.project_id,
        task_id=actual.task_id,
        role_id=actual.role_id,
        resource_id=actual.resource_id,
        category_id=actual.category_id,
        product_id=actual.product_id,
        unit_id=actual.unit_id,
        price_list_id=actual.price_list_id or (None if decision is None else decision.price_list_id),
        price_reason=None if decision is None else decision.reason,
        price_rule=None if decision is None else decision.rule,
    )


def _line_fault(actual: Actual, line: ContractLine | None) -> Fault | None:
    """Faults of contract, line and class (I-2, I-22, I-23, I-59)."""
    if actual.contract_id is None or line is None or line.contract_id != actual.contract_id or not line.is_project_based:
        return Fault("no-contract-line", "the row names no project line of its contract: correct it in Dataverse")
    if line.billing_method is BillingMethod.FIXED_PRICE:
        return Fault("fixed-price-line", "unbilled sales on a fixed-price line: such a line bills its milestones")
    if line.billing_method is None:
        return Fault("no-contract-line", f"contract line {line.id} has no billing method: set it in Dataverse")
    if actual.transaction_class is TransactionClass.MILESTONE:
        return Fault("milestone-on-tm-line", "a milestone cannot be billed on a time-and-material line")
    if actual.transaction_class not in BILLABLE_CLASSES:
        return Fault("unknown-status", f"no rule bills the transaction class {actual.transaction_class or '(empty)'}")
    return None


def _party_fault(facts: Facts, actual: Actual, decision: PriceDecision | None) -> Fault | None:
    """Faults of customer and currency (I-31, I-56)."""
    if actual.customer_id is None:
        return Fault("no-customer", "the row names no customer: correct it in Dataverse")
    contract = facts.contracts.get(actual.contract_id) if actual.contract_id else None
    priced_in = decision.currency_id if actual.amount is None and decision is not None else None
    currencies = {actual.currency_id, priced_in, None if contract is None else contract.currency_id} - {None}
    if len(currencies) > 1:
        return Fault("currency-mismatch", "the row is not in the currency of its contract, and nothing is converted")
    return None


def _state_fault(actual: Actual, billing_type: BillingType | None, day: date | None) -> Fault | None:
    """Rows that are held, and rows whose state nobody can know (I-4)."""
    if actual.adjustment is AdjustmentStatus.IN_PROCESS:
        return Fault("in-process", "a correction or cancellation journal is open for the row: confirm or drop the journal")
    if billing_type is None:
        return Fault("unknown-status", "the row has no billing type")
    if day is None:
        return Fault("unknown-status", "the row has no date")
    return None


def _unpriced(decision: PriceDecision | None) -> Fault:
    reason = "it has not been priced yet" if decision is None else f"{decision.reason} ({decision.rule})"
    return Fault("unpriced", f"the row has no price: {reason}")
