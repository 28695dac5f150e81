"""Retainers: billed first, then applied."""

from __future__ import annotations

from dataclasses import replace

from invoicing_world import READY, TODAY, D, Deal, by_hand, day, lines, reasons

from proforma.domain.codes import BillingStatus, BillingType, TransactionClass
from proforma.domain.ids import CurrencyId, Guid
from proforma.invoicing import backlog


def applied(deal: Deal, place: int = -1) -> dict[str, str]:
    """Applied amount by retainer."""
    return {d.source: str(-d.amount) for d in deal.invoice(place).details if d.type.value == "advance-applied"}


def test_a_retainer_is_available_only_after_its_invoice_is_confirmed() -> None:
    """I-64, I-65, I-68: 0 while it waits and while drafted, all of it afterwards."""
    deal = Deal()
    deal.retainer("r", status=READY)
    assert deal.balance("r") == "used 0.00 available 0.00"

    deal.create()
    deal.work("a")
    deal.create()
    assert deal.balance("r") == "used 0.00 available 0.00"
    assert applied(deal) == {}

    deal.confirm(0)

    assert deal.ledger(0) == ["B r 1 1000.00", "U r 1 -1000.00"]
    assert deal.balance("r") == "used 0.00 available 1000.00"
    assert deal.statuses("r") == ["invoice-posted"]


def test_a_retainer_is_applied_to_new_invoices_and_used_up() -> None:
    """I-67, I-69: 1,000 on 1,500 of work: all of it is reversed and billed, nothing is left."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="7.5")

    deal.create()
    assert lines(deal.invoice()) == [
        "work time 1500.00: a 7.5 x 200.00 = 1500.00",
        "- advance-applied -1000.00: r 1 x -1000.00 = -1000.00",
    ]
    assert deal.invoice().total == D("500.00")
    deal.confirm()

    assert deal.ledger() == ["R U a -7.5 -1500.00", "B a 7.5 1500.00", "R U r 1 1000.00", "B r 1 -1000.00"]
    assert deal.balance("r") == "used 1000.00 available 0.00"


def test_a_retainer_in_another_currency_is_never_applied() -> None:
    """I-56, I-67: no draft uses it, nobody can apply or be paid it back, and a person is told while it has a balance."""
    deal = Deal()
    deal.retainer("odd", "100.00")
    deal.book = replace(deal.book, retainers=tuple(replace(r, currency_id=CurrencyId(Guid("EUR"))) for r in deal.book.retainers))
    deal.work("a")

    assert [(row.source, row.reason) for row in deal.create().passed_over] == [("odd", "currency-mismatch")]
    assert reasons(deal.apply("odd", "1.00")) == {"odd": "currency-mismatch"}
    deal.refund("odd")
    deal.refresh()

    assert lines(deal.invoice()) == ["work time 1600.00: a 8 x 200.00 = 1600.00"]


def test_an_applied_amount_and_a_new_retainer_are_rounded_to_the_currency() -> None:
    """I-112: 10.005 becomes 10.01 in USD; what rounding takes above what is available is refused."""
    deal = Deal()
    deal.retainer("r", "100.00")
    deal.work("a")
    deal.create()

    deal.apply("r", "10.005")
    deal.add(by_hand("new", "10.005", transaction_class=TransactionClass.RETAINER))

    assert applied(deal) == {"r": "10.01"}
    assert lines(deal.invoice())[1] == "- retainer 10.01: new 1 x 10.01 = 10.01"
    assert reasons(deal.apply("r", "100.005")) == {"r": "over-available"}
    assert reasons(deal.apply("r", "1e400")) == {"r": "not-editable"}


def test_what_is_not_used_stays_for_later() -> None:
    """I-69: 300 of 1,000, then 500 of the 700 left: each time the open balance is reversed and booked anew."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="1.5")
    deal.create()
    deal.confirm()
    assert deal.ledger()[2:] == ["R U r 1 1000.00", "B r 1 -300.00", "U r 1 -700.00"]

    deal.work("b", hours="2.5")
    deal.create()
    deal.confirm()

    assert deal.ledger()[2:] == ["R U r 1 700.00", "B r 1 -500.00", "U r 1 -200.00"]
    assert deal.balance("r") == "used 800.00 available 200.00"
    first, second = (r for r in deal.book.ledger if r.source == "r" and abs(r.amount) == 700)
    assert second.reverses == first.id


