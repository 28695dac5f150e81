"""Correcting confirmed invoices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invoicing_world import NOT_READY, READY, D, Deal, by_hand, lines, reasons

from proforma.domain.codes import BillingType, InvoiceStatus, NteStatus, TransactionClass
from proforma.domain.ids import Guid, RoleId
from proforma.domain.invoices import Corrected


def billed() -> Deal:
    """A deal with 8 h at 200.00 on a confirmed invoice."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.confirm()
    return deal


def test_a_correction_begins_as_a_full_credit() -> None:
    """I-95, I-96: a new draft that names the original, every detail at quantity 0, previous amount as invoiced."""
    deal = billed()
    deal.correct()

    correction, original = deal.invoice(), deal.invoice(0)
    assert (correction.corrects, correction.status, correction.number) == (original.id, InvoiceStatus.DRAFT, "PF-000002")
    assert (correction.contract_id, correction.customer_id, correction.reference) == ("deal", "acme", None)
    detail = next(correction.details)
    assert (detail.quantity, detail.price, detail.amount) == (D(0), D("200.00"), D(0))
    assert (detail.previous_amount, detail.invoice_amount, correction.total) == (D(1600), D(-1600), D(-1600))
    assert (original.status, deal.statuses("a")) == (InvoiceStatus.CONFIRMED, ["invoice-posted"])


CORRECTIONS: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "to 0": ({}, "-1600.00", ["R B a -8 -1600.00", "U a 8 1600.00 not-ready"]),
    "to 6": (
        {"quantity": "6"},
        "-400.00",
        ["R B a -8 -1600.00", "U a 6 1200.00", "R U a -6 -1200.00", "B a 6 1200.00", "U a 2 400.00 not-ready"],
    ),
    "to 10": ({"quantity": "10"}, "400.00", ["R B a -8 -1600.00", "U a 10 2000.00", "R U a -10 -2000.00", "B a 10 2000.00"]),
    "8 at 180": (
        {"quantity": "8", "price": "180"},
        "-160.00",
        ["R B a -8 -1600.00", "U a 8 1440.00", "R U a -8 -1440.00", "B a 8 1440.00"],
    ),
    "6 at 180": (
        {"quantity": "6", "price": "180"},
        "-520.00",
        ["R B a -8 -1600.00", "U a 6 1080.00", "R U a -6 -1080.00", "B a 6 1080.00", "U a 2 400.00 not-ready"],
    ),
}


@pytest.mark.parametrize(("changes", "total", "rows"), CORRECTIONS.values(), ids=CORRECTIONS.keys())
def test_ledger_rows_of_corrected_work(changes: dict[str, str], total: str, rows: list[str]) -> None:
    """I-96, I-98: the invoice amounts, the rows; the old billed row is adjusted, the original invoice corrected."""
    deal = billed()
    deal.correct()
    deal.edit("a", **changes)
    assert deal.invoice().total == D(total)

    done = deal.confirm()

    assert deal.ledger() == rows
    assert [r.adjusted for r in deal.book.ledger if r.invoice_id == deal.invoice(0).id] == [False, True]
    assert done.happenings[1:] == ((deal.invoice(0).id, Corrected(by=deal.invoice().id)),)
    assert [i.status.value for i in deal.book.invoices] == ["corrected", "confirmed"]
    assert (deal.row("a").status.value, deal.row("a").adjustment) == ("invoice-posted", None)


@pytest.mark.parametrize("type_", [BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY])
def test_work_without_value_is_given_back_without_value(type_: BillingType) -> None:
    """I-98: the same rows, no money, and the billing type of the original."""
    deal = Deal()
    deal.work("a", billing_type=type_)
    deal.work("b", hours="1")
    deal.create()
    deal.confirm()
    deal.correct("a")
    deal.edit("a", quantity="6")
    assert deal.invoice().total == D(0)
    deal.confirm()

    assert deal.ledger()[0] == f"R B a -8 -1600.00 {type_.value}"
    assert deal.ledger()[-1] == f"U a 2 400.00 {type_.value} not-ready"


