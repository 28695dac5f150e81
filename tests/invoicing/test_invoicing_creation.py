"""Creating invoices by hand: what is picked, for whom, on which lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from invoicing_world import ACME, NOT_READY, READY, TODAY, ActualFields, D, Deal, customer_id, day, invoice_id, lines, reasons

from proforma.domain.codes import (
    AdjustmentStatus,
    BillingMethod,
    BillingStatus,
    BillingType,
    ContractState,
    InvoiceStatus,
    LineType,
    OrderType,
    TransactionClass,
)
from proforma.domain.invoices import Drafted
from proforma.invoicing import reference
from proforma.invoicing.splitting import Payer, split_among


def test_everything_ready_of_a_contract_goes_on_one_invoice() -> None:
    """I-72, I-75, I-76, I-78: one invoice in the contract's currency, lines in the contract's order, details by date."""
    deal = Deal()
    deal.line("extra")
    deal.work("a-late", on=day("03-20"), hours="1")
    deal.work("early", on=day("03-02"), hours="2")
    deal.work("flight", transaction_class=TransactionClass.EXPENSE, hours="1", price="310.00")
    deal.work("elsewhere", line="extra", hours="3")
    deal.work("steel", transaction_class=TransactionClass.MATERIAL, hours="2", price="19.99")
    deal.work("setup", transaction_class=TransactionClass.FEE, hours="1", price="250.00")
    deal.milestone("design")
    deal.product("box", quantity="3", price="10.00")
    deal.retainer("upfront", "700.00", status=READY)

    deal.create()

    assert len(deal.book.invoices) == 1
    invoice = deal.invoice()
    assert lines(invoice) == [
        "work time 600.00: early 2 x 200.00 = 400.00, a-late 1 x 200.00 = 200.00",
        "work expense 310.00: flight 1 x 310.00 = 310.00",
        "work material 39.98: steel 2 x 19.99 = 39.98",
        "work fee 250.00: setup 1 x 250.00 = 250.00",
        "build milestone 5000.00: design 1 x 5000.00 = 5000.00",
        "extra time 600.00: elsewhere 3 x 200.00 = 600.00",
        "box product 30.00: box 3 x 10.00 = 30.00",
        "- retainer 700.00: upfront 1 x 700.00 = 700.00",
    ]
    assert [line.description for line in invoice.lines] == ["Work", "Work", "Work", "Work", "Build", "Extra", "Box", "Upfront"]
    assert (invoice.total, invoice.currency.code, invoice.invoice_date, invoice.as_of) == (D("7529.98"), "USD", TODAY, TODAY)
    assert (invoice.status, invoice.number, invoice.reference, invoice.created_at.day) == (InvoiceStatus.DRAFT, "PF-000001", None, 31)
    assert deal.statuses("a-late", "design", "box", "upfront") == ["invoice-created"] * 4


@pytest.mark.parametrize(
    "said",
    [
        {"status": NOT_READY},
        {"status": None},
        {"status": BillingStatus.INVOICE_CREATED},
        {"status": BillingStatus.INVOICE_POSTED},
        {"status": BillingStatus.CANCELED},
        {"held_by": "old"},
        {"adjustment": AdjustmentStatus.ADJUSTED},
        {"adjustment": AdjustmentStatus.UNADJUSTABLE},
        {"billing_type": BillingType.NOT_AVAILABLE},
        {"on": day("04-01"), "document_date": day("03-01")},
        {"contract": "other", "line": "other-line"},
    ],
)
def test_what_is_not_picked(said: ActualFields) -> None:
    """I-4, I-26, I-53 … I-57: readiness, adjustment, other invoices, type and transaction date each keep a row off."""
    deal = Deal()
    deal.contract("other")
    deal.line("other-line", contract="other")
    deal.work("good")
    deal.work("bad", **said)

    changes = deal.create()

    assert [d.source for d in deal.invoice().details] == ["good"]
    assert (changes.refusals, changes.passed_over) == ((), ())


def test_the_as_of_day_itself_is_billed_and_milestones_do_not_wait() -> None:
    """I-57: work up to and including the day; milestones, products and retainers whatever their date."""
    deal = Deal()
    deal.work("today", on=TODAY)
    deal.work("tomorrow", on=day("04-01"))
    deal.milestone("summer", on=day("07-01"))
    deal.retainer("autumn", status=READY, on=day("10-01"))

    deal.create()

    assert sorted(d.source for d in deal.invoice().details) == ["autumn", "summer", "today"]


def test_every_billing_type_is_shown_and_only_chargeable_adds() -> None:
    """I-26, I-53, I-86: non-chargeable and complimentary rows are on the invoice without value."""
    deal = Deal()
    deal.work("a", hours="6")
    deal.work("b", hours="2", billing_type=BillingType.NON_CHARGEABLE)
    deal.work("c", hours="1", billing_type=BillingType.COMPLIMENTARY)
    deal.work("credit", hours="-1", price="50.00")

    deal.create()

    assert lines(deal.invoice()) == [
        "work time 1150.00: a 6 x 200.00 = 1200.00, b 2 x 200.00 = 400.00 non-chargeable, "
        "c 1 x 200.00 = 200.00 complimentary, credit -1 x 50.00 = -50.00"
    ]


def test_nothing_chargeable_gives_no_invoice() -> None:
    """I-77: the rows stay ready and no number is used up; a chargeable amount of 0 is enough for an invoice."""
    deal = Deal()
    deal.work("free", billing_type=BillingType.NON_CHARGEABLE)
    assert deal.create().happenings == ()
    assert deal.statuses("free") == ["ready"]

    deal.work("zero", price="0", amount="0")
    deal.create()

    assert [d.source for d in deal.invoice().details] == ["free", "zero"]
    assert deal.invoice().number == "PF-000001"


def test_one_invoice_for_each_customer_and_products_for_the_primary() -> None:
    """I-30, I-35, I-36: rows go whole to the customer they name, the primary customer's invoice comes first."""
    deal = Deal()
    deal.split("work", acme="60", bolt="40")
    deal.work("theirs", customer="bolt", hours="3.2")
    deal.work("ours", hours="4.8")
    deal.work("free", customer="city", billing_type=BillingType.COMPLIMENTARY)
    deal.product("box", price="75.00")

    deal.create()

    assert [(i.customer_id, i.total) for i in deal.book.invoices] == [("acme", D("1035.00")), ("bolt", D("640.00"))]
    assert deal.statuses("free") == ["ready"]


