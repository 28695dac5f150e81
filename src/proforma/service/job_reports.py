"""What the log says of a job that failed: one sentence for a fault that we know, its traceback for one that we don't."""

from __future__ import annotations

import logging
from typing import Final

from proforma.domain.errors import ProformaError
from proforma.transport.errors import TransportError
from proforma.transport.redaction import redact

#: Where the queue logs how jobs ended.
QUEUE_LOG: Final = "procrastinate.worker"


class OneSentence(logging.Filter):
    """Rewrites the queue's own lines about known faults; lets every line pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """The job, whether it is tried again, and why it failed."""
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, (ProformaError, TransportError)):
            given_up = record.levelno >= logging.ERROR
            job = getattr(record, "job", {}).get("call_string", "a job")
            what = "is given up, the next tick tries again" if given_up else "failed and is tried again soon"
            record.msg, record.args = "%s %s: %s", (job, what, redact(str(fault)))
            record.exc_info = record.exc_text = None
            record.event = "job_given_up" if given_up else "job_failed"
        return True


def say_it_in_one_sentence() -> None:
    """Told once or often, the queue's log has one such filter."""
    queue_log = logging.getLogger(QUEUE_LOG)
    if not any(isinstance(found, OneSentence) for found in queue_log.filters):
        queue_log.addFilter(OneSentence())
