"""Product lines of project contracts (I-71)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from proforma.domain.codes import BillingType, SourceKind, TransactionClass
from proforma.domain.contracts import Contract, ContractLine
from proforma.domain.ids import SourceId
from proforma.domain.money import EXACT, round_amount, total
from proforma.domain.upstream import UpstreamLine
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.source import Attributes, Fault, Source
from proforma.invoicing.statuses import billing_status


def product_lines(facts: Facts) -> Iterator[Source]:
    """All product lines, billed to the primary customer of the contract (I-36). The status of a project-based line means nothing."""
    for line in facts.lines.values():
        if not line.is_project_based:
            yield _source(facts, line)


def _source(facts: Facts, line: ContractLine) -> Source:
    id_ = SourceId(line.id)
    contract = None if line.contract_id is None else facts.contracts.get(line.contract_id)
    amount = product_amount(line, precision=facts.precision(line.contract_id))
    return Source(
        id=id_,
        kind=SourceKind.PRODUCT,
        contract_id=line.contract_id,
        line=line,
        customer_id=None if contract is None else contract.customer_id,
        transaction_class=TransactionClass.PRODUCT,
        billing_type=BillingType.CHARGEABLE,
        status=billing_status(facts, id_, SourceKind.PRODUCT, mirror=line.billing_status),
        quantity=_quantity(line),
        price=line.price_per_unit,
        amount=amount,
        tax=line.tax,
        currency_id=line.currency_id,
        created_at=line.created_at,
        description=line.description,
        attributes=Attributes(product_id=line.product_id, unit_id=line.unit_id),
        fault=_fault(line, contract, amount),
    )


def product_amount(line: ContractLine | UpstreamLine, *, precision: int) -> Decimal | None:
    """Amount before tax: extended amount less tax, else base amount less the manual discount, else quantity × price less it.

    The base amount already contains the volume discount. None when the line has no price at all.
    """
    discount = line.manual_discount or Decimal(0)
    if line.extended_amount is not None:
        return total((line.extended_amount, -(line.tax or Decimal(0))))
    if line.base_amount is not None:
        return total((line.base_amount, -discount))
    if line.price_per_unit is None:
        return None
    product = EXACT.multiply(_quantity(line), line.price_per_unit)
    return round_amount(EXACT.subtract(product, discount), precision=precision)


def _quantity(line: ContractLine | UpstreamLine) -> Decimal:
    return Decimal(1) if line.quantity is None else line.quantity


def _fault(line: ContractLine, contract: Contract | None, amount: Decimal | None) -> Fault | None:
    if contract is None:
        return Fault("no-contract-line", "the product line belongs to no known contract")
    if contract.customer_id is None:
        return Fault("no-customer", "the contract has no primary customer to whom its products could be billed")
    if None not in (line.currency_id, contract.currency_id) and line.currency_id != contract.currency_id:
        return Fault("currency-mismatch", "the product line is not in the currency of its contract, and nothing is converted")
    return Fault("unpriced", "the product line has neither amount nor price") if amount is None else None
