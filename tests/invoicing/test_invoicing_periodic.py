"""The periodic run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from invoicing_world import DEAL, NOT_READY, READY, TODAY, Deal, day, lines, reasons

from desk import Office
from proforma.domain.codes import BillingType, ContractState, OrderType, ScheduleRunStatus, TransactionClass


def details(deal: Deal) -> list[list[str]]:
    """The sources on each invoice."""
    return [sorted(d.source for d in i.details) for i in deal.book.invoices]


def test_due_lines_of_one_contract_share_one_invoice() -> None:
    """I-75, I-79: two lines due on a day, a milestone of the day, one invoice; the run day itself is not billed (I-92)."""
    deal = Deal()
    deal.line("costs")
    deal.schedule("s1", run=day("10-05"), cut_off=day("10-04"))
    deal.schedule("s2", run=day("10-05"), cut_off=day("10-04"), line="costs")
    deal.schedule("later", run=day("10-19"), cut_off=day("10-18"))
    deal.work("a", on=day("10-04"))
    deal.work("run-day", on=day("10-05"))
    deal.work("b", line="costs", on=day("10-01"), transaction_class=TransactionClass.EXPENSE)
    deal.milestone("m", on=day("10-05"))
    deal.milestone("november", on=day("11-03"))

    assert deal.run(day("10-04")).happenings == ()
    changes = deal.run(day("10-05"))

    assert details(deal) == [["a", "b", "m"]]
    assert sorted(m.row_id for m in changes.schedule if m.successful) == ["s1", "s2"]
    assert (deal.invoice().periodic, deal.invoice().invoice_date) == (True, day("10-05"))


def test_a_second_run_finds_nothing_and_a_late_row_goes_with_the_next_due_one() -> None:
    """I-54, I-79: even in a world that is run daily."""
    deal = Deal()
    deal.schedule("s1", run=day("04-06"), cut_off=day("04-05"))
    deal.schedule("s2", run=day("04-13"), cut_off=day("04-12"))
    deal.work("a", on=day("04-01"))
    deal.work("late", on=day("04-02"), status=NOT_READY)
    deal.work("b", on=day("04-08"))

    deal.run(day("04-06"))
    assert deal.run(day("04-06")).schedule == ()
    deal.mark("late")
    deal.run(day("04-07"))
    deal.run(day("04-13"))

    assert details(deal) == [["a"], ["b", "late"]]


def test_a_missed_day_is_caught_up_with_the_latest_cut_off() -> None:
    """I-79: several due rows of one line bill each row once; a cut-off that is missing is the day before the run (I-91)."""
    deal = Deal()
    deal.schedule("s1", run=day("04-06"), cut_off=day("04-05"))
    deal.schedule("s2", run=day("04-13"))
    deal.work("a", on=day("04-01"))
    deal.work("b", on=day("04-12"))
    deal.work("c", on=day("04-13"))

    changes = deal.run(day("04-15"))

    assert details(deal) == [["a", "b"]]
    assert sorted(m.row_id for m in changes.schedule) == ["s1", "s2"]


def test_lines_without_schedule_wait() -> None:
    """I-79: and so do rows that Dataverse ran already, or that are inactive."""
    deal = Deal()
    deal.work("a", on=day("03-01"))
    deal.schedule("ran", run=day("03-05"))
    deal.schedule("off", run=day("03-05"))
    ran, off = deal.book.schedule
    deal.book = replace(deal.book, schedule=[replace(ran, status=ScheduleRunStatus.SUCCESSFUL), replace(off, active=False)])

    assert deal.run(day("03-31")).happenings == ()
    assert deal.statuses("a") == ["ready"]


def test_a_due_row_is_done_even_when_nothing_was_ready() -> None:
    """I-79: the row is successful and does not come again."""
    deal = Deal()
    deal.schedule("s", run=day("03-05"))

    assert [(m.row_id, m.successful) for m in deal.run(day("03-05")).schedule] == [("s", True)]
    deal.work("a", on=day("03-01"))
    assert deal.run(day("03-06")).happenings == ()


def test_a_contract_that_cannot_be_drafted_is_failed_and_tried_again() -> None:
    """I-79: its rows are Run Failed, the reason is told, and a later run repairs it."""
    deal = Deal()
    deal.schedule("s", run=day("03-05"))
    deal.work("a", on=day("03-01"))
    good = deal.book.contracts
    deal.book = replace(deal.book, contracts=[replace(c, currency_id=None) for c in good])

    changes = deal.run(day("03-05"))
    assert ([m.successful for m in changes.schedule], reasons(changes)) == ([False], {DEAL: "currency-mismatch"})

    deal.book = replace(deal.book, contracts=good)
    assert [m.successful for m in deal.run(day("03-06")).schedule] == [True]
    assert details(deal) == [["a"]]


def test_contracts_that_may_not_be_invoiced_are_passed_by() -> None:
    """I-20, I-21: without refusal, and their rows stay due."""
    deal = Deal()
    deal.book = replace(deal.book, contracts=[])
    deal.contract("deal", state=ContractState.ON_HOLD)
    deal.contract("shop", order_type=OrderType.ITEM_BASED)
    deal.product("retail", contract="shop")
    deal.schedule("s", run=day("03-05"))
    deal.work("a", on=day("03-01"))

    changes = deal.run(day("03-31"))

    assert (changes.happenings, changes.schedule, changes.refusals) == ((), (), ())


def test_retainers_by_their_date_and_products_along() -> None:
    """I-79: a retainer from its date on; products only ride on an invoice that the primary customer gets anyway."""
    deal = Deal()
    deal.product("p")
    deal.retainer("r", status=READY, on=day("04-01"))
    deal.milestone("theirs", on=day("03-01"), customer="bolt")

    deal.run(day("03-31"))
    assert details(deal) == [["theirs"]]
    deal.run(day("04-01"))
    assert details(deal) == [["theirs"], ["p", "r"]]


def test_a_run_starts_a_new_invoice_beside_an_older_draft() -> None:
    """I-79: one new invoice each time, and nothing where nothing is chargeable (I-77)."""
    deal = Deal()
    deal.work("a", on=day("03-01"))
    deal.create()
    deal.schedule("s1", run=day("04-05"))
    deal.work("b", on=day("04-01"))
    deal.work("free", customer="bolt", on=day("04-01"), billing_type=BillingType.NON_CHARGEABLE)

    deal.run(day("04-05"))

    assert details(deal) == [["a"], ["b"]]
    assert deal.statuses("free") == ["ready"]


def test_retainers_are_applied_by_the_run_too() -> None:
    """I-67: every new invoice."""
    deal = Deal()
    deal.retainer("r", "100.00")
    deal.milestone("m", "500.00", on=day("03-01"))

    deal.run(day("03-01"))

    assert lines(deal.invoice())[1:] == ["- advance-applied -100.00: r 1 x -100.00 = -100.00"]


def test_a_deleted_draft_comes_back_by_hand_or_with_the_next_due_row() -> None:
    """I-101: the schedule row stays done."""
    deal = Deal()
    deal.schedule("s1", run=day("03-05"))
    deal.schedule("s2", run=day("04-05"))
    deal.work("a", on=day("03-01"))
    deal.run(day("03-05"))
    deal.delete()

    assert deal.run(day("03-06")).happenings == ()
    deal.run(day("04-05"))

    assert details(deal) == [["a"], ["a"]]


def test_contracts_of_one_transaction_do_not_stop_each_other(tmp_path: Path) -> None:
    """Some contracts are drafted together: one that is refused is told, and the others are billed as if they were alone (I-73, I-79)."""
    deal = Deal()
    deal.contract("other")
    deal.line("more work", contract="other")
    deal.work("a")
    deal.work("b", contract="other", line="more work")
    for line in ("work", "more work"):
        deal.schedule(f"schedule of {line}", run=TODAY, cut_off=TODAY, line=line)
    spoilt, sound = deal.book.contracts
    deal.book = replace(deal.book, contracts=(replace(spoilt, currency_id=None), sound))
    office = Office(tmp_path)
    office.pull(deal.book)

    answers = list(office.desk.periodic_run(as_of=TODAY))

    assert [reasons(answer.changes) for answer in answers] == [{DEAL: "currency-mismatch"}]
    assert [lines(invoice) for answer in answers for invoice in answer.invoices] == [["more work time 1600.00: b 8 x 200.00 = 1600.00"]]
    assert office.invoices() == [invoice for answer in answers for invoice in answer.invoices]
    whole, short = answers[0], answers[0].in_short()
    assert short.invoices == tuple(replace(invoice, lines=()) for invoice in whole.invoices)
    assert short.changes == replace(whole.changes, happenings=(), ledger=())
    office.store.close()
