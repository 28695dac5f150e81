"""Milestones of fixed-price lines, whole or in one share a customer (I-58, I-59, I-61)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.codes import BillingMethod, BillingType, SourceKind, TransactionClass
from proforma.domain.contracts import Contract, ContractLine, Milestone
from proforma.domain.ids import CustomerId, SourceId
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.source import Attributes, Fault, Source
from proforma.invoicing.splitting import Payer, Split, split_among
from proforma.invoicing.statuses import billing_status


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    customer_id: CustomerId | None
    amount: Decimal | None
    tax: Decimal | None
    is_share: bool = False
    fault: Fault | None = None


def milestone_shares(facts: Facts) -> Iterator[Source]:
    """Each milestone whole, or once for each customer who pays a share of it (I-61)."""
    for milestone in facts.book.milestones:
        if milestone.active:
            yield from _sources(facts, milestone)


def _sources(facts: Facts, milestone: Milestone) -> Iterator[Source]:
    line = facts.line(milestone.contract_line_id)
    contract = _contract(facts, milestone, line)
    for share in _shares(facts, milestone, line, contract):
        yield _source(facts, milestone, line, contract, share)


def _contract(facts: Facts, milestone: Milestone, line: ContractLine | None) -> Contract | None:
    id_ = milestone.contract_id or (None if line is None else line.contract_id)
    return None if id_ is None else facts.contracts.get(id_)


def _source(facts: Facts, milestone: Milestone, line: ContractLine | None, contract: Contract | None, share: _Share) -> Source:
    id_ = SourceId(milestone.id)
    customer_id = share.customer_id if share.is_share else None
    return Source(
        id=id_,
        kind=SourceKind.MILESTONE,
        contract_id=None if contract is None else contract.id,
        line=line,
        customer_id=share.customer_id,
        transaction_class=TransactionClass.MILESTONE,
        billing_type=BillingType.CHARGEABLE,
        status=billing_status(facts, id_, SourceKind.MILESTONE, mirror=milestone.status, customer_id=customer_id),
        day=milestone.due_date,
        quantity=Decimal(1),
        price=share.amount,
        amount=share.amount,
        tax=share.tax,
        currency_id=milestone.currency_id,
        created_at=milestone.created_at,
        description=milestone.name,
        attributes=Attributes(project_id=milestone.project_id),
        is_share=share.is_share,
        fault=_fault(milestone, line, contract) or share.fault,
    )


def _shares(facts: Facts, milestone: Milestone, line: ContractLine | None, contract: Contract | None) -> Iterator[_Share]:
    """A customer-specific row whole; one of a line with one customer to that customer; else by the line's percentages (I-61)."""
    if milestone.customer_id is not None:
        yield _whole(milestone, milestone.customer_id)
        return
    payers = [] if line is None else _payers(facts, line)
    if len({p.customer_id for p in payers}) == 1:
        yield _whole(milestone, payers[0].customer_id)
        return
    primary = None if contract is None else contract.customer_id
    if not payers:
        yield _whole(milestone, primary)
        return
    yield from _split(facts, milestone, contract, split_among(payers, primary=primary))


def _whole(milestone: Milestone, customer_id: CustomerId | None) -> _Share:
    fault = Fault("no-customer", "neither the milestone nor its line nor the contract names a customer") if customer_id is None else None
    return _Share(customer_id=customer_id, amount=milestone.amount, tax=milestone.tax, fault=fault)


def _payers(facts: Facts, line: ContractLine) -> list[Payer]:
    return [
        Payer(customer_id=c.customer_id, percent=c.percent or Decimal(0), is_rounding=c.is_rounding)
        for c in facts.line_customers(line.id)
        if c.customer_id is not None
    ]


def _split(facts: Facts, milestone: Milestone, contract: Contract | None, split: Split | None) -> Iterator[_Share]:
    if split is None or not split.is_whole:
        fault = Fault("split-not-100", "the percentages of the line's customers do not total 100: correct them in Dataverse")
        yield _Share(customer_id=None, amount=milestone.amount, tax=milestone.tax, fault=fault)
        return
    precision = facts.precision(None if contract is None else contract.id)
    amounts = split.of(milestone.amount or Decimal(0), precision=precision)
    taxes = split.of(milestone.tax or Decimal(0), precision=precision)
    for customer_id, amount in amounts.items():
        tax = None if milestone.tax is None else taxes[customer_id]
        yield _Share(customer_id=customer_id, amount=None if milestone.amount is None else amount, tax=tax, is_share=True)


def _fault(milestone: Milestone, line: ContractLine | None, contract: Contract | None) -> Fault | None:
    if line is None or contract is None or line.contract_id != contract.id or not line.is_project_based:
        return Fault("no-contract-line", "the milestone names no project line of its contract")
    if line.billing_method is not BillingMethod.FIXED_PRICE:
        return Fault("milestone-on-tm-line", "a milestone cannot be billed on a time-and-material line: move it to a fixed-price line")
    if milestone.currency_id is not None and contract.currency_id is not None and milestone.currency_id != contract.currency_id:
        return Fault("currency-mismatch", "the milestone is not in the currency of its contract, and nothing is converted")
    if milestone.amount is None:
        return Fault("unpriced", "the milestone has no amount")
    return None
