"""Logs on stderr, as text for people or as JSON for machines, through one redacting processor (promise 7)."""

from __future__ import annotations

import logging
import sys
from functools import cached_property
from typing import Any, Final, Literal

LogFormat = Literal["console", "json"]

_LEVELS: Final = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


def configure_logs(verbosity: int, log_format: LogFormat = "console") -> None:
    """Warnings by default, more with -v and -vv. Every event passes the redaction just before it is rendered."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("proforma").setLevel(_LEVELS.get(verbosity, logging.DEBUG))


class _Redacting(logging.Formatter):
    """Made ready by the first line: most calls of a command log none, and what writes lines takes a tenth of a second to load."""

    def __init__(self, log_format: LogFormat) -> None:
        super().__init__()
        self._log_format = log_format

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> logging.Formatter:
        import structlog

        from proforma.transport.redaction import redact_event

        before: list[Any] = [
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ]
        json = self._log_format == "json"
        renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
        processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_event, renderer]
        return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=processors)
