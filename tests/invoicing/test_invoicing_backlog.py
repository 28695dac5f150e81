"""The backlog, where rows stand, and marking them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from invoicing_world import ACME, NOT_READY, READY, TODAY, ActualFields, D, Deal, day, reasons

from proforma.domain.codes import (
    AdjustmentStatus,
    BillingStatus,
    BillingType,
    ContractState,
    NteStatus,
    OrderType,
    TransactionClass,
    TransactionType,
)
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CurrencyId, Guid, RecordId
from proforma.invoicing import backlog, source_changes


def listed(deal: Deal, *, include_all: bool = False) -> list[str]:
    """Sources and states of the backlog, in its order."""
    return [f"{r.source} {r.status.value}" for r in backlog(deal.book, include_all=include_all)]


def test_backlog_holds_what_waits_to_be_billed() -> None:
    """I-50, I-51: unbilled sales, milestones, products and retainers that are not posted, and retainers with a balance."""
    deal = Deal()
    deal.work("open", status=None)
    deal.work("posted", status=BillingStatus.INVOICE_POSTED)
    deal.work("taken-back", adjustment=AdjustmentStatus.ADJUSTED)
    deal.work("not-available", billing_type=BillingType.NOT_AVAILABLE)
    deal.work("stray", line="build")
    deal.work("cost", type=TransactionType.COST)
    deal.work("lent", type=TransactionType.INTER_ORGANIZATIONAL_SALES)
    deal.work("tax", transaction_class=TransactionClass.TAX)
    deal.work("old-retainer", transaction_class=TransactionClass.RETAINER)
    deal.milestone("design", status=None)
    deal.milestone("done", status=BillingStatus.INVOICE_POSTED)
    deal.product("box")
    deal.retainer("spent", used="1000.00")
    deal.retainer("paid-in")
    deal.retainer("planned", status=NOT_READY)

    assert listed(deal) == [
        "paid-in invoice-posted",
        "planned not-ready",
        "box ready",
        "design not-ready",
        "open not-ready",
    ]


def test_whole_backlog_lists_posted_and_faulty_rows_too() -> None:
    """`--all` shows every unbilled row, whatever became of it, and never cost, tax or retainer actuals."""
    deal = Deal()
    deal.work("posted", status=BillingStatus.INVOICE_POSTED)
    deal.work("taken-back", adjustment=AdjustmentStatus.ADJUSTED)
    deal.work("stray", line="build")
    deal.work("cost", type=TransactionType.COST)
    deal.work("tax", transaction_class=TransactionClass.TAX)

    assert listed(deal, include_all=True) == ["stray ready", "posted invoice-posted", "taken-back ready"]


def test_item_based_orders_are_no_backlog() -> None:
    """I-20: only a work-based contract is ours, though its rows can be looked up."""
    deal = Deal()
    deal.contract("shop", order_type=OrderType.ITEM_BASED)
    deal.product("retail", contract="shop")

    assert listed(deal) == []
    assert listed(deal, include_all=True) == ["retail ready"]


@pytest.mark.parametrize(
    ("mirror", "wanted", "status"),
    [
        (READY, False, "not-ready"),
        (NOT_READY, True, "ready"),
        (None, True, "ready"),
    ],
)
def test_marks_lie_over_the_mirror(mirror: BillingStatus | None, wanted: bool, status: str) -> None:
    """I-52: a person moves a row between ready and not ready; an empty status counts as not ready."""
    deal = Deal()
    deal.work("a", status=mirror)
    deal.milestone("m", status=mirror)
    deal.product("p", status=mirror)
    deal.retainer("r", status=mirror or NOT_READY)

    changes = deal.mark("a", "m", "p", "r", ready=wanted)

    assert changes.refusals == ()
    assert deal.statuses("a", "m", "p", "r") == [status] * 4


def test_a_pull_does_not_undo_a_mark() -> None:
    """A decision made here stays when Dataverse sends the row again; what Dataverse invoiced or cancelled wins."""
    deal = Deal()
    deal.work("a", status=NOT_READY)
    deal.mark("a")
    deal.work("a", status=NOT_READY, hours="9")
    assert deal.statuses("a") == ["ready"]

    deal.work("a", status=BillingStatus.CANCELED)
    assert deal.statuses("a") == ["canceled"]


def test_asking_for_the_state_a_row_has_is_no_event() -> None:
    """I-52: no mark and no refusal."""
    deal = Deal()
    deal.work("a")
    deal.work("b", status=NOT_READY)

    assert deal.mark("a").marks == ()
    assert deal.mark("b", ready=False).marks == ()


def test_refused_rows_are_reported_and_the_rest_proceeds() -> None:
    """I-52: each row on its own, with the reason that its state gives."""
    deal = Deal()
    deal.work("drafted")
    deal.create()
    deal.work("free", status=NOT_READY)
    deal.work("posted", status=BillingStatus.INVOICE_POSTED)
    deal.work("gone", status=BillingStatus.CANCELED)
    deal.work("taken-back", status=NOT_READY, adjustment=AdjustmentStatus.UNADJUSTABLE)
    deal.work("journal", status=NOT_READY, adjustment=AdjustmentStatus.IN_PROCESS)
    deal.work("failed", status=NOT_READY, nte=NteStatus.FAILED)
    deal.work("unbillable", status=NOT_READY, billing_type=BillingType.NOT_AVAILABLE)
    deal.work("elsewhere", status=NOT_READY, held_by="old")

    changes = deal.mark("drafted", "free", "posted", "gone", "taken-back", "journal", "failed", "unbillable", "elsewhere", "work", "nobody")

    assert reasons(changes) == {
        "drafted": "on-draft",
        "posted": "invoiced",
        "gone": "canceled",
        "taken-back": "adjusted",
        "journal": "adjusted",
        "failed": "nte-failed",
        "unbillable": "not-ready",
        "elsewhere": "on-draft",
        "work": "unknown-source",
        "nobody": "unknown-source",
    }
    assert [m.source for m in changes.marks] == ["free"]


def test_status_of_a_project_line_means_nothing() -> None:
    """I-71: only product lines have a billing status of their own; the project line is no source."""
    deal = Deal()
    deal.product("box")

    assert [r.source for r in backlog(deal.book, include_all=True)] == ["box"]


@pytest.mark.parametrize(
    ("hours", "price", "amount", "expected"),
    [
        ("8", "200.00", "1600.01", "200.00 1600.01"),
        ("3", None, "100.02", "33.34 100.02"),
        ("3", None, "100.00", "None 100.00"),
        ("0", None, "0.00", "None 0.00"),
        ("2", "0", "0", "0 0"),
    ],
    ids=["taken as stored", "price that divides", "price that does not divide", "nothing by nothing", "a price of 0 is a price"],
)
def test_stored_amount_is_taken_as_stored(hours: str, price: str | None, amount: str, expected: str) -> None:
    """I-111, I-55a: no amount is recomputed; an absent price is shown only where it divides exactly (100.02 / 3 = 33.34)."""
    deal = Deal()
    deal.work("a", hours=hours, price=price, amount=amount)

    row = deal.row("a")

    assert f"{row.price} {row.amount}" == expected


def record_id(word: str) -> RecordId:
    """A record id."""
    return RecordId(Guid(word))


def decide(record: str, price: str | None, amount: str | None) -> PriceDecision:
    """A price decision."""
    return PriceDecision(
        record_id=record_id(record),
        table="msdyn_actuals",
        side=None,
        rule="P-33",
        reason="role-price" if price else "no-role-price",
        price=None if price is None else D(price),
        amount=None if amount is None else D(amount),
    )


def test_prices_of_rows_without_amount_come_from_pricing() -> None:
    """I-55a: the decision's price and amount are billed; a row that nobody can price stays ready and is listed."""
    deal = Deal()
    deal.work("priced", price=None, amount=None)
    deal.work("unpriced", price=None, amount=None)
    deal.work("undecided", price=None, amount=None)
    deal.work("waiting", price=None, amount=None, status=NOT_READY)
    deal.book = replace(
        deal.book,
        decisions={record_id("priced"): decide("priced", "110.00", "880.00"), record_id("unpriced"): decide("unpriced", None, None)},
    )

    deal.create()

    detail = next(deal.invoice().details)
    assert (detail.source, detail.price, detail.amount, detail.price_reason, detail.price_rule) == (
        "priced", Decimal("110.00"), Decimal("880.00"), "role-price", "P-33",
    )  # fmt: skip
    assert deal.problems() == {"unpriced": "unpriced", "undecided": "unpriced"}
    assert deal.statuses("unpriced") == ["ready"]