def test_what_is_given_back_is_backlog_of_its_own() -> None:
    """I-98: not ready, billable later under its ledger id, with the words of the original; billed again it is posted for good."""
    deal = Deal()
    record = deal.work("a")
    deal.book = replace(deal.book, actuals=[replace(record, description="March", external_description="Work", role_id=RoleId(Guid("dev")))])
    deal.create()
    deal.confirm()
    deal.correct()
    deal.confirm()
    given_back = deal.book.ledger[-1].id
    row = deal.row(given_back)
    assert row.description == "March"
    assert (row.status, row.quantity, row.amount, row.customer_id, row.contract_line_id) == (NOT_READY, D(8), D(1600), "acme", "work")
    assert row.day == deal.row("a").day

    assert deal.create().happenings == ()
    deal.mark(given_back)
    deal.create()
    assert lines(deal.invoice()) == [f"work time 1600.00: {given_back} 8 x 200.00 = 1600.00"]
    detail = next(deal.invoice().details)
    assert (detail.description, detail.external_description, detail.role_id) == ("March", "Work", "dev")
    deal.confirm()

    assert deal.ledger() == [f"R U {given_back} -8 -1600.00", f"B {given_back} 8 1600.00"]
    assert deal.book.ledger[-2].reverses == given_back
    assert deal.statuses(given_back) == ["invoice-posted"]


def test_what_is_given_back_of_a_recalled_entry_is_not_billed_again() -> None:
    """I-8: after the full credit the entry may be recalled in Dataverse; then its remainder leaves the backlog too."""
    deal = billed()
    deal.correct()
    deal.confirm()
    given_back = deal.book.ledger[-1].id
    deal.mark(given_back)
    deal.vanish("a")

    assert deal.row(given_back).adjustment is not None
    assert deal.create().happenings == ()


def test_limits_are_checked_for_what_is_given_back() -> None:
    """I-98: 1,600 back in the backlog of a line that by now allows 1,000; without limits none applies."""
    deal = billed()
    deal.line("work", nte_limit="1000.00")
    deal.correct()
    deal.confirm()
    assert deal.row(deal.book.ledger[-1].id).nte is NteStatus.FAILED

    deal = billed()
    deal.correct()
    deal.confirm()
    assert deal.row(deal.book.ledger[-1].id).nte is NteStatus.NOT_APPLICABLE


def test_a_raised_correction_is_checked_against_limits() -> None:
    """I-46: 1,600 invoiced of 1,800; correcting to 9 h fits, to 10 h does not."""
    deal = billed()
    deal.line("work", nte_limit="1800.00")
    deal.correct()
    deal.edit("a", quantity="10")
    assert list(reasons(deal.confirm()).values()) == ["nte-exceeded"]

    deal.edit("a", quantity="9")
    assert deal.confirm().refusals == ()


def test_a_fee_gives_nothing_back_when_credited_in_part() -> None:
    """I-98: in full it comes back as unbilled sales, in part it does not."""
    deal = Deal()
    deal.work("fee", transaction_class=TransactionClass.FEE, hours="4", price="100.00")
    deal.create()
    deal.confirm()
    deal.correct()
    deal.edit("fee", quantity="1")
    deal.confirm()

    assert deal.ledger() == ["R B fee -4 -400.00", "U fee 1 100.00", "R U fee -1 -100.00", "B fee 1 100.00"]


def test_a_credited_milestone_is_ready_again() -> None:
    """I-58, I-98: ready, not not-ready, and the next creation bills it again."""
    deal = Deal()
    deal.milestone("m", status=NOT_READY)
    deal.mark("m")
    deal.create()
    deal.confirm()
    deal.correct()
    assert deal.statuses("m") == ["invoice-posted"]
    deal.confirm()

    assert deal.ledger() == ["R B m -1 -5000.00"]
    assert deal.statuses("m") == ["ready"]
    deal.create()
    assert lines(deal.invoice()) == ["build milestone 5000.00: m 1 x 5000.00 = 5000.00"]


def test_a_credited_share_leaves_the_other_share_posted() -> None:
    """I-61, I-98: only the customer who got the credit is billed again."""
    deal = Deal()
    deal.split("build", acme="60", bolt="40", rounding="acme")
    deal.milestone("m", "1000.00")
    deal.create()
    deal.confirm(0, 1)
    deal.correct(of=1)
    deal.confirm()
    assert deal.statuses("m") == ["ready"]

    deal.create()

    assert (deal.invoice().customer_id, deal.invoice().total, len(deal.book.invoices)) == ("bolt", D(400), 4)


