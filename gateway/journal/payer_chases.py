"""The chases of a payer as a whole: paused, let go on, counted, and ended together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Select, func, or_, select, update

from gateway.committing import Tx
from gateway.journal import chases, schema
from gateway.journal.prepared import Prepared
from routing.chase import CHASE, ChaseEvent, ChaseState


def wake(
    tx: Tx,
    whose: Callable[[str], bool],
    *,
    network: str,
    payer: str,
    flow: str,
) -> None:
    """Let chases of some senders' lots be decided on now: the open, and the given up.

    One that a person has goes on only if something safe is left to do.
    """
    lot, table = schema.lot, schema.chase
    theirs = (
        table.c.payer_id == payer,
        table.c.flow == flow,
        table.c.state.in_([ChaseState.OPEN, ChaseState.GIVEN_UP]),
    )
    found = (
        select(lot.c.sender)
        .join(table, table.c.lot_id == lot.c.id)
        .where(lot.c.network == network, *theirs)
        .distinct()
    )
    senders = [each for each in tx.connection.execute(found).scalars() if whose(each)]
    its = select(lot.c.id).where(lot.c.network == network, lot.c.sender.in_(senders))
    tx.connection.execute(
        update(table).where(*theirs, table.c.lot_id.in_(its)).values(next_at=tx.now)
    )


def pause(tx: Tx, payer: str) -> int:
    """Pause the open chases of a payer; count them."""
    return _all(tx, payer, ChaseEvent.PAUSE, ChaseState.OPEN, None)


def resume(tx: Tx, payer: str, *, at: float) -> int:
    """Let the paused chases of a payer go on at a moment; count them."""
    return _all(tx, payer, ChaseEvent.RESUME, ChaseState.PAUSED, at)


def clients_late_since(
    connection: Connection, payer: str, since: float, most: int
) -> int:
    """Count clients whose lots with a payer became late after a moment, up to `most`."""
    table = schema.chase
    found = (
        select(table.c.client_id)
        .where(
            table.c.payer_id == payer,
            table.c.state.in_([ChaseState.OPEN, ChaseState.PAUSED]),
            table.c.opened_at > since,
        )
        .distinct()
        .limit(most)
        .subquery()
    )
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def any_missing(connection: Connection, payer: str, flow: str, told: float) -> bool:
    """Say whether anything that was missing when a person was `told` is owed still.

    It may be that a person has it, or that it is chased anew since.
    """
    table = schema.chase
    query = select(table.c.lot_id).where(
        table.c.payer_id == payer,
        table.c.state != ChaseState.ENDED,
        table.c.flow == flow,
        or_(table.c.state == ChaseState.GIVEN_UP, table.c.opened_at <= told),
        chases.OWED.exists(),
    )
    return connection.execute(query.limit(1)).first() is not None


def end_given_up(tx: Tx, payer: str, flow: str) -> None:
    """End the chases that a person has, of a payer and flow that owe nothing more."""
    table = schema.chase
    query = select(table).where(
        table.c.payer_id == payer,
        table.c.state == ChaseState.GIVEN_UP,
        table.c.flow == flow,
    )
    for row in tx.connection.execute(query.with_for_update(skip_locked=True)).all():
        chases.end(tx, row)


def payers_paused(connection: Connection) -> set[str]:
    """Name the payers that have chases which are paused.

    From payer to payer through an index: it costs as much as there are payers.
    """
    return {row.id for row in _PAUSED.rows(connection, {})}


def _payers_paused() -> Select[*tuple[Any, ...]]:
    table = schema.chase
    payer = select(func.min(table.c.payer_id).label("id")).cte(recursive=True)
    following = select(func.min(table.c.payer_id)).where(table.c.payer_id > payer.c.id)
    payer = payer.union_all(
        select(following.scalar_subquery()).where(payer.c.id.is_not(None))
    )
    paused = select(table.c.lot_id).where(
        table.c.payer_id == payer.c.id, table.c.state == ChaseState.PAUSED.value
    )
    return select(payer.c.id).where(paused.exists())


def _all(
    tx: Tx, payer: str, happened: ChaseEvent, before: ChaseState, next_at: float | None
) -> int:
    table = schema.chase
    after = CHASE.next_state(before, happened)
    return tx.connection.execute(
        update(table)
        .where(table.c.payer_id == payer, table.c.state == before)
        .values(state=after, next_at=next_at, changed_at=tx.now)
    ).rowcount


_PAUSED: Final = Prepared(_payers_paused())
