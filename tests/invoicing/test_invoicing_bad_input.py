"""What nobody should ask for, asked at a desk over a real store: each has its reason of I, section 23, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from invoicing_world import READY, TODAY, Deal, by_hand

from desk import DEAL, Office
from proforma.domain.ids import ContractId, CurrencyId, Guid, RetainerId, SourceId
from proforma.domain.masters import CurrencyRecord
from proforma.sync.draft import Answer, BillingDesk

GHOST = SourceId(Guid("ghost"))
WORK = SourceId(Guid("work 1"))
DONE = "PF-000001"
DRAFT = "PF-000002"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A confirmed invoice, a draft with "work 1" of 8 hours, and a retainer that somebody else has paid in."""
    deal = Deal()
    deal.work("done")
    opened = Office(tmp_path)
    opened.pull(deal.book)
    opened.desk.create([DEAL], as_of=TODAY)
    opened.desk.confirm([DONE], as_of=TODAY)
    deal.work("work 1")
    deal.retainer("of bolt", customer="bolt")
    opened.pull(deal.book)
    opened.desk.create([DEAL], as_of=TODAY)
    yield opened
    opened.store.close()


ACTS: dict[str, tuple[Callable[[BillingDesk], Answer], str]] = {
    "edit an invoice that is not there": (lambda d: d.edit("PF-000999", source=WORK, changes={"quantity": "1"}), "unknown-invoice"),
    "confirm an invoice that is not there": (lambda d: d.confirm(["PF-000999"], as_of=TODAY), "unknown-invoice"),
    "delete an invoice that is not there": (lambda d: d.delete(["PF-000999"]), "unknown-invoice"),
    "correct an invoice that is not there": (lambda d: d.correct("PF-000999", as_of=TODAY), "unknown-invoice"),
    "refresh an invoice that is not there": (lambda d: d.refresh("PF-000999", as_of=TODAY), "unknown-invoice"),
    "edit a row that it does not hold": (lambda d: d.edit(DRAFT, source=GHOST, changes={"quantity": "1"}), "not-editable"),
    "remove a row that it does not hold": (lambda d: d.remove(DRAFT, source=GHOST), "not-editable"),
    "mark a row that is not there": (lambda d: d.mark([GHOST], ready=True), "unknown-source"),
    "check the limits of a row that is not there": (lambda d: d.evaluate_nte([GHOST]), "unknown-source"),
    "bill a contract that is not there": (lambda d: d.create([ContractId(Guid("ghost"))], as_of=TODAY), "contract-not-active"),
    "apply a retainer that is not there": (lambda d: _apply(d, "ghost", "1"), "over-available"),
    "apply a retainer of another customer": (lambda d: _apply(d, "of bolt", "1"), "over-available"),
    "pay back a retainer that is not there": (lambda d: d.refund([GHOST], wanted=True), "unknown-source"),
    "edit a confirmed invoice": (lambda d: d.edit(DONE, source=SourceId(Guid("done")), changes={"quantity": "1"}), "confirmed"),
    "remove from a confirmed invoice": (lambda d: d.remove(DONE, source=SourceId(Guid("done"))), "confirmed"),
    "add to a confirmed invoice": (lambda d: d.add(DONE, detail=by_hand("fee", "10")), "confirmed"),
    "confirm a confirmed invoice": (lambda d: d.confirm([DONE], as_of=TODAY), "confirmed"),
    "delete a confirmed invoice": (lambda d: d.delete([DONE]), "confirmed"),
    "correct a draft": (lambda d: d.correct(DRAFT, as_of=TODAY), "not-confirmed"),
    "mark what is on a draft": (lambda d: d.mark([WORK], ready=False), "on-draft"),
    "mark what is invoiced": (lambda d: d.mark([SourceId(Guid("done"))], ready=True), "invoiced"),
    "edit to a negative quantity": (lambda d: d.edit(DRAFT, source=WORK, changes={"quantity": "-1"}), "negative-quantity"),
    "add a negative quantity": (lambda d: d.add(DRAFT, detail=by_hand("fee", "10", quantity="-1")), "negative-quantity"),
    "edit to what is no number": (lambda d: d.edit(DRAFT, source=WORK, changes={"price": "NaN"}), "not-editable"),
    "edit to a number that no column holds": (lambda d: d.edit(DRAFT, source=WORK, changes={"quantity": "1e400"}), "not-editable"),
    "edit to more decimals than there are": (lambda d: d.edit(DRAFT, source=WORK, changes={"price": "1e-11"}), "not-editable"),
    "add a number that no column holds": (lambda d: d.add(DRAFT, detail=by_hand("fee", "1e15")), "not-editable"),
    "select a row that is not there": (lambda d: d.create([DEAL], as_of=TODAY, only=[GHOST]), "unknown-source"),
    "edit a column that is none": (lambda d: d.edit(DRAFT, source=WORK, changes={"amount": "1"}), "not-editable"),
    "confirm too many at once": (lambda d: d.confirm([DRAFT] * 251, as_of=TODAY), "too-many"),
}  # fmt: skip


