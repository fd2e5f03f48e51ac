"""Ledger moves: every claim and its cents go from one account to another.

A move is written in the transaction that changes the state behind it, so the
books cannot disagree with the rows.  A whole lot moves with one line; a claim
that its payer has answered leaves the lot's account and moves on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, insert, update

from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from routing.ledger import Account, Move


def open_lots(tx: Tx, lots: Sequence[tuple[str, int, int]]) -> None:
    """Enter new lots: (lot, claims, cents asked), from outside to received."""
    rows = [
        _row(tx, lot, None, Account.OUTSIDE, Account.RECEIVED, claims, asked, "split")
        for lot, claims, asked in lots
        if claims
    ]
    _ADD.run_many(tx.connection, rows)


def move_lot(tx: Tx, lot: Row[*tuple[Any, ...]], target: Account, cause: str) -> None:
    """Move the claims that stand in a lot's own account; others stay theirs.

    `lot` is the row as read in this transaction (id, account, standing_claims,
    standing_asked).  Raises `IllegalTransition` for a move that is not allowed.
    """
    source = Account(lot.account)
    if source is target:
        return
    if lot.standing_claims:
        Move(
            source=source,
            target=target,
            claims=lot.standing_claims,
            amount=lot.standing_asked,
        )
        line = _row(
            tx,
            lot.id,
            None,
            source,
            target,
            lot.standing_claims,
            lot.standing_asked,
            cause,
        )
        _ADD.run(tx.connection, line)
    _STAND.run(tx.connection, {"its_id": lot.id, "account": target})


def move_claims(
    tx: Tx, moves: Sequence[tuple[str, int, Account, Account, bool, int]], cause: str
) -> None:
    """Move single claims: (lot, seq, source, target, was standing with its lot, asked)."""
    if not moves:
        return
    rows = [
        _row(tx, lot, seq, source, target, 1, asked, cause)
        for lot, seq, source, target, _, asked in moves
    ]
    _ADD.run_many(tx.connection, rows)
    leaving: dict[str, tuple[int, int]] = {}
    for lot, _, _, _, standing, asked in moves:
        if standing:
            claims, cents = leaving.get(lot, (0, 0))
            leaving[lot] = claims + 1, cents + asked
    _LEAVE.run_many(
        tx.connection,
        [
            {"its_id": lot, "left_claims": claims, "left_cents": cents}
            for lot, (claims, cents) in leaving.items()
        ],
    )


def _row(
    tx: Tx,
    lot: str,
    seq: int | None,
    source: Account,
    target: Account,
    claims: int,
    amount: int,
    cause: str,
) -> dict[str, Any]:
    return {
        "at": tx.now,
        "lot_id": lot,
        "claim_seq": seq,
        "source": source,
        "target": target,
        "claims": claims,
        "amount": amount,
        "cause": cause,
    }


_LOT: Final = schema.lot
_ADD: Final = Prepared(
    insert(schema.ledger_move),
    ("at", "lot_id", "claim_seq", "source", "target", "claims", "amount", "cause"),
)
_STAND: Final = Prepared(update(_LOT).where(_LOT.c.id == given("its_id")), ("account",))
_LEAVE: Final = Prepared(
    update(_LOT)
    .where(_LOT.c.id == given("its_id"))
    .values(
        standing_claims=_LOT.c.standing_claims - given("left_claims"),
        standing_asked=_LOT.c.standing_asked - given("left_cents"),
    )
)
