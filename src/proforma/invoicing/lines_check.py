"""What is wrong with the set-up of a contract's lines, though billing goes on all the same (I-24, I-33)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Final

from proforma.domain.codes import IncludedTasks, TransactionClass
from proforma.domain.contracts import ContractLine, LineCustomer, LineTask
from proforma.domain.ids import ContractLineId, TaskId
from proforma.domain.money import plain, total

_CLASSES: Final = (TransactionClass.TIME, TransactionClass.EXPENSE, TransactionClass.MATERIAL, TransactionClass.FEE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFinding:
    """Something wrong with a contract line, and the other line it is about, if any."""

    reason: str
    message: str
    line_id: ContractLineId
    other_id: ContractLineId | None = None


def shared_ownership(lines: Sequence[ContractLine], tasks: Sequence[LineTask]) -> Iterator[LineFinding]:
    """Pairs of lines that both claim a class of one project: all its tasks twice, or some task twice (I-24)."""
    chosen = {line.id: _tasks_of(line, tasks) for line in lines}
    work = [line for line in lines if line.active and line.is_project_based and line.project_id is not None]
    for one, other in combinations(sorted(work, key=lambda line: (line.order or 0, line.id)), 2):
        if one.project_id == other.project_id and _overlap(chosen[one.id], chosen[other.id]):
            for class_ in _CLASSES:
                if one.includes(class_) and other.includes(class_):
                    message = f"{_name(one)} and {_name(other)} both include {class_.value} of project {one.project_id} (I-24)"
                    yield LineFinding(reason="class-on-two-lines", message=message, line_id=one.id, other_id=other.id)


def shares_not_whole(lines: Sequence[ContractLine], customers: Sequence[LineCustomer]) -> Iterator[LineFinding]:
    """Lines whose customers' percentages do not total 100: their milestones cannot be split (I-33)."""
    for line in lines:
        rows = [c for c in customers if c.active and c.contract_line_id == line.id]
        percent = total(c.percent or Decimal(0) for c in rows)
        if line.active and rows and percent != 100:
            message = f"the customers of {_name(line)} pay {plain(percent)} % together, not 100 (I-33)"
            yield LineFinding(reason="split-not-100", message=message, line_id=line.id)


def _tasks_of(line: ContractLine, tasks: Sequence[LineTask]) -> frozenset[TaskId] | None:
    """The selected tasks of a line; None where it includes all."""
    if line.included_tasks is not IncludedTasks.SELECTED:
        return None
    return frozenset(row.task_id for row in tasks if row.active and row.contract_line_id == line.id and row.task_id is not None)


def _overlap(one: frozenset[TaskId] | None, other: frozenset[TaskId] | None) -> bool:
    return one is None or other is None or bool(one & other)


def _name(line: ContractLine) -> str:
    return f"line {line.description or line.id}"