def test_details_by_hand_are_given_back_on_time_and_material_only() -> None:
    """I-83, I-98: like any work; on a fixed-price line they were never unbilled."""
    deal = Deal()
    deal.work("a", hours="1")
    deal.create()
    deal.add(by_hand("tm", "100.00", transaction_class=TransactionClass.TIME, quantity="4"))
    deal.add(by_hand("fp", "50.00", line="build"))
    deal.confirm()
    deal.correct("tm", "fp")
    deal.edit("tm", quantity="1")
    deal.confirm()

    assert deal.ledger() == [
        "R B tm -4 -400.00",
        "U tm 1 100.00",
        "R U tm -1 -100.00",
        "B tm 1 100.00",
        "U tm 3 300.00 not-ready",
        "R B fp -1 -50.00",
    ]


def test_only_chosen_details_and_the_rest_later() -> None:
    """I-95, I-100: a first correction leaves the others correctable; what it replaced is corrected there."""
    deal = Deal()
    deal.work("a")
    deal.work("b", hours="1")
    deal.create()
    deal.confirm()
    deal.correct("a")
    deal.edit("a", quantity="6")
    deal.confirm()

    assert reasons(deal.correct("a", "c", of=0)) == {"a": "nothing-to-correct", "c": "nothing-to-correct"}
    deal.correct(of=0)
    assert [d.source for d in deal.invoice().details] == ["b"]
    deal.confirm()
    assert list(reasons(deal.correct(of=0)).values()) == ["nothing-to-correct"]


def test_a_correction_can_be_corrected() -> None:
    """I-100: previous is what the correction billed: 6 h, 1,200; 400 that came back before stays in the backlog."""
    deal = billed()
    deal.correct()
    deal.edit("a", quantity="6")
    deal.confirm()

    deal.correct()
    detail = next(deal.invoice().details)
    assert (detail.previous_amount, deal.invoice().total) == (D(1200), D(-1200))
    deal.confirm()

    assert deal.ledger() == ["R B a -6 -1200.00", "U a 6 1200.00 not-ready"]
    assert [i.status.value for i in deal.book.invoices] == ["corrected", "corrected", "confirmed"]


def test_one_open_correction_for_each_detail() -> None:
    """I-100: until it is confirmed or deleted."""
    deal = Deal()
    deal.work("a")
    deal.work("b")
    deal.create()
    deal.confirm()
    deal.correct("a")

    assert reasons(deal.correct(of=0)) == {"a": "correction-open"}
    assert [[d.source for d in i.details] for i in deal.book.invoices] == [["a", "b"], ["a"], ["b"]]
    deal.delete(of=1)
    assert deal.correct("a", of=0).refusals == ()


def test_what_cannot_be_corrected_is_refused_and_the_rest_goes_on() -> None:
    """I-97: product lines; a draft has nothing to correct yet."""
    deal = Deal()
    deal.work("a")
    deal.product("p")
    deal.create()
    assert list(reasons(deal.correct()).values()) == ["not-confirmed"]
    deal.confirm()

    assert reasons(deal.correct()) == {"p": "product-not-correctable"}
    assert [d.source for d in deal.invoice().details] == ["a"]


@pytest.mark.parametrize(
    ("source", "changes", "reason"),
    [
        ("a", {"billing_type": "complimentary"}, "not-editable"),
        ("a", {"description": "x"}, "not-editable"),
        ("a", {"quantity": "-1"}, "negative-quantity"),
        ("m", {"quantity": "0.5"}, "milestone-full-credit-only"),
        ("m", {"price": "1"}, "milestone-full-credit-only"),
        ("m", {"billing_type": "complimentary"}, "not-editable"),
        ("r", {"quantity": "1"}, "not-editable"),
    ],
)
def test_what_a_correction_does_not_let_edit(source: str, changes: dict[str, str], reason: str) -> None:
    """I-97: quantity, price and tax of work; a milestone is credited in full or taken off the correction."""
    deal = Deal()
    deal.work("a")
    deal.milestone("m")
    deal.retainer("r", status=READY)
    deal.create()
    deal.confirm()
    deal.correct()

    assert reasons(deal.edit(source, **changes)) == {source: reason}
    assert deal.edit("a", quantity="3", price="10", tax="1").refusals == ()
    assert deal.remove("m").refusals == ()


