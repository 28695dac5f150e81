"""What the source system stored as a price, compared with what the rules give: each difference with its cause (P-3, P-67).

A cause is found by asking again: the price that comes out without overrides, without markups or under another switch, and
equals the stored one, explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from proforma.domain.codes import BillingType, Side, TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CurrencyId
from proforma.domain.money import EXACT
from proforma.domain.policies import OverlapPolicy, PricingPolicy
from proforma.domain.prices import PriceOverride, RolePrice
from proforma.domain.records import Estimate, PricedRecord
from proforma.pricing.amounts import amount_of
from proforma.pricing.conversion import UnitPrice, price_per
from proforma.pricing.decide import decide
from proforma.pricing.entered import is_settled
from proforma.pricing.facts import Facts, PricingRecords
from proforma.pricing.outcomes import Unresolved

#: Types whose stored price is the source system's own answer; a billed sale copies one (P-2).
_PRICED_TYPES: Final = frozenset(
    {
        TransactionType.UNBILLED_SALES,
        TransactionType.COST,
        TransactionType.RESOURCING_UNIT_COST,
        TransactionType.INTER_ORGANIZATIONAL_SALES,
        TransactionType.PROJECT_CONTRACT,
    }
)
#: Switches that can change a price from price lists, each with its two values.
_SWITCHES: Final = (
    ("round_unit_price", "before_amount", "after_amount"),
    ("rounding_mode", "half_up", "half_even"),
    ("unit_conversion", "direct", "via_primary_unit"),
    ("dimension_matching", "weighted", "strict_drop"),
    ("override_order", "scope_then_date", "date_then_scope"),
    ("cost_plus_roles", "follow_row", "ignore"),
    ("cost_plus_on_estimates", "zero", "from_cost_estimate"),
)
_OF_TIME: Final = frozenset({"unit_conversion", "dimension_matching", "override_order", "cost_plus_roles"})
_ZERO: Final = Decimal(0)
#: Reasons of decisions that compare the record with itself: what was entered or copied nobody else knows (P-2, P-3).
_OWN: Final = frozenset({"entered-price", "copied-from-origin", "not-priced"})


class Stake(StrEnum):
    """What a difference touches: an invoice to come, sold work that is not billed, the cost of work, or a plan."""

    BILLING = "billing"
    NOT_BILLED = "not-billed"
    COST = "cost"
    ESTIMATE = "estimate"


class Uncompared(StrEnum):
    """Why a record is no difference: it agrees, nothing is stored, or only the record itself knows its price."""

    AGREES = "agrees"
    NOT_STORED = "not-stored"
    OWN_PRICE = "own-price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A stored price or amount that is not ours.

    `cause`: `currency-differs`, `list-differs`, `stored-zero`, `stale-override`, `markup-not-applied`, `rounding`,
    `switch-…` (another policy gives the stored price), `amount-differs`, `price-differs`, or the reason why we have no price.
    `amount`: our amount minus the stored one, None where they cannot be subtracted. `stored_amount`: as stored, or by the stored price.
    """

    record: PricedRecord
    decision: PriceDecision
    cause: str
    stake: Stake
    stored_amount: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class _Variant:
    """Another way to price: which cause it would prove, for which decisions it is worth trying, and the facts it is tried on."""

    cause: str
    applies: Callable[[PriceDecision], bool]
    facts: Facts


