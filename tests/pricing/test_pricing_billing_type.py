"""Whether a record is chargeable (P-62)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pricing_world import World, estimate, expense, ident, material, other, time

from proforma.domain.codes import BillingMethod, BillingType, EstimateOwner, IncludedTasks, TransactionClass, TransactionType
from proforma.domain.contracts import QuoteLine
from proforma.domain.ids import CategoryId, Guid, QuoteId, RecordId, RoleId
from proforma.domain.masters import Category, Role
from proforma.domain.records import PricedRecord
from proforma.pricing.billing_type import billing_type_step

YES, NO, FREE, NA = BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY, BillingType.NOT_AVAILABLE
ALL = (TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.MATERIAL, TransactionClass.FEE)


def billing(world: World, record: PricedRecord) -> BillingType | None:
    """The billing type of a decision."""
    return world.decide(record).billing_type


@pytest.mark.parametrize("own", list(BillingType))
def test_p62_a_value_on_the_record_is_kept(own: BillingType) -> None:
    """P-62: journals and approvals have the last word, even for a class that the line leaves out."""
    world = World()
    world.line("line", includes=())

    assert billing(world, time(billing_type=own)) is own
    assert billing(world, time(billing_type=own, type=TransactionType.COST)) is own


@pytest.mark.parametrize("line", ["line", None])
def test_p62_a_class_left_out_is_not_available(line: str | None) -> None:
    """P-62: on the record's own line, and where no line of the project includes the class."""
    world = World()
    world.line("line", includes=(TransactionClass.TIME,))

    kinds = [
        billing(world, record)
        for record in (time(line=line), expense(line=line), material(line=line), other(TransactionClass.FEE, line=line))
    ]

    assert kinds == [YES, NA, NA, NA]


@pytest.mark.parametrize(
    ("on_line", "master", "expected"),
    [
        (YES, NO, YES),
        (NO, YES, NO),
        (FREE, YES, FREE),
        (NA, YES, NO),
        (None, NO, NO),
        (None, FREE, FREE),
        (None, NA, NO),
        (None, None, YES),
        ("no row", NO, NO),
        ("no row", None, YES),
    ],
)
@pytest.mark.parametrize("kind", [TransactionClass.TIME, TransactionClass.EXPENSE])
def test_p62_the_lines_row_beats_the_master(
    kind: TransactionClass, on_line: BillingType | str | None, master: BillingType | None, expected: BillingType
) -> None:
    """P-62: the role (category) on the line, else the role itself; both empty is chargeable."""
    world = World()
    world.line("line", includes=ALL)
    world.add("roles", Role(id=RoleId(Guid("expert")), billing_type=master))
    world.add("categories", Category(id=CategoryId(Guid("train")), billing_type=master))
    if on_line is None or isinstance(on_line, BillingType):
        world.line_role("line", "expert", on_line)
        world.line_category("line", "train", on_line)
    world.line_role("other line", "expert", FREE)
    world.line_category("other line", "train", FREE)

    record = time(role="expert") if kind is TransactionClass.TIME else expense(category="train")

    assert billing(world, record) is expected


def test_p62_roles_are_for_time_categories_for_expenses() -> None:
    """P-62: material knows neither, time no category, expense no role."""
    world = World()
    world.line("line", includes=ALL)
    world.line_role("line", "developer", NO)
    world.line_category("line", "hotel", FREE)
    both = {"role": "developer", "category": "hotel"}

    kinds = [billing(world, record) for record in (time(**both), expense(**both), material(**both))]  # type: ignore[arg-type]

    assert kinds == [NO, FREE, YES]


