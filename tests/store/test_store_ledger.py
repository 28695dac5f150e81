"""The ledger: invoices made of their events, the actuals of confirmations, marks, and rows passed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from store_builders import NOON, billed, confirmed, detail, drafted, guid, invoice, later, line

from proforma.domain.codes import BillingStatus, InvoiceStatus, NteStatus, PushStatus, SourceKind
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    InvoiceId,
    PriceListId,
    ProductId,
    ProjectId,
    RecordId,
    ResourceId,
    RoleId,
    SourceId,
    TaskId,
    UnitId,
)
from proforma.domain.invoices import (
    Changes,
    Confirmed,
    Corrected,
    Deleted,
    DetailsChanged,
    Drafted,
    Figures,
    Flagged,
    Happening,
    ImpossibleEventError,
    Invoice,
    InvoiceEvent,
    LinesChanged,
    PassedOver,
    PushChanged,
    ScheduleMark,
    SourceMark,
    fold,
)
from proforma.domain.money import Currency
from proforma.store import OpenPassedOver, Store, Transaction

STORES = ("sqlite", "postgresql")


def happens(tx: Transaction, name: str, *happenings: Happening, by: str = "anna") -> None:
    """Saves what happened to one invoice."""
    changes = Changes(happenings=tuple((InvoiceId(guid(name)), happening) for happening in happenings))
    tx.ledger.save(changes, at=later(60), by=by)


def stored(store: Store, name: str) -> Invoice | None:
    """An invoice as the store has it."""
    with store.read() as reader:
        return reader.ledger.invoice(guid(name))


def whole_invoice() -> Invoice:
    """A draft that fills every field of header, line and detail."""
    figures = Figures(quantity=Decimal("7.50"), price=None, amount=Decimal("900.0000000000"), billing_type=detail("a").billing_type)
    everything = replace(
        detail("a"),
        previous=figures,
        tax=Decimal("-0.01"),
        corrects_detail=guid("corrected"),
        touched=True,
        description="Ærø, \"quoted\" and 'so'",
        external_description="😀",
        project_id=ProjectId(guid("project")),
        task_id=TaskId(guid("task")),
        role_id=RoleId(guid("role")),
        resource_id=ResourceId(guid("resource")),
        category_id=CategoryId(guid("category")),
        product_id=ProductId(guid("product")),
        unit_id=UnitId(guid("unit")),
        price_list_id=PriceListId(guid("list")),
        price_reason="role-price",
        price_rule="P-33",
        line_order=3,
    )
    bare = replace(detail("b"), original=None, price=None, day=None, contract_line_id=None)
    lines = (line(everything, bare), replace(line(detail("c"), description=""), contract_line_id=None), line(description="empty"))
    return replace(
        invoice("first", *lines),
        currency=Currency("BHD", 3),
        corrects=InvoiceId(guid("zeroth")),
        periodic=True,
        flags=(SourceId(guid("a")), SourceId(guid("b"))),
    )


# ---- events and invoices ---------------------------------------------------------------------------------------------------


def test_a_draft_comes_back_as_it_was(store: Store) -> None:
    """Every field of header, lines and details, in their order; and the event that made it."""
    draft = whole_invoice()
    with store.begin() as tx:
        drafted(tx, draft)
    with store.read() as reader:
        assert reader.ledger.invoice(draft.id) == draft
        assert reader.ledger.invoice("PF-000001") == draft
        assert reader.ledger.invoice("PF-000002") is None
        assert reader.ledger.events(draft.id) == [
            InvoiceEvent(invoice_id=draft.id, sequence=1, at=NOON, by="anna", happening=Drafted(invoice=draft))
        ]
        assert reader.ledger.check() == []


def test_who_made_or_changed_a_draft(store: Store) -> None:
    """I-87: makers in the order of their first acts; flags, confirmation, push and the periodic run are no hand in a draft."""
    first, second, third = (InvoiceId(guid(name)) for name in ("first", "second", "third"))
    with store.begin() as tx:
        drafted(tx, invoice("first"))
        drafted(tx, replace(invoice("second"), number="PF-000002", periodic=True))
        happens(tx, "second", Flagged(sources=(SourceId(guid("x")),)), by="daemon")
        for by in ("ben", "anna", "cleo", "ben"):
            happens(tx, "first", LinesChanged(act="edit", lines=(line(detail(f"of-{by}")),)), by=by)
        happens(tx, "first", DetailsChanged(act="remove", removed=(detail("of-ben").id,)), by="dora")
        happens(tx, "first", Confirmed(reference="PF-REF-1", accounting_date=date(2026, 4, 1)), by="eve")
        happens(tx, "first", PushChanged(push=PushStatus.SENDING, attempt=1), by="daemon")
    with store.read() as reader:
        assert reader.ledger.makers([second, first, third]) == {second: (), first: ("anna", "ben", "cleo", "dora"), third: ()}


def test_an_invoice_is_the_fold_of_its_events(store: Store) -> None:
    """Each kind of event is appended with its number, comes back as it was, and shows in the invoice."""
    draft = invoice("first")
    changed = (line(detail("x", "480.00")), line(detail("y")))
    happenings: list[Happening] = [
        LinesChanged(act="edit", lines=changed),
        Flagged(sources=(SourceId(guid("x")),)),
        Flagged(sources=()),
        Confirmed(reference="PF-REF-1", accounting_date=date(2026, 4, 1)),
        PushChanged(push=PushStatus.SENT, attempt=1, external_id="ext", external_number="INV-1", message="ok"),
        Corrected(by=InvoiceId(guid("correction"))),
    ]
    with store.begin() as tx:
        drafted(tx, draft)
        happens(tx, "first", *happenings[:2])
        for happening in happenings[2:]:
            happens(tx, "first", happening, by="ben")
    with store.read() as reader:
        events = reader.ledger.events(draft.id)
        assert [event.happening for event in events] == [Drafted(invoice=draft), *happenings]
        assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6, 7]
        assert [event.by for event in events] == ["anna", "anna", "anna", "ben", "ben", "ben", "ben"]
        assert reader.ledger.invoice(draft.id) == fold(events)
        assert fold(events) == replace(
            draft,
            lines=changed,
            status=InvoiceStatus.CORRECTED,
            push=PushStatus.SENT,
            reference="PF-REF-1",
            accounting_date=date(2026, 4, 1),
            confirmed_at=later(60),
            external_id="ext",
            external_number="INV-1",
        )


def test_lines_that_change_in_their_digits_alone_are_kept_anew(store: Store) -> None:
    """480.0 and 480.00 are equal amounts but not the same text: the rows follow the events to the digit."""
    with store.begin() as tx:
        drafted(tx, invoice("first", line(detail("x", "480.0"))))
        happens(tx, "first", LinesChanged(act="edit", lines=(line(detail("x", "480.00")),)))
    found = stored(store, "first")
    assert found is not None
    assert str(found.total) == "480.00"
    with store.read() as reader:
        assert reader.ledger.check() == []


def test_details_that_change_are_written_at_their_places_and_nothing_else_is(store: Store) -> None:
    """Changed ones stand where they stood, those after a removed one move up, a line without details goes; rows and events agree."""
    work = line(*(detail(name) for name in ("a", "b", "c", "d")))
    alone, last = line(detail("e")), line(detail("f"))
    act = DetailsChanged(act="edit", changed=(detail("b", "480.00"), detail("f", "0.5")), removed=(detail("c").id, detail("e").id))
    with store.begin() as tx:
        drafted(tx, invoice("first", work, alone, last))
        happens(tx, "first", act)
    with store.read() as reader:
        found = reader.ledger.invoice(guid("first"))
        assert found is not None
        assert found.lines == (line(detail("a"), detail("b", "480.00"), detail("d")), line(detail("f", "0.5")))
        assert [event.happening for event in reader.ledger.events(found.id)][1:] == [act]
        assert reader.ledger.check() == []


def test_what_the_caller_has_read_is_not_read_again(store: Store) -> None:
    """The invoices that come back are those of the store, whether their lines were handed in or had to be read."""
    with store.begin() as tx:
        drafted(tx, invoice("first", line(detail("a"), detail("b"))))
        read = tx.ledger.invoices()
        edit = Changes(happenings=((read[0].id, DetailsChanged(act="edit", changed=(detail("a", "1.00"),))),))
        confirm = Changes(happenings=((read[0].id, Confirmed(reference="PF-REF-1", accounting_date=date(2026, 4, 1))),))
        edited = tx.ledger.save(edit, at=NOON, by="anna")
        assert edited == tx.ledger.invoices()
        assert tx.ledger.save(confirm, at=NOON, by="anna", read=edited) == tx.ledger.invoices()
        assert list(tx.ledger.each_invoice(size=1)) == tx.ledger.invoices()
        assert [header.total for header in tx.ledger.all_headers()] == [tx.ledger.invoices()[0].total]
        assert tx.ledger.place_of("PF-000001") == (read[0].id, read[0].contract_id)
        assert tx.ledger.place_of("PF-000009") is None


def test_an_impossible_event_takes_the_whole_act_back(store: Store) -> None:
    """A confirmed invoice is immutable: the act that would change it leaves nothing, its other parts included (promise 6)."""
    with store.begin() as tx:
        confirmed(tx, invoice("first"))
    before = stored(store, "first")
    act = Changes(
        happenings=(
            (InvoiceId(guid("second")), Drafted(invoice=invoice("second", number="PF-000002"))),
            (InvoiceId(guid("first")), LinesChanged(act="edit", lines=())),
        ),
        marks=(SourceMark(source=SourceId(guid("a")), kind=SourceKind.ACTUAL, at=NOON, by="anna", status=BillingStatus.READY),),
    )
    with pytest.raises(ImpossibleEventError), store.begin() as tx:
        tx.ledger.save(act, at=NOON, by="anna")
    assert (stored(store, "first"), stored(store, "second")) == (before, None)
    with store.read() as reader:
        assert reader.ledger.marks() == {}


@pytest.mark.parametrize(
    ("happening", "message"),
    [
        (Deleted(), "has no beginning"),
        (Drafted(invoice=invoice("other")), "under the id"),
    ],
    ids=["an invoice that is not there", "the draft of another id"],
)
def test_events_need_their_invoice(store: Store, happening: Happening, message: str) -> None:
    """An event of an invoice that is not there, or of another one, is refused."""
    with pytest.raises(ImpossibleEventError, match=message), store.begin() as tx:
        happens(tx, "first", happening)


def test_a_draft_is_made_once(store: Store) -> None:
    """The same draft again is refused."""
    with store.begin() as tx:
        drafted(tx, invoice("first"))
        with pytest.raises(ImpossibleEventError, match="twice"):
            drafted(tx, invoice("first"))


def test_two_invoices_have_two_numbers(store: Store) -> None:
    """A number that is taken cannot be given to another invoice."""
    with store.begin() as tx:
        drafted(tx, invoice("first"))
        with pytest.raises(sa.exc.IntegrityError):
            drafted(tx, invoice("second"))


def test_invoices_come_in_order_of_creation(store: Store) -> None:
    """All, or those of some contracts; deleted ones only when asked for."""
    names = ["third", "first", "second"]
    made = [invoice(name, number=f"PF-{n}", contract=f"contract {n % 2}") for n, name in enumerate(names)]
    with store.begin() as tx:
        for draft in made:
            drafted(tx, draft)
        happens(tx, "first", Deleted())
    deleted = replace(made[1], status=InvoiceStatus.DELETED)
    with store.read() as reader:
        assert reader.ledger.invoices() == [made[0], made[2]]
        assert reader.ledger.invoices(include_deleted=True) == [made[0], deleted, made[2]]
        assert reader.ledger.invoices([guid("contract 0")]) == [made[0], made[2]]
        assert reader.ledger.invoices({guid("contract 1"), guid("contract 0")}, include_deleted=True) == [made[0], deleted, made[2]]
        assert reader.ledger.invoices([]) == []


def test_very_many_invoices_keep_their_order(store: Store) -> None:
    """Long lists of contracts are searched in pieces; the order of creation holds across them."""
    made = [invoice(f"invoice {n}", number=f"PF-{n}", contract=f"contract {n}") for n in range(1000)]
    with store.begin() as tx:
        tx.ledger.save(Changes(happenings=tuple((draft.id, Drafted(invoice=draft)) for draft in made)), at=NOON, by="anna")
    with store.read() as reader:
        assert reader.ledger.invoices([guid(f"contract {n}") for n in range(1500)]) == made


# ---- numbers ---------------------------------------------------------------------------------------------------------------


def test_numbers_have_no_gaps(store: Store) -> None:
    """Each series counts on its own; a transaction that fails takes its number back."""
    with store.begin() as tx:
        assert [tx.ledger.next_number("PF-"), tx.ledger.next_number("PF-"), tx.ledger.next_number("X")] == [
            "PF-000001",
            "PF-000002",
            "X000001",
        ]
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        raise ZeroDivisionError(tx.ledger.next_number("PF-"))
    with store.begin() as tx:
        assert tx.ledger.next_number("PF-") == "PF-000003"
        tx.ledger._connection.exec_driver_sql("UPDATE number_series SET last = 999999 WHERE prefix = 'PF-'")
        assert tx.ledger.next_number("PF-") == "PF-1000000"


# ---- who holds a source ----------------------------------------------------------------------------------------------------


def test_sources_are_traced_to_the_contract_that_holds_them(store: Store) -> None:
    """A source on a living invoice is held, also after a confirmation; one on a deleted draft, or taken off, is free."""
    with store.begin() as tx:
        drafted(tx, invoice("draft", line(detail("a"), detail("off")), number="1", contract="A"))
        drafted(tx, invoice("deleted", line(detail("free")), number="2", contract="B"))
        confirmed(tx, invoice("confirmed", line(detail("b")), number="3", contract="C"))
        happens(tx, "deleted", Deleted())
        happens(tx, "draft", LinesChanged(act="remove", lines=(line(detail("a")),)))
    with store.read() as reader:
        asked = [guid(name) for name in ("a", "off", "free", "b", "unknown")]
        assert reader.ledger.contracts_holding(asked) == {guid("a"): guid("A"), guid("b"): guid("C")}


# ---- what confirmations leave ----------------------------------------------------------------------------------------------


def test_ledger_actuals_come_in_order_of_writing(store: Store) -> None:
    """All, those of contracts, or those on invoices; a correction's adjustment shows, the rest stays as it was."""
    first = invoice("first", line(detail("a"), detail("b")), number="1", contract="A")
    second = invoice("second", line(detail("c")), number="2", contract="B")
    rows = [billed(first, "b"), billed(first, "a"), billed(second, "c")]
    with store.begin() as tx:
        confirmed(tx, first, reference="R1", ledger=(rows[0], rows[1]))
        confirmed(tx, second, reference="R2", ledger=(rows[2],))
        tx.ledger.save(Changes(adjusted=(rows[1].id,)), at=later(90), by="ben")
    adjusted = replace(rows[1], adjusted=True)
    with store.read() as reader:
        assert reader.ledger.actuals() == [rows[0], adjusted, rows[2]]
        assert reader.ledger.actuals([guid("A")]) == [rows[0], adjusted]
        assert reader.ledger.actuals(invoice_ids=[second.id, first.id]) == [rows[0], adjusted, rows[2]]
        assert reader.ledger.actuals([guid("A")], [second.id]) == []
        assert reader.ledger.check() == []


