"""A lot knows which payer's part it asks for, what it was split off, how it was routed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_complementary_part"
down_revision = "0016_referential"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room; what came before was never split."""
    op.add_column(
        "lot", sa.Column("share", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("lot", sa.Column("part_of", sa.Text(), nullable=True))
    op.add_column(
        "lot", sa.Column("routing", sa.Text(), server_default="", nullable=False)
    )
    parts = sa.text("part_of IS NOT NULL")
    op.create_index(
        "ix_lot_part_of",
        "lot",
        ["part_of"],
        sqlite_where=parts,
        postgresql_where=parts,
    )
