"""Confirming: the ledger rows of every kind of detail, refusals, and several invoices at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from invoicing_world import READY, TODAY, D, Deal, by_hand, day, invoice_id, reasons

from proforma.domain.codes import (
    BillingStatus,
    BillingType,
    InvoiceStatus,
    LedgerType,
    PushStatus,
    TransactionClass,
)
from proforma.domain.invoices import Confirmed
from proforma.domain.policies import InvoicingPolicy
from proforma.invoicing import confirm, confirm_one, reference

EDITS: dict[str, tuple[dict[str, str], list[str]]] = {
    "unedited": ({}, ["R U a -8 -1600.00", "B a 8 1600.00"]),
    "quantity 8 to 6": (
        {"quantity": "6"},
        [
            "R U a -8 -1600.00",
            "U a 6 1200.00",
            "U a 2 400.00 non-chargeable",
            "R U a -6 -1200.00",
            "R U a -2 -400.00 non-chargeable",
            "B a 6 1200.00",
            "B a 2 400.00 non-chargeable",
        ],
    ),
    "quantity 8 to 10": ({"quantity": "10"}, ["R U a -8 -1600.00", "U a 10 2000.00", "R U a -10 -2000.00", "B a 10 2000.00"]),
    "price 200 to 180": ({"price": "180"}, ["R U a -8 -1600.00", "U a 8 1440.00", "R U a -8 -1440.00", "B a 8 1440.00"]),
    "6 at 180": (
        {"quantity": "6", "price": "180"},
        [
            "R U a -8 -1600.00",
            "U a 6 1080.00",
            "U a 2 400.00 non-chargeable",
            "R U a -6 -1080.00",
            "R U a -2 -400.00 non-chargeable",
            "B a 6 1080.00",
            "B a 2 400.00 non-chargeable",
        ],
    ),
    "given away": (
        {"billing_type": "complimentary"},
        ["R U a -8 -1600.00", "U a 8 1600.00 complimentary", "R U a -8 -1600.00 complimentary", "B a 8 1600.00 complimentary"],
    ),
    "6 given away": (
        {"quantity": "6", "billing_type": "complimentary"},
        [
            "R U a -8 -1600.00",
            "U a 6 1200.00 complimentary",
            "U a 2 400.00 complimentary",
            "R U a -6 -1200.00 complimentary",
            "R U a -2 -400.00 complimentary",
            "B a 6 1200.00 complimentary",
            "B a 2 400.00 complimentary",
        ],
    ),
    "quantity 0": (
        {"quantity": "0"},
        ["R U a -8 -1600.00", "U a 8 1600.00 non-chargeable", "R U a -8 -1600.00 non-chargeable", "B a 8 1600.00 non-chargeable"],
    ),
    "new words only": ({"description": "March"}, ["R U a -8 -1600.00", "B a 8 1600.00"]),
}


@pytest.mark.parametrize(("changes", "rows"), EDITS.values(), ids=EDITS.keys())
def test_ledger_rows_of_work(changes: dict[str, str], rows: list[str]) -> None:
    """I-88: Bob's 8 h at 200, unedited and with every kind of edit; only an edited original becomes adjusted."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.edit("a", **changes)

    deal.confirm()

    assert deal.ledger() == rows
    assert (deal.row("a").status.value, deal.row("a").adjustment is not None) == ("invoice-posted", len(rows) > 2)


@pytest.mark.parametrize("type_", [BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY])
def test_ledger_rows_of_work_without_value(type_: BillingType) -> None:
    """I-26, I-88: posted like the rest."""
    deal = Deal()
    deal.work("a", billing_type=type_)
    deal.work("b", hours="1")
    deal.create()
    deal.confirm()

    assert deal.ledger()[:2] == [f"R U a -8 -1600.00 {type_.value}", f"B a 8 1600.00 {type_.value}"]


def test_ledger_rows_of_everything_else() -> None:
    """I-88: a credit row with its signs turned, work by hand on both kinds of lines, a milestone and a product."""
    deal = Deal()
    deal.work("credit", hours="-2", price="50.00", transaction_class=TransactionClass.EXPENSE)
    deal.milestone("m", "5000.00")
    deal.product("p", quantity="3", price="10.00")
    deal.create()
    deal.add(by_hand("tm", "125.00"))
    deal.add(by_hand("fp", "75.00", line="build"))
    deal.confirm()

    assert deal.ledger() == [
        "R U credit 2 100.00",
        "B credit -2 -100.00",
        "U tm 1 125.00",
        "R U tm -1 -125.00",
        "B tm 1 125.00",
        "B fp 1 75.00",
        "B m 1 5000.00",
        "B p 3 30.00",
    ]


