"""What finance told of posted documents stands with the invoice; wishes for Dataverse, and comparisons with shadow targets."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_READ_BACK: Final = ("posted_on", "tax", "remaining", "total_with_tax")


def upgrade() -> None:
    """Adds the columns and tables, and fills the columns from the events, which had it all."""
    for name in _READ_BACK:
        op.add_column("invoices", sa.Column(name, sa.Text))
    _fill()
    op.create_table(
        "write_backs",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("row_id", sa.Text, nullable=False),
        sa.Column("invoice_id", sa.Text),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("next_attempt_at", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("changed_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_write_backs"),
        sa.UniqueConstraint("entity", "row_id", name="uq_write_backs_row"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_write_backs_invoice_id", "write_backs", ["invoice_id"])
    op.create_index("ix_write_backs_state", "write_backs", ["state", "next_attempt_at"])
    op.create_table(
        "write_back_seen",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_write_back_seen"),
    )
    op.create_table(
        "comparisons",
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("invoice_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("target", "invoice_id", name="pk_comparisons"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name="fk_comparisons_invoice_id"),
    )


def _fill() -> None:
    """The last that each invoice's events say of it, cell for cell as they say it."""
    events = sa.text("SELECT invoice_id, payload FROM invoice_events WHERE kind = 'PushChanged' ORDER BY invoice_id, sequence")
    found: dict[str, dict[str, Any]] = {}
    for invoice_id, payload in op.get_bind().execute(events):
        if told := msgspec.json.decode(payload).get("read_back"):
            found[invoice_id] = told
    wanted = ", ".join(f"{name} = :{name}" for name in _READ_BACK)
    for invoice_id, told in found.items():
        values = {name: told.get(name) for name in _READ_BACK}
        op.get_bind().execute(sa.text(f"UPDATE invoices SET {wanted} WHERE id = :id"), {**values, "id": invoice_id})  # noqa: S608
