"""Messages to staff and vendors wait in rows, and what was told is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_notifications"
down_revision = "0009_receipt_chain"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the outbox and what rules remember."""
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("tried_since", sa.Double(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("cause_words", sa.Text(), server_default="", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed')", name=op.f("ck_notice_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_state", "notice", ["state", "not_before"])
    op.create_index("ix_notice_rule", "notice", ["rule", "recipient", "created_at"])
    op.create_table(
        "notice_rule",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.Double(), nullable=False),
        sa.Column("looked_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_notice_rule")),
    )
    op.create_table(
        "notice_told",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("anomaly_id", sa.Text(), nullable=False),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "anomaly_id", name=op.f("pk_notice_told")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("notice_told")
    op.drop_table("notice_rule")
    op.drop_index("ix_notice_rule", "notice")
    op.drop_index("ix_notice_state", "notice")
    op.drop_table("notice")
