"""A lot knows the register of payers in which its number stands, and so do we.

Numbers that were used before Octway, or past it, are noted by hand.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_lot_numbers"
down_revision = "0004_told_at"
branch_labels = None
depends_on = None

_IN_A_SERIES = sa.text("series <> ''")


def upgrade() -> None:
    """Give lots a series, none so far, and make room for numbers used elsewhere."""
    op.add_column(
        "lot", sa.Column("series", sa.Text(), server_default="", nullable=False)
    )
    op.create_index(
        "ix_lot_series_number",
        "lot",
        ["series", "number"],
        unique=False,
        sqlite_where=_IN_A_SERIES,
        postgresql_where=_IN_A_SERIES,
    )
    op.create_table(
        "used_number",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "network", "series", "number", name=op.f("pk_used_number")
        ),
    )


def downgrade() -> None:
    """Forget the registers."""
    op.drop_table("used_number")
    op.drop_index("ix_lot_series_number", "lot")
    op.drop_column("lot", "series")
