"""Changing drafts: edit, add, remove, refresh, delete, and sources that change underneath."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from invoicing_world import DEAL, NOT_READY, READY, TODAY, ActualFields, D, Deal, by_hand, day, invoice_id, lines, reasons

from proforma.domain.codes import (
    AdjustmentStatus,
    AmountMethod,
    BillingMethod,
    BillingStatus,
    BillingType,
    ContractState,
    IncludedTasks,
    InvoiceStatus,
    TransactionClass,
)
from proforma.domain.contracts import LineCategory, LineRole, LineTask
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CategoryId, Guid, RecordId, RoleId, TaskId
from proforma.domain.invoices import Changes
from proforma.domain.masters import Role
from proforma.domain.records import Actual
from proforma.invoicing import delete, edit, line_sums, refresh, source_changes


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"quantity": "6"}, "a 6 x 200.00 = 1200.00"),
        ({"price": "33.335", "quantity": "1"}, "a 1 x 33.335 = 33.34"),
        ({"quantity": "0"}, "a 0 x 200.00 = 0.00"),
        ({"billing_type": "complimentary"}, "a 8 x 200.00 = 1600.00 complimentary"),
        ({"description": "Hours of March"}, "a 8 x 200.00 = 1600.00"),
    ],
)
def test_amount_follows_an_edit(changes: dict[str, str], detail: str) -> None:
    """I-81, I-82: quantity × price, rounded once, half away from zero; texts and types leave the amount alone."""
    deal = Deal()
    deal.work("a")
    deal.create()

    assert deal.edit("a", **changes).refusals == ()

    assert [text.split(": ")[1] for text in lines(deal.invoice())] == [detail]


def test_an_edit_taken_back_is_no_edit() -> None:
    """I-111: with the old quantity the stored amount returns, a cent off as it was, and the confirmation is that of an unedited row."""
    deal = Deal()
    deal.work("a", amount="1600.01")
    deal.create()

    deal.edit("a", quantity="6")
    assert deal.invoice().total == D("1200.00")
    deal.edit("a", quantity="8.0")
    deal.confirm()

    assert deal.ledger() == ["R U a -8 -1600.01", "B a 8.0 1600.01"]
    assert deal.row("a").adjustment is None


@pytest.mark.parametrize(
    ("method", "changes", "amount"),
    [
        (AmountMethod.FIXED_PRICE, {"price": "90.00"}, "90.00"),
        (AmountMethod.FIXED_PRICE, {"quantity": "2"}, "100.00"),
        (AmountMethod.FIXED_PRICE, {"quantity": "0"}, "0.00"),
        (AmountMethod.BASIS_QUANTITY_BY_PRICE, {"price": "90.00"}, "450.00"),
        (AmountMethod.QUANTITY_BY_PRICE, {"price": "90.00"}, "270.00"),
    ],
)
def test_amount_method_decides_the_new_amount(method: AmountMethod, changes: dict[str, str], amount: str) -> None:
    """I-111: a fixed price is the amount, a basis quantity (5) stands for the quantity (3)."""
    deal = Deal()
    record = deal.work("a", hours="3", price="100.00", amount="100.00")
    deal.book = replace(deal.book, actuals=(replace(record, amount_method=method, basis_quantity=D(5)),))
    deal.create()

    deal.edit("a", **changes)

    assert deal.invoice().total == D(amount)


@pytest.mark.parametrize(
    ("changes", "total", "ledger"),
    [
        ({"quantity": "2"}, "75.00", ["R U a -3 -75.00", "U a 2 75.00", "U a 1 0 non-chargeable"]),
        ({"price": "90.00"}, "75.00", ["R U a -3 -75.00", "U a 3 75.00"]),
        ({"quantity": "0"}, "0.00", ["R U a -3 -75.00", "U a 3 75.00 non-chargeable"]),
    ],
)
def test_a_percentage_stays_a_percentage(changes: dict[str, str], total: str, ledger: list[str]) -> None:
    """I-111: 15 % of 500.00 are 75.00 whatever quantity and price say, and a lowered quantity leaves no money over (I-10)."""
    deal = Deal()
    record = deal.work("a", hours="3", price="25.00", amount="75.00")
    method = AmountMethod.BASIS_AMOUNT_BY_PERCENT
    deal.book = replace(deal.book, actuals=(replace(record, amount_method=method, basis_amount=D(500), percent=D(15)),))
    deal.create()
    deal.edit("a", **changes)
    deal.confirm()

    assert deal.invoice().total == D(total)
    assert deal.ledger()[: len(ledger)] == ledger


def test_a_row_without_price_is_edited_in_proportion() -> None:
    """I-55a, I-82: 100.00 for 3 h has no exact price; 2 h are 66.67."""
    deal = Deal()
    deal.work("a", hours="3", price=None, amount="100.00")
    deal.create()

    deal.edit("a", quantity="2")

    assert lines(deal.invoice()) == ["work time 66.67: a 2 x ? = 66.67"]


@pytest.mark.parametrize(
    ("source", "changes", "reason"),
    [
        ("a", {"quantity": "-1"}, "negative-quantity"),
        ("a", {"quantity": "many"}, "not-editable"),
        ("a", {"quantity": "NaN"}, "not-editable"),
        ("a", {"billing_type": "not-available"}, "not-editable"),
        ("a", {"billing_type": "gratis"}, "not-editable"),
        ("a", {"day": "2026-01-01"}, "not-editable"),
        ("a", {"role": "boss"}, "not-editable"),
        ("m", {"quantity": "2"}, "not-editable"),
        ("m", {"price": "1.00"}, "not-editable"),
        ("p", {"price": "1.00"}, "not-editable"),
        ("p", {"description": "Box"}, "not-editable"),
        ("r", {"price": "1.00"}, "not-editable"),
        ("applied", {"price": "-1.00"}, "not-editable"),
        ("nobody", {"quantity": "1"}, "not-editable"),
    ],
)
def test_what_cannot_be_edited(source: str, changes: dict[str, str], reason: str) -> None:
    """I-81: work by figures, type and texts; milestones by type, tax and texts; products by tax; retainers not at all."""
    deal = Deal()
    deal.work("a")
    deal.milestone("m")
    deal.product("p")
    deal.retainer("r", status=READY)
    deal.retainer("applied", "10.00")
    deal.create()
    before = deal.invoice()

    assert reasons(deal.edit(source, **changes)) == {source: reason}
    assert deal.invoice() == before


def test_what_can_be_edited_on_milestones_and_products() -> None:
    """I-81: a milestone may be given away, a tax may be typed anywhere but on retainers."""
    deal = Deal()
    deal.milestone("m", "500.00")
    deal.product("p")
    deal.create()

    deal.edit("m", billing_type="non-chargeable", tax="0", description="For free")
    deal.edit("p", tax="12.50")

    assert lines(deal.invoice())[0] == "build milestone 0: m 1 x 500.00 = 500.00 non-chargeable"
    assert [d.tax for d in deal.invoice().details] == [D(0), D("12.50")]
    deal.edit("p", tax="")
    assert [d.tax for d in deal.invoice().details] == [D(0), None]


def test_a_credit_row_may_stay_negative() -> None:
    """I-81, I-114: only where the source is negative."""
    deal = Deal()
    deal.work("a")
    deal.work("credit", hours="-2")
    deal.create()

    deal.edit("credit", quantity="-3")

    assert deal.invoice().total == D("1000.00")


def test_saying_what_is_already_said_is_no_event() -> None:
    """An edit without effect leaves no trace."""
    deal = Deal()
    deal.work("a")
    deal.create()

    assert deal.edit("a", quantity="8", price="200.00") == Changes()


def test_only_drafts_can_be_changed() -> None:
    """I-80, I-102: after confirmation or deletion every change is refused; an unknown invoice is said to be unknown."""
    deal = Deal()
    deal.work("a")
    deal.retainer("r")
    deal.create()
    deal.confirm()

    assert reasons(deal.edit("a", quantity="1")) == {"a": "confirmed"}
    assert reasons(deal.remove("a")) == {"a": "confirmed"}
    assert reasons(deal.add(by_hand("x", "1"))) == {"x": "confirmed"}
    assert reasons(deal.apply("r", "1")) == {"r": "confirmed"}
    assert reasons(deal.refresh()) == {"new-001": "confirmed"}
    assert reasons(deal.delete()) == {"new-001": "confirmed"}
    assert reasons(deal.confirm()) == {"new-001": "confirmed"}
    assert reasons(delete(deal.book, deal.clerk, invoice_id=invoice_id("none"))) == {"none": "unknown-invoice"}


# ---- by hand -----------------------------------------------------------------------------------------------------------


def test_a_detail_by_hand_is_its_own_source() -> None:
    """I-83: it joins the line of its class, can be edited, and vanishes when removed."""
    deal = Deal()
    deal.work("a")
    deal.create()

    deal.add(by_hand("extra", "125.00"))
    deal.edit("extra", quantity="2")
    assert lines(deal.invoice())[1:] == ["work fee 250.00: extra 2 x 125.00 = 250.00"]

    deal.remove("extra")
    assert lines(deal.invoice())[1:] == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"transaction_class": TransactionClass.MILESTONE}, "class-not-included"),
        ({"line": "no-fees"}, "class-not-included"),
        ({"line": "nowhere"}, "no-contract-line"),
        ({"line": "others"}, "no-contract-line"),
        ({"line": "box"}, "no-contract-line"),
        ({"quantity": "-1"}, "negative-quantity"),
        ({"billing_type": BillingType.NOT_AVAILABLE}, "not-editable"),
        ({"price": None}, "unpriced"),
        ({"id": "a"}, "not-editable"),
        ({"id": "waiting"}, "not-editable"),
    ],
)
def test_what_cannot_be_added(said: dict[str, object], reason: str) -> None:
    """I-83: only work of a class that the line includes, on a project line of the contract, under an id of its own."""
    deal = Deal()
    deal.line("no-fees", fee=False)
    deal.contract("other")
    deal.line("others", contract="other")
    deal.product("box", status=NOT_READY)
    deal.work("a")
    deal.work("waiting", status=NOT_READY)
    deal.create()
    words = {"id": "x", "price": "10.00", **said}

    changes = deal.add(by_hand(str(words.pop("id")), words.pop("price"), **words))  # type: ignore[arg-type]

    assert list(reasons(changes).values()) == [reason]


def test_a_missing_price_is_asked_of_pricing() -> None:
    """I-83: pricing sees the detail as an unbilled actual of the invoice's contract, customer and currency."""
    deal = Deal()
    deal.work("a")
    deal.create()
    asked: list[Actual] = []

    def price(actual: Actual) -> PriceDecision:
        asked.append(actual)
        found = D("80.00") if actual.id == "x" else None
        return PriceDecision(record_id=actual.id, table=actual.table, side=None, rule="P-33", reason="role-price", price=found)

    deal.add(replace(by_hand("x", None, transaction_class=TransactionClass.TIME), role_id=RoleId(Guid("dev"))), price=price)

    assert lines(deal.invoice()) == ["work time 1680.00: a 8 x 200.00 = 1600.00, x 1 x 80.00 = 80.00"]
    record = asked[0]
    assert (record.contract_id, record.contract_line_id, record.customer_id, record.transaction_date) == (DEAL, "work", "acme", TODAY)
    assert (record.dimensions, record.currency_id, record.quantity) == ({"role": "dev"}, "USD", D(1))
    assert reasons(deal.add(by_hand("y", None), price=price)) == {"y": "unpriced"}


