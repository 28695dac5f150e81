"""Date-effective overrides of role prices and markups: which one is in force for a record (P-40 to P-42)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from proforma.domain.codes import Side
from proforma.domain.ids import CustomerId, Guid, PriceLineId
from proforma.domain.prices import PriceOverride
from proforma.domain.records import Actual
from proforma.pricing.case import Case, contract_of, quote_of
from proforma.pricing.matching import LOSERS_SHOWN
from proforma.pricing.outcomes import Unresolved

_SCOPES: Final = ("contract", "quote", "customer", "vendor_invoice", "subcontract", "vendor", "organizational_unit")
#: What the record has for each scope of its side, strongest first.
RecordScopes = tuple[tuple[str, Guid | None], ...]
#: Rank of the scope (0 strongest) and the override.
_Live = tuple[int, PriceOverride]


def override_in_force(case: Case, line_id: PriceLineId, *, rule: str) -> PriceOverride | None:
    """The override of a row that holds for the record on its day; None when none does (P-40, P-41).

    `rule`: under which number the trail names it, P-40 for role prices, P-42 for markups.
    Raises Unresolved `ambiguous-override` when two of one scope start on one day.
    """
    rows = case.facts.overrides.get(line_id)
    if not rows:
        return None
    live = _live(case, rows, rule)
    best = min((_order(case, row) for row in live), default=None)
    winners = [row for rank, row in live if _order(case, (rank, row)) == best]
    _tell_the_others(case, [row for row in rows if row not in winners])
    if not winners:
        return None
    if len(winners) > 1:
        names = " and ".join(sorted(row.id for row in winners))
        raise Unresolved(rule, "ambiguous-override", f"overrides {names} have the same scope and start on the same day")
    winner = winners[0]
    case.trail.append(f"{rule} override {winner.id}: in force from {winner.effective_from}, scope {_scope_name(winner)}")
    return winner


def scopes_of(case: Case) -> RecordScopes:
    """What a record offers to overrides on its side, strongest scope first (P-41)."""
    record = case.record
    match case.side:
        case Side.SALES:
            contract_id = None if quote_of(case.facts, record) else contract_of(case.facts, record)
            return (("contract", contract_id), ("quote", _quote(case)), ("customer", _customer(case)))
        case Side.PURCHASE:
            subcontract = case.facts.subcontracts.get(record.subcontract_id) if record.subcontract_id else None
            vendor = subcontract.vendor_id if subcontract else None
            return (("vendor_invoice", record.vendor_invoice_id), ("subcontract", record.subcontract_id), ("vendor", vendor))
        case Side.COST:
            return (("organizational_unit", record.resourcing_unit_id),)


def _live(case: Case, rows: Sequence[PriceOverride], rule: str) -> list[_Live]:
    """Overrides that fit the record's scopes and have begun; one that begins outside its list's days is reported and ignored (P-40)."""
    scopes = scopes_of(case)
    live: list[_Live] = []
    for row in sorted(rows, key=lambda row: row.id):
        rank = _rank(row, scopes)
        if rank is None:
            continue
        if row.effective_from is None or not case.list_days.covers(row.effective_from):
            case.trail.append(f"{rule} override {row.id}: ignored, it begins outside the days of its price list")
        elif row.effective_from <= case.day:
            live.append((rank, row))
    return live


def _tell_the_others(case: Case, others: Sequence[PriceOverride]) -> None:
    """Names the overrides of the row that do not hold for the record, each with why (P-41, P-67)."""
    scopes = scopes_of(case)
    told = []
    for row in sorted(others, key=lambda row: row.id):
        began = row.effective_from
        if began is None or not case.list_days.covers(began):
            continue  # reported already
        if _rank(row, scopes) is None:
            why = f"not for this record, scope {_scope_name(row)}"
        else:
            why = f"begins {began}" if began > case.day else f"outranked, from {began}, scope {_scope_name(row)}"
        told.append(f"{row.id} ({why})")
    if told:
        more = f" and {len(told) - LOSERS_SHOWN} more" if len(told) > LOSERS_SHOWN else ""
        case.trail.append(f"P-41 overrides passed over: {', '.join(told[:LOSERS_SHOWN])}{more}")


def _rank(row: PriceOverride, scopes: RecordScopes) -> int | None:
    """Strength of an override's scope for a record, 0 the strongest, no scope the weakest; None when its scope does not fit (P-41)."""
    wanted = {name: value for name in _SCOPES if (value := getattr(row, f"{name}_id")) is not None}
    if not wanted:
        return len(scopes)
    offered = dict(scopes)
    if any(offered.get(name) != value for name, value in wanted.items()):
        return None
    return next(rank for rank, (name, _) in enumerate(scopes) if name in wanted)


def _order(case: Case, live: _Live) -> tuple[int, int]:
    """Best first: S11 scope_then_date, or date_then_scope; the later start is the better one."""
    rank, row = live
    began = -(row.effective_from or date.min).toordinal()
    return (rank, began) if case.facts.policy.override_order == "scope_then_date" else (began, rank)


def _quote(case: Case) -> Guid | None:
    """The quote of a quote detail; for other records the quote that the contract was won from, unless S12 says no (P-41)."""
    quote_id = quote_of(case.facts, case.record)
    if quote_id is not None or not case.facts.policy.quote_scope_reaches_contract:
        return quote_id
    contract_id = contract_of(case.facts, case.record)
    contract = case.facts.contracts.get(contract_id) if contract_id else None
    return contract.quote_id if contract else None


def _customer(case: Case) -> CustomerId | None:
    """The account of the record, else the customer of its contract or quote (P-41)."""
    record = case.record
    own = record.account_id if isinstance(record, Actual) else record.customer_id
    if own is not None:
        return own
    quote_id = quote_of(case.facts, record)
    if quote_id is not None:
        quote = case.facts.quotes.get(quote_id)
        return quote.customer_id if quote else None
    contract_id = contract_of(case.facts, record)
    contract = case.facts.contracts.get(contract_id) if contract_id else None
    return contract.customer_id if contract else None


def _scope_name(row: PriceOverride) -> str:
    names = [name.replace("_", " ") for name in _SCOPES if getattr(row, f"{name}_id") is not None]
    return " and ".join(names) or "everybody"
