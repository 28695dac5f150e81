"""Whose price lists a record is priced from: its contract's, quote's, unit's or subcontract's (P-20, P-24, P-28, P-29)."""

from __future__ import annotations

from datetime import date

from proforma.domain.codes import PriceListOwner, Side, TransactionType
from proforma.domain.ids import CurrencyId
from proforma.domain.records import PricedRecord
from proforma.pricing.case import contract_of, cost_unit_of, is_planned, is_quote_detail, quote_of
from proforma.pricing.facts import Facts
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.price_lists import ListChoice, cost_list, purchase_list, sales_list


def list_of(facts: Facts, record: PricedRecord, *, side: Side, day: date) -> ListChoice:
    """The list of a record on a day, made once for each owner and day.

    Raises Unresolved `no-contract` or `no-contracting-unit` where nobody's lists can be asked.
    """
    if side is Side.PURCHASE and record.subcontract_id:
        subcontract_id, planned = record.subcontract_id, is_planned(record)
        return facts.remembered(
            (side, subcontract_id, day, planned), lambda: purchase_list(facts, subcontract_id, day=day, planned=planned)
        )
    if side is Side.SALES:
        return _quote_list(facts, record, day) if is_quote_detail(record) else _contract_list(facts, record, day)
    return _unit_list(facts, record, day)


def source_step(facts: Facts, record: PricedRecord, side: Side) -> str | None:
    """What the trail says of an owner that the record does not name itself (P-20, P-24); None where it does, or where nobody does."""
    if side is Side.SALES and not is_quote_detail(record) and not record.contract_id:
        line = facts.contract_lines.get(record.contract_line_id) if record.contract_line_id else None
        if line is not None and line.contract_id:
            return f"P-20 contract: of the record's contract line {line.id}"
        return f"P-20 contract: of the record's project {record.project_id}" if contract_of(facts, record) else None
    is_contracting = side is Side.COST and record.type is not TransactionType.RESOURCING_UNIT_COST
    if is_contracting and not record.contracting_unit_id and cost_unit_of(facts, record):
        return f"P-24 contracting unit: of the record's project {record.project_id}"
    return "P-28 unit: the one that lends, as this is its cost" if side is Side.COST and not is_contracting else None


def _contract_list(facts: Facts, record: PricedRecord, day: date) -> ListChoice:
    contract_id = contract_of(facts, record)
    contract = facts.contracts.get(contract_id) if contract_id else None
    if contract is None:
        raise Unresolved("P-21", "no-contract", "neither the record, its line nor its project names a contract that we know")
    planned = is_planned(record)
    return facts.remembered(
        (PriceListOwner.CONTRACT, contract.id, day, planned),
        lambda: sales_list(facts, PriceListOwner.CONTRACT, contract.id, currency_id=contract.currency_id, day=day, planned=planned),
    )


def _quote_list(facts: Facts, record: PricedRecord, day: date) -> ListChoice:
    quote_id = quote_of(facts, record)
    quote = facts.quotes.get(quote_id) if quote_id else None
    if quote is None:
        raise Unresolved("P-21", "no-contract", "the detail belongs to no quote that we know")
    return facts.remembered(
        (PriceListOwner.QUOTE, quote.id, day),
        lambda: sales_list(facts, PriceListOwner.QUOTE, quote.id, currency_id=quote.currency_id, day=day, planned=True),
    )


def _unit_list(facts: Facts, record: PricedRecord, day: date) -> ListChoice:
    unit_id = cost_unit_of(facts, record)
    if unit_id is None:
        raise Unresolved("P-24", "no-contracting-unit", "neither the record nor its project names the unit whose cost list holds")
    currency_id = _match_currency(facts, record)
    planned = is_planned(record)
    return facts.remembered(
        (PriceListOwner.ORGANIZATIONAL_UNIT, unit_id, currency_id, day, planned),
        lambda: cost_list(facts, unit_id, currency_id=currency_id, day=day, planned=planned),
    )


def _match_currency(facts: Facts, record: PricedRecord) -> CurrencyId | None:
    """The currency that a cost list must have: the unit's, or with S6 the project's; a lending unit always keeps its own (P-24, P-28)."""
    if facts.policy.cost_currency_match == "project" and record.type is not TransactionType.RESOURCING_UNIT_COST:
        project = facts.projects.get(record.project_id) if record.project_id else None
        return project.currency_id if project else None
    unit_id = cost_unit_of(facts, record)
    unit = facts.organizational_units.get(unit_id) if unit_id else None
    return unit.currency_id if unit else None
