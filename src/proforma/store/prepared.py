"""Statements that are run for every single invoice: compiled once, then run as text with plain values.

Building a statement anew and finding it in SQLAlchemy's cache costs several times what SQLite needs to run it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from proforma.store.columns import Cell


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

    def run(self, connection: sa.Connection, **values: Cell) -> sa.CursorResult[Any]:
        """Runs it. Raises KeyError when a value is missing."""
        dialect = connection.dialect.name
        text = self._texts.get(dialect) or self._texts.setdefault(dialect, self._compiled(dialect))
        given = {**text.given, **values}
        return connection.exec_driver_sql(text.sql, tuple([given[name] for name in text.names]))

    def _compiled(self, dialect: str) -> _Text:
        """Its text with positional marks, and what the statement itself says of values."""
        chosen = sqlite.dialect() if dialect == "sqlite" else postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
        compiled = self._statement.compile(dialect=chosen)
        assert not compiled.post_compile_params, "lists of values have no fixed text"
        given = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        return _Text(str(compiled), tuple(compiled.positiontup or ()), given)
