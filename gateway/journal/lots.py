"""The `lot` and `claim` tables: what was found in a deposit, and where it stands."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    update,
)

from gateway.database import Tx
from gateway.errors import LostRace
from gateway.journal import ledger, schema
from routing.ledger import LOT_ACCOUNT, Account
from routing.lifecycle import LOT, DepositState, LotEvent, LotState

_GONE_ON: Final = (
    LotState.ROUTED,
    LotState.GATHERED,
    LotState.SENT,
    LotState.ACKNOWLEDGED,
    LotState.ANSWERED,
)


def move(
    tx: Tx, lot: Row[*tuple[Any, ...]], happened: LotEvent, why: str, /, **values: Any
) -> LotState:
    """Move a lot along its life, with its claims' account and an event.

    `lot` is the row as read in this transaction.  Raises `IllegalTransition`
    or `LostRace`.
    """
    before = LotState(lot.state)
    after = LOT.next_state(before, happened)
    changed = tx.connection.execute(
        _MOVE,
        {
            "its_id": lot.id,
            "its_state": before,
            "state": after,
            "changed_at": tx.now,
            **values,
        },
    ).rowcount
    if changed != 1:
        raise LostRace(f"lot {lot.id} is no longer {before}")
    account = LOT_ACCOUNT.get(happened)
    early = happened is LotEvent.SEND and lot.account != Account.ROUTED
    if account is not None and not early:  # an answer may outrun the send's outcome
        ledger.move_lot(tx, lot, account, why)
    if before is not after or happened is LotEvent.HOLD:
        tx.say(f"lot.{after}", lot.id, why=why, **values)
    return after


def by_state(
    tx: Tx, state: LotState, most: int, *conditions: Any
) -> list[Row[*tuple[Any, ...]]]:
    """Read lots of split deposits in a state, oldest first, and lock them."""
    lot, deposit = schema.lot, schema.deposit
    query = (
        select(lot)
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(lot.c.state == state, deposit.c.state == DepositState.SPLIT, *conditions)
        .order_by(lot.c.changed_at, lot.c.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=lot)
    )
    return list(tx.connection.execute(query))


def earlier_twin(connection: Connection, lot: Row[*tuple[Any, ...]]) -> str | None:
    """Find another lot with the same key that goes to its payer, or will first.

    One that has gone on counts whenever it came: a lot that was held for long
    must not follow the copy that its client sent in the meantime.
    """
    its = {
        "its_key": lot.match_key,
        "its_network": lot.network,
        "its_id": lot.id,
        "its_time": lot.created_at,
    }
    return connection.execute(_TWIN, its).scalar_one_or_none()


def earlier_claim(connection: Connection, lot: Row[*tuple[Any, ...]]) -> str | None:
    """Find an invoice number of this lot that its sender used before.

    One that its payer rejected may come again; so may one that never left.
    """
    its = {"its_id": lot.id, "its_sender": lot.sender, "its_network": lot.network}
    return connection.execute(_CLAIM_BEFORE, its).scalar_one_or_none()


def _twin() -> Select[str]:
    table = schema.lot
    its_id: BindParameter[str] = bindparam("its_id")
    first = tuple_(table.c.created_at, table.c.id) < tuple_(
        bindparam("its_time"), its_id
    )
    gone_on = table.c.state.in_(_GONE_ON)
    return (
        select(table.c.id)
        .where(
            table.c.match_key == bindparam("its_key"),
            table.c.network == bindparam("its_network"),
            table.c.id != its_id,
            or_(gone_on, and_(table.c.state == LotState.NEW, first)),
        )
        .limit(1)
    )


def _claim_before() -> Select[str]:
    mine, other, others = schema.claim.alias(), schema.claim.alias(), schema.lot.alias()
    its_id: BindParameter[str] = bindparam("its_id")
    return (
        select(mine.c.number)
        .join(other, other.c.number == mine.c.number)
        .join(others, others.c.id == other.c.lot_id)
        .where(
            mine.c.lot_id == its_id,
            other.c.lot_id != its_id,
            others.c.sender == bindparam("its_sender"),
            others.c.network == bindparam("its_network"),
            others.c.state.in_(_GONE_ON),
            func.coalesce(other.c.account, others.c.account) != Account.REJECTED,
        )
        .limit(1)
    )


# Made once: for each lot, building them would cost more than running them.
_TWIN: Final = _twin()
_CLAIM_BEFORE: Final = _claim_before()
_MOVE: Final = update(schema.lot).where(
    schema.lot.c.id == bindparam("its_id"), schema.lot.c.state == bindparam("its_state")
)
