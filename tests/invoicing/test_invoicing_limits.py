"""Not-to-exceed limits."""

from __future__ import annotations

import pytest
from invoicing_world import NOT_READY, READY, ActualFields, Deal, by_hand, reasons

from proforma.domain.codes import AdjustmentStatus, BillingStatus, BillingType, InvoiceStatus, NteStatus, TransactionClass, TransactionType


def limited(limit: str = "1000.00") -> Deal:
    """A deal whose line "work" has a limit."""
    deal = Deal()
    deal.line("work", nte_limit=limit)
    return deal


def nte(deal: Deal, *sources: str) -> list[str]:
    """Not-to-exceed statuses."""
    return [str(deal.row(s).nte) for s in sources]


def test_no_partial_fit() -> None:
    """I-42, I-43, P-65: 600 fits, 500 fails as a whole, 400 reaches 1,000 exactly; in the order of creation, not of the selection."""
    deal = limited()
    deal.work("a", hours="3", status=NOT_READY)
    deal.work("b", hours="2.5", status=NOT_READY)
    deal.work("c", hours="2", status=NOT_READY)

    deal.evaluate("c", "b", "a")

    assert nte(deal, "a", "b", "c") == ["committed", "failed", "committed"]
    assert reasons(deal.mark("a", "b", "c")) == {"b": "nte-failed"}
    assert deal.statuses("a", "b", "c") == ["ready", "not-ready", "ready"]


def test_marking_ready_evaluates_what_never_was() -> None:
    """I-44: a row that does not fit becomes failed and is refused, the others go on; an empty status counts as not evaluated."""
    deal = limited()
    deal.work("a", hours="5", status=NOT_READY)
    deal.work("b", hours="1", status=NOT_READY, nte=NteStatus.NOT_EVALUATED)

    changes = deal.mark("a", "b")

    assert (reasons(changes), nte(deal, "a", "b")) == ({"b": "nte-failed"}, ["committed", "failed"])
    assert "1000.00 of the limit 1000.00 of the contract line are used, 200.00 more do not fit" in changes.refusals[0].message


def test_rows_that_are_ready_when_pulled_are_taken_as_they_are() -> None:
    """I-44: even a failed one is billed; the project manager made it ready in Dataverse."""
    deal = limited("100.00")
    deal.work("a", nte=NteStatus.FAILED)
    deal.work("b")

    deal.create()

    assert sorted(d.source for d in deal.invoice().details) == ["a", "b"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"billing_type": BillingType.NON_CHARGEABLE}, "not-evaluated"),
        ({"billing_type": BillingType.COMPLIMENTARY}, "not-evaluated"),
        ({"line": "build"}, "not-evaluated"),
        ({"line": "free"}, "not-applicable"),
        ({"status": BillingStatus.INVOICE_POSTED}, "not-evaluated"),
        ({"status": BillingStatus.INVOICE_CREATED}, "not-evaluated"),
        ({"adjustment": AdjustmentStatus.ADJUSTED}, "not-evaluated"),
    ],
)
def test_whom_limits_are_about(said: ActualFields, status: str) -> None:
    """I-41, I-45: chargeable, free, unbilled work of a time-and-material line; where no level has a limit nothing applies."""
    deal = limited()
    deal.line("free")
    words: ActualFields = {"hours": "1", "status": NOT_READY, "nte": NteStatus.NOT_EVALUATED}
    words.update(said)
    deal.work("a", **words)

    deal.evaluate("a")

    assert nte(deal, "a") == [status]


@pytest.mark.parametrize("level", ["line customer", "line", "contract customer", "contract"])
def test_four_levels(level: str) -> None:
    """I-40, I-42: each level alone stops a row at 1,000, and only what belongs to the level is counted."""
    deal = Deal(nte_limit="1000.00" if level == "contract" else None)
    deal.line("work", nte_limit="1000.00" if level == "line" else None)
    deal.line("more")
    if level == "line customer":
        deal.split("work", nte_limit="1000.00", acme="50", bolt="50")
    if level == "contract customer":
        deal.contract_customer("acme", nte_limit="1000.00")
    deal.work("same", hours="4", nte=NteStatus.COMMITTED)
    deal.work("other-line", hours="2", line="more", nte=NteStatus.COMMITTED)
    deal.work("other-customer", hours="3", customer="bolt", nte=NteStatus.COMMITTED)
    deal.work("a", hours="1", status=NOT_READY)

    deal.evaluate("a")

    # Counted beside the 200 of "a": 800 for customer on line · 800 + 600 on the line · 800 + 400 for the customer · all 1,800.
    assert nte(deal, "a") == ["committed" if level == "line customer" else "failed"]


