"""The version of the payer referential that each client says it has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_referential"
down_revision = "0015_webhook_aside"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; until a client says so it has none."""
    op.create_table(
        "referential_taken",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.id"],
            name=op.f("fk_referential_taken_client_id"),
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_referential_taken")),
    )