@pytest.mark.parametrize(
    ("role", "task", "expected"),
    [
        (YES, YES, YES),
        (YES, NO, NO),
        (NO, YES, NO),
        (FREE, YES, FREE),
        (YES, FREE, FREE),
        (FREE, NO, NO),
        (YES, None, YES),
        (YES, "not selected", NO),
    ],
)
def test_p62_selected_tasks_must_be_chargeable_too(role: BillingType, task: BillingType | str | None, expected: BillingType) -> None:
    """P-62: Non-chargeable beats Complimentary beats Chargeable; on its own line, a task that is not selected is not chargeable."""
    world = World()
    world.line("line", includes=ALL, tasks=IncludedTasks.SELECTED)
    world.line_role("line", "developer", role)
    if task is None or isinstance(task, BillingType):
        world.line_task("line", "design", task)
    world.line_task("line", "build", YES)

    assert billing(world, time(line="line", task="design")) is expected


def test_p62_with_all_tasks_no_task_is_asked() -> None:
    """P-62: rows of tasks count only on a line that selects tasks."""
    world = World()
    world.line("line", includes=ALL, tasks=IncludedTasks.ALL)
    world.line_task("line", "design", NO)

    assert billing(world, time(line="line", task="design")) is YES


def test_p62_the_line_is_found_by_project_class_and_task() -> None:
    """P-62: a record without a line belongs to the one that takes its project, class and task; if none does, it is not available."""
    world = World()
    world.line("time line", includes=(TransactionClass.TIME,), tasks=IncludedTasks.SELECTED)
    world.line_task("time line", "design", NO)
    world.line("expense line", includes=(TransactionClass.EXPENSE,))
    world.line_category("expense line", "hotel", FREE)
    world.line("other project", project="other project", includes=ALL)
    world.line_role("other project", "developer", FREE)
    world.line("other deal's", contract="other deal", includes=ALL)

    assert billing(world, time(task="design")) is NO
    assert billing(world, time(task="build")) is NA
    assert billing(world, expense()) is FREE
    assert billing(world, time(project="other project")) is FREE
    assert billing(world, time(project="unheard of")) is YES


def test_p62_inactive_rows_and_product_lines_say_nothing() -> None:
    """P-62: neither a line that was closed, nor a product on the contract, nor a row that was taken back."""
    world = World()
    world.line("closed", includes=())
    world.line("product", includes=())
    world.line_role("closed", "developer", FREE)
    closed, sold = world.records.contract_lines
    world.records = replace(
        world.records,
        contract_lines=[replace(closed, active=False), replace(sold, is_project_based=False)],
        line_roles=[replace(row, active=False) for row in world.records.line_roles],
    )

    assert billing(world, expense()) is YES
    assert billing(world, time(line="closed", billing_type=None)) is NA
    world.records = replace(world.records, contract_lines=[replace(closed, include_time=True)])
    assert billing(world, time(line="closed")) is YES


def test_p62_of_several_lines_the_first_in_the_contracts_order() -> None:
    """P-62: a set-up that breaks the rule of one owner a class is read in the order of lines; without order no line is chosen."""
    world = World()
    world.line("second", includes=ALL, order=2)
    world.line("first", includes=ALL, order=1)
    world.line_role("first", "developer", NO)
    world.line_role("second", "developer", FREE)
    assert billing(world, time()) is NO

    world = World()
    world.line("a", includes=ALL)
    world.line("b", includes=ALL)
    world.line_role("a", "developer", NO)
    assert billing(world, time()) is YES


def test_p62_a_quote_detail_asks_its_quote_line() -> None:
    """P-62: a class that the quote line leaves out is not available; contract lines do not matter there."""
    world = World()
    world.line("line", includes=())
    world.add(
        "quote_lines",
        QuoteLine(id=RecordId(Guid("quote line")), quote_id=ident(QuoteId, "offer"), include_time=True, include_expense=False),
    )

    def detail(kind: TransactionClass) -> BillingType | None:
        found = estimate(transaction_class=kind, owner=EstimateOwner.QUOTE, quote="offer")
        return billing(world, type(found)(**{**{n: getattr(found, n) for n in found.__dataclass_fields__}, "quote_line_id": "quote line"}))

    assert [detail(kind) for kind in ALL] == [YES, NA, YES, YES]