class Auditor:
    """Re-prices records with stored prices set aside and says how they differ. Holds the price lists, never the records."""

    def __init__(self, records: PricingRecords, policy: PricingPolicy) -> None:
        self._facts = Facts(records, replace(policy, entered_price="recompute", unresolved_price="null"))
        self._role_prices = {row.id: row for row in records.role_prices}
        self._variants = tuple(_variants(self._facts))

    @property
    def facts(self) -> Facts:
        """What is known, for names."""
        return self._facts

    def audit(self, record: PricedRecord, related: Sequence[PricedRecord] = ()) -> Difference | Uncompared:
        """How the stored price of a record differs from ours; `related` as for a decision (P-49)."""
        if record.price is None and record.amount is None:
            return Uncompared.NOT_STORED
        if is_settled(record) or record.type not in _PRICED_TYPES:
            return Uncompared.OWN_PRICE
        decision = decide(self._facts, record, related)
        if decision.reason in _OWN:
            return Uncompared.OWN_PRICE
        cause = self._cause(record, related, decision)
        if cause is None:
            return Uncompared.AGREES
        stored, ours = self._stored_amount(record, decision), decision.amount
        is_known = stored is not None and ours is not None and not _other_currency(record, decision.currency_id)
        return Difference(
            record=record,
            decision=decision,
            cause=cause,
            stake=_stake(record, decision),
            stored_amount=stored,
            amount=EXACT.subtract(ours or _ZERO, stored or _ZERO) if is_known else None,
        )

    def _cause(self, record: PricedRecord, related: Sequence[PricedRecord], decision: PriceDecision) -> str | None:
        """The first cause that fits; None when price, amount, currency and list agree."""
        if not decision.is_priced:
            return decision.reason
        if _other_currency(record, decision.currency_id):
            return "currency-differs"
        if _same_figures(record, decision):
            return "list-differs" if _other_list(record, decision) else None
        if record.price is not None and record.price == decision.price:
            return self._amount_cause(record, related, decision)
        if _other_list(record, decision):
            return "list-differs"
        if record.price == 0:
            return "stored-zero"
        return self._explained(record, related, decision) or self._near(record, decision) or "price-differs"

    def _amount_cause(self, record: PricedRecord, related: Sequence[PricedRecord], decision: PriceDecision) -> str:
        """The price agrees, the amount does not."""
        explained = self._explained(record, related, decision)
        if explained == "switch-round_unit_price" or self._is_cent(record.amount, decision.amount, decision.currency_id):
            return "rounding"
        return explained or "amount-differs"

    def _explained(self, record: PricedRecord, related: Sequence[PricedRecord], decision: PriceDecision) -> str | None:
        """The cause whose variant gives what is stored."""
        for variant in self._variants:
            if variant.applies(decision) and _same_figures(record, decide(variant.facts, record, related)):
                return variant.cause
        return "stale-override" if self._is_of_an_override(record, decision) else None

    def _is_of_an_override(self, record: PricedRecord, decision: PriceDecision) -> bool:
        """Whether the stored price is that of an override of the row which is not in force for the record (P-40)."""
        row = self._role_prices.get(decision.price_line_id) if decision.price_line_id else None
        if row is None:
            return False
        overrides = self._facts.overrides.get(row.id, ())
        return any(o.id != decision.override_id and self._price_of(o, row, record, decision) == record.price for o in overrides)

    def _price_of(self, override: PriceOverride, row: RolePrice, record: PricedRecord, decision: PriceDecision) -> Decimal | None:
        if override.price is None:
            return None
        price_list = self._facts.price_lists.get(row.price_list_id) if row.price_list_id else None
        unit = override.unit_id or row.unit_id or (price_list.time_unit_id if price_list else None)
        try:
            price = price_per(self._facts, UnitPrice(override.price, unit, decision.currency_id), record.unit_id, [])
        except Unresolved:
            return None
        return self._facts.rounder(decision.currency_id)(price)

    def _near(self, record: PricedRecord, decision: PriceDecision) -> str | None:
        return "rounding" if self._is_cent(record.price, decision.price, decision.currency_id) else None

    def _is_cent(self, stored: Decimal | None, ours: Decimal | None, currency_id: CurrencyId | None) -> bool:
        """Whether two figures differ by at most one unit of the currency's last decimal."""
        if stored is None or ours is None:
            return False
        return abs(EXACT.subtract(stored, ours)) <= Decimal(1).scaleb(-self._facts.precision(currency_id))

    def _stored_amount(self, record: PricedRecord, decision: PriceDecision) -> Decimal | None:
        if record.amount is not None or record.price is None:
            return record.amount
        exact = amount_of(record, record.price)
        try:
            return None if exact is None else self._facts.rounder(record.currency_id or decision.currency_id)(exact)
        except InvalidOperation:
            return None  # more than any money column holds: nothing to subtract


def _variants(facts: Facts) -> Iterator[_Variant]:
    """What is tried, the likeliest first; every one shares the indexes of the facts."""
    yield _Variant("stale-override", lambda d: d.override_id is not None, facts.without(overrides=True))
    yield _Variant("markup-not-applied", lambda d: d.markup_line_id is not None, facts.without(markups=True))
    policy = facts.policy
    for name, first, second in _SWITCHES:
        value = second if getattr(policy, name) == first else first
        changed = replace(policy, **{name: value})  # type: ignore[arg-type]  # the table names switches and their values
        yield _Variant(f"switch-{name}", _is_time if name in _OF_TIME else _is_any, facts.under(changed))
    newest = OverlapPolicy(sales="latest_created", cost="latest_created", purchase="latest_created")
    nobody = OverlapPolicy(sales="no_price", cost="no_price", purchase="no_price")
    overlap = replace(policy, overlapping_price_lists=nobody if policy.overlapping_price_lists == newest else newest)
    yield _Variant("switch-overlapping_price_lists", _is_any, facts.under(overlap))


def _is_time(decision: PriceDecision) -> bool:
    return decision.reason.startswith("role") or decision.reason == "cost-plus-on-estimate"


def _is_any(decision: PriceDecision) -> bool:
    return decision.is_priced


def _stake(record: PricedRecord, decision: PriceDecision) -> Stake:
    if isinstance(record, Estimate):
        return Stake.ESTIMATE
    if decision.side is not Side.SALES:
        return Stake.COST
    return Stake.BILLING if decision.billing_type is BillingType.CHARGEABLE else Stake.NOT_BILLED


def _same_figures(record: PricedRecord, decision: PriceDecision) -> bool:
    """Whether every stored figure is ours."""
    return (record.price is None or record.price == decision.price) and (record.amount is None or record.amount == decision.amount)


def _other_list(record: PricedRecord, decision: PriceDecision) -> bool:
    return None not in (record.price_list_id, decision.price_list_id) and record.price_list_id != decision.price_list_id


def _other_currency(record: PricedRecord, currency_id: CurrencyId | None) -> bool:
    return None not in (record.currency_id, currency_id) and record.currency_id != currency_id
