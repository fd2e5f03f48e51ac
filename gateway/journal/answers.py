"""What returns say: the claims and lots that answers are tied to, and their rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
from gateway.journal.dialect import plain
from gateway.journal.prepared import Prepared, given
from routing.envelope import AnswerSeen, Level, Outcome
from routing.ledger import ANSWERED, Account
from routing.matching import Candidate

# A return holds thousands of answers: what each goes through is prepared.
_BY_KEY: Final = Prepared(
    select(
        schema.claim.c.lot_id,
        schema.claim.c.seq,
        schema.lot.c.sender,
        schema.claim.c.asked,
        func.coalesce(schema.claim.c.account, schema.lot.c.account).label("account"),
    )
    .join(schema.lot, schema.lot.c.id == schema.claim.c.lot_id)
    .where(
        schema.claim.c.match_key == given("key"),
        schema.lot.c.network == given("its_network"),
    )
)
_STANDS: Final = Prepared(
    select(
        schema.claim.c.account,
        schema.claim.c.asked,
        schema.claim.c.paid,
        schema.claim.c.outcome,
        schema.lot.c.account.label("lot_account"),
        schema.lot.c.client_id,
        schema.lot.c.sender,
        schema.lot.c.dispatch_id,
        schema.lot.c.payer_id,
        schema.lot.c.flow,
        schema.dispatch.c.sent_at,
    )
    .join(schema.lot, schema.lot.c.id == schema.claim.c.lot_id)
    .outerjoin(schema.dispatch, schema.dispatch.c.id == schema.lot.c.dispatch_id)
    .where(
        schema.claim.c.lot_id == given("its_lot"),
        schema.claim.c.seq == given("its_seq"),
    )
    .with_for_update(of=[schema.lot, schema.claim], key_share=True)
)
_LOT_BY_KEY: Final = Prepared(
    select(
        schema.lot.c.id, schema.lot.c.sender, schema.lot.c.asked, schema.lot.c.state
    ).where(
        schema.lot.c.match_key == given("key"),
        schema.lot.c.network == given("its_network"),
    )
)
_BEHIND: Final = "/"  # follows the part of a lot's key by which it may be named alone
_LOT_BY_BEGINNING: Final = Prepared(
    select(
        schema.lot.c.id,
        schema.lot.c.sender,
        schema.lot.c.asked,
        schema.lot.c.state,
        schema.lot.c.match_key,
    ).where(
        schema.lot.c.match_key >= given("first"),
        schema.lot.c.match_key < given("beyond"),
        schema.lot.c.network == given("its_network"),
    )
)
_LEFT: Final = (
    select(
        schema.lot.c.id,
        schema.lot.c.series,
        schema.lot.c.date,
        func.max(schema.dispatch.c.created_at).label("at"),
    )
    .join(schema.dispatch_lot, schema.dispatch_lot.c.lot_id == schema.lot.c.id)
    .join(schema.dispatch, schema.dispatch.c.id == schema.dispatch_lot.c.dispatch_id)
    .where(schema.lot.c.id.in_(bindparam("lots", expanding=True)))
    .group_by(schema.lot.c.id, schema.lot.c.series, schema.lot.c.date)
)
_ONE_CLAIM: Final = update(schema.claim).where(
    schema.claim.c.lot_id == given("its_lot"), schema.claim.c.seq == given("its_seq")
)
_ANSWER: Final = Prepared(_ONE_CLAIM, ("outcome", "paid", "answered_at"))
_ANSWER_AND_MOVE: Final = Prepared(
    _ONE_CLAIM, ("outcome", "paid", "answered_at", "account")
)
_ADD_ANSWER: Final = Prepared(
    insert(schema.answer),
    (
        "return_id",
        "seq",
        "level",
        "match_key",
        "sender",
        "outcome",
        "asked",
        "paid",
        "remarks",
        "client_id",
        "lot_id",
        "claim_seq",
        "rule",
        "matched_at",
        "repeated",
    ),
)


def candidates(
    connection: Connection, network: str, level: Level, key: str, *, until: float
) -> Sequence[Candidate]:
    """Find the claims, lots or dispatches that bear a key.

    A lot is found by the beginning of its key up to a `/` too, for messages in which
    a payer names no more of it.

    Of several, those whose lot never left, or only after `until`, are no candidates:
    a copy that is held as a duplicate bears the key of the lot that went, and one that
    was corrected and sent again is not spoken of by what came before.
    """
    if level is Level.DISPATCH:
        return []
    its = {"key": plain(key), "its_network": network}
    if level is Level.LOT:
        found = [
            Candidate(row.id, None, row.sender, row.asked, row.state == "sent")
            for row in _LOT_BY_KEY.rows(connection, its)
        ] or _begun_by(connection, network, plain(key))
    else:
        found = [
            Candidate(
                row.lot_id,
                row.seq,
                row.sender,
                row.asked,
                Account(row.account) not in ANSWERED,
            )
            for row in _BY_KEY.rows(connection, its)
        ]
    return _that_left(connection, found, until) if found[1:] else found


def _begun_by(connection: Connection, network: str, key: str) -> list[Candidate]:
    """Find the lots whose keys begin with one, up to a `/`."""
    its = {
        "first": key + _BEHIND,
        "beyond": key + chr(ord(_BEHIND) + 1),
        "its_network": network,
    }
    return [
        Candidate(row.id, None, row.sender, row.asked, row.state == "sent")
        for row in _LOT_BY_BEGINNING.rows(connection, its)
        if row.match_key.startswith(key + _BEHIND)  # an engine may order by a language
    ]


def _that_left(
    connection: Connection, found: Sequence[Candidate], until: float
) -> Sequence[Candidate]:
    """Keep those whose lot was ever put into a dispatch; all, if none was.

    Those that left by a time are told with when they did, and when they were made, if
    they stand in a register: there a lot may come again under its key.
    """
    its_lots = sorted({each.id for each in found})
    left = {row.id: row for row in connection.execute(_LEFT, {"lots": its_lots})}
    went = [each for each in found if each.id in left]
    in_time = [each for each in went if left[each.id].at <= until]
    return [_dated(each, left[each.id]) for each in in_time or went] or found


def _dated(each: Candidate, row: Row[*tuple[Any, ...]]) -> Candidate:
    if not row.series:
        return each
    return each._replace(made_on=row.date, left_at=row.at)


def stands(
    connection: Connection, lot: str, seq: int
) -> tuple[Account, bool, Row[*tuple[Any, ...]]]:
    """Tell a claim's account, whether it stands with its lot, and both rows' facts.

    Both are locked: another return that speaks of it at this moment waits, and sees
    what was done.
    """
    (row,) = _STANDS.rows(connection, {"its_lot": lot, "its_seq": seq})
    standing = row.account is None
    return Account(row.lot_account if standing else row.account), standing, row


def write(
    tx: Tx, lot: str, seq: int, account: Account | None, outcome: Outcome, paid: int
) -> None:
    """Write a payer's word on a claim."""
    values: dict[str, Any] = {
        "its_lot": lot,
        "its_seq": seq,
        "outcome": outcome,
        "paid": paid,
        "answered_at": tx.now,
    }
    if account is None:
        _ANSWER.run(tx.connection, values)
    else:
        _ANSWER_AND_MOVE.run(tx.connection, {**values, "account": account})


