"""Statements that are run for every single invoice: compiled once, then given to the driver as text with plain values.

Building a statement anew and finding it in SQLAlchemy's cache costs many times what SQLite needs to run it, and so does a result of its own
around each row; transactions, pool and faults stay SQLAlchemy's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from proforma.store.columns import Cell, Row


@dataclass(frozen=True, slots=True)
class _Text:
    sql: str
    names: Sequence[str]
    given: Mapping[str, Any]


class Prepared:
    """A statement whose values are named by `sa.bindparam`; the values themselves come as cells."""

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update | sa.Delete) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: sa.Connection, **values: Cell) -> list[Row]:
        """Runs it, and gives the rows it answers, plain tuples. Raises KeyError when a value is missing."""
        rows, _ = self._done(connection, values)
        return rows

    def one(self, connection: sa.Connection, **values: Cell) -> Row | None:
        """As `rows`, the first of them; None when there is none."""
        rows, _ = self._done(connection, values)
        return rows[0] if rows else None

    def run(self, connection: sa.Connection, **values: Cell) -> int:
        """Runs it, and says how many rows it changed. Raises KeyError when a value is missing."""
        _, changed = self._done(connection, values)
        return changed

    def _done(self, connection: sa.Connection, values: Mapping[str, Cell]) -> tuple[list[Row], int]:
        dialect = connection.dialect
        text = self._texts.get(dialect.name) or self._texts.setdefault(dialect.name, self._compiled(dialect.name))
        given = {**text.given, **values} if text.given else values
        return execute(connection, text.sql, [given[name] for name in text.names])

    def _compiled(self, dialect: str) -> _Text:
        """Its text with positional marks, and what the statement itself says of values."""
        chosen = sqlite.dialect() if dialect == "sqlite" else postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
        compiled = self._statement.compile(dialect=chosen)
        assert not compiled.post_compile_params, "lists of values have no fixed text"
        given = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        return _Text(str(compiled), tuple(compiled.positiontup or ()), given)


def execute(connection: sa.Connection, sql: str, values: Sequence[Cell]) -> tuple[list[Row], int]:
    """Gives a statement to the driver, within the connection's transaction: its rows, and how many it changed.

    Raises what SQLAlchemy raises for the driver's faults.
    """
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else [], cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as fault:
        raise _as_sqlalchemy_tells(connection, sql, fault) from fault
    finally:
        cursor.close()


def _as_sqlalchemy_tells(connection: sa.Connection, sql: str, fault: Exception) -> Exception:
    """The fault of a driver as the error that all others are; a connection that broke is not used again."""
    driver = connection.dialect.loaded_dbapi
    broken = connection.dialect.is_disconnect(cast(Any, fault), connection.connection, None)
    if broken:
        connection.invalidate(fault)
    told = sa.exc.DBAPIError.instance(
        sql, None, fault, driver.Error, hide_parameters=True, connection_invalidated=broken, dialect=connection.dialect
    )
    return told if isinstance(told, Exception) else fault
