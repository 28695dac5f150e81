"""The mirror: what Dataverse says now, one table a record class. Only the pull writes it; it can be dropped and rebuilt at any time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import pairwise, product
from operator import itemgetter
from typing import Any, Final, Protocol, TypeVar, cast

import sqlalchemy as sa

from proforma.domain.codes import TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import Guid, RecordId
from proforma.domain.records import Actual, TransactionConnection
from proforma.store.columns import Cells, codec, instant, instant_text
from proforma.store.cursors import CursorWriter
from proforma.store.prepared import Prepared
from proforma.store.price_due import PriceDueWriter
from proforma.store.priced_work import WorkText, priced_work, work_texts
from proforma.store.statements import chunks, distinct, renew, upsert
from proforma.store.tables import MIRROR, mirror_entities
from proforma.store.watch_due import WatchDueWriter


class Record(Protocol):
    """A domain record that is mirrored: it has an id."""

    @property
    def id(self) -> Guid:
        """Its GUID, the key of the mirror (D-53)."""
        ...


@dataclass(frozen=True, slots=True)
class Lines:
    """Columns of text to read of each record; the first is the id.

    Several names together are read as one cell, which `apart` takes apart: as a key it costs a fraction of as many cells.
    `only`: a column that is read where another column has one of these values, and is empty elsewhere.
    """

    names: Sequence[str | tuple[str, ...]]
    only: Mapping[str, tuple[str, Collection[str | None]]] = field(default_factory=dict)


R = TypeVar("R", bound=Record)
Id = TypeVar("Id", bound=str)

_BATCH_ROWS: Final = 2000
_FEW: Final = 8
#: Marks of cells read as one text: between two, and in the place of an empty one; between the cells of a line, and between two lines.
#: No id, word, date, figure or JSON text holds a control character.
_BETWEEN: Final = "\x1f"
_EMPTY: Final = "\x1e"
CELL_END: Final = "\x1d"
_LINE_END: Final = "\x1c"
#: So many records that were asked for singly are remembered by a snapshot.
_KNOWN_MAX: Final = 1_000
_PRESENT: Final[dict[type[Any], sa.Select[Any]]] = {}
_TABLES: Final = {table.name: table for table in MIRROR.values()}
_CLASSES: Final = {table.name: cls for cls, table in MIRROR.items()}


@dataclass(frozen=True, slots=True)
class ContractSpan:
    """The contracts from `first` on and before `last`, as the database sorts them; an open end is None, and with `first` open come those
    without a contract."""

    first: str | None
    last: str | None

    def holds(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition on a column of contracts."""
        low = sa.true() if self.first is None else column >= self.first
        high = sa.true() if self.last is None else column < self.last
        return sa.or_(sa.and_(low, high), column.is_(None)) if self.first is None else sa.and_(low, high)


