"""Attempts at a job that failed: told in a sentence, and the last one's cause is kept for whoever waits for the job.

The engine would log a traceback of its own for each job that it gives up.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from proforma.domain.errors import ProformaError
from proforma.service.job_queue import BACKFILL, JobQueue
from proforma.sync.causes import Cause, cause_of

if TYPE_CHECKING:
    from procrastinate import BaseRetryStrategy, JobContext
    from procrastinate.jobs import Job

    from proforma.settings import Configuration

log = logging.getLogger(__name__)

_ENGINE: Final = "procrastinate.worker"
_PACKAGE: Final = str(Path(__file__).resolve().parents[1])


class Attempts:
    """Of one worker. `retry` says which faults are tried again, and how often; `given_up` hears of each job that is not."""

    def __init__(self, configuration: Configuration, queue: JobQueue, retry: BaseRetryStrategy, *, given_up: Callable[[Job], None]) -> None:
        self._configuration = configuration
        self._queue = queue
        self._retry = retry
        self._given_up = given_up

    def told(self, work: Callable[..., None]) -> Callable[..., None]:
        """The same work as the engine calls it; a fault goes on to the engine, which tries again or gives up."""

        @wraps(work)
        def attempt(context: JobContext, **arguments: str | int | None) -> None:
            try:
                work(**arguments)
            except Exception as fault:
                # Whatever it is, it is told; what becomes of the job is for the engine to decide.
                self._tell(context.job, fault)
                raise

        return attempt

    def _tell(self, job: Job, fault: Exception) -> None:
        cause = cause_of(fault, self._configuration)
        number = job.attempts + 1
        fields = {"job": job.lock, "attempt": number, "cause": cause.code, "side": cause.side}
        decision = self._retry.get_retry_decision(exception=fault, job=job)
        if decision is None:
            message = "the job %r was given up after %d %s: %s (%s)"
            words = (job.lock, number, "attempt" if number == 1 else "attempts", _what(cause, fault), _what_to_do(job, cause))
            log.error(message, *words, extra=fields | {"event": "job_given_up"})
            self._keep(job, cause)
        else:
            log.info("the job %r is tried again soon: %s", job.lock, cause.message, extra=fields | {"event": "job_failed"})
        log.debug("where attempt %d at the job %r ended", number, job.lock, extra=fields | {"event": "job_trace"}, exc_info=fault)

    def _keep(self, job: Job, cause: Cause) -> None:
        try:
            self._queue.keep_cause(str(job.lock), cause.outcome)
            self._given_up(job)
        except ProformaError as fault:
            log.warning("the cause could not be kept: %s", fault, extra={"event": "cause_not_kept", "job": job.lock})


def _what(cause: Cause, fault: Exception) -> str:
    """What happened; of a fault of the program also where, for the report."""
    if cause.code != "bug":
        return cause.message
    ours = [frame for frame in traceback.extract_tb(fault.__traceback__) if frame.filename.startswith(_PACKAGE)]
    place = f" in {ours[-1].name}, line {ours[-1].lineno} of {ours[-1].filename}" if ours else ""
    return f"{type(fault).__name__}: {cause.message}{place}; with -vv the log says how it came there"


def _what_to_do(job: Job, cause: Cause) -> str:
    # Nobody schedules a backfill: the others are queued again by the next tick.
    return f"{cause.remedy}; call `proforma backfill` with the same days again" if job.task_name == BACKFILL else cause.remedy


def quieten_engine(worker: str) -> None:
    """Leaves the tale of failed jobs to this module, and tracebacks of the engine to debugging."""
    for name in (_ENGINE, f"{_ENGINE}.{worker}"):
        logging.getLogger(name).addFilter(_passes)


def _passes(record: logging.LogRecord) -> bool:
    fields: dict[str, Any] = vars(record)
    if fields.get("action") == "job_error":
        return False
    if record.exc_info and not log.isEnabledFor(logging.DEBUG):
        fault = record.exc_info[1]
        record.msg, record.args = f"{record.getMessage()}: {fault}" if str(fault) not in record.getMessage() else record.getMessage(), ()
        record.exc_info = None
    return True
