"""Every reason of P-67: when it is given, under which rule, with which list and words, and what it asks a person to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pricing_world import World, currency, estimate, expense, ident, material, other, time

from proforma.domain.codes import (
    AdjustmentStatus,
    BillingMethod,
    BillingType,
    EstimateOwner,
    ItemPricingMethod,
    PriceCalculation,
    PriceListOwner,
    Side,
    TransactionClass,
    TransactionType,
)
from proforma.domain.contracts import QuoteLine
from proforma.domain.ids import Guid, QuoteId, RecordId
from proforma.domain.policies import OverlapPolicy, PricingPolicy
from proforma.domain.records import PricedRecord
from proforma.pricing.explaining import MEANINGS, Topic, steps_of

ROOT = Path(__file__).parents[2]
AT_COST, MARKUP = PriceCalculation.AT_COST, PriceCalculation.MARKUP_PERCENTAGE
COST, BILLED = TransactionType.COST, TransactionType.BILLED_SALES
NO_POLICY = PricingPolicy(overlapping_price_lists=OverlapPolicy(cost="no_price"))


def company(*add: Callable[[World], object], policy: PricingPolicy | None = None) -> World:
    """The list FY26 at the deal, and whatever a case adds."""
    world = World(policy=policy or PricingPolicy())
    world.price_list("FY26")
    for each in add:
        each(world)
    return world


def twice(world: World) -> None:
    """Two best rows of every kind."""
    world.dimension("role", sales=1)
    world.dimension("worktype", sales=2, markup=True)
    for name in ("first", "second"):
        world.role_price(name, "100")
        world.markup(f"{name} markup", "10", more={"worktype": 1})
        world.category_price(f"{name} night", "1")
        world.item(f"{name} cable", "1")
        world.override(f"{name} override", "110", of="manager row")
    world.role_price("manager row", "100", role="manager")


CASES = [
    ("P-1 not-priced", company(), time(type=None), (), "a record without a known type has no side"),
    ("P-2 not-priced", company(), time(type=BILLED), (), "a billed sale is never resolved, and there is nothing to copy"),
    ("P-2 not-priced", company(), other(None), (), "class (empty) has no price list and nothing is entered"),
    ("P-2 not-priced", company(), other(TransactionClass.MILESTONE), (), "class milestone has no price list and nothing is entered"),
    ("P-59 not-priced", company(), other(TransactionClass.FEE), (), "class fee has no price list and nothing is entered"),
    ("P-2 not-priced", company(lambda w: w.line("fixed", billing_method=BillingMethod.FIXED_PRICE)), time(line="fixed"), (),
     "a fixed-price line is billed by milestones; its work has a cost only"),
    ("P-5 missing-date", company(), time(on=None), (), "the record has no transaction date, document date or start"),
    ("P-21 no-contract", company(), time(contract=None, project=None), (),
     "neither the record, its line nor its project names a contract that we know"),
    ("P-21 no-contract", company(), estimate(owner=EstimateOwner.QUOTE, quote="lost"), (), "the detail belongs to no quote that we know"),
    ("P-24 no-contracting-unit", company(), time(type=COST, contracting_unit=None, project=None), (),
     "neither the record nor its project names the unit whose cost list holds"),
    ("P-21 no-price-list-attached", World(), time(), (), "no usable sales price list is attached to the contract"),
    ("P-25 no-price-list-attached", World(), time(type=COST), (),
     "no cost list of the unit or the parameters fits by context and currency"),
    ("P-22 no-price-list-in-currency", company(lambda w: w.contract("abroad", currency="NOK"), lambda w: w.attach("FY26", at="abroad")),
     time(contract="abroad"), (), "no list of the contract is in NOK"),
    ("P-22 no-price-list-in-currency", company(lambda w: w.contract("abroad", currency="???"), lambda w: w.attach("FY26", at="abroad")),
     time(contract="abroad"), (), "no list of the contract is in its currency"),
    ("P-22 no-price-list-on-date", company(), time(on="2027-01-01"), (), "no list of the contract is effective on 2027-01-01"),
    ("P-25 no-price-list-on-date", company(lambda w: w.cost_list("Cost")), time(type=COST, on="2027-01-01"), (),
     "lists of the unit fit, but none is effective on 2027-01-01; parameters are not asked"),
    ("P-25 no-price-list-on-date",
     company(lambda w: w.cost_list("Cost"), policy=PricingPolicy(cost_fallback_when_none_effective="parameters")),
     time(type=COST, on="2027-01-01"), (), "no cost list of the unit or the parameters is effective on 2027-01-01"),
    ("P-23 overlapping-price-lists", company(lambda w: w.price_list("again")), time(), (), "2 lists are effective on 2026-03-02"),
    ("P-26 overlapping-price-lists", company(lambda w: w.cost_list("a"), lambda w: w.cost_list("b"), policy=NO_POLICY),
     time(type=COST), (), "2 lists are effective on 2026-03-02"),
    ("P-29 no-purchase-price-list", company(), time(type=COST, subcontract="subcontract"), (),
     "no usable purchase price list is attached to the subcontract"),
    ("P-29 no-price-list-on-date",
     company(lambda w: w.price_list("Buy", context=Side.PURCHASE, at="subcontract", owner=PriceListOwner.SUBCONTRACT)),
     time(type=COST, subcontract="subcontract", on="2027-01-01"), (), "no list of the subcontract is effective on 2027-01-01"),
]  # fmt: skip

#: The same where the list was decided: it stays in the decision.
LISTED = [
    ("P-45 no-role-price", company(), time(), (), "no role price of the list fits the record"),
    ("P-34 ambiguous-role-price", company(twice), time(), (), "role prices first and second have the same values"),
    ("P-37 ambiguous-markup", company(twice), time(role="manager", on="2026-02-28", more={"worktype": 1}), (),
     "markups first markup and second markup have the same values"),
    ("P-40 ambiguous-override", company(twice), time(role="manager"), (),
     "overrides first override and second override have the same scope and start on the same day"),
    ("P-46 ambiguous-category-price", company(twice), expense(), (), "rows first night and second night are for the same thing and unit"),
    ("P-52 ambiguous-price-list-item", company(twice), material(), (), "rows first cable and second cable are for the same thing and unit"),
    ("P-35 dimension-priority-conflict", company(lambda w: w.dimension("a", sales=1), lambda w: w.dimension("b", sales=1)), time(), (),
     "dimensions a, b have the same priority"),
    ("P-45 price-missing-on-line", company(lambda w: w.role_price("bare", None)), time(), (), "role price bare has no price"),
    ("P-45 price-missing-on-line", company(lambda w: w.role_price("bill", "1"), lambda w: w.override("bare", None, of="bill")), time(), (),
     "override bare has no price"),
    ("P-45 price-missing-on-line", company(lambda w: w.category_price("bare")), expense(), (), "row bare has no price"),
    ("P-45 price-missing-on-line", company(lambda w: w.item("bare")), material(), (), "row bare has no price"),
    ("P-8 row-currency-differs", company(lambda w: w.role_price("bill", "1", currency="EUR")), time(), (),
     "the row is in EUR, the list in USD; rows of this kind must be in the list's"),
    ("P-8 row-currency-differs", company(lambda w: w.category_price("night", "1", currency="???")), expense(), (),
     "the row is in ???, the list in USD; rows of this kind must be in the list's"),
    ("P-39 missing-unit", company(lambda w: w.role_price("bill", "1")), time(per=None), (), "the record has no unit"),
    ("P-46 no-category-price", company(), expense(category=None), (), "the record has no category"),
    ("P-46 no-category-price", company(), expense(), (), "the list has no price for the category in each; units are not converted"),
    ("P-46 no-category-price", company(), expense(per=None), (),
     "the list has no price for the category without unit, as the record has none; units are not converted"),
    ("P-46 no-category-price", company(), expense(per="???"), (), "the list has no price for the category in ???; units are not converted"),
    ("P-52 no-price-list-item", company(), material(), (), "the list has no item for the product in each; units are not converted"),
    ("P-52 no-price-list-item", company(), material(per=None), (),
     "the list has no item for the product without unit, as the record has none; units are not converted"),
    ("P-53 write-in-without-price", company(), material(product=None), (),
     "a write-in product has no other price than one entered on the record"),
    ("P-53 unsupported-material-method", company(lambda w: w.item("cable",
     "1", method=ItemPricingMethod.MARGIN_STANDARD_COST)), material(), (),
     "pricing method margin-standard-cost does not price project material"),
    ("P-51 cost-plus-on-cost-list",
     company(lambda w: w.cost_list("Cost"), lambda w: w.category_price("night", on="Cost", calculation=MARKUP)),
     expense(type=COST), (), "price: on cost and purchase lists only Price per unit counts"),
    ("P-49 no-related-cost", company(lambda w: w.category_price("night", calculation=AT_COST)), expense(), (),
     "no cost record is connected"),
    ("P-49 ambiguous-related-cost", company(lambda w: w.category_price("night", calculation=AT_COST)), expense(),
     (expense("b", type=COST), expense("a", type=COST)), "several cost records are connected: a, b"),
    ("P-49 cost-unpriced", company(lambda w: w.category_price("night", calculation=AT_COST)), expense(), (expense("cost", type=COST),),
     "cost record cost has no price: no-price-list-attached"),
    ("P-57 missing-exchange-rate", company(lambda w: w.category_price("night", calculation=AT_COST)), expense(),
     (expense("cost", type=COST, price="1", currency="???"),), "??? has no exchange rate"),
    ("P-57 missing-exchange-rate", company(lambda w: w.category_price("night", calculation=AT_COST)), expense(),
     (expense("cost", type=COST, price="1"),), "an unknown currency has no exchange rate"),
    ("P-57 missing-exchange-rate",
     company(lambda w: w.category_price("night", calculation=AT_COST), lambda w: w.add("currencies", currency("XXX", None))), expense(),
     (expense("cost", type=COST, price="1", currency="XXX"),), "XXX has no exchange rate"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "world", "record", "related", "words"), CASES, ids=[f"{case[0]}: {case[4]}" for case in CASES])
def test_p67_without_a_list_each_reason_has_its_rule_and_words(
    expected: str, world: World, record: PricedRecord, related: tuple[PricedRecord, ...], words: str
) -> None:
    """P-67, P-68: the first step that fails gives rule and reason; there is no list, price, amount, currency or row."""
    decision = world.decide(record, *related)

    assert (world.told(record, *related), decision.trail[-1]) == (
        f"{expected}: - › -, -, - -",
        f"{expected.split(maxsplit=1)[0]} stopped: {words}",
    )
    assert steps_of(decision.trail)[-1].topic is Topic.RESULT


@pytest.mark.parametrize(("expected", "world", "record", "related", "words"), LISTED, ids=[f"{case[0]}: {case[4]}" for case in LISTED])
def test_p67_with_a_list_each_reason_keeps_it(
    expected: str, world: World, record: PricedRecord, related: tuple[PricedRecord, ...], words: str
) -> None:
    """P-67: the list was decided, so it stays; nothing else does."""
    decision = world.decide(record, *related)

    price_list = "Cost" if record.type is COST else "FY26"
    assert (world.told(record, *related), decision.trail[-1]) == (
        f"{expected}: {price_list} › -, -, - -",
        f"{expected.split(maxsplit=1)[0]} stopped: {words}",
    )


def test_p67_every_reason_has_a_meaning() -> None:
    """The table of meanings holds the reasons that the code can give, and no others; so does the page of rules."""
    given = set()
    source = ROOT / "src" / "proforma"
    for path in (*(source / "pricing").glob("*.py"), source / "domain" / "units.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            texts = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            is_table = isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in ("_REASONS", "_COST_PLUS_REASONS")
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if is_table or name in ("Unresolved", "_none", "Rate", "Base", "only_row", "cost_based_rate", "UnitConversionError"):
                given |= {text for text in texts if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}

    assert given == set(MEANINGS)


def test_p2_settled_history_has_no_list_and_keeps_its_billing_type() -> None:
    """P-2: no decision is made, whatever the record carries; the last step says why."""
    record = time(adjustment=AdjustmentStatus.UNADJUSTABLE, price="5", billing_type=BillingType.COMPLIMENTARY)
    decision = company().decide(record)

    assert (company().told(record), decision.trail) == (
        "P-2 not-priced: - › -, -, - -",
        ("P-1 side: sales, from the type unbilled-sales", "P-2 not priced: the record is unadjustable, settled history"),
    )
    assert decision.billing_type is BillingType.COMPLIMENTARY
    assert steps_of(decision.trail)[-1].topic is Topic.RESULT


def test_p56_out_of_range_says_so_and_keeps_the_billing_type() -> None:
    """P-56, P-62: more digits than a money column holds are no price; whether the work is chargeable is known all the same."""
    world = company(lambda w: w.line("line", includes=()))
    decision = world.decide(time(price="9" * 30, quantity="9" * 30, currency="USD", line="line"))

    assert (decision.rule, decision.reason, decision.price, decision.amount) == ("P-56", "out-of-range", None, None)
    assert decision.trail[-1] == "P-56 stopped: the figures make an amount that no money column holds"
    assert decision.billing_type is BillingType.NOT_AVAILABLE


def test_p2_a_copy_takes_the_billing_type_of_its_origin_unless_it_has_one() -> None:
    """P-2, P-62: complimentary work stays complimentary when it is billed."""
    world = company(lambda w: w.role_price("bill", "100"))
    origin = time("origin", billing_type=BillingType.COMPLIMENTARY)

    lacking, having = (world.decide(time(type=BILLED, billing_type=own), origin) for own in (None, BillingType.NON_CHARGEABLE))

    assert (lacking.billing_type, having.billing_type) == (BillingType.COMPLIMENTARY, BillingType.NON_CHARGEABLE)
    assert lacking.trail[1] == "P-2 copied from origin: price 100.00, amount 100.00; never resolved again"
    own = world.decide(time(type=BILLED, price="7", amount="7", currency="USD"))
    assert own.trail[1] == "P-2 copied from the record it was billed from: price 7, amount 7; never resolved again"


def test_p20_a_quote_detail_finds_its_quote_through_its_line() -> None:
    """P-20: the quote of its quote line, where the detail names none itself; an unknown line leads nowhere."""
    world = World()
    world.price_list("offered", at="offer", owner=PriceListOwner.QUOTE)
    world.role_price("bill", "100", on="offered")
    world.add("quote_lines", QuoteLine(id=RecordId(Guid("quote line")), quote_id=ident(QuoteId, "offer")))
    detail = estimate(owner=EstimateOwner.QUOTE)

    assert world.told(replace(detail, quote_line_id=RecordId(Guid("quote line")))) == "P-33 role-price: offered › bill, 100.00, 100.00 USD"
    assert world.decide(replace(detail, quote_line_id=RecordId(Guid("lost")))).reason == "no-contract"
    assert world.decide(detail).reason == "no-contract"


def test_p67_steps_have_rule_topic_and_text() -> None:
    """P-67: the topic follows the number of the rule; what no rule claims is about the result."""
    assert [(step.rule, step.topic, step.text) for step in steps_of(("P-5 date: today", "X-1 what is this", "P-38 unit: a × b"))] == [
        ("P-5", Topic.DATE, "date: today"),
        ("X-1", Topic.RESULT, "what is this"),
        ("P-38", Topic.UNIT, "unit: a × b"),
    ]