def test_contracts_are_never_merged_and_refused_ones_stop_nobody() -> None:
    """I-20, I-21, I-73: one invoice a contract; none where nothing is ready; closed, draft and item-based ones are refused."""
    deal = Deal()
    for name in ("second", "empty"):
        deal.contract(name)
        deal.line(f"{name}-line", contract=name)
    deal.contract("closed", state=ContractState.CLOSED)
    deal.contract("held", state=ContractState.ON_HOLD)
    deal.contract("shop", order_type=OrderType.ITEM_BASED)
    deal.product("retail", contract="shop")
    deal.work("a")
    deal.work("b", contract="second", line="second-line")

    changes = deal.create("deal", "second", "empty", "closed", "held", "shop", "unknown")

    assert [i.contract_id for i in deal.book.invoices] == ["deal", "second"]
    assert reasons(changes) == dict.fromkeys(("closed", "held", "shop", "unknown"), "contract-not-active")
    assert changes.considered == ("deal", "second", "empty")


def test_a_contract_without_currency_is_refused() -> None:
    """I-113: an invoice has its contract's currency or does not exist."""
    deal = Deal()
    deal.work("a")
    deal.book = replace(deal.book, contracts=[replace(c, currency_id=None) for c in deal.book.contracts])

    assert reasons(deal.create()) == {"deal": "currency-mismatch"}


def test_selected_rows_only() -> None:
    """I-74: exactly the selected rows; those that are not ready are refused, future ones wait in silence."""
    deal = Deal()
    deal.work("a")
    deal.work("b")
    deal.work("later", on=day("04-02"))
    deal.work("sleeping", status=NOT_READY)
    deal.work("back", adjustment=AdjustmentStatus.ADJUSTED)
    deal.milestone("design", status=NOT_READY)
    deal.work("held", held_by="old")

    changes = deal.create(only=("a", "later", "sleeping", "back", "design", "held", "not-here"))

    assert [d.source for d in deal.invoice().details] == ["a"]
    assert reasons(changes) == {"sleeping": "not-ready", "back": "adjusted", "design": "not-ready", "held": "on-draft"}
    assert deal.statuses("b") == ["ready"]


def test_adding_to_the_newest_open_draft() -> None:
    """I-74: rows go to the draft of the same contract and customer that was created last; without one a new invoice is made."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.work("b")
    deal.create()
    deal.work("c")
    deal.work("free", billing_type=BillingType.NON_CHARGEABLE)
    deal.work("theirs", customer="bolt")

    deal.create(to_existing=True)

    assert [[d.source for d in i.details] for i in deal.book.invoices] == [["a"], ["b", "c", "free"], ["theirs"]]
    assert deal.create(to_existing=True).happenings == ()


def test_confirmed_invoices_take_no_more_rows() -> None:
    """I-74, I-102: with no open draft left, add-existing starts a new invoice."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.confirm()
    deal.work("b")

    deal.create(to_existing=True)

    assert [[d.source for d in i.details] for i in deal.book.invoices] == [["a"], ["b"]]


