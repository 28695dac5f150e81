"""From a page of Dataverse to the cells of the mirror, whole pages at a time and without a look at the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from proforma.dataverse.pages import Page
from proforma.mapping import VERSION, CompiledEntity, Form
from proforma.store import codec, tail

Cells: TypeAlias = "tuple[Any, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that could not be mapped. `key` is empty where the row has no id that can be read."""

    key: str
    reason: str
    message: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedPage:
    """A page ready to be committed: its rows as the mirror keeps them, those to put aside, ids of deleted ones, and where it goes on.

    `newest`: the latest time of change among its rows. `last`: the place of its last row in the range that is being read. `pages`: how many
    pages of the server it is.
    """

    rows: list[Cells]
    rejected: tuple[Rejected, ...]
    deleted: tuple[str, ...]
    newest: datetime | None
    next_link: str | None
    delta_link: str | None
    missing_columns: frozenset[str]
    last: datetime | None = None
    pages: int = 1


def together(pages: Sequence[MappedPage]) -> MappedPage:
    """Pages of different ranges as one, to be committed at once; none of them goes on anywhere."""
    if len(pages) == 1:
        return pages[0]
    return MappedPage(
        rows=[cells for page in pages for cells in page.rows],
        rejected=tuple(row for page in pages for row in page.rejected),
        deleted=tuple(key for page in pages for key in page.deleted),
        newest=max((page.newest for page in pages if page.newest is not None), default=None),
        next_link=None,
        delta_link=None,
        missing_columns=frozenset[str]().union(*(page.missing_columns for page in pages)),
        pages=len(pages),
    )


class PageMapper:
    """Maps the pages of one walk. `changes`: they list changes, so that a row may come more than once."""

    def __init__(self, compiled: CompiledEntity[Any], *, generation: int, changes: bool = False) -> None:
        self._compiled = compiled
        self._changes = changes
        forms = {name: Form(*form) for name, form in codec(compiled.record).forms().items()}
        self._shaped = compiled.shaping(forms, tail(compiled.entity, VERSION, generation))

    def map(self, page: Page[Any]) -> MappedPage:
        """The page's rows in their columns; those that do not fit are rejected with the reason (promise 5)."""
        compiled = self._compiled
        rows, misfits = self._shaped(self._current(page))
        rejected = [self._misfit(row) for row in misfits]
        rejected += [
            Rejected(key=compiled.key_of(row.raw) or "", reason="unreadable-row", message=row.reason, payload=row.raw)
            for row in page.rejected
        ]
        return MappedPage(
            rows=rows,
            rejected=tuple(rejected),
            deleted=page.deleted,
            newest=compiled.newest(page.rows),
            next_link=page.next_link,
            delta_link=page.delta_link,
            missing_columns=page.missing_columns,
            last=compiled.place(page.rows[-1]) if page.rows else None,
        )

    def _misfit(self, row: Any) -> Rejected:
        compiled, error = self._compiled, self._compiled.rejection(row)
        return Rejected(key=compiled.key(row) or "", reason=error.reason, message=error.message, payload=compiled.payload(row))

    def _current(self, page: Page[Any]) -> list[Any]:
        """The rows to keep. Of a page of changes each row once, in its newest version and only if the page does not delete it: then the
        order in which a server lists its changes does not matter (W-169, W-170)."""
        if not self._changes:
            return page.rows
        compiled, gone = self._compiled, frozenset(page.deleted)
        latest: dict[object, Any] = {}
        for row in page.rows:
            key = compiled.key(row)
            before = latest.get(key) if key is not None else None
            if key not in gone and (before is None or (compiled.version(row) or 0) >= (compiled.version(before) or 0)):
                # A row without a readable id stays as it is: it goes to quarantine.
                latest[key or object()] = row
        return list(latest.values())
