"""Whether work added by hand is chargeable (I-25)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proforma.domain.codes import BillingType, IncludedTasks, TransactionClass
from proforma.domain.contracts import ContractLine
from proforma.domain.ids import CategoryId, RoleId, TaskId
from proforma.invoicing.facts import Facts
from proforma.pricing.billing_type import strictest

#: Classes whose tasks count; a fee belongs to a line, not to a task (P-62).
_WORK: Final = frozenset({TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.MATERIAL})


def chargeability(
    facts: Facts,
    line: ContractLine,
    transaction_class: TransactionClass,
    *,
    role_id: RoleId | None = None,
    category_id: CategoryId | None = None,
    task_id: TaskId | None = None,
) -> BillingType:
    """Billing type of new work on a contract line: role (time), category (expense) and, with selected tasks, the task together.

    A class that the line excludes is Not Available. What nobody has set up is chargeable.
    """
    if line.includes(transaction_class) is False:
        return BillingType.NOT_AVAILABLE
    words = [_of_task(facts, line, task_id)] if transaction_class in _WORK else []
    if transaction_class is TransactionClass.TIME:
        words.append(_of_role(facts, line, role_id))
    if transaction_class is TransactionClass.EXPENSE:
        words.append(_of_category(facts, line, category_id))
    return strictest(words)


def _of_role(facts: Facts, line: ContractLine, role_id: RoleId | None) -> BillingType:
    """The line's row for the role, else the role itself."""
    rows = facts.book.line_roles
    own = (r.billing_type for r in rows if r.active and r.contract_line_id == line.id and r.role_id == role_id)
    master = None if role_id is None else facts.book.roles.get(role_id)
    return _first(own) or (None if master is None else master.billing_type) or BillingType.CHARGEABLE


def _of_category(facts: Facts, line: ContractLine, category_id: CategoryId | None) -> BillingType:
    """The line's row for the category, else the category itself."""
    rows = facts.book.line_categories
    own = (r.billing_type for r in rows if r.active and r.contract_line_id == line.id and r.category_id == category_id)
    master = None if category_id is None else facts.book.categories.get(category_id)
    return _first(own) or (None if master is None else master.billing_type) or BillingType.CHARGEABLE


def _of_task(facts: Facts, line: ContractLine, task_id: TaskId | None) -> BillingType:
    """With selected tasks only, the task's row; a task that was not selected is not chargeable."""
    if line.included_tasks is not IncludedTasks.SELECTED:
        return BillingType.CHARGEABLE
    rows = [r for r in facts.book.line_tasks if r.active and r.contract_line_id == line.id and r.task_id == task_id]
    if not rows:
        return BillingType.NON_CHARGEABLE
    return _first(r.billing_type for r in rows) or BillingType.CHARGEABLE


def _first(words: Iterable[BillingType | None]) -> BillingType | None:
    return next((w for w in words if w is not None), None)
