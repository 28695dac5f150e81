"""Statements of both dialects that many rows go through: compiled once, run with plain tuples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from itertools import chain, islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from proforma.store.columns import Cell, Cells, json_text
from proforma.store.prepared import execute

T = TypeVar("T")
Number = TypeVar("Number", bound=int)

#: Values in one IN list: far below what SQLite (32,766) and PostgreSQL (65,535) take, large enough that more would not be faster.
IN_LIST_MAX: Final = 900
#: Rows of one INSERT of SQLite, a power of two as what is left is halved, into a table of at most so many columns: wide rows go in faster
#: one by one (the 48 columns of actuals by a fifth).
AT_ONCE, NARROW = 512, 16


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Cells]) -> None:
    """Inserts rows of all columns of the table, in its order; a row whose key is there already is replaced."""
    _put(connection, table, rows, replace=True)


def _put(connection: sa.Connection, table: sa.Table, rows: Sequence[Cells], *, replace: bool) -> int:
    """Inserts rows; answers how many were inserted or replaced."""
    dialect = connection.dialect.name
    if dialect != "sqlite" or len(table.c) > NARROW:
        return connection.exec_driver_sql(_upsert_sql(table, dialect, replace=replace), list(rows)).rowcount if rows else 0
    first, done, at_once = 0, 0, AT_ONCE
    # Many rows a statement: a sixth less time, and a thread beside this one does not have to make way for each row.
    while first < len(rows):
        while at_once > len(rows) - first:
            at_once //= 2
        statement = _upsert_sql(table, dialect, replace=replace, rows=at_once)
        done += connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows[first : first + at_once]))).rowcount
        first += at_once
    return done


def number_of(cells: Cells) -> int:
    """A number made of the content of a row: equal rows have the same one, in every store."""
    return int.from_bytes(blake2b(json_text(cells).encode(), digest_size=8).digest()) >> 1


def fill_numbered(connection: sa.Connection, table: sa.Table, rows: Mapping[Number, Cells]) -> None:
    """Inserts rows that are not there yet, each under the `number_of` its cells, which is the table's first column and key.

    Raises ValueError should two different rows have the same number.
    """
    if not rows:
        return
    # In order: two that write the same ones at once would else wait for each other.
    if _put(connection, table, [(number, *cells) for number, cells in sorted(rows.items())], replace=False) == len(rows):
        return
    key = next(iter(table.primary_key))
    for piece in chunks(list(rows)):
        for row in connection.execute(sa.select(table).where(key.in_(piece))):
            if tuple(row[1:]) != rows[row[0]]:
                raise ValueError(f"two different rows of {table.name} have the number {row[0]}")


def renew(connection: sa.Connection, table: sa.Table, rows: Sequence[Cells], read_at: str) -> None:
    """As `upsert` for rows of the mirror that were asked for at `read_at`, beside a pull that may have been quicker.

    A row that is kept in a newer version stays as it is, and so does one that was found gone since; each keeps its generation, by which
    a full pull tells what it has seen.
    """
    if rows:
        connection.exec_driver_sql(_renew_sql(table, connection.dialect.name), [(*row, read_at) for row in rows])


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Cells], *, columns: tuple[str, ...] | None = None) -> None:
    """Inserts rows of the named columns, which stand in the table's order (all when None)."""
    if len(rows) == 1:
        execute(connection, _insert_sql(table, columns or tuple(table.c.keys()), connection.dialect.name), rows[0])
    elif rows:
        connection.exec_driver_sql(_insert_sql(table, columns or tuple(table.c.keys()), connection.dialect.name), list(rows))


@cache
def _upsert_sql(table: sa.Table, dialect: str, *, replace: bool = True, rows: int = 1) -> str:
    keys = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns]
    values: list[dict[str, sa.BindParameter[Any]]] = [{name: sa.bindparam(f"{name}_{n}") for name in names} for n in range(rows)]
    rest = [column.name for column in table.columns if column.name not in keys]
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table).values(values)
    changes = {name: statement.excluded[name] for name in rest}
    return _compiled(
        statement.on_conflict_do_update(index_elements=keys, set_=changes)
        if changes and replace
        else statement.on_conflict_do_nothing(index_elements=keys),
        dialect,
    )


@cache
def _renew_sql(table: sa.Table, dialect: str) -> str:
    values: dict[str, sa.BindParameter[Any]] = {column.name: sa.bindparam(column.name) for column in table.columns}
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table).values(values)
    there, come = table.c, statement.excluded
    changes = {column.name: come[column.name] for column in table.columns if column.name not in ("id", "generation")}
    not_older = sa.or_(there.row_version.is_(None), come.row_version.is_(None), come.row_version >= there.row_version)
    not_gone_since = sa.or_(there.deleted_at.is_(None), there.deleted_at < sa.bindparam("read_at"))
    return _compiled(
        statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=sa.and_(not_older, not_gone_since)), dialect
    )


@cache
def _insert_sql(table: sa.Table, columns: tuple[str, ...], dialect: str) -> str:
    assert columns == tuple(column.name for column in table.c if column.name in columns), "columns in another order than the table's"
    return _compiled(sa.insert(table).inline().values({name: sa.bindparam(name) for name in columns}), dialect)


def _compiled(statement: sa.Insert, dialect: str) -> str:
    """The statement's text with positional marks. Values come in the order in which the columns were given."""
    chosen = sqlite.dialect() if dialect == "sqlite" else postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
    return str(statement.compile(dialect=chosen))


def chunks(values: Iterable[T], size: int = IN_LIST_MAX) -> Iterator[list[T]]:
    """The values in pieces of at most `size`."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece


def distinct(values: Any) -> list[Cell]:
    """Each value once, in the order of first appearance."""
    return list(dict.fromkeys(values))
