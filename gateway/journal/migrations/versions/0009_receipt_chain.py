"""Receipts of dispatches and answers, each client's chain of receipts, daily roots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_receipt_chain"
down_revision = "0008_console"
branch_labels = None
depends_on = None


def _client() -> sa.Column[str]:
    return sa.Column("client_id", sa.Text(), nullable=False)


def _to_client(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_client_id")
    return sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=name)


def upgrade() -> None:
    """Make room for them; what happened before is chained by the first node that runs."""
    op.create_table(
        "receipt",
        sa.Column("id", sa.Text(), nullable=False),
        _client(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        _to_client("receipt"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index("ix_receipt_client_id", "receipt", ["client_id", "made_at"])
    op.create_index(op.f("ix_receipt_subject"), "receipt", ["subject"])
    op.create_table(
        "receipt_entry",
        _client(),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        _to_client("receipt_entry"),
        sa.PrimaryKeyConstraint("client_id", "number", name=op.f("pk_receipt_entry")),
    )
    op.create_index(
        "ix_receipt_entry_made_at", "receipt_entry", ["made_at", "client_id"]
    )
    op.create_table(
        "receipt_link",
        _client(),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "client_id", "number", "position", name=op.f("pk_receipt_link")
        ),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_receipt_link_receipt_id")),
    )
    op.create_table(
        "receipt_mark",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_receipt_mark")),
    )
    op.create_table(
        "receipt_root",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_receipt_root")),
    )
    op.create_table(
        "receipt_inclusion",
        sa.Column("day", sa.Text(), nullable=False),
        _client(),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["day"], ["receipt_root.day"], name=op.f("fk_receipt_inclusion_day")
        ),
        _to_client("receipt_inclusion"),
        sa.PrimaryKeyConstraint("day", "client_id", name=op.f("pk_receipt_inclusion")),
    )
    op.create_index(
        "ix_receipt_inclusion_client_id", "receipt_inclusion", ["client_id", "made_at"]
    )


def downgrade() -> None:
    """Forget them."""
    for table in (
        "receipt_inclusion",
        "receipt_root",
        "receipt_mark",
        "receipt_link",
        "receipt_entry",
        "receipt",
    ):
        op.drop_table(table)
