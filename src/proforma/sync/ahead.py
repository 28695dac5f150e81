"""A thread beside the work: it makes the next page while the one before is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from proforma.sync.log_context import inherited

Page = TypeVar("Page")


def ahead(pages: Iterator[Page], name: str) -> Iterator[Page]:
    """The same pages. A page that cannot be made raises where it is asked for; `name` is that of the thread."""
    with ThreadPoolExecutor(1, thread_name_prefix=name, initializer=inherited()) as maker:
        pending = maker.submit(next, pages, None)
        while (page := pending.result()) is not None:
            pending = maker.submit(next, pages, None)
            yield page