@pytest.mark.parametrize(
    ("role", "category", "task", "transaction_class", "expected"),
    [
        ("dev", None, "design", TransactionClass.TIME, "chargeable"),
        ("boss", None, "design", TransactionClass.TIME, "non-chargeable"),
        ("temp", None, "design", TransactionClass.TIME, "complimentary"),
        ("dev", None, "travel", TransactionClass.TIME, "non-chargeable"),
        ("dev", None, None, TransactionClass.TIME, "non-chargeable"),
        ("boss", "food", "design", TransactionClass.EXPENSE, "non-chargeable"),
        ("boss", "hotel", "design", TransactionClass.EXPENSE, "chargeable"),
        ("boss", "food", "design", TransactionClass.MATERIAL, "chargeable"),
        ("boss", "food", None, TransactionClass.FEE, "chargeable"),
    ],
)
def test_chargeability_of_work_by_hand(
    role: str, category: str | None, task: str | None, transaction_class: TransactionClass, expected: str
) -> None:
    """I-25: role for time, category for expense, the task for all work of a line with selected tasks; all must allow it."""
    deal = Deal()
    deal.work("a")
    deal.create()
    line = next(line for line in deal.book.lines if line.id == "work")
    deal.book = replace(
        deal.book,
        lines=[replace(line, included_tasks=IncludedTasks.SELECTED)],
        line_roles=[_role("boss", BillingType.NON_CHARGEABLE, line.id), _role("dev", BillingType.CHARGEABLE, line.id)],
        line_categories=[
            LineCategory(
                id=RecordId(Guid("c")),
                contract_line_id=line.id,
                category_id=CategoryId(Guid("food")),
                billing_type=BillingType.NON_CHARGEABLE,
            )
        ],
        line_tasks=[LineTask(id=RecordId(Guid("t")), contract_line_id=line.id, task_id=TaskId(Guid("design")), billing_type=None)],
        roles={RoleId(Guid("temp")): Role(id=RoleId(Guid("temp")), billing_type=BillingType.COMPLIMENTARY)},
    )
    detail = replace(
        by_hand("x", "10.00", transaction_class=transaction_class, billing_type=None),
        role_id=RoleId(Guid(role)),
        category_id=None if category is None else CategoryId(Guid(category)),
        task_id=None if task is None else TaskId(Guid(task)),
    )

    deal.add(detail)

    assert [d.billing_type.value for d in deal.invoice().details if d.source == "x"] == [expected]


