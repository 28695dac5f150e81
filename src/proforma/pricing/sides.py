"""The side and the day of a record (P-1, P-5)."""

from __future__ import annotations

from datetime import date
from typing import Final

from proforma.domain.codes import Side, TransactionType
from proforma.domain.records import Estimate, PricedRecord
from proforma.pricing.outcomes import Unresolved

_SIDES: Final = {
    TransactionType.COST: Side.COST,
    TransactionType.UNBILLED_SALES: Side.SALES,
    TransactionType.BILLED_SALES: Side.SALES,
    TransactionType.PROJECT_CONTRACT: Side.SALES,
    TransactionType.RESOURCING_UNIT_COST: Side.COST,
    TransactionType.INTER_ORGANIZATIONAL_SALES: Side.COST,
}
_BECAUSE: Final[dict[Side | None, str]] = {Side.PURCHASE: ", as the record names a subcontract"}
#: One text for each type and side, as every decision begins with it.
_STEPS: Final = {
    (kind, side): f"P-1 side: {side or 'unknown'}, from the type {kind or '(empty)'}{_BECAUSE.get(side, '')}"
    for kind in (*TransactionType, None)
    for side in (*Side, None)
}


def side_of(record: PricedRecord) -> Side | None:
    """Which kind of list prices the record; the cost of subcontracted work is a purchase. None without a known type (P-1)."""
    if record.type is TransactionType.COST and record.subcontract_id:
        return Side.PURCHASE
    return _SIDES.get(record.type) if record.type else None


def side_step(record: PricedRecord, side: Side | None) -> str:
    """What the trail says of the side."""
    return _STEPS[record.type, side]


def pricing_day(record: PricedRecord) -> tuple[date, str]:
    """The calendar day as written on which a record is priced, and what the trail says of it (P-5).

    Estimates are priced on their start, everything else on its transaction date; what is empty is replaced by the next
    best date of the record itself. Raises Unresolved `missing-date` when all are empty.
    """
    transaction = (record.transaction_date, "the transaction date")
    document = (record.document_date, "the document date")
    start = (record.start_date, "the start")
    dates = (start, transaction, document) if isinstance(record, Estimate) else (transaction, document, start)
    for day, source in dates:
        if day is not None:
            instead = "" if source is dates[0][1] else f", as {dates[0][1].removeprefix('the ')} is empty"
            return day, f"P-5 date: {day}, {source}{instead}"
    raise Unresolved("P-5", "missing-date", "the record has no transaction date, document date or start")