def test_a_limit_binds_its_own_customer_only() -> None:
    """I-40: bolt's limit on the line says nothing about acme."""
    deal = Deal()
    deal.split("work", nte_limit="100.00", bolt="50")
    deal.split("work", acme="50")
    deal.work("ours", status=NOT_READY)
    deal.work("theirs", customer="bolt", status=NOT_READY)

    deal.evaluate("ours", "theirs")

    assert nte(deal, "ours", "theirs") == ["not-applicable", "failed"]


def test_the_first_level_that_fails_is_named() -> None:
    """I-42, P-65: line customer, line, contract customer, contract."""
    deal = Deal(nte_limit="100.00")
    deal.line("work", nte_limit="150.00")
    deal.contract_customer("acme", nte_limit="100.00")
    deal.work("a", hours="1", status=NOT_READY)

    changes = deal.mark("a")

    assert "limit 150.00 of the contract line" in changes.refusals[0].message


def test_what_counts_as_used() -> None:
    """I-42: billed work with its reversals, work on drafts, and committed backlog; nothing failed, reversed, free or of retainers."""
    deal = limited("1000.00")
    billed = TransactionType.BILLED_SALES
    deal.work("b1", hours="3", type=billed, status=None)
    deal.work("b1-back", hours="-1", adjustment=AdjustmentStatus.UNADJUSTABLE, type=billed, status=None)
    deal.work("b2", hours="9", billing_type=BillingType.COMPLIMENTARY, type=billed, status=None)
    deal.work("b3", hours="9", transaction_class=TransactionClass.RETAINER, type=billed, status=None)
    deal.work("posted", hours="9", status=BillingStatus.INVOICE_POSTED, nte=NteStatus.COMMITTED)
    deal.work("back", hours="9", adjustment=AdjustmentStatus.ADJUSTED, nte=NteStatus.COMMITTED)
    deal.work("failed", hours="9", status=NOT_READY, nte=NteStatus.FAILED)
    deal.work("new", hours="9", status=NOT_READY)
    deal.work("drafted", hours="1", status=BillingStatus.INVOICE_CREATED, nte=NteStatus.COMMITTED)
    deal.work("fits", hours="2", status=NOT_READY)
    deal.work("too-much", hours="0.01", status=NOT_READY)

    deal.evaluate("fits", "too-much")

    assert nte(deal, "fits", "too-much") == ["committed", "failed"]  # 600 - 200 + 200 + 400 = 1,000


def test_milestones_count_at_contract_level_and_are_never_stopped() -> None:
    """I-42: as invoiced, whether Dataverse or we billed them, and only once when Dataverse's billed sales are there too."""
    deal = Deal(nte_limit="1000.00")
    deal.milestone("old", "300.00", status=BillingStatus.INVOICE_POSTED)
    deal.milestone("ours", "500.00")
    deal.create()
    deal.confirm()
    deal.work("fits", hours="1", status=NOT_READY)
    deal.work("too-much", hours="0.01", status=NOT_READY)
    deal.evaluate("fits", "too-much")
    assert nte(deal, "fits", "too-much") == ["committed", "failed"]

    deal.work(
        "old-billed",
        hours="1",
        price="300.00",
        line="build",
        type=TransactionType.BILLED_SALES,
        transaction_class=TransactionClass.MILESTONE,
    )
    deal.evaluate("too-much")
    assert nte(deal, "too-much") == ["failed"]

    deal.milestone("big", "9000.00")
    deal.create()
    assert deal.confirm().refusals == ()


def test_confirming_moves_consumption_and_keeps_its_sum() -> None:
    """Section 20: 800 committed are 800 invoiced after the confirmation; 200 fit, no cent more."""
    deal = limited()
    deal.work("a", hours="4", status=NOT_READY)
    deal.mark("a")
    deal.create()
    deal.confirm()
    deal.work("b", hours="1", status=NOT_READY)
    deal.work("c", hours="0.01", status=NOT_READY)

    deal.evaluate("b", "c")

    assert nte(deal, "b", "c") == ["committed", "failed"]


def test_own_commitment_does_not_count_against_itself() -> None:
    """I-45: evaluating a committed row again changes nothing."""
    deal = limited()
    deal.work("a", hours="5", nte=NteStatus.COMMITTED)

    assert deal.evaluate("a").marks == ()


