"""How a chased lot and its payer stand now, read for a decision on its next remedy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Row, select

from gateway.journal import enrolments, schema
from protocols.interface import Network
from routing.directory import Directory
from routing.enrolment import EnrolmentState
from routing.envelope import Level
from routing.errors import NoRoute
from routing.ledger import ANSWERED, Account
from routing.lifecycle import DispatchState, LotState
from routing.remedy import Standing

_LEAVING = frozenset(
    {DispatchState.READY, DispatchState.SENDING, DispatchState.UNKNOWN}
)
_NOT_SENT = frozenset({LotState.NEW, LotState.HELD, LotState.ROUTED, LotState.GATHERED})


@frozen(kw_only=True)
class Seen:
    """A lot with its last dispatch, its payer's standing, and its enrolment's age."""

    lot: Row[*tuple[Any, ...]]
    dispatch: Row[*tuple[Any, ...]]
    standing: Standing
    enrolment_asked_at: float | None


def see(
    connection: Connection,
    lot_id: str,
    directory: Directory,
    networks: Mapping[str, Network],
    now: float,
) -> Seen:
    """Read how a lot stands; raises `NoRoute` when its payer left the directory."""
    lot = connection.execute(select(schema.lot).where(schema.lot.c.id == lot_id)).one()
    dispatch = _last_dispatch(connection, lot_id)
    payer = directory.payer(dispatch.payer_id)
    enrolled = enrolments.find(
        connection, networks[lot.network], lot.sender, payer.id, lot.flow
    )
    merged, code_over = _merger(directory, lot, dispatch, now)
    return Seen(
        lot=lot,
        dispatch=dispatch,
        standing=Standing(
            since=dispatch.sent_at or dispatch.created_at,
            asked=lot.standing_asked,
            acknowledged=_acknowledged(connection, lot),
            merged=merged,
            code_over=code_over,
            recognises=payer.delivery.resend_same_number,
            under_way=lot.state in _NOT_SENT or dispatch.state in _LEAVING,
            desk=payer.desk,
            enrolment=None if enrolled is None else EnrolmentState(enrolled.state),
            enrolment_required=payer.enrolment,
        ),
        enrolment_asked_at=None if enrolled is None else enrolled.changed_at,
    )


def _last_dispatch(connection: Connection, lot: str) -> Row[*tuple[Any, ...]]:
    """Read the dispatch with which a lot that is chased went last."""
    member, dispatch = schema.dispatch_lot, schema.dispatch
    query = (
        select(dispatch)
        .join(member, member.c.dispatch_id == dispatch.c.id)
        .where(member.c.lot_id == lot)
        .order_by(dispatch.c.created_at.desc(), dispatch.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).one()


def _acknowledged(connection: Connection, lot: Row[*tuple[Any, ...]]) -> bool:
    """Say whether the payer has shown, with any answer, that it has the lot."""
    if Account(lot.account) in ANSWERED | {Account.ACKNOWLEDGED}:
        return True
    table = schema.answer
    query = select(table.c.seq).where(
        table.c.lot_id == lot.id, table.c.level.in_([Level.LOT, Level.CLAIM])
    )
    return connection.execute(query.limit(1)).first() is not None


def _merger(
    directory: Directory,
    lot: Row[*tuple[Any, ...]],
    dispatch: Row[*tuple[Any, ...]],
    now: float,
) -> tuple[bool, bool]:
    """Say whether today's directory leads the code elsewhere, and whether it was over."""
    today = datetime.fromtimestamp(now, UTC).date()
    sent = datetime.fromtimestamp(dispatch.sent_at or now, UTC).date()
    try:
        found = directory.lookup(lot.network, dispatch.payer_code, today)
    except NoRoute:
        return False, False
    if found.code == dispatch.payer_code:
        return False, False
    try:
        then = directory.lookup(lot.network, dispatch.payer_code, sent)
    except NoRoute:
        return True, True
    return True, then.code != dispatch.payer_code
