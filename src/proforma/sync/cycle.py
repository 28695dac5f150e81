"""One whole cycle: pull, price, draft when scheduled, confirm when a policy may, push, write back. Each stage commits its own results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from proforma.domain.codes import BillingStatus, InvoiceStatus, Origin, PushStatus
from proforma.domain.errors import ProformaError
from proforma.invoicing import BacklogRow
from proforma.settings.schedule import STAGES, Stage
from proforma.store.statements import chunks
from proforma.sync.causes import cause_of
from proforma.sync.confirm_check import confirm_checked
from proforma.sync.delivery import Pushed
from proforma.sync.draft import Answer, together
from proforma.sync.log_context import naming
from proforma.sync.price import price
from proforma.sync.pull import Pulled
from proforma.sync.workshop import Workshop
from proforma.sync.write_back import WrittenBack

log = logging.getLogger(__name__)

#: What may still be billed.
_OPEN: Final = (BillingStatus.READY, BillingStatus.NOT_READY)
#: Drafts that are confirmed before what came of them is forgotten but for the outcome.
_CONFIRMED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What one cycle did. With `dry_run` nothing was drafted, confirmed or sent: `waiting` says what would have been.

    `stopped`: it was asked to end before its last stage had begun.
    """

    pulled: tuple[Pulled, ...]
    flagged: Answer
    priced: int
    unpriced: int
    taken_over: Answer
    drafted: Answer
    confirmed: Answer
    pushed: tuple[Pushed, ...]
    written_back: tuple[WrittenBack, ...]
    waiting: Mapping[str, int]
    backlog: Mapping[str, int]
    dry_run: bool = False
    stopped: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Figures for the record of runs."""
        return {
            **_pull_counts(self.pulled),
            "priced": self.priced,
            "unpriced": self.unpriced,
            "taken_over": sum(invoice.status is not InvoiceStatus.DRAFT for invoice in self.taken_over.invoices),
            "drafted": len(self.drafted.invoices),
            "confirmed": len(self.confirmed.invoices),
            "pushed": len(self.pushed),
            "written_back": len(self.written_back),
        }

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look."""
        passed_over = self.taken_over.changes.passed_over or self.drafted.changes.passed_over
        refused = passed_over or self.drafted.changes.refusals or self.confirmed.changes.refusals
        held = self.flagged.invoices or any(p.quarantined for p in self.pulled)
        stopped = any(p.needs_a_person for p in self.pushed) or any(w.needs_a_person for w in self.written_back)
        return bool(refused or held) or stopped


def run_cycle(
    workshop: Workshop,
    *,
    as_of: date,
    dry_run: bool = False,
    stages: Collection[Stage] = STAGES,
    go_on: Callable[[], bool] = lambda: True,
    with_lines: bool = False,
) -> Cycle:
    """Runs every stage once, or those named, and keeps a record of the run; a stage that fails ends the cycle, and the next one goes
    on from there. `go_on` is asked before each stage: False ends the cycle in order.

    `with_lines`: what was drafted and confirmed is kept whole, for whoever tells all of it; else memory does not follow the work.
    """
    kind = "sync" if len(stages) == len(STAGES) else "+".join(stage for stage in STAGES if stage in stages)
    # Not the stage's own name: a cycle of a single stage would wait for itself.
    with workshop.store.stage_lock(f"cycle-{kind}"):
        chosen = _Stages(stages, go_on)
        return _recorded(workshop, kind, lambda counts: _stages(workshop, as_of, counts, chosen, dry_run=dry_run, with_lines=with_lines))


class _Stages:
    """Which stages run: those asked for, until somebody says that they shall not go on."""

    def __init__(self, asked: Collection[Stage], go_on: Callable[[], bool]) -> None:
        self._asked = asked
        self._go_on = go_on
        self.stopped = False

    def __contains__(self, stage: Stage) -> bool:
        if stage not in self._asked:
            return False
        self.stopped = self.stopped or not self._go_on()
        return not self.stopped


