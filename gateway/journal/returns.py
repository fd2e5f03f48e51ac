"""Returns as they came, and how far they were read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, text, union_all, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from gateway.storage.payloads import StoredPayload
from protocols.channels.interface import RemoteFile
from routing.envelope import Summary
from routing.lifecycle import RETURN, ReturnEvent, ReturnState


def known(
    connection: Connection, endpoint: str, names: Iterable[str]
) -> dict[tuple[str, int, float], Any]:
    """Map what was collected of an endpoint's names: (name, size, modified) -> row.

    What it costs grows with what lies in an outbox, not with what ever lay there.
    """
    its = [{"its_endpoint": endpoint, "its_name": name} for name in sorted(set(names))]
    return {
        (row.remote_name, row.remote_size, row.remote_modified): row
        for rows in (_KNOWN.rows_of_each(connection, its) if its else ())
        for row in rows
    }


def by_content(connection: Connection, endpoint: str, sha256: str) -> str | None:
    """Find a return of an endpoint by its content."""
    its = {"its_endpoint": endpoint, "its_sha256": sha256}
    found = _BY_CONTENT.first(connection, its)
    return None if found is None else str(found.id)


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
    row = {
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
    }
    _ADD.run(tx.connection, row)
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
    _CONFIRM.run(tx.connection, {"its_id": returned, "confirmed_at": tx.now})
    tx.say("return.confirmed", returned)


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
    held = {
        "state": after,
        "format": summary.format,
        "kind": kind,
        "payer_id": payer,
        "reference": summary.keys.get("reference", ""),
        "answers": answers,
        "matched": matched,
        "errors": summary.errors,
        "facts": json.dumps(dict(summary.keys), sort_keys=True),
        "matched_at": tx.now,
        "retry_at": retry_at,
        "worker": None,
        "lease_until": None,
    }
    _READ.run(tx.connection, {"its_id": row.id, **held})
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


def put_orphans_back(tx: Tx) -> None:
    """Have the returns read again whose orphans are due for another try."""
    before = ReturnState.PARTLY_MATCHED
    after = RETURN.next_state(before, ReturnEvent.REMATCH)
    moved = {"its_state": before, "state": after}
    due = _ORPHANS_DUE.rows(tx.connection, {"now": tx.now})
    _MOVE.run_many(tx.connection, [{"its_id": row.id, **moved} for row in due])


def orphans_due(tx: Tx, before: float) -> bool:
    """Have returns with orphans that were tried by a moment tried again.

    They are some hundreds, so that nobody waits long for the journal; say whether there
    may be more.
    """
    some = _ORPHANS_RESTING.rows(tx.connection, {"before": before})
    _ONE_DUE.run_many(
        tx.connection, [{"its_id": row.id, "retry_at": None} for row in some]
    )
    return len(some) == _SOME


def orphans_due_now(tx: Tx, endpoints: Collection[str]) -> None:
    """Have the returns of some endpoints with orphans tried again."""
    its = [{"its_endpoint": name, "retry_at": None} for name in sorted(endpoints)]
    _DUE_NOW.run_many(tx.connection, its)


def last_from(connection: Connection, endpoint: str) -> float | None:
    """Tell when an endpoint was last heard: its last return came then."""
    (row,) = _LAST_FROM.rows(connection, {"its_endpoint": endpoint})
    last: float | None = row.last
    return last


def payer_of(connection: Connection, returned: str) -> str | None:
    """Find the payer whose lots the matched answers of a return speak of."""
    found = _PAYER_OF.first(connection, {"its_return": returned})
    return None if found is None else str(found.payer_id)


def orphans_left(connection: Connection, endpoint: str) -> bool:
    """Say whether any return of an endpoint holds answers that fit nothing."""
    return _ORPHANS_LEFT.first(connection, {"its_endpoint": endpoint}) is not None


_RETURN: Final = schema.payer_return
_SOME: Final = 500
_BY_CONTENT: Final = Prepared(
    select(_RETURN.c.id).where(
        _RETURN.c.endpoint_id == given("its_endpoint"),
        _RETURN.c.sha256 == given("its_sha256"),
    )
)
_ADD: Final = Prepared(
    insert(_RETURN),
    (
        "id",
        "endpoint_id",
        "network",
        "remote_name",
        "remote_size",
        "remote_modified",
        "payload_id",
        "sha256",
        "collected_at",
        "state",
    ),
)
_ONE: Final = update(_RETURN).where(_RETURN.c.id == given("its_id"))
_CONFIRM: Final = Prepared(_ONE, ("confirmed_at",))
_READ: Final = Prepared(
    _ONE,
    (
        "state",
        "format",
        "kind",
        "payer_id",
        "reference",
        "answers",
        "matched",
        "errors",
        "facts",
        "matched_at",
        "retry_at",
        "worker",
        "lease_until",
    ),
)
_MOVE: Final = Prepared(_ONE.where(_RETURN.c.state == given("its_state")), ("state",))
_LAST_FROM: Final = Prepared(
    select(func.max(_RETURN.c.collected_at).label("last")).where(
        _RETURN.c.endpoint_id == given("its_endpoint")
    )
)
_KNOWN: Final = Prepared(
    select(
        _RETURN.c.id,
        _RETURN.c.remote_name,
        _RETURN.c.remote_size,
        _RETURN.c.remote_modified,
        _RETURN.c.confirmed_at,
    ).where(
        _RETURN.c.remote_name == given("its_name"),
        _RETURN.c.endpoint_id == given("its_endpoint"),
    )
)
_PARTLY: Final = text(schema.PARTLY_MATCHED)
_DUE_NOW: Final = Prepared(
    update(_RETURN).where(_PARTLY, _RETURN.c.endpoint_id == given("its_endpoint")),
    ("retry_at",),
)
_ORPHANS: Final = select(_RETURN.c.id).where(_PARTLY)
_ORPHANS_RESTING: Final = Prepared(
    _ORPHANS.where(
        _RETURN.c.retry_at.is_not(None), _RETURN.c.matched_at <= given("before")
    ).limit(_SOME)
)
_ONE_DUE: Final = Prepared(_ONE.where(_PARTLY), ("retry_at",))
_ORPHANS_DUE: Final = Prepared(  # two ways into one index, which `or` would not take
    union_all(
        _ORPHANS.where(_RETURN.c.retry_at.is_(None)),
        _ORPHANS.where(_RETURN.c.retry_at < given("now")),
    ).limit(100)
)
_ORPHANS_LEFT: Final = Prepared(
    select(_RETURN.c.id)
    .where(
        _RETURN.c.state.in_(
            [ReturnState.PARTLY_MATCHED.value, ReturnState.STORED.value]
        ),
        _RETURN.c.matched < _RETURN.c.answers,
        _RETURN.c.endpoint_id == given("its_endpoint"),
    )
    .limit(1)
)
_PAYER_OF: Final = Prepared(
    select(schema.lot.c.payer_id)
    .join(schema.answer, schema.answer.c.lot_id == schema.lot.c.id)
    .where(
        schema.answer.c.return_id == given("its_return"),
        schema.lot.c.payer_id.is_not(None),
    )
    .limit(1)
)
