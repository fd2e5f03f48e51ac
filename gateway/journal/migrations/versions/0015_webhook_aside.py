"""A delivery that is refused again and again steps aside for those behind it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_webhook_aside"
down_revision = "0014_retention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note until when others pass it by; none is aside yet."""
    op.add_column(
        "webhook_delivery", sa.Column("aside_until", sa.Double(), nullable=True)
    )


def downgrade() -> None:
    """All are told in order again."""
    op.drop_column("webhook_delivery", "aside_until")