def test_only_chargeable_work_is_a_base() -> None:
    """I-67: non-chargeable work and retainers being billed cannot be paid by a retainer; without a base none is applied."""
    deal = Deal()
    deal.retainer("old", "1000.00")
    deal.retainer("new", "400.00", status=READY)
    deal.work("free", billing_type=BillingType.NON_CHARGEABLE)

    deal.create()
    assert applied(deal) == {}

    deal.add(by_hand("extra", "30.00"))
    deal.refresh()
    assert applied(deal) == {"old": "30.00"}


def test_every_kind_of_work_is_a_base() -> None:
    """I-67: time, expense, material, fee, milestone and product together: 200 + 10 + 20 + 30 + 40 + 50 = 350."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("t", hours="1")
    for n, kind in enumerate((TransactionClass.EXPENSE, TransactionClass.MATERIAL, TransactionClass.FEE), 1):
        deal.work(f"k{n}", transaction_class=kind, hours="1", price=f"{n}0.00")
    deal.milestone("m", "40.00")
    deal.product("p", price="50.00")

    deal.create()

    assert applied(deal) == {"r": "350.00"}
    assert deal.invoice().total == D(0)


def test_oldest_first_and_only_of_the_same_contract_and_customer() -> None:
    """I-67: by the day on which they were invoiced, then id; other customers' and other contracts' retainers are theirs."""
    deal = Deal()
    deal.contract("other")
    deal.retainer("young", "100.00", on=day("02-01"))
    deal.retainer("b-old", "100.00", on=day("01-01"))
    deal.retainer("a-old", "100.00", on=day("01-01"))
    deal.retainer("theirs", customer="bolt", on=day("01-01"))
    deal.retainer("elsewhere", contract="other", on=day("01-01"))
    deal.work("a", hours="1.25")

    deal.create()

    assert applied(deal) == {"a-old": "100.00", "b-old": "100.00", "young": "50.00"}


def test_two_drafts_share_what_is_available() -> None:
    """I-67: what one draft uses is reserved; another gets the rest, and a deleted draft frees it."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="3.5")
    deal.create()
    deal.work("b", hours="3.5")
    deal.create()
    assert (applied(deal, 0), applied(deal, 1)) == ({"r": "700.00"}, {"r": "300.00"})

    deal.delete(of=0)
    deal.refresh()

    assert applied(deal, 1) == {"r": "1000.00"}  # the refresh also picked "a" up again
    assert deal.balance("r") == "used 0.00 available 1000.00"


def test_edits_lower_applied_amounts_youngest_first_and_never_raise_them() -> None:
    """I-67: base 500 on 300 + 200; at 400 the young one gives 100; back at 500 nothing rises; at 100 the young one is gone."""
    deal = Deal()
    deal.retainer("old", "300.00", on=day("01-01"))
    deal.retainer("young", "300.00", on=day("02-01"))
    deal.work("a", hours="2.5")
    deal.create()
    assert applied(deal) == {"old": "300.00", "young": "200.00"}

    deal.edit("a", quantity="2")
    assert applied(deal) == {"old": "300.00", "young": "100.00"}
    deal.edit("a", quantity="2.5")
    assert applied(deal) == {"old": "300.00", "young": "100.00"}
    deal.edit("a", quantity="0.5")
    assert applied(deal) == {"old": "100.00"}

    deal.edit("a", billing_type="complimentary")
    assert applied(deal) == {}


