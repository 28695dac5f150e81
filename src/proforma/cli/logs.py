"""Logs on stderr, through one redacting processor (promise 7)."""

from __future__ import annotations

import logging
import sys


def configure_logs(verbosity: int) -> None:
    """Warnings by default, more with -v and -vv. Every line passes the redaction."""
    from proforma.transport.redaction import redact

    class Redacting(logging.Formatter):
        """Formats, then masks secrets: also those inside tracebacks."""

        def format(self, record: logging.LogRecord) -> str:
            return redact(super().format(record))

    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("proforma")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
