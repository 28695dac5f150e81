"""Why a detail of an invoice was billed at its price: kept with the invoice, whatever becomes of the price lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from proforma.domain.ids import InvoiceId, PriceLineId, PriceListId, RecordId, SourceId

#: How the steps of a trail begin that tell of one record alone, its day and its amount; the others are the same for many records.
OWN_STEPS: Final = ("P-5 ", "P-4 ")
#: A trail with None in the place of each step that tells of one record alone.
CommonSteps = tuple[str | None, ...]


def parted(trail: tuple[str, ...]) -> tuple[CommonSteps, tuple[str, ...]]:
    """What a trail has in common with those of other records, and the record's own steps in their order."""
    common = tuple([None if step.startswith(OWN_STEPS) else step for step in trail])
    return common, tuple([step for step in trail if step.startswith(OWN_STEPS)])


def whole(common: CommonSteps, own: Iterable[str]) -> tuple[str, ...]:
    """The trail that was parted."""
    rest = iter(own)
    return tuple([next(rest) if step is None else step for step in common])


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonReason:
    """What many reasons have in common; the fields are those of `KeptReason`, and `steps` its trail but for each record's own."""

    rule: str
    reason: str
    price_list_id: PriceListId | None
    price_list: str | None
    price_line_id: PriceLineId | None
    markup_line_id: PriceLineId | None
    override_id: RecordId | None
    currency: str | None
    steps: CommonSteps


class OwnReason(NamedTuple):
    """What remains of one source's reason: the decision's figures before anybody edited the draft, and the record's own steps."""

    source: SourceId
    price: Decimal | None
    amount: Decimal | None
    quantity: Decimal | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReason:
    """The price decision behind one source on one invoice, as it was when the source came onto the draft (promise 3).

    `price_list` is the list's name of that day. `price` and `amount` are the decision's, before anybody edited the draft.
    """

    invoice_id: InvoiceId
    source: SourceId
    kept_at: datetime
    rule: str
    reason: str
    price_list_id: PriceListId | None = None
    price_list: str | None = None
    price_line_id: PriceLineId | None = None
    markup_line_id: PriceLineId | None = None
    override_id: RecordId | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    quantity: Decimal | None = None
    currency: str | None = None
    trail: tuple[str, ...] = ()
