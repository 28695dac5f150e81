"""Rules that say how Dataverse makes rows: we make none of them, and bill what they leave behind."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from invoicing_world import NOT_READY, READY, TODAY, D, Deal, by_hand, customer_id, day, lines, reasons

from proforma.domain.codes import (
    AdjustmentStatus,
    AmountMethod,
    BillingStatus,
    BillingType,
    IncludedTasks,
    TransactionClass,
    TransactionType,
)
from proforma.domain.contracts import ContractLine, LineCustomer, LineTask
from proforma.domain.ids import ContractId, ContractLineId, CurrencyId, Guid, ProjectId, RecordId, TaskId
from proforma.domain.records import Actual
from proforma.invoicing.amounts import off_by
from proforma.invoicing.lines_check import shared_ownership, shares_not_whole


@pytest.mark.parametrize("type_", [t for t in TransactionType if t is not TransactionType.UNBILLED_SALES], ids=str)
def test_nothing_but_unbilled_sales_is_billed_as_work(type_: TransactionType) -> None:
    """I-1, I-5, I-7: cost, lending and estimate rows of a line, ready or not, never reach an invoice; an entry without actuals has none."""
    deal = Deal()
    deal.work("cost", type=type_)
    assert deal.create().happenings == ()
    assert deal.problems() == {}


def test_work_approved_below_its_hours() -> None:
    """I-6, I-26: of Bob's 8 h the approver lets 6 be billed: 1,200.00 are charged, and 2 h of 400.00 stand beside them at nothing."""
    deal = Deal()
    deal.work("six", hours="6")
    deal.work("two", hours="2", billing_type=BillingType.NON_CHARGEABLE)
    deal.create()
    assert lines(deal.invoice()) == ["work time 1200.00: six 6 x 200.00 = 1200.00, two 2 x 200.00 = 400.00 non-chargeable"]
    deal.confirm()
    assert deal.ledger() == [
        "R U six -6 -1200.00", "B six 6 1200.00", "R U two -2 -400.00 non-chargeable", "B two 2 400.00 non-chargeable",
    ]  # fmt: skip


def test_drafting_makes_no_actuals_and_a_confirmation_keeps_the_sum() -> None:
    """I-9, I-10, I-12: no ledger row while drafted; then unbilled 1,600 − 1,600 = 0 and billed 1,600, each naming detail and source."""
    deal = Deal()
    deal.work("bob")
    deal.create()
    assert len(deal.book.ledger) == 0
    deal.confirm()
    (detail,) = deal.invoice().details
    assert [(r.detail_id, r.source, r.invoice_id, r.amount) for r in deal.book.ledger] == [
        (detail.id, "bob", deal.invoice().id, D("-1600.00")), (detail.id, "bob", deal.invoice().id, D("1600.00")),
    ]  # fmt: skip


def test_connections_of_a_correction_lead_back_to_what_was_billed() -> None:
    """I-11, I-12: the billed row of a correction's reversal is named by it, and the correction's detail names the one it corrects."""
    deal = Deal()
    deal.work("bob")
    deal.create()
    deal.confirm()
    billed = deal.book.ledger[-1]
    deal.correct()
    deal.confirm()
    reversal = next(r for r in deal.book.ledger if r.invoice_id == deal.invoice().id and r.reversal)
    assert (reversal.reverses, next(deal.invoice().details).corrects_detail) == (billed.id, billed.detail_id)


def test_a_correction_journal_before_invoicing_replaces_the_row() -> None:
    """I-3, I-13, I-55: 8 h are reversed and 7 h take their place; ready or not, the reversed row and its reversal are not billed."""
    deal = Deal()
    deal.work("old", adjustment=AdjustmentStatus.ADJUSTED)
    deal.work("reversal", hours="-8", adjustment=AdjustmentStatus.UNADJUSTABLE)
    deal.work("new", hours="7")
    deal.create()
    assert lines(deal.invoice()) == ["work time 1400.00: new 7 x 200.00 = 1400.00"]


def test_a_row_of_each_customer_is_billed_to_it_alone() -> None:
    """I-30: approval made a row of 5 h for acme and one of 3 h for bolt; each is billed and confirmed on its own, never split again."""
    deal = Deal()
    deal.split("work", acme="62.5", bolt="37.5")
    deal.work("for-acme", hours="5")
    deal.work("for-bolt", hours="3", customer="bolt")
    deal.create()
    assert [(i.customer_id, i.total) for i in deal.book.invoices] == [("acme", D("1000.00")), ("bolt", D("600.00"))]
    deal.confirm(1)
    assert deal.statuses("for-acme", "for-bolt") == ["invoice-created", "invoice-posted"]


