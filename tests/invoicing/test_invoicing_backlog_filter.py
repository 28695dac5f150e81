"""Asking for a part of the backlog, and what it comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invoicing_world import NOT_READY, D, Deal, day

from proforma.domain.codes import BillingStatus, TransactionClass
from proforma.domain.ids import ContractId, CurrencyId, CustomerId, Guid, ProjectId
from proforma.invoicing import EVERY_ROW, BacklogFilter, BacklogTotals, CurrencyTotal, backlog


def customers(*names: str) -> frozenset[CustomerId]:
    """Ids of customers."""
    return frozenset(CustomerId(Guid(name)) for name in names)


def projects(*names: str) -> frozenset[ProjectId]:
    """Ids of projects."""
    return frozenset(ProjectId(Guid(name)) for name in names)


def one_of_each() -> Deal:
    """A row of each kind; only `trip` names a project of its own, and the line "work" is of the project "tower"."""
    deal = Deal()
    lines = [replace(line, project_id=ProjectId(Guid("tower"))) if line.id == "work" else line for line in deal.book.lines]
    deal.book = replace(deal.book, lines=tuple(lines))
    deal.work("hours", on=day("02-28"))
    deal.work("more-hours", on=day("03-01"), status=NOT_READY)
    deal.work("trip", on=day("03-31"), transaction_class=TransactionClass.EXPENSE, customer="blue")
    deal.work("late-fee", on=day("04-01"), transaction_class=TransactionClass.FEE)
    deal.work("cement", on=None, transaction_class=TransactionClass.MATERIAL)
    trip = next(actual for actual in deal.book.actuals if actual.id == "trip")
    others = [actual for actual in deal.book.actuals if actual.id != "trip"]
    deal.book = replace(deal.book, actuals=(*others, replace(trip, project_id=ProjectId(Guid("bridge")))))
    deal.milestone("design", on=day("03-15"))
    deal.product("box")
    deal.retainer("advance", on=day("01-15"))
    return deal


EVERYTHING = {"hours", "more-hours", "trip", "late-fee", "cement", "design", "box", "advance"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EVERY_ROW, EVERYTHING),
        (BacklogFilter(contracts=frozenset({ContractId(Guid("deal"))})), EVERYTHING),
        (BacklogFilter(contracts=frozenset({ContractId(Guid("another"))})), set()),
        (BacklogFilter(customers=customers("blue")), {"trip"}),
        (BacklogFilter(customers=customers("blue", "acme")), EVERYTHING),
        (BacklogFilter(projects=projects("tower")), {"hours", "more-hours", "late-fee", "cement"}),
        (BacklogFilter(projects=projects("bridge")), {"trip"}),
        (BacklogFilter(classes=frozenset({TransactionClass.TIME})), {"hours", "more-hours"}),
        (BacklogFilter(classes=frozenset({TransactionClass.EXPENSE, TransactionClass.FEE})), {"trip", "late-fee"}),
        (BacklogFilter(classes=frozenset({TransactionClass.MATERIAL})), {"cement"}),
        (BacklogFilter(classes=frozenset({TransactionClass.MILESTONE})), {"design"}),
        (BacklogFilter(classes=frozenset({TransactionClass.PRODUCT})), {"box"}),
        (BacklogFilter(classes=frozenset({TransactionClass.RETAINER})), {"advance"}),
        (BacklogFilter(statuses=frozenset({BillingStatus.NOT_READY})), {"more-hours"}),
        (BacklogFilter(statuses=frozenset({BillingStatus.NOT_READY, BillingStatus.INVOICE_POSTED})), {"more-hours", "advance"}),
        (BacklogFilter(first=day("03-01")), {"more-hours", "design", "trip", "late-fee"}),
        (BacklogFilter(last=day("03-31")), {"advance", "hours", "more-hours", "design", "trip"}),
        (BacklogFilter(first=day("03-01"), last=day("03-31")), {"more-hours", "design", "trip"}),
        (BacklogFilter(first=day("03-31"), last=day("03-31")), {"trip"}),
        (BacklogFilter(classes=frozenset({TransactionClass.TIME}), first=day("03-01"), projects=projects("tower")), {"more-hours"}),
        (BacklogFilter(classes=frozenset({TransactionClass.TIME}), customers=customers("blue")), set()),
    ],
)
def test_a_row_is_found_when_it_fits_every_part(wanted: BacklogFilter, found: set[str]) -> None:
    """I-50: parts together, the values of a part apart; both days belong; no date is no day; a project also by the contract line."""
    assert {row.source for row in backlog(one_of_each().book, wanted)} == found


def test_what_left_the_backlog_is_found_when_it_is_asked_for() -> None:
    """I-51: a filter narrows the backlog and the whole alike; it brings nothing into the backlog that is not there."""
    deal = Deal()
    deal.work("open")
    deal.work("billed", status=BillingStatus.INVOICE_POSTED)
    posted = BacklogFilter(statuses=frozenset({BillingStatus.INVOICE_POSTED}))

    assert backlog(deal.book, posted) == ()
    assert [row.source for row in backlog(deal.book, posted, include_all=True)] == ["billed"]


def test_a_customer_is_shown_its_share_of_a_milestone() -> None:
    """I-61: 60 % and 40 % of 5,000.00 are 3,000.00 and 2,000.00; a share stands where its own customer's invoice stands."""
    deal = Deal()
    deal.split("build", acme="60", blue="40")
    deal.milestone("design")
    deal.create()
    deal.confirm(0)

    def shown(*names: str) -> list[tuple[str, str, str | None]]:
        rows = backlog(deal.book, BacklogFilter(customers=customers(*names)), include_all=True)
        return [(str(row.amount), row.status.value, row.customer_id) for row in rows]

    assert deal.book.invoices[0].customer_id == "acme"
    assert shown("acme") == [("3000.00", "invoice-posted", "acme")]
    assert shown("blue") == [("2000.00", "invoice-created", "blue")]
    assert shown("acme", "blue") == shown() == [("5000.00", "invoice-created", None)]
    assert backlog(deal.book, BacklogFilter(customers=customers("acme"))) == ()


def test_totals_are_of_the_rows_that_passed_by_currency() -> None:
    """Counts and sums of all rows and of the ready ones; a row without an amount counts and adds nothing; nothing is converted (I-56)."""
    deal = Deal()
    rate = deal.book.currencies[deal.currency]
    euro = CurrencyId(Guid("EUR"))
    deal.book = replace(deal.book, currencies={**deal.book.currencies, euro: replace(rate, id=euro, code="EUR")})
    deal.work("a", hours="1", price="0.10")
    deal.work("b", hours="1", price="0.20")
    deal.work("c", hours="2", status=NOT_READY)
    deal.work("d", price=None, amount=None)
    deal.work("e", hours="1", price="70.00", currency="EUR")
    totals = BacklogTotals()

    assert totals.by_currency() == []
    assert len(list(totals.counting(backlog(deal.book)))) == 5
    assert totals.by_currency() == [
        ("EUR", CurrencyTotal(rows=1, amount=D("70.00"), ready_rows=1, ready_amount=D("70.00"))),
        # 0.10 + 0.20 + 2 × 200.00
        ("USD", CurrencyTotal(rows=4, amount=D("400.30"), ready_rows=3, ready_amount=D("0.30"), unpriced=1)),
    ]
