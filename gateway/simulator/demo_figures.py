"""How the demo stands, counted from the gateway's own journal and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from sqlalchemy import ColumnElement, Connection, Table, func, select

from gateway.journal import ledger_check, report_remedies, schema, snapshot
from routing.ledger import ANSWERED, Account
from routing.lifecycle import (
    AnomalyState,
    DepositState,
    DispatchState,
    HandbackState,
    LotState,
)

_WAITING = (DispatchState.READY, DispatchState.SENDING, DispatchState.UNKNOWN)
_SETTLED = (LotState.HELD, LotState.ANSWERED, LotState.REFUSED, LotState.WITHDRAWN)
_USUAL = 30.0  # seconds within which a payer of the demo answers, chased once perhaps
_LOOKED_AT = 60.0  # and how far back lots are looked at whether it did
_ENOUGH = 10  # lots; fewer say nothing
_ON_ITS_WAY = (LotState.NEW, LotState.ROUTED, LotState.GATHERED)


@frozen(kw_only=True)
class Figures:
    """Counts at one moment.

    `behind` says that most lots of the last minute wait longer for their answer than
    the faults explain: this machine has other things to do.  `sent_claims` have left for a payer at least once, `answered_claims` of them have
    their closing answer.  `brought_claims` were answered after one of the remedies
    that were tried for the lots that were chased.  `no_response` is the share without one, of the claims whose
    closing answer was due by now.
    """

    deposits: int = 0
    by_channel: Mapping[str, int] = field(factory=dict)
    unread: int = 0
    lots: int = 0
    lots_on_their_way: int = 0
    lots_held: int = 0
    lots_refused: int = 0
    claims: int = 0
    dispatches: int = 0
    dispatches_waiting: int = 0
    sent_claims: int = 0
    answered_claims: int = 0
    returns: int = 0
    answers: int = 0
    unfetched: int = 0
    lots_chased: int = 0
    remedies_tried: int = 0
    brought_claims: int = 0
    no_response: float = 0.0
    anomalies: Mapping[str, int] = field(factory=dict)
    accounts: Mapping[str, int] = field(factory=dict)
    imbalance: int = 0
    behind: bool = False

    @property
    def anomalies_open(self) -> int:
        """All that a person should look at."""
        return sum(self.anomalies.values())

    @property
    def all_answered(self) -> bool:
        """Whether nothing that was taken is still on its way."""
        on_the_way = (
            self.unread,
            self.lots_on_their_way,
            self.dispatches_waiting,
            self.sent_claims - self.answered_claims,
            self.unfetched,
        )
        return not any(on_the_way)


def count(connection: Connection, now: float) -> Figures:
    """Count everything."""
    by_channel = _by(connection, schema.deposit.c.channel)
    lots = _by(connection, schema.lot.c.state)
    dispatches = _by(connection, schema.dispatch.c.state)
    sent, answered = _claims_sent(connection)
    open_anomalies = schema.anomaly.c.state != AnomalyState.RESOLVED
    remedies = report_remedies.read(connection, 0.0, float("inf"))
    accounts = ledger_check.balances(connection)
    return Figures(
        deposits=sum(by_channel.values()),
        by_channel=by_channel,
        unread=_count(
            connection,
            schema.deposit,
            schema.deposit.c.state == DepositState.RECEIVED,
        ),
        lots=sum(lots.values()),
        lots_on_their_way=sum(lots.get(state, 0) for state in _ON_ITS_WAY),
        lots_held=lots.get(LotState.HELD, 0),
        lots_refused=lots.get(LotState.REFUSED, 0),
        claims=sum(each.claims for each in accounts.values()),
        dispatches=sum(dispatches.values()),
        dispatches_waiting=sum(dispatches.get(state, 0) for state in _WAITING),
        sent_claims=sent,
        answered_claims=answered,
        returns=_count(connection, schema.payer_return),
        answers=_count(connection, schema.answer),
        unfetched=_count(
            connection,
            schema.handback,
            schema.handback.c.state != HandbackState.ACKNOWLEDGED,
        ),
        lots_chased=_count(connection, schema.chase),
        remedies_tried=sum(each.tried for each in remedies),
        brought_claims=sum(each.claims for each in remedies),
        no_response=_no_response(connection, now),
        anomalies=_by(connection, schema.anomaly.c.kind, open_anomalies),
        accounts={
            account: accounts[account].claims
            for account in Account
            if account in accounts
        },
        imbalance=ledger_check.imbalance(connection),
        behind=_behind(connection, now),
    )


def _by(
    connection: Connection, column: Any, *conditions: ColumnElement[bool]
) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column)
    return {str(name): int(number) for name, number in connection.execute(query)}


def _count(
    connection: Connection, table: Table, *conditions: ColumnElement[bool]
) -> int:
    query = select(func.count()).select_from(table).where(*conditions)
    return int(connection.execute(query).scalar_one())


def _claims_sent(connection: Connection) -> tuple[int, int]:
    """Count the claims that a payer ever took, and those of them that are decided."""
    claim, lot, dispatch = schema.claim, schema.lot, schema.dispatch
    account = func.coalesce(claim.c.account, lot.c.account)
    member = schema.dispatch_lot
    sent = (
        select(member.c.lot_id)
        .join(dispatch, dispatch.c.id == member.c.dispatch_id)
        .where(dispatch.c.sent_at.is_not(None))
    )
    query = (
        select(account, func.count())
        .join(lot, lot.c.id == claim.c.lot_id)
        .where(lot.c.id.in_(sent))
        .group_by(account)
    )
    found = {Account(name): int(number) for name, number in connection.execute(query)}
    return sum(found.values()), sum(found.get(each, 0) for each in ANSWERED)


def _behind(connection: Connection, now: float) -> bool:
    lot, deposit = schema.lot, schema.deposit
    since, until = now - _USUAL - _LOOKED_AT, now - _USUAL
    lots = _by(
        connection,
        lot.c.state,
        lot.c.deposit_id.in_(
            select(deposit.c.id).where(deposit.c.received_at.between(since, until))
        ),
    )
    settled = sum(lots.get(state, 0) for state in _SETTLED)
    total = sum(lots.values())
    return total >= _ENOUGH and 2 * settled < total


def _no_response(connection: Connection, now: float) -> float:
    found = snapshot.closing_answers(connection, now).values()
    due = sum(claims for claims, _ in found)
    return sum(lacking for _, lacking in found) / due if due else 0.0
