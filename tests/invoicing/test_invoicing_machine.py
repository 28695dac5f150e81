"""Random legal and illegal acts at a desk over a real store: whatever is done, in whatever order, the books hold."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from invoicing_world import NOT_READY, READY, TODAY, Deal, by_hand, day

from desk import DEAL, ROOM, Office
from proforma.domain.codes import AdjustmentStatus, BillingType, ContractState, InvoiceStatus, SourceKind, TransactionClass
from proforma.domain.ids import Guid, RetainerId, SourceId
from proforma.domain.invoices import Invoice
from proforma.invoicing.facts import Facts
from proforma.invoicing.retainers import balance
from proforma.sync.draft import Answer, load_book

HOURS = st.sampled_from(["0.25", "1", "7.5", "8", "12.01"])
PRICES = st.sampled_from(["0", "0.005", "99.99", "200.00", "333.333"])
QUANTITIES = st.sampled_from(["0", "0.5", "6", "8", "20", "-1", "nonsense"])
TYPES = st.sampled_from([BillingType.CHARGEABLE] * 4 + [BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY, BillingType.NOT_AVAILABLE])
CLASSES = st.sampled_from([TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.FEE])
CUSTOMERS = st.sampled_from(["acme", "acme", "bolt"])
#: What the customers of the fixed-price line pay; the last one is refused, and nobody may bill by it (I-33).
SPLITS = st.sampled_from([("66.67", "33.33"), ("50", "50"), ("100", "0"), ("50", "49.99")])
PLACE = st.integers(min_value=0, max_value=11)


class Books(RuleBasedStateMachine):
    """One contract in USD, limited to 9,000.00; milestones that two customers pay, a product, retainers, and work that comes and goes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="proforma-books-", dir=ROOM))
        self.deal = Deal(nte_limit="9000.00")
        self.deal.split("build", acme="66.67", bolt="33.33")
        self.deal.milestone("mile", "1000.01")
        self.deal.product("box", quantity="3", price="49.90", discount="9.70")
        self.deal.retainer("paid", "500.00", status=READY)
        self.deal.work("first")
        self.count = 0
        self.office = Office(self.folder)
        self.pull()

    def teardown(self) -> None:
        self.office.store.close()
        shutil.rmtree(self.folder)

    def pull(self) -> None:
        """What changed comes here; looking at the contracts of what changed alone misses nothing that a look at all would find."""
        self.office.pull(self.deal.book)
        assert self.office.overlooked() == []

    # ---- what Dataverse does ------------------------------------------------------------------------------------------

    @rule(hours=HOURS, price=PRICES, type_=TYPES, class_=CLASSES, customer=CUSTOMERS, ready=st.booleans(), late=st.booleans())
    def work(self, hours: str, price: str, type_: BillingType, class_: TransactionClass, customer: str, ready: bool, late: bool) -> None:
        """Somebody worked, and it was approved."""
        self.count += 1
        self.deal.work(
            f"w{self.count}", hours=hours, price=price, billing_type=type_, transaction_class=class_, customer=customer,
            status=READY if ready else NOT_READY, on=day("04-02") if late else TODAY,
        )  # fmt: skip
        self.pull()

    @rule(amount=PRICES, customer=CUSTOMERS | st.none(), ready=st.booleans(), again=st.booleans())
    def milestone(self, amount: str, customer: str | None, ready: bool, again: bool) -> None:
        """A milestone is agreed, or the first one says something else from now on."""
        self.count += 1
        self.deal.milestone("mile" if again else f"m{self.count}", amount, customer=customer, status=READY if ready else NOT_READY)
        self.pull()

    @rule(place=PLACE)
    def milestone_goes(self, place: int) -> None:
        """A milestone is deleted."""
        left = list(self.deal.book.milestones)
        if left:
            left.pop(place % len(left))
            self.deal.book = replace(self.deal.book, milestones=tuple(left))
            self.pull()

    @rule(amount=st.sampled_from(["0.01", "300.00", "1000.00"]), customer=CUSTOMERS, ready=st.booleans())
    def retainer(self, amount: str, customer: str, ready: bool) -> None:
        """A retainer is agreed."""
        self.count += 1
        self.deal.retainer(f"r{self.count}", amount, customer=customer, status=READY if ready else NOT_READY)
        self.pull()

    @rule(percents=SPLITS)
    def split(self, percents: tuple[str, str]) -> None:
        """The customers of the fixed-price line share otherwise from now on."""
        self.deal.book = replace(self.deal.book, line_customers=())
        self.deal.split("build", acme=percents[0], bolt=percents[1])
        self.pull()

    @rule(limit=st.sampled_from([None, "1.00", "2500.00", "9000.00"]))
    def limit(self, limit: str | None) -> None:
        """The contract gets another limit, perhaps below what is used of it."""
        self._contract(nte_limit=None if limit is None else Decimal(limit))

    @rule(held=st.booleans())
    def hold(self, held: bool) -> None:
        """The contract is put on hold, or goes on."""
        self._contract(state=ContractState.ON_HOLD if held else ContractState.ACTIVE)

    def _contract(self, **said: Decimal | ContractState | None) -> None:
        contract = replace(self.deal.book.contracts[0], **said)  # type: ignore[arg-type]
        self.deal.book = replace(self.deal.book, contracts=(contract,))
        self.pull()

    @rule(line=st.sampled_from(["work", "build"]), late=st.booleans())
    def schedule(self, line: str, late: bool) -> None:
        """A day on which a line is billed, today or not yet."""
        self.count += 1
        self.deal.schedule(f"s{self.count}", run=day("04-30") if late else TODAY, cut_off=TODAY, line=line)
        self.pull()

    @rule(place=PLACE, what=st.sampled_from(["hours", "taken back", "journal", "gone", "customer"]))
    def source_changes(self, place: int, what: str) -> None:
        """A row is changed, reversed, deleted or given to another customer behind our back."""
        actuals = list(self.deal.book.actuals)
        if actuals:
            found = actuals.pop(place % len(actuals))
            changed = {
                "hours": replace(found, quantity=Decimal(3), amount=Decimal(600), price=Decimal(200)),
                "taken back": replace(found, adjustment=AdjustmentStatus.ADJUSTED),
                "journal": replace(found, adjustment=AdjustmentStatus.IN_PROCESS),
                "customer": replace(found, customer_id=None),
            }.get(what)
            self.deal.book = replace(self.deal.book, actuals=(*actuals, *([changed] if changed else [])))
            self.pull()

    # ---- what people do -----------------------------------------------------------------------------------------------

    @rule(places=st.lists(PLACE, min_size=1, max_size=4), ready=st.booleans())
    def mark(self, places: list[int], ready: bool) -> None:
        self.act(lambda: self.office.desk.mark(self.sources(places), ready=ready))

    @rule(places=st.lists(PLACE, min_size=1, max_size=4), reset=st.booleans())
    def limits(self, places: list[int], reset: bool) -> None:
        desk = self.office.desk
        self.act(lambda: (desk.reset_nte if reset else desk.evaluate_nte)(self.sources(places)))

    @rule(places=st.lists(PLACE, max_size=2), to_existing=st.booleans())
    def create(self, places: list[int], to_existing: bool) -> None:
        self.act(lambda: self.office.desk.create([DEAL], as_of=TODAY, only=self.sources(places), to_existing=to_existing))

    @rule()
    def periodic(self) -> None:
        """The periodic run of the day; a second one at once finds nothing."""
        self.act(lambda: self.office.desk.run_periodic(as_of=TODAY))
        before = self.office.state()
        self.office.desk.run_periodic(as_of=TODAY)
        assert self.office.state() == before

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE, source=PLACE, quantity=QUANTITIES | st.none(), price=PRICES | st.none(), type_=TYPES | st.none())
    def edit(self, invoice: int, source: int, quantity: str | None, price: str | None, type_: BillingType | None) -> None:
        said = {"quantity": quantity, "price": price, "billing_type": None if type_ is None else type_.value}
        changes = {key: value for key, value in said.items() if value is not None}
        found = self.pick(invoice)
        self.act(lambda: self.office.desk.edit(found.id, source=self.held(found, source), changes=changes))

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE, price=PRICES)
    def add(self, invoice: int, price: str) -> None:
        self.count += 1
        self.act(lambda: self.office.desk.add(self.pick(invoice).id, detail=by_hand(f"hand{self.count}", price)))

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE, amount=st.sampled_from(["0", "250.00"]))
    def add_retainer(self, invoice: int, amount: str) -> None:
        self.count += 1
        detail = by_hand(f"paid{self.count}", amount, transaction_class=TransactionClass.RETAINER)
        self.act(lambda: self.office.desk.add(self.pick(invoice).id, detail=detail))

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE, source=PLACE)
    def remove(self, invoice: int, source: int) -> None:
        found = self.pick(invoice)
        self.act(lambda: self.office.desk.remove(found.id, source=self.held(found, source)))

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE, retainer=PLACE, amount=st.sampled_from(["0", "100", "500", "501", "-1"]))
    def apply(self, invoice: int, retainer: int, amount: str) -> None:
        found, paid = self.pick(invoice), RetainerId(self.retainers(retainer))
        self.act(lambda: self.office.desk.apply_retainer(found.id, retainer=paid, amount=Decimal(amount)))

    @rule(retainer=PLACE, wanted=st.booleans())
    def refund(self, retainer: int, wanted: bool) -> None:
        self.act(lambda: self.office.desk.refund([SourceId(self.retainers(retainer))], wanted=wanted))

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE)
    def refresh(self, invoice: int) -> None:
        self.act(lambda: self.office.desk.refresh(self.pick(invoice).id, as_of=TODAY))

    @precondition(lambda self: self.office.invoices())
    @rule(invoice=PLACE)
    def delete(self, invoice: int) -> None:
        self.act(lambda: self.office.desk.delete([self.any_invoice(invoice).id]))

    @precondition(lambda self: self.drafts())
    @rule(invoice=PLACE)
    def confirm(self, invoice: int) -> None:
        self.act(lambda: self.office.desk.confirm([self.pick(invoice).id], as_of=TODAY))

    @precondition(lambda self: self.office.invoices())
    @rule(invoices=st.lists(PLACE, min_size=1, max_size=3))
    def confirm_any(self, invoices: list[int]) -> None:
        """Several at once, drafts or not, perhaps one twice, and one that is nowhere."""
        names = [*(self.any_invoice(place).id for place in invoices), "PF-999999"]
        self.act(lambda: self.office.desk.confirm(names, as_of=TODAY))

    @precondition(lambda self: any(i.status is not InvoiceStatus.DRAFT for i in self.office.invoices()))
    @rule(invoice=PLACE, places=st.lists(PLACE, max_size=2))
    def correct(self, invoice: int, places: list[int]) -> None:
        found = self.any_invoice(invoice)
        only = [self.held(found, place) for place in places]
        self.act(lambda: self.office.desk.correct(found.id, as_of=TODAY, only=only))

    # ---- what must hold -----------------------------------------------------------------------------------------------

    def act(self, act: Callable[[], Answer]) -> None:
        """An act that says that nothing happened has changed nothing; a confirmed or deleted invoice stays as it was."""
        before = self.office.state()
        changes = act().changes
        after = self.office.state()
        if not (changes.happenings or changes.ledger or changes.marks or changes.schedule):
            assert after == before
        for old, new in zip(before[0], after[0], strict=False):
            if old.status is not InvoiceStatus.DRAFT:
                assert replace(new, status=old.status) == old
        assert after[1][: len(before[1])] == [replace(r, adjusted=n.adjusted) for r, n in zip(before[1], after[1], strict=False)]

    @invariant()
    def books_hold(self) -> None:
        """Money is conserved, no source is on two live invoices, every trace leads somewhere, state is the fold of events."""
        assert self.office.wrong() == []

    @invariant()
    def no_retainer_is_overdrawn(self) -> None:
        """Used and available are never below zero, and what is open in the ledger is minus what is available (I-69)."""
        with self.office.store.read() as reader:
            facts = Facts(load_book(reader, [DEAL], self.deal.book.policy))
        for retainer in facts.retainers.values():
            found = balance(facts, retainer)
            assert min(found.used, found.available, found.available - found.reserved) >= 0
            unbilled = sum(r.amount for r in facts.ledger.get(SourceId(retainer.id), ()) if r.type.value == "unbilled")
            assert unbilled == -found.available

    # ---- choosing -----------------------------------------------------------------------------------------------------

    def sources(self, places: Sequence[int]) -> list[SourceId]:
        """Rows that are there, rows that corrections gave back, and one that is nowhere."""
        given = [row.id for row in self.office.state()[1] if row.billing_status == "not-ready"]
        book = self.deal.book
        rows = [*(row.id for row in book.actuals), *(row.id for row in book.milestones), *(row.id for row in book.retainers)]
        ids = [*rows, "box", "ghost", *given]
        return list(dict.fromkeys(SourceId(Guid(ids[-1 - place % len(ids)])) for place in places))

    def retainers(self, place: int) -> Guid:
        """A retainer of the contract, one that was created on a draft, or one that is nowhere."""
        here = [d.source for i in self.office.invoices() for d in i.details if d.kind is SourceKind.RETAINER]
        ids = [*(r.id for r in self.deal.book.retainers), *here, "ghost"]
        return Guid(ids[place % len(ids)])

    def drafts(self) -> list[Invoice]:
        return [i for i in self.office.invoices() if i.status is InvoiceStatus.DRAFT]

    def pick(self, place: int) -> Invoice:
        drafts = self.drafts()
        return drafts[place % len(drafts)]

    def any_invoice(self, place: int) -> Invoice:
        invoices = self.office.invoices()
        return invoices[place % len(invoices)]

    def held(self, invoice: Invoice, place: int) -> SourceId:
        """A source on the invoice, or one that is nowhere."""
        ids = [*(d.source for d in invoice.details), SourceId(Guid("ghost"))]
        return ids[place % len(ids)]


TestBooks = Books.TestCase
# Some hundred steps where a change is judged, more than twelve thousand in `make explore`.
_EXAMPLES = settings().max_examples
TestBooks.settings = settings(max_examples=_EXAMPLES // 8, stateful_step_count=30 if _EXAMPLES <= 100 else 50)