def test_ledger_actuals_belong_to_an_invoice(store: Store) -> None:
    """Rows of an invoice that is not there are refused."""
    with pytest.raises((ImpossibleEventError, sa.exc.IntegrityError)), store.begin() as tx:
        tx.ledger.save(Changes(ledger=(billed(invoice("first"), "work on first"),)), at=NOON, by="anna")


# ---- marks -----------------------------------------------------------------------------------------------------------------


def mark(source: str, by: str, seconds: float, status: BillingStatus | None = None, nte: NteStatus | None = None) -> SourceMark:
    """A mark on an actual."""
    return SourceMark(source=SourceId(guid(source)), kind=SourceKind.ACTUAL, at=later(seconds), by=by, status=status, nte=nte)


def test_marks_of_a_source_are_merged(store: Store) -> None:
    """The last ready state and the last not-to-exceed status hold, whoever gave the other one later (I-52, I-45)."""
    with store.begin() as tx:
        marks = (
            mark("a", "anna", 1, BillingStatus.READY),
            mark("a", "run", 2, nte=NteStatus.COMMITTED),
            mark("b", "anna", 3, nte=NteStatus.FAILED),
        )
        tx.ledger.save(Changes(marks=marks), at=NOON, by="anna")
    with store.begin() as tx:
        tx.ledger.save(Changes(marks=(mark("a", "ben", 4, BillingStatus.NOT_READY),)), at=NOON, by="ben")
    merged = mark("a", "ben", 4, BillingStatus.NOT_READY, NteStatus.COMMITTED)
    with store.read() as reader:
        assert reader.ledger.marks() == {guid("a"): merged, guid("b"): marks[2]}
        assert reader.ledger.marks([guid("a"), guid("c")]) == {guid("a"): merged}
        assert reader.ledger.check() == []
        history = reader.ledger._connection.exec_driver_sql('SELECT "by" FROM source_marks ORDER BY position').scalars().all()
    assert history == ["anna", "run", "anna", "ben"]


