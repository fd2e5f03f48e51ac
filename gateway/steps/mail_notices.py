"""What a mail tells of a dispatch: that it came back, or is late.

A report is tied to its dispatch by the Message-ID that was journaled with the sending,
or by the file's name where the outcome was unknown.  One that proves to be made from
our mail changes what nobody could tell (an unknown outcome becomes "absent", and the
file goes again).  The rest is told: what was sent is not sent again by a report alone,
and anybody can write a report that proves nothing.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.journal import anomalies, dispatches, schema
from protocols.mail_notice import Kind, Notice
from routing.lifecycle import DispatchEvent, DispatchState

_OVER: Final = frozenset({DispatchState.ANSWERED, DispatchState.WITHDRAWN})


def hear(
    tx: Tx, entropy: Entropy, returned: Row[*tuple[Any, ...]], notice: Notice
) -> bool:
    """Take what a mail tells; False if it is of nothing that this endpoint sent."""
    dispatch = _about(tx.connection, returned.endpoint_id, notice)
    if dispatch is None:
        return False
    tx.say(
        f"dispatch.mail-{notice.kind}",
        dispatch.id,
        status=notice.status or "no status",
        returned=returned.id,
    )
    if notice.kind is not Kind.UNDELIVERED or dispatch.state in _OVER:
        return True
    words = (
        f"dispatch {dispatch.id} ({dispatch.filename}): its mail to"
        f" {notice.recipient or 'the payer'} was not delivered:"
        f" {' '.join(filter(None, (notice.status, notice.words)))}; return"
        f" {returned.id} holds the report"
    )
    if not notice.proof:
        words += (
            ", which bears no mark of our mail: anybody may have written it; ask the"
            " provider before sending again"
        )
    elif dispatch.state == DispatchState.UNKNOWN:
        dispatches.move(
            tx,
            dispatch,
            DispatchEvent.ABSENT,
            cause="absent",
            cause_words=words,
            not_before=tx.now,
            worker=None,
            lease_until=None,
        )
        return True
    members = dispatches.members(tx.connection, dispatch.id)
    anomalies.raise_(
        tx,
        entropy,
        kind="dispatch-undelivered",
        severity=anomalies.ERROR,
        subject=dispatch.id,
        payer=dispatch.payer_id,
        words=words,
        claims=dispatch.claims,
        items={lot.id: lot.claims for lot in members},
    )
    return True


def _about(
    connection: Connection, endpoint: str, notice: Notice
) -> Row[*tuple[Any, ...]] | None:
    """Find the dispatch that a notice is about: of its endpoint alone, the newest."""
    table = schema.dispatch
    said = [
        column == value
        for column, value in (
            (table.c.reference, notice.message_id),
            (table.c.filename, notice.file),
        )
        if value
    ]
    if not said:
        return None
    query = (
        select(table)
        .where(table.c.endpoint_id == endpoint, or_(*said))
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    return connection.execute(query).one_or_none()
