"""The billing backlog (I-50, I-51)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from proforma.domain.codes import AdjustmentStatus, BillingMethod, BillingStatus, BillingType, NteStatus, SourceKind, TransactionClass
from proforma.domain.ids import ContractId, ContractLineId, CustomerId, ProjectId, RetainerId, SourceId
from proforma.domain.money import total
from proforma.invoicing.backlog_filter import EVERY_ROW, BacklogFilter
from proforma.invoicing.book import Book
from proforma.invoicing.facts import Facts
from proforma.invoicing.retainers import balance
from proforma.invoicing.sources import Source, collect

#: From the least to the most advanced; a milestone that several customers pay stands where its last share stands (I-61).
_ADVANCE: Final = (
    BillingStatus.NOT_READY,
    BillingStatus.READY,
    BillingStatus.INVOICE_CREATED,
    BillingStatus.INVOICE_POSTED,
    BillingStatus.WORK_ORDER_POSTED,
    BillingStatus.CANCELED,
)
_IN_BACKLOG: Final = frozenset({BillingStatus.NOT_READY, BillingStatus.READY, BillingStatus.INVOICE_CREATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogRow:
    """A row of the billing backlog. Customer None: several customers share it, or it names none. `used`, `available`: retainers only."""

    source: SourceId
    kind: SourceKind
    contract_id: ContractId | None
    contract_line_id: ContractLineId | None
    project_id: ProjectId | None
    customer_id: CustomerId | None
    transaction_class: TransactionClass | None
    status: BillingStatus
    adjustment: AdjustmentStatus | None
    nte: NteStatus | None
    billing_type: BillingType | None
    day: date | None
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal | None
    currency: str | None
    used: Decimal | None = None
    available: Decimal | None = None
    description: str | None = None


def backlog(book: Book, wanted: BacklogFilter = EVERY_ROW, *, include_all: bool = False) -> tuple[BacklogRow, ...]:
    """What waits to be billed, by contract, line, date and id; with `include_all` also what never will be, or has been."""
    facts = Facts(book)
    taken = (source for source in collect(facts) if wanted.takes(source))
    return tuple(row for row in backlog_of(facts, taken, include_all=include_all) if wanted.has(row.status))


def backlog_of(facts: Facts, sources: Iterable[Source], *, include_all: bool = False) -> tuple[BacklogRow, ...]:
    """As `backlog`, of sources that were collected before."""
    rows: dict[SourceId, list[Source]] = {}
    for source in sources:
        rows.setdefault(source.id, []).append(source)
    listed = (_row(facts, shares) for shares in rows.values() if include_all or _belongs(facts, shares))
    return tuple(sorted(listed, key=lambda r: (r.contract_id or "", r.contract_line_id or "", r.day or date.min, r.source)))


def least_advanced(statuses: Iterable[BillingStatus]) -> BillingStatus:
    """The state in which a milestone is whose shares are in these (I-61)."""
    return min(statuses, key=_ADVANCE.index)


def _belongs(facts: Facts, shares: Sequence[Source]) -> bool:
    """Whether the row is in the backlog proper (I-50, I-51)."""
    first = shares[0]
    status = least_advanced(s.status for s in shares)
    if not facts.is_work_based(first.contract_id) or first.adjustment is not None:
        return False
    if first.kind is SourceKind.RETAINER and status is BillingStatus.INVOICE_POSTED:
        return balance(facts, facts.retainers[RetainerId(first.id)]).available > 0
    if first.kind is SourceKind.ACTUAL and not _is_billable_work(first):
        return False
    return status in _IN_BACKLOG


def _is_billable_work(source: Source) -> bool:
    on_time_and_material = source.line is not None and source.line.billing_method is BillingMethod.TIME_AND_MATERIAL
    return on_time_and_material and source.billing_type is not BillingType.NOT_AVAILABLE


def _row(facts: Facts, shares: Sequence[Source]) -> BacklogRow:
    first = shares[0]
    split = len(shares) > 1
    amount = total(s.amount or Decimal(0) for s in shares) if split else first.amount
    found = balance(facts, facts.retainers[RetainerId(first.id)]) if first.kind is SourceKind.RETAINER else None
    return BacklogRow(
        source=first.id,
        kind=first.kind,
        contract_id=first.contract_id,
        contract_line_id=first.line_id,
        project_id=first.project_id,
        customer_id=None if split else first.customer_id,
        transaction_class=first.transaction_class,
        status=least_advanced(s.status for s in shares),
        adjustment=first.adjustment,
        nte=first.nte,
        billing_type=first.billing_type,
        day=first.day,
        quantity=first.quantity,
        price=amount if split else first.price,
        amount=amount,
        currency=_currency(facts, first),
        used=None if found is None else found.used,
        available=None if found is None else found.available,
        description=first.description,
    )


def _currency(facts: Facts, source: Source) -> str | None:
    """A row's own currency, else its contract's."""
    contract = None if source.contract_id is None else facts.contracts.get(source.contract_id)
    id_ = source.currency_id or (None if contract is None else contract.currency_id)
    record = None if id_ is None else facts.book.currencies.get(id_)
    return None if record is None else record.code
