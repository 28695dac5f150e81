"""The queue that workers take jobs from: procrastinate, in a schema of its own beside the store's tables.

A job says what to do and holds nothing that is not in the store, so the queue may be lost or emptied at any time: the next tick fills it
again. The engine may run a job twice; what keeps that from doing anything twice lies in the store (claims, fences, locks).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from proforma.domain.errors import ConfigurationError, UnfinishedError
from proforma.store.processes import this_process

if TYPE_CHECKING:
    from procrastinate import App

SCHEMA: Final = "proforma_jobs"
#: Names of the tasks.
PULL, BACKFILL, PRICE, PUSH = "pull", "backfill", "price", "push"
#: Two programs that make the tables at once: the second waits.
_MAKING: Final = 0x70726A62
#: A table of our own beside those of the engine, which knows that it gave a job up, but not why.
_GIVEN_UP: Final = f"CREATE TABLE IF NOT EXISTS {SCHEMA}.given_up (job text PRIMARY KEY, outcome text NOT NULL)"


@dataclass(frozen=True, slots=True)
class JobOf:
    """A job to be done: the task, its arguments, and the name under which it waits at most once and runs at most once at a time."""

    task: str
    arguments: Mapping[str, str | int | None]
    name: str


class JobQueue:
    """The queue, as those see it who put jobs into it and wait for them."""

    def __init__(self, url: str) -> None:
        require_postgresql(url)
        self._engine = sa.create_engine(
            url, hide_parameters=True, connect_args={"application_name": str(this_process()), "options": f"-c search_path={SCHEMA},public"}
        )
        self._url = url

    def close(self) -> None:
        """Gives back all connections."""
        self._engine.dispose()

    def prepare(self, *, reset: bool = False) -> None:
        """Makes the tables of the queue where they are missing; `reset` makes them anew, and with them an empty queue.

        Raises ConfigurationError when another version of the engine has made them.
        """
        mine = version("procrastinate")
        with self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
            comment = sa.text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name")
            found = connection.execute(comment, {"name": SCHEMA}).first()
            if found is not None and not reset:
                if found[0] == mine:
                    connection.exec_driver_sql(_GIVEN_UP)
                    return
                hint = "stop all workers, then `proforma worker --reset-queue`; no work is lost, it is queued again"
                raise ConfigurationError(f"procrastinate {found[0]} made the queue, this is {mine}", at="store", hint=hint)
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
            connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{mine}'")
            connection.exec_driver_sql(_schema_text())
            connection.exec_driver_sql(_GIVEN_UP)

    def put(self, jobs: Iterable[JobOf]) -> list[str]:
        """Queues jobs; one that waits already is not queued again. Answers their names."""
        from procrastinate.exceptions import AlreadyEnqueued

        app = jobs_app(self._url, asynchronous=False)
        names = []
        with app.open():
            for job in jobs:
                names.append(job.name)
                try:
                    app.configure_task(job.task, lock=job.name, queueing_lock=job.name).defer(**dict(job.arguments))
                except AlreadyEnqueued:
                    continue
        return names

    def unfinished(self, names: Iterable[str]) -> int:
        """How many of these jobs wait or run."""
        return len(self._in_states(names, ("todo", "doing")))

    def keep_cause(self, name: str, outcome: str) -> None:
        """Keeps why a job is given up, as `Cause.outcome` says it. Raises UnfinishedError when the database cannot be reached."""
        kept = "INSERT INTO given_up (job, outcome) VALUES (:job, :outcome) ON CONFLICT (job) DO UPDATE SET outcome = excluded.outcome"
        with _reached(), self._engine.begin() as connection:
            connection.execute(sa.text(kept), {"job": name, "outcome": outcome})

    def take_failed(self, names: Iterable[str]) -> dict[str, str | None]:
        """Those that were given up, each with the outcome kept of it, None for one that left none; they are then forgotten."""
        failed = self._in_states(names, ("failed", "aborted"))
        with _reached(), self._engine.begin() as connection:
            kept = "DELETE FROM given_up WHERE job = ANY(:names) RETURNING job, outcome"
            outcomes = {row.job: row.outcome for row in connection.execute(sa.text(kept), {"names": failed})}
            gone = "DELETE FROM procrastinate_jobs WHERE queueing_lock = ANY(:names) AND status IN ('failed', 'aborted')"
            connection.execute(sa.text(gone), {"names": failed})
        return {name: outcomes.get(name) for name in failed}

    def show_alive(self, worker_id: int) -> None:
        """Shows the engine that a worker lives, and enters it again where another one has struck it out.

        Raises UnfinishedError when the database cannot be reached.
        """
        shown = (
            "INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (:id) "
            "ON CONFLICT (id) DO UPDATE SET last_heartbeat = clock_timestamp()"
        )
        with _reached(), self._engine.begin() as connection:
            connection.execute(sa.text(shown), {"id": worker_id})

    def _in_states(self, names: Iterable[str], states: tuple[str, ...]) -> list[str]:
        words = ", ".join(f"'{state}'" for state in states)
        asked = f"SELECT DISTINCT queueing_lock FROM procrastinate_jobs WHERE queueing_lock = ANY(:names) AND status IN ({words})"  # noqa: S608
        with _reached(), self._engine.connect() as connection:
            return list(connection.execute(sa.text(asked), {"names": list(names)}).scalars())


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as fault:
        raise UnfinishedError("the queue of jobs cannot be reached", hint="check that the database runs") from fault


def require_postgresql(url: str) -> None:
    """Raises ConfigurationError for a store that is no PostgreSQL, and when the engine is not installed."""
    if sa.make_url(url).get_backend_name() != "postgresql":
        hint = "move it with `proforma store copy --to URL`; on one machine `proforma daemon` does the same work"
        raise ConfigurationError("workers need a store in PostgreSQL, and this one is a SQLite file", at="store", hint=hint)
    try:
        import procrastinate  # noqa: F401
    except ModuleNotFoundError as missing:
        hint = "install proforma-sync with the extra `postgres`"
        raise ConfigurationError(f"{missing.name} is not installed, and workers need it", hint=hint) from None


def jobs_app(url: str, *, asynchronous: bool) -> App:
    """The engine on the store's database. Workers serve it asynchronously; who only puts jobs into it needs no event loop."""
    from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

    connection: dict[str, Any] = {
        "conninfo": sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
        "kwargs": {"application_name": str(this_process()), "options": f"-c search_path={SCHEMA},public"},
    }
    return App(connector=PsycopgConnector(**connection) if asynchronous else SyncPsycopgConnector(**connection))


def _schema_text() -> str:
    from procrastinate.schema import SchemaManager

    return SchemaManager.get_schema().replace("%", "%%")
