"""Price decisions: which price, and why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.codes import BillingType, Side
from proforma.domain.frozen import made_quickly
from proforma.domain.ids import CurrencyId, PriceLineId, PriceListId, RecordId, UnitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a price rests on, or why there is none: all of a decision that is the same for many records. Fields as in PriceDecision."""

    table: str
    side: Side | None
    rule: str
    reason: str
    price_list_id: PriceListId | None = None
    price_line_id: PriceLineId | None = None
    markup_line_id: PriceLineId | None = None
    override_id: RecordId | None = None
    unit_id: UnitId | None = None
    currency_id: CurrencyId | None = None
    currency: str | None = None
    billing_type: BillingType | None = None

    def of_billing_type(self, billing_type: BillingType | None) -> Grounds:
        """These grounds with another billing type; written out, as `replace` takes ten times as long and a pricing asks for many."""
        return Grounds(
            table=self.table,
            side=self.side,
            rule=self.rule,
            reason=self.reason,
            price_list_id=self.price_list_id,
            price_line_id=self.price_line_id,
            markup_line_id=self.markup_line_id,
            override_id=self.override_id,
            unit_id=self.unit_id,
            currency_id=self.currency_id,
            currency=self.currency,
            billing_type=billing_type,
        )


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDecision:
    """The price of one record, or the reason why it has none (P-67).

    `price`, `amount`, `currency` and `price_line_id` are None when nothing resolves; the list stays where it was decided.
    `rule` is the number of the rule that decided, `reason` a code of P-67, `trail` the answer to "why": one step an entry,
    in the order of P-68.
    """

    record_id: RecordId
    table: str
    side: Side | None
    rule: str
    reason: str
    price_list_id: PriceListId | None = None
    price_line_id: PriceLineId | None = None
    markup_line_id: PriceLineId | None = None
    override_id: RecordId | None = None
    cost_record_id: RecordId | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_id: UnitId | None = None
    currency_id: CurrencyId | None = None
    currency: str | None = None
    discount: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    extended: Decimal | None = None
    billing_type: BillingType | None = None
    trail: tuple[str, ...] = ()

    @property
    def is_priced(self) -> bool:
        """Whether a price came out; a price of 0 is a price."""
        return self.price is not None

    @property
    def grounds(self) -> Grounds:
        """What the decision has in common with others like it."""
        return Grounds(
            table=self.table,
            side=self.side,
            rule=self.rule,
            reason=self.reason,
            price_list_id=self.price_list_id,
            price_line_id=self.price_line_id,
            markup_line_id=self.markup_line_id,
            override_id=self.override_id,
            unit_id=self.unit_id,
            currency_id=self.currency_id,
            currency=self.currency,
            billing_type=self.billing_type,
        )