def test_schedule_rows_are_marked_as_run(store: Store) -> None:
    """The last word about a schedule row holds (I-79)."""
    with store.begin() as tx:
        rows = [
            ScheduleMark(row_id=RecordId(guid(name)), successful=done, at=NOON) for name, done in (("a", False), ("b", True), ("a", True))
        ]
        tx.ledger.save(Changes(schedule=tuple(rows[:2])), at=NOON, by="run")
        before = tx.ledger.run_rows()
        tx.ledger.save(Changes(schedule=tuple(rows[2:])), at=NOON, by="run")
    with store.read() as reader:
        assert (before, reader.ledger.run_rows()) == ({guid("a"): False, guid("b"): True}, {guid("a"): True, guid("b"): True})


# ---- rows passed over ------------------------------------------------------------------------------------------------------


def over(source: str, contract: str | None = "A", message: str = "no price") -> PassedOver:
    """An unpriced row."""
    owner = None if contract is None else ContractId(guid(contract))
    return PassedOver(source=guid(source), reason="unpriced", message=message, contract_id=owner)


def since(row: PassedOver, seconds: float) -> OpenPassedOver:
    """The row, and since when it is passed over."""
    return OpenPassedOver(source=row.source, reason=row.reason, message=row.message, contract_id=row.contract_id, since=later(seconds))