class Mirror:
    """The mirror, read. Rows that Dataverse removed, or that could not be mapped any more, are in `deleted` alone.

    Records come in the order of their ids.
    A search value may be one value or a collection of them; None finds empty columns.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        #: What was asked for by its id: a snapshot does not change. None for who writes.
        self._known: dict[tuple[type[Any], str], object] | None = {}

    def get(self, cls: type[R], id: str) -> R | None:  # noqa: A002 - the field's own name
        """One record."""
        if self._known is None or (cls, id) not in self._known:
            record: R | None = next(codec(cls).decode(_one(cls).rows(self._connection, wanted=id)), None)
            if self._known is None or len(self._known) >= _KNOWN_MAX:
                return record
            self._known[cls, id] = record
        return cast("R | None", self._known[cls, id])

    def get_many(self, cls: type[R], ids: Iterable[Id]) -> dict[Id, R]:
        """Those of the records that are there, by id."""
        wanted = sorted(set(ids))
        if len(wanted) > _FEW:
            found: dict[Any, R] = {record.id: record for record in _by_id(self._connection, cls, wanted)}
            return found
        # A statement for a list is written anew for each length of it, which costs more than some look-ups of one.
        return {key: record for key in wanted if (record := self.get(cls, key)) is not None}

    def all(self, cls: type[R]) -> Iterator[R]:
        """Every record of a class, read in batches."""
        return self.where(cls)

    def where(self, cls: type[R], **values: object) -> Iterator[R]:
        """The records whose columns have these values; several columns must all fit.

        Raises TypeError for a column that is not there or that has no single stored text (decimals, dimensions).
        """
        for batch in _batches(self._connection, cls, _BATCH_ROWS, values):
            yield from batch

    def batches(self, cls: type[R], size: int = _BATCH_ROWS, **values: object) -> Iterator[list[R]]:
        """As `where`, in lists of at most `size`: memory stays flat however many there are."""
        return _batches(self._connection, cls, size, values)

    def priced(
        self, contracts: Collection[str], types: Collection[TransactionType], texts: Iterable[WorkText] | None = None
    ) -> tuple[list[Actual], dict[RecordId, PriceDecision]]:
        """The actuals of these contracts that have one of these types, by id, and the decisions about them.

        `texts`: what `work_texts` said of them before, where that still holds.
        """
        return priced_work(self._connection, contracts, types, texts)

    def work_texts(self, contracts: Collection[str], types: Collection[TransactionType]) -> list[WorkText]:
        """What `priced` reads, unread, of a SQLite store: a thread beside others can ask for it without stopping them at each row."""
        return work_texts(self._connection, contracts, types)

    def lines(self, cls: type[Any], columns: Lines, size: int, *, after: str = "", contracts: ContractSpan | None = None) -> list[str]:
        """The columns of at most `size` records behind the id `after`, by id, each record as one text: its cells between CELL_END, ""
        for an empty one. `contracts`: only records of these contracts.

        The database gives all of them as one value, so that whoever works meanwhile in another thread is not interrupted by each row.
        """
        table = MIRROR[cls]
        wanted = sa.select(_line(cls, columns)).where(table.c.deleted_at.is_(None), table.c.id > after).order_by(table.c.id).limit(size)
        if contracts is not None:
            wanted = wanted.where(contracts.holds(table.c.contract_id))
        lines = wanted.subquery()
        text = self._connection.execute(sa.select(sa.func.aggregate_strings(lines.c.line, _LINE_END))).scalar_one()
        # Aggregates promise no order. Lines begin with the id, and GUIDs, all of one form, sort here as in every database.
        return sorted(text.split(_LINE_END)) if text else []

    def contract_spans(self, parts: int) -> list[ContractSpan]:
        """Spans of contracts with about as many actuals each, at most so many; together they hold every actual once."""
        table = MIRROR[Actual]
        column = table.c.contract_id
        counted = sa.select(column, sa.func.count()).where(column.is_not(None)).group_by(column).order_by(column)
        rows = self._connection.execute(counted).all()
        share, bounds, reached = sum(count for _, count in rows) / parts, list[str](), 0
        for contract, count in rows:
            if reached >= share * (len(bounds) + 1):
                bounds.append(contract)
            reached += count
        ends = [None, *bounds, None]
        return [ContractSpan(first, last) for first, last in pairwise(ends)]

    def starting_with(self, cls: type[Any], prefix: str, limit: int) -> list[Guid]:
        """The first ids, at most `limit`, that begin with these characters; lower case as all ids are."""
        table = MIRROR[cls]
        fits = (table.c.id >= prefix, table.c.id < prefix + "~", table.c.deleted_at.is_(None))
        return [Guid(row[0]) for row in self._connection.execute(sa.select(table.c.id).where(*fits).order_by(table.c.id).limit(limit))]

    def count(self, cls: type[Any] | None = None) -> int:
        """Number of records of a class, or of all."""
        tables = MIRROR.values() if cls is None else [MIRROR[cls]]
        counts = [sa.select(sa.func.count()).select_from(table).where(table.c.deleted_at.is_(None)).scalar_subquery() for table in tables]
        return sum(self._connection.execute(sa.select(*counts)).one())

    def values(self, cls: type[Any], column: str) -> set[str | None]:
        """The different values of a searched column."""
        found = self._connection.execute(sa.select(MIRROR[cls].c[column]).distinct())
        return set(found.scalars())

    def counts(self) -> dict[str, int]:
        """Number of records of each entity that was ever pulled."""
        totals: dict[str, int] = {}
        for entity, table in self._entities():
            totals.setdefault(entity, 0)
            here = sa.select(sa.func.count()).where(table.c.entity == entity, table.c.deleted_at.is_(None))
            totals[entity] += self._connection.execute(here).scalar_one()
        return totals

    def related(self, ids: Iterable[Id]) -> dict[Id, list[Actual]]:
        """The actuals at the other end of the active connections of each id, in either direction, by id (P-49, I-11).

        Every id asked for is a key; one without connections has an empty list.
        """
        asked = list(dict.fromkeys(ids))
        found: dict[Id, dict[str, Actual]] = {id_: {} for id_ in asked}
        for piece in chunks(asked):
            for near, actual in _other_ends(self._connection, piece):
                found[near].setdefault(actual.id, actual)
        return {id_: [others[key] for key in sorted(others)] for id_, others in found.items()}

    def deleted(self, cls: type[R]) -> Iterator[tuple[R, datetime]]:
        """The records that are gone, as they were last seen, each with when it was found gone."""
        made = codec(cls)
        table = MIRROR[cls]
        statement = sa.select(*(table.c[name] for name in made.names), table.c.deleted_at)
        rows = self._connection.execute(statement.where(table.c.deleted_at.is_not(None)).order_by(table.c.id)).all()
        return zip(made.decode(row[:-1] for row in rows), [instant(row[-1]) for row in rows], strict=True)

    def _entities(self, entity: str | None = None) -> list[tuple[str, sa.Table]]:
        statement = sa.select(mirror_entities.c.entity, mirror_entities.c.table_name).order_by(*mirror_entities.c)
        if entity is not None:
            statement = statement.where(mirror_entities.c.entity == entity)
        return [(name, _TABLES[table]) for name, table in self._connection.execute(statement)]


class MirrorWriter(Mirror):
    """The mirror, written by the pull, a page a transaction, its cursor with it (promise 1).

    Whatever a price can follow is noted with the change, and so are the contracts whose backlog it reaches.
    """

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._known = None
        self._due = PriceDueWriter(connection)
        self._watch = WatchDueWriter(connection)

    def upsert(self, entity: str, cls: type[R], records: Sequence[R], versions: Sequence[int | None], generation: int) -> None:
        """Keeps the newest form of these rows; a row that was deleted and is here again lives again.

        `versions`: the row version of each record. `generation`: the full pull in which they were seen.
        """
        rows = zip(codec(cls).encode(records), versions, strict=True)
        self.put(entity, cls, [(*cells, *tail(entity, version, generation)) for cells, version in rows])

    def put(self, entity: str, cls: type[Any], rows: Sequence[Cells]) -> None:
        """As `upsert`, for rows that are cells already: those of the fields (`Codec.forms`), and behind them their `tail`."""
        self._remember(entity, MIRROR[cls])
        self._note_before(cls, rows)
        upsert(self._connection, MIRROR[cls], self._in_order(cls, rows))
        self._note_after(cls, rows)

    def renew(self, entity: str, cls: type[Any], rows: Sequence[Cells], read_at: datetime) -> None:
        """As `put`, for rows asked for at `read_at` beside the pull: what is kept in a newer version, or was found gone since, stays.

        New rows count as seen in the entity's present full pull, so that its sweep does not take them away.
        """
        cursor = CursorWriter(self._connection).get(entity)
        generation = cursor.generation if cursor else 0
        self._remember(entity, MIRROR[cls])
        present = [(*cells[:-4], *tail(entity, cells[-3], generation)) for cells in rows]
        self._note_before(cls, rows)
        renew(self._connection, MIRROR[cls], self._in_order(cls, present), instant_text(read_at))
        self._note_after(cls, rows)

    def _note_before(self, cls: type[Any], rows: Sequence[Cells]) -> None:
        """A connection may lead elsewhere than before: both its old ends and its new ones are priced anew. A row may belong elsewhere."""
        ids = _ids(cls, rows)
        if cls is TransactionConnection:
            for piece in chunks(ids):
                self._due.note(cls, MIRROR[cls].c.id.in_(piece))
        self._watch.note_kept(cls, ids)

    def _note_after(self, cls: type[Any], rows: Sequence[Cells]) -> None:
        self._due.note_rows(cls, rows)
        self._watch.note_rows(cls, rows)

    def delete(self, entity: str, ids: Iterable[str], at: datetime) -> int:
        """Marks rows as removed in Dataverse; unknown ids are none of ours, and a row keeps the time of its first removal.

        Answers how many were there.
        """
        gone, deleted = distinct(ids), 0
        for _, table in self._entities(entity):
            statement = sa.update(table).where(table.c.entity == entity, table.c.deleted_at.is_(None)).values(deleted_at=instant_text(at))
            for piece in chunks(gone):
                self._note_going(table, sa.and_(table.c.entity == entity, table.c.deleted_at.is_(None), table.c.id.in_(piece)))
                deleted += self._connection.execute(statement.where(table.c.id.in_(piece))).rowcount
        return deleted

    def hold(self, entity: str, ids: Iterable[str], at: datetime) -> None:
        """Takes away rows whose newest version cannot be mapped: their old form would be a lie. They return when mapped again."""
        self.delete(entity, ids, at)

    def sweep(self, entity: str, generation: int, at: datetime) -> int:
        """After a full pull: marks the entity's rows that were not seen in it as removed (promise 2). Answers how many."""
        swept = 0
        for _, table in self._entities(entity):
            unseen = sa.and_(table.c.entity == entity, table.c.generation != generation, table.c.deleted_at.is_(None))
            self._note_going(table, unseen)
            swept += self._connection.execute(sa.update(table).where(unseen).values(deleted_at=instant_text(at))).rowcount
        return swept

    def drop_entity(self, entity: str) -> None:
        """Forgets all rows of an entity, and its cursor with them: the next pull of it must be a full one."""
        self._due.note_everything()
        self._watch.note_everything()
        for _, table in self._entities(entity):
            self._connection.execute(sa.delete(table).where(table.c.entity == entity))
        self._connection.execute(sa.delete(mirror_entities).where(mirror_entities.c.entity == entity))
        CursorWriter(self._connection).drop(entity)

    def _note_going(self, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
        self._due.note(_CLASSES[table.name], which)
        self._watch.note(_CLASSES[table.name], which)

    def _in_order(self, cls: type[Any], rows: Sequence[Cells]) -> Sequence[Cells]:
        """By id where several write at once: two that lock the same rows in different order would wait for each other."""
        return rows if self._connection.dialect.name == "sqlite" else sorted(rows, key=itemgetter(_place_of_id(cls)))

    def _remember(self, entity: str, table: sa.Table) -> None:
        upsert(self._connection, mirror_entities, [(entity, table.name)])


def _place_of_id(cls: type[Any]) -> int:
    return codec(cls).names.index("id")


def _ids(cls: type[Any], rows: Sequence[Cells]) -> list[str]:
    place = _place_of_id(cls)
    return [str(row[place]) for row in rows]


def apart(text: str) -> Cells:
    """The cells that `Mirror.lines` has read as one. More than were asked for where a cell holds the mark between them."""
    return tuple(None if cell == _EMPTY else cell for cell in text.split(_BETWEEN))


def tail(entity: str, version: Any, generation: int) -> tuple[Any, ...]:
    """The cells of a living row behind those of its record."""
    return entity, version, generation, None


def _batches(connection: sa.Connection, cls: type[R], size: int, values: Mapping[str, object]) -> Iterator[list[R]]:
    if not values:
        return _every(connection, cls, size)
    return (_by_id(connection, cls, piece) for piece in chunks(_found(connection, cls, values), size))


def _every(connection: sa.Connection, cls: type[R], size: int) -> Iterator[list[R]]:
    made, key = codec(cls), MIRROR[cls].c.id
    wanted = _present(cls).limit(size)
    last: str | None = None
    while True:
        # By key, not by offset: each batch costs the same, and rows changed meanwhile shift nothing.
        batch = list(made.decode(connection.execute(wanted if last is None else wanted.where(key > last))))
        if batch:
            yield batch
        if len(batch) < size:
            return
        last = batch[-1].id


def _found(connection: sa.Connection, cls: type[Any], values: Mapping[str, object]) -> list[str]:
    """Ids of the records that fit. Ids first: a search that came in batches would be done anew for each of them."""
    table = MIRROR[cls]
    wanted = sa.select(table.c.id).where(table.c.deleted_at.is_(None))
    return sorted(id_ for conditions in _conditions(cls, values) for id_ in connection.execute(wanted.where(*conditions)).scalars())


def _by_id(connection: sa.Connection, cls: type[R], ids: Sequence[str]) -> list[R]:
    made, key = codec(cls), MIRROR[cls].c.id
    return [record for piece in chunks(ids) for record in made.decode(connection.execute(_present(cls).where(key.in_(piece))))]


@cache
def _one(cls: type[Any]) -> Prepared:
    return Prepared(_present(cls).where(MIRROR[cls].c.id == sa.bindparam("wanted")))


def _present(cls: type[Any]) -> sa.Select[Any]:
    made = _PRESENT.get(cls)
    if made is None:
        table = MIRROR[cls]
        columns = (table.c[name] for name in codec(cls).names)
        made = _PRESENT[cls] = sa.select(*columns).where(table.c.deleted_at.is_(None)).order_by(table.c.id)
    return made


def _conditional(cls: type[Any], name: str, only: tuple[str, Collection[str | None]] | None) -> sa.ColumnElement[Any]:
    column = MIRROR[cls].c[name]
    if only is None:
        return column
    other = MIRROR[cls].c[only[0]]
    fits = [other.is_(None)] if None in only[1] else []
    words = sorted(word for word in only[1] if word is not None)
    return sa.case((sa.or_(*fits, other.in_(words)) if words else fits[0], column))


def _line(cls: type[Any], columns: Lines) -> sa.Label[Any]:
    def column(name: str) -> sa.ColumnElement[Any]:
        return _conditional(cls, name, columns.only.get(name))

    cells = [column(name) if isinstance(name, str) else _joined([column(part) for part in name]) for name in columns.names]
    return _joined(cells, between=CELL_END, empty="").label("line")


def _joined(columns: Sequence[sa.ColumnElement[Any]], *, between: str = _BETWEEN, empty: str = _EMPTY) -> sa.ColumnElement[Any]:
    """Columns as one text: the marks are written out, as a parameter for each would have to be given with each page."""
    mark: sa.ColumnElement[str] = sa.literal_column(f"'{between}'")
    first, *rest = (sa.func.coalesce(column, sa.literal_column(f"'{empty}'")) for column in columns)
    joined: sa.ColumnElement[Any] = first
    for column in rest:
        joined = joined.op("||")(mark).op("||")(column)
    return joined


def _conditions(cls: type[Any], values: Mapping[str, object]) -> Iterator[tuple[sa.ColumnElement[bool], ...]]:
    """One set of conditions for each combination of pieces of the collections; no row fits two of them."""
    return product(*([*_pieces(cls, name, value)] for name, value in values.items()))


def _pieces(cls: type[Any], name: str, value: object) -> Iterator[sa.ColumnElement[bool]]:
    one = not isinstance(value, Collection) or isinstance(value, str | Mapping)
    choices: Iterable[object] = (value,) if one else cast(Collection[object], value)
    cells = distinct(codec(cls).cell(name, choice) for choice in choices)
    column = MIRROR[cls].c[name]
    pieces: list[sa.ColumnElement[bool]] = [
        column.in_(piece) for piece in chunks(sorted((cell for cell in cells if cell is not None), key=str))
    ]
    if None in cells:
        pieces[:1] = [sa.or_(column.is_(None), *pieces[:1])]
    yield from pieces


def _other_ends(connection: sa.Connection, ids: Sequence[Id]) -> Iterator[tuple[Id, Actual]]:
    links, actuals, made = MIRROR[TransactionConnection], MIRROR[Actual], codec(Actual)
    columns = [actuals.c[name] for name in made.names]
    usable = sa.and_(links.c.deleted_at.is_(None), links.c.active == 1, actuals.c.deleted_at.is_(None))
    statement = sa.union_all(
        *(
            sa.select(links.c[near].label("near"), *columns).where(links.c[near].in_(ids), actuals.c.id == links.c[far], usable)
            for near, far in (("first_id", "second_id"), ("second_id", "first_id"))
        )
    )
    rows = connection.execute(statement).all()
    return zip([row[0] for row in rows], made.decode(row[1:] for row in rows), strict=True)