def test_everything_on_a_draft_is_created_and_everything_confirmed_is_posted() -> None:
    """I-60: actual, milestone, product line and retainer go the same way."""
    deal = Deal()
    deal.work("a")
    deal.milestone("m")
    deal.product("p")
    deal.retainer("r", status=READY)
    deal.create()
    assert deal.statuses("a", "m", "p", "r") == ["invoice-created"] * 4
    deal.confirm()
    assert deal.statuses("a", "m", "p", "r") == ["invoice-posted"] * 4


def test_a_progress_milestone_is_billed_by_its_ready_part() -> None:
    """I-62: Dataverse cut 1,000.00 at 20 %: the ready 200.00 are billed, the open 800.00 wait, and we compute no split of our own."""
    deal = Deal()
    deal.milestone("part", "200.00")
    deal.milestone("open", "800.00", status=NOT_READY)
    deal.create()
    assert lines(deal.invoice()) == ["build milestone 200.00: part 1 x 200.00 = 200.00"]
    deal.confirm()
    assert deal.statuses("part", "open") == ["invoice-posted", "not-ready"]


def test_schedule_rows_of_any_frequency_are_run_as_they_stand() -> None:
    """I-90, I-91: two runs a month, whoever generated them; each takes what its own cut-off allows."""
    deal = Deal()
    deal.schedule("first", run=day("03-16"), cut_off=day("03-15"))
    deal.schedule("second", run=day("04-01"), cut_off=day("03-31"))
    deal.work("early", hours="1", on=day("03-15"))
    deal.work("late", hours="2", on=day("03-16"))
    deal.run(day("03-16"))
    deal.run(day("04-01"))
    assert [i.total for i in deal.book.invoices] == [D("200.00"), D("400.00")]


def test_a_negative_row_reduces_the_invoice() -> None:
    """I-114: 1,600.00 of work and an expense credited with 350.00 make 1,250.00."""
    deal = Deal()
    deal.work("bob")
    deal.work("credit", hours="-1", price="350.00", transaction_class=TransactionClass.EXPENSE)
    deal.create()
    assert deal.invoice().total == D("1250.00")


def test_what_is_pulled_is_never_written() -> None:
    """I-130: whatever is done here, the mirror's rows are the ones that were pulled; decisions lie over them as marks."""
    deal = Deal()
    deal.work("bob", status=NOT_READY)
    deal.milestone("m", status=NOT_READY)
    pulled = (deal.book.actuals, deal.book.milestones)
    deal.mark("bob", "m")
    deal.create()
    deal.edit("bob", quantity="6")
    deal.confirm()
    deal.correct()
    deal.confirm()
    assert (deal.book.actuals, deal.book.milestones) == pulled


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"amount": "1600.01"}, None),
        ({"amount": "1600.02"}, "0.02"),
        ({"amount": "1599.00"}, "-1.00"),
        ({"amount": "1600.00", "amount_method": AmountMethod.FIXED_PRICE}, "1400.00"),
        ({"amount": "200.00", "amount_method": AmountMethod.FIXED_PRICE}, None),
        ({"amount": "600.00", "amount_method": AmountMethod.BASIS_QUANTITY_BY_PRICE, "basis_quantity": "3"}, None),
        ({"amount": "76.00", "amount_method": AmountMethod.BASIS_AMOUNT_BY_PERCENT, "basis_amount": "500", "percent": "15"}, "1.00"),
        ({"amount": "1.00", "amount_method": AmountMethod.BASIS_AMOUNT_BY_PERCENT}, None),
        ({"amount": "1440.00", "extended_amount": "1440.00"}, None),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value),
)
def test_an_amount_off_its_product_is_told_and_billed_as_stored(said: dict[str, Any], expected: str | None) -> None:
    """I-111: 8 h at 200.00 are 1,600.00; more than a cent beside what the amount method gives is a difference to be told."""
    deal = Deal()
    fields = {k: Decimal(v) if isinstance(v, str) and not isinstance(v, AmountMethod) else v for k, v in said.items()}
    actual: Actual = replace(deal.work("a"), **fields)  # type: ignore[arg-type]
    assert off_by(actual, precision=2) == (None if expected is None else D(expected))

    deal.book = replace(deal.book, actuals=(actual,))
    deal.create()
    assert deal.invoice().total == D(said["amount"])


def line(id_: str, *, project: str = "prj", tasks: IncludedTasks | None = None, **includes: bool) -> ContractLine:
    return ContractLine(
        id=ContractLineId(Guid(id_)),
        contract_id=ContractId(Guid("deal")),
        description=id_,
        project_id=ProjectId(Guid(project)),
        included_tasks=tasks,
        include_time=includes.get("time"),
        include_fee=includes.get("fee"),
    )


