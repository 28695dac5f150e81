"""Not-to-exceed limits: four levels, what consumes them, and whether one more row fits (I-40 … I-46; P-65).

Limits decide what may be billed; they never touch a price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.codes import (
    AdjustmentStatus,
    BillingStatus,
    BillingType,
    LedgerType,
    NteStatus,
    SourceKind,
    TransactionClass,
    TransactionType,
)
from proforma.domain.ids import ContractId, ContractLineId, CustomerId
from proforma.domain.money import total
from proforma.domain.records import Actual
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources import Source
from proforma.invoicing.statuses import OPEN

ZERO: Final = Decimal(0)
#: Classes that never consume a limit: retainers are not work, tax is never counted (I-42).
_NOT_COUNTED: Final = frozenset({TransactionClass.RETAINER, TransactionClass.TAX})
_COMMITTABLE: Final = OPEN | {BillingStatus.INVOICE_CREATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where money is counted: contract, contract line and customer together touch up to four levels."""

    contract_id: ContractId | None
    line_id: ContractLineId | None
    customer_id: CustomerId | None

    @property
    def levels(self) -> tuple[tuple[str, str, str], ...]:
        """The four levels in the order in which they are tested (I-42)."""
        contract, line, customer = str(self.contract_id), str(self.line_id), str(self.customer_id)
        return (
            ("contract line customer", line, customer),
            ("contract line", line, ""),
            ("contract customer", contract, customer),
            ("contract", contract, ""),
        )


def place_of(source: Source) -> Place:
    """Where a source is counted."""
    return Place(contract_id=source.contract_id, line_id=source.line_id, customer_id=source.customer_id)


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The first level at which an amount does not fit (I-42)."""

    level: str
    limit: Decimal
    used: Decimal


class Limits:
    """What each level has consumed: committed backlog and invoiced to date (I-42). Rows are added and freed as an act goes on."""

    def __init__(self, facts: Facts, sources: Sequence[Source]) -> None:
        self._facts = facts
        self._used: dict[tuple[str, str, str], Decimal] = {}
        for place, amount in _consumed(facts, sources):
            self.add(place, amount)

    def add(self, place: Place, amount: Decimal) -> None:
        """Consumes the limits at a place; a negative amount frees them."""
        for level in place.levels:
            self._used[level] = total((self._used.get(level, ZERO), amount))

    def limited(self, place: Place) -> bool:
        """Whether any level of the place has a limit (I-41)."""
        return any(limit is not None for limit in self._limits(place))

    def exceeded_by(self, place: Place, amount: Decimal) -> Exceeded | None:
        """The first level that the amount would exceed; reaching a limit exactly is fine (I-42)."""
        for level, limit in zip(place.levels, self._limits(place), strict=True):
            used = self._used.get(level, ZERO)
            if limit is not None and total((used, amount)) > limit:
                return Exceeded(level[0], limit, used)
        return None

    def _limits(self, place: Place) -> tuple[Decimal | None, ...]:
        """Limits of the four levels; those of a line hold on time-and-material lines alone (I-40)."""
        facts = self._facts
        line = facts.line(place.line_id) if facts.is_time_and_material(place.line_id) else None
        contract = None if place.contract_id is None else facts.contracts.get(place.contract_id)
        line_customers = () if line is None else facts.line_customers(line.id)
        contract_customers = () if contract is None else facts.contract_customers(contract.id)
        return (
            _first(c.nte_limit for c in line_customers if c.customer_id == place.customer_id),
            None if line is None else line.nte_limit,
            _first(c.nte_limit for c in contract_customers if c.customer_id == place.customer_id),
            None if contract is None else contract.nte_limit,
        )


def _first(limits: Iterable[Decimal | None]) -> Decimal | None:
    return next((limit for limit in limits if limit is not None), None)


def is_checked(facts: Facts, source: Source) -> bool:
    """Whether the row is one that limits are about: chargeable unbilled sales on a time-and-material line (I-41)."""
    return source.kind is SourceKind.ACTUAL and source.is_chargeable and facts.is_time_and_material(source.line_id)


def is_committed(facts: Facts, source: Source) -> bool:
    """Whether the row holds a part of its limits: committed, not reversed, not on a confirmed invoice (I-42)."""
    return (
        is_checked(facts, source)
        and source.nte is NteStatus.COMMITTED
        and source.adjustment in (None, AdjustmentStatus.IN_PROCESS)
        and source.status in _COMMITTABLE
        and source.amount is not None
    )


def _consumed(facts: Facts, sources: Sequence[Source]) -> Iterator[tuple[Place, Decimal]]:
    yield from ((place_of(s), s.amount or ZERO) for s in sources if is_committed(facts, s))
    billed = [a for a in facts.actuals.values() if _is_billed(a)]
    for actual in billed:
        place = Place(contract_id=actual.contract_id, line_id=actual.contract_line_id, customer_id=actual.customer_id)
        yield place, actual.amount or ZERO
    for row in facts.book.ledger:
        if row.type is LedgerType.BILLED and row.billing_type is BillingType.CHARGEABLE and row.transaction_class not in _NOT_COUNTED:
            yield Place(contract_id=row.contract_id, line_id=row.contract_line_id, customer_id=row.customer_id), row.amount
    yield from _posted_milestones(facts, sources, {a.contract_line_id for a in billed if a.transaction_class is TransactionClass.MILESTONE})


def _is_billed(actual: Actual) -> bool:
    return (
        actual.type is TransactionType.BILLED_SALES
        and actual.billing_type is BillingType.CHARGEABLE
        and actual.transaction_class not in _NOT_COUNTED
    )


def _posted_milestones(
    facts: Facts, sources: Sequence[Source], with_actuals: set[ContractLineId | None]
) -> Iterator[tuple[Place, Decimal]]:
    """Milestones that Dataverse has posted on lines of which the book holds no billed sales: they count as invoiced (I-42)."""
    for source in sources:
        posted = source.kind is SourceKind.MILESTONE and source.status is BillingStatus.INVOICE_POSTED
        if posted and source.line_id not in with_actuals and source.id not in facts.holdings:
            yield place_of(source), source.amount or ZERO


def assessed(facts: Facts, limits: Limits, source: Source) -> tuple[NteStatus, Exceeded | None]:
    """The status that a check gives the row, and the level that failed; a row that fits consumes its limits from now on (I-42, I-43).

    Its own earlier commitment does not count against it (I-45). A row without amount cannot be shown to fit.
    """
    place = place_of(source)
    if not is_checked(facts, source) or not limits.limited(place):
        return NteStatus.NOT_APPLICABLE, None
    if is_committed(facts, source):
        limits.add(place, -(source.amount or ZERO))
    if source.amount is None:
        return NteStatus.FAILED, None
    exceeded = limits.exceeded_by(place, source.amount)
    if exceeded is not None:
        return NteStatus.FAILED, exceeded
    limits.add(place, source.amount)
    return NteStatus.COMMITTED, None
