"""A person has a dispatch that waits handed over now, whatever it waits for.

What is overridden is a wait after a failure, an endpoint that is not tried for a
while, and a closed window of the payer; never how many files it takes at once.  It
holds for one attempt: one that fails waits as any other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import select, update

from gateway.committing import Tx
from gateway.journal import circuits, schema
from gateway.journal.replay import NotReplayable
from routing.lifecycle import DispatchState

BY_HAND: Final = "by-hand"
"""The cause of a dispatch that goes now because a person wants it to."""


class Overridden(NamedTuple):
    """What a dispatch would have waited for, and until when; None: not for that."""

    wait: float | None
    why: str
    endpoint: float | None
    window: float | None


def hurry(tx: Tx, name: str, *, by: str, window: float | None) -> Overridden:
    """Let a dispatch that is ready go now; tells what that overrides.

    `window` is when its payer's window opens, None if it is open.  Raises
    `NotReplayable` for one that does not wait to be handed over.
    """
    table = schema.dispatch
    row = tx.connection.execute(
        select(table).where(table.c.id == name).with_for_update()
    ).one_or_none()
    if row is None or row.state != DispatchState.READY:
        raise NotReplayable(
            f"dispatch {name} does not wait to be handed over; see: octway trace {name}"
        )
    found = Overridden(
        wait=row.not_before if row.not_before > tx.now else None,
        why=row.cause_words,
        endpoint=circuits.try_now(tx, row.endpoint_id),
        window=window,
    )
    tx.connection.execute(
        update(table)
        .where(table.c.id == name)
        .values(
            not_before=tx.now, cause=BY_HAND, cause_words=f"handed over now for {by}"
        )
    )
    tx.say("dispatch.hurried", name, by=by)
    return found