@pytest.mark.parametrize(
    ("discount", "fee", "extended", "amount"),
    [("88.00", "0", "792.00", "792.00"), ("0", "10.00", "890.00", "890.00"), ("0", "0", "880.00", "880.00")],
)
def test_a_decision_may_hold_a_discount_or_fee(discount: str, fee: str, extended: str, amount: str) -> None:
    """I-27: what pricing computed under its switch is billed; the price shown is the price before."""
    deal = Deal()
    deal.work("a", price=None, amount=None)
    decision = replace(decide("a", "110.00", "880.00"), discount=D(discount), fee=D(fee), extended=D(extended))
    deal.book = replace(deal.book, decisions={record_id("a"): decision})

    assert (deal.row("a").price, deal.row("a").amount) == (D("110.00"), D(amount))


def test_a_row_without_quantity_has_that_of_its_decision_else_one() -> None:
    """I-55a: a lump sum is one piece."""
    deal = Deal()
    deal.work("counted", price=None, amount=None)
    deal.work("lump", amount="70.00")
    deal.book = replace(
        deal.book,
        actuals=[replace(a, quantity=None) for a in deal.book.actuals],
        decisions={record_id("counted"): replace(decide("counted", "10.00", "30.00"), quantity=D(3))},
    )

    assert [deal.row(s).quantity for s in ("counted", "lump")] == [D(3), D(1)]


