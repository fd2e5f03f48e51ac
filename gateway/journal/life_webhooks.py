"""The part of a life that endpoints were told of: which event, to whom, and how it ended."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from gateway.journal import schema, webhook_events
from gateway.journal.life_lots import Rows
from gateway.webhooks.kinds import OF_SOURCE

MOST: Final = 12
_EVENTS: Final = 200  # of a life, the newest; each may have been told to several


def told(connection: Connection, subjects: ColumnElement[bool]) -> Rows:
    """Read the newest deliveries about what happened to `subjects`, in their order.

    What is told bears a name that follows from its place in the history, so nothing
    but that has to be looked for.
    """
    if not webhook_events.anyone(connection):
        return ()
    event = schema.event
    happened = connection.execute(
        select(event.c.chain, event.c.seq, event.c.at)
        .where(subjects, event.c.kind.in_(list(OF_SOURCE)))
        .order_by(event.c.at.desc())
        .limit(_EVENTS)
    )
    names = [webhook_events.name_of(row) for row in happened]
    sent, about, hook = (
        schema.webhook_delivery,
        schema.webhook_event,
        schema.webhook,
    )
    query = (
        select(
            sent,
            about.c.kind,
            about.c.subject,
            about.c.at,
            hook.c.client_id,
            hook.c.url,
        )
        .join(about, about.c.id == sent.c.event_id)
        .join(hook, hook.c.id == sent.c.webhook_id)
        .where(sent.c.event_id.in_(names))
        .order_by(sent.c.created_at.desc(), sent.c.place.desc())
        .limit(MOST)
    )
    return tuple(reversed(tuple(connection.execute(query))))
