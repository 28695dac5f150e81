"""Which of the attached price lists holds: of contracts and quotes for sales, of units for cost, of subcontracts (P-20 to P-29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.ids import CurrencyId, Guid, OrganizationalUnitId, SubcontractId
from proforma.domain.policies import Overlap, PricingPolicy
from proforma.domain.prices import PriceList
from proforma.pricing.facts import Facts
from proforma.pricing.ties import created_last
from proforma.pricing.trail import named

_OVERLAP_RULE: Final = {Side.SALES: "P-23", Side.COST: "P-26", Side.PURCHASE: "P-29"}
_SOURCE_RULE: Final = {Side.SALES: "P-20", Side.COST: "P-24", Side.PURCHASE: "P-29"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no list: rule, reason code (P-67), and the sentence for people."""

    rule: str
    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class ListChoice:
    """The price list of a record, or the refusal that stops the search; `steps` name every attached list with its verdict (P-7)."""

    price_list: PriceList | None
    steps: tuple[str, ...]
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list must be: for a side, in a currency (None: any), effective on a day, for planned work or for an actual (P-5)."""

    side: Side
    day: date
    currency_id: CurrencyId | None
    any_currency: bool = False
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Sifted:
    """Attached lists after the tests of P-7, of currency and of P-6; each group holds the next."""

    usable: tuple[PriceList, ...]
    in_currency: tuple[PriceList, ...]
    effective: tuple[PriceList, ...]
    steps: tuple[str, ...]


def sales_list(
    facts: Facts, owner: PriceListOwner, owner_id: Guid, *, currency_id: CurrencyId | None, day: date, planned: bool = False
) -> ListChoice:
    """The sales list of a contract or quote on a day; no other source is asked (P-20 to P-23)."""
    wanted = Wanted(side=Side.SALES, day=day, currency_id=currency_id, planned=planned)
    asked = f"P-20 asked: {owner} {facts.owner_name(owner_id)}, in {_code(facts, currency_id)}"
    sifted = sift(facts, facts.attached(owner, owner_id), wanted, asked=asked)
    if sifted.effective:
        return _one_of(sifted, wanted, facts.policy.overlapping_price_lists.sales)
    if not sifted.usable:
        return _none("P-21", "no-price-list-attached", f"no usable sales price list is attached to the {owner}", sifted.steps)
    if not sifted.in_currency:
        return _none(
            "P-22", "no-price-list-in-currency", f"no list of the {owner} is in {facts.code(currency_id) or 'its currency'}", sifted.steps
        )
    return _none("P-22", "no-price-list-on-date", f"no list of the {owner} is effective on {day}", sifted.steps)


def cost_list(
    facts: Facts, unit_id: OrganizationalUnitId, *, currency_id: CurrencyId | None, day: date, planned: bool = False
) -> ListChoice:
    """The cost list of an organizational unit on a day, else of the parameters (P-24 to P-27)."""
    policy = facts.policy
    wanted = Wanted(side=Side.COST, day=day, currency_id=currency_id, any_currency=policy.multi_currency_cost_price_lists, planned=planned)
    currency = "any currency (P-27)" if wanted.any_currency else _code(facts, currency_id)
    asked = f"P-24 asked: unit {facts.owner_name(unit_id)}, in {currency}"
    own = sift(facts, facts.attached(PriceListOwner.ORGANIZATIONAL_UNIT, unit_id), wanted, asked=asked)
    if own.effective:
        return _one_of(own, wanted, policy.overlapping_price_lists.cost)
    if own.in_currency and policy.cost_fallback_when_none_effective == "stop":
        return _none(
            "P-25", "no-price-list-on-date", f"lists of the unit fit, but none is effective on {day}; parameters are not asked", own.steps
        )
    then = f"P-25 asked next: the parameters, as no list of the unit {'holds' if own.in_currency else 'fits'}"
    general = sift(facts, facts.attached(PriceListOwner.PARAMETERS, None), wanted, asked=then)
    both = Sifted(general.usable, general.in_currency, general.effective, (*own.steps, *general.steps))
    if both.effective:
        return _one_of(both, wanted, policy.overlapping_price_lists.cost)
    if own.in_currency or both.in_currency:
        return _none("P-25", "no-price-list-on-date", f"no cost list of the unit or the parameters is effective on {day}", both.steps)
    return _none("P-25", "no-price-list-attached", "no cost list of the unit or the parameters fits by context and currency", both.steps)


def purchase_list(facts: Facts, subcontract_id: SubcontractId, *, day: date, planned: bool = False) -> ListChoice:
    """The purchase list of a subcontract on a day, in whatever currency; cost lists never stand in for it (P-29)."""
    wanted = Wanted(side=Side.PURCHASE, day=day, currency_id=None, any_currency=True, planned=planned)
    asked = f"P-29 asked: subcontract {facts.owner_name(subcontract_id)}, in any currency"
    sifted = sift(facts, facts.attached(PriceListOwner.SUBCONTRACT, subcontract_id), wanted, asked=asked)
    if sifted.effective:
        return _one_of(sifted, wanted, facts.policy.overlapping_price_lists.purchase)
    if not sifted.usable:
        return _none("P-29", "no-purchase-price-list", "no usable purchase price list is attached to the subcontract", sifted.steps)
    return _none("P-29", "no-price-list-on-date", f"no list of the subcontract is effective on {day}", sifted.steps)


def sift(facts: Facts, lists: Sequence[PriceList], wanted: Wanted, *, asked: str) -> Sifted:
    """Attached lists, each with its verdict: inactive, wrong-context, wrong-currency, open-ended, not-effective, or fitting (P-7).

    `asked`: the step that says whose lists they are.
    """
    usable: list[PriceList] = []
    in_currency: list[PriceList] = []
    effective: list[PriceList] = []
    steps = [asked]
    for price_list in lists:
        unusable = unusable_because(price_list, wanted.side)
        if unusable:
            steps.append(f"P-7 price list {named(price_list)}: {unusable}")
            continue
        usable.append(price_list)
        if not wanted.any_currency and (wanted.currency_id is None or price_list.currency_id != wanted.currency_id):
            code = _code(facts, price_list.currency_id)
            steps.append(f"{_SOURCE_RULE[wanted.side]} price list {named(price_list)}: wrong-currency, {code}")
            continue
        in_currency.append(price_list)
        idle = not_effective_because(price_list, wanted.day, facts.policy, planned=wanted.planned)
        if idle:
            steps.append(f"P-6 price list {named(price_list)}: {idle}, {_span(price_list, planned=wanted.planned)}")
        else:
            effective.append(price_list)
    return Sifted(tuple(usable), tuple(in_currency), tuple(effective), tuple(steps))


def unusable_because(price_list: PriceList, side: Side) -> str | None:
    """Why a list is no candidate for a side at all: `inactive` or `wrong-context`; None when it is one (P-7)."""
    if not price_list.active:
        return "inactive"
    return None if price_list.context is side else "wrong-context"


def not_effective_because(price_list: PriceList, day: date, policy: PricingPolicy, *, planned: bool) -> str | None:
    """Why a list does not apply on a day: `open-ended` or `not-effective`; None when it does, both ends included (P-6)."""
    effective = price_list.effective if planned else price_list.effective_for_actuals
    if effective.is_open_ended and policy.open_ended_price_lists == "not_effective":
        return "open-ended"
    return None if effective.covers(day) else "not-effective"


def _one_of(sifted: Sifted, wanted: Wanted, overlap: Overlap) -> ListChoice:
    """The only effective list, or by policy the one created last; equal creation gives none (P-23, P-26, P-29)."""
    lists = sifted.effective
    if len(lists) == 1:
        rule = _SOURCE_RULE[wanted.side]
        step = f"{rule} price list {named(lists[0])}: chosen; the only one that fits"
        return ListChoice(lists[0], (*sifted.steps, step))
    rule = _OVERLAP_RULE[wanted.side]
    last = created_last(lists) if overlap == "latest_created" else None
    if last is not None:
        others = tuple(f"{rule} price list {named(row)}: overlaps, created earlier" for row in lists if row is not last)
        return ListChoice(last, (*sifted.steps, *others, f"{rule} price list {named(last)}: chosen; created last"))
    clashing = tuple(f"{rule} price list {named(row)}: overlaps" for row in lists)
    return _none(rule, "overlapping-price-lists", f"{len(lists)} lists are effective on {wanted.day}", (*sifted.steps, *clashing))


def _span(price_list: PriceList, *, planned: bool) -> str:
    """The days on which a list holds, as the trail says them."""
    days = price_list.effective if planned else price_list.effective_for_actuals
    return f"{days.first or 'no first day'} to {days.last or 'no last day'}"


def _code(facts: Facts, currency_id: CurrencyId | None) -> str:
    return facts.code(currency_id) or "no known currency"


def _none(rule: str, reason: str, why: str, steps: tuple[str, ...]) -> ListChoice:
    return ListChoice(None, steps, Refusal(rule, reason, why))
