"""A person has something done again, or takes it back: one transaction, one name.

Nothing is sent from here; rows go back to where the steps find them.  What a
payer may already have is only sent again when the person says so (`resend`),
and a lot with paid claims never, because it could be paid twice.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Row, Table, select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import (
    anomalies,
    deposits,
    dispatches,
    expectations,
    ledger,
    lots,
    purges,
    schema,
)
from routing.errors import GatewayError
from routing.ledger import Account
from routing.lifecycle import (
    DEPOSIT,
    EXPECTATION,
    RETURN,
    DepositEvent,
    DepositState,
    DispatchEvent,
    DispatchState,
    ExpectationEvent,
    LotEvent,
    LotState,
    ReturnEvent,
    ReturnState,
)

_MAY_BE_THERE = frozenset({LotState.SENT, LotState.ACKNOWLEDGED, LotState.ANSWERED})
_PAID = frozenset({Account.PAID, Account.PARTLY_PAID})
_FINAL = EXPECTATION.final


class NotReplayable(GatewayError):
    """What was asked could pay a claim twice, or needs a word more."""

    code: ClassVar[str] = "not-replayable"


def deposit(tx: Tx, name: str, *, by: str) -> str:
    """Have an unreadable deposit read again; return its state."""
    row = _lock(tx, schema.deposit, name)
    _refuse_purged(tx, f"deposit {name}", row.payload_id)
    if row.state != DepositState.UNREADABLE:
        raise NotReplayable(
            f"deposit {name} is {row.state}, and only one that could not be read is read "
            "again; replay its lots, each by its own id"
        )
    after = DEPOSIT.next_state(DepositState(row.state), DepositEvent.REPLAY)
    values = {"report": None, "split_at": None, "worker": None, "lease_until": None}
    _set(tx, schema.deposit, row, after, values)
    tx.say("deposit.replayed", name, by=by)
    reason = f"read again for {by}"
    anomalies.settle_item(tx, kind="deposit-unreadable", item=name, reason=reason)
    return after


def lot(tx: Tx, name: str, *, by: str, resend: bool) -> str:
    """Have a lot routed and sent anew; return its state.

    Its claims stand together in `received` again, and what was still owed for
    the first sending is waived.
    """
    row = _lock(tx, schema.lot, name)
    payload = deposits.payload_of(tx.connection, row.deposit_id)
    _refuse_purged(tx, f"deposit {row.deposit_id}", payload)
    if row.state in _MAY_BE_THERE:
        _refuse_paid(tx, name)
        if not resend:
            raise NotReplayable(
                f"lot {name} was sent and its payer may have it, so sending it again "
                "could pay it twice; if the payer has lost it, say so with --resend"
            )
        _waive(tx, name)
    reroute = row.state == LotState.HELD
    _gather_claims(tx, row, by)
    after = lots.move(
        tx,
        _lock(tx, schema.lot, name),
        LotEvent.REROUTE if reroute else LotEvent.REPLAY,
        f"replayed by {by}",
        dispatch_id=None,
        cause="",
        cause_words="",
    )
    tx.say("lot.replayed", name, by=by, was=row.state)
    return after


def dispatch(tx: Tx, name: str, *, by: str, resend: bool, repeats: bool) -> str:
    """Have a dispatch handed over again under its number; return its state.

    `repeats` says that its payer takes the same number twice without harm.
    """
    row = _lock(tx, schema.dispatch, name)
    _refuse_purged(tx, f"dispatch {name}", row.payload_id)
    if row.state == DispatchState.READY:
        raise NotReplayable(
            f"dispatch {name} has not been handed over yet; if it shall not wait, say "
            "so with --now"
        )
    unclear = row.state == DispatchState.SENT or row.cause == "unclear"
    came_back = row.state == DispatchState.SENT and _came_back(tx, name)
    if row.state == DispatchState.SENT and not (repeats or (resend and came_back)):
        raise NotReplayable(
            f"dispatch {name} was sent, and payer {row.payer_id} does not recognise a "
            "number sent twice (delivery.resend_same_number); replay its lots instead"
        )
    if unclear and not (resend or repeats):
        raise NotReplayable(
            f"dispatch {name} may be at payer {row.payer_id}; ask the payer, and if it "
            "does not have it, say so with --resend"
        )
    after = dispatches.move(
        tx,
        row,
        DispatchEvent.REPLAY,
        not_before=tx.now,
        attempts=0,
        created_at=tx.now,  # its time to give up begins anew
        cause="",
        cause_words="",
        worker=None,
        lease_until=None,
    )
    tx.say("dispatch.replayed", name, by=by, was=row.state)
    for kind in ("dispatch-refused", "dispatch-unclear", "dispatch-undelivered"):
        anomalies.settle(tx, kind=kind, subject=name, reason=f"sent again for {by}")
    return after


def _came_back(tx: Tx, name: str) -> bool:
    """Say whether a delivery report stands that the payer does not have a dispatch."""
    told = anomalies.open_of_kind(tx.connection, "dispatch-undelivered")
    return any(each.subject == name for each in told)


def payer_return(tx: Tx, name: str, *, by: str) -> str:
    """Have a return read and matched again; return its state."""
    row = _lock(tx, schema.payer_return, name)
    _refuse_purged(tx, f"return {name}", row.payload_id)
    after = RETURN.next_state(ReturnState(row.state), ReturnEvent.REMATCH)
    values = {"retry_at": None, "worker": None, "lease_until": None}
    _set(tx, schema.payer_return, row, after, values)
    tx.say("return.replayed", name, by=by, was=row.state)
    return after


def withdraw_lot(tx: Tx, name: str, *, by: str, why: str) -> str:
    """Take a lot back that has not left; return its state."""
    row = _lock(tx, schema.lot, name)
    if row.state == LotState.GATHERED:
        raise NotReplayable(
            f"lot {name} is in dispatch {row.dispatch_id}; withdraw the dispatch first"
        )
    if row.state in _MAY_BE_THERE:
        raise NotReplayable(
            f"lot {name} has left: it is {row.state}; what has left cannot be withdrawn, "
            "only its payer can"
        )
    after = lots.move(
        tx, row, LotEvent.WITHDRAW, why, cause="withdrawn", cause_words=why
    )
    tx.say("lot.withdrawn-by", name, by=by, why=why)
    anomalies.settle_item(
        tx, kind="lot-held", item=name, reason=f"its last lot was withdrawn by {by}"
    )
    return after


def withdraw_dispatch(tx: Tx, name: str, *, by: str, why: str) -> str:
    """Take a dispatch back that has not left; its lots are gathered anew."""
    row = _lock(tx, schema.dispatch, name)
    if row.cause == "unclear":
        raise NotReplayable(
            f"dispatch {name} may be at payer {row.payer_id}; ask the payer first, then "
            "replay it with --resend"
        )
    own = [
        each
        for each in dispatches.members(tx.connection, name)
        if each.dispatch_id == name
    ]
    for member in own:
        if member.state != LotState.GATHERED:
            raise NotReplayable(
                f"dispatch {name} has left before: its lot {member.id} is {member.state}; "
                "what has left cannot be withdrawn, only its payer can"
            )
    after = dispatches.move(
        tx,
        row,
        DispatchEvent.WITHDRAW,
        cause="withdrawn",
        cause_words=why,
        worker=None,
        lease_until=None,
    )
    for member in own:
        lots.move(tx, member, LotEvent.RELEASE, why, dispatch_id=None)
    tx.say("dispatch.withdrawn-by", name, by=by, why=why)
    anomalies.settle(
        tx, kind="dispatch-refused", subject=name, reason=f"withdrawn by {by}"
    )
    return after


def _refuse_paid(tx: Tx, name: str) -> None:
    table = schema.claim
    row = tx.connection.execute(
        select(table.c.number)
        .where(table.c.lot_id == name, table.c.account.in_(_PAID))
        .limit(1)
    ).first()
    if row is not None:
        raise NotReplayable(
            f"lot {name} holds invoice {row.number}, which is paid; sending it again "
            "could pay it twice; bill the other invoices in a new lot"
        )


def _refuse_purged(tx: Tx, what: str, payload: str | None) -> None:
    """Refuse what needs a file that is gone; whoever purges holds the same rows."""
    if payload is not None and purges.purged_at(tx.connection, payload):
        raise NotReplayable(
            f"the file of {what} was purged, as its retention was over; have its client "
            "send the file again under a new number"
        )


def _gather_claims(tx: Tx, row: Row[*tuple[Any, ...]], by: str) -> None:
    """Let claims that were answered on their own stand with their lot again."""
    table = schema.claim
    own = tx.connection.execute(
        select(table.c.seq, table.c.account, table.c.asked).where(
            table.c.lot_id == row.id, table.c.account.is_not(None)
        )
    ).all()
    if not own:
        return
    moves = [
        (row.id, each.seq, Account(each.account), Account.RECEIVED, False, each.asked)
        for each in own
        if each.account != Account.RECEIVED
    ]
    ledger.move_claims(tx, moves, f"replayed by {by}")
    tx.connection.execute(
        update(table)
        .where(table.c.lot_id == row.id)
        .values(account=None, outcome="", answered_at=None)
    )
    if row.account != Account.RECEIVED:
        ledger.move_lot(tx, row, Account.RECEIVED, f"replayed by {by}")
    tx.connection.execute(
        update(schema.lot)
        .where(schema.lot.c.id == row.id)
        .values(standing_claims=row.claims, standing_asked=row.asked)
    )


def _waive(tx: Tx, name: str) -> None:
    table = schema.expectation
    rows = tx.connection.execute(
        select(table).where(table.c.lot_id == name, table.c.state.not_in(_FINAL))
    ).all()
    for row in rows:
        expectations.move(tx, row, ExpectationEvent.WAIVE)


def _lock(tx: Tx, table: Table, name: str) -> Row[*tuple[Any, ...]]:
    row = tx.connection.execute(
        select(table).where(table.c.id == name).with_for_update()
    ).one_or_none()
    if row is None:
        raise LostRace(f"{table.name} {name} is not there any more")
    return row


def _set(
    tx: Tx,
    table: Table,
    row: Row[*tuple[Any, ...]],
    state: str,
    values: dict[str, Any],
) -> None:
    changed = tx.connection.execute(
        update(table)
        .where(table.c.id == row.id, table.c.state == row.state)
        .values(state=state, **values)
    ).rowcount
    if changed != 1:
        raise LostRace(f"{table.name} {row.id} is no longer {row.state}")
