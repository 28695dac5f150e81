"""How invoices of Dataverse are read, compared and taken over, rule by rule; the stories show the same from end to end (I-130)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from invoicing_world import DEAL, TODAY, WORK_DAY, D, Deal, lines

from proforma.domain.codes import BillingType, InvoiceStatus, OrderType, Origin, Side, TransactionClass, TransactionType, UpstreamStatus
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import ContractLineId, CustomerId, Guid, InvoiceId, RecordId
from proforma.domain.invoices import Invoice
from proforma.domain.policies import InvoicingPolicy
from proforma.domain.records import Actual
from proforma.domain.upstream import UpstreamDetail, UpstreamInvoice, UpstreamLine
from proforma.invoicing import TakenOver, Takeover, Upstream, take_over

ACME = CustomerId(Guid("acme"))


@dataclass
class Manager:
    """A project manager who makes and confirms invoices in Dataverse; our price of every hour is `ours`."""

    deal: Deal
    ours: str | None = "200.00"
    upstream: Upstream = field(default_factory=Upstream)

    def __post_init__(self) -> None:
        policy = InvoicingPolicy(origin=Origin.DATAVERSE)
        self.deal.book = replace(self.deal.book, policy=policy)

    def invoice(self, id_: str, *details: UpstreamDetail, products: tuple[UpstreamLine, ...] = (), total: str | None = None) -> None:
        """A confirmed invoice of these details."""
        header = UpstreamInvoice(
            id=InvoiceId(Guid(id_)),
            number=id_.upper(),
            order_type=OrderType.WORK_BASED,
            contract_id=DEAL,
            customer_id=ACME,
            currency_id=self.deal.currency,
            status=UpstreamStatus.CONFIRMED,
            invoice_date=TODAY,
            line_total=None if total is None else D(total),
            created_at=datetime(2026, 3, 31, tzinfo=UTC) + timedelta(minutes=len(self.upstream.invoices)),
        )
        line = UpstreamLine(id=Guid(f"{id_}-line"), invoice_id=header.id, contract_line_id=ContractLineId(Guid("work")))
        self.upstream = replace(
            self.upstream,
            invoices=(*self.upstream.invoices, header),
            lines=(*self.upstream.lines, line, *(replace(product, invoice_id=header.id) for product in products)),
            details=(*self.upstream.details, *(replace(d, invoice_id=header.id, invoice_line_id=line.id) for d in details)),
        )

    def link(self, detail: str, *others: str) -> None:
        """A detail is connected to rows."""
        self.upstream = replace(self.upstream, links={**self.upstream.links, detail: [Guid(other) for other in others]})

    def take(self) -> TakenOver:
        """One run, committed."""
        taken = take_over(self.deal.book, self.deal.clerk, self.upstream, Takeover(as_of=TODAY, price=self._price))
        self.deal.commit(taken.changes)
        return taken

    def _price(self, record: Actual) -> PriceDecision:
        price = None if self.ours is None else D(self.ours)
        amount = None if price is None or record.quantity is None else price * record.quantity
        return PriceDecision(
            record_id=record.id, table=record.table, side=Side.SALES, rule="P-33", reason="role-price" if price else "no-role-price",
            price=price, amount=amount, quantity=record.quantity,
        )  # fmt: skip

    @property
    def newest(self) -> Invoice:
        """The newest invoice here."""
        return self.deal.invoice()


def detail(
    id_: str,
    hours: str = "8",
    price: str | None = "200.00",
    *,
    amount: str | None = None,
    class_: TransactionClass = TransactionClass.TIME,
    line: str = "work",
    billing_type: BillingType = BillingType.CHARGEABLE,
) -> UpstreamDetail:
    """A line detail: chargeable time of 10 March."""
    worth = D(amount) if amount is not None else D(hours) * D(price or "0")
    return UpstreamDetail(
        id=RecordId(Guid(id_)),
        table="msdyn_invoicelinetransactions",
        type=TransactionType.BILLED_SALES,
        transaction_class=class_,
        transaction_date=WORK_DAY,
        contract_id=DEAL,
        contract_line_id=ContractLineId(Guid(line)),
        customer_id=ACME,
        quantity=D(hours),
        price=None if price is None else D(price),
        amount=worth,
        billing_type=billing_type,
        description="Milestone" if class_ is TransactionClass.MILESTONE else None,
    )


def found(taken: TakenOver) -> list[tuple[str, str]]:
    """Kind and reason of what a run found."""
    return [(finding.kind, finding.reason) for finding in taken.findings]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (detail("d"), None),
        (detail("d", hours="6"), None),
        (detail("d", price="180.00"), "price-differs"),
        (detail("d", amount="1600.01"), "amount-differs"),
        (detail("d", price="180.00", billing_type=BillingType.NON_CHARGEABLE), None),
        (detail("d", price=None, amount="1600.00"), None),
    ],
    ids=["as it was", "fewer hours at our price", "another price", "a cent too much", "nothing is charged", "no price, our amount"],
)
def test_work_is_compared_with_our_price(said: UpstreamDetail, reason: str | None) -> None:
    """I-130: price and amount must be ours; quantity and billing type are the project manager's to change (I-81)."""
    manager = Manager(Deal())
    manager.deal.work("a")
    manager.invoice("inv-1", said)
    manager.link("d", "a")

    taken = manager.take()

    assert found(taken) == ([] if reason is None else [("held", reason)])
    assert manager.newest.status is (InvoiceStatus.CONFIRMED if reason is None else InvoiceStatus.DRAFT)
    assert [(d.source, d.kind.value, d.price_rule) for d in manager.newest.details] == [("a", "actual", None if reason else "P-33")]


