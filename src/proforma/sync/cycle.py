"""One whole cycle: pull, price, draft when scheduled, confirm when a policy may, push. Each stage commits its own results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from proforma.domain.codes import InvoiceStatus
from proforma.sync.delivery import Pushed
from proforma.sync.draft import Answer
from proforma.sync.price import price
from proforma.sync.pull import Pulled
from proforma.sync.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What one cycle did. With `dry_run` nothing was drafted, confirmed or sent: `waiting` says what would have been."""

    pulled: tuple[Pulled, ...]
    priced: int
    unpriced: int
    drafted: Answer
    confirmed: Answer
    pushed: tuple[Pushed, ...]
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
            "drafted": len(self.drafted.invoices),
            "confirmed": len(self.confirmed.invoices),
            "pushed": len(self.pushed),
        }

    @property
    def needs_attention(self) -> bool:
        """Whether a person should look."""
        refused = self.drafted.changes.refusals or self.confirmed.changes.refusals or self.drafted.changes.passed_over
        return bool(refused) or any(p.quarantined for p in self.pulled) or any(p.needs_a_person for p in self.pushed)


def run_cycle(workshop: Workshop, *, as_of: date, dry_run: bool = False) -> Cycle:
    """Runs every stage once and keeps a record of the run; a stage that fails ends the cycle, and the next one goes on from there."""
    with workshop.store.stage_lock("sync"):
        return _recorded(workshop, as_of, dry_run=dry_run)


def _recorded(workshop: Workshop, as_of: date, *, dry_run: bool) -> Cycle:
    with workshop.store.begin() as tx:
        run_id = tx.runs.start("sync", workshop.now())
    try:
        cycle = _stages(workshop, as_of, dry_run=dry_run)
    except BaseException as fault:
        with workshop.store.begin() as tx:
            tx.runs.finish(run_id, workshop.now(), f"failed: {type(fault).__name__}", {})
        raise
    with workshop.store.begin() as tx:
        tx.runs.finish(run_id, workshop.now(), "attention" if cycle.needs_attention else "done", cycle.counts)
    return cycle


def _stages(workshop: Workshop, as_of: date, *, dry_run: bool) -> Cycle:
    configuration, desk = workshop.configuration, workshop.desk
    pulled = tuple(workshop.pull().run())
    desk.flag_changed_sources()
    priced = unpriced = 0
    for batch in price(workshop.store, configuration.pricing, now=workshop.now, progress=workshop.progress):
        with_price = sum(decision.is_priced for decision in batch.decisions)
        priced, unpriced = priced + with_price, unpriced + len(batch.decisions) - with_price
    drafted = confirmed = Answer()
    pushed: tuple[Pushed, ...] = ()
    if not dry_run:
        if configuration.invoicing.schedule:
            drafted = desk.run_periodic(as_of=as_of)
        if configuration.invoicing.confirm == "automatic":
            confirmed = desk.confirm(_drafts(workshop), as_of=as_of)
        pushed = tuple(workshop.push().run())
    return Cycle(
        pulled=pulled,
        priced=priced,
        unpriced=unpriced,
        drafted=drafted,
        confirmed=confirmed,
        pushed=pushed,
        waiting=_waiting(workshop),
        dry_run=dry_run,
    )


def _drafts(workshop: Workshop) -> list[str]:
    with workshop.store.read() as reader:
        return [invoice.id for invoice in reader.ledger.invoices() if invoice.status is InvoiceStatus.DRAFT]


def _waiting(workshop: Workshop) -> dict[str, int]:
    ready = sum(1 for row in workshop.desk.backlog() if row.status == "ready")
    with workshop.store.read() as reader:
        invoices = reader.ledger.invoices()
    return {
        "ready_rows": ready,
        "drafts": sum(invoice.status is InvoiceStatus.DRAFT for invoice in invoices),
        "unsent": sum(invoice.push in ("queued", "sending") for invoice in invoices),
    }
