"""Enrolments say of which moment the newest word on them is.

Words from before this revision have none: the next one counts, whenever it was asked.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_told_at"
down_revision = "0003_owed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment of the newest word."""
    op.add_column("enrolment", sa.Column("told_at", sa.Double(), nullable=True))
