"""Prices decided once for all records that differ in nothing a rule reads: the same place, the same work, a day between the same changes.

The rules are asked, never repeated: for each combination they get a record that carries the shared columns and nothing else, so that a
price cannot depend on what is not shared. Whatever needs more of a record (a billed sale, a price that follows a cost, a discount) is
left to the rule for single records, which a test compares with this module, record by record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation, Overflow
from functools import partial
from typing import Any, Final, Generic, TypeVar

from proforma.domain.codes import AmountMethod, BillingType, IncludedTasks, Side, TransactionClass, TransactionType
from proforma.domain.decisions import Grounds, PriceDecision
from proforma.domain.ids import CategoryId, PriceListId, RoleId
from proforma.domain.money import EXACT
from proforma.domain.prices import PriceList
from proforma.domain.records import Actual, PricedRecord
from proforma.pricing.billing_type import NOWHERE, Placement, billing_type_of, placement_of
from proforma.pricing.book import PriceBook
from proforma.pricing.case import Case
from proforma.pricing.decide import RATES, decide
from proforma.pricing.dimensions import Values, values_of
from proforma.pricing.entered import LISTED, entered_on, is_settled
from proforma.pricing.facts import Facts, PricingRecords
from proforma.pricing.markups import markup_table
from proforma.pricing.outcomes import ZERO_BY_RULE, Rate, Unresolved
from proforma.pricing.role_prices import role_price_table, side_dimensions_of
from proforma.pricing.rounding import Rounder
from proforma.pricing.sides import side_of
from proforma.pricing.sources import list_of

#: Columns that say where a record stands: its side, contract, line and list follow from them and the day.
PLACE: Final = (
    "table",
    "type",
    "transaction_class",
    "contract_id",
    "contract_line_id",
    "project_id",
    "contracting_unit_id",
    "subcontract_id",
    "currency_id",
    "billing_type",
    "adjustment",
    "amount_method",
    "resourcing_unit_id",
)
#: Columns that say what the work is: its row in the list follows from them.
WORK: Final = ("transaction_class", "dimensions", "unit_id", "category_id", "product_id")
#: The role and category of a record whose billing type they decide (P-62).
Masters = tuple[RoleId | None, CategoryId | None]
#: Types whose price can depend on the unit that lends the people (P-28, P-41).
LENDING: Final = frozenset({TransactionType.COST, TransactionType.RESOURCING_UNIT_COST, TransactionType.INTER_ORGANIZATIONAL_SALES})
#: Answers, places and kinds of work kept at a time, about a kilobyte each: enough for all of a large company, few enough that memory
#: does not follow the records.
KNOWN_MAX: Final = 250_000
#: So many pieces of work that lead to an answer that is there already take the memory of one answer.
_LED_TO: Final = 8

Made = TypeVar("Made")

_MULTIPLIED: Final = (None, AmountMethod.QUANTITY_BY_PRICE)
_multiply: Final = EXACT.multiply


def place_columns(records: PricingRecords) -> tuple[str, ...]:
    """The columns of a place; tasks, customers and vendor invoices only where some rule can ask for them (P-41, P-62)."""
    has_tasks = any(row.included_tasks is IncludedTasks.SELECTED for row in records.contract_lines)
    more = (("task_id",) if has_tasks else ()) + (("account_id", "vendor_invoice_id") if records.overrides else ())
    return PLACE + more


#: Keeps grounds and answers the number under which decisions name them.
Note = Callable[[Grounds], int]


class Found(dict[Any, Made], Generic[Made]):
    """What was found for a key, found when it is first looked for."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[Any], Made]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: Any) -> Made:
        found = self[key] = self._find(key)
        return found


class Numbers(dict[BillingType | None, int]):
    """The numbers of grounds that differ in the billing type alone, by that type; each noted when it is first asked for."""

    __slots__ = ("_grounds", "_note")

    def __init__(self, note: Note, grounds: Grounds) -> None:
        super().__init__()
        self._note = note
        self._grounds = grounds

    def __missing__(self, billing_type: BillingType | None) -> int:
        grounds = self._grounds
        number = self[billing_type] = self._note(grounds.of_billing_type(billing_type))
        return number


