"""Records rows of an environment as a world for the mock: chosen tables, so many rows of each, disguised on their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proforma.dataverse.client import PAGE_ROWS_MAX, DataverseClient
from proforma.dataverse.metadata import entity_sets, table_definition
from proforma.dataverse.query import Query
from proforma.domain.errors import ConfigurationError
from proforma.mapping import did_you_mean
from proforma.sync.disguise import Cell, Disguise, Kept
from proforma.sync.progress import Progress
from proforma.transport.errors import HttpStatusError

_NOT_READABLE: Final = frozenset({403, 404})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTable:
    """The rows of one entity set as the world will have them. `more`: the environment has others. `refused`: why there is none."""

    entity_set: str
    rows: Sequence[dict[str, Cell]] = ()
    more: bool = False
    refused: str | None = None


class Recorder:
    """Reads an environment. Lookups to rows that are not recorded keep their id: the world has them as any other."""

    def __init__(self, client: DataverseClient, *, rows_max: int, kept: Kept, progress: Progress) -> None:
        self._client = client
        self._rows_max = rows_max
        self._kept = kept
        self._progress = progress

    def record(self, *, wanted: Iterable[str], usual: Iterable[str]) -> Iterator[RecordedTable]:
        """The tables of `wanted`, by entity set or logical name; when it is empty those of `usual` that the environment has.

        Rows come in the order of their keys, so that recording again records the same. Raises ConfigurationError for a name that the
        environment does not know, before any row is read, and the faults of the transfer.
        """
        # Whoever has the organization's id and the original text can tell what became of it; the world holds neither.
        disguise = Disguise(self._client.who_am_i().organization_id.bytes, self._kept)
        for entity_set, table in _chosen(entity_sets(self._client), list(wanted), usual):
            yield self._table(disguise, entity_set, table)

    def _table(self, disguise: Disguise, entity_set: str, table: str) -> RecordedTable:
        self._progress.begin(entity_set)
        try:
            return self._read(disguise, entity_set, table)
        except HttpStatusError as refusal:
            if refusal.status not in _NOT_READABLE:
                raise
            return RecordedTable(entity_set=entity_set, refused=refusal.what)
        finally:
            self._progress.end()

    def _read(self, disguise: Disguise, entity_set: str, table: str) -> RecordedTable:
        definition = table_definition(self._client, table)
        types = definition.columns if definition else {}
        order = (definition.key,) if definition and definition.key else ()
        query = Query(entity_set=entity_set, order_by=order, page_size=min(self._rows_max + 1, PAGE_ROWS_MAX))
        rows: list[dict[str, Cell]] = []
        for page in self._client.pages(query, dict[str, Any]):
            room = self._rows_max - len(rows)
            rows += [disguise.row(entity_set, types, row) for row in page.rows[:room]]
            self._progress.advance(min(room, len(page.rows)))
            if len(page.rows) > room or (len(rows) == self._rows_max and page.next_link):
                return RecordedTable(entity_set=entity_set, rows=rows, more=True)
        return RecordedTable(entity_set=entity_set, rows=rows)


def _chosen(known: dict[str, str], wanted: Sequence[str], usual: Iterable[str]) -> list[tuple[str, str]]:
    """Entity set and logical name of each table to record, each once."""
    if not wanted:
        return [(name, known[name]) for name in dict.fromkeys(usual) if name in known]
    by_logical = {logical: name for name, logical in known.items()}
    unknown = [name for name in wanted if name not in known and name not in by_logical]
    if unknown:
        hint = did_you_mean(unknown[0], [*known, *by_logical])
        raise ConfigurationError(f"--table: the environment has no table {unknown[0]!r}", hint=hint)
    sets = dict.fromkeys(name if name in known else by_logical[name] for name in wanted)
    return [(name, known[name]) for name in sets]
