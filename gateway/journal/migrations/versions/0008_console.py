"""Staff have sessions and second factors, and anomalies can be put off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_console"
down_revision = "0007_payments"
branch_labels = None
depends_on = None

# What people did before, from the history.
_DEEDS = {
    "sqlite": """
        INSERT INTO deed (chain, seq, at, who, kind, subject)
        SELECT chain, seq, at, json_extract(facts, '$.by'), kind, subject FROM event
        WHERE json_extract(facts, '$.by') NOT IN ('', 'gateway')
    """,
    "postgresql": """
        INSERT INTO deed (chain, seq, at, who, kind, subject)
        SELECT chain, seq, at, facts::json ->> 'by', kind, subject FROM event
        WHERE facts::json ->> 'by' NOT IN ('', 'gateway')
    """,
}
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
    op.create_table(
        "deed",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_deed")),
    )
    op.create_index("ix_deed_at", "deed", ["at"])
    op.create_index("ix_deed_who", "deed", ["who", "at"])
    op.create_index("ix_deed_subject", "deed", ["subject"])
    op.execute(_DEEDS[op.get_bind().dialect.name])
    op.create_table(
        "directory_pin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["directory_version.version"],
            name=op.f("fk_directory_pin_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_pin")),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("directory_pin")
    op.drop_index("ix_deed_subject", "deed")
    op.drop_index("ix_deed_who", "deed")
    op.drop_index("ix_deed_at", "deed")
    op.drop_table("deed")
    op.drop_index("ix_staff_session_seen_at", "staff_session")
    op.drop_index("ix_staff_session_staff_id", "staff_session")
    op.drop_table("staff_session")
    op.drop_column("anomaly", "snoozed_until")
    op.drop_column("staff", "totp_step")
    for name in reversed(_STAFF):
        op.drop_column("staff", name)
