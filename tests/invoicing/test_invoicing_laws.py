"""What holds for every deal, whatever is worked, edited, confirmed and corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from invoicing_world import READY, D, Deal, customer_id, day, lines

from proforma.domain.codes import BillingStatus, BillingType, InvoiceStatus, LedgerType, TransactionClass
from proforma.domain.money import total
from proforma.invoicing import backlog
from proforma.invoicing.accounts import unproven
from proforma.invoicing.splitting import Payer, split_among


class Work(NamedTuple):
    """A row of work, the quantity that an editor leaves on it, and the one that a correction leaves."""

    hours: Decimal
    price: Decimal
    type: BillingType
    edited: Decimal | None
    corrected: Decimal | None


HOURS = st.decimals(min_value="0.01", max_value="40", places=2)
WORK = st.builds(
    Work,
    hours=HOURS,
    price=st.decimals(min_value="0.001", max_value="500", places=3),
    type=st.sampled_from([BillingType.CHARGEABLE, BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY]),
    edited=st.none() | HOURS | st.just(D(0)),
    corrected=st.none() | HOURS | st.just(D(0)),
)
WORKS = st.lists(WORK, min_size=1, max_size=4)
AMOUNT = st.decimals(min_value="0.01", max_value="3000", places=2)


def deal_of(works: Sequence[Work], *, retainers: Sequence[Decimal] = ()) -> Deal:
    """A deal with this work, always with something chargeable in it."""
    deal = Deal()
    deal.work("anchor", hours="1", price="1.00")
    for n, work in enumerate(works):
        deal.work(f"w{n}", hours=str(work.hours), price=str(work.price), billing_type=work.type)
    for n, amount in enumerate(retainers):
        deal.retainer(f"r{n}", str(amount), status=READY, on=day(f"01-{n + 1:02}"))
    return deal


def edit_all(deal: Deal, works: Sequence[Work]) -> None:
    """The editor goes through the newest draft."""
    for n, work in enumerate(works):
        if work.edited is not None:
            deal.edit(f"w{n}", quantity=str(work.edited))


def correct_all(deal: Deal, works: Sequence[Work]) -> None:
    """A correction of the newest invoice: everything is credited but for what is given another quantity."""
    deal.correct()
    for n, work in enumerate(works):
        if work.corrected is not None:
            deal.edit(f"w{n}", quantity=str(work.corrected))
    deal.confirm()


def unbilled(deal: Deal) -> Decimal:
    """Sum of all unbilled sales: the mirror's and ours, retainers aside."""
    ours = (r.amount for r in deal.book.ledger if r.type is LedgerType.UNBILLED and r.transaction_class is not TransactionClass.RETAINER)
    return total((*(a.amount or D(0) for a in deal.book.actuals), *ours))


def billed(deal: Deal) -> Decimal:
    """Sum of all billed sales, retainers aside."""
    rows = (r for r in deal.book.ledger if r.type is LedgerType.BILLED and r.transaction_class is not TransactionClass.RETAINER)
    return total(r.amount for r in rows)


def waiting(deal: Deal) -> Decimal:
    """Sum of the work that is still to be billed."""
    open_ = (BillingStatus.NOT_READY, BillingStatus.READY, BillingStatus.INVOICE_CREATED)
    rows = (r for r in backlog(deal.book) if r.status in open_ and r.transaction_class is TransactionClass.TIME)
    return total(r.amount or D(0) for r in rows)


@given(
    amount=st.decimals(min_value="-100000", max_value="100000", places=3),
    percents=st.lists(st.integers(min_value=0, max_value=10000), min_size=1, max_size=5),
    precision=st.integers(min_value=0, max_value=3),
    flagged=st.integers(min_value=0, max_value=4),
)
def test_a_split_adds_up(amount: Decimal, percents: list[int], precision: int, flagged: int) -> None:
    """I-34: the shares of any percentages total the amount to the cent, and whoever pays 0 % gets nothing."""
    payers = [Payer(customer_id=customer_id(f"c{n}"), percent=D(p) / 100, is_rounding=n == flagged) for n, p in enumerate(percents)]
    split = split_among(payers, primary=None)

    shares = {} if split is None else split.of(amount, precision=precision)

    assert set(shares) == {p.customer_id for p in payers if p.percent > 0}
    assert not shares or total(shares.values()) == amount


