"""Returns as they came, and their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.dialect import plain
from gateway.journal.prepared import Prepared, given
from gateway.storage.payloads import StoredPayload
from protocols.interface import RemoteFile
from routing.envelope import AnswerSeen, Level, Outcome, Summary
from routing.ledger import ANSWERED, Account
from routing.lifecycle import RETURN, ReturnEvent, ReturnState
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
)
_LOT_BY_KEY: Final = Prepared(
    select(
        schema.lot.c.id, schema.lot.c.sender, schema.lot.c.asked, schema.lot.c.state
    ).where(
        schema.lot.c.match_key == given("key"),
        schema.lot.c.network == given("its_network"),
    )
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


def known(connection: Connection, endpoint: str) -> dict[tuple[str, int, float], Any]:
    """Map what was collected from an endpoint: (name, size, modified) -> row."""
    table = schema.payer_return
    query = select(
        table.c.id,
        table.c.remote_name,
        table.c.remote_size,
        table.c.remote_modified,
        table.c.confirmed_at,
    ).where(table.c.endpoint_id == endpoint)
    return {
        (row.remote_name, row.remote_size, row.remote_modified): row
        for row in connection.execute(query)
    }


def by_content(connection: Connection, endpoint: str, sha256: str) -> str | None:
    """Find a return of an endpoint by its content."""
    table = schema.payer_return
    query = select(table.c.id).where(
        table.c.endpoint_id == endpoint, table.c.sha256 == sha256
    )
    return connection.execute(query).scalar_one_or_none()


def add(
    tx: Tx,
    entropy: Entropy,
    endpoint: str,
    network: str,
    file: RemoteFile,
    stored: StoredPayload,
) -> str:
    """Journal a return whose bytes are durable; only then may it be removed there."""
    name = new_id("r", tx.now, entropy)
    tx.connection.execute(
        insert(schema.payer_return),
        {
            "id": name,
            "endpoint_id": endpoint,
            "network": network,
            "remote_name": file.name,
            "remote_size": file.size,
            "remote_modified": file.modified,
            "payload_id": stored.id,
            "sha256": stored.sha256,
            "collected_at": tx.now,
            "state": ReturnState.STORED,
        },
    )
    tx.say(
        "return.collected",
        name,
        endpoint=endpoint,
        filename=file.name,
        size=file.size,
        sha256=stored.sha256,
    )
    return name


def confirmed(tx: Tx, returned: str) -> None:
    """Note that a return was removed, or confirmed, at the payer's."""
    table = schema.payer_return
    tx.connection.execute(
        update(table).where(table.c.id == returned).values(confirmed_at=tx.now)
    )
    tx.say("return.confirmed", returned)


def candidates(
    connection: Connection, network: str, level: Level, key: str
) -> Sequence[Candidate]:
    """Find the claims, lots or dispatches that bear a key.

    Of several, those whose lot never left are no candidates: a copy that is held
    as a duplicate bears the key of the lot that went.
    """
    if level is Level.DISPATCH:
        return []
    its = {"key": plain(key), "its_network": network}
    if level is Level.LOT:
        found = [
            Candidate(row.id, None, row.sender, row.asked, row.state == "sent")
            for row in _LOT_BY_KEY.rows(connection, its)
        ]
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
    return _that_left(connection, found) if found[1:] else found


def _that_left(
    connection: Connection, found: Sequence[Candidate]
) -> Sequence[Candidate]:
    """Keep those whose lot was ever put into a dispatch; all, if none was."""
    member = schema.dispatch_lot
    query = select(member.c.lot_id).where(
        member.c.lot_id.in_({each.id for each in found})
    )
    left = set(connection.execute(query).scalars())
    return [each for each in found if each.id in left] or found


def stands(
    connection: Connection, lot: str, seq: int
) -> tuple[Account, bool, Row[*tuple[Any, ...]]]:
    """Tell a claim's account, whether it stands with its lot, and both rows' facts."""
    (row,) = _STANDS.rows(connection, {"its_lot": lot, "its_seq": seq})
    standing = row.account is None
    return Account(row.lot_account if standing else row.account), standing, row


