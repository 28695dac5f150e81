"""One record on its way to a price: what the rule families read of it and of the facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from proforma.domain.codes import EstimateOwner, Side, TransactionType
from proforma.domain.dates import Effective
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import ContractId, CurrencyId, OrganizationalUnitId, QuoteId, UnitId
from proforma.domain.prices import PriceList
from proforma.domain.records import Estimate, PricedRecord
from proforma.pricing.facts import Facts
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.trail import shown


@dataclass(frozen=True, slots=True)
class Case:
    """A record with its side, day and price list; `trail` collects the steps, `decide` prices a related cost record.

    `is_told`: whether somebody reads the trail; where nobody does, the words that cost most are left out.
    """

    facts: Facts
    record: PricedRecord
    related: Sequence[PricedRecord]
    side: Side
    day: date
    price_list: PriceList
    trail: list[str]
    decide: Callable[[PricedRecord], PriceDecision]
    is_told: bool = True

    @property
    def is_estimate(self) -> bool:
        """Whether the record is planned work rather than an actual."""
        return is_planned(self.record)

    @property
    def is_document_estimate(self) -> bool:
        """Whether the record is a line detail of a quote or contract, not an estimate line of a project (P-43)."""
        return isinstance(self.record, Estimate) and self.record.owner is not EstimateOwner.PROJECT

    @property
    def list_days(self) -> Effective:
        """The days of the price list that count for the record (P-5)."""
        return self.price_list.effective if self.is_estimate else self.price_list.effective_for_actuals

    def row_currency(self, currency_id: CurrencyId | None, *, may_differ: bool = False) -> CurrencyId | None:
        """Currency of a row: its own, else the list's. Raises Unresolved where it must be the list's and is not (P-8)."""
        header = self.price_list.currency_id
        if currency_id is None or header is None or currency_id == header or may_differ:
            return currency_id or header
        codes = f"{self.facts.code(currency_id) or currency_id}, the list in {self.facts.code(header) or header}"
        raise Unresolved("P-8", "row-currency-differs", f"the row is in {codes}; rows of this kind must be in the list's")

    def told(self, price: Decimal, currency_id: CurrencyId | None, unit_id: UnitId | None) -> str:
        """A price with its currency and unit, as the trail says it."""
        return f"{shown(price)} {self.facts.code(currency_id) or 'without currency'} per {self.facts.unit_name(unit_id)}"


def contract_of(facts: Facts, record: PricedRecord) -> ContractId | None:
    """The contract of a record: its own, else its contract line's, else its project's (P-20)."""
    if record.contract_id:
        return record.contract_id
    line = facts.contract_lines.get(record.contract_line_id) if record.contract_line_id else None
    if line is not None and line.contract_id:
        return line.contract_id
    project = facts.projects.get(record.project_id) if record.project_id else None
    return project.contract_id if project else None


def is_planned(record: PricedRecord) -> bool:
    """Whether the record is planned work rather than an actual (P-5)."""
    return isinstance(record, Estimate)


def is_quote_detail(record: PricedRecord) -> bool:
    """Whether the record is a line detail of a quote."""
    return isinstance(record, Estimate) and record.owner is EstimateOwner.QUOTE


def quote_of(facts: Facts, record: PricedRecord) -> QuoteId | None:
    """The quote of a quote detail: its own, else its quote line's; None for every other record (P-20)."""
    if not isinstance(record, Estimate) or record.owner is not EstimateOwner.QUOTE:
        return None
    line = facts.quote_lines.get(record.quote_line_id) if record.quote_line_id else None
    return record.quote_id or (line.quote_id if line else None)


def contracting_unit_of(facts: Facts, record: PricedRecord) -> OrganizationalUnitId | None:
    """The contracting unit of a record: its own, else its project's (P-24)."""
    if record.contracting_unit_id:
        return record.contracting_unit_id
    project = facts.projects.get(record.project_id) if record.project_id else None
    return project.contracting_unit_id if project else None


def cost_unit_of(facts: Facts, record: PricedRecord) -> OrganizationalUnitId | None:
    """The unit whose cost list prices a record: the lending one for resourcing unit cost, else the contracting one (P-24, P-28)."""
    if record.type is TransactionType.RESOURCING_UNIT_COST:
        return record.resourcing_unit_id
    return contracting_unit_of(facts, record)
