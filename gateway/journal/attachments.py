"""The `attachment` table: supporting documents, and the claims that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.dialect import plain
from gateway.journal.prepared import Prepared, given
from protocols.attachments import About
from routing.attachment import Way, way
from routing.envelope import Problem
from routing.lifecycle import DepositState, LotState

WAITS: Final = "attachment-waits"
"""The cause of documents that wait to be looked into, for a claim, or for its payer."""

SHOWN: Final = 25
"""Documents of claims that a life shows."""

_BILLING: Final = "billing"
_TABLE: Final = schema.attachment
_DUE: Final = Prepared(
    select(
        _TABLE,
        schema.lot.c.deposit_id,
        schema.lot.c.client_id,
        schema.lot.c.network,
        schema.lot.c.sender,
        schema.lot.c.length,
        schema.lot.c.created_at,
    )
    .join(schema.lot, schema.lot.c.id == _TABLE.c.lot_id)
    .where(
        schema.lot.c.state == LotState.HELD.value,
        schema.lot.c.cause == WAITS,
        _TABLE.c.due_at <= given("now"),
    )
    .order_by(_TABLE.c.due_at, _TABLE.c.lot_id)
    .limit(1)
    .with_for_update(of=_TABLE, skip_locked=True)
)


def open_(tx: Tx, lots: Iterable[tuple[str, About]]) -> None:
    """Note documents that were read, each with the invoice that its name gives."""
    rows = [
        {
            "lot_id": lot,
            "lot_number": plain(about.lot),
            "invoice": plain(about.invoice),
            "due_at": tx.now,
        }
        for lot, about in lots
    ]
    if rows:
        tx.connection.execute(insert(_TABLE), rows)


def take(tx: Tx, lease: float) -> Row[*tuple[Any, ...]] | None:
    """Take the waiting document that is due longest; nobody else has it for a while."""
    row: Row[*tuple[Any, ...]] | None = _DUE.first(tx.connection, {"now": tx.now})
    if row is not None:
        put_off(tx, row.lot_id, tx.now + lease)
    return row


def put_off(tx: Tx, lot: str, until: float | None) -> None:
    """Look at a document again at a moment; None: it has gone on."""
    _set(tx, lot, due_at=until)


def checked(tx: Tx, lot: str, scan: str, errors: int) -> None:
    """Note that a document was looked into, and what the scanner said."""
    due_at = None if errors else tx.now
    _set(tx, lot, checked_at=tx.now, scan=plain(scan), errors=errors, due_at=due_at)


def tie(tx: Tx, lot: str, claim: Row[*tuple[Any, ...]]) -> None:
    """Note the claim that a document belongs to, and who carries its lot."""
    _set(tx, lot, about_lot=claim.lot_id, about_seq=claim.seq, tied_at=tx.now)


def claim_of(connection: Connection, row: Any) -> Row[*tuple[Any, ...]] | None:
    """Find the claim of the same client that a document names, the newest first.

    One whose lot stands with its payer, or may yet, comes before those that do not.
    """
    claim, lot, deposit = schema.claim, schema.lot, schema.deposit
    query = (
        select(claim.c.lot_id, claim.c.seq, lot.c.state, lot.c.account)
        .join(lot, lot.c.id == claim.c.lot_id)
        .join(deposit, deposit.c.id == lot.c.deposit_id)
        .where(
            claim.c.number == row.invoice,
            claim.c.sender == row.sender,
            lot.c.number == row.lot_number,
            lot.c.client_id == row.client_id,
            lot.c.network == row.network,
            lot.c.flow == _BILLING,  # what a second payer owes has other papers
            lot.c.part_of.is_(None),
            deposit.c.state == DepositState.SPLIT.value,
        )
        .order_by(lot.c.created_at.desc(), lot.c.id.desc())
    )
    found = connection.execute(query).all()
    good = [each for each in found if way(each.state, each.account) is not Way.REFUSED]
    return next(iter(good or found), None)


class Standing(NamedTuple):
    """What a document waits for, None before it was looked into; its payer's code.

    `errors` were found in it: it must not be sent.
    """

    way: Way | None
    code: str = ""
    errors: int = 0


def standing(connection: Connection, lot: str) -> Standing:
    """Say whether a document may go, and to whom."""
    about = schema.lot.alias()
    row = connection.execute(
        select(
            _TABLE.c.checked_at,
            _TABLE.c.errors,
            about.c.state,
            about.c.account,
            about.c.payer_code,
        )
        .outerjoin(about, about.c.id == _TABLE.c.about_lot)
        .where(_TABLE.c.lot_id == lot)
    ).one()
    if row.checked_at is None:
        return Standing(None)
    if row.state is None:
        return Standing(Way.CLAIM, errors=row.errors)
    stands = way(row.state, row.account)
    return Standing(stands, row.payer_code or "", row.errors)


def of_lots(
    connection: Connection,
    lots: Sequence[str],
    seq: int | None = None,
    *,
    most: int | None = None,
) -> list[Any]:
    """List the documents of lots, or of one claim, with where each stands and the name of its file."""
    own, deposit = schema.lot, schema.deposit
    query = (
        select(
            _TABLE,
            own.c.deposit_id,
            own.c.state,
            own.c.account,
            own.c.cause,
            own.c.cause_words,
            own.c.created_at,
            deposit.c.filename,
        )
        .join(own, own.c.id == _TABLE.c.lot_id)
        .join(deposit, deposit.c.id == own.c.deposit_id)
        .where(_TABLE.c.about_lot.in_(lots))
        .order_by(own.c.created_at, own.c.id)
        .limit(most)
    )
    if seq is not None:
        query = query.where(_TABLE.c.about_seq == seq)
    return list(connection.execute(query))


def add_problems(tx: Tx, deposit: str, lot: str, problems: Sequence[Problem]) -> None:
    """Write what was found wrong in a document, behind what is there."""
    table = schema.problem
    last = tx.connection.execute(
        select(func.coalesce(func.max(table.c.seq), 0)).where(
            table.c.deposit_id == deposit
        )
    ).scalar_one()
    rows: list[Mapping[str, Any]] = [
        {
            "deposit_id": deposit,
            "seq": seq,
            "lot_id": lot,
            **problem._asdict(),
            "message": plain(problem.message),
        }
        for seq, problem in enumerate(problems, last + 1)
    ]
    dialect.insert_new(tx.connection, table, [dict(row) for row in rows])


def clear(tx: Tx, deposit: str) -> None:
    """Forget the documents of a deposit that is read again."""
    mine = select(schema.lot.c.id).where(schema.lot.c.deposit_id == deposit)
    tx.connection.execute(delete(_TABLE).where(_TABLE.c.lot_id.in_(mine)))


def _set(tx: Tx, lot: str, **values: Any) -> None:
    tx.connection.execute(update(_TABLE).where(_TABLE.c.lot_id == lot).values(**values))
