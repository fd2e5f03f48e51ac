"""What people say of remedies: a second person's word, and that a lot is chased anew."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import anomalies, chases, schema
from routing.chase import ChaseEvent, Known, RemedyEvent, RemedyState

_AWAITED: Final = 86_400.0


def listed(
    connection: Connection,
    payer: str | None,
    lot: str | None,
    state: str | None,
    most: int,
) -> list[Row[*tuple[Any, ...]]]:
    """List tries, the newest `most` of them, the newest last."""
    table = schema.remedy
    query = select(table).order_by(table.c.at.desc(), table.c.id.desc()).limit(most)
    wanted = ((table.c.payer_id, payer), (table.c.lot_id, lot), (table.c.state, state))
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    return list(reversed(connection.execute(query).all()))


def decide(tx: Tx, remedy: str, *, by: str, agreed: bool) -> None:
    """Take a second person's word on a remedy that waits for it.

    Raises `IllegalTransition` for one that does not wait, `LostRace` for one that is
    not there.  A remedy that is refused
    is not proposed again for its lot.
    """
    row = chases.one_remedy(tx.connection, remedy)
    event = RemedyEvent.APPROVE if agreed else RemedyEvent.DENY
    chase = chases.locked(tx, row.lot_id)
    chases.move_remedy(tx, row, event, approved_by=by)
    if chase is not None:
        known = Known.from_json(chase.known)
        if agreed:
            known = known.after(row.kind, tx.now)
        else:
            known = known.without(row.kind).refused(row.kind)
        # What was agreed to is awaited for a day before the chase goes on.
        until = tx.now + _AWAITED if agreed else tx.now
        values = {"next_at": until, "known": known.to_json()}
        chases.move(tx, chase, ChaseEvent.DECIDE, **values)
    tx.say(f"remedy.{event}", row.lot_id, id=remedy, by=by)
    table = schema.remedy
    left = tx.connection.execute(
        select(func.count()).where(
            table.c.payer_id == row.payer_id, table.c.state == RemedyState.APPROVAL
        )
    ).scalar_one()
    if not left:
        anomalies.settle(
            tx, kind="remedy-approval", subject=row.payer_id, reason=f"decided by {by}"
        )


def again(tx: Tx, lot: str, *, by: str) -> None:
    """Chase a lot anew from the playbook's first line; raises `LostRace`."""
    chase = chases.find(tx.connection, lot)
    if chase is None:
        raise LostRace(f"lot {lot} was never chased")
    values = {"next_at": tx.now, "known": "", "ended_at": None}
    chases.move(tx, chase, ChaseEvent.REOPEN, **values)
    tx.say("chase.again", lot, by=by)
