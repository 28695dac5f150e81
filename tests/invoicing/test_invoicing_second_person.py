"""Two persons: nobody confirms a draft that they made or changed, where the policy wants another person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from invoicing_world import READY, TODAY, Deal, by_hand, day, reasons

from proforma.domain.codes import InvoiceStatus
from proforma.domain.hands import is_same_person
from proforma.invoicing import confirm


def world(*, drafted_by: str = "ann") -> Deal:
    """Two rows of work, drafted by hand, where two persons are wanted; a retainer is paid in."""
    deal = Deal()
    deal.two_persons()
    deal.work("a")
    deal.work("b")
    deal.retainer("r")
    deal.by = drafted_by
    deal.create()
    return deal


def test_whoever_made_a_draft_does_not_confirm_it() -> None:
    """I-87: it says who made it, as whom one acts and what to do; nothing changes, and another person confirms it."""
    deal = world()
    before = deal.book
    refused = deal.confirm()

    assert deal.book == before
    assert (refused.happenings, refused.ledger) == ((), ())
    [refusal] = refused.refusals
    assert (refusal.id, refusal.reason) == (deal.invoice().id, "second-person-needed")
    assert refusal.message == (
        "PF-000001 was made or changed by ann, and you act as ann: let somebody else look at it and confirm it (invoicing.confirmed_by)"
    )
    deal.by = "bob"
    assert deal.confirm().refusals == ()
    assert deal.invoice().status is InvoiceStatus.CONFIRMED


CHANGES: dict[str, Callable[[Deal], object]] = {
    "edits": lambda deal: deal.edit("a", quantity="6"),
    "edits the words": lambda deal: deal.edit("a", description="March"),
    "adds": lambda deal: deal.add(by_hand("new", "10.00")),
    "removes": lambda deal: deal.remove("a"),
    "applies": lambda deal: deal.apply("r", "10.00"),
    "refreshes": lambda deal: (deal.work("c"), deal.refresh()),
    "adds rows of the backlog": lambda deal: (deal.work("c"), deal.create(to_existing=True)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whoever_changed_a_draft_does_not_confirm_it(change: Callable[[Deal], object]) -> None:
    """I-87: each kind of change counts, both persons are named, and a third one confirms."""
    deal = world()
    deal.by = "bob"
    change(deal)
    refused = deal.confirm()
    deal.by = "ann"

    assert "by ann, bob, and you act as bob" in refused.refusals[0].message
    assert reasons(deal.confirm()) == {deal.invoice().id: "second-person-needed"}
    deal.by = "cid"
    assert deal.confirm().refusals == ()


def test_a_change_that_changes_nothing_is_none() -> None:
    """I-87: a figure set to what it was, a refresh that finds nothing, and a refused edit are no hand in the draft."""
    deal = world()
    deal.by = "bob"
    deal.edit("a", quantity="8")
    deal.refresh()
    deal.edit("a", quantity="-1")

    assert deal.confirm().refusals == ()


def test_the_draft_of_the_schedule_is_nobodys() -> None:
    """I-79, I-87: anyone confirms it, also who started the run; whoever changed it since does not."""
    deal = Deal()
    deal.two_persons()
    deal.schedule("row", run=TODAY)
    for customer in ("acme", "bolt"):
        deal.work(f"of-{customer}", customer=customer, on=day("03-30"))
    deal.run(TODAY)
    deal.edit("of-acme", 0, quantity="6")

    assert [invoice.periodic for invoice in deal.book.invoices] == [True, True]
    assert reasons(deal.confirm(0, 1)) == {deal.invoice(0).id: "second-person-needed"}
    assert [invoice.status.value for invoice in deal.book.invoices] == ["draft", "confirmed"]


def test_a_correction_needs_another_person_than_its_own_maker() -> None:
    """I-87, I-95: who made the original may confirm its correction, who drafted the correction may not."""
    deal = world(drafted_by="ann")
    deal.by = "bob"
    deal.confirm()
    deal.correct()

    assert reasons(deal.confirm()) == {deal.invoice().id: "second-person-needed"}
    deal.by = "ann"
    assert deal.confirm().refusals == ()
    assert [invoice.status.value for invoice in deal.book.invoices] == ["corrected", "confirmed"]


def test_of_several_the_others_are_confirmed() -> None:
    """I-93: a draft of one's own is refused, that of somebody else is confirmed in the same act."""
    deal = world(drafted_by="ann")
    deal.by = "bob"
    deal.work("c", customer="bolt")
    deal.create()

    assert reasons(deal.confirm(0, 1)) == {deal.invoice(1).id: "second-person-needed"}
    assert [invoice.status.value for invoice in deal.book.invoices] == ["confirmed", "draft"]


def test_what_is_wrong_with_the_draft_is_told_first() -> None:
    """I-87, I-89: somebody else is asked only when the draft could be confirmed: what they mended they could not confirm either."""
    deal = world()
    deal.work("a", hours="9")

    assert reasons(deal.confirm()) == {deal.invoice().id: "source-changed"}


def test_a_book_without_makers_confirms_nothing() -> None:
    """I-87: a caller that did not read who made a draft fails, instead of letting everybody pass."""
    deal = world()
    deal.book = replace(deal.book, makers={})

    with pytest.raises(KeyError):
        confirm(deal.book, deal.clerk, invoice_ids=[deal.invoice().id], as_of=TODAY)


def test_usually_anyone_confirms() -> None:
    """I-87: without the policy the maker confirms."""
    deal = Deal()
    deal.milestone("m", status=READY)
    deal.create()

    assert deal.confirm().refusals == ()


@pytest.mark.parametrize(("name", "same"), [("Ann", True), (" ann ", True), ("ANN", True), ("anna", False), ("", False)])
def test_names_that_are_one_person(name: str, same: bool) -> None:
    """Case and outer blanks make nobody another person."""
    assert is_same_person(name, "ann") is same
