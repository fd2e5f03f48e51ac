"""What payers announced that they transfer, and what of it came, is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_payments"
down_revision = "0006_commitments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for payments to come."""
    op.create_table(
        "payment",
        sa.Column("lot_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("reference_key", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("payer_id", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Text(), nullable=True),
        sa.Column("paid_cents", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_payment_client_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_payment_lot_id")),
        sa.ForeignKeyConstraint(
            ["return_id"], ["payer_return.id"], name=op.f("fk_payment_return_id")
        ),
        sa.PrimaryKeyConstraint(
            "lot_id", "reference", "account", name=op.f("pk_payment")
        ),
    )
    op.create_index(
        "ix_payment_reference_key", "payment", ["reference_key"], unique=False
    )
    op.create_index("ix_payment_due_on", "payment", ["due_on"], unique=False)


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_payment_due_on", "payment")
    op.drop_index("ix_payment_reference_key", "payment")
    op.drop_table("payment")