def _role(word: str, type_: BillingType, line: Guid) -> LineRole:
    return LineRole(id=RecordId(Guid(word)), contract_line_id=line, role_id=RoleId(Guid(word)), billing_type=type_)  # type: ignore[arg-type]


# ---- remove, refresh, delete -------------------------------------------------------------------------------------------


def test_a_removed_row_is_ready_and_picked_again() -> None:
    """I-84: it goes on the next invoice, and a line without details vanishes."""
    deal = Deal()
    deal.work("a")
    deal.work("flight", transaction_class=TransactionClass.EXPENSE)
    deal.create()

    deal.remove("flight")
    assert [line.type.value for line in deal.invoice().lines] == ["time"]
    assert deal.statuses("a", "flight") == ["invoice-created", "ready"]

    deal.create()
    assert [[d.source for d in i.details] for i in deal.book.invoices] == [["a"], ["flight"]]


def test_refresh_adds_what_became_ready_and_keeps_edits() -> None:
    """I-85: also milestones and products, dated up to the refresh; nothing twice, nothing of other customers, edits stay."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.edit("a", quantity="6")
    deal.work("b", on=day("04-02"))
    deal.work("theirs", customer="bolt")
    deal.milestone("m", "500.00")
    deal.product("p")

    assert deal.refresh(as_of=day("04-01")).refusals == ()
    assert deal.refresh(as_of=day("04-01")).happenings == ()

    assert lines(deal.invoice()) == [
        "work time 1200.00: a 6 x 200.00 = 1200.00",
        "build milestone 500.00: m 1 x 500.00 = 500.00",
        "p product 50.00: p 1 x 50.00 = 50.00",
    ]


def test_refresh_needs_an_active_contract() -> None:
    """I-21: a contract that was closed takes nothing new."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.book = replace(deal.book, contracts=[replace(c, state=ContractState.CLOSED) for c in deal.book.contracts])

    assert reasons(deal.refresh()) == {"new-001": "contract-not-active"}