def test_a_person_may_lower_an_applied_amount_and_a_refresh_keeps_it() -> None:
    """I-67: 0 included; what is set by hand stays, and the others are applied anew around it."""
    deal = Deal()
    deal.retainer("old", "300.00", on=day("01-01"))
    deal.retainer("young", "300.00", on=day("02-01"))
    deal.work("a", hours="2")
    deal.create()

    deal.apply("old", "50.00")
    assert applied(deal) == {"old": "50.00", "young": "100.00"}
    deal.refresh()
    assert applied(deal) == {"old": "50.00", "young": "300.00"}
    deal.apply("old", "0")
    deal.refresh()
    assert applied(deal) == {"old": "0.00", "young": "300.00"}

    deal.confirm()
    assert not [r for r in deal.book.ledger if r.source == "old"]
    assert deal.balance("old") == "used 0.00 available 300.00"


def test_no_more_than_available_can_be_applied() -> None:
    """I-67: neither more than is free, nor more than the work that is left to be covered, nor another deal's retainer."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.retainer("theirs", customer="bolt")
    deal.work("a", hours="3")
    deal.create()
    deal.work("b", hours="10")
    deal.create()

    assert applied(deal) == {"r": "400.00"}
    assert reasons(deal.apply("r", "400.01")) == {"r": "over-available"}
    assert reasons(deal.apply("theirs", "1.00")) == {"theirs": "over-available"}
    assert reasons(deal.apply("nobody's", "1.00")) == {"nobody's": "over-available"}
    assert reasons(deal.apply("r", "600.01", of=0)) == {"r": "over-available"}
    assert reasons(deal.apply("r", "-1")) == {"r": "not-editable"}
    assert deal.apply("r", "400.00").happenings != ()
    assert deal.apply("r", "400.00").happenings == ()


def test_a_removed_application_can_be_applied_again() -> None:
    """I-67, I-84: removing it ends the reservation; applying it by hand makes a new line."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="1")
    deal.create()
    deal.remove("r")
    assert applied(deal) == {}

    deal.apply("r", "150.00")

    assert applied(deal) == {"r": "150.00"}
    assert deal.invoice().total == D("50.00")


def test_a_retainer_can_be_created_on_the_draft() -> None:
    """I-66: it is billed there and then, and once that is confirmed it is available like any other."""
    deal = Deal()
    deal.work("a", hours="1")
    deal.create()
    deal.add(replace(by_hand("upfront", "500.00", transaction_class=TransactionClass.RETAINER), description="Upfront"))
    assert lines(deal.invoice())[1:] == ["- retainer 500.00: upfront 1 x 500.00 = 500.00"]
    assert reasons(deal.edit("upfront", quantity="2")) == {"upfront": "not-editable"}
    deal.confirm()
    assert deal.balance("upfront") == "used 0.00 available 500.00"

    deal.work("b", hours="1")
    deal.create()

    assert applied(deal) == {"upfront": "200.00"}
    assert deal.row("upfront").description == "Upfront"


def test_a_retainer_of_the_mirror_that_was_partly_used_there() -> None:
    """I-64: what Dataverse used before counts; we add what we use."""
    deal = Deal()
    deal.retainer("r", "1000.00", used="400.00")
    deal.work("a", hours="1")
    deal.create()
    deal.confirm()

    assert deal.ledger()[2:] == ["R U r 1 600.00", "B r 1 -200.00", "U r 1 -400.00"]
    assert deal.balance("r") == "used 600.00 available 400.00"


def test_a_retainer_billed_here_is_applied_by_the_day_of_our_invoice() -> None:
    """I-67: one that we invoiced on 31 March is younger than one invoiced in February, whatever its planned date."""
    deal = Deal()
    deal.retainer("ours", "100.00", status=READY, on=day("01-01"))
    deal.create(as_of=TODAY)
    deal.confirm()
    deal.retainer("theirs", "100.00", on=day("02-01"))
    deal.work("a", hours="0.75")

    deal.create()

    assert applied(deal) == {"theirs": "100.00", "ours": "50.00"}
    assert deal.row("ours").status is BillingStatus.INVOICE_POSTED


def test_what_other_retainers_cover_cannot_be_covered_twice() -> None:
    """I-67: of 400 of work the old one covers 300, so the young one covers 100 at most."""
    deal = Deal()
    deal.retainer("old", "300.00", on=day("01-01"))
    deal.retainer("young", "300.00", on=day("02-01"))
    deal.work("a", hours="2")
    deal.create()

    assert reasons(deal.apply("young", "100.01")) == {"young": "over-available"}
    assert deal.apply("young", "99.99").refusals == ()
    assert deal.invoice().total == D("0.01")