def pay_standing(tx: Tx, lot: str) -> None:
    """Write that the claims that stand with their lot are paid in full."""
    table = schema.claim
    tx.connection.execute(
        update(table)
        .where(table.c.lot_id == lot, table.c.account.is_(None))
        .values(outcome=Outcome.PAID, paid=table.c.asked, answered_at=tx.now)
    )


def add(tx: Tx, row: Mapping[str, Any]) -> None:
    """Write an answer that was not there before."""
    _ADD_ANSWER.run(tx.connection, row)


def replace(tx: Tx, row: Mapping[str, Any]) -> None:
    """Write an answer anew that was there, tied to nothing."""
    dialect.upsert(tx.connection, schema.answer, [row])


def row_of(returned: str, seq: int, answer: AnswerSeen) -> dict[str, Any]:
    """Make the row of an answer that is not matched yet."""
    remarks = [
        list(remark if remark.more else remark[:-1]) for remark in answer.remarks
    ]
    return {
        "return_id": returned,
        "seq": seq,
        "level": answer.level,
        "match_key": plain(answer.match_keys[0]) if answer.match_keys else "",
        "sender": plain(answer.sender),
        "outcome": answer.outcome,
        "asked": answer.asked,
        "paid": answer.paid,
        "remarks": plain(json.dumps(remarks, ensure_ascii=False)) if remarks else "",
        "client_id": None,
        "lot_id": None,
        "claim_seq": None,
        "rule": None,
        "matched_at": None,
        "repeated": 0,
    }


def clients_of_sender(
    connection: Connection, network: str, sender: str, *, since: float
) -> list[str]:
    """List the clients that bill in a sender's name: all since then, or who did last."""
    table = schema.lot
    query = select(table.c.client_id).where(
        table.c.sender == plain(sender), table.c.network == network
    )
    lately = query.where(table.c.created_at >= since).distinct()
    found = connection.execute(lately.order_by(table.c.client_id)).scalars().all()
    if not found:
        last = query.order_by(table.c.created_at.desc()).limit(1)
        found = connection.execute(last).scalars().all()
    return list(found)


def client_of_lot(connection: Connection, lot: str) -> str:
    """Name the client whose lot it is."""
    query = select(schema.lot.c.client_id).where(schema.lot.c.id == lot)
    return str(connection.execute(query).scalar_one())


def of_return(connection: Connection, returned: str) -> list[Row[*tuple[Any, ...]]]:
    """List the answers of a return in its order."""
    return _OF_RETURN.rows(connection, {"its_return": returned})


_OF_RETURN: Final = Prepared(
    select(schema.answer)
    .where(schema.answer.c.return_id == given("its_return"))
    .order_by(schema.answer.c.seq)
)