def _apply(desk: BillingDesk, retainer: str, amount: str) -> Answer:
    return desk.apply_retainer(DRAFT, retainer=RetainerId(Guid(retainer)), amount=Decimal(amount))


@pytest.mark.parametrize(("act", "reason"), ACTS.values(), ids=ACTS.keys())
def test_what_is_refused_changes_nothing(office: Office, act: Callable[[BillingDesk], Answer], reason: str) -> None:
    """The reason is told for each row or invoice that was named; invoices, events, ledger and marks are as before (I-81, I-89, I-102)."""
    before = office.state()

    answer = act(office.desk)

    assert {refusal.reason for refusal in answer.changes.refusals} == {reason}
    assert answer.invoices == ()
    assert office.state() == before
    assert office.wrong() == []


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda d: d.edit(DRAFT, source=WORK, changes={"quantity": "1"}), "confirmed"),
        (lambda d: d.refresh(DRAFT, as_of=TODAY), "confirmed"),
        (lambda d: d.delete([DRAFT]), "confirmed"),
        (lambda d: d.confirm([DRAFT], as_of=TODAY), "confirmed"),
        (lambda d: _apply(d, "of bolt", "1"), "confirmed"),
        (lambda d: d.correct(DRAFT, as_of=TODAY), "not-confirmed"),
    ],
    ids=["edit", "refresh", "delete", "confirm", "apply", "correct"],
)
def test_a_deleted_draft_is_no_draft_any_more(office: Office, act: Callable[[BillingDesk], Answer], reason: str) -> None:
    """It is known, and told to be no draft; nothing changes it again (I-95, I-101, I-102)."""
    office.desk.delete([DRAFT])
    before = office.state()

    assert {refusal.reason for refusal in act(office.desk).changes.refusals} == {reason}
    assert office.state() == before


def test_of_many_edits_the_refused_ones_stay_and_the_rest_proceeds(office: Office) -> None:
    """One event tells of all that was changed, and of nothing else; refused rows are told one by one (I-81)."""
    edits = {WORK: {"quantity": "6"}, GHOST: {"quantity": "6"}, SourceId(Guid("done")): {"price": "1"}}

    answer = office.desk.edit_many(DRAFT, edits)

    assert {refusal.id: refusal.reason for refusal in answer.changes.refusals} == {"ghost": "not-editable", "done": "not-editable"}
    assert [invoice.total for invoice in answer.invoices] == [Decimal("1200.00")]  # 6 h × 200.00
    assert office.invoices()[1] == answer.invoices[0]
    assert office.wrong() == []


def _retainer_in_euro(deal: Deal) -> None:
    deal.retainer("odd", status=READY)
    euro = CurrencyId(Guid("EUR"))
    retainer = replace(deal.book.retainers[-1], currency_id=euro)
    deal.book = replace(
        deal.book, retainers=(retainer,), currencies={**deal.book.currencies, euro: CurrencyRecord(id=euro, code="EUR", precision=2)}
    )


def _without_customer(deal: Deal) -> None:
    deal.book = replace(deal.book, contracts=tuple(replace(contract, customer_id=None) for contract in deal.book.contracts))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda deal: deal.work("odd", customer=None), "no-customer", id="work of nobody"),
        pytest.param(_without_customer, "no-customer", id="a milestone without any customer"),
        pytest.param(lambda deal: deal.split("build", acme="66.66", bolt="33.33"), "split-not-100", id="shares of 99.99 per cent"),
        pytest.param(lambda deal: deal.work("odd", currency="EUR"), "currency-mismatch", id="work in another currency"),
        pytest.param(_retainer_in_euro, "currency-mismatch", id="a retainer in another currency"),
    ],
)
def test_what_is_set_up_wrongly_is_passed_over_and_told(tmp_path: Path, spoil: Callable[[Deal], object], reason: str) -> None:
    """The row is on no invoice, a person is told why, and the books hold (I-31, I-33, I-56)."""
    deal = Deal()
    deal.milestone("mile")
    spoil(deal)
    office = Office(tmp_path)
    office.pull(deal.book)

    answer = office.desk.create([DEAL], as_of=TODAY)

    told = {row.source for row in answer.changes.passed_over if row.reason == reason}
    assert len(told) == 1
    assert not told & {detail.source for invoice in office.invoices() for detail in invoice.details}
    assert office.wrong() == []
    office.store.close()
