"""Policy switches of the rules, with the recommended value as default (P, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from proforma.domain.codes import Origin
from proforma.domain.contracts import Contract

Overlap = Literal["no_price", "latest_created"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapPolicy:
    """What to do when several price lists hold on one day: S1 sales, S2 cost, S3 purchase (P-23, P-26, P-29)."""

    sales: Overlap = "no_price"
    cost: Overlap = "latest_created"
    purchase: Overlap = "no_price"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingPolicy:
    """Switches S1 … S27; each is explained at its rule in docs/rules/pricing.md."""

    overlapping_price_lists: OverlapPolicy = OverlapPolicy()
    open_ended_price_lists: Literal["not_effective", "unbounded"] = "not_effective"
    cost_fallback_when_none_effective: Literal["stop", "parameters"] = "stop"
    cost_currency_match: Literal["contracting_unit", "project"] = "contracting_unit"
    multi_currency_cost_price_lists: bool = False
    time_cost_currency: Literal["price_line", "contracting_unit"] = "price_line"
    dimension_matching: Literal["weighted", "strict_drop"] = "weighted"
    duplicate_price_rows: Overlap = "no_price"
    override_order: Literal["scope_then_date", "date_then_scope"] = "scope_then_date"
    quote_scope_reaches_contract: bool = True
    unit_conversion: Literal["direct", "via_primary_unit"] = "direct"
    round_unit_price: Literal["before_amount", "after_amount"] = "before_amount"
    rounding_mode: Literal["half_up", "half_even"] = "half_up"
    exchange_rate_source: Literal["dataverse", "finance_with_fallback"] = "dataverse"
    cost_plus_on_estimates: Literal["zero", "from_cost_estimate"] = "zero"
    cost_plus_roles: Literal["follow_row", "ignore"] = "follow_row"
    material_pricing_methods: Literal["currency_amount_only", "transaction_cost_methods"] = "currency_amount_only"
    entered_price: Literal["keep", "recompute"] = "keep"
    unresolved_price: Literal["null", "zero"] = "null"
    contract_creation_price_lists: Literal["copy", "associate"] = "copy"
    quote_win_price_lists: Literal["copy", "associate", "associate_with_overrides"] = "copy"
    custom_pricing: Literal["full_copy", "scoped_overrides"] = "full_copy"
    copied_child_rows: Literal["role_and_category", "all"] = "role_and_category"
    discounts_and_fees: bool = False
    fee_base: Literal["gross", "net_of_discount"] = "gross"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicingPolicy:
    """Settings of the invoicing rules.

    `schedule`: whether `proforma sync` runs the periodic creation. `number_prefix`: of our own invoice numbers.
    `bulk_confirm_max`: how many invoices one confirm may name (I-93).
    `confirmed_by`: who may confirm a draft: anyone, or only a person who neither made nor changed it (I-87).
    `origin`: where invoices are made, and `origins` where those of single contracts, by number or id (I-130).
    `price_difference`: what becomes of an invoice of the source system that bills other prices than ours: it waits for a person, is
    taken over and listed, or is taken over. `take_over_from`: the first invoice date that is taken over.
    """

    schedule: bool = False
    number_prefix: str = "PF-"
    bulk_confirm_max: int = 250
    confirm: Literal["manual", "automatic"] = "manual"
    confirmed_by: Literal["anyone", "another_person"] = "anyone"
    origin: Origin = Origin.LOCAL
    origins: Mapping[str, Origin] = field(default_factory=dict)
    price_difference: Literal["hold", "warn", "accept"] = "hold"
    take_over_from: date | None = None

    def origin_of(self, contract: Contract) -> Origin:
        """Where the invoices of a contract are made; its id wins over its number."""
        named = {name.lower(): origin for name, origin in self.origins.items()}
        return next((named[key.lower()] for key in (contract.id, contract.number) if key and key.lower() in named), self.origin)
