"""What a person should know now: each thing that is wrong as one condition, made from status and schedule, or of what the store refuses.

`proforma status --check`, the metric `proforma_condition` and the alerts are three faces of this list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from proforma.domain.errors import ProformaError
from proforma.service.plan import Plan
from proforma.settings import MonitoringSettings
from proforma.store import Store
from proforma.sync.causes import REMEDIES
from proforma.sync.status import RunStatus, Status, Waits

#: Every kind of condition and what it means; docs/operating.md and the metric know no other.
KINDS: Final[Mapping[str, str]] = {
    "store-unusable": "the store cannot be read or written",
    "run-failing": "the last run of a job ended early",
    "did-not-run": "a job is due and has not come to a good end in time",
    "in-doubt": "it is not known whether finance has an invoice",
    "queue-stuck": "a confirmed invoice waits for finance for too long",
    "push-refused": "finance refused an invoice, or holds another document in its place",
    "push-parked": "an invoice waits for a person: whether finance has it, or has what it corrects, cannot be asked",
    "drift": "a document was changed or deleted in finance",
    "rows-held": "rows of Dataverse cannot be mapped",
    "backlog-held": "rows of the backlog cannot be billed",
    "draft-outdated": "a source of a draft changed in Dataverse",
    "upstream-invoice": "an invoice confirmed in Dataverse is held, changed since, or bills other prices than ours",
}


#: What the record of a run calls a cycle that workers did.
SHARED: Final = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong. `subject`: what it is about, a job for instance; with `kind` it names it. No customer is named."""

    kind: str
    message: str
    remedy: str
    subject: str = ""
    cause: str = ""

    @property
    def key(self) -> str:
        """Tells it from every other condition."""
        return f"{self.kind}:{self.subject}"


def conditions_of(status: Status, plan: Plan, settings: MonitoringSettings) -> list[Condition]:
    """Everything that is wrong at the instant of the status."""
    late = timedelta(minutes=settings.late_minutes)
    return [
        *_of_runs(status.runs, {SHARED, *map(plan.kind_of, plan.jobs)}),
        *_of_ticks(status, plan, late),
        *_of_pushes(status, timedelta(minutes=settings.stuck_minutes)),
        *_of_problems(status),
    ]


def _of_runs(runs: Sequence[RunStatus], scheduled: Set[str]) -> Iterator[Condition]:
    """Of what the schedule no longer knows only the newest run counts: nothing will ever put an older one right."""
    newest = max((run.run for run in runs), default=None)
    for run in runs:
        if run.cause is not None and (run.kind in scheduled or run.run == newest):
            message = f"run {run.run} ({run.kind}) ended early: {run.cause}, {run.side}: {run.message}"
            yield Condition(kind="run-failing", subject=run.kind, cause=run.cause, message=message, remedy=run.remedy or "")


def _of_ticks(status: Status, plan: Plan, late: timedelta) -> Iterator[Condition]:
    """A job whose tick came, and came to no good end within the time; without any run at all nothing is expected yet."""
    runs = {run.kind: run for run in status.runs}
    for job in plan.jobs:
        run = runs.get(plan.kind_of(job)) or runs.get(SHARED)
        since = None if run is None else run.last_success or run.failing_since
        expected = None if since is None else plan.expected_after(job, since)
        if expected is not None and status.at > expected + late:
            message = f"{job.name} was due at {expected:%Y-%m-%d %H:%M} UTC and has not come to a good end since"
            remedy = "see whether the daemon or the timer runs (`systemctl status proforma`), then `proforma runs list`"
            yield Condition(kind="did-not-run", subject=job.name, message=message, remedy=remedy)


def _of_pushes(status: Status, stuck: timedelta) -> Iterator[Condition]:
    if status.in_doubt.count:
        message = f"{status.in_doubt.count} invoices were being sent when the answer was lost"
        yield Condition(kind="in-doubt", message=message, remedy="the next push asks finance first; if it lasts, see `proforma push`")
    if _stuck(status.queue, stuck):
        message = f"{status.queue.count} confirmed invoices wait for finance, the oldest for {status.queue.oldest_seconds / 3600:.0f} h"
        yield Condition(kind="queue-stuck", message=message, remedy="see `proforma runs list` and `proforma push`")
    refused = sum(status.push.get(state, 0) for state in ("refused", "conflict"))
    if refused:
        yield Condition(kind="push-refused", message=f"{refused} invoices were refused by finance", remedy="see `proforma problems list`")
    if status.parked:
        message = f"{status.parked} invoices are parked"
        yield Condition(
            kind="push-parked",
            message=message,
            remedy="see `proforma problems list`, look into finance, then `proforma problems retry|drop`",
        )


def _stuck(waits: Waits, stuck: timedelta) -> bool:
    return waits.count > 0 and waits.oldest_seconds > stuck.total_seconds()


#: Kinds of problems, the kind of condition that each is, and what it is called.
_OF_PROBLEMS: Final = {
    "drift": ("drift", "documents differ from what was sent"),
    "row": ("rows-held", "rows are held back"),
    "backlog": ("backlog-held", "rows of the backlog are passed over"),
    "draft": ("draft-outdated", "sources of drafts changed"),
    "held": ("upstream-invoice", "invoices of Dataverse are held"),
    "upstream-changed": ("upstream-invoice", "invoices of Dataverse changed after they were taken over"),
    "price-warning": ("upstream-invoice", "invoices of Dataverse bill other prices than ours"),
}


def _of_problems(status: Status) -> Iterator[Condition]:
    for problem, (kind, words) in _OF_PROBLEMS.items():
        if count := status.problems_by_kind.get(problem, 0):
            yield Condition(kind=kind, subject=problem, message=f"{count} {words}", remedy="see `proforma problems list`")


def unwritable(store: Store) -> list[Condition]:
    """What keeps writers out now; it waits for another writer as long as every stage does."""
    try:
        with store.begin():
            return []
    except ProformaError as fault:
        return [store_unusable(str(getattr(fault, "reason", "store-unreachable")), str(fault))]


def unopened(open_store: Callable[[], Store]) -> Store | Condition:
    """The store, or what is wrong with it."""
    try:
        return open_store()
    except ProformaError as fault:
        return store_unusable(str(getattr(fault, "reason", "store-unreachable")), str(fault))


def store_unusable(code: str, message: str) -> Condition:
    """The store cannot be read or written. `code`: why, as `proforma.sync.causes` calls it."""
    return Condition(kind="store-unusable", cause=code, message=message, remedy=REMEDIES.get(code, REMEDIES["store-unreachable"]))