def test_a_milestone_without_contract_belongs_to_its_lines_contract() -> None:
    """I-59: the line says where it is billed."""
    deal = Deal()
    deal.milestone("m", "500.00")
    deal.book = replace(deal.book, milestones=[replace(m, contract_id=None) for m in deal.book.milestones])

    deal.create()

    assert deal.invoice().total == D(500)


def test_extended_amounts_are_billed_instead_of_amounts() -> None:
    """I-27: a discount on the row is billed, and it follows a changed quantity: 8 h 1,440 makes 6 h 1,080."""
    deal = Deal()
    record = deal.work("a")
    deal.book = replace(deal.book, actuals=(replace(record, extended_amount=D("1440.00")),))
    deal.create()
    assert deal.invoice().total == D("1440.00")

    deal.edit("a", quantity="6")
    deal.confirm()

    assert deal.ledger() == [
        "R U a -8 -1440.00",
        "U a 6 1080.00",
        "U a 2 360.00 non-chargeable",
        "R U a -6 -1080.00",
        "R U a -2 -360.00 non-chargeable",
        "B a 6 1080.00",
        "B a 2 360.00 non-chargeable",
    ]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"line": None}, "no-contract-line"),
        ({"line": "nowhere"}, "no-contract-line"),
        ({"line": "build"}, "fixed-price-line"),
        ({"line": "box"}, "no-contract-line"),
        ({"customer": None}, "no-customer"),
        ({"currency": "EUR"}, "currency-mismatch"),
        ({"adjustment": AdjustmentStatus.IN_PROCESS}, "in-process"),
        ({"transaction_class": TransactionClass.MILESTONE}, "milestone-on-tm-line"),
        ({"transaction_class": TransactionClass.COMMISSION}, "unknown-status"),
        ({"billing_type": None}, "unknown-status"),
        ({"on": None}, "unknown-status"),
    ],
)
def test_faulty_work_is_passed_over_and_listed(said: ActualFields, reason: str) -> None:
    """I-2, I-4, I-22, I-23, I-31, I-56: such a row is not billed, stays as it is and says what is wrong; the others are billed."""
    deal = Deal()
    deal.product("box", status=NOT_READY)
    deal.work("good")
    deal.work("bad", **said)

    changes = deal.create()

    assert [d.source for d in deal.invoice().details] == ["good"]
    assert {p.source: p.reason for p in changes.passed_over} == {"bad": reason}
    assert changes.considered == ("deal",)
    assert deal.problems() == {"bad": reason}
    assert deal.statuses("bad") == ["ready"]


def test_faulty_rows_that_nobody_bills_are_no_problem() -> None:
    """A row that was taken back, is not available, or belongs to a closed contract needs nobody's attention."""
    deal = Deal()
    deal.contract("over", state=ContractState.CLOSED)
    deal.work("taken-back", customer=None, adjustment=AdjustmentStatus.ADJUSTED)
    deal.work("not-available", customer=None, billing_type=BillingType.NOT_AVAILABLE)
    deal.work("posted", customer=None, status=BillingStatus.INVOICE_POSTED)
    deal.work("closed", contract="over", line=None)

    assert deal.problems() == {}