def test_a_lowered_credit_row_keeps_its_signs() -> None:
    """I-88, I-114: −8 lowered to −6 leaves −2."""
    deal = Deal()
    deal.work("a", hours="-8")
    deal.create()
    deal.edit("a", quantity="-6")
    deal.confirm()

    assert deal.ledger()[1:3] == ["U a -6 -1200.00", "U a -2 -400.00 non-chargeable"]


def test_what_is_left_of_a_row_whose_amount_is_no_product() -> None:
    """I-88: of 100.00 for 3 h without an exact price, 2 h bill 66.67 and 33.33 are left, to the cent."""
    deal = Deal()
    deal.work("a", hours="3", price=None, amount="100.00")
    deal.create()
    deal.edit("a", quantity="2")
    deal.confirm()

    assert deal.ledger()[1:3] == ["U a 2 66.67", "U a 1 33.33 non-chargeable"]


def test_a_confirmed_invoice() -> None:
    """I-87, promise 4: a reference, a place in the queue, rows that name what made them; the accounting date is the day's (I-94)."""
    deal = Deal()
    deal.work("a")
    deal.create()
    draft = deal.invoice()
    changes = deal.confirm()

    invoice = deal.invoice()
    assert changes.happenings == ((invoice.id, Confirmed(reference=reference(draft), accounting_date=TODAY)),)
    assert (invoice.status, invoice.push, invoice.reference) == (InvoiceStatus.CONFIRMED, PushStatus.QUEUED, reference(draft))
    assert (invoice.total, invoice.lines) == (draft.total, draft.lines)
    reversal, billed = deal.book.ledger
    assert (reversal.type, reversal.billing_status, reversal.sequence) == (LedgerType.UNBILLED, BillingStatus.INVOICE_POSTED, 1)
    assert (billed.detail_id, billed.accounting_date, billed.day) == (next(invoice.details).id, TODAY, day("03-10"))
    assert (billed.contract_id, billed.contract_line_id, billed.customer_id, billed.currency) == ("deal", "work", "acme", "USD")


def test_an_accounting_date_may_be_entered() -> None:
    """I-94: it goes on the billed rows; transaction dates stay."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.confirm(accounting_date=date(2026, 2, 28))

    assert [(r.accounting_date, r.day) for r in deal.book.ledger] == [(None, day("03-10")), (date(2026, 2, 28), day("03-10"))]


def test_an_empty_draft_is_refused() -> None:
    """I-89: nothing is written and it stays a draft."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.remove("a")

    changes = deal.confirm()

    assert list(reasons(changes).values()) == ["empty"]
    assert (changes.happenings, changes.ledger, deal.invoice().status) == ((), (), InvoiceStatus.DRAFT)


def test_a_negative_total_is_allowed() -> None:
    """I-89: an invoice may be a credit."""
    deal = Deal()
    deal.work("a", hours="-1")
    deal.create()

    assert deal.confirm().refusals == ()
    assert deal.invoice().total == D(-200)


def test_each_invoice_is_confirmed_on_its_own() -> None:
    """I-93: refused ones stay drafts with their reason, the others proceed; naming one twice confirms it once."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.work("b", customer="bolt")
    deal.create()
    deal.remove("a", of=0)

    changes = deal.confirm(0, 1, 1)

    assert reasons(changes) == {deal.invoice(0).id: "empty"}
    assert [i.status.value for i in deal.book.invoices] == ["draft", "confirmed"]
    assert reasons(confirm(deal.book, deal.clerk, invoice_ids=[invoice_id("none")], as_of=TODAY)) == {"none": "unknown-invoice"}


def test_two_invoices_of_one_act_know_of_each_other() -> None:
    """I-69, I-93: the second application of a retainer begins where the first one ended."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="1")
    deal.create()
    deal.work("b", hours="2")
    deal.create()

    deal.confirm(0, 1)

    assert [r for place in (0, 1) for r in deal.ledger(place) if " r " in r] == [
        "R U r 1 1000.00",
        "B r 1 -200.00",
        "U r 1 -800.00",
        "R U r 1 800.00",
        "B r 1 -400.00",
        "U r 1 -400.00",
    ]


def test_too_many_at_once_are_all_refused() -> None:
    """I-93: the policy's limit."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.book = replace(deal.book, policy=InvoicingPolicy(bulk_confirm_max=1))
    ids = [deal.invoice().id, invoice_id("second")]

    assert set(reasons(confirm(deal.book, deal.clerk, invoice_ids=ids, as_of=TODAY)).values()) == {"too-many"}


def test_one_confirmation_by_itself() -> None:
    """I-89: what belongs into one transaction, for a caller who commits each invoice alone."""
    deal = Deal()
    deal.retainer("r", status=READY)
    deal.create()

    changes = confirm_one(deal.book, deal.clerk, invoice_id=deal.invoice().id, as_of=TODAY)

    assert [len(part) for part in (changes.happenings, changes.ledger, changes.refusals)] == [1, 2, 0]
