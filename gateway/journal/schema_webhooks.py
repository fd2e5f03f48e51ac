"""The tables of webhooks: endpoints, what they are told, and how far that came.

`webhook_place` says how far each chain of the history has been looked through for
events to tell.  A delivery's `place` counts up per endpoint, and is its order, unless it
was refused while its endpoint takes others: then it steps aside for a time.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.journal.columns import count, metadata, moment, states, words
from routing.webhook import DeliveryState, WebhookState

webhook = Table(
    "webhook",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    words("kinds"),  # separated by spaces; empty: all
    words("description"),
    Column("state", Text, nullable=False),
    words("why"),  # why it is disabled
    Column("key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),  # the secret, sealed
    Column("old_key_id", Text),
    Column("old_wrapped_key", LargeBinary),  # the one before, while both sign
    moment("old_until", nullable=True),
    Column("places", BigInteger, nullable=False, server_default="0"),
    count("failures"),  # in a row
    moment("failing_since", nullable=True),
    moment("due_at", nullable=True),  # when something is tried; null: nothing waits
    Column("worker", Text),
    Column("lease_until", Double),
    moment("created_at"),
    states("state", WebhookState),
    Index("ix_webhook_due_at", "due_at"),
)

webhook_event = Table(
    "webhook_event",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    moment("at"),
    moment("created_at"),
    Index("ix_webhook_event_created_at", "created_at"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Text, primary_key=True),
    Column("webhook_id", Text, ForeignKey("webhook.id"), nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("event_id", Text, ForeignKey("webhook_event.id"), nullable=False),
    Column("state", Text, nullable=False),
    count("attempts"),
    Column("status", Integer),  # of the last answer; null: there was none
    words("error"),
    moment("created_at"),
    moment("changed_at"),
    moment("aside_until", nullable=True),  # others pass it by until then
    states("state", DeliveryState),
    UniqueConstraint("webhook_id", "place"),
    Index("ix_webhook_delivery_state", "webhook_id", "state", "place"),
    Index("ix_webhook_delivery_event_id", "event_id"),
    Index("ix_webhook_delivery_changed_at", "state", "changed_at"),
)

webhook_place = Table(
    "webhook_place",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
