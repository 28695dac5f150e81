"""Pages that are made one ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from proforma.sync.ahead import ahead


def test_the_next_page_is_made_while_one_is_worked_on() -> None:
    """One page ahead and no more; all come, in their order."""
    made: list[int] = []
    second_is_made, third_may_be_made = threading.Event(), threading.Event()

    def pages() -> Iterator[int]:
        made.append(1)
        yield 1
        made.append(2)
        second_is_made.set()
        yield 2
        assert third_may_be_made.wait(timeout=60)
        made.append(3)
        yield 3

    read = ahead(pages(), "read")
    assert next(read) == 1
    assert second_is_made.wait(timeout=60)
    assert made == [1, 2]
    third_may_be_made.set()
    assert list(read) == [2, 3]


def test_a_page_that_cannot_be_made_raises_where_it_is_asked_for() -> None:
    """The pages before it are worked on."""

    def pages() -> Iterator[str]:
        yield "good"
        raise ValueError("the disk failed")

    read = ahead(pages(), "read")
    assert next(read) == "good"
    with pytest.raises(ValueError, match="the disk failed"):
        next(read)


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    """The page under way is finished, the rest is never made."""
    made: list[int] = []

    def pages() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    read = ahead(pages(), "early")
    next(read)
    read.close()  # type: ignore[attr-defined]
    assert len(made) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("early")]
