"""What payers promised for a patient, and until when, is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_commitments"
down_revision = "0005_lot_numbers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for payment commitments."""
    op.create_table(
        "commitment",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("communicated_on", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Text(), nullable=False),
        sa.Column("insured_from", sa.Text(), server_default="", nullable=False),
        sa.Column("insured_until", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_commitment_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["return_id"],
            ["payer_return.id"],
            name=op.f("fk_commitment_return_id"),
        ),
        sa.PrimaryKeyConstraint("return_id", "seq", name=op.f("pk_commitment")),
    )
    op.create_index(
        "ix_commitment_patient",
        "commitment",
        ["patient", "client_id", "network"],
        unique=False,
    )
    op.create_index(
        "ix_commitment_valid_until", "commitment", ["valid_until"], unique=False
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_commitment_valid_until", "commitment")
    op.drop_index("ix_commitment_patient", "commitment")
    op.drop_table("commitment")
