"""Why a detail of an invoice was billed at its price: kept with the invoice, whatever becomes of the price lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from proforma.domain.ids import InvoiceId, PriceLineId, PriceListId, RecordId, SourceId

#: How the steps of a trail begin that tell of one record alone, its day and its amount; the others are the same for many records.
OWN_STEPS: Final = ("P-5 ", "P-4 ")


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
