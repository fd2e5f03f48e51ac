"""The JSON of webhooks: endpoints and what was delivered to them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from gateway.api.shapes import ID, Member, Shape, column, moment

WEBHOOK: Final[Shape] = MappingProxyType(
    {
        "id": ID,
        "url": column("url", "string", "address that is called"),
        "events": Member(
            "strings",
            "kinds that it is told; empty: all, also those to come",
            lambda row: row.kinds.split(),
        ),
        "description": column("description", "string", "your words, or empty"),
        "state": column("state", "string", "active, paused or disabled"),
        "why": column("why", "string", "why it is disabled, or empty"),
        "created_at": moment("created_at", "when it was registered"),
        "failing_since": moment(
            "failing_since", "since when every try has failed; null: the last was taken"
        ),
        "next_try_at": moment("due_at", "when it is called next; null: nothing waits"),
        "old_secret_until": moment(
            "old_until", "until when the secret before this one signs too"
        ),
    }
)
DELIVERY: Final[Shape] = MappingProxyType(
    {
        "id": column("id", "string", "identifier"),
        "event": column("event_id", "string", "the event, as in `webhook-id`"),
        "type": column("kind", "string", "kind of the event"),
        "about": column("subject", "string", "id of what it is about"),
        "happened_at": moment("at", "when it happened"),
        "state": column("state", "string", "pending, delivered or dead"),
        "attempts": column("attempts", "integer", "how often it was tried"),
        "status": column("status", "integer?", "status of the last answer, if any"),
        "error": column("error", "string", "why the last try failed, or empty"),
        "created_at": moment("created_at", "when it was put in line"),
        "changed_at": moment("changed_at", "when it was tried last"),
    }
)