def test_creating_twice_gives_nothing_new() -> None:
    """I-54: rows on our own drafts and confirmed invoices are subtracted, whatever the mirror still says."""
    deal = Deal()
    deal.work("a")
    deal.milestone("m")
    deal.product("p")
    deal.retainer("r", status=READY)
    deal.create()

    assert deal.create().happenings == ()
    deal.confirm()
    assert deal.create().happenings == ()
    assert deal.statuses("a", "m", "p", "r") == ["invoice-posted"] * 4


# ---- milestones --------------------------------------------------------------------------------------------------------


def test_milestone_detail() -> None:
    """I-59: one piece at its amount before tax, named and dated like the milestone."""
    deal = Deal()
    deal.milestone("design", "5000.00", tax="1250.00", on=day("04-15"))

    deal.create()

    detail = next(deal.invoice().details)
    assert (detail.quantity, detail.price, detail.amount, detail.tax) == (D(1), D("5000.00"), D("5000.00"), D("1250.00"))
    assert (detail.description, detail.day, detail.type) == ("Design", day("04-15"), LineType.MILESTONE)


def test_milestone_of_several_customers_is_split_by_the_line() -> None:
    """I-32, I-34, I-61: 1,000 at 60/40 gives 600 and 400 and its tax likewise; one that names a customer is billed whole."""
    deal = Deal()
    deal.split("build", acme="60", bolt="40", rounding="acme")
    deal.milestone("both", "1000.00", tax="99.99")
    deal.milestone("bolts", "300.00", customer="bolt")

    deal.create()

    assert [lines(i) for i in deal.book.invoices] == [
        ["build milestone 600.00: both 1 x 600.00 = 600.00"],
        ["build milestone 700.00: bolts 1 x 300.00 = 300.00, both 1 x 400.00 = 400.00"],
    ]
    taxes = [d.tax for i in deal.book.invoices for d in i.details if d.source == "both"]
    assert taxes == [D("59.99"), D("40.00")]  # 99.99 x 40 % = 39.996 -> 40.00, the rest to acme


def test_a_split_in_yen_has_no_decimals() -> None:
    """I-34, I-112: JPY 100,001 at 50/50: the other 50,001 (50,000.5 rounded up), the rounding customer 50,000."""
    deal = Deal(currency="JPY", precision=0)
    deal.split("build", acme="50", bolt="50", rounding="acme")
    deal.milestone("m", "100001")

    deal.create()

    assert [(i.customer_id, str(i.total)) for i in deal.book.invoices] == [("acme", "50000"), ("bolt", "50001")]


def test_lines_without_an_order_come_last_by_their_creation() -> None:
    """I-76: the contract's own order first."""
    deal = Deal()
    for id_ in ("z-first", "m-young", "n-old"):
        deal.line(id_)
        deal.work(f"w-{id_}", line=id_, hours="1")
    made = {"m-young": deal.now, "n-old": deal.now - timedelta(days=1)}
    deal.book = replace(
        deal.book, lines=[replace(line, order=None, created_at=made[line.id]) if line.id in made else line for line in deal.book.lines]
    )

    deal.create()

    assert [line.contract_line_id for line in deal.invoice().lines] == ["z-first", "n-old", "m-young"]


def test_status_of_a_split_milestone_follows_its_last_share() -> None:
    """I-61: ready, drafted and posted only when every share is."""
    deal = Deal()
    deal.split("build", acme="50", bolt="50", rounding="acme")
    deal.milestone("both", "1000.01")
    assert (deal.row("both").amount, deal.row("both").customer_id) == (D("1000.01"), None)

    deal.create()
    deal.delete(of=1)
    assert deal.statuses("both") == ["ready"]

    deal.create()
    assert [(i.customer_id, i.total) for i in deal.book.invoices if i.is_live] == [("acme", D("500.00")), ("bolt", D("500.01"))]
    deal.confirm(0)
    assert deal.statuses("both") == ["invoice-created"]
    deal.confirm(2)
    assert deal.statuses("both") == ["invoice-posted"]


