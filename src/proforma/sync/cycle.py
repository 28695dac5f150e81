"""One whole cycle: pull, price, draft when scheduled, confirm when a policy may, push, write back. Each stage commits its own results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

from proforma.domain.codes import InvoiceStatus
from proforma.settings.schedule import STAGES, Stage
from proforma.sync.confirm_check import confirm_checked
from proforma.sync.delivery import Pushed
from proforma.sync.draft import Answer
from proforma.sync.price import price
from proforma.sync.pull import Pulled
from proforma.sync.workshop import Workshop
from proforma.sync.write_back import WrittenBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What one cycle did. With `dry_run` nothing was drafted, confirmed or sent: `waiting` says what would have been."""

    pulled: tuple[Pulled, ...]
    priced: int
    unpriced: int
    taken_over: Answer
    drafted: Answer
    confirmed: Answer
    pushed: tuple[Pushed, ...]
    written_back: tuple[WrittenBack, ...]
    waiting: Mapping[str, int]
    dry_run: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Figures for the record of runs."""
        return {
            "rows": sum(entity.rows for entity in self.pulled),
            "deleted": sum(entity.deleted for entity in self.pulled),
            "quarantined": sum(entity.quarantined for entity in self.pulled),
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
        held = any(p.quarantined for p in self.pulled)
        stopped = any(p.needs_a_person for p in self.pushed) or any(w.needs_a_person for w in self.written_back)
        return bool(refused) or held or stopped


def run_cycle(
    workshop: Workshop,
    *,
    as_of: date,
    dry_run: bool = False,
    stages: Collection[Stage] = STAGES,
    go_on: Callable[[], bool] = lambda: True,
) -> Cycle:
    """Runs every stage once, or those named, and keeps a record of the run; a stage that fails ends the cycle, and the next one goes
    on from there. `go_on` is asked before each stage: False ends the cycle in order."""
    kind = "sync" if len(stages) == len(STAGES) else "+".join(stage for stage in STAGES if stage in stages)
    # Not the stage's own name: a cycle of a single stage would wait for itself.
    with workshop.store.stage_lock(f"cycle-{kind}"):
        return _recorded(workshop, kind, lambda: _stages(workshop, as_of, dry_run=dry_run, wanted=lambda s: s in stages and go_on()))


def _recorded(workshop: Workshop, kind: str, work: Callable[[], Cycle]) -> Cycle:
    with workshop.store.begin() as tx:
        run_id = tx.runs.start(kind, workshop.now())
    try:
        cycle = work()
    except BaseException as fault:
        with workshop.store.begin() as tx:
            tx.runs.finish(run_id, workshop.now(), f"failed: {type(fault).__name__}", {})
        raise
    with workshop.store.begin() as tx:
        tx.runs.finish(run_id, workshop.now(), "attention" if cycle.needs_attention else "done", cycle.counts)
    return cycle


def _stages(workshop: Workshop, as_of: date, *, dry_run: bool, wanted: Callable[[Stage], bool]) -> Cycle:
    pulled: tuple[Pulled, ...] = ()
    if wanted("pull"):
        pulled = tuple(workshop.pull().run())
        workshop.desk.flag_changed_sources()
    priced, unpriced = _price(workshop) if wanted("price") else (0, 0)
    taken_over = drafted = confirmed = Answer()
    if wanted("draft") and not dry_run:
        taken_over, drafted, confirmed = draft_due(workshop, as_of)
    pushes = wanted("push") and not dry_run
    pushed = tuple(workshop.push().run()) if pushes else ()
    written_back = tuple(workshop.write_back().run()) if pushes else ()
    return Cycle(
        pulled=pulled,
        priced=priced,
        unpriced=unpriced,
        taken_over=taken_over,
        drafted=drafted,
        confirmed=confirmed,
        pushed=pushed,
        written_back=written_back,
        waiting=_waiting(workshop),
        dry_run=dry_run,
    )


def _price(workshop: Workshop) -> tuple[int, int]:
    """How many records have a price now, and how many have none."""
    priced = unpriced = 0
    for batch in price(workshop.store, workshop.configuration.pricing, now=workshop.now, progress=workshop.progress):
        priced, unpriced = priced + batch.priced, unpriced + batch.records - batch.priced
    return priced, unpriced


def draft_due(workshop: Workshop, as_of: date) -> tuple[Answer, Answer, Answer]:
    """Takes over what Dataverse confirmed; then drafts what the invoice schedules say is due, and confirms drafts, each where the
    configuration lets a schedule do it."""
    policy, desk = workshop.configuration.invoicing, workshop.desk
    taken_over = desk.take_over(as_of=as_of)
    drafted = desk.run_periodic(as_of=as_of) if policy.schedule else Answer()
    confirmed = confirm_checked(workshop, _drafts(workshop), as_of=as_of).answer if policy.confirm == "automatic" else Answer()
    return taken_over, drafted, confirmed


def _drafts(workshop: Workshop) -> list[str]:
    """Drafts that were made here; a held invoice of Dataverse waits for a person, whatever the policy."""
    with workshop.store.read() as reader:
        invoices = reader.ledger.all_headers()
    return [invoice.id for invoice in invoices if invoice.status is InvoiceStatus.DRAFT and not invoice.is_taken_over]


def _waiting(workshop: Workshop) -> dict[str, int]:
    ready = sum(1 for row in workshop.desk.backlog() if row.status == "ready")
    with workshop.store.read() as reader:
        invoices = reader.ledger.invoices()
    return {
        "ready_rows": ready,
        "drafts": sum(invoice.status is InvoiceStatus.DRAFT and not invoice.is_taken_over for invoice in invoices),
        "held": sum(invoice.status is InvoiceStatus.DRAFT and invoice.is_taken_over for invoice in invoices),
        "unsent": sum(invoice.push in ("queued", "sending") for invoice in invoices),
    }