def task(line_id: str, name: str) -> LineTask:
    return LineTask(id=RecordId(Guid(f"{line_id}-{name}")), contract_line_id=ContractLineId(Guid(line_id)), task_id=TaskId(Guid(name)))


def test_a_class_of_a_project_belongs_to_one_line() -> None:
    """I-24: two lines with all tasks and the same class collide; another class, another project or disjoint tasks do not."""
    selected = IncludedTasks.SELECTED
    whole = [line("a", time=True, fee=True), line("b", time=True), line("c", fee=False), line("d", project="other", time=True)]
    assert [(f.line_id, f.other_id, f.reason) for f in shared_ownership(whole, [])] == [("a", "b", "class-on-two-lines")]

    cut = [line("a", tasks=selected, time=True), line("b", tasks=selected, time=True)]
    assert list(shared_ownership(cut, [task("a", "build"), task("b", "test")])) == []
    shared = [task("a", "build"), task("a", "test"), task("b", "test")]
    assert [f.other_id for f in shared_ownership(cut, shared)] == ["b"]


def test_shares_that_are_not_whole_are_told() -> None:
    """I-33: 50 and 49.99 are 99.99 %; 33.33, 33.33 and 33.34 are whole; a line without customers has nothing to total."""
    rows = [
        LineCustomer(
            id=RecordId(Guid(f"{of}{n}")), contract_line_id=ContractLineId(Guid(of)), customer_id=customer_id(f"c{n}"), percent=D(p)
        )
        for of, percents in {"short": ("50", "49.99"), "whole": ("33.33", "33.33", "33.34")}.items()
        for n, p in enumerate(percents)
    ]
    (found,) = shares_not_whole([line("short"), line("whole"), line("none")], rows)
    assert (found.line_id, found.reason) == ("short", "split-not-100")
    assert "99.99 %" in found.message


def test_bad_input_is_refused_with_its_code_and_changes_nothing() -> None:
    """I-102, I-81, I-31, I-33, I-56, section 23: each of these is refused or passed over with its reason, and the book is as it was."""
    deal = Deal()
    deal.split("build", acme="50", bolt="49.99")
    deal.work("billed")
    deal.create()
    deal.confirm()
    deal.work("stray", customer=None)
    deal.work("foreign", currency="EUR")
    deal.milestone("m")
    before = deal.book

    assert reasons(deal.mark("ghost")) == {"ghost": "unknown-source"}
    assert reasons(deal.edit("billed", quantity="1")) == {"billed": "confirmed"}
    assert reasons(deal.remove("billed")) == {"billed": "confirmed"}
    assert reasons(deal.add(by_hand("x", "10"))) == {"x": "confirmed"}
    assert set(reasons(deal.delete()).values()) == {"confirmed"}
    assert set(reasons(deal.create("nowhere")).values()) == {"contract-not-active"}
    assert deal.create().happenings == ()
    assert deal.problems() == {"stray": "no-customer", "foreign": "currency-mismatch", "m": "split-not-100"}
    assert deal.book == before

    deal.retainer("euros", status=READY)
    retainer = replace(deal.book.retainers[0], currency_id=CurrencyId(Guid("EUR")))
    deal.book = replace(deal.book, retainers=(retainer,))
    assert deal.create().happenings == ()
    assert deal.problems()["euros"] == "currency-mismatch"


def test_a_negative_quantity_is_refused_wherever_it_is_typed() -> None:
    """I-81, I-83, I-97: by an edit, by hand and on a correction; the draft stays what it was."""
    deal = Deal()
    deal.work("a")
    deal.create()
    before = deal.invoice()
    assert reasons(deal.edit("a", quantity="-0.01")) == {"a": "negative-quantity"}
    assert reasons(deal.add(replace(by_hand("x", "10"), quantity=D(-1)))) == {"x": "negative-quantity"}
    assert deal.invoice() == before
    deal.confirm()
    deal.correct()
    assert reasons(deal.edit("a", quantity="-1")) == {"a": "negative-quantity"}


def test_a_day_is_a_day() -> None:
    """I-57, I-92: work of the day itself is billed; the status of a row that is due tomorrow does not change."""
    deal = Deal()
    deal.work("today", on=TODAY)
    deal.work("tomorrow", on=day("04-01"))
    deal.create()
    assert deal.statuses("today", "tomorrow") == [BillingStatus.INVOICE_CREATED.value, BillingStatus.READY.value]