def test_a_deleted_draft_frees_everything() -> None:
    """I-101: sources are ready, the number stays used, hand-added details are gone, and the next creation makes the same draft."""
    deal = Deal()
    deal.work("a")
    deal.milestone("m")
    deal.product("p")
    deal.retainer("r", status=READY)
    deal.create()
    before = lines(deal.invoice())
    deal.add(by_hand("x", "5.00"))

    deal.delete()
    assert deal.invoice().status is InvoiceStatus.DELETED
    assert deal.statuses("a", "m", "p", "r") == ["ready"] * 4

    deal.create()
    assert lines(deal.invoice()) == before
    assert [i.number for i in deal.book.invoices] == ["PF-000001", "PF-000002"]


def test_sums_of_a_line() -> None:
    """I-86: chargeable, non-chargeable, complimentary, and what the line was invoiced before."""
    deal = Deal()
    deal.work("first", hours="1")
    deal.create()
    deal.confirm()
    deal.work("a")
    deal.work("b", hours="2", billing_type=BillingType.NON_CHARGEABLE)
    deal.work("c", hours="1", billing_type=BillingType.COMPLIMENTARY)
    deal.create()

    sums = line_sums(deal.book, deal.invoice(), deal.invoice().lines[0])

    assert (sums.chargeable, sums.non_chargeable, sums.complimentary, sums.invoiced_before) == (D(1600), D(400), D(200), D(200))


