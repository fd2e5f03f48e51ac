"""The `dispatch` table: files for payers, their numbers, lots and attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, Row, insert, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import dialect, lots, schema
from gateway.journal.prepared import Prepared, given
from gateway.storage.payloads import StoredPayload
from protocols.sending import Composed
from routing import sandbox
from routing.lifecycle import DISPATCH, DispatchEvent, DispatchState, LotEvent


@frozen(kw_only=True)
class Group:
    """Lots that go into one file: same payer, code and flow."""

    network: str
    payer: str
    code: str
    endpoint: str
    flow: str
    version: str
    lots: tuple[Row[*tuple[Any, ...]], ...]


def open_dispatch(tx: Tx, entropy: Entropy, group: Group) -> str:
    """Gather lots under the payer's next file number; the file is made after.

    The number is allocated here, once, whatever becomes of the attempts.  Raises
    `ValueError` where a sandbox and the real world would meet.
    """
    whose = {sandbox.of_client(name) for name in (group.payer, group.endpoint)}
    whose |= {sandbox.of_client(lot.network) for lot in group.lots}
    if len(whose) != 1:
        raise ValueError(
            f"lots of {group.network} cannot go to {group.payer} at {group.endpoint}: "
            "one is in a sandbox, and another is not, or in another one"
        )
    name = new_id("s", tx.now, entropy)
    number = next_number(tx, f"{group.payer}/{group.flow}")
    row = {
        "id": name,
        "payer_id": group.payer,
        "payer_code": group.code,
        "endpoint_id": group.endpoint,
        "network": group.network,
        "flow": group.flow,
        "directory_version": group.version,
        "number": number,
        "lots": len(group.lots),
        "claims": sum(lot.claims for lot in group.lots),
        "asked": sum(lot.asked for lot in group.lots),
        "state": DispatchState.READY,
        "not_before": tx.now,
        "created_at": tx.now,
        "changed_at": tx.now,
    }
    _OPEN.run(tx.connection, row)
    members = [
        {"dispatch_id": name, "lot_id": lot.id, "position": position}
        for position, lot in enumerate(group.lots, 1)
    ]
    _ADD_MEMBER.run_many(tx.connection, members)
    for lot in group.lots:
        lots.move(tx, lot, LotEvent.GATHER, "gathered", dispatch_id=name)
    tx.say("dispatch.gathered", name, payer=group.payer, number=number)
    return name


def compose(tx: Tx, dispatch: str, composed: Composed, stored: StoredPayload) -> None:
    """Note the file that was made for a dispatch; from here it may be sent.

    Raises `LostRace` when another worker made it already: what may have been
    sent never changes.
    """
    made = {
        "payload_id": stored.id,
        "filename": composed.name,
        "size": stored.size,
        "worker": None,
        "lease_until": None,
    }
    if _COMPOSE.run(tx.connection, {"its_id": dispatch, **made}) != 1:
        raise LostRace(f"dispatch {dispatch} has its file already")
    tx.say(
        "dispatch.composed",
        dispatch,
        filename=composed.name,
        size=stored.size,
        sha256=stored.sha256,
    )
    for words in composed.notes:
        tx.say("dispatch.corrected", dispatch, words=words)


def move(
    tx: Tx, dispatch: Row[*tuple[Any, ...]], happened: DispatchEvent, **values: Any
) -> DispatchState:
    """Move a dispatch along its life; raises `IllegalTransition` or `LostRace`."""
    before = DispatchState(dispatch.state)
    after = DISPATCH.next_state(before, happened)
    changed = {"state": after, "changed_at": tx.now, **values}
    its = {"its_id": dispatch.id, "its_state": before}
    if _moving(tuple(changed)).run(tx.connection, {**its, **changed}) != 1:
        raise LostRace(f"dispatch {dispatch.id} is no longer {before}")
    if before is not after:
        said = {key: values[key] for key in ("cause", "reference") if values.get(key)}
        tx.say(f"dispatch.{happened}", dispatch.id, state=after, **said)
    return after


def begin_attempt(tx: Tx, dispatch: Row[*tuple[Any, ...]], worker: str) -> int:
    """Count an attempt and note its beginning."""
    number = _attempts(tx.connection, dispatch.id) + 1
    begun = {"number": number, "worker": worker, "started_at": tx.now}
    _BEGIN_ATTEMPT.run(tx.connection, {"dispatch_id": dispatch.id, **begun})
    return number


def end_attempt(
    tx: Tx, dispatch: str, number: int, *, outcome: str, code: str, words: str
) -> None:
    """Note how an attempt ended."""
    its = {"its_dispatch": dispatch, "its_number": number}
    ended = {"ended_at": tx.now, "outcome": outcome, "code": code, "words": words}
    _END_ATTEMPT.run(tx.connection, its | ended)


def members(connection: Connection, dispatch: str) -> list[Row[*tuple[Any, ...]]]:
    """List the lots of a dispatch in the order of its file."""
    return _MEMBERS.rows(connection, {"its_dispatch": dispatch})


def find(connection: Connection, dispatch: str) -> Row[*tuple[Any, ...]] | None:
    """Find one dispatch."""
    return _FIND.first(connection, {"its_id": dispatch})


def attempts(connection: Connection, dispatch: str) -> list[Row[*tuple[Any, ...]]]:
    """List the attempts of a dispatch, oldest first."""
    table = schema.attempt
    query = select(table).where(table.c.dispatch_id == dispatch)
    return list(connection.execute(query.order_by(table.c.number)))


def sending(connection: Connection) -> Mapping[str, int]:
    """Count dispatches under way per endpoint; those are no more than workers."""
    return Counter(row.endpoint_id for row in _SENDING.rows(connection, {}))


def _attempts(connection: Connection, dispatch: str) -> int:
    found = _ATTEMPTS.first(connection, {"its_dispatch": dispatch})
    return 0 if found is None else int(found.number)


def next_number(tx: Tx, series: str) -> int:
    """Hand out the next number of a series, once."""
    table = schema.number_series
    dialect.insert_new(tx.connection, table, [{"series": series, "last": 0}])
    (row,) = _NEXT_NUMBER.rows(tx.connection, {"its_series": series})
    return int(row.last)


@cache
def _moving(columns: tuple[str, ...]) -> Prepared:
    table = schema.dispatch
    its = (table.c.id == given("its_id"), table.c.state == given("its_state"))
    return Prepared(update(table).where(*its), columns)


_OPEN: Final = Prepared(
    insert(schema.dispatch),
    (
        "id",
        "payer_id",
        "payer_code",
        "endpoint_id",
        "network",
        "flow",
        "directory_version",
        "number",
        "lots",
        "claims",
        "asked",
        "state",
        "not_before",
        "created_at",
        "changed_at",
    ),
)
_ADD_MEMBER: Final = Prepared(
    insert(schema.dispatch_lot), ("dispatch_id", "lot_id", "position")
)
_COMPOSE: Final = Prepared(
    update(schema.dispatch).where(
        schema.dispatch.c.id == given("its_id"),
        schema.dispatch.c.state == DispatchState.READY.value,
        schema.dispatch.c.payload_id.is_(None),
    ),
    ("payload_id", "filename", "size", "worker", "lease_until"),
)
_SENDING: Final = Prepared(
    select(schema.dispatch.c.endpoint_id).where(
        schema.dispatch.c.state == DispatchState.SENDING.value
    )
)
_NEXT_NUMBER: Final = Prepared(
    update(schema.number_series)
    .where(schema.number_series.c.series == given("its_series"))
    .values(last=schema.number_series.c.last + 1)
    .returning(schema.number_series.c.last)
)
_FIND: Final = Prepared(
    select(schema.dispatch).where(schema.dispatch.c.id == given("its_id"))
)
_MEMBERS: Final = Prepared(
    select(schema.lot)
    .join(schema.dispatch_lot, schema.dispatch_lot.c.lot_id == schema.lot.c.id)
    .where(schema.dispatch_lot.c.dispatch_id == given("its_dispatch"))
    .order_by(schema.dispatch_lot.c.position)
)
_ITS_ATTEMPTS: Final = schema.attempt.c.dispatch_id == given("its_dispatch")
_ATTEMPTS: Final = Prepared(
    select(schema.attempt.c.number)
    .where(_ITS_ATTEMPTS)
    .order_by(schema.attempt.c.number.desc())
    .limit(1)
)
_BEGIN_ATTEMPT: Final = Prepared(
    insert(schema.attempt), ("dispatch_id", "number", "worker", "started_at")
)
_END_ATTEMPT: Final = Prepared(
    update(schema.attempt).where(
        _ITS_ATTEMPTS, schema.attempt.c.number == given("its_number")
    ),
    ("ended_at", "outcome", "code", "words"),
)