#: Figures of a run that go into its record even when it ends early.
Counts = dict[str, int]


def _recorded(workshop: Workshop, kind: str, work: Callable[[Counts], Cycle]) -> Cycle:
    so_far: Counts = {}
    with workshop.store.begin() as tx:
        run_id = tx.runs.start(kind, workshop.now())
    with naming(run=run_id):
        log.info("the run begins", extra={"event": "run_begun", "kind": kind})
        try:
            cycle = work(so_far)
        except BaseException as fault:
            _failed(workshop, run_id, fault, so_far)
            raise
        outcome = "stopped" if cycle.stopped else "attention" if cycle.needs_attention else "done"
        counts = {**cycle.counts, **cycle.waiting, **cycle.backlog, **workshop.traffic.counts}
        with workshop.store.begin() as tx:
            tx.runs.finish(run_id, workshop.now(), outcome, counts)
        log.info("the run ends: %s", outcome, extra={"event": "run_ended", "outcome": outcome, **counts})
    return cycle


def _failed(workshop: Workshop, run_id: int, fault: BaseException, so_far: Counts) -> None:
    cause = cause_of(fault, workshop.configuration)
    counts = {**so_far, **workshop.traffic.counts}
    log.info("the run ends early: %s", fault, extra={"event": "run_failed", "cause": cause.code, "side": cause.side, **counts})
    try:
        with workshop.store.begin() as tx:
            tx.runs.finish(run_id, workshop.now(), cause.outcome, counts)
    except ProformaError as other:
        # The store itself may be what failed: the fault of the run is the one to tell, and the run is seen to have died.
        log.error("the end of the run was not recorded: %s", other, extra={"event": "run_not_recorded"})


def _stages(workshop: Workshop, as_of: date, so_far: Counts, stages: _Stages, *, dry_run: bool, with_lines: bool) -> Cycle:
    taken_over = drafted = confirmed = flagged = Answer()
    pulled: list[Pulled] = []
    pushed: list[Pushed] = []
    written_back: tuple[WrittenBack, ...] = ()
    if "pull" in stages:
        for entity in workshop.pull().run():
            pulled.append(entity)
            so_far |= _pull_counts(pulled)
            _tell_pulled(entity)
    priced, unpriced = _price(workshop) if "price" in stages else (0, 0)
    so_far |= {"priced": priced, "unpriced": unpriced}
    if "pull" in stages or "price" in stages:
        # After pricing: work that has only just come must not be told as work without a price.
        flagged = workshop.desk.flag_changed_sources()
    if "draft" in stages and not dry_run:
        taken_over, drafted, confirmed = draft_due(workshop, as_of, with_lines=with_lines)
        so_far |= {"drafted": len(drafted.invoices), "confirmed": len(confirmed.invoices)}
    if "push" in stages and not dry_run:
        for row in workshop.push().run():
            pushed.append(row)
            so_far["pushed"] = len(pushed)
            _tell_pushed(row)
        written_back = tuple(workshop.write_back().run())
    backlog = _backlog(workshop.desk.backlog(), as_of)
    return Cycle(
        pulled=tuple(pulled),
        flagged=flagged,
        priced=priced,
        unpriced=unpriced,
        taken_over=taken_over,
        drafted=drafted,
        confirmed=confirmed,
        pushed=tuple(pushed),
        written_back=written_back,
        waiting=_waiting(workshop, backlog),
        backlog=backlog,
        dry_run=dry_run,
        stopped=stages.stopped,
    )


def _price(workshop: Workshop) -> tuple[int, int]:
    """How many records have a price now, and how many have none."""
    priced = unpriced = 0
    for batch in price(workshop.store, workshop.configuration.pricing, now=workshop.now, progress=workshop.progress):
        priced, unpriced = priced + batch.priced, unpriced + batch.records - batch.priced
    return priced, unpriced


