"""How far everything is, read from the store alone; metrics and alerts are made from the same reading, so they cannot differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from proforma.domain.codes import Origin, PushStatus
from proforma.store import Reader, Run, RunRecord
from proforma.sync.causes import Cause

#: The lease that says which daemon schedules.
SCHEDULE_LEASE: Final = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityStatus:
    """One entity of the mirror. `age_seconds`: since its cursor moved. `unfinished`: a walk is under way, or was interrupted.

    `last_success`: when it was last read to the end, None while a walk is unfinished.
    """

    entity: str
    rows: int
    age_seconds: float
    watermark: datetime | None
    unfinished: bool
    last_success: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Pushes that wait: how many, and for how long the oldest has."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogStatus:
    """The billing backlog as the last whole run counted it. `oldest_days`: age of its oldest row at the business date."""

    rows: int
    ready: int
    oldest_days: int
    counted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How the runs of one kind go. `cause`, `side`, `message`, `remedy`: why the last one ended early; None when it did not."""

    kind: str
    run: int
    started_at: datetime
    outcome: str
    last_success: datetime | None
    failing_since: datetime | None
    cause: str | None = None
    side: str | None = None
    message: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """The daemon that schedules now."""

    process: str
    epoch: int
    left_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything `proforma status` shows of the store. `problems_by_kind`: as `proforma problems list` shows them.

    `held`: invoices of Dataverse that wait here for a person; they are no drafts of ours.
    """

    at: datetime
    entities: tuple[EntityStatus, ...]
    invoices: Mapping[str, int]
    origins: Mapping[str, int]
    held: int
    push: Mapping[str, int]
    drafts: int
    queue: Waits
    in_doubt: Waits
    parked: int
    problems: int
    problems_by_kind: Mapping[str, int]
    backlog: BacklogStatus | None
    runs: tuple[RunStatus, ...]
    leader: Leader | None

    def shape(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def read_status(reader: Reader, *, at: datetime) -> Status:
    """The state of the store at this instant, by counts alone: cheap however many invoices there are."""
    invoices = reader.ledger.counts()
    made, drafts = reader.ledger.origins(), reader.ledger.drafts()
    waiting = reader.outbox.waiting()
    problems = _problems(reader)
    records = reader.runs.records()

    def since(state: PushStatus) -> Waits:
        found = waiting.get(state)
        return Waits(count=found.count, oldest_seconds=_seconds(at, found.since)) if found else Waits(count=0, oldest_seconds=0.0)

    return Status(
        at=at,
        entities=_entities(reader, at),
        invoices={str(status): count for status, count in invoices.items()},
        origins={str(origin): count for origin, count in made.items()},
        held=drafts.get(Origin.DATAVERSE, 0),
        push={str(state): found.count for state, found in waiting.items()},
        drafts=drafts.get(Origin.LOCAL, 0),
        queue=since(PushStatus.QUEUED),
        in_doubt=since(PushStatus.SENDING),
        parked=waiting[PushStatus.PARKED].count if PushStatus.PARKED in waiting else 0,
        problems=sum(problems.values()),
        problems_by_kind=problems,
        backlog=_backlog(records),
        runs=tuple(map(_run, records)),
        leader=_leader(reader),
    )


def _entities(reader: Reader, at: datetime) -> tuple[EntityStatus, ...]:
    counts = reader.mirror.counts()
    return tuple(
        EntityStatus(
            entity=cursor.entity,
            rows=counts.get(cursor.entity, 0),
            age_seconds=_seconds(at, cursor.updated_at),
            watermark=cursor.watermark,
            unfinished=cursor.next_link is not None,
            last_success=cursor.updated_at if cursor.next_link is None else None,
        )
        for cursor in reader.cursors.all()
    )


def _problems(reader: Reader) -> dict[str, int]:
    kinds = {**reader.quarantine.counts(), "backlog": len(reader.ledger.passed_over()), "draft": reader.ledger.flagged()}
    return {kind: count for kind, count in sorted(kinds.items()) if count}


def _backlog(records: Sequence[RunRecord]) -> BacklogStatus | None:
    counted = [r.last_success for r in records if r.last_success is not None and "backlog_rows" in r.last_success.counts]
    newest = max(counted, key=lambda run: run.id, default=None)
    if newest is None:
        return None
    counts = newest.counts
    return BacklogStatus(
        rows=counts["backlog_rows"],
        ready=counts["ready_rows"],
        oldest_days=counts["backlog_oldest_days"],
        counted_at=newest.finished_at or newest.started_at,
    )


def _run(record: RunRecord) -> RunStatus:
    told: Run = record.last
    cause = Cause.of_outcome(told.outcome)
    success = record.last_success
    return RunStatus(
        kind=record.kind,
        run=told.id,
        started_at=told.started_at,
        outcome="failed" if cause else told.outcome,
        last_success=(success.finished_at or success.started_at) if success else None,
        failing_since=record.failing_since,
        cause=cause.code if cause else None,
        side=cause.side if cause else None,
        message=cause.message if cause else None,
        remedy=cause.remedy if cause else None,
    )


def _leader(reader: Reader) -> Leader | None:
    lease = reader.leases.get(SCHEDULE_LEASE)
    if lease is None or not lease.owner or lease.left_seconds <= 0:
        return None
    return Leader(process=lease.owner, epoch=lease.epoch, left_seconds=round(lease.left_seconds, 1))


def _seconds(at: datetime, since: datetime) -> float:
    return round(max(0.0, (at - since).total_seconds()), 1)
