"""Supporting documents, and the claims that they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_attachments"
down_revision = "0017_complementary_part"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for supporting documents."""
    op.create_table(
        "attachment",
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("lot_number", sa.Text(), nullable=False),
        sa.Column("invoice", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.Double(), nullable=True),
        sa.Column("errors", sa.Integer(), server_default="0", nullable=False),
        sa.Column("scan", sa.Text(), server_default="", nullable=False),
        sa.Column("about_lot", sa.Text(), nullable=True),
        sa.Column("about_seq", sa.Integer(), nullable=True),
        sa.Column("tied_at", sa.Double(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["about_lot"], ["lot.id"], name=op.f("fk_attachment_about_lot")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["lot.id"], name=op.f("fk_attachment_lot_id")
        ),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_due_at", "attachment", ["due_at"])
    op.create_index("ix_attachment_about_lot", "attachment", ["about_lot"])


def downgrade() -> None:
    """Forget which claims documents belong to."""
    op.drop_index("ix_attachment_about_lot", "attachment")
    op.drop_index("ix_attachment_due_at", "attachment")
    op.drop_table("attachment")