class Answer:
    """What the records of a combination have in common: a price as text, or none, and what it rests on.

    `grounds`: the number of the grounds by billing type.
    """

    __slots__ = ("_base", "_round", "grounds", "price")

    def __init__(
        self, note: Note, grounds: Grounds, *, price: str | None = None, base: Decimal | None = None, round_: Rounder | None = None
    ) -> None:
        self.price = price
        self._base = base
        self._round = round_
        self.grounds = Numbers(note, grounds)

    def amount(self, quantity: str) -> str | None:
        """Quantity × price, rounded (P-4, P-56), None without a quantity (""); without a price what stands in its place (S21).

        Raises as rounding does.
        """
        if self._base is None or self._round is None:
            return self.price
        return str(self._round(_multiply(self._base, Decimal(quantity)))) if quantity else None

    def kept(self, price: str, quantity: str) -> tuple[str, str]:
        """An entered price with its currency's decimals where it has no more, and the amount that follows (P-3, P-4)."""
        assert self._round is not None, "entered prices are rounded"
        entered = Decimal(price)
        rounded = self._round(entered)
        amount = self._round(_multiply(Decimal(quantity), entered))
        return str(rounded if rounded == entered else entered), str(amount)


class Work:
    """What was done, for whom ever: the columns of WORK, and their values by the dimensions of each side. Compared by identity."""

    __slots__ = ("record", "values")

    def __init__(self, record: Actual) -> None:
        self.record = record
        #: Its dimension values by the names that are asked for, in their order.
        self.values: Found[Values] = Found(partial(values_of, record.dimensions))


class Answers(dict[Work, Answer | None]):
    """The answers about work under one set of circumstances, found when they are first asked for; None: ask for each record."""

    __slots__ = ("_find", "_known", "_signature")

    def __init__(self, find: Callable[[Work], Answer | None], signature: Callable[[Work], Hashable]) -> None:
        super().__init__()
        self._signature = signature
        self._known: dict[Hashable, Answer | None] = {}
        self._find = find

    def __missing__(self, work: Work) -> Answer | None:
        signature = self._signature(work)
        known = self._known
        if signature not in known:
            known[signature] = self._find(work)
        answer = self[work] = known[signature]
        return answer

    @property
    def different(self) -> int:
        """Number of answers, each counted once however much work has it."""
        return len(self._known)


class Place:
    """Where records stand: their side, contract, line and unit.

    `answers`: those about work done there, by the interval of days (None: of no day). `billing_types`: of records that name none
    (P-62), by role and category. `entered`: the answers about records that keep the price they carry.
    """

    __slots__ = ("answers", "billing_type", "billing_types", "entered")

    def __init__(self, combinations: Combinations, record: Actual) -> None:
        # What finds does not know what was found: a place that is dropped is gone at once, without the garbage collector.
        finder = _PlaceFinder(combinations, record)
        self.billing_type = record.billing_type
        self.answers: Found[Answers] = Found(finder.answers)
        self.billing_types = finder.billing_types()
        self.entered: Answers | None = Answers(finder.entered, _unit_of) if finder.keeps_entered() else None


class _PlaceFinder:
    """Asks the rules about the records of one place."""

    __slots__ = ("_combinations", "_placement", "_record", "_side")

    def __init__(self, combinations: Combinations, record: Actual) -> None:
        self._combinations = combinations
        self._record = record
        self._side = side_of(record)
        self._placement: Placement = placement_of(combinations.facts, record)

    def answers(self, interval: int | None) -> Answers:
        """The answers about work of these days."""
        answers = self._of_list(interval)
        return Answers(partial(self._refused, interval), _unit_of) if answers is None else answers

    def billing_types(self) -> Found[BillingType | None]:
        """The billing types of records that name none, asked once for all lines that say nothing of their own (P-62)."""
        line, facts = self._placement.line, self._combinations.facts
        if is_settled(self._record) or self._placement.excluded or (line is not None and facts.says_what_is_chargeable(line)):
            return Found(self._billing_type)
        return self._combinations.plain_billing_types(self._record)

    def _billing_type(self, masters: Masters) -> BillingType | None:
        """History keeps its own emptiness (P-2)."""
        return None if is_settled(self._record) else _billing_type(self._combinations.facts, self._record, self._placement, masters)

    def keeps_entered(self) -> bool:
        """Whether records of this place keep the price that they carry (P-3)."""
        return (
            self._side is not None and not is_settled(self._record) and _keeps_entered(self._combinations.facts, self._record, self._side)
        )

    def entered(self, work: Work) -> Answer | None:
        """The answer about work that carries its price."""
        record = replace(self._record, unit_id=work.record.unit_id, price=Decimal(1))
        return self._combinations.entered(decide(self._combinations.facts, record, ()))

    def _of_list(self, interval: int | None) -> Answers | None:
        """The answers of the list of these days, shared by all places that it prices; None where the search stops before a list."""
        record, side = self._record, self._side
        if interval is None or side is None or is_settled(record) or (side is Side.SALES and self._placement.is_fixed_price):
            return None
        day = self._combinations.first_day(interval)
        try:
            choice = list_of(self._combinations.facts, record, side=side, day=day)
        except Unresolved:
            return None
        return None if choice.price_list is None else self._combinations.list_answers(record, side, day, choice.price_list)

    def _refused(self, interval: int | None, work: Work) -> Answer | None:
        """Why there is no price, whatever the work: no list, no day, no side, history (P-68: the list is decided before rows)."""
        day = None if interval is None else self._combinations.first_day(interval)
        record = replace(self._record, unit_id=work.record.unit_id, transaction_date=day)
        return self._combinations.unpriced(decide(self._combinations.facts, record, ()), record)


