"""Progress for people, on stderr."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

_WAIT_SAID_SECONDS: Final = 1.0


class Lines:
    """Says how far the work is, at most every so many seconds: for logs and pipes."""

    def __init__(self, *, every_seconds: float) -> None:
        self._every = every_seconds
        self._what = ""
        self._total: int | None = None
        self._units = 0
        self._began = self._last = time.monotonic()

    def begin(self, what: str, total: int | None = None) -> None:
        """Nothing is said before there is something to say."""
        self._what, self._total, self._units = what, total, 0
        self._began = self._last = time.monotonic()

    def advance(self, units: int) -> None:
        """Says a line when the last one is old enough."""
        self._units += units
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            of = f" of {self._total}" if self._total is not None else ""
            print(f"{self._what}: {self._units}{of}, {self._units / (now - self._began):.0f}/s", file=sys.stderr)

    def end(self) -> None:
        """The result itself says how much it was."""

    def wait(self, seconds: float, why: str) -> None:
        """A long pause is said, so that nobody thinks the program hangs."""
        if seconds >= _WAIT_SAID_SECONDS:
            print(_waiting(seconds, why), file=sys.stderr)


class Bars:
    """A bar with count, rate and time left."""

    def __init__(self, *, color: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, no_color=not color),
            transient=True,
        )
        self._task: Any = None

    def begin(self, what: str, total: int | None = None) -> None:
        """Draws the bar."""
        self._progress.start()
        self._task = self._progress.add_task(what, total=total)

    def advance(self, units: int) -> None:
        """Moves the bar."""
        self._progress.advance(self._task, units)

    def end(self) -> None:
        """Takes the bar away."""
        self._progress.remove_task(self._task)
        self._progress.stop()

    def wait(self, seconds: float, why: str) -> None:
        """Says the pause above the bar."""
        if seconds >= _WAIT_SAID_SECONDS:
            self._progress.console.print(_waiting(seconds, why), style="yellow", highlight=False)


def _waiting(seconds: float, why: str) -> str:
    return f"waiting {seconds:.0f} s: {why}"
