"""Vendors' endpoints are told what happened; rows tell in which order they arrived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_webhooks"
down_revision = "0010_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for webhooks, and for the order of arrival."""
    op.create_table(
        "webhook_place",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_webhook_place")),
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("old_key_id", sa.Text(), nullable=True),
        sa.Column("old_wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("old_until", sa.Double(), nullable=True),
        sa.Column("places", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'disabled')",
            name=op.f("ck_webhook_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_webhook_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(
        op.f("ix_webhook_client_id"), "webhook", ["client_id"], unique=False
    )
    op.create_index("ix_webhook_due_at", "webhook", ["due_at"], unique=False)
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_webhook_event_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
    )
    op.create_index(
        "ix_webhook_event_created_at", "webhook_event", ["created_at"], unique=False
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("webhook_id", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'dead')",
            name=op.f("ck_webhook_delivery_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhook_event.id"],
            name=op.f("fk_webhook_delivery_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint(
            "webhook_id", "place", name=op.f("uq_webhook_delivery_webhook_id_place")
        ),
    )
    op.create_index(
        "ix_webhook_delivery_changed_at",
        "webhook_delivery",
        ["state", "changed_at"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_delivery_event_id", "webhook_delivery", ["event_id"], unique=False
    )
    op.create_index(
        "ix_webhook_delivery_state",
        "webhook_delivery",
        ["webhook_id", "state", "place"],
        unique=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("arrival")))
    op.add_column(
        "deposit",
        sa.Column("arrived", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_index(
        "ix_deposit_arrived", "deposit", ["client_id", "arrived"], unique=False
    )
    op.add_column(
        "handback",
        sa.Column("arrived", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_index(
        "ix_handback_arrived", "handback", ["client_id", "arrived"], unique=False
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_handback_arrived", "handback")
    op.drop_column("handback", "arrived")
    op.drop_index("ix_deposit_arrived", "deposit")
    op.drop_column("deposit", "arrived")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.DropSequence(sa.Sequence("arrival")))
    op.drop_index("ix_webhook_delivery_state", "webhook_delivery")
    op.drop_index("ix_webhook_delivery_event_id", "webhook_delivery")
    op.drop_index("ix_webhook_delivery_changed_at", "webhook_delivery")
    op.drop_table("webhook_delivery")
    op.drop_index("ix_webhook_event_created_at", "webhook_event")
    op.drop_table("webhook_event")
    op.drop_index("ix_webhook_due_at", "webhook")
    op.drop_index(op.f("ix_webhook_client_id"), "webhook")
    op.drop_table("webhook")
    op.drop_table("webhook_place")