def test_work_by_hand_is_no_retainer() -> None:
    """I-66: only a retainer created on a draft is listed as one."""
    deal = Deal()
    deal.retainer("r")
    deal.work("a", hours="1")
    deal.create()
    deal.add(by_hand("x", "5.00"))

    assert [r.source for r in backlog(deal.book, include_all=True)] == ["r", "a"]


def test_the_rest_of_a_retainer_is_paid_back() -> None:
    """I-70: of 1,000.00, 300.00 are used; the 700.00 left go back on an invoice of their own, and nothing is available after it."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="1.5")
    deal.create()
    deal.confirm()

    assert len(deal.refund("r").marks) == 1
    assert deal.refund("r").marks == ()
    deal.create()

    assert lines(deal.invoice()) == ["- retainer -700.00: r 1 x -700.00 = -700.00"]
    assert deal.balance("r") == "used 300.00 available 700.00"
    deal.confirm()
    assert deal.ledger() == ["R U r 1 700.00", "B r 1 -700.00"]
    assert deal.balance("r") == "used 1000.00 available 0.00"
    assert deal.create().happenings == ()


def test_a_refund_rides_with_work_and_is_not_applied_to_it() -> None:
    """I-70: 250.00 of a retainer go back beside 200.00 of work: −50.00 in total, and the retainer pays for nothing."""
    deal = Deal()
    deal.retainer("r", "250.00")
    deal.refund("r")
    deal.work("a", hours="1")
    deal.create()
    assert (lines(deal.invoice()), deal.invoice().total) == (
        ["work time 200.00: a 1 x 200.00 = 200.00", "- retainer -250.00: r 1 x -250.00 = -250.00"], D("-50.00"),
    )  # fmt: skip
    assert reasons(deal.apply("r", "10")) == {"r": "over-available"}


def test_a_refund_takes_what_no_other_draft_has_reserved() -> None:
    """I-70, I-67: a draft has reserved 200.00 of 1,000.00; 800.00 go back, and both can be confirmed."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="1")
    deal.create()
    deal.refund("r")
    deal.create()
    assert deal.invoice().total == D("-800.00")
    assert deal.confirm(0, 1).refusals == ()
    assert deal.balance("r") == "used 1000.00 available 0.00"


def test_a_refund_can_be_taken_back_until_it_is_confirmed() -> None:
    """I-70: it is refused to cancel what a draft pays back; once removed and cancelled, the retainer is applied again."""
    deal = Deal()
    deal.retainer("r", "100.00")
    deal.refund("r")
    deal.create()
    assert reasons(deal.refund("r", wanted=False)) == {"r": "on-draft"}
    deal.remove("r")
    deal.delete()
    assert len(deal.refund("r", wanted=False).marks) == 1
    deal.work("a", hours="1")
    deal.create()
    assert lines(deal.invoice())[1] == "- advance-applied -100.00: r 1 x -100.00 = -100.00"


def test_what_cannot_be_refunded() -> None:
    """I-70: a retainer that was never billed, one that is used up, and one that does not exist are refused, and nothing changes."""
    deal = Deal()
    deal.retainer("new", "100.00", status=READY)
    deal.retainer("empty", "100.00", used="100.00")
    assert reasons(deal.refund("new", "empty", "ghost")) == {"new": "not-ready", "empty": "over-available", "ghost": "unknown-source"}
    assert deal.book.marks == {}


def test_a_refund_is_credited_like_an_application() -> None:
    """I-70, I-99: the invoice that paid 700.00 back is credited in full, and 700.00 are available again."""
    deal = Deal()
    deal.retainer("r", "700.00")
    deal.refund("r")
    deal.create()
    deal.confirm()
    deal.correct()
    assert deal.confirm().refusals == ()
    assert deal.ledger() == ["R B r 1 700.00", "U r 1 -700.00"]
    assert deal.balance("r") == "used 0.00 available 700.00"
