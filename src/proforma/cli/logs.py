"""Logs on stderr, as text for people or as JSON for machines, through one redacting processor (promise 7)."""

from __future__ import annotations

import logging
import sys
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

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

        json = self._log_format == "json"
        before: list[Any] = [
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            partial(_with_fields, structlog.stdlib.ExtraAdder(), for_people=not json),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ]
        renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
        processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_event, renderer]
        return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=processors)


def _with_fields(adder: Processor, logger: Any, method: str, line: EventDict, *, for_people: bool) -> EventDict:
    """Adds the fields of a line. Its word, the field `event`, is for machines, which get the sentence beside it; people get that alone."""
    sentence = line["event"]
    adder(logger, method, line)
    if line["event"] != sentence:
        line["event" if for_people else "message"] = sentence
    return line
