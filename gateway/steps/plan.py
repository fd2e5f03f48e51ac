"""What the chase would do next, without doing it: the dry run of every playbook."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, select

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
    *,
    payer: str | None = None,
    most: int = _MOST,
) -> list[Planned]:
    """Say what is next for each lot that is chased (or for some of them).

    What waits for a second person comes first, then what is due next, then what a
    person has; `most` of them, 1000 unless said.
    """
    table = schema.chase
    order = case(
        (table.c.state == ChaseState.APPROVAL, 0),
        (table.c.state == ChaseState.GIVEN_UP, 2),
        else_=1,
    )
    query = (
        select(table)
        .where(*_chased(payer))
        .order_by(order, table.c.next_at, table.c.lot_id)
        .limit(most)
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


def count(connection: Connection, payer: str | None = None) -> int:
    """Count the lots that are chased, or that a person has."""
    query = select(func.count()).select_from(schema.chase).where(*_chased(payer))
    return int(connection.execute(query).scalar_one())


def _chased(payer: str | None) -> list[ColumnElement[bool]]:
    its = [] if payer is None else [schema.chase.c.payer_id == payer]
    return [schema.chase.c.state != ChaseState.ENDED, *its]
