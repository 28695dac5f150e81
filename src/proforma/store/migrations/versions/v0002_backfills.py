"""Backfills and their parts."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Creates the two tables."""
    op.create_table(
        "backfills",
        sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("entity", "column", "first", "last", "chunk", "signature")),
        sa.PrimaryKeyConstraint("run_id", name="pk_backfills"),
    )
    op.create_table(
        "backfill_parts",
        sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("first", "last", "state")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows", "quarantined", "fence")),
        sa.Column("expected", sa.BigInteger),
        *(sa.Column(name, sa.Text) for name in ("next_link", "owner", "message")),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_backfill_parts"),
    )
