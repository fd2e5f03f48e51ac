"""The `handback` table: each client's own part of a return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, insert, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import arrivals, schema
from gateway.journal.prepared import Prepared, given
from gateway.storage.payloads import StoredPayload
from routing.lifecycle import HandbackState, ReturnState
from routing.sandbox import base


def waiting(connection: Connection, most: int, after: str) -> list[str]:
    """Name returns with matched answers that no client's file carries yet.

    They come in the order of their names, from the one after `after`.  A return
    that is still being matched is not among them: its client would get pieces.
    """
    values = {"its_after": after, "most": most}
    return [row.return_id for row in _WAITING.rows(connection, values)]


def hold(tx: Tx, returned: str) -> None:
    """Keep other workers from handing back the same return until the end."""
    _HOLD.rows(tx.connection, {"its_return": returned})


def add(
    tx: Tx,
    entropy: Entropy,
    row: Row[*tuple[Any, ...]],
    client: str,
    filename: str,
    stored: StoredPayload,
    seqs: Sequence[int],
) -> str:
    """Offer a client its part of a return.

    Raises `LostRace` when another worker has handed back any of it.
    """
    name = new_id("b", tx.now, entropy)
    arrivals.begin(tx)
    _ADD.run(
        tx.connection,
        {
            "id": name,
            "client_id": client,
            arrivals.CLIENT: client,
            "return_id": row.id,
            "network": base(row.network),
            "format": row.format,
            "filename": filename,
            "payload_id": stored.id,
            "size": stored.size,
            "sha256": stored.sha256,
            "state": HandbackState.READY,
            "created_at": tx.now,
        },
    )
    its = {"its_return": row.id, "handback_id": name}
    runs = [{"first": first, "last": last, **its} for first, last in _runs(seqs)]
    changed = _GIVE.run_many(tx.connection, runs)
    if changed != len(seqs):
        raise LostRace(f"answers of return {row.id} were handed back already")
    tx.say("return.ready", name, client=client, answers=len(seqs), **{"return": row.id})
    return name


def _runs(seqs: Sequence[int]) -> list[tuple[int, int]]:
    """Say the same numbers as runs of neighbours, each by its first and last."""
    found: list[tuple[int, int]] = []
    for seq in sorted(seqs):
        if found and seq == found[-1][1] + 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


def _not_handed_back() -> Select[str]:
    table, whole = schema.answer, schema.payer_return
    # Asked of each answer that waits: a join might begin with all returns that ever came.
    state = (
        select(whole.c.state).where(whole.c.id == table.c.return_id).scalar_subquery()
    )
    return (
        select(table.c.return_id)
        .where(
            state.in_([ReturnState.MATCHED, ReturnState.PARTLY_MATCHED]),
            table.c.client_id.is_not(None),
            table.c.handback_id.is_(None),
            table.c.return_id > given("its_after"),
        )
        .distinct()
        .order_by(table.c.return_id)
        .limit(given("most"))
    )


_ADD: Final = Prepared(
    insert(schema.handback).values(arrived=arrivals.number(schema.handback)),
    (
        "id",
        "client_id",
        "return_id",
        "network",
        "format",
        "filename",
        "payload_id",
        "size",
        "sha256",
        "state",
        "created_at",
    ),
)
_GIVE: Final = Prepared(
    update(schema.answer).where(
        schema.answer.c.return_id == given("its_return"),
        schema.answer.c.seq >= given("first"),
        schema.answer.c.seq <= given("last"),
        schema.answer.c.handback_id.is_(None),
    ),
    ("handback_id",),
)
_WAITING: Final = Prepared(_not_handed_back())
_HOLD: Final = Prepared(
    select(schema.payer_return.c.id)
    .where(schema.payer_return.c.id == given("its_return"))
    .with_for_update(key_share=True)
)