@pytest.mark.parametrize(
    ("percents", "customers"),
    [
        ({}, {"acme": "900.00"}),
        ({"bolt": "40"}, {"bolt": "900.00"}),
        ({"acme": "0", "bolt": "100"}, {"bolt": "900.00"}),
        ({"acme": "50", "bolt": "49"}, {}),
        ({"acme": "0", "bolt": "0"}, {}),
    ],
    ids=["nobody named: the primary", "one customer: all of it", "0 % gets nothing", "not 100", "nobody pays"],
)
def test_who_pays_a_milestone(percents: dict[str, str], customers: dict[str, str]) -> None:
    """I-32, I-33, I-61: the line's customers, else the contract's primary one; percentages must total 100 to be split by."""
    deal = Deal()
    deal.split("build", **percents)
    deal.milestone("m", "900.00")

    deal.create()

    assert {i.customer_id: i.total for i in deal.book.invoices} == {c: D(a) for c, a in customers.items()}


@pytest.mark.parametrize(
    ("amount", "percents", "rounding", "precision", "shares"),
    [
        ("1000.01", ["33.33", "33.33", "33.34"], 0, 2, ["333.31", "333.30", "333.40"]),
        ("100001", ["50", "50"], 0, 0, ["50000", "50001"]),
        ("10.000", ["33.3", "33.3", "33.4"], 2, 3, ["3.330", "3.330", "3.340"]),
        ("0.01", ["50", "50"], 1, 2, ["0.01", "0.00"]),
        ("-0.01", ["50", "50"], 1, 2, ["-0.01", "0.00"]),
    ],
)
def test_split_rounds_the_others_and_gives_the_rest(
    amount: str, percents: list[str], rounding: int, precision: int, shares: list[str]
) -> None:
    """I-34: shares are rounded half away from zero, the rounding customer takes what is left, so nothing is lost."""
    payers = [Payer(customer_id=customer_id(f"c{n}"), percent=D(p), is_rounding=n == rounding) for n, p in enumerate(percents)]
    split = split_among(payers, primary=None)

    assert split is not None
    assert list(split.of(D(amount), precision=precision).values()) == [D(s) for s in shares]


def test_rounding_falls_to_the_primary_customer_else_to_the_first() -> None:
    """I-34: without a flag the primary customer takes the rest, without one of those the first row."""
    payers = [Payer(customer_id=customer_id(c), percent=D(50)) for c in ("a", "b")]

    assert getattr(split_among(payers, primary=customer_id("b")), "rounding", None) == "b"
    assert getattr(split_among(payers, primary=customer_id("z")), "rounding", None) == "a"


# ---- products ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discount", "base", "extended", "tax", "amount"),
    [
        ("9.70", "149.70", "140.00", "0.00", "140.00"),
        ("9.70", "149.70", "175.00", "35.00", "140.00"),
        ("9.70", "149.70", None, None, "140.00"),
        ("9.70", None, None, None, "140.00"),
        (None, None, None, None, "149.70"),
    ],
    ids=["extended", "extended with tax", "base less discount", "quantity by price less discount", "quantity by price"],
)
def test_amount_of_a_product_line(discount: str | None, base: str | None, extended: str | None, tax: str | None, amount: str) -> None:
    """I-71: 3 at 49.90 are 149.70, less 9.70 is 140.00, in whichever columns it stands; tax is not part of it."""
    deal = Deal()
    deal.product("box", quantity="3", price="49.90", discount=discount, base=base, extended=extended, tax=tax)

    deal.create()

    assert lines(deal.invoice()) == [f"box product {amount}: box 3 x 49.90 = {amount}"]


# ---- the reference -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("PF-000123", "PF-000123-0F8FAD5BD9CB"),
        ("inv/2026 #7", "INV-2026-7-0F8FAD5BD9CB"),
        ("X" * 40, "X" * 22 + "-0F8FAD5BD9CB"),
        ("***", "0F8FAD5BD9CB"),
    ],
)
def test_reference_fits_every_finance_system(number: str, expected: str) -> None:
    """Promise 4: at most 35 characters of A–Z, 0–9 and hyphen, made of the number and a part of the id."""
    deal = Deal()
    deal.work("a")
    deal.create()
    invoice = replace(deal.invoice(), number=number, id=invoice_id("0f8fad5b-d9cb-469f-a165-70867728950e"))

    assert reference(invoice) == expected
    assert len(reference(invoice)) <= 35


def test_the_record_of_a_draft_is_one_event() -> None:
    """A creation is one Drafted event for each invoice; nothing else is written (I-9)."""
    deal = Deal()
    deal.line("work", method=BillingMethod.TIME_AND_MATERIAL)
    deal.work("a")

    changes = deal.create()

    assert [type(h) for _, h in changes.happenings] == [Drafted]
    assert (changes.ledger, changes.marks, changes.adjusted) == ((), (), ())
    assert deal.invoice().customer_id == ACME
