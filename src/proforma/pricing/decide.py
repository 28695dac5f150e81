"""From a record to its price decision, step by step in the order of P-68."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation, Overflow
from typing import Final

from proforma.domain.codes import Side, TransactionClass, TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CurrencyId, PriceListId
from proforma.domain.money import plain, total
from proforma.domain.records import Estimate, PricedRecord
from proforma.pricing.amounts import Extension, amount_of, amount_step, extension_of
from proforma.pricing.billing_type import Placement, billing_type_of, placement_of
from proforma.pricing.case import Case, is_quote_detail
from proforma.pricing.category_prices import expense_rate
from proforma.pricing.entered import LISTED, copied_from_origin, entered_on, is_settled
from proforma.pricing.exchange import exchanged
from proforma.pricing.facts import Facts
from proforma.pricing.items import material_rate
from proforma.pricing.outcomes import ZERO_BY_RULE, Rate, Unresolved
from proforma.pricing.phasing import Phase, phases, weighted_average
from proforma.pricing.role_prices import time_rate
from proforma.pricing.sides import pricing_day, side_of, side_step
from proforma.pricing.sources import list_of, source_step
from proforma.pricing.trail import shown

RATES: Final[dict[TransactionClass, Callable[[Case], Rate]]] = {
    TransactionClass.TIME: time_rate,
    TransactionClass.EXPENSE: expense_rate,
    TransactionClass.MATERIAL: material_rate,
}


@dataclass(frozen=True, slots=True)
class _Figures:
    """A price and amount on their way into a decision; rounded already, or final as they are.

    `extension`: discount and fee where they are copied too, None where they follow from the amount.
    """

    rate: Rate
    price: Decimal | None
    amount: Decimal | None
    price_list_id: PriceListId | None
    extension: Extension | None = None


class Decider:
    """Decides one record. Short-lived: it only carries the trail and what the steps share."""

    def __init__(self, facts: Facts, record: PricedRecord, related: Sequence[PricedRecord]) -> None:
        self._facts = facts
        self._record = record
        self._related = related
        self._side = side_of(record)
        self._trail: list[str] = [side_step(record, self._side)]

    def decision(self) -> PriceDecision:
        """The price of the record with everything that led there, or the reason of the first step that failed."""
        if is_settled(self._record):
            self._trail.append(f"P-2 not priced: the record is {self._record.adjustment}, settled history")
            return self._unpriced(None, Unresolved("P-2", "not-priced", "settled"))
        placement = placement_of(self._facts, self._record)
        try:
            if self._side is None:
                raise Unresolved("P-1", "not-priced", "a record without a known type has no side")
            return self._priced(self._figures(self._side, placement), self._side, placement)
        except (InvalidOperation, Overflow):
            return self._stopped(placement, Unresolved("P-56", "out-of-range", "the figures make an amount that no money column holds"))
        except Unresolved as stop:
            return self._stopped(placement, stop)

    def _stopped(self, placement: Placement, stop: Unresolved) -> PriceDecision:
        self._trail.append(f"{stop.rule} stopped: {stop.step}")
        return self._unpriced(placement, stop)

    def _figures(self, side: Side, placement: Placement) -> _Figures:
        """Copied, entered, or looked up, in this order (P-68)."""
        found = self._copied() or self._entered(side)
        if found is not None:
            return found
        record = self._record
        if record.type is TransactionType.BILLED_SALES:
            raise Unresolved("P-2", "not-priced", "a billed sale is never resolved, and there is nothing to copy")
        if record.transaction_class not in LISTED:
            rule = "P-59" if record.transaction_class is TransactionClass.FEE else "P-2"
            raise Unresolved(rule, "not-priced", f"class {record.transaction_class or '(empty)'} has no price list and nothing is entered")
        if side is Side.SALES and placement.is_fixed_price and not isinstance(record, Estimate):
            raise Unresolved("P-2", "not-priced", "a fixed-price line is billed by milestones; its work has a cost only")
        return self._looked_up(side)

    def _copied(self) -> _Figures | None:
        copied = copied_from_origin(self._record, self._related, lambda origin: decide(self._facts, origin, ()))
        if copied is None:
            return None
        self._trail.append(copied.step)
        rate = Rate(price=copied.price or Decimal(0), currency_id=copied.currency_id, rule="P-2", reason="copied-from-origin")
        if self._record.billing_type is None:
            self._record = replace(self._record, billing_type=copied.billing_type)
        return replace(self._kept(rate, copied.price, copied.amount, copied.price_list_id), extension=copied.extension)

    def _entered(self, side: Side) -> _Figures | None:
        record = self._record
        entered = entered_on(record, side=side, policy=self._facts.policy)
        if entered is None:
            return None
        figure = f"amount {plain(entered.amount or Decimal(0))}" if record.price is None else f"price {plain(record.price)}"
        self._trail.append(f"P-3 entered: {figure} {self._code(record.currency_id)} stands on the record and is kept")
        rate = Rate(price=entered.price or Decimal(0), currency_id=record.currency_id, rule="P-3", reason="entered-price")
        kept = self._kept(rate, entered.price, entered.amount, None)
        if entered.price is not None and record.transaction_class in LISTED:
            self._trail.append(amount_step(record, entered.price, amount_of(record, entered.price), kept.amount))
        if record.amount is not None and kept.amount is not None and kept.amount != record.amount:
            self._trail.append(f"P-4 amount: {plain(kept.amount)} by the amount method, while {plain(record.amount)} is stored")
        return kept

    def _kept(self, rate: Rate, price: Decimal | None, amount: Decimal | None, price_list_id: PriceListId | None) -> _Figures:
        """Figures that stand on a record: the amount rounded, the price with its own decimals where it has more than its currency (P-3)."""
        round_ = self._facts.rounder(rate.currency_id)
        if price is not None and round_.keeps(price):
            price = round_(price)
        return _Figures(rate, price, None if amount is None else round_(amount), price_list_id)

    def _looked_up(self, side: Side) -> _Figures:
        """The rate from the list of the day, rounded before the amount is made, or after it (P-56, S14)."""
        day, step = pricing_day(self._record)
        self._trail.append(step)
        rate, price_list_id = self._phased_rate(side, day) if self._is_phased(day) else self._rate(side, day, self._trail)
        round_ = self._facts.rounder(rate.currency_id)
        price = round_(rate.price)
        multiplied = price if self._facts.policy.round_unit_price == "before_amount" else rate.price
        exact = amount_of(self._record, multiplied)
        if rate.reason in ZERO_BY_RULE:
            exact = Decimal(0)
        amount = None if exact is None else round_(exact)
        exactly = "" if price == rate.price else f"{shown(rate.price)} rounded to "
        self._trail.append(f"P-56 price: {exactly}{plain(price)} {self._code(rate.currency_id)}")
        is_zero = rate.reason in ZERO_BY_RULE
        self._trail.append("P-4 amount: 0, as the price is" if is_zero else amount_step(self._record, multiplied, exact, amount))
        self._show_in_project_currency(side, price, rate.currency_id)
        return _Figures(rate, price, amount, price_list_id)

    def _rate(self, side: Side, day: date, trail: list[str]) -> tuple[Rate, PriceListId]:
        """The rate of one day: its list first, then the row inside it (P-23: the list is decided before rows are looked at)."""
        origin = source_step(self._facts, self._record, side)
        if origin is not None:
            trail.append(origin)
        choice = list_of(self._facts, self._record, side=side, day=day)
        trail.extend(choice.steps)
        facts, price_list = self._facts, choice.price_list
        if price_list is None:
            assert choice.refusal is not None, "without a list there is a refusal"
            raise Unresolved(choice.refusal.rule, choice.refusal.reason, choice.refusal.why)
        case = Case(facts, self._record, self._related, side, day, price_list, trail, lambda cost: decide(facts, cost, ()))
        try:
            return RATES[self._record.transaction_class](case), price_list.id  # type: ignore[index]  # only listed classes come here
        except Unresolved as stop:
            stop.price_list_id = price_list.id
            raise

    def _is_phased(self, day: date) -> bool:
        """Whether the record is a quote detail that lasts longer than a day (P-66)."""
        record = self._record
        return is_quote_detail(record) and isinstance(record, Estimate) and record.end_date is not None and record.end_date > day

    def _phased_rate(self, side: Side, first: date) -> tuple[Rate, PriceListId]:
        """The rate of the first day with the average price of all days; list and row are those of the first day (P-66)."""
        record = self._record
        last = record.end_date if isinstance(record, Estimate) and record.end_date else first
        parts: list[tuple[Decimal, int]] = []
        opening: tuple[Rate, PriceListId] | None = None
        for phase in phases(first, last, self._facts.change_days):
            rate, list_id = self._rate_of(phase, side, is_first=opening is None)
            opening = opening or (rate, list_id)
            price = exchanged(self._facts, rate.price, source=rate.currency_id, target=opening[0].currency_id)
            parts.append((price, phase.days))
        assert opening is not None, "a plan that ends after its start has a first day"
        if len({price for price, _ in parts}) == 1:
            return opening
        average = weighted_average(parts)
        self._trail.append(f"P-66 average: {' + '.join(f'{days} days at {shown(price)}' for price, days in parts)} = {shown(average)}")
        return replace(opening[0], price=average, rule="P-66"), opening[1]

    def _rate_of(self, phase: Phase, side: Side, *, is_first: bool) -> tuple[Rate, PriceListId]:
        """The rate of a phase; the trail gets all steps of the first, and of the others those that were not taken before (P-66)."""
        steps: list[str] = []
        try:
            return self._rate(side, phase.first_day, steps)
        finally:
            new = [step for step in steps if step not in self._trail]
            if new and not is_first:
                self._trail.append(f"P-66 from {phase.first_day}: {phase.days} days at another price or way to it")
            self._trail.extend(steps if is_first else new)

    def _priced(self, figures: _Figures, side: Side, placement: Placement) -> PriceDecision:
        facts, record, rate = self._facts, self._record, figures.rate
        billing_type = billing_type_of(facts, record, placement)
        amount = figures.amount
        discount = fee = Decimal(0)
        if facts.policy.discounts_and_fees and amount is not None:
            extension = figures.extension or extension_of(
                facts.policy,
                amount,
                side=side,
                billing_type=billing_type,
                placement=placement,
                rounder=self._facts.rounder(rate.currency_id),
            )
            discount, fee = extension.discount, extension.fee
            self._trail.append(extension.step)
        return PriceDecision(
            record_id=record.id,
            table=record.table,
            side=side,
            rule=rate.rule,
            reason=rate.reason,
            price_list_id=figures.price_list_id,
            price_line_id=rate.price_line_id,
            markup_line_id=rate.markup_line_id,
            override_id=rate.override_id,
            cost_record_id=rate.cost_record_id,
            price=figures.price,
            amount=amount,
            quantity=record.quantity,
            unit_id=record.unit_id,
            currency_id=rate.currency_id,
            currency=facts.code(rate.currency_id),
            discount=discount,
            fee=fee,
            extended=None if amount is None else total((amount, -discount, fee)),
            billing_type=billing_type,
            trail=tuple(self._trail),
        )

    def _unpriced(self, placement: Placement | None, stop: Unresolved) -> PriceDecision:
        """No price, no currency and no row; the list where it was decided (P-67). History keeps the billing type it has."""
        record = self._record
        return PriceDecision(
            record_id=record.id,
            table=record.table,
            side=self._side,
            rule=stop.rule,
            reason=stop.reason,
            price_list_id=stop.price_list_id,
            quantity=record.quantity,
            unit_id=record.unit_id,
            billing_type=record.billing_type if placement is None else billing_type_of(self._facts, record, placement),
            trail=tuple(self._trail),
        )

    def _code(self, currency_id: CurrencyId | None) -> str:
        return self._facts.code(currency_id) or "without currency"

    def _show_in_project_currency(self, side: Side, price: Decimal, currency_id: CurrencyId | None) -> None:
        """A planned cost in another currency than the project's is shown in the project's too (P-44)."""
        record = self._record
        if side is Side.SALES or not isinstance(record, Estimate) or not record.project_id:
            return
        project = self._facts.projects.get(record.project_id)
        if project is None or project.currency_id in (None, currency_id):
            return
        try:
            there = exchanged(self._facts, price, source=currency_id, target=project.currency_id)
        except Unresolved:
            return  # a figure for readers only; the decision does not need it
        self._trail.append(
            f"P-44 in project currency: {self._facts.rounder(project.currency_id)(there):f} {self._facts.code(project.currency_id)}"
        )


def decide(facts: Facts, record: PricedRecord, related: Sequence[PricedRecord]) -> PriceDecision:
    """The price decision of one record; `related` are the records at the other end of its connections (P-49)."""
    return Decider(facts, record, related).decision()