# ---- sources that change -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"hours": "7"},
        {"price": "210.00"},
        {"billing_type": BillingType.NON_CHARGEABLE},
        {"adjustment": AdjustmentStatus.ADJUSTED},
        {"adjustment": AdjustmentStatus.IN_PROCESS},
        {"customer": "bolt"},
        {"line": "extra"},
        {"status": BillingStatus.CANCELED},
        {"status": BillingStatus.INVOICE_POSTED},
        {"held_by": "theirs"},
    ],
)
def test_a_changed_source_flags_its_draft(said: ActualFields) -> None:
    """I-8, I-89: the draft cannot be confirmed, flagged or not yet, until the detail is removed; then its flag goes too."""
    deal = Deal()
    deal.line("extra")
    deal.work("a")
    deal.work("b")
    deal.create()
    assert source_changes(deal.book).happenings == ()

    deal.work("a", **said)
    assert set(reasons(deal.confirm()).values()) == {"source-changed"}
    deal.commit(source_changes(deal.book))
    assert deal.invoice().flags == ("a",)
    assert source_changes(deal.book).happenings == ()

    deal.remove("a")
    assert deal.invoice().flags == ()
    assert deal.confirm().refusals == ()


@pytest.mark.parametrize(
    ("line", "changed", "flagged"),
    [
        ("work", {"billing_method": BillingMethod.FIXED_PRICE}, "a"),
        ("work", {"billing_method": None}, "a"),
        ("work", {"active": False}, "a"),
        ("build", {"billing_method": BillingMethod.TIME_AND_MATERIAL}, "m"),
    ],
)
def test_a_contract_line_that_bills_such_rows_no_more_flags_its_draft(line: str, changed: dict[str, Any], flagged: str) -> None:
    """I-2, I-22, I-59, I-89: work on what became a fixed-price line is not billed, nor a milestone on a line by the hour."""
    deal = Deal()
    deal.work("a")
    deal.milestone("m", amount="500.00")
    deal.create()
    deal.book = replace(deal.book, lines=[replace(one, **changed) if one.id == line else one for one in deal.book.lines])

    assert reasons(deal.confirm()) == {deal.invoice().id: "source-changed"}
    deal.commit(source_changes(deal.book))
    assert deal.invoice().flags == (flagged,)
    deal.refresh()

    assert flagged not in [d.source for d in deal.invoice().details]
    assert deal.invoice().flags == ()
    assert deal.confirm().refusals == ()


def test_a_source_that_changes_back_takes_its_flag_away() -> None:
    """Section 20: a journal that is dropped leaves nothing to complain about; Dataverse's own ready and not ready never did."""
    deal = Deal()
    deal.work("a")
    deal.create()
    deal.work("a", adjustment=AdjustmentStatus.IN_PROCESS)
    deal.commit(source_changes(deal.book))

    deal.work("a", status=NOT_READY)
    deal.commit(source_changes(deal.book))

    assert deal.invoice().flags == ()
    assert deal.confirm().refusals == ()