def test_work_that_we_cannot_price_is_held() -> None:
    """I-130: what our rules find no price for is a difference, never taken for equal."""
    manager = Manager(Deal(), ours=None)
    manager.deal.work("a")
    manager.invoice("inv-1", detail("d"))
    manager.link("d", "a")
    assert found(manager.take()) == [("held", "unpriced")]


def test_without_a_connection_the_actual_on_the_invoice_is_meant() -> None:
    """I-60: actuals carry their invoice; the one that says what the detail says is its source. With none it was added by hand (I-83)."""
    manager = Manager(Deal())
    manager.deal.work("a", held_by="inv-1")
    manager.deal.work("b", hours="2", held_by="inv-1")
    manager.invoice("inv-1", detail("d"), detail("e", hours="1"))

    assert found(manager.take()) == []
    assert sorted((d.id, d.source, d.kind.value) for d in manager.newest.details) == [("d", "a", "actual"), ("e", "e", "manual")]


def test_milestones_products_and_retainers_are_compared_with_their_contract() -> None:
    """I-59, I-65, I-71: 5,000.00 of the milestone, 3 × 49.90 - 9.70 of the product line, 1,000.00 of the retainer; 150.00 of it applied."""
    manager = Manager(Deal())
    deal = manager.deal
    deal.milestone("m")
    deal.product("box", quantity="3", price="49.90", discount="9.70")
    deal.retainer("r")
    deal.retainer("old")
    box = UpstreamLine(
        id=Guid("p"), contract_line_id=ContractLineId(Guid("box")), is_project_based=False, description="Box", quantity=D(3),
        price_per_unit=D("49.90"), manual_discount=D("9.70"),
    )  # fmt: skip
    milestone = detail("dm", "1", "5000.00", class_=TransactionClass.MILESTONE, line="build")
    retainer = detail("dr", "1", "1000.00", class_=TransactionClass.RETAINER)
    applied = detail("da", "1", "-150.00", class_=TransactionClass.RETAINER)
    manager.invoice("inv-1", milestone, retainer, applied, products=(box,), total="5990.00")
    manager.link("dr", "r")
    manager.link("da", "old")

    assert found(manager.take()) == []
    assert lines(manager.newest) == [
        "build milestone 5000.00: m 1 x 5000.00 = 5000.00",
        "box product 140.00: box 3 x 49.90 = 140.00",
        "- retainer 1000.00: r 1 x 1000.00 = 1000.00",
        "- advance-applied -150.00: old 1 x -150.00 = -150.00",
    ]


@pytest.mark.parametrize(
    ("amount", "reason"), [("4000.00", "unknown-milestone"), ("5000.00", None)], ids=["no such milestone", "its milestone"]
)
def test_a_milestone_is_found_by_line_and_amount(amount: str, reason: str | None) -> None:
    """I-59: where no connection tells, the one milestone of the contract line with this amount is meant; else nobody knows."""
    manager = Manager(Deal())
    manager.deal.milestone("m")
    manager.invoice("inv-1", detail("d", "1", amount, class_=TransactionClass.MILESTONE, line="build"))
    assert found(manager.take()) == ([] if reason is None else [("held", reason)])


def test_new_work_and_a_correction_on_one_invoice() -> None:
    """I-95: corrected details may stand beside new work; the original is corrected, and 2 h more than 8 h less 2 h are 0.00."""
    manager = Manager(Deal())
    manager.deal.work("a")
    manager.deal.work("b", hours="2")
    manager.invoice("inv-1", detail("d"))
    manager.link("d", "a")
    corrected = replace(detail("d2", hours="6"), is_correction=True, original_id=Guid("d"), previous_amount=D("1600.00"))
    manager.invoice("inv-2", corrected, detail("e", hours="2"), total="0.00")
    manager.link("e", "b")
    manager.link("d2", "d")

    assert found(manager.take()) == []
    first, second = manager.deal.book.invoices
    assert (first.status, second.status, second.corrects) == (InvoiceStatus.CORRECTED, InvoiceStatus.CONFIRMED, first.id)
    assert (second.total, sorted((d.source, d.value) for d in second.details)) == (Decimal(0), [("a", D("-400.00")), ("b", D("400.00"))])


def test_a_correction_waits_for_what_it_corrects() -> None:
    """I-100: while the original is held, so is its correction; one that starts from other figures than ours is held too."""
    manager = Manager(Deal())
    manager.deal.work("a")
    manager.invoice("inv-1", detail("d", price="180.00"))
    manager.link("d", "a")
    corrected = replace(detail("d2", hours="0", price="180.00"), is_correction=True, original_id=Guid("d"), previous_amount=D("1400.00"))
    manager.invoice("inv-2", corrected)
    assert found(manager.take()) == [("held", "price-differs"), ("held", "original-held")]
    manager.ours = "180.00"
    assert found(manager.take()) == [("held", "previous-differs")]


def test_a_second_run_changes_nothing() -> None:
    """I-130: what was taken over, and what is held as it was, gives no event."""
    manager = Manager(Deal())
    manager.deal.work("a")
    manager.deal.work("b", hours="2")
    manager.invoice("inv-1", detail("d"))
    manager.invoice("inv-2", detail("e", hours="2", price="180.00"))
    manager.link("d", "a")
    manager.link("e", "b")
    first = manager.take()
    held = {InvoiceId(Guid("inv-2")): first.changes.happenings[-1][1].differences}  # type: ignore[union-attr]  # a comparison

    second = take_over(manager.deal.book, manager.deal.clerk, manager.upstream, Takeover(as_of=TODAY, price=manager._price, compared=held))

    assert (second.changes.happenings, found(second)) == ((), found(first))
