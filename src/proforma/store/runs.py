"""What each run did. A run that died is never shown as running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from proforma.store.columns import Row, instant, instant_text, json_text, optional_instant
from proforma.store.processes import Process, this_process
from proforma.store.tables import runs

RUNNING: Final = "running"
DIED: Final = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `outcome`: "running", "died", or the word with which it finished; `counts`: what it counted, by name."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    counts: Mapping[str, int]


class Runs:
    """The runs, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def list(self, limit: int = 20) -> Sequence[Run]:
        """The latest runs, newest first."""
        return [_run(row) for row in self._connection.execute(sa.select(runs).order_by(runs.c.id.desc()).limit(limit))]

    def get(self, id: int) -> Run | None:  # noqa: A002 - the field's own name
        """One run."""
        row = self._connection.execute(sa.select(runs).where(runs.c.id == id)).first()
        return None if row is None else _run(row)


class RunWriter(Runs):
    """The runs, begun and finished."""

    def start(self, kind: str, at: datetime) -> int:
        """Begins a run and answers its number. The caller holds the stage's lock, so unfinished runs of this kind are dead ones."""
        died = sa.update(runs).where(runs.c.kind == kind, runs.c.outcome.is_(None))
        self._connection.execute(died.values(outcome=DIED))
        process = this_process()
        begun = sa.insert(runs).values(
            kind=kind, started_at=instant_text(at), counts="{}", pid=process.pid, host=process.host, process_start=process.start
        )
        return int(self._connection.execute(begun.returning(runs.c.id)).scalar_one())

    def resume(self, run_id: int) -> None:
        """Goes on with a run that ended or died before its work was done, now in this process."""
        process = this_process()
        here = {"pid": process.pid, "host": process.host, "process_start": process.start, "finished_at": None, "outcome": None}
        self._connection.execute(sa.update(runs).where(runs.c.id == run_id).values(here))

    def finish(self, run_id: int, at: datetime, outcome: str, counts: Mapping[str, int]) -> None:
        """Ends a run. Raises LookupError when it is not there."""
        ended = sa.update(runs).where(runs.c.id == run_id)
        values = {"finished_at": instant_text(at), "outcome": outcome, "counts": json_text(dict(counts))}
        if self._connection.execute(ended.values(values)).rowcount == 0:
            raise LookupError(f"there is no run {run_id}")


_counts: Final = msgspec.json.Decoder(dict[str, int]).decode


def _run(row: Row) -> Run:
    number, kind, started_at, finished_at, outcome, counts, pid, host, process_start = row
    if outcome is None:
        outcome = DIED if Process(pid=pid, host=host, start=process_start).is_gone() else RUNNING
    return Run(
        id=number,
        kind=kind,
        started_at=instant(started_at),
        finished_at=optional_instant(finished_at),
        outcome=outcome,
        counts=_counts(counts),
    )