class Combinations:
    """The answers of a price book to all records of a mirror. `note` keeps grounds and gives them their number."""

    def __init__(self, book: PriceBook, note: Note) -> None:
        self.facts = book.facts
        self._note = note
        self._days = _change_days(book.facts.records)
        self._overridden = _overridden(book.facts)
        self._lists: dict[Hashable, Answers] = {}
        self._plain_billing_types: dict[TransactionClass | None, Found[BillingType | None]] = {}

    def place(self, record: Actual) -> Place | None:
        """The place of a record with these columns; None where each record must be decided by itself.

        That are billed sales, classes without lists, other amount methods, and sales with discounts (P-2, P-4, P-59, P-60).
        """
        by_itself = (
            record.type is TransactionType.BILLED_SALES
            or record.transaction_class not in LISTED
            or record.amount_method not in _MULTIPLIED
            or (self.facts.policy.discounts_and_fees and side_of(record) is Side.SALES)
            or (record.transaction_class is TransactionClass.MATERIAL and self.facts.policy.entered_price == "recompute")
        )
        return None if by_itself else Place(self, record)

    @property
    def known(self) -> int:
        """Number of answers kept in the lists, and what leads to them in terms of answers."""
        return sum(answers.different + len(answers) // _LED_TO for answers in self._lists.values())

    def forget(self) -> None:
        """Drops all answers; places and work made before must not be used again."""
        self._lists.clear()

    def interval(self, day: date) -> int:
        """Number of the interval of a day: between two changes of lists, overrides and rates nothing changes."""
        return bisect_right(self._days, day)

    def first_day(self, interval: int) -> date:
        """The first day of an interval."""
        return self._days[interval - 1] if interval else date.min

    def list_answers(self, place: Actual, side: Side, day: date, price_list: PriceList) -> Answers:
        """The answers of a list to the work of a side and class; of each place and day for itself where overrides or S8 ask for them."""
        policy = self.facts.policy
        scoped = place.transaction_class is TransactionClass.TIME and (
            price_list.id in self._overridden or (side is Side.COST and policy.time_cost_currency == "contracting_unit")
        )
        # Identity stands for a scoped place: its columns are its own, and comparing them costs more than asking again.
        key = (price_list.id, side, place.table, place.transaction_class, (id(place), day) if scoped else None)
        if key not in self._lists:
            pricing = _ListPricing(self, place, side, day, price_list, scoped=scoped)
            self._lists[key] = Answers(pricing.answer, pricing.signature)
        return self._lists[key]

    def plain_billing_types(self, record: Actual) -> Found[BillingType | None]:
        """The billing types of records of a class, on a line that says nothing of roles, categories and tasks, or on none (P-62)."""
        if record.transaction_class not in self._plain_billing_types:
            self._plain_billing_types[record.transaction_class] = Found(partial(_billing_type, self.facts, record, NOWHERE))
        return self._plain_billing_types[record.transaction_class]

    def unpriced(self, decision: PriceDecision, record: Actual) -> Answer | None:
        """The answer of a decision without a price, 0 where S21 says so."""
        return None if decision.is_priced else self.refused(decision.grounds, settled=is_settled(record))

    def refused(self, grounds: Grounds, *, settled: bool = False) -> Answer:
        """No price, or 0 where S21 says so."""
        zero = self.facts.policy.unresolved_price == "zero" and not settled
        return Answer(self._note, grounds, price="0" if zero else None)

    def entered(self, decision: PriceDecision) -> Answer | None:
        """The answer about records that carry their price."""
        if decision.reason != "entered-price":
            return None
        return Answer(self._note, decision.grounds, round_=self.facts.rounder(decision.currency_id))

    def priced(self, grounds: Grounds, rate: Rate) -> Answer | None:
        """The answer of a rate: rounded before the amount is made, or after it (P-56, S14)."""
        round_ = self.facts.rounder(rate.currency_id)
        try:
            price = round_(rate.price)
        except InvalidOperation:
            return None
        base = price if self.facts.policy.round_unit_price == "before_amount" else rate.price
        return Answer(self._note, grounds, price=str(price), base=base, round_=round_)


class _ListPricing:
    """One price list asked for one class of work on one side; of the place it knows only the class, unless it is `scoped` to it."""

    def __init__(self, combinations: Combinations, place: Actual, side: Side, day: date, price_list: PriceList, *, scoped: bool) -> None:
        facts = combinations.facts
        self._combinations = combinations
        self._place = place if scoped else None
        self._table = place.table
        self._rate = RATES[place.transaction_class]  # type: ignore[index]  # places have listed classes
        self._is_time = place.transaction_class is TransactionClass.TIME
        self._side, self._day, self._list = side, day, price_list
        self._dimensions = side_dimensions_of(facts, side)
        self._strict = facts.policy.dimension_matching == "strict_drop"
        self._role_prices = role_price_table(facts, price_list.id, side)
        has_markup = self._dimensions.has_markup and price_list.id in facts.markups
        self._markups = markup_table(facts, price_list.id, side, self._dimensions) if has_markup else None

    def signature(self, work: Work) -> Hashable:
        """What decides the answer: the rows that fit, and the unit. Work with other dimension values may fit the same rows."""
        record = work.record
        if not self._is_time:
            return (record.category_id, record.product_id, record.unit_id)
        # Tables live as long as the facts, and so do their groups of rows: one group, one identity.
        row = id(self._role_prices.winners(work.values[self._dimensions.amount], strict=self._strict))
        if self._markups is None:
            return (row, record.unit_id)
        return (row, id(self._markups.winners(work.values[self._dimensions.all], strict=self._strict)), record.unit_id)

    def answer(self, work: Work) -> Answer | None:
        """The rate of the list for the work; None where it follows a cost or cannot be rounded."""
        record, facts = self._record(work.record), self._combinations.facts
        try:
            rate = self._rate(Case(facts, record, (), self._side, self._day, self._list, [], _nobody, is_told=False))
        except Unresolved as stop:
            refused = Grounds(
                table=self._table,
                side=self._side,
                rule=stop.rule,
                reason=stop.reason,
                price_list_id=self._list.id,
                unit_id=record.unit_id,
            )
            return None if stop.reason == "no-related-cost" else self._combinations.refused(refused)
        except (InvalidOperation, Overflow):
            return None
        if rate.reason in ZERO_BY_RULE:
            return None
        found = Grounds(
            table=self._table,
            side=self._side,
            rule=rate.rule,
            reason=rate.reason,
            price_list_id=self._list.id,
            price_line_id=rate.price_line_id,
            markup_line_id=rate.markup_line_id,
            override_id=rate.override_id,
            unit_id=record.unit_id,
            currency_id=rate.currency_id,
            currency=facts.code(rate.currency_id),
        )
        return self._combinations.priced(found, rate)

    def _record(self, work: Actual) -> Actual:
        """The record of the combination: the work alone, or with its place."""
        if self._place is None:
            return work
        return replace(
            self._place,
            dimensions=work.dimensions,
            unit_id=work.unit_id,
            category_id=work.category_id,
            product_id=work.product_id,
            transaction_date=self._day,
        )


def _nobody(record: PricedRecord) -> PriceDecision:
    raise AssertionError(f"nothing is connected to a combination, {record.id} was asked for")


def _billing_type(facts: Facts, record: Actual, placement: Placement, masters: Masters) -> BillingType:
    """The billing type of a record like this one that names none; another one may be asked about, which names its own."""
    role_id, category_id = masters
    return billing_type_of(facts, replace(record, billing_type=None, role_id=role_id, category_id=category_id), placement)


def _unit_of(work: Work) -> Hashable:
    return work.record.unit_id


def _keeps_entered(facts: Facts, record: Actual, side: Side) -> bool:
    return entered_on(replace(record, price=Decimal(1)), side=side, policy=facts.policy) is not None


def _overridden(facts: Facts) -> frozenset[PriceListId | None]:
    """Lists of which some row has an override."""
    role_prices = {row.price_list_id for row in facts.records.role_prices if row.id in facts.overrides}
    return frozenset(role_prices | {row.price_list_id for row in facts.records.markups if row.id in facts.overrides})


def _change_days(records: PricingRecords) -> tuple[date, ...]:
    """All days from which on an actual may be priced otherwise than the day before."""
    begins = [row.effective_from for row in records.overrides]
    ends: list[date | None] = []
    for row in records.price_lists:
        begins += [row.first_day, row.first_day_independent]
        ends += [row.last_day, row.last_day_independent]
    for rate in records.exchange_rates:
        begins.append(rate.first_day)
        ends.append(rate.last_day)
    days = {day for day in begins if day} | {day + timedelta(days=1) for day in ends if day and day < date.max}
    return tuple(sorted(days))
