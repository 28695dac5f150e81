"""What a stage tells about its progress while it works; how it is shown is the caller's business."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about units of work as they are committed, never before."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Work on `what` begins; `total` units are expected where that is known."""

    def advance(self, units: int) -> None:
        """So many more units are committed."""

    def end(self) -> None:
        """The work begun last is finished."""

    def wait(self, seconds: float, why: str) -> None:
        """Nothing happens for so long: the other side asked for it, or could not be reached."""


class Silent:
    """Shows nothing."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Nothing is shown."""

    def advance(self, units: int) -> None:
        """Nothing is shown."""

    def end(self) -> None:
        """Nothing is shown."""

    def wait(self, seconds: float, why: str) -> None:
        """Nothing is shown."""
