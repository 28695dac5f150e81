"""Processes that are forked to be hurt: they do their work with what their parent has read already, and end without its leftovers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from proforma import mapping
from proforma.mapping import Mappings, load_mappings
from proforma.settings import load_configuration
from proforma.sync.workshop import Workshop


@cache
def _mappings(folder: Path | None) -> Mappings:
    return load_mappings(folder)


@contextmanager
def mappings_read_once() -> Iterator[None]:
    """Within the block the mappings are read before the first fork, so that no child has to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "load_mappings", _mappings)
        _mappings(None)
        yield


def forked(work: Callable[[], None]) -> int:
    """The id of a process that does the work; it ends with 0 when the work ends well, with 3 when it raises."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    """Exit code of a process; negative: a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def push(folder: Path, *, ahead: Callable[[], timedelta] = timedelta) -> None:
    """One push of the project in a folder; its clock is so far ahead."""
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC) + ahead(), by="worker") as shop:
        list(shop.push().run())


def put_back(folder: Path, store: bytes) -> None:
    """The store of a project as it was."""
    for leftover in folder.glob("proforma.db*"):
        leftover.unlink()
    (folder / "proforma.db").write_bytes(store)
