"""Whether a record is chargeable, and on which line of its contract it stands (P-62)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from proforma.domain.codes import BillingMethod, BillingType, IncludedTasks, TransactionClass
from proforma.domain.contracts import ContractLine, LineCategory, LineRole, QuoteLine
from proforma.domain.masters import Category, Role
from proforma.domain.records import Estimate, PricedRecord
from proforma.pricing.case import contract_of, quote_of
from proforma.pricing.facts import Facts

#: Classes whose tasks count; fees, milestones and retainers belong to a line, not to a task.
_WORK: Final = (TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.MATERIAL)


@dataclass(frozen=True, slots=True)
class Placement:
    """The contract line of a record, if there is one; `excluded`: the lines that could be its line leave its class or task out.

    A line that leaves the class out is not the record's line, even if the record names it (P-62).
    """

    line: ContractLine | None
    excluded: bool = False

    @property
    def is_fixed_price(self) -> bool:
        """Whether the record's line is billed by milestones (P-2)."""
        return self.line is not None and self.line.billing_method is BillingMethod.FIXED_PRICE


#: On no contract line.
NOWHERE: Final = Placement(None)


def placement_of(facts: Facts, record: PricedRecord) -> Placement:
    """The record's own contract line, else the line of its contract with its project that includes its class and task (P-62)."""
    if quote_of(facts, record) is not None:
        return _quote_placement(facts, record)
    if record.contract_line_id:
        line = facts.contract_lines.get(record.contract_line_id)
        if line is None:
            return NOWHERE
        return Placement(None, excluded=True) if _leaves_out(line, record) else Placement(line)
    if record.project_id is None:
        return NOWHERE
    lines = facts.lines_by_contract_project.get((contract_of(facts, record), record.project_id), ())
    fitting = [line for line in lines if not _leaves_out(line, record) and _takes_task(facts, line, record)]
    if not fitting:
        return Placement(None, excluded=bool(lines))
    orders = sorted(fitting, key=_order)
    alone = len(orders) == 1 or _order(orders[0]) != _order(orders[1])
    return Placement(orders[0] if alone else None)


def billing_type_of(facts: Facts, record: PricedRecord, placement: Placement) -> BillingType:
    """The type on the record, else Not available for a class its line leaves out, else what role, category and task say (P-62)."""
    if record.billing_type is not None:
        return record.billing_type
    if placement.excluded:
        return BillingType.NOT_AVAILABLE
    line = placement.line
    answers = [_master_answer(facts, record, line)]
    if line is not None and line.included_tasks is IncludedTasks.SELECTED and record.transaction_class in _WORK:
        answers.append(_task_answer(facts, record, line))
    return strictest(answers)


def billing_type_step(facts: Facts, record: PricedRecord) -> str:
    """The sentence that says which billing type the record has, and who said so (P-62)."""
    placement = placement_of(facts, record)
    kind, line = billing_type_of(facts, record, placement), placement.line
    if record.billing_type is not None:
        why = "as the record says"
    elif placement.excluded:
        why = "the contract's lines for it leave its class or task out"
    else:
        masters = {TransactionClass.TIME: "the role", TransactionClass.EXPENSE: "the category"}
        who = masters.get(record.transaction_class) if record.transaction_class else None
        said = [f"{who} says {_master_answer(facts, record, line)}"] if who else []
        if line is not None and line.included_tasks is IncludedTasks.SELECTED and record.transaction_class in _WORK:
            said.append(f"the task says {_task_answer(facts, record, line)}")
        why = ", ".join(said) or "nothing says otherwise"
    return f"P-62 {kind}: {why}"


def strictest(answers: Iterable[BillingType]) -> BillingType:
    """Non-chargeable beats Complimentary beats Chargeable; Not available on a row counts as Non-chargeable (P-62)."""
    kinds = set(answers)
    if not kinds <= {BillingType.CHARGEABLE, BillingType.COMPLIMENTARY}:
        return BillingType.NON_CHARGEABLE
    return BillingType.COMPLIMENTARY if BillingType.COMPLIMENTARY in kinds else BillingType.CHARGEABLE


def _master_answer(facts: Facts, record: PricedRecord, line: ContractLine | None) -> BillingType:
    """Time: the role on the line, else the role itself; expense: category likewise; nothing else is tested."""
    rows: tuple[LineRole | LineCategory, ...]
    master: Role | Category | None
    if record.transaction_class is TransactionClass.TIME:
        rows = facts.line_roles.get((line.id, record.role_id), ()) if line else ()
        master = facts.roles.get(record.role_id) if record.role_id else None
    elif record.transaction_class is TransactionClass.EXPENSE:
        rows = facts.line_categories.get((line.id, record.category_id), ()) if line else ()
        master = facts.categories.get(record.category_id) if record.category_id else None
    else:
        return BillingType.CHARGEABLE
    own = [row.billing_type for row in rows if row.billing_type is not None]
    return strictest(own) if own else strictest([(master and master.billing_type) or BillingType.CHARGEABLE])


def _task_answer(facts: Facts, record: PricedRecord, line: ContractLine) -> BillingType:
    """What the line says of the record's task; a task it does not select is not chargeable."""
    rows = facts.line_tasks.get((line.id, record.task_id), ())
    return strictest(row.billing_type or BillingType.CHARGEABLE for row in rows) if rows else BillingType.NON_CHARGEABLE


def _takes_task(facts: Facts, line: ContractLine, record: PricedRecord) -> bool:
    if line.included_tasks is not IncludedTasks.SELECTED or record.transaction_class not in _WORK:
        return True
    return (line.id, record.task_id) in facts.line_tasks


def _leaves_out(line: ContractLine, record: PricedRecord) -> bool:
    """Whether the line says no to the record's class; an empty column does not."""
    return record.transaction_class is not None and line.includes(record.transaction_class) is False


def _order(line: ContractLine) -> tuple[bool, int]:
    return (line.order is None, line.order or 0)


def _quote_placement(facts: Facts, record: PricedRecord) -> Placement:
    """A quote detail has no contract line; its quote line may leave its class out."""
    line_id = record.quote_line_id if isinstance(record, Estimate) else None
    line = facts.quote_lines.get(line_id) if line_id else None
    return Placement(None, excluded=line is not None and _quote_leaves_out(line, record.transaction_class))


def _quote_leaves_out(line: QuoteLine, transaction_class: TransactionClass | None) -> bool:
    match transaction_class:
        case TransactionClass.TIME:
            return line.include_time is False
        case TransactionClass.EXPENSE:
            return line.include_expense is False
        case TransactionClass.MATERIAL:
            return line.include_material is False
        case TransactionClass.FEE:
            return line.include_fee is False
        case _:
            return False
