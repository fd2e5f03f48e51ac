"""Test clients, and what the payers of their sandboxes were given and send back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_sandbox"
down_revision = "0011_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the sandbox."""
    op.add_column(
        "client", sa.Column("test", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_table(
        "sandbox_file",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lot_key", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.Double(), nullable=True),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint_id", "name", name=op.f("pk_sandbox_file")),
    )
    op.create_index(
        "ix_sandbox_file_lot_key", "sandbox_file", ["endpoint_id", "lot_key"]
    )
    op.create_table(
        "sandbox_return",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lot_key", sa.Text(), server_default="", nullable=False),
        sa.Column("payload_id", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("ready_at", sa.Double(), nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_sandbox_return_payload_id")
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "name", name=op.f("pk_sandbox_return")),
    )
    op.create_index(
        "ix_sandbox_return_ready_at",
        "sandbox_return",
        ["ready_at"],
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def downgrade() -> None:
    """Forget the sandbox."""
    op.drop_index("ix_sandbox_return_ready_at", "sandbox_return")
    op.drop_table("sandbox_return")
    op.drop_index("ix_sandbox_file_lot_key", "sandbox_file")
    op.drop_table("sandbox_file")
    op.drop_column("client", "test")
