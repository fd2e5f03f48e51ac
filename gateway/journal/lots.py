"""The `lot` table: what was found in a deposit, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import ledger, schema
from gateway.journal.prepared import Prepared, given
from routing.envelope import Share
from routing.ledger import LOT_ACCOUNT, Account
from routing.lifecycle import LOT, DepositState, LotEvent, LotState

GONE_ON: Final = (
    LotState.ROUTED,
    LotState.GATHERED,
    LotState.SENT,
    LotState.ACKNOWLEDGED,
    LotState.ANSWERED,
)
"""States of a lot that goes to its payer, or went there."""

NUMBER_WAITING: Final = "number-waiting"
"""The cause of lots that wait until a payer has decided on the first of their number."""

ROUTING: Final = "routing"
"""The column with the steps that led to a payer: long, and told from the row alone."""

NOT_ENROLLED: Final = "not-enrolled"
"""The cause of lots that wait until their payer knows their sender."""


def move(
    tx: Tx, lot: Row[*tuple[Any, ...]], happened: LotEvent, why: str, /, **values: Any
) -> LotState:
    """Move a lot along its life, with its claims' account and an event.

    `lot` is the row as read in this transaction.  Raises `IllegalTransition`
    or `LostRace`.
    """
    before = LotState(lot.state)
    after = LOT.next_state(before, happened)
    changed = {"state": after, "changed_at": tx.now, **values}
    its = {"its_id": lot.id, "its_state": before}
    if _moving(tuple(changed)).run(tx.connection, {**its, **changed}) != 1:
        raise LostRace(f"lot {lot.id} is no longer {before}")
    account = LOT_ACCOUNT.get(happened)
    early = happened is LotEvent.SEND and lot.account != Account.ROUTED
    if account is not None and not early:  # an answer may outrun the send's outcome
        ledger.move_lot(tx, lot, account, why)
    if after in _STAYS and values.get("cause") != NUMBER_WAITING:
        number_freed(tx, lot)
    if before is not after or happened is LotEvent.HOLD:
        said = {name: value for name, value in values.items() if name != ROUTING}
        tx.say(f"lot.{after}", lot.id, why=why, **said)
    return after


def number_freed(tx: Tx, lot: Row[*tuple[Any, ...]]) -> None:
    """Have lots routed again that wait for the number of a lot which may be free now.

    It is once the payer has decided on that lot, or once it does not go there.
    """
    if lot.series:
        its = {"series": lot.series, "number": lot.number, "network": lot.network}
        values = {f"its_{name}": value for name, value in its.items()}
        _FREE.run(tx.connection, {**values, "directory_version": None})


def by_state(tx: Tx, state: LotState, most: int) -> list[Any]:
    """Read lots of split deposits in a state, oldest first, and lock them."""
    return _BY_STATE.rows(tx.connection, {"its_state": state, "most": most})


def waiting(tx: Tx) -> list[Any]:
    """Sum up routed lots by payer: payer_id, lots, claims, size, and oldest (when)."""
    return _WAITING.rows(tx.connection, {})


def waiting_for(tx: Tx, payer: str, most: int) -> list[Any]:
    """Read routed lots of a payer, oldest first, and lock them."""
    values = {"its_state": LotState.ROUTED, "its_payer": payer, "most": most}
    return _WAITING_FOR.rows(tx.connection, values)


def held_by_older(tx: Tx, directory_version: str, most: int) -> list[Any]:
    """Read held lots that another version of the directory held, and lock them."""
    values = {"its_state": LotState.HELD, "most": most, "version": directory_version}
    return _HELD_BY_OLDER.rows(tx.connection, values)


def held_subject(lot: Mapping[str, Any]) -> str:
    """Name what lots held for one cause share: one anomaly stands for them all.

    Enrolments are one for each payer, sender and flow, since each is mended by
    itself; other causes are one for each payer's code.
    """
    cause, network = lot["cause"], lot["network"]
    if cause == NOT_ENROLLED:
        return f"{cause}:{network}:{lot['payer_id']}:{lot['sender']}:{lot['flow']}"
    return f"{cause}:{network}:{lot['payer_code'] or ''}"


def earlier_twin(connection: Connection, lot: Row[*tuple[Any, ...]]) -> str | None:
    """Find a sender's other lot with the same key that goes to its payer, or will first.

    One that has gone on counts whenever it came: a lot that was held for long
    must not follow the copy that its client sent in the meantime.  One in the same
    register of numbers does not count: what may be done with its number is ruled
    there, and a corrected lot may be named as the one that was refused.
    """
    its = {
        "its_key": lot.match_key,
        "its_network": lot.network,
        "its_sender": lot.sender,
        "its_series": lot.series,
        "its_id": lot.id,
        "its_time": lot.created_at,
    }
    found = _TWIN.first(connection, its)
    return None if found is None else found.id


def earlier_claim(connection: Connection, lot: Row[*tuple[Any, ...]]) -> str | None:
    """Find an invoice number of this lot that its sender used before.

    One that its payer rejected may come again; so may one that never left.  The parts
    of two payers bear one number, and are compared with their like.
    """
    its = {"its_id": lot.id, "its_network": lot.network}
    its["its_other"] = int(lot.share == Share.OTHER)
    found = _CLAIM_BEFORE.first(connection, its)
    return None if found is None else found.number


def was_split(lot: Row[*tuple[Any, ...]]) -> bool:
    """Say whether a lot is one of the parts that a lot was split into."""
    return lot.part_of is not None or lot.share == Share.MAIN


def split_claims(connection: Connection, lot: Row[*tuple[Any, ...]]) -> list[int]:
    """Number those claims of a lot that was split which two payers owe."""
    mine = schema.lot.c.id == lot.id
    others = schema.lot.c.part_of == lot.id
    claim = schema.claim
    query = (
        select(claim.c.seq)
        .join(schema.lot, schema.lot.c.id == claim.c.lot_id)
        .where(others if lot.share == Share.MAIN else mine)
        .order_by(claim.c.seq)
    )
    return list(connection.execute(query).scalars())


def _in_state() -> Select[Any]:
    lot, deposit = schema.lot, schema.deposit
    return (
        select(lot)
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(lot.c.state == given("its_state"))
        .where(deposit.c.state == DepositState.SPLIT.value)
        .order_by(lot.c.changed_at, lot.c.id)
        .limit(given("most"))
        .with_for_update(skip_locked=True, of=lot)
    )


def _twin() -> Select[str]:
    table = schema.lot
    its_id = given("its_id")
    first = tuple_(table.c.created_at, table.c.id) < tuple_(given("its_time"), its_id)
    gone_on = table.c.state.in_(GONE_ON)
    ruled = and_(table.c.series != "", table.c.series == given("its_series"))
    return (
        select(table.c.id)
        .where(
            table.c.match_key == given("its_key"),
            table.c.network == given("its_network"),
            table.c.sender == given("its_sender"),
            table.c.id != its_id,
            or_(gone_on, and_(table.c.state == LotState.NEW.value, first)),
            not_(ruled),
        )
        .limit(1)
    )


def _claim_before() -> Select[str]:
    mine, other, others = schema.claim.alias(), schema.claim.alias(), schema.lot.alias()
    its_id = given("its_id")
    return (
        select(mine.c.number)
        .join(
            other,
            and_(other.c.number == mine.c.number, other.c.sender == mine.c.sender),
        )
        .join(others, others.c.id == other.c.lot_id)
        .where(
            mine.c.lot_id == its_id,
            other.c.lot_id != its_id,
            _asks_other(others) == given("its_other"),
            others.c.network == given("its_network"),
            others.c.state.in_(GONE_ON),
            func.coalesce(other.c.account, others.c.account) != Account.REJECTED.value,
        )
        .limit(1)
    )


def _asks_other(lot: FromClause) -> ColumnElement[int]:
    return case((lot.c.share == Share.OTHER.value, 1), else_=0)


@cache
def _moving(columns: tuple[str, ...]) -> Prepared:
    lot = schema.lot
    its = (lot.c.id == given("its_id"), lot.c.state == given("its_state"))
    return Prepared(update(lot).where(*its), columns)


_STAYS: Final = frozenset({LotState.HELD, LotState.REFUSED, LotState.WITHDRAWN})
_FREE: Final = Prepared(
    update(schema.lot).where(
        schema.lot.c.series == given("its_series"),
        schema.lot.c.number == given("its_number"),
        schema.lot.c.network == given("its_network"),
        schema.lot.c.state == LotState.HELD.value,
        schema.lot.c.cause == NUMBER_WAITING,
    ),
    ("directory_version",),
)
_BY_STATE: Final = Prepared(_in_state())
_HELD_BY_OLDER: Final = Prepared(
    _in_state().where(
        or_(
            schema.lot.c.directory_version.is_(None),
            schema.lot.c.directory_version != given("version"),
        )
    )
)
_WAITING: Final = Prepared(
    select(
        schema.lot.c.payer_id,
        func.count().label("lots"),
        func.sum(schema.lot.c.claims).label("claims"),
        func.sum(schema.lot.c.length).label("size"),
        func.min(schema.lot.c.changed_at).label("oldest"),
    )
    .where(schema.lot.c.state == LotState.ROUTED.value)
    .group_by(schema.lot.c.payer_id)
    .order_by(func.min(schema.lot.c.changed_at), schema.lot.c.payer_id)
)
_WAITING_FOR: Final = Prepared(
    _in_state().where(schema.lot.c.payer_id == given("its_payer"))
)
_TWIN: Final = Prepared(_twin())
_CLAIM_BEFORE: Final = Prepared(_claim_before())
