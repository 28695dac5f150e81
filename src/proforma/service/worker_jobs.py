"""The engine's book of jobs as one worker keeps it: a job that another worker was given meanwhile is no fault of this one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg.errors import RaiseException

log = logging.getLogger(__name__)


class WorkerJobs(JobManager):
    """Of one worker. `worker_id`: its number in the engine's books, None before it is in them."""

    worker_id: int | None = None

    async def register_worker(self) -> int:
        """Enters the worker."""
        self.worker_id = await super().register_worker()
        return self.worker_id

    async def unregister_worker(self, worker_id: int) -> None:
        """Strikes it out at its end."""
        self.worker_id = None
        await super().unregister_worker(worker_id)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Ends a job, unless that was done elsewhere."""
        with _if_still_there(job):
            await super().finish_job(job, status, delete_job)

    async def retry_job(self, job: Job, *when: Any, **where: Any) -> None:
        """Puts a job back into the queue, unless it has been ended elsewhere."""
        with _if_still_there(job):
            await super().retry_job(job, *when, **where)


@contextmanager
def _if_still_there(job: Job) -> Iterator[None]:
    """A worker that was silent for too long finds its jobs done by others. Nothing of them happened twice, so there is nothing to undo."""
    try:
        yield
    except ConnectorException as fault:
        # The engine's own functions raise it for a job that is not under way, and for nothing else that can happen here.
        if not isinstance(fault.__cause__, RaiseException):
            raise
        message = "job %s had been given to another worker, which has ended it; nothing is done twice"
        log.warning(message, job.lock, extra={"event": "job_taken_over", "job": job.lock})