def test_a_correction_that_changes_nothing_is_refused() -> None:
    """I-89: with the invoiced quantity everywhere; one changed detail is enough, and unchanged ones leave no rows (I-98)."""
    deal = Deal()
    deal.work("a", amount="1600.01")
    deal.work("b")
    deal.create()
    deal.confirm()
    deal.correct()
    deal.edit("a", quantity="8")
    deal.edit("b", quantity="8")
    assert (deal.invoice().total, list(reasons(deal.confirm()).values())) == (D(0), ["nothing-to-correct"])

    deal.edit("b", quantity="7")
    deal.confirm()

    assert deal.ledger()[0] == "R B b -8 -1600.00"
    assert not [row for row in deal.ledger() if " a " in row]
    deal.correct(of=0)
    assert [d.source for d in deal.invoice().details] == ["a"]


def test_an_unused_retainer_is_credited_and_ready_again() -> None:
    """I-99: both of its rows are reversed, nothing is available; billed again it is available again."""
    deal = Deal()
    deal.retainer("r", status=READY)
    deal.create()
    deal.confirm()
    deal.correct()
    deal.confirm()

    assert deal.ledger() == ["R B r 1 -1000.00", "R U r 1 1000.00"]
    assert (deal.statuses("r"), deal.balance("r")) == (["ready"], "used 0.00 available 0.00")
    deal.create()
    deal.confirm()
    assert deal.balance("r") == "used 0.00 available 1000.00"


def test_a_used_retainer_is_not_credited() -> None:
    """I-99: neither while a draft reserves it nor after that draft was confirmed; its application comes first."""
    deal = Deal()
    deal.retainer("r", status=READY)
    deal.create()
    deal.confirm()
    deal.work("a", hours="1.5")
    deal.create()
    assert reasons(deal.correct(of=0)) == {"r": "retainer-used"}
    deal.confirm()
    assert reasons(deal.correct(of=0)) == {"r": "retainer-used"}

    deal.correct(of=1)
    deal.confirm()

    assert [row for row in deal.ledger() if " r " in row] == ["R B r 1 300.00", "R U r 1 700.00", "U r 1 -1000.00"]
    assert deal.balance("r") == "used 0.00 available 1000.00"
    assert deal.correct(of=0).refusals == ()


def test_a_retainer_used_after_its_correction_was_started() -> None:
    """I-99: asked again when the correction is confirmed."""
    deal = Deal()
    deal.retainer("r", status=READY)
    deal.create()
    deal.confirm()
    deal.correct()
    deal.work("a", hours="1")
    deal.create()
    deal.confirm()

    assert list(reasons(deal.confirm(1)).values()) == ["retainer-used"]


def test_a_spent_retainer_gets_its_amount_back() -> None:
    """I-99: with nothing left open there is nothing to reverse, only a new open balance."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a")
    deal.create()
    deal.confirm()
    deal.correct("r")
    assert deal.invoice().total == D(1000)
    deal.confirm()

    assert deal.ledger() == ["R B r 1 1000.00", "U r 1 -1000.00"]
    assert deal.balance("r") == "used 0.00 available 1000.00"


def test_a_detail_that_was_billed_at_quantity_0_is_credited_as_it_was_billed() -> None:
    """I-88, I-98: it was billed as 8 non-chargeable hours; crediting gives those back."""
    deal = Deal()
    deal.work("a")
    deal.work("b", hours="1")
    deal.create()
    deal.edit("a", quantity="0")
    deal.confirm()
    deal.correct("a")
    deal.confirm()

    assert deal.ledger() == ["R B a -8 -1600.00 non-chargeable", "U a 8 1600.00 non-chargeable not-ready"]


def test_tax_of_a_correction_begins_at_0() -> None:
    """I-96: the right tax is entered, not the credit; where none was typed there is none."""
    deal = Deal()
    deal.milestone("m", tax="1250.00")
    deal.work("a")
    deal.create()
    deal.confirm()
    deal.correct()

    assert {d.source: d.tax for d in deal.invoice().details} == {"a": None, "m": D(0)}


def test_a_deleted_correction_leaves_the_original_alone() -> None:
    """I-101: as if nobody had begun it."""
    deal = billed()
    before = deal.invoice(0)
    deal.correct()
    deal.delete()

    assert deal.invoice(0) == before
    assert deal.statuses("a") == ["invoice-posted"]


def test_fields_of_the_original_that_a_correction_keeps() -> None:
    """I-12, I-95: each detail names the detail that it corrects and the same source."""
    deal = billed()
    deal.correct()

    detail, corrected = next(deal.invoice().details), next(deal.invoice(0).details)
    assert (detail.corrects_detail, detail.source, detail.day, detail.description) == (
        corrected.id, corrected.source, corrected.day, corrected.description,
    )  # fmt: skip