def answer_claim(
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


def write_answers(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the answers of a return."""
    _ADD_ANSWER.run_many(tx.connection, rows)


def answer_row(returned: str, seq: int, answer: AnswerSeen) -> dict[str, Any]:
    """Make the row of an answer that is not matched yet."""
    remarks = [list(remark) for remark in answer.remarks]
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


def read(
    tx: Tx,
    row: Row[*tuple[Any, ...]],
    summary: Summary,
    kind: str,
    payer: str | None,
    *,
    answers: int,
    matched: int,
    retry_at: float | None,
) -> ReturnState:
    """Note what a return held and how much of it was matched."""
    happened = ReturnEvent.MATCH if matched == answers else ReturnEvent.MATCH_PART
    after = RETURN.next_state(ReturnState(row.state), happened)
    table = schema.payer_return
    tx.connection.execute(
        update(table)
        .where(table.c.id == row.id)
        .values(
            state=after,
            format=summary.format,
            kind=kind,
            payer_id=payer,
            reference=summary.keys.get("reference", ""),
            answers=answers,
            matched=matched,
            errors=summary.errors,
            facts=json.dumps(dict(summary.keys), sort_keys=True),
            matched_at=tx.now,
            retry_at=retry_at,
            worker=None,
            lease_until=None,
        )
    )
    tx.say(f"return.{after}", row.id, kind=kind, answers=answers, matched=matched)
    return after


def unreadable(tx: Tx, row: Row[*tuple[Any, ...]], words: str) -> None:
    """Note that a return is in no format we know; its bytes are kept."""
    after = RETURN.next_state(ReturnState(row.state), ReturnEvent.UNREADABLE)
    table = schema.payer_return
    tx.connection.execute(
        update(table)
        .where(table.c.id == row.id)
        .values(state=after, matched_at=tx.now, worker=None, lease_until=None)
    )
    tx.say("return.unreadable", row.id, words=words)


def client_of_sender(connection: Connection, network: str, sender: str) -> str | None:
    """Find the one client that bills in a sender's name, newest lot first."""
    table = schema.lot
    query = (
        select(table.c.client_id)
        .where(table.c.sender == plain(sender), table.c.network == network)
        .order_by(table.c.created_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def answers_of(connection: Connection, returned: str) -> list[Row[*tuple[Any, ...]]]:
    """List the answers of a return in its order."""
    table = schema.answer
    query = select(table).where(table.c.return_id == returned).order_by(table.c.seq)
    return list(connection.execute(query))


def orphans_due(connection: Connection, now: float) -> list[str]:
    """Name returns whose orphans are to be tried again."""
    table = schema.payer_return
    query = select(table.c.id).where(
        table.c.state == ReturnState.PARTLY_MATCHED,
        or_(table.c.retry_at.is_(None), table.c.retry_at < now),
    )
    return [row.id for row in connection.execute(query.limit(100))]


def all_orphans_due(tx: Tx) -> None:
    """Have every return with orphans tried again, whenever it was tried last."""
    table = schema.payer_return
    tx.connection.execute(
        update(table)
        .where(table.c.state == ReturnState.PARTLY_MATCHED)
        .values(retry_at=None)
    )


def payer_of(connection: Connection, returned: str) -> str | None:
    """Find the payer whose lots the matched answers of a return speak of."""
    answer, lot = schema.answer, schema.lot
    query = (
        select(lot.c.payer_id)
        .join(answer, answer.c.lot_id == lot.c.id)
        .where(answer.c.return_id == returned, lot.c.payer_id.is_not(None))
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def orphans_left(connection: Connection, endpoint: str) -> bool:
    """Say whether any return of an endpoint holds answers that fit nothing."""
    table = schema.payer_return
    query = select(table.c.id).where(
        table.c.endpoint_id == endpoint, table.c.matched < table.c.answers
    )
    return connection.execute(query.limit(1)).first() is not None
