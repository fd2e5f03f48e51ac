"""A claim knows its sender, so that an earlier invoice of a sender is found at once.

Professionals number their invoices alike: by the number alone a look-up would go
through those of every other sender.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_claim_sender"
down_revision = "0001_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give every claim the sender of its lot, and index both together."""
    op.add_column(
        "claim", sa.Column("sender", sa.Text(), server_default="", nullable=False)
    )
    op.execute(
        "UPDATE claim SET sender = "
        "(SELECT lot.sender FROM lot WHERE lot.id = claim.lot_id)"
    )
    op.drop_index("ix_claim_number", "claim")
    op.create_index("ix_claim_number", "claim", ["number", "sender"], unique=False)


def downgrade() -> None:
    """Index the number alone again."""
    op.drop_index("ix_claim_number", "claim")
    op.create_index("ix_claim_number", "claim", ["number"], unique=False)
    op.drop_column("claim", "sender")