def test_faulty_milestones_products_and_retainers_are_listed() -> None:
    """I-33, I-59, I-65, I-71: each kind has its own faults."""
    deal = Deal()
    deal.split("build", acme="50", bolt="40")
    deal.milestone("crooked")
    deal.milestone("misplaced", line="work")
    deal.milestone("blank", None, customer=ACME)
    deal.product("unpriced", price=None)
    deal.retainer("nobody's", status=READY, customer=None)

    changes = deal.create()

    assert changes.happenings == ()
    assert deal.problems() == {
        "crooked": "split-not-100",
        "misplaced": "milestone-on-tm-line",
        "blank": "unpriced",
        "unpriced": "unpriced",
        "nobody's": "no-customer",
    }


def test_nothing_is_billed_in_another_currency() -> None:
    """I-56, I-113: work, work priced by us in another currency, milestones, products and retainers alike."""
    deal = Deal()
    euro = CurrencyId(Guid("EUR"))
    deal.work("priced-in-euro", price=None, amount=None)
    deal.milestone("m")
    deal.product("p")
    deal.retainer("r", status=READY)
    in_euro = replace(decide("priced-in-euro", "10.00", "80.00"), currency_id=euro)
    deal.book = replace(
        deal.book,
        decisions={record_id("priced-in-euro"): in_euro},
        milestones=[replace(m, currency_id=euro) for m in deal.book.milestones],
        retainers=[replace(r, currency_id=euro) for r in deal.book.retainers],
        lines=[replace(line, currency_id=euro) if line.id == "p" else line for line in deal.book.lines],
    )

    assert deal.create().happenings == ()
    assert deal.problems() == dict.fromkeys(("priced-in-euro", "m", "p", "r"), "currency-mismatch")


def test_the_contracts_own_currency_is_no_mismatch() -> None:
    """I-56: rows that name the contract's currency, or none, are billed."""
    deal = Deal()
    deal.work("silent")
    deal.milestone("m")
    deal.retainer("r", status=READY)
    deal.product("p")
    deal.book = replace(
        deal.book,
        actuals=[replace(a, currency_id=None) for a in deal.book.actuals],
        milestones=[replace(m, currency_id=deal.currency) for m in deal.book.milestones],
        retainers=[replace(r, currency_id=deal.currency) for r in deal.book.retainers],
        lines=[replace(line, currency_id=deal.currency) for line in deal.book.lines],
    )

    deal.create()

    assert sorted(d.source for d in deal.invoice().details) == ["m", "p", "r", "silent"]
    assert [deal.row(s).currency for s in ("silent", "m")] == ["USD", "USD"]


def test_work_without_contract_is_listed() -> None:
    """I-23: under the contract of its line where that is known, else under none."""
    deal = Deal()
    deal.work("half", contract=None)
    deal.work("lost", contract=None, line=None)

    assert deal.problems() == {"lost": "no-contract-line", "half": "no-contract-line"}
    assert deal.create().happenings == ()


def test_confirmed_rows_that_dataverse_changed_raise_an_alert() -> None:
    """Section 20: a change after confirmation changes nothing here, but a person is told until what was billed is credited."""
    deal = Deal()
    for row in ("same", "changed", "deleted", "recalled", "edited"):
        deal.work(row)
    deal.work("ours", price=None, amount=None)
    deal.book = replace(deal.book, decisions={record_id("ours"): decide("ours", "10.00", "80.00")})
    deal.create(as_of=TODAY)
    deal.edit("edited", quantity="7")
    deal.confirm()
    total = deal.invoice().total
    assert deal.problems() == {}

    deal.work("changed", hours="7")
    deal.work("recalled", adjustment=AdjustmentStatus.ADJUSTED)
    deal.vanish("deleted")
    deal.book = replace(deal.book, decisions={record_id("ours"): decide("ours", "11.00", "88.00")})

    alerts = {"changed": "source-changed", "deleted": "source-changed", "recalled": "source-changed"}
    assert deal.problems() == alerts
    assert {p.source: p.reason for p in source_changes(deal.book).passed_over} == alerts
    assert {p.source: p.reason for p in deal.create().passed_over} == alerts
    assert deal.invoice().total == total

    deal.correct("recalled", "deleted")
    deal.confirm()
    assert deal.problems() == {"changed": "source-changed"}


def test_date_of_a_row_falls_back_like_its_pricing_date() -> None:
    """I-57: without a transaction date the document date counts."""
    deal = Deal()
    deal.work("a", on=None, document_date=day("04-01"))

    assert deal.row("a").day == day("04-01")
    assert deal.create().happenings == ()
