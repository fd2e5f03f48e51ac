"""What keeps a stored file: everything about it that has not come to its end.

A file belongs to a deposit, a dispatch, a return, or to a client's part of a return;
whichever it is, what is open about it is open about its lots.  Each reason is a
question to the rows as they are now, asked in their order; the first that says yes
keeps the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)

from gateway.journal import anomaly_items, receipt_chain, schema
from routing.chase import ChaseState
from routing.ledger import Account
from routing.lifecycle import (
    AnomalyState,
    DepositState,
    DispatchState,
    ExpectationState,
    HandbackState,
    LotState,
    ReturnState,
)
from routing.proposal import ProposalState
from routing.retention import Keeping, Reason

DEPOSIT: Final = "deposit"
DISPATCH: Final = "dispatch"
RETURN: Final = "return"
HANDBACK: Final = "handback"  # the client's part, where it is not the return itself

TABLES: Final[Mapping[str, Table]] = {
    DEPOSIT: schema.deposit,
    DISPATCH: schema.dispatch,
    RETURN: schema.payer_return,
    HANDBACK: schema.handback,
}
"""What has a stored file, by the kind that it is told as."""

BORN: Final[Mapping[str, Any]] = {
    DEPOSIT: schema.deposit.c.received_at,
    DISPATCH: schema.dispatch.c.created_at,
    RETURN: schema.payer_return.c.collected_at,
    HANDBACK: schema.handback.c.created_at,
}

_LOT: Final = schema.lot
_ON_THE_WAY: Final = (Account.RECEIVED, Account.ROUTED)
_WAITING: Final = (Account.DISPATCHED, Account.ACKNOWLEDGED, Account.MISSING)
_OWED: Final = (ExpectationState.OPEN, ExpectationState.LATE, ExpectationState.MISSING)
_SAID: Final = (
    receipt_chain.DEPOSITED,
    *receipt_chain.HANDED_OVER,
    receipt_chain.GIVEN_BACK,
)

Yes = ColumnElement[bool]


@frozen
class Judged:
    """One file, and why it stays; `reason` is None for one that may go."""

    kind: str
    id: str
    payload: str
    size: int
    reason: Reason | None


def judge(
    connection: Connection,
    kind: str,
    names: Collection[str],
    keeping: Keeping,
    now: float,
) -> list[Judged]:
    """Say of each thing whether its file may go; those purged already are left out."""
    if not names:
        return []
    table, payload = TABLES[kind], schema.payload
    wanted = table.c.id.in_(sorted(names))
    reasons = [
        (yes, literal(reason.value))
        for reason, yes in _reasons(connection, kind, keeping, now)
    ]
    query = (
        select(
            table.c.id,
            payload.c.id.label("payload"),
            payload.c.size,
            table.c.network,
            case(*reasons, else_=literal("")).label("reason"),
            *_moments(kind),
        )
        .select_from(table.join(payload, payload.c.id == table.c.payload_id))
        .where(wanted, payload.c.purged_at.is_(None))
        .order_by(table.c.id)
    )
    rows = connection.execute(query).all()
    payers = _payers(connection, kind, wanted)
    found = []
    for row in rows:
        reason = Reason(row.reason) if row.reason else None
        last = max(float(each or 0.0) for each in row[5:])
        if reason is None and now < last + keeping.of(
            row.network, payers.get(row.id, ())
        ):
            reason = Reason.YOUNG
        found.append(Judged(kind, row.id, row.payload, row.size, reason))
    return found


def _reasons(
    connection: Connection, kind: str, keeping: Keeping, now: float
) -> Iterable[tuple[Reason, Yes]]:
    """Ask of the thing itself, then of its lots, in the order of `Reason`."""
    own, lots = _own(kind, now), _of_lots(connection, keeping, now)
    for reason in Reason:
        asked = [own[reason]] if reason in own else []
        asked += [some_lot(kind, lots[reason])] if reason in lots else []
        if asked:
            yield reason, or_(*asked)


def _own(kind: str, now: float) -> dict[Reason, Yes]:
    """Say what keeps a thing whatever its lots are."""
    table = TABLES[kind]
    found = {
        Reason.CONTESTED: _anomaly(table.c.id),
        Reason.UNCHAINED: _unchained(table.c.id),
    }
    if kind == DEPOSIT:
        link = schema.receipt_link
        chained = _there(link, link.c.receipt_id == table.c.id)
        found[Reason.IN_WORK] = table.c.state == DepositState.RECEIVED
        found[Reason.UNCHAINED] = or_(~chained, found[Reason.UNCHAINED])
    elif kind == DISPATCH:
        busy = (DispatchState.READY, DispatchState.SENDING, DispatchState.UNKNOWN)
        found[Reason.IN_WORK] = table.c.state.in_(busy)
        refused = table.c.state == DispatchState.REFUSED
        found[Reason.CONTESTED] = or_(refused, found[Reason.CONTESTED])
    elif kind == RETURN:
        found |= _own_of_return(table, now)
    else:
        found[Reason.UNFETCHED] = table.c.state == HandbackState.READY
    return found


def _own_of_return(table: Table, now: float) -> dict[Reason, Yes]:
    answer, given = schema.answer.alias(), schema.handback.alias()
    open_, promise = schema.proposal.alias(), schema.commitment.alias()
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    waits = _there(
        answer,
        answer.c.return_id == table.c.id,
        answer.c.client_id.is_not(None),
        answer.c.handback_id.is_(None),
    )
    ready = _there(
        given, given.c.return_id == table.c.id, given.c.state == HandbackState.READY
    )
    part = schema.handback.alias()
    part_unchained = _there(part, part.c.return_id == table.c.id, _unchained(part.c.id))
    unclear = or_(
        table.c.state == ReturnState.UNREADABLE, table.c.answers > table.c.matched
    )
    return {
        Reason.IN_WORK: table.c.state == ReturnState.STORED,
        Reason.UNPAID: _there(
            promise, promise.c.return_id == table.c.id, promise.c.valid_until >= today
        ),
        Reason.CONTESTED: or_(
            _anomaly(table.c.id),
            and_(unclear, _anomaly(table.c.endpoint_id)),
            _there(
                open_,
                open_.c.return_id == table.c.id,
                open_.c.state == ProposalState.OPEN,
            ),
        ),
        Reason.UNMATCHED: table.c.state == ReturnState.PARTLY_MATCHED,
        Reason.UNFETCHED: or_(waits, ready),
        Reason.UNCHAINED: or_(_unchained(table.c.id), part_unchained),
    }


def _of_lots(connection: Connection, keeping: Keeping, now: float) -> dict[Reason, Yes]:
    """Say what of a lot keeps every file that it is in."""
    answer, given = schema.answer.alias(), schema.handback.alias()
    owed, money = schema.expectation.alias(), schema.payment.alias()
    chase, likely = schema.chase.alias(), schema.proposal.alias()
    unfinished = (LotState.NEW, LotState.ROUTED, LotState.GATHERED)
    ready = or_(answer.c.handback_id.is_(None), given.c.state == HandbackState.READY)
    return {
        Reason.IN_WORK: or_(_LOT.c.state.in_(unfinished), _stands_in(_ON_THE_WAY)),
        Reason.HELD: or_(_LOT.c.state == LotState.HELD, _stands_in((Account.HELD,))),
        Reason.UNANSWERED: or_(
            _LOT.c.state.in_((LotState.SENT, LotState.ACKNOWLEDGED)),
            _stands_in(_WAITING),
            _there(owed, owed.c.lot_id == _LOT.c.id, owed.c.state.in_(_OWED)),
        ),
        Reason.UNPAID: or_(
            _stands_in((Account.ACCEPTED,)),
            _stands_in((Account.PARTLY_PAID,), since=now - keeping.part_paid),
            _there(money, money.c.lot_id == _LOT.c.id, money.c.paid_on.is_(None)),
        ),
        Reason.CONTESTED: or_(
            _anomaly(_LOT.c.id, _LOT.c.deposit_id, _LOT.c.dispatch_id),
            _behind_many(connection),
            _there(
                chase, chase.c.lot_id == _LOT.c.id, chase.c.state != ChaseState.ENDED
            ),
            _there(
                likely,
                likely.c.lot_id == _LOT.c.id,
                likely.c.state == ProposalState.OPEN,
            ),
        ),
        Reason.UNFETCHED: _there(
            answer.outerjoin(given, given.c.id == answer.c.handback_id),
            answer.c.lot_id == _LOT.c.id,
            answer.c.client_id.is_not(None),
            ready,
        ),
    }


def some_lot(kind: str, condition: Yes) -> Yes:
    """Say that a condition holds for a lot of the thing."""
    return exists(lots_of(kind, select(_LOT.c.id)).where(condition))


def lots_of(kind: str, query: Select[Any]) -> Select[Any]:
    """Narrow a query of lots to those of the thing in a query around it."""
    query = query.correlate(TABLES[kind])
    if kind == DEPOSIT:
        return query.where(_LOT.c.deposit_id == schema.deposit.c.id)
    if kind == DISPATCH:
        member = schema.dispatch_lot
        return query.join(member, member.c.lot_id == _LOT.c.id).where(
            member.c.dispatch_id == schema.dispatch.c.id
        )
    answer = schema.answer
    query = query.join(answer, answer.c.lot_id == _LOT.c.id)
    if kind == RETURN:
        return query.where(answer.c.return_id == schema.payer_return.c.id)
    part = schema.handback
    return query.where(
        answer.c.return_id == part.c.return_id, answer.c.handback_id == part.c.id
    )


def _there(own: FromClause, *conditions: Yes) -> Yes:
    """Say that such rows are there; tables that are not `own` are those around it."""
    query = select(literal(1)).select_from(own).where(*conditions)
    return query.correlate_except(own).exists()


def _stands_in(accounts: Collection[Account], *, since: float | None = None) -> Yes:
    """Say that claims of a lot stand in accounts, with it or by themselves."""
    claim = schema.claim.alias()
    own = [claim.c.lot_id == _LOT.c.id, claim.c.account.in_(accounts)]
    with_it = [_LOT.c.standing_claims > 0, _LOT.c.account.in_(accounts)]
    if since is not None:
        own.append(func.coalesce(claim.c.answered_at, since + 1) > since)
        with_it.append(_LOT.c.changed_at > since)
    return or_(and_(*with_it), _there(claim, *own))


def _anomaly(*subjects: ColumnElement[Any]) -> Yes:
    """Say that an anomaly that is not resolved is about one of these."""
    table, item = schema.anomaly.alias(), schema.anomaly_item.alias()
    behind = _there(
        item,
        item.c.anomaly_id == table.c.id,
        or_(*(item.c.subject == each for each in subjects)),
    )
    about = or_(*(table.c.subject == each for each in subjects), behind)
    return _there(table, table.c.state != AnomalyState.RESOLVED, about)


def _behind_many(connection: Connection) -> Yes:
    """Say that a lot may be behind an open anomaly of which not all items are kept."""
    table, item = schema.anomaly, schema.anomaly_item
    query = (
        select(table.c.payer_id, table.c.client_id)
        .join(item, item.c.anomaly_id == table.c.id)
        .where(table.c.state != AnomalyState.RESOLVED)
        .group_by(table.c.id, table.c.payer_id, table.c.client_id)
        .having(func.count() >= anomaly_items.MOST)
    )
    many = []
    for payer, client in connection.execute(query):
        same = [_LOT.c.id.is_not(None)]
        same += [_LOT.c.payer_id == payer] if payer else []
        same += [_LOT.c.client_id == client] if client else []
        many.append(and_(*same))
    return or_(false(), *many)


def _unchained(name: ColumnElement[Any]) -> Yes:
    """Say that what happened to a thing has not been read for receipts yet."""
    event, mark = schema.event.alias(), schema.receipt_mark.alias()
    return _there(
        event.outerjoin(mark, mark.c.chain == event.c.chain),
        event.c.subject == name,
        event.c.kind.in_(_SAID),
        or_(mark.c.seq.is_(None), mark.c.seq < event.c.seq),
    )


def _moments(kind: str) -> list[ColumnElement[Any]]:
    """Ask for the last time that anything happened to a thing, its lots and answers."""
    said, given = schema.answer.alias(), schema.handback.alias()
    part = schema.handback.alias()
    lots = select(_LOT.c.id)
    words = (
        select(func.max(said.c.matched_at))
        .where(said.c.lot_id.in_(lots_of(kind, lots)))
        .scalar_subquery()
    )
    changed = lots_of(kind, select(func.max(_LOT.c.changed_at))).scalar_subquery()
    fetched = (
        select(func.max(func.coalesce(given.c.acknowledged_at, given.c.fetched_at)))
        .select_from(said.join(given, given.c.id == said.c.handback_id))
        .where(said.c.lot_id.in_(lots_of(kind, lots)))
        .scalar_subquery()
    )
    found: list[ColumnElement[Any]] = [BORN[kind], changed, words, fetched]
    if kind == RETURN:
        taken = func.max(func.coalesce(part.c.acknowledged_at, part.c.fetched_at))
        mine = part.c.return_id == schema.payer_return.c.id
        found.append(select(taken).where(mine).scalar_subquery())
    elif kind == HANDBACK:
        table = schema.handback
        found.append(func.coalesce(table.c.acknowledged_at, table.c.fetched_at))
    return found


def _payers(connection: Connection, kind: str, wanted: Yes) -> dict[str, set[str]]:
    """Map things to the payers that they concern."""
    table = TABLES[kind]
    if kind == DEPOSIT:
        query = (
            select(table.c.id, _LOT.c.payer_id)
            .join(_LOT, _LOT.c.deposit_id == table.c.id)
            .where(wanted, _LOT.c.payer_id.is_not(None))
            .distinct()
        )
    elif kind == HANDBACK:
        whole = schema.payer_return
        query = (
            select(table.c.id, whole.c.payer_id)
            .join(whole, whole.c.id == table.c.return_id)
            .where(wanted, whole.c.payer_id.is_not(None))
        )
    else:
        query = select(table.c.id, table.c.payer_id).where(
            wanted, table.c.payer_id.is_not(None)
        )
    found: dict[str, set[str]] = {}
    for name, payer in connection.execute(query):
        found.setdefault(name, set()).add(payer)
    return found
