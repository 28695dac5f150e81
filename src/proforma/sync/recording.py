"""Records rows of an environment as a world for the mock: chosen tables, so many rows of each, disguised at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

from proforma.dataverse.client import PAGE_ROWS_MAX, DataverseClient
from proforma.dataverse.metadata import TableDefinition, TableName, lookup_targets, table_definition, table_names
from proforma.dataverse.query import Query, eq, or_
from proforma.domain.errors import ConfigurationError
from proforma.mapping import did_you_mean
from proforma.sync.disguise import GUID, Cell, Disguise, Kept
from proforma.sync.progress import Progress
from proforma.transport.errors import HttpStatusError

RawRow: TypeAlias = "dict[str, Any]"

_NOT_READABLE: Final = frozenset({403, 404})
#: Rows asked for by their ids at once: a filter holds at most 500 conditions (W-74), and an address 32 KiB (W-9).
_IDS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTable:
    """The rows of one entity set as the world will have them, and its alternate keys.

    `more`: the environment has other rows. `refused`: why there is none.
    """

    entity_set: str
    rows: Sequence[dict[str, Cell]] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    more: bool = False
    refused: str | None = None


@dataclass(slots=True, kw_only=True)
class _Taken:
    """A table and its rows by key, as they were read."""

    name: TableName
    definition: TableDefinition
    rows: dict[str, RawRow] = field(default_factory=dict)
    more: bool = False
    refused: str | None = None

    @property
    def entity_set(self) -> str:
        return self.name.entity_set

    @property
    def key(self) -> str:
        return self.definition.key or f"{self.definition.name}id"

    def take(self, rows: Iterable[RawRow]) -> None:
        """Add rows."""
        self.rows.update((str(row[self.key]), row) for row in rows)

    def shown(self, disguise: Disguise) -> RecordedTable:
        """The table as the world will have it."""
        rows = [disguise.row(self.entity_set, self.definition.columns, row) for row in self.rows.values()]
        return RecordedTable(entity_set=self.entity_set, rows=rows, keys=self.name.keys, more=self.more, refused=self.refused)


class Recorder:
    """Reads an environment. `rows_max`: rows of a table that are taken for themselves; those that taken rows refer to come along."""

    def __init__(self, client: DataverseClient, *, rows_max: int, kept: Kept, progress: Progress) -> None:
        self._client = client
        self._rows_max = rows_max
        self._kept = kept
        self._progress = progress

    def record(self, *, wanted: Sequence[str], usual: Iterable[str]) -> list[RecordedTable]:
        """The tables of `wanted`, by entity set or logical name; when it is empty those of `usual` that the environment has.

        Rows come in the order of their keys, so that recording again records the same. Lookups to rows of other tables keep their id,
        disguised as any other. Raises ConfigurationError for a name that the environment does not know, before any row is read, and the
        faults of the transfer.
        """
        taken = [self._first_rows(name) for name in _chosen(_readable(self._client), wanted, usual)]
        _Relations(self._client, taken, self._progress).complete()
        # Whoever has the organization's id and the original text can tell what became of it; the world holds neither.
        disguise = Disguise(self._client.who_am_i().organization_id.bytes, self._kept)
        return [table.shown(disguise) for table in taken]

    def _first_rows(self, name: TableName) -> _Taken:
        taken = _Taken(name=name, definition=table_definition(self._client, name.name) or _undefined(name))
        self._progress.begin(name.entity_set)
        try:
            self._read(taken)
        except HttpStatusError as refusal:
            if refusal.status not in _NOT_READABLE:
                raise
            taken.refused = refusal.what
        finally:
            self._progress.end()
        return taken

    def _read(self, taken: _Taken) -> None:
        query = Query(entity_set=taken.entity_set, order_by=(taken.key,), page_size=min(self._rows_max + 1, PAGE_ROWS_MAX))
        for page in self._client.pages(query, dict[str, Any]):
            room = self._rows_max - len(taken.rows)
            taken.take(page.rows[:room])
            self._progress.advance(min(room, len(page.rows)))
            if len(page.rows) > room or (len(taken.rows) == self._rows_max and page.next_link):
                taken.more = True
                return


class _Relations:
    """Fetches the rows that taken rows refer to, where a table was cut, until none is missing."""

    def __init__(self, client: DataverseClient, taken: Sequence[_Taken], progress: Progress) -> None:
        self._client = client
        self._taken = taken
        self._progress = progress
        self._cut = {table.definition.name: table for table in taken if table.more}
        self._asked: set[tuple[str, str]] = set()
        self._targets: dict[str, dict[str, tuple[str, ...]]] = {}

    def complete(self) -> None:
        """Nothing to do when no table was cut."""
        fresh = {table.entity_set: list(table.rows.values()) for table in self._taken if self._cut}
        while missing := self._missing(fresh):
            fresh = {table.entity_set: self._fetched(table, ids) for table, ids in missing}

    def _missing(self, fresh: dict[str, list[RawRow]]) -> list[tuple[_Taken, list[str]]]:
        """Ids that fresh rows refer to and that are not there, by cut table; each is asked for once, a deleted row in vain."""
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        for table in self._taken:
            for target, row_id in self._references(table, fresh.get(table.entity_set, [])):
                if row_id not in self._cut[target].rows and (target, row_id) not in self._asked:
                    self._asked.add((target, row_id))
                    wanted[target].append(row_id)
        return [(self._cut[target], sorted(ids)) for target, ids in wanted.items()]

    def _references(self, table: _Taken, rows: Iterable[RawRow]) -> Iterator[tuple[str, str]]:
        if table.entity_set not in self._targets:
            self._targets[table.entity_set] = lookup_targets(self._client, table.definition.name)
        lookups = [(f"_{name}_value", target) for name, targets in self._targets[table.entity_set].items() for target in targets]
        lookups = [(name, target) for name, target in lookups if target in self._cut]
        for row in rows:
            yield from ((target, row[name]) for name, target in lookups if GUID.fullmatch(row.get(name) or ""))

    def _fetched(self, table: _Taken, ids: Sequence[str]) -> list[RawRow]:
        self._progress.begin(f"{table.entity_set}, referred to", len(ids))
        found: list[RawRow] = []
        for start in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[start : start + _IDS_AT_ONCE]
            query = Query(entity_set=table.entity_set, filter=or_(*(eq(table.key, UUID(row_id)) for row_id in some)), order_by=(table.key,))
            for page in self._client.pages(query, dict[str, Any]):
                found += page.rows
            self._progress.advance(len(some))
        self._progress.end()
        table.take(found)
        return found


def _undefined(name: TableName) -> TableDefinition:
    """What is known of a table that was there a moment ago."""
    return TableDefinition(name=name.name, entity_set=name.entity_set, key=None, tracked=None, columns={})


def _readable(client: DataverseClient) -> dict[str, TableName]:
    """Every table that has rows to ask for, by entity set."""
    return {table.entity_set: table for table in table_names(client) if table.entity_set}


def _chosen(known: dict[str, TableName], wanted: Sequence[str], usual: Iterable[str]) -> list[TableName]:
    """The tables to record, each once."""
    if not wanted:
        return [known[entity_set] for entity_set in dict.fromkeys(usual) if entity_set in known]
    either = {**{table.name: table for table in known.values()}, **known}
    unknown = [name for name in wanted if name not in either]
    if unknown:
        hint = did_you_mean(unknown[0], list(either))
        raise ConfigurationError(f"--table: the environment has no table {unknown[0]!r}", hint=hint)
    return list({either[name].entity_set: either[name] for name in wanted}.values())
