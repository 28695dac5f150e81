"""Who schedules, of several processes on one store, and which ticks were begun: each once.

Time is the database's own, so that hosts with wrong clocks agree. A lease that is not renewed ends by itself; its epoch grows with each
new holder, and what a former one still does under its old epoch counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from proforma.store.columns import Row, instant, instant_text
from proforma.store.tables import leases, ticks

#: The lease of the daemon that schedules.
SCHEDULE: Final = "schedule"
#: What the name of a worker begins with, by which its claims are told from those of others.
WORKER_PREFIX: Final = "worker-"
#: What the leases of workers are called, before their names.
_WORKER: Final = "worker "
#: When a lease ended that nobody has held yet.
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease as it stands. `epoch` is 1 for its first holder; `left_seconds` is below 0 once it has ended."""

    name: str
    owner: str
    epoch: int
    left_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A tick that was begun. `outcome` is None until it was finished, for ever if its process died."""

    job: str
    at: datetime
    epoch: int
    owner: str
    outcome: str | None


class Leases:
    """The leases and ticks, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Lease | None:
        """The lease of this name, None when nobody ever held it."""
        return self._found(sa.select(leases).where(leases.c.name == name))

    def held(self, beginning: str) -> list[str]:
        """The names that begin like this of leases that somebody holds, in order."""
        query = sa.select(leases).where(leases.c.name.startswith(beginning, autoescape=True), leases.c.owner != "").order_by(leases.c.name)
        now = self._now()
        return [row.name for row in self._connection.execute(query) if instant(row.until) > now]

    def worker_is_alive(self, worker: str) -> bool:
        """Whether the worker of this name still renews its lease: what it holds must not be taken from it."""
        lease = self.get(_WORKER + worker)
        return lease is not None and lease.left_seconds > 0

    @staticmethod
    def was_worker(owner: str) -> bool:
        """Whether a claim was made under the name of a worker."""
        return owner.startswith(WORKER_PREFIX)

    def workers(self) -> list[Lease]:
        """The leases of all workers, of dead ones too that nobody has buried yet."""
        names = self._connection.execute(sa.select(leases.c.name).where(leases.c.name.startswith(_WORKER)).order_by(leases.c.name))
        return [lease for (name,) in names.all() if (lease := self.get(name)) is not None]

    def last_tick(self, job: str) -> Tick | None:
        """The newest tick of the job that was begun."""
        row = self._connection.execute(sa.select(ticks).where(ticks.c.job == job).order_by(ticks.c.at.desc()).limit(1)).first()
        return None if row is None else _tick(row)

    def _found(self, query: sa.Select[tuple[str, str, int, str]]) -> Lease | None:
        row = self._connection.execute(query).first()
        if row is None:
            return None
        left = (instant(row.until) - self._now()).total_seconds()
        return Lease(name=row.name, owner=row.owner, epoch=row.epoch, left_seconds=left)

    def _now(self) -> datetime:
        """The instant by the clock of the database; not that at which the transaction began."""
        if self._connection.dialect.name == "sqlite":
            # SQLite runs in this process: its clock is ours.
            return datetime.now(UTC)
        now: datetime = self._connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)


class LeaseWriter(Leases):
    """The leases taken and given back, the ticks begun and finished."""

    def take(self, name: str, owner: str, seconds: float) -> Lease | None:
        """The lease for so long: renewed when `owner` holds it already, taken over when it has ended; None while another one holds it.

        A holder that let it end may be frozen rather than dead, and sit on locks: on PostgreSQL its sessions are ended.
        """
        self._make_room(name)
        found = self._found(sa.select(leases).where(leases.c.name == name).with_for_update())
        assert found is not None, "the row was just made"
        if found.owner != owner and found.left_seconds > 0:
            return None
        if found.owner != owner and found.owner:
            self._end_sessions(found.owner)
        renewed = found.owner == owner and found.left_seconds > 0
        epoch = found.epoch if renewed else found.epoch + 1
        until = instant_text(self._now() + timedelta(seconds=seconds))
        self._connection.execute(sa.update(leases).where(leases.c.name == name).values(owner=owner, epoch=epoch, until=until))
        return Lease(name=name, owner=owner, epoch=epoch, left_seconds=seconds)

    def keep_worker(self, worker: str, owner: str, seconds: float) -> bool:
        """Renews the lease of a worker, or begins it; False when it had ended: others may have taken over what the worker held."""
        lease = self.take(_WORKER + worker, owner, seconds)
        return lease is not None and lease.epoch == 1

    def forget_worker(self, worker: str) -> None:
        """A worker ends in order: what it held is free at once."""
        self._connection.execute(sa.delete(leases).where(leases.c.name == _WORKER + worker))

    def bury_workers(self) -> list[Lease]:
        """Forgets the workers whose leases have ended, and ends the sessions of those that are frozen rather than dead."""
        known = self.workers()
        living = {lease.owner for lease in known if lease.left_seconds > 0}
        dead = [lease for lease in known if lease.left_seconds <= 0]
        for lease in dead:
            if lease.owner and lease.owner not in living:
                self._end_sessions(lease.owner)
            self._connection.execute(sa.delete(leases).where(leases.c.name == lease.name, leases.c.epoch == lease.epoch))
        return dead

    def give_back(self, lease: Lease) -> None:
        """Ends the lease now, if it is still this one, so that nobody has to wait for its end."""
        mine = sa.and_(leases.c.name == lease.name, leases.c.owner == lease.owner, leases.c.epoch == lease.epoch)
        self._connection.execute(sa.update(leases).where(mine).values(owner="", until=instant_text(_NEVER)))

    def begin_tick(self, job: str, at: datetime, lease: Lease) -> bool:
        """Begins the tick; False when it was begun already, unless its process lost the lease before it had finished."""
        values = {"job": job, "at": instant_text(at), "epoch": lease.epoch, "owner": lease.owner}
        make = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        unfinished = sa.and_(ticks.c.outcome.is_(None), ticks.c.epoch < lease.epoch)
        begun = (
            make(ticks)
            .values(values)
            .on_conflict_do_update(index_elements=["job", "at"], set_={"epoch": lease.epoch, "owner": lease.owner}, where=unfinished)
        )
        return self._connection.execute(begun.returning(ticks.c.job)).first() is not None

    def finish_tick(self, job: str, at: datetime, lease: Lease, outcome: str) -> None:
        """Says how the tick ended; nothing when another process has begun it anew."""
        mine = sa.and_(ticks.c.job == job, ticks.c.at == instant_text(at), ticks.c.epoch == lease.epoch)
        self._connection.execute(sa.update(ticks).where(mine).values(outcome=outcome))

    def forget_ticks(self, before: datetime) -> int:
        """Removes old ticks, but never the newest of a job."""
        newest = sa.select(sa.func.max(ticks.c.at)).group_by(ticks.c.job)
        old = sa.and_(ticks.c.at < instant_text(before), ticks.c.at.not_in(newest))
        return self._connection.execute(sa.delete(ticks).where(old)).rowcount

    def _make_room(self, name: str) -> None:
        """A row that can be locked, also before anybody held the lease."""
        make = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        empty = {"name": name, "owner": "", "epoch": 0, "until": instant_text(_NEVER)}
        self._connection.execute(make(leases).values(empty).on_conflict_do_nothing())

    def _end_sessions(self, owner: str) -> None:
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = :owner AND datname = current_database() AND pid <> pg_backend_pid()"
                ),
                {"owner": owner},
            )


def _tick(row: Row) -> Tick:
    job, at, epoch, owner, outcome = row
    return Tick(job=job, at=instant(at), epoch=epoch, owner=owner, outcome=outcome)
