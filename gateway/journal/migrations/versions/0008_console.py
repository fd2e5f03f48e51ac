"""Staff have sessions and second factors, and anomalies can be put off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_console"
down_revision = "0007_payments"
branch_labels = None
depends_on = None

_STAFF = ("totp", "recovery", "subject")


def upgrade() -> None:
    """Make room for the console."""
    for name in _STAFF:
        op.add_column(
            "staff", sa.Column(name, sa.Text(), server_default="", nullable=False)
        )
    op.add_column(
        "staff",
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.add_column("anomaly", sa.Column("snoozed_until", sa.Double(), nullable=True))
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])
    op.create_index("ix_staff_session_seen_at", "staff_session", ["seen_at"])


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_staff_session_seen_at", "staff_session")
    op.drop_index("ix_staff_session_staff_id", "staff_session")
    op.drop_table("staff_session")
    op.drop_column("anomaly", "snoozed_until")
    op.drop_column("staff", "totp_step")
    for name in reversed(_STAFF):
        op.drop_column("staff", name)
