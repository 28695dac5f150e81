"""`$filter` beside a database: SQLite decides which rows thousands of random filters keep."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

from filter_trees import COLUMNS, row, tree

from proforma.mock import World
from proforma.mock.dataverse.filters import row_filter

#: A loop with a seed of its own, not hypothesis: small examples say little here, and shrinking has nothing to add to a printed filter.
FILTERS = 3000
ROWS = 40


def test_filters_keep_the_rows_that_sql_keeps() -> None:
    """Precedence, null, types and texts mean in a filter what they mean in SQL (W-66 to W-69)."""
    chance = random.Random(20260331)
    rows = [row(chance) for _ in range(ROWS)]
    world = World({"accounts": [dict(cells) for cells in rows]})
    table = world.table("accounts")
    assert table is not None
    kinds = {"creditlimit": "REAL", "numberofemployees": "REAL", "donotemail": "BOOLEAN"}
    columns = ", ".join(f"{name} {kinds.get(name, 'TEXT COLLATE NOCASE')}" for name in COLUMNS)
    kept_some = 0
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE account (number INTEGER, {columns})")
        marks = ",".join("?" * (len(COLUMNS) + 1))
        database.executemany(f"INSERT INTO account VALUES ({marks})", [(n, *cells.values()) for n, cells in enumerate(rows)])
        for _ in range(FILTERS):
            condition = tree(chance)
            passes = row_filter(world, table, condition.odata, {})
            kept = [number for number, cells in enumerate(table.rows.values()) if passes(cells)]
            expected = [n for (n,) in database.execute(f"SELECT number FROM account WHERE {condition.sql} ORDER BY number")]
            assert kept == expected, condition.odata
            kept_some += 0 < len(kept) < ROWS
    assert kept_some > FILTERS / 2
