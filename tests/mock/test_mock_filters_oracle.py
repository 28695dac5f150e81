"""`$filter` beside odata-query: another reading of the grammar, and SQLite, decide which rows thousands of filters keep."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from filter_trees import row, tree
from odata_query.sqlalchemy.shorthand import apply_odata_core

from proforma.mock import World
from proforma.mock.dataverse.filters import row_filter
from proforma.mock.values import Value

FILTERS = 3000
ROWS = 40
TEXT = sa.Text(collation="NOCASE")
TABLE = sa.Table(
    "account",
    sa.MetaData(),
    sa.Column("number", sa.Integer),
    sa.Column("name", TEXT),
    sa.Column("description", TEXT),
    sa.Column("creditlimit", sa.Float),
    sa.Column("numberofemployees", sa.Float),
    sa.Column("donotemail", sa.Boolean),
    sa.Column("lastonholdtime", sa.DateTime),
    sa.Column("_primarycontactid_value", TEXT),
)


def typed(number: int, cells: Mapping[str, Value]) -> dict[str, object]:
    """The row in the types of the database."""
    at, limit, people = (cells[name] for name in ("lastonholdtime", "creditlimit", "numberofemployees"))
    return {
        **cells,
        "number": number,
        "creditlimit": float(str(limit)) if limit is not None else None,
        "numberofemployees": float(str(people)) if people is not None else None,
        "lastonholdtime": datetime.fromisoformat(str(at)).replace(tzinfo=None) if at else None,
    }


def test_filters_mean_what_odata_query_reads() -> None:
    """Both readings keep the same rows (W-66 to W-69)."""
    chance = random.Random(20260401)
    rows = [row(chance) for _ in range(ROWS)]
    world = World({"accounts": [dict(cells) for cells in rows]})
    table = world.table("accounts")
    assert table is not None
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        TABLE.create(connection)
        connection.execute(sa.insert(TABLE), [typed(number, cells) for number, cells in enumerate(rows)])
        for _ in range(FILTERS):
            text = tree(chance).odata
            passes = row_filter(world, table, text, {})
            kept = [number for number, cells in enumerate(table.rows.values()) if passes(cells)]
            query = apply_odata_core(sa.select(TABLE.c.number).order_by(TABLE.c.number), text)
            assert isinstance(query, sa.Select)
            assert kept == list(connection.scalars(query)), text
    engine.dispose()