def test_a_vanished_source_flags_and_a_refresh_takes_it_off() -> None:
    """Promise 2: an actual, milestone, product or retainer that Dataverse deleted; the refreshed draft bills the rest."""
    deal = Deal()
    deal.work("a")
    deal.work("gone")
    deal.milestone("m")
    deal.product("p")
    deal.retainer("r", status=READY)
    deal.create()
    deal.vanish("gone")
    deal.book = replace(deal.book, milestones=(), retainers=(), lines=[line for line in deal.book.lines if line.id != "p"])

    deal.commit(source_changes(deal.book))
    assert deal.invoice().flags == ("gone", "m", "p", "r")
    deal.refresh()

    assert [d.source for d in deal.invoice().details] == ["a"]
    assert deal.invoice().flags == ()


def test_a_refresh_reads_changed_sources_again_but_keeps_edits() -> None:
    """I-8, I-85: new figures where nobody had edited; an edit stays and is told apart from what the source says now."""
    deal = Deal()
    deal.work("a")
    deal.work("b")
    deal.create()
    deal.edit("b", quantity="6")
    deal.work("a", hours="5")
    deal.work("b", hours="7")
    deal.commit(source_changes(deal.book))

    deal.refresh()
    assert lines(deal.invoice()) == ["work time 2200.00: a 5 x 200.00 = 1000.00, b 6 x 200.00 = 1200.00"]
    assert deal.invoice().flags == ()

    deal.confirm()
    assert deal.ledger()[:2] == ["R U a -5 -1000.00", "B a 5 1000.00"]
    assert deal.ledger()[2] == "R U b -7 -1400.00"


def test_a_retainer_that_dataverse_used_meanwhile_flags_the_draft() -> None:
    """I-67, I-89: a draft cannot use more than is left; a refresh applies what there is."""
    deal = Deal()
    deal.retainer("r", "1000.00")
    deal.work("a", hours="4")
    deal.create()
    deal.retainer("r", "1000.00", used="700.00")
    deal.commit(source_changes(deal.book))
    assert deal.invoice().flags == ("r",)

    deal.refresh()

    assert lines(deal.invoice())[1:] == ["- advance-applied -300.00: r 1 x -300.00 = -300.00"]
    assert deal.confirm().refusals == ()


def test_a_new_price_decision_flags_an_unconfirmed_row() -> None:
    """I-89: a row billed at our own price is read again when that price changes; a decision that was not loaded says nothing."""
    deal = Deal()
    deal.work("a", price=None, amount=None)

    def decide(price: str) -> dict[RecordId, PriceDecision]:
        id_ = RecordId(Guid("a"))
        decision = PriceDecision(
            record_id=id_, table="msdyn_actuals", side=None, rule="P-33", reason="role-price", price=D(price), amount=D(price) * 8
        )
        return {id_: decision}

    deal.book = replace(deal.book, decisions=decide("100.00"))
    deal.create()
    deal.book = replace(deal.book, decisions={})
    assert source_changes(deal.book).happenings == ()

    deal.book = replace(deal.book, decisions=decide("110.00"))
    deal.commit(source_changes(deal.book))
    assert deal.invoice().flags == ("a",)
    deal.refresh()
    assert deal.invoice().total == D("880.00")


def test_corrections_take_no_new_work() -> None:
    """I-97: neither by refresh, nor by hand, nor from retainers, nor by adding to an existing draft."""
    deal = Deal()
    deal.retainer("r", "50.00")
    deal.work("a")
    deal.create()
    deal.confirm()
    deal.correct()
    correction = deal.invoice().id
    deal.work("b")

    assert reasons(refresh(deal.book, deal.clerk, invoice_id=correction, as_of=TODAY)) == {correction: "not-editable"}
    assert reasons(deal.add(by_hand("x", "1"))) == {"x": "not-editable"}
    assert reasons(deal.apply("r", "1")) == {"r": "not-editable"}
    assert reasons(edit(deal.book, deal.clerk, invoice_id=correction, source=deal.row("a").source, changes={"description": "x"})) == {
        "a": "not-editable"
    }
    deal.create(to_existing=True)
    assert [[d.source for d in i.details] for i in deal.book.invoices] == [["a", "r"], ["a", "r"], ["b"]]