def test_rows_passed_over_are_those_of_the_last_look_at_their_contract(store: Store) -> None:
    """Looking at a contract again replaces its rows alone; a row that is still passed over keeps its `since`."""
    considered = {name: ContractId(guid(name)) for name in ("A", "B")}
    with store.begin() as tx:
        first = Changes(passed_over=(over("a1"), over("a2"), over("b", "B")), considered=tuple(considered.values()))
        tx.ledger.save(first, at=later(1), by="run")
    with store.begin() as tx:
        second = Changes(passed_over=(over("a2", message="still no price"), over("a3")), considered=(considered["A"],))
        tx.ledger.save(second, at=later(2), by="run")
    with store.read() as reader:
        found = {row.source: row for row in reader.ledger.passed_over()}
    assert found == {
        guid("a2"): since(over("a2", message="still no price"), 1),
        guid("b"): since(over("b", "B"), 1),
        guid("a3"): since(over("a3"), 2),
    }
    with store.begin() as tx:
        tx.ledger.save(Changes(considered=(considered["A"],)), at=later(3), by="run")
        assert tx.ledger.passed_over() == [since(over("b", "B"), 1)]


def test_a_row_without_contract_is_kept_and_told_anew(store: Store) -> None:
    """A row that belongs to no contract stays until it is passed over again under one."""
    with store.begin() as tx:
        tx.ledger.save(Changes(passed_over=(over("a", None),)), at=later(1), by="run")
        before = tx.ledger.passed_over()
        tx.ledger.save(Changes(passed_over=(over("a"),), considered=(ContractId(guid("A")),)), at=later(2), by="run")
        assert (before, tx.ledger.passed_over()) == ([since(over("a", None), 1)], [since(over("a"), 1)])
