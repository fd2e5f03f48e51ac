"""Orphans that are due are found among those that wait, however many there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_start"
down_revision = "0019_damaged_cases"
branch_labels = None
depends_on = None

_NAME = "ix_payer_return_retry_at"
_PARTLY = sa.text("state = 'partly-matched'")


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        _NAME,
        "payer_return",
        ["state", "retry_at"],
        sqlite_where=_PARTLY,
        postgresql_where=_PARTLY,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, "payer_return")
