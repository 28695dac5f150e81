"""Contracts of which anything changed since their drafts were last looked at."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Creates the two tables; until everything was looked at once, everything is due."""
    op.create_table(
        "watch_due",
        sa.Column("position", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("contract_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_watch_due"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "watch_state",
        sa.Column("id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("noted", sa.SmallInteger, nullable=False),
        sa.Column("fingerprint", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_watch_state"),
    )
    op.execute("INSERT INTO watch_state (id, noted) VALUES (1, 0)")