@settings(max_examples=40, deadline=None)
@given(works=WORKS, retainers=st.lists(AMOUNT, max_size=2))
def test_create_delete_create_gives_the_same_draft(works: list[Work], retainers: list[Decimal]) -> None:
    """I-101, I-54: a deleted draft leaves nothing behind, and creating twice adds nothing."""
    deal = deal_of(works, retainers=retainers)
    deal.create()
    first = lines(deal.invoice())
    assert deal.create().happenings == ()

    edit_all(deal, works)
    deal.delete()
    deal.create()

    assert lines(deal.invoice()) == first


@settings(max_examples=40, deadline=None)
@given(works=WORKS)
def test_unedited_work_keeps_its_sum(works: list[Work]) -> None:
    """I-10: unbilled plus billed is what was worked, after confirming, crediting and billing again."""
    deal = deal_of(works)
    worked = unbilled(deal)
    for _ in range(2):
        deal.create()
        deal.confirm()
        assert (unbilled(deal), billed(deal)) == (D(0), worked)
        deal.correct()
        deal.confirm()
        assert (unbilled(deal), billed(deal)) == (worked, D(0))
        deal.mark(*(r.source for r in backlog(deal.book)))


@settings(max_examples=60, deadline=None)
@given(works=WORKS, retainers=st.lists(AMOUNT, max_size=3))
def test_books_agree_whatever_is_edited_and_corrected(works: list[Work], retainers: list[Decimal]) -> None:
    """I-10: unbilled sales are what waits, and the chargeable billed rows are the totals of the confirmed invoices."""
    deal = deal_of([], retainers=retainers)
    deal.create()
    deal.confirm()
    for n, work in enumerate(works):
        deal.work(f"w{n}", hours=str(work.hours), price=str(work.price), billing_type=work.type)
    deal.work("second", hours="2", price="7.77")
    deal.create()
    edit_all(deal, works)
    deal.confirm()
    correct_all(deal, works)

    assert unbilled(deal) == waiting(deal)
    chargeable = (r.amount for r in deal.book.ledger if r.type is LedgerType.BILLED and r.billing_type is BillingType.CHARGEABLE)
    confirmed = (i for i in deal.book.invoices if i.status in (InvoiceStatus.CONFIRMED, InvoiceStatus.CORRECTED))
    assert total(chargeable) == total(i.total for i in confirmed)
    sequences = [r.sequence for r in deal.book.ledger if r.invoice_id == deal.invoice().id]
    assert sequences == list(range(1, len(sequences) + 1))
    assert list(unproven(deal.book)) == []


@settings(max_examples=40, deadline=None)
@given(paid=st.lists(AMOUNT, min_size=1, max_size=3), works=st.lists(WORKS, min_size=1, max_size=3), delete=st.booleans())
def test_no_retainer_is_used_beyond_what_was_paid(paid: list[Decimal], works: list[list[Work]], delete: bool) -> None:
    """I-64, I-67, I-69: used + available = paid, no invoice applies more than its work, and what is open is minus what is available."""
    deal = deal_of([], retainers=paid)
    deal.create()
    deal.confirm()
    for round_, several in enumerate(works):
        for n, work in enumerate(several):
            deal.work(f"w{round_}-{n}", hours=str(work.hours), price=str(work.price), billing_type=work.type)
        deal.create()
    if delete:
        deal.delete()
    drafts = [place for place, i in enumerate(deal.book.invoices) if i.status is InvoiceStatus.DRAFT]
    if drafts:
        assert deal.confirm(*drafts).refusals == ()

    for n, amount in enumerate(paid):
        row = deal.row(f"r{n}")
        assert row.used is not None
        assert row.available is not None
        assert (row.used + row.available, row.used >= 0, row.available >= 0) == (amount, True, True)
        rows = (r.amount for r in deal.book.ledger if r.source == f"r{n}" and r.type is LedgerType.UNBILLED)
        assert total(rows) == -row.available
    assert all(i.total >= 0 for i in deal.book.invoices)


@settings(max_examples=20, deadline=None)
@given(works=WORKS)
def test_the_same_book_gives_the_same_answer(works: list[Work]) -> None:
    """An act reads its book and nothing else, and changes nothing in it; the order in which rows were read does not matter."""
    deal, other = deal_of(works), deal_of(works)
    before = deal.book
    other.book = replace(other.book, actuals=other.book.actuals[::-1], lines=other.book.lines[::-1])

    assert lines_of(deal) == lines_of(other)
    assert before.invoices == ()


def lines_of(deal: Deal) -> list[str]:
    """The lines of the invoice that a creation makes."""
    deal.create()
    return lines(deal.invoice())
