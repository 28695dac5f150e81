"""What every log line of a piece of work names (run, entity), also those of the threads it starts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

__all__ = ["inherited", "naming"]

naming = bound_contextvars


def inherited() -> Callable[[], object]:
    """For the `initializer` of a pool: its threads name in their log lines what this thread names now."""
    return partial(bind_contextvars, **get_contextvars())
