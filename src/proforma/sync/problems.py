"""What waits for a person, from all stages in one list, and what a person may do about it (promise 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from proforma.domain.codes import PushStatus
from proforma.domain.errors import ConfigurationError
from proforma.store import Reader, Store
from proforma.sync.adoption import ADOPT
from proforma.sync.follow import DRIFT
from proforma.sync.shadow import SHADOW
from proforma.sync.taking_over import ENTITY as UPSTREAM
from proforma.sync.taking_over import HELD, give_up
from proforma.sync.write_back import WRITE_BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProblem:
    """One thing that needs a person.

    `kind`: row (not mapped), backlog (passed over), draft, push, drift (changed in finance), write-back, adopt, shadow.
    Of invoices of Dataverse: held (not taken over, or not yet), upstream-changed (since it was), price-warning (taken over all the same).
    """

    id: str
    kind: str
    entity: str | None
    source: str | None
    reason: str
    message: str
    since: datetime


def open_problems(reader: Reader) -> list[OpenProblem]:
    """Everything that waits for a person, oldest first."""
    problems = [
        OpenProblem(
            id=str(row.id), kind=row.kind, entity=row.entity, source=row.source, reason=row.reason, message=row.message, since=row.since
        )
        for row in reader.quarantine.open()
    ]
    for row in reader.ledger.passed_over():
        problems.append(
            OpenProblem(
                id=f"b-{row.source[:8]}",
                kind="backlog",
                entity=None,
                source=row.source,
                reason=row.reason,
                message=row.message,
                since=row.since,
            )
        )
    for invoice in reader.ledger.all_headers():
        for source in invoice.flags:
            message = f"draft {invoice.number}: this source changed or vanished in Dataverse; refresh the draft or remove the detail"
            problems.append(
                OpenProblem(
                    id=f"d-{invoice.number}", kind="draft", entity="invoice", source=source, reason="source-changed", message=message,
                    since=invoice.created_at,
                )
            )  # fmt: skip
    return sorted(problems, key=lambda problem: (problem.since, problem.id))


def retry_problem(store: Store, problem_id: str, *, at: datetime, by: str) -> str:
    """Tries again what can be tried again, and says what happens next.

    A refused or parked push goes back into the queue; a conflict does so only once the other document is gone, which the next push
    finds out by asking. What was changed in finance is looked at again; when it is as we sent it, the problem is gone.
    Raises ConfigurationError for an unknown problem.
    """
    if problem_id.startswith(("b-", "d-")):
        return "judged anew at the next `invoice create`, `invoice refresh` or `draft`"
    with store.begin() as tx:
        problem = tx.quarantine.get(_number(problem_id))
        if problem is None:
            raise ConfigurationError(f"there is no problem {problem_id}", hint="see `proforma problems list`")
        if problem.kind == DRIFT and problem.source is not None:
            if (row := tx.outbox.claim(problem.source, by, at, 0)) is not None:
                tx.outbox.follow_at(row, at)
            return "finance is asked again by the next `proforma push`"
        if problem.kind in (ADOPT, SHADOW):
            return "looked at again by the next `proforma push`"
        if problem.kind == WRITE_BACK and problem.source is not None:
            tx.write_backs.requeue(problem.entity or "", problem.source, at)
            tx.quarantine.resolve(problem.entity, [problem.source], kind=WRITE_BACK)
            return "queued again; `proforma write-back` writes it"
        if problem.entity == UPSTREAM:
            return "judged anew by the next `proforma draft` or `proforma sync`"
        if problem.kind != "push" or problem.source is None:
            return f"read again by the next `proforma pull {problem.entity} --full`"
        tx.outbox.requeue(problem.source, at=at, by=by)
        tx.quarantine.resolve("invoice", [problem.source], kind="push")
    return "queued again; `proforma push` sends it"


def drop_problem(store: Store, problem_id: str, *, reason: str, at: datetime, by: str) -> None:
    """Takes a problem off the list for a recorded reason. Raises ConfigurationError when it cannot be dropped, or nobody says why."""
    if not reason.strip():
        raise ConfigurationError("the reason is empty", hint="say why it may be forgotten: it stays on record")
    if problem_id.startswith(("b-", "d-")):
        raise ConfigurationError(
            f"problem {problem_id} is about a row of the backlog and disappears when the row is in order",
            hint="correct it in Dataverse, then pull",
        )
    with store.begin() as tx:
        problem = tx.quarantine.get(_number(problem_id))
        if problem is None:
            raise ConfigurationError(f"there is no problem {problem_id}", hint="see `proforma problems list`")
        if problem.kind == "push" and problem.source is not None:
            row = tx.outbox.claim(problem.source, by, at, 0)
            if row is not None:
                tx.outbox.result(row, PushStatus.CANCELLED, at=at, message=f"given up by {by}: {reason}")
        if problem.kind == HELD and problem.source is not None:
            give_up(tx, problem.source, at=at, by=by)
        tx.quarantine.drop(problem.id, reason, by, at)


def _number(problem_id: str) -> int:
    if not problem_id.isdigit():
        raise ConfigurationError(f"{problem_id!r} is no id of a problem", hint="see `proforma problems list`")
    return int(problem_id)