def draft_due(workshop: Workshop, as_of: date, *, with_lines: bool = False) -> tuple[Answer, Answer, Answer]:
    """Takes over what Dataverse confirmed; then drafts what the invoice schedules say is due, and confirms drafts, each where the
    configuration lets a schedule do it. The answers are in short but `with_lines`."""
    policy, desk = workshop.configuration.invoicing, workshop.desk
    runs = desk.periodic_run(as_of=as_of) if policy.schedule else ()
    taken_over = desk.take_over(as_of=as_of)
    drafted = together(run if with_lines else run.in_short() for run in runs)
    confirmations = _confirmations(workshop, as_of) if policy.confirm == "automatic" else ()
    confirmed = together(some if with_lines else some.in_short() for some in confirmations)
    return taken_over, drafted, confirmed


def _confirmations(workshop: Workshop, as_of: date) -> Iterator[Answer]:
    """Confirms every draft made here, no more at a time than a person may (I-93), and so few that memory stays flat."""
    at_once = max(1, min(workshop.configuration.invoicing.bulk_confirm_max, _CONFIRMED_AT_ONCE))
    for names in chunks(_drafts(workshop), at_once):
        yield confirm_checked(workshop, names, as_of=as_of).answer


def _drafts(workshop: Workshop) -> list[str]:
    """Drafts that were made here; a held invoice of Dataverse waits for a person, whatever the policy."""
    with workshop.store.read() as reader:
        invoices = reader.ledger.all_headers()
    return [invoice.id for invoice in invoices if invoice.status is InvoiceStatus.DRAFT and not invoice.is_taken_over]


def left_over(workshop: Workshop, as_of: date) -> Counts:
    """What waits when a cycle has ended: billing backlog, drafts, invoices that finance has not got yet."""
    backlog = _backlog(workshop.desk.backlog(), as_of)
    return {**_waiting(workshop, backlog), **backlog}


def _backlog(rows: Iterable[BacklogRow], as_of: date) -> Counts:
    """Size and age of the billing backlog; its rows are looked at one by one."""
    counts = {"ready_rows": 0, "backlog_rows": 0, "backlog_oldest_days": 0}
    for row in rows:
        if row.status in _OPEN:
            counts["ready_rows"] += row.status is BillingStatus.READY
            counts["backlog_rows"] += 1
            age = 0 if row.day is None else (as_of - row.day).days
            counts["backlog_oldest_days"] = max(counts["backlog_oldest_days"], age)
    return counts


def _waiting(workshop: Workshop, backlog: Counts) -> Counts:
    with workshop.store.read() as reader:
        drafts = reader.ledger.drafts()
        pushes = reader.outbox.counts()
    return {
        "ready_rows": backlog["ready_rows"],
        "drafts": drafts.get(Origin.LOCAL, 0),
        "held": drafts.get(Origin.DATAVERSE, 0),
        "unsent": sum(pushes.get(state, 0) for state in (PushStatus.QUEUED, PushStatus.SENDING)),
    }


def _pull_counts(pulled: Collection[Pulled]) -> Counts:
    return {
        "rows": sum(entity.rows for entity in pulled),
        "deleted": sum(entity.deleted for entity in pulled),
        "quarantined": sum(entity.quarantined for entity in pulled),
    }


def _tell_pulled(entity: Pulled) -> None:
    counts = {"rows": entity.rows, "deleted": entity.deleted, "quarantined": entity.quarantined}
    level = logging.INFO if any(counts.values()) else logging.DEBUG
    log.log(level, "pulled", extra={"event": "pulled", "entity": entity.entity, "mode": entity.mode, "pages": entity.pages, **counts})


def _tell_pushed(row: Pushed) -> None:
    level = logging.WARNING if row.needs_a_person else logging.INFO
    log.log(level, "pushed", extra={"event": "pushed", "record": row.invoice_id, "invoice": row.number, "push": str(row.push)})
