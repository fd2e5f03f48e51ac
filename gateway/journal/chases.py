"""The `chase` table: the lots whose answers are late, and how far each is pursued."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, remedies, schema
from gateway.journal.prepared import Prepared, given
from routing.chase import (
    CHASE,
    ChaseEvent,
    ChaseState,
    Known,
    RemedyState,
)
from routing.lifecycle import ExpectationState
from routing.remedy import Remedy

Chase = Row[*tuple[Any, ...]]

_OWING: Final = (
    ExpectationState.OPEN,
    ExpectationState.LATE,
    ExpectationState.MISSING,
)


def begin(tx: Tx, owed: Row[*tuple[Any, ...]], lot: Row[*tuple[Any, ...]]) -> None:
    """Chase a lot whose answer (an expectation's row) is late; once per lot.

    One that had ended, because all was answered, begins anew, with the payer that
    owes now; one that a person has stays there, unless the lot was sent again since.
    """
    row = {
        "lot_id": lot.id,
        "dispatch_id": owed.dispatch_id,
        "payer_id": owed.payer_id,
        "flow": owed.flow,
        "client_id": lot.client_id,
        "state": CHASE.initial,
        "next_at": tx.now,
        "known": "",
        "asked": lot.standing_asked,
        "claims": lot.standing_claims,
        "opened_at": tx.now,
        "changed_at": tx.now,
    }
    if dialect.insert_new(tx.connection, schema.chase, [row]):
        tx.say("chase.begun", lot.id, payer=owed.payer_id, kind=owed.kind)
        return
    there = locked(tx, lot.id)
    if there is None:
        return
    newest = {key: row[key] for key in ("dispatch_id", "payer_id", "flow")}
    if there.state == ChaseState.ENDED or _sent_since(tx, there, owed):
        anew = {key: row[key] for key in ("next_at", "known", "opened_at")}
        anew |= {key: row[key] for key in ("asked", "claims")}
        move(tx, there, ChaseEvent.REOPEN, ended_at=None, **anew, **newest)


def _sent_since(tx: Tx, given_up: Chase, owed: Row[*tuple[Any, ...]]) -> bool:
    """Say whether a lot that a person has was sent again after it was given up."""
    if given_up.state != ChaseState.GIVEN_UP:
        return False
    row = _SENT_AT.first(tx.connection, {"its_dispatch": owed.dispatch_id})
    sent = None if row is None else row.sent_at
    return sent is not None and sent > given_up.changed_at


def follow(tx: Tx, row: Chase, dispatch: Row[*tuple[Any, ...]]) -> Chase:
    """Let a chase stand with the newest dispatch of its lot, and with its payer.

    What another payer said of the lot is forgotten.
    """
    if row.dispatch_id == dispatch.id and row.payer_id == dispatch.payer_id:
        return row
    known = Known.from_json(row.known)
    if row.payer_id != dispatch.payer_id:
        known = known.elsewhere()
    values = {"dispatch_id": dispatch.id, "payer_id": dispatch.payer_id}
    _FOLLOW.run(
        tx.connection, {"its_lot": row.lot_id, "known": known.to_json(), **values}
    )
    return locked(tx, row.lot_id) or row


def find(connection: Connection, lot: str) -> Chase | None:
    """Find the chase of a lot."""
    return _FIND.first(connection, {"its_lot": lot})


def locked(tx: Tx, lot: str) -> Chase | None:
    """Read the chase of a lot, and keep others off it until the end."""
    return _LOCKED.first(tx.connection, {"its_lot": lot})


def held(tx: Tx, lot: str) -> Chase | None:
    """Read the chase of a lot and lock both; None if another node has one of them."""
    return _HELD.first(tx.connection, {"its_lot": lot})


def due(tx: Tx, most: int) -> list[Chase]:
    """Read the chases that are decided on now, the longest due first, and lock them.

    Their lots are locked as well: what is seen of one is still so when it is sent
    again.  What another node works on is left to it, so nobody waits in a circle.
    """
    return _DUE.rows(tx.connection, {"now": tx.now, "most": most})


def move(tx: Tx, row: Chase, happened: ChaseEvent, **values: Any) -> ChaseState:
    """Move a chase along its life; it goes on at `next_at`, or not by itself."""
    before = ChaseState(row.state)
    after = CHASE.next_state(before, happened)
    changed = {"state": after, "next_at": None, "changed_at": tx.now, **values}
    its = {"its_lot": row.lot_id, "its_state": before}
    if _setting(tuple(changed)).run(tx.connection, {**its, **changed}) != 1:
        raise LostRace(f"the chase of lot {row.lot_id} is no longer {before}")
    tx.say(f"chase.{after}", row.lot_id, was=before)
    return after


def wait(tx: Tx, lot: str, until: float | None, known: Known | None = None) -> None:
    """Let a chase that is open go on at a moment, knowing what it knows now."""
    values: dict[str, Any] = {"next_at": until, "changed_at": tx.now}
    if known is not None:
        values["known"] = known.to_json()
    its = {"its_lot": lot, "its_state": ChaseState.OPEN}
    _setting(tuple(values)).run(tx.connection, {**its, **values})


def owes_still(connection: Connection, lot: str) -> bool:
    """Say whether anything is owed for a lot."""
    return _OWES.first(connection, {"its_lot": lot}) is not None


def heard(tx: Tx, answered: Mapping[str, int]) -> list[tuple[str, str]]:
    """Note that lots were answered (so many claims each): their chases may be over.

    What the last remedy of each brought is counted; returns payer and remedy of
    those that brought something for the first time.
    """
    brought = []
    theirs = [{"its_lot": lot} for lot in sorted(answered)]
    found_rows = _UNDER_WAY.rows_of_each(tx.connection, theirs) if theirs else []
    for row in (row for rows in found_rows for row in rows):
        found = remedies.brought(tx, row, answered[row.lot_id])
        if found is not None:
            brought.append((row.payer_id, found))
        if not owes_still(tx.connection, row.lot_id):
            end(tx, row)
    return brought


def end(tx: Tx, row: Chase) -> None:
    """End a chase: nothing is owed any more."""
    remedies.lapse(tx, row.lot_id)
    move(tx, row, ChaseEvent.END, ended_at=tx.now)


def hold_file(tx: Tx, dispatch: str) -> bool:
    """Keep other nodes from deciding on a whole file; False: one of them does now.

    What was said of the file is to be read again after this.
    """
    return _FILE.first(tx.connection, {"its_dispatch": dispatch}) is not None


def of_file(tx: Tx, dispatch: str) -> list[Chase]:
    """Read the chases of a file's lots that go on, and lock them.

    What another node works on is left to it, so nobody waits in a circle.
    """
    return _OF_FILE.rows(tx.connection, {"its_dispatch": dispatch})


def note_sent_with(
    tx: Tx, entropy: Entropy, dispatch: Row[*tuple[Any, ...]], lot: str, until: float
) -> set[str]:
    """Count a file's resend for one lot as tried for all its others; they wait as well.

    Returns those others.
    """
    others = set()
    for row in of_file(tx, dispatch.id):
        if row.lot_id == lot:
            continue
        others.add(row.lot_id)
        words = f"its file was sent again for lot {lot}"
        its = lot_of(tx.connection, row.lot_id)
        remedies.add(
            tx,
            entropy,
            its,
            dispatch,
            Remedy.RESEND,
            state=RemedyState.TRIED,
            words=words,
        )
        known = Known.from_json(row.known).after(Remedy.RESEND, tx.now)
        wait(tx, row.lot_id, until, known)
    return others


def go_on(tx: Tx, row: Chase) -> Chase:
    """Take a chase back from the person who has it; what was tried counts still."""
    move(tx, row, ChaseEvent.REOPEN, next_at=tx.now)
    return locked(tx, row.lot_id) or row


def rest(tx: Tx, row: Chase) -> None:
    """Leave a chase with the person who has it: nothing safe is left to do still."""
    _REST.run(tx.connection, {"its_lot": row.lot_id, "next_at": None})


def lot_of(connection: Connection, lot: str) -> Any:
    """Read a lot that is chased."""
    (row,) = _LOT.rows(connection, {"its_lot": lot})
    return row


@cache
def _setting(columns: tuple[str, ...]) -> Prepared:
    return Prepared(_ITS.where(_CHASE.c.state == given("its_state")), columns)


_CHASE: Final = schema.chase
_ITS: Final = update(_CHASE).where(_CHASE.c.lot_id == given("its_lot"))
_FOLLOW: Final = Prepared(_ITS, ("dispatch_id", "payer_id", "known"))
_REST: Final = Prepared(_ITS, ("next_at",))
_SENT_AT: Final = Prepared(
    select(schema.dispatch.c.sent_at).where(
        schema.dispatch.c.id == given("its_dispatch")
    )
)
_FIND: Final = Prepared(select(_CHASE).where(_CHASE.c.lot_id == given("its_lot")))
_UNDER_WAY: Final = Prepared(
    select(_CHASE).where(
        _CHASE.c.lot_id == given("its_lot"), _CHASE.c.state != ChaseState.ENDED.value
    )
)
_LOCKED: Final = Prepared(
    select(_CHASE).where(_CHASE.c.lot_id == given("its_lot")).with_for_update()
)
_WITH_LOT: Final = (
    select(_CHASE)
    .join(schema.lot, schema.lot.c.id == _CHASE.c.lot_id)
    .with_for_update(skip_locked=True)  # of both
)
_HELD: Final = Prepared(_WITH_LOT.where(_CHASE.c.lot_id == given("its_lot")))
_DUE: Final = Prepared(
    _WITH_LOT.where(_CHASE.c.next_at <= given("now"))
    .order_by(_CHASE.c.next_at, _CHASE.c.lot_id)
    .limit(given("most"))
)
OWED: Final = select(schema.expectation.c.kind).where(
    schema.expectation.c.lot_id == _CHASE.c.lot_id,
    schema.expectation.c.state.in_([state.value for state in _OWING]),
)
"""Whether anything is owed for a chase's lot, as a sub-query."""
_OWES: Final = Prepared(
    select(schema.expectation.c.kind)
    .where(
        schema.expectation.c.lot_id == given("its_lot"),
        schema.expectation.c.state.in_([state.value for state in _OWING]),
    )
    .limit(1)
)
_FILE: Final = Prepared(
    select(schema.dispatch.c.id)
    .where(schema.dispatch.c.id == given("its_dispatch"))
    .with_for_update(skip_locked=True, key_share=True)  # rows may still refer to it
)
_OF_FILE: Final = Prepared(
    select(_CHASE)
    .join(schema.lot, schema.lot.c.id == _CHASE.c.lot_id)
    .where(
        schema.lot.c.dispatch_id == given("its_dispatch"),
        _CHASE.c.state == ChaseState.OPEN.value,
    )
    .order_by(_CHASE.c.lot_id)
    .with_for_update(skip_locked=True, of=_CHASE)
)
_LOT: Final = Prepared(select(schema.lot).where(schema.lot.c.id == given("its_lot")))
