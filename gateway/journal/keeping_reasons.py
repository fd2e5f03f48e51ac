"""Why a stored file stays: one question to the rows for each reason.

What is open about a thing is open about itself or about one of its lots.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    false,
    func,
    or_,
    select,
)

from gateway.journal import anomaly_items, receipt_chain, schema
from gateway.journal.stored_things import (
    DEPOSIT,
    DISPATCH,
    RETURN,
    TABLES,
    Yes,
    some_lot,
    there,
)
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

_LOT: Final = schema.lot
_ON_THE_WAY: Final = (Account.RECEIVED, Account.ROUTED)
_WAITING: Final = (Account.DISPATCHED, Account.ACKNOWLEDGED, Account.MISSING)
_OWED: Final = (ExpectationState.OPEN, ExpectationState.LATE, ExpectationState.MISSING)
_SAID: Final = (
    receipt_chain.DEPOSITED,
    *receipt_chain.HANDED_OVER,
    receipt_chain.GIVEN_BACK,
)


def reasons(
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
        chained = there(link, link.c.receipt_id == table.c.id)
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
    waits = there(
        answer,
        answer.c.return_id == table.c.id,
        answer.c.client_id.is_not(None),
        answer.c.handback_id.is_(None),
    )
    ready = there(
        given, given.c.return_id == table.c.id, given.c.state == HandbackState.READY
    )
    part = schema.handback.alias()
    part_unchained = there(part, part.c.return_id == table.c.id, _unchained(part.c.id))
    unclear = or_(
        table.c.state == ReturnState.UNREADABLE, table.c.answers > table.c.matched
    )
    return {
        Reason.IN_WORK: table.c.state == ReturnState.STORED,
        Reason.UNPAID: there(
            promise, promise.c.return_id == table.c.id, promise.c.valid_until >= today
        ),
        Reason.CONTESTED: or_(
            _anomaly(table.c.id),
            and_(unclear, _anomaly(table.c.endpoint_id)),
            there(
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
            there(owed, owed.c.lot_id == _LOT.c.id, owed.c.state.in_(_OWED)),
        ),
        Reason.UNPAID: or_(
            _stands_in((Account.ACCEPTED,)),
            _stands_in((Account.PARTLY_PAID,), since=now - keeping.part_paid),
            there(money, money.c.lot_id == _LOT.c.id, money.c.paid_on.is_(None)),
        ),
        Reason.CONTESTED: or_(
            _anomaly(_LOT.c.id, _LOT.c.deposit_id, _LOT.c.dispatch_id),
            _behind_many(connection),
            there(
                chase, chase.c.lot_id == _LOT.c.id, chase.c.state != ChaseState.ENDED
            ),
            there(
                likely,
                likely.c.lot_id == _LOT.c.id,
                likely.c.state == ProposalState.OPEN,
            ),
        ),
        Reason.UNFETCHED: there(
            answer.outerjoin(given, given.c.id == answer.c.handback_id),
            answer.c.lot_id == _LOT.c.id,
            answer.c.client_id.is_not(None),
            ready,
        ),
    }


def _stands_in(accounts: Collection[Account], *, since: float | None = None) -> Yes:
    """Say that claims of a lot stand in accounts, with it or by themselves."""
    claim = schema.claim.alias()
    own = [claim.c.lot_id == _LOT.c.id, claim.c.account.in_(accounts)]
    with_it = [_LOT.c.standing_claims > 0, _LOT.c.account.in_(accounts)]
    if since is not None:
        own.append(func.coalesce(claim.c.answered_at, since + 1) > since)
        with_it.append(_LOT.c.changed_at > since)
    return or_(and_(*with_it), there(claim, *own))


def _anomaly(*subjects: ColumnElement[Any]) -> Yes:
    """Say that an anomaly that is not resolved is about one of these."""
    table, item = schema.anomaly.alias(), schema.anomaly_item.alias()
    behind = there(
        item,
        item.c.anomaly_id == table.c.id,
        or_(*(item.c.subject == each for each in subjects)),
    )
    about = or_(*(table.c.subject == each for each in subjects), behind)
    return there(table, table.c.state != AnomalyState.RESOLVED, about)


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
    return there(
        event.outerjoin(mark, mark.c.chain == event.c.chain),
        event.c.subject == name,
        event.c.kind.in_(_SAID),
        or_(mark.c.seq.is_(None), mark.c.seq < event.c.seq),
    )
