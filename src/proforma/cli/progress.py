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
        self._waited = 0.0
        self._began = self._last = time.monotonic()

    def begin(self, what: str, total: int | None = None) -> None:
        """Nothing is said before there is something to say."""
        self._what, self._total, self._units, self._waited = what, total, 0, 0.0
        self._began = self._last = time.monotonic()

    def advance(self, units: int) -> None:
        """Says a line when the last one is old enough."""
        self._units += units
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            print(self._line(now - self._began), file=sys.stderr, flush=True)

    def _line(self, seconds: float) -> str:
        of = f" of {self._total}" if self._total is not None else ""
        return f"{self._what}: {self._units}{of}, {_pace(self._units, self._total, seconds, self._waited)}"

    def end(self) -> None:
        """The result itself says how much it was."""

    def wait(self, seconds: float, why: str) -> None:
        """A long pause is said, so that nobody thinks the program hangs."""
        self._waited += seconds
        if seconds >= _WAIT_SAID_SECONDS:
            print(_waiting(seconds, why), file=sys.stderr)


class Bars:
    """A bar with count, rate and time left."""

    def __init__(self, *, color: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=Console(stderr=True, no_color=not color),
            transient=True,
        )
        self._task: Any = None
        self._total: int | None = None
        self._units = 0
        self._waited = 0.0
        self._began = time.monotonic()

    def begin(self, what: str, total: int | None = None) -> None:
        """Draws the bar."""
        self._progress.start()
        self._total, self._units, self._waited, self._began = total, 0, 0.0, time.monotonic()
        self._task = self._progress.add_task(what, total=total, pace="")

    def advance(self, units: int) -> None:
        """Moves the bar."""
        self._units += units
        self._progress.update(self._task, advance=units, pace=self._pace())

    def end(self) -> None:
        """Takes the bar away."""
        self._progress.remove_task(self._task)
        self._task = None
        self._progress.stop()

    def wait(self, seconds: float, why: str) -> None:
        """Says the pause above the bar, and their sum in it."""
        self._waited += seconds
        if self._task is not None and self._waited >= _WAIT_SAID_SECONDS:
            self._progress.update(self._task, pace=self._pace())
        if seconds >= _WAIT_SAID_SECONDS:
            self._progress.console.print(_waiting(seconds, why), style="yellow", highlight=False)

    def _pace(self) -> str:
        return _pace(self._units, self._total, time.monotonic() - self._began, self._waited)


def _pace(units: int, total: int | None, seconds: float, waited: float) -> str:
    """How fast it goes, for how long it will, and how much of the time it stood still: 120/s, 3 min left, waited 40 s."""
    told = [f"{units / seconds:.0f}/s"] if units and seconds else []
    if told and total and units < total:
        told.append(f"{duration((total - units) / units * seconds)} left")
    if waited >= _WAIT_SAID_SECONDS:
        told.append(f"waited {duration(waited)}")
    return ", ".join(told)


def duration(seconds: float) -> str:
    """So long, as people say it: 40 s, 3 min, 2 h 05 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _waiting(seconds: float, why: str) -> str:
    return f"waiting {seconds:.0f} s: {why}"