def test_a_mark_keeps_what_an_earlier_one_said_of_the_other_part() -> None:
    """I-45, I-52: readiness and limits are decided apart; neither decision undoes the other."""
    deal = limited()
    deal.work("a", hours="1", status=NOT_READY)
    deal.evaluate("a")
    deal.mark("a")
    deal.mark("a", ready=False)
    assert (nte(deal, "a"), deal.statuses("a")) == (["committed"], ["not-ready"])

    deal.mark("a")
    deal.line("work", nte_limit="1.00")
    deal.evaluate("a")
    assert (nte(deal, "a"), deal.statuses("a")) == (["failed"], ["ready"])


def test_reset_frees_the_limit_and_takes_readiness_away() -> None:
    """I-45: the row is not evaluated and not ready; drafted, invoiced and free rows are skipped in silence."""
    deal = limited()
    deal.work("a", hours="5", nte=NteStatus.COMMITTED)
    deal.work("waiting", hours="5", status=NOT_READY)
    deal.work("free", billing_type=BillingType.NON_CHARGEABLE, nte=NteStatus.NOT_APPLICABLE)
    deal.work("drafted", status=BillingStatus.INVOICE_CREATED, nte=NteStatus.COMMITTED, hours="0")
    deal.evaluate("waiting")
    assert nte(deal, "waiting") == ["failed"]

    changes = deal.reset("a", "waiting", "free", "drafted")

    assert (changes.refusals, nte(deal, "a", "waiting", "free", "drafted")) == (
        (), ["not-evaluated", "not-evaluated", "not-applicable", "committed"],
    )  # fmt: skip
    assert deal.statuses("a", "waiting") == ["not-ready", "not-ready"]
    assert reasons(deal.mark("waiting")) == {}
    assert deal.reset("a").marks == ()


def test_a_row_without_amount_cannot_be_shown_to_fit() -> None:
    """I-44, I-55a: with a limit it cannot be made ready before it has a price; without one it can."""
    deal = limited()
    deal.line("free")
    deal.work("a", price=None, amount=None, status=NOT_READY)
    deal.work("b", price=None, amount=None, status=NOT_READY, line="free")

    assert reasons(deal.mark("a", "b")) == {"a": "nte-failed"}


@pytest.mark.parametrize(
    ("edit", "refused"),
    [({"quantity": "5"}, False), ({"quantity": "5.01"}, True), ({"price": "251"}, True), ({"price": "250"}, False)],
)
def test_a_raised_amount_is_checked_at_confirmation(edit: dict[str, str], refused: bool) -> None:
    """I-46: 800 committed of 1,000; the edit may use the rest, not more; a refused draft stays a draft."""
    deal = limited()
    deal.work("a", hours="4", nte=NteStatus.COMMITTED)
    deal.create()
    deal.edit("a", **edit)

    assert list(reasons(deal.confirm()).values()) == (["nte-exceeded"] if refused else [])
    assert deal.invoice().status is (InvoiceStatus.DRAFT if refused else InvoiceStatus.CONFIRMED)


def test_what_is_lowered_makes_room_for_what_is_raised() -> None:
    """I-46: within one draft 600 + 400 may become 400 + 600."""
    deal = limited()
    deal.work("a", hours="3", nte=NteStatus.COMMITTED)
    deal.work("b", hours="2", nte=NteStatus.COMMITTED)
    deal.create()
    deal.edit("a", quantity="2")
    deal.edit("b", quantity="3")

    assert deal.confirm().refusals == ()


@pytest.mark.parametrize(("billing_type", "refused"), [("chargeable", True), ("non-chargeable", False)])
def test_work_by_hand_and_chargeable_again_is_checked_too(billing_type: str, refused: bool) -> None:
    """I-46: both add to what is charged."""
    deal = limited("100.00")
    deal.work("a", hours="1", price="90.00", nte=NteStatus.COMMITTED)
    deal.create()
    deal.add(by_hand("x", "20.00", billing_type=BillingType(billing_type)))
    assert list(reasons(deal.confirm()).values()) == (["nte-exceeded"] if refused else [])

    other = limited("100.00")
    other.work("free", billing_type=BillingType.NON_CHARGEABLE)
    other.work("a", hours="0")
    other.create()
    other.edit("free", billing_type=billing_type)
    assert list(reasons(other.confirm()).values()) == (["nte-exceeded"] if refused else [])


def test_ready_rows_of_other_kinds_have_no_limit() -> None:
    """I-41: milestones, products and retainers are marked ready without any check."""
    deal = Deal(nte_limit="1.00")
    deal.milestone("m", status=NOT_READY)
    deal.product("p", status=NOT_READY)
    deal.retainer("r", status=NOT_READY)

    assert deal.mark("m", "p", "r").refusals == ()
    assert deal.statuses("m", "p", "r") == [READY.value] * 3
