"""The `remedy` table: every try that was made for a late lot, and what it brought."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from routing.chase import REMEDY, Known, RemedyEvent, RemedyState
from routing.remedy import Remedy, can_bring

CHASED_ANEW: Final = "chase.again"
"""The event that says that a person had a lot chased anew."""

_TRIED: Final = (RemedyState.TRIED, RemedyState.BROUGHT, RemedyState.NOTHING)
_NOT_AGREED: Final = (RemedyState.DENIED, RemedyState.FAILED)
_UNDECIDED: Final = (RemedyState.APPROVAL, RemedyState.PLANNED, RemedyState.TRIED)


def add(
    tx: Tx,
    entropy: Entropy,
    lot: Row[*tuple[Any, ...]],
    dispatch: Row[*tuple[Any, ...]],
    remedy: Remedy,
    *,
    state: RemedyState,
    words: str,
) -> str:
    """Journal one try before it is made; the one before it brought nothing."""
    lapse(tx, lot.id)
    name = new_id("m", tx.now, entropy)
    row = {
        "id": name,
        "lot_id": lot.id,
        "dispatch_id": dispatch.id,
        "payer_id": dispatch.payer_id,
        "flow": dispatch.flow,
        "kind": remedy,
        "state": state,
        "words": words,
        "asked": lot.standing_asked,
        "at": tx.now,
    }
    _ADD.run(tx.connection, row)
    tx.say(f"remedy.{state}", lot.id, remedy=remedy, id=name, why=words)
    return name


def move(
    tx: Tx, remedy: Row[*tuple[Any, ...]], happened: RemedyEvent, **values: Any
) -> RemedyState:
    """Move one try along its life; raises `IllegalTransition` or `LostRace`."""
    before = RemedyState(remedy.state)
    after = REMEDY.next_state(before, happened)
    if after in REMEDY.final:
        values = {"ended_at": tx.now, **values}
    changed = {"state": after, **values}
    its = {"its_id": remedy.id, "its_state": before}
    if _moving(tuple(changed)).run(tx.connection, {**its, **changed}) != 1:
        raise LostRace(f"remedy {remedy.id} is no longer {before}")
    if after is not before:
        tx.say(f"remedy.{after}", remedy.lot_id, remedy=remedy.kind, id=remedy.id)
    return after


def planned(connection: Connection, most: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """List remedies that are journaled and not done yet, oldest first."""
    return _PLANNED.rows(connection, {"most": most})


def unanswered(
    connection: Connection, asked_before: float, most: int
) -> list[Row[*tuple[Any, ...]]]:
    """List what waits for a second person since before a moment, oldest first."""
    its = {"before": asked_before, "most": most}
    return _UNANSWERED.rows(connection, its)


def one(connection: Connection, name: str) -> Row[*tuple[Any, ...]]:
    """Read one try by its id; raises `LostRace` when there is none."""
    found = find(connection, name)
    if found is None:
        raise LostRace(f"there is no remedy {name}")
    return found


def find(connection: Connection, name: str) -> Row[*tuple[Any, ...]] | None:
    """Find one try by its id."""
    return _FIND.first(connection, {"its_id": name})


def of_lot(connection: Connection, lot: str) -> list[Row[*tuple[Any, ...]]]:
    """List what was tried for a lot, oldest first."""
    return _OF_LOT.rows(connection, {"its_lot": lot})


class Wanted(NamedTuple):
    """Which tries are listed; None: any."""

    payer: str | None = None
    lot: str | None = None
    kind: str | None = None
    state: str | None = None


def listed(
    connection: Connection, wanted: Wanted, most: int
) -> tuple[list[Row[*tuple[Any, ...]]], int]:
    """List tries, and count all that fit.

    What waits for a second person comes first, then the newest.
    """
    table, fits = schema.remedy, _fits(wanted)
    count = connection.execute(select(func.count()).where(fits).select_from(table))
    waits = case((table.c.state == RemedyState.APPROVAL, 0), else_=1)
    query = select(table).where(fits)
    query = query.order_by(waits, table.c.at.desc(), table.c.id.desc()).limit(most)
    return list(connection.execute(query)), int(count.scalar_one())


def screen(
    connection: Connection, wanted: Wanted, after: str, most: int
) -> list[Row[*tuple[Any, ...]]]:
    """List tries, the newest first, that are older than the one with an id."""
    table = schema.remedy
    query = select(table).where(_fits(wanted))
    if after:
        query = query.where(table.c.id < after)
    return list(connection.execute(query.order_by(table.c.id.desc()).limit(most)))


def _fits(wanted: Wanted) -> ColumnElement[bool]:
    table = schema.remedy
    columns = (table.c.payer_id, table.c.lot_id, table.c.kind, table.c.state)
    return and_(
        true(),
        *(
            column == value
            for column, value in zip(columns, wanted, strict=True)
            if value is not None
        ),
    )


def failures(connection: Connection, lot: str, kind: str) -> int:
    """Count how often in a row the last remedy of a lot, of a kind, could not be done."""
    count = 0
    for row in reversed(of_lot(connection, lot)):
        if row.kind != kind or row.state != RemedyState.FAILED:
            break
        count += 1
    return count


def word_on_file(connection: Connection, dispatch: str, lot: str) -> RemedyState | None:
    """Say what a second person said, or is asked, of sending another lot's file again.

    `denied` when one refused it for any lot of the file, or did not answer in time and
    this lot was not chased anew since; `approval` when one is asked, or agreed and it
    is not done yet; None: neither.
    """
    found = _SAID.rows(connection, {"its_dispatch": dispatch, "its_lot": lot})
    for row in found:
        denied = Remedy.RESEND in Known.from_json(row.known).denied
        if row.state not in _NOT_AGREED or not denied:
            continue
        if row.state == RemedyState.DENIED or not _anew(connection, lot, row.ended_at):
            return RemedyState.DENIED
    if any(row.state not in _NOT_AGREED for row in found):
        return RemedyState.APPROVAL
    return None


def _anew(connection: Connection, lot: str, since: float) -> bool:
    """Say whether a person had a lot chased anew since a moment."""
    its = {"its_lot": lot, "since": since}
    return _ANEW.first(connection, its) is not None


def lapse(tx: Tx, lot: str) -> None:
    """End the tries of a lot that brought nothing so far."""
    ended = {"state": RemedyState.NOTHING, "ended_at": tx.now}
    _LAPSE.run(tx.connection, {"its_lot": lot, **ended})


def brought(tx: Tx, chase: Row[*tuple[Any, ...]], claims: int) -> str | None:
    """Count claims for the last remedy that can have brought them; name it if first.

    What none can have brought came by itself, only late.
    """
    if not claims:
        return None
    known = Known.from_json(chase.known)
    for last in reversed(of_lot(tx.connection, chase.lot_id)):
        tried = last.state in _TRIED
        if tried and can_bring(Remedy(last.kind), known, tx.now - last.at):
            move(tx, last, RemedyEvent.BRING, brought=last.brought + claims)
            return None if last.brought else str(last.kind)
    return None


@cache
def _moving(columns: tuple[str, ...]) -> Prepared:
    its = (_REMEDY.c.id == given("its_id"), _REMEDY.c.state == given("its_state"))
    return Prepared(update(_REMEDY).where(*its), columns)


_CHASE: Final = schema.chase
_REMEDY: Final = schema.remedy
_ADD: Final = Prepared(
    insert(_REMEDY),
    (
        "id",
        "lot_id",
        "dispatch_id",
        "payer_id",
        "flow",
        "kind",
        "state",
        "words",
        "asked",
        "at",
    ),
)
_OF_LOT: Final = Prepared(
    select(_REMEDY)
    .where(_REMEDY.c.lot_id == given("its_lot"))
    .order_by(_REMEDY.c.at, _REMEDY.c.id)
)
_PLANNED: Final = Prepared(
    select(_REMEDY)
    .where(_REMEDY.c.state == RemedyState.PLANNED.value)
    .order_by(_REMEDY.c.at, _REMEDY.c.id)
    .limit(given("most"))
)
_UNANSWERED: Final = Prepared(
    select(_REMEDY)
    .where(
        _REMEDY.c.state == RemedyState.APPROVAL.value,
        _REMEDY.c.at < given("before"),
    )
    .order_by(_REMEDY.c.at, _REMEDY.c.id)
    .limit(given("most"))
)
_SAID: Final = Prepared(
    select(_REMEDY.c.state, _REMEDY.c.ended_at, _CHASE.c.known)
    .join(schema.dispatch_lot, schema.dispatch_lot.c.lot_id == _REMEDY.c.lot_id)
    .join(_CHASE, _CHASE.c.lot_id == _REMEDY.c.lot_id)
    .where(
        schema.dispatch_lot.c.dispatch_id == given("its_dispatch"),
        _REMEDY.c.lot_id != given("its_lot"),
        _REMEDY.c.kind == Remedy.RESEND.value,
        or_(
            *(_REMEDY.c.state == state.value for state in _NOT_AGREED),
            _REMEDY.c.state == RemedyState.APPROVAL.value,
            _REMEDY.c.state == RemedyState.PLANNED.value,
        ),
    )
)
_ANEW: Final = Prepared(
    select(schema.event.c.at)
    .where(
        schema.event.c.subject == given("its_lot"),
        schema.event.c.kind == CHASED_ANEW,
        schema.event.c.at >= given("since"),
    )
    .limit(1)
)
_FIND: Final = Prepared(select(_REMEDY).where(_REMEDY.c.id == given("its_id")))
_LAPSE: Final = Prepared(
    update(_REMEDY).where(
        _REMEDY.c.lot_id == given("its_lot"),
        or_(*(_REMEDY.c.state == state.value for state in _UNDECIDED)),
    ),
    ("state", "ended_at"),
)