def test_p62_the_type_does_not_depend_on_the_price() -> None:
    """P-62: an unpriced record has a billing type too."""
    world = World()
    world.line("line", includes=ALL)
    world.line_role("line", "developer", NO)

    decision = world.decide(time())

    assert (decision.reason, decision.billing_type) == ("no-price-list-attached", NO)


def test_p62_a_line_that_leaves_the_class_out_is_not_the_records_line() -> None:
    """P-62, P-2: an expense stamped with a fixed-price line for time alone is priced like any other, and not available for billing."""
    world = World()
    world.price_list("FY26")
    world.category_price("night", "90")
    world.role_price("bill", "200")
    world.line("fixed", includes=(TransactionClass.TIME,), billing_method=BillingMethod.FIXED_PRICE)

    night = world.decide(expense(line="fixed"))

    assert (night.reason, night.billing_type) == ("category-price", NA)
    assert world.decide(time(line="fixed")).reason == "not-priced"


@pytest.mark.parametrize("left_out", ALL)
def test_p62_a_quote_line_leaves_out_one_class_and_no_other(left_out: TransactionClass) -> None:
    """P-62: each of the four classes has its own column; a class without one is never left out, nor is anything by an unknown line."""
    world = World()
    line = QuoteLine(
        id=RecordId(Guid("quote line")),
        quote_id=ident(QuoteId, "offer"),
        include_time=left_out is not TransactionClass.TIME,
        include_expense=left_out is not TransactionClass.EXPENSE,
        include_material=left_out is not TransactionClass.MATERIAL,
        include_fee=left_out is not TransactionClass.FEE,
    )
    world.add("quote_lines", line)

    def detail(kind: TransactionClass, line: str) -> BillingType | None:
        found = estimate(transaction_class=kind, owner=EstimateOwner.QUOTE, quote="offer")
        return billing(world, replace(found, quote_line_id=RecordId(Guid(line))))

    assert [detail(kind, "quote line") for kind in ALL] == [NA if kind is left_out else YES for kind in ALL]
    assert detail(TransactionClass.MILESTONE, "quote line") is YES
    assert detail(left_out, "lost line") is YES


def test_p62_the_step_says_who_decided() -> None:
    """P-62, P-67: the record, the line that leaves it out, or role, category and task with what each of them says."""
    world = World()
    world.line("line", includes=(TransactionClass.TIME, TransactionClass.EXPENSE), tasks=IncludedTasks.SELECTED)
    world.line_task("line", "task", FREE)
    world.line_role("line", "developer", NO)
    world.line_category("line", "hotel", YES)

    def step(record: PricedRecord) -> str:
        return billing_type_step(world.book().facts, record)

    assert [
        step(time(billing_type=YES)),
        step(material(line="line")),
        step(time(line="line", task="task")),
        step(time(line="line", task="another")),
        step(expense(line="line", task="task")),
        step(time(project=None)),
        step(material(project=None)),
        step(other(None, project=None)),
    ] == [
        "P-62 chargeable: as the record says",
        "P-62 not-available: the contract's lines for it leave its class or task out",
        "P-62 non-chargeable: the role says non-chargeable, the task says complimentary",
        "P-62 non-chargeable: the role says non-chargeable, the task says non-chargeable",
        "P-62 complimentary: the category says chargeable, the task says complimentary",
        "P-62 chargeable: the role says chargeable",
        "P-62 chargeable: nothing says otherwise",
        "P-62 chargeable: nothing says otherwise",
    ]
    all_tasks = World()
    all_tasks.line("line", includes=(TransactionClass.MATERIAL,), tasks=IncludedTasks.SELECTED)
    all_tasks.line_task("line", "task", NO)
    said = billing_type_step(all_tasks.book().facts, material(line="line", task="task"))
    assert said == "P-62 non-chargeable: the task says non-chargeable"
