"""Payloads whose retention is over are purged; signed words on the history of events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_retention"
down_revision = "0013_search_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them; nothing is purged by an upgrade."""
    op.add_column("payload", sa.Column("purged_at", sa.Double(), nullable=True))
    waiting = sa.text("purged_at IS NOT NULL AND place <> ''")
    op.create_index(
        "ix_payload_to_remove",
        "payload",
        ["place"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_handback_return_id", "handback", ["return_id"])
    op.create_table(
        "event_root",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "until", name=op.f("pk_event_root")),
    )
