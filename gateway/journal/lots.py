"""The `lot` and `claim` tables: what was found in a deposit, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from gateway.database import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, ledger, schema
from gateway.journal.dialect import plain
from routing.envelope import LotSeen, Problem, Severity, Summary
from routing.ledger import LOT_ACCOUNT, Account
from routing.lifecycle import LOT, DepositState, LotEvent, LotState

_CLAIM_COLUMNS = (
    "lot_id",
    "seq",
    "number",
    "match_key",
    "date",
    "patient",
    "billed",
    "asked",
    "asked_main",
    "asked_other",
    "record",
    "offset",
    "length",
)
_GONE_ON: Final = (
    LotState.ROUTED,
    LotState.GATHERED,
    LotState.SENT,
    LotState.ACKNOWLEDGED,
    LotState.ANSWERED,
)


def lot_id(deposit: str, position: int) -> str:
    """Name a lot by its deposit and its place in it."""
    return f"{deposit}-{position}"


def clear(tx: Tx, deposit: str) -> None:
    """Forget what an interrupted reading left, so that it can begin again."""
    mine = select(schema.lot.c.id).where(schema.lot.c.deposit_id == deposit)
    moves, claims = schema.ledger_move, schema.claim
    tx.connection.execute(delete(moves).where(moves.c.lot_id.in_(mine)))
    tx.connection.execute(delete(claims).where(claims.c.lot_id.in_(mine)))
    tx.connection.execute(delete(schema.lot).where(schema.lot.c.deposit_id == deposit))
    problem = schema.problem
    tx.connection.execute(delete(problem).where(problem.c.deposit_id == deposit))


def add(
    tx: Tx,
    deposit: str,
    client: str,
    network: str,
    found: Sequence[LotSeen],
    patient_hash: Callable[[str], int],
) -> None:
    """Write lots with their claims; they wait until the deposit is `split`."""
    if not found:
        return
    rows = [_lot_row(tx.now, deposit, client, network, lot) for lot in found]
    tx.connection.execute(insert(schema.lot), rows)
    dialect.bulk_insert(
        tx.connection,
        schema.claim,
        _CLAIM_COLUMNS,
        [
            (
                row["id"],
                seq,
                plain(claim.number),
                plain(claim.match_key),
                plain(claim.date),
                patient_hash(claim.patient),
                claim.billed,
                claim.asked,
                claim.asked_main,
                claim.asked_other,
                claim.record,
                claim.offset,
                claim.length,
            )
            for row, lot in zip(rows, found, strict=True)
            for seq, claim in enumerate(lot.claims, 1)
        ],
    )
    ledger.open_lots(tx, [(row["id"], row["claims"], row["asked"]) for row in rows])


def add_problems(
    tx: Tx, deposit: str, problems: Iterable[tuple[str | None, Problem]]
) -> None:
    """Write what was wrong, each with its lot (or None) and its place."""
    rows = [
        {
            "deposit_id": deposit,
            "seq": seq,
            "lot_id": lot,
            "record": problem.record,
            "position": problem.position,
            "field": problem.field,
            "severity": problem.severity,
            "code": problem.code,
            "message": plain(problem.message),
        }
        for seq, (lot, problem) in enumerate(problems, 1)
    ]
    if rows:
        tx.connection.execute(insert(schema.problem), rows)


def finish(
    tx: Tx,
    deposit: str,
    state: DepositState,
    network: str,
    summary: Summary,
    report: bytes,
) -> None:
    """End the reading of a deposit: its lots may go on from here."""
    table = schema.deposit
    changed = tx.connection.execute(
        update(table)
        .where(table.c.id == deposit, table.c.state == DepositState.RECEIVED)
        .values(
            state=state,
            format=summary.format,
            network=network,
            records=summary.records,
            lots=summary.lots,
            claims=summary.claims,
            errors=summary.errors,
            warnings=summary.warnings,
            facts=json.dumps(dict(summary.keys), sort_keys=True),
            split_at=tx.now,
            report=report,
            worker=None,
            lease_until=None,
        )
    ).rowcount
    if changed != 1:
        raise LostRace(f"deposit {deposit} is no longer {DepositState.RECEIVED}")
    tx.say(
        f"deposit.{state}",
        deposit,
        format=summary.format,
        lots=summary.lots,
        claims=summary.claims,
        errors=summary.errors,
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


def _lot_row(
    now: float, deposit: str, client: str, network: str, lot: LotSeen
) -> dict[str, Any]:
    asked = sum(claim.asked for claim in lot.claims)
    errors = sum(each.severity is Severity.ERROR for each in lot.problems)
    return {
        "id": lot_id(deposit, lot.position),
        "deposit_id": deposit,
        "client_id": client,
        "position": lot.position,
        "network": network,
        "flow": lot.flow,
        "number": plain(lot.number),
        "match_key": plain(lot.match_key),
        "date": plain(lot.date),
        "sender": plain(lot.sender),
        "destination": json.dumps(dict(lot.destination), sort_keys=True),
        "record": lot.record,
        "offset": lot.offset,
        "length": lot.length,
        "claims": len(lot.claims),
        "errors": errors,
        "billed": sum(claim.billed for claim in lot.claims),
        "asked": asked,
        "standing_claims": len(lot.claims),
        "standing_asked": asked,
        "state": LotState.NEW,
        "account": Account.RECEIVED,
        "created_at": now,
        "changed_at": now,
    }
