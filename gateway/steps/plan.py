"""What the chase would do next, without doing it: the dry run of every playbook."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from gateway.journal import schema
from gateway.steps.standing import decide, see
from protocols.interface import Network
from routing.chase import ChaseState, Known
from routing.directory import Directory
from routing.errors import NoRoute

_MOST: Final = 1000


class Planned(NamedTuple):
    """What would be done next for a lot; `at` is when, at the earliest."""

    lot: str
    payer: str
    state: str
    asked: int
    remedy: str | None
    approval: bool
    at: float | None
    why: str


def plan(
    connection: Connection,
    directory: Directory,
    networks: Mapping[str, Network],
    now: float,
    lots: Collection[str] | None = None,
) -> list[Planned]:
    """Say what is next for each lot that is chased (or for some of them).

    The next due comes first; 1000 at most.
    """
    table = schema.chase
    query = (
        select(table)
        .where(table.c.state != ChaseState.ENDED)
        .order_by(table.c.next_at, table.c.lot_id)
        .limit(_MOST)
    )
    if lots is not None:
        query = query.where(table.c.lot_id.in_(lots))
    found = []
    for row in connection.execute(query):
        remedy, approval, why = None, False, ""
        if row.state == ChaseState.OPEN:
            try:
                seen = see(connection, row.lot_id, directory, networks, now)
                playbook = directory.payer(seen.dispatch.payer_id).playbook
                known = Known.from_json(row.known)
                decided = decide(connection, playbook, known, seen)
                remedy, approval, why = decided.remedy, decided.approval, decided.why
            except NoRoute as error:
                why = str(error)
        found.append(
            Planned(
                lot=row.lot_id,
                payer=row.payer_id,
                state=row.state,
                asked=row.asked,
                remedy=remedy,
                approval=approval,
                at=row.next_at,
                why=why,
            )
        )
    return found
