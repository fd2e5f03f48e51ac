"""The `enrolment` table: which senders a payer knows, and who must act for the others.

Senders are kept in their network's normal form, so a number that is padded
otherwise is the same one.  An enrolment that opens lets its held lots go: they
are marked in the same transaction, and the route step takes them up; the chases
of lots that were sent look again as well, also those that a person has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, select, text, update

from gateway.committing import Tx
from gateway.journal import dialect, payer_chases, schema
from gateway.journal.lots import NOT_ENROLLED
from gateway.journal.prepared import Prepared, given
from routing.enrolment import (
    ENROLMENT,
    EnrolmentEvent,
    EnrolmentState,
    event_to,
)
from routing.lifecycle import LotState

_AT_ONCE: Final = 500
_PAYER: Final = "payer"  # the source of what its desk says
HELD_FOR_IT: Final = f"cause = '{NOT_ENROLLED}'"
"""Lots that wait for an enrolment, as the index has it, word for word."""

KEY: Final = ("network", "sender", "payer_id", "flow")
"""What names an enrolment."""


_NOTED: Final = {
    EnrolmentState.REQUESTED: "requested_at",
    EnrolmentState.OPEN: "opened_at",
}


class SenderRule(Protocol):
    """What of a network is needed here: its name, and how it compares senders."""

    name: str

    def normal_sender(self, number: str) -> str:
        """Return a sender's number in the form under which it is compared."""
        ...


class _Moved(NamedTuple):
    """What became of a word: how the enrolment stands, and whether that is new."""

    state: EnrolmentState
    changed: bool
    held: bool = True  # False: better was known


class Stated(NamedTuple):
    """How an enrolment stands, as a person or a list says."""

    network: SenderRule
    sender: str
    payer: str
    flow: str
    state: EnrolmentState
    words: str = ""


def state(
    connection: Connection, network: SenderRule, sender: str, payer: str, flow: str
) -> EnrolmentState | None:
    """Tell how a sender stands with a payer for a flow; None: nothing is known."""
    found = _FIND.first(connection, _key(network, sender, payer, flow))
    return None if found is None else EnrolmentState(found.state)


def find(
    connection: Connection, network: SenderRule, sender: str, payer: str, flow: str
) -> Any | None:
    """Find the row of a sender, payer and flow."""
    return _FIND.first(connection, _key(network, sender, payer, flow))


def locked_state(
    tx: Tx,
    network: SenderRule,
    sender: str,
    payer: str,
    flow: str,
    *,
    client: str,
) -> EnrolmentState:
    """Tell the state surely, before a lot is held for it; writes `absent` if new.

    The row is locked until the transaction ends, so an enrolment that opens
    meanwhile finds the lot that was held.
    """
    key = _key(network, sender, payer, flow)
    absent = _row(tx, key, EnrolmentState.ABSENT) | {
        "client_id": client,
        "source": "evidence",
        "words": "a lot came for a payer that must know its sender first",
    }
    if dialect.insert_new(tx.connection, schema.enrolment, [absent]):
        tx.say("enrolment.absent", name_of(key), client=client)
        return EnrolmentState.ABSENT
    return EnrolmentState(_LOCK.rows(tx.connection, key)[0].state)


def move(
    tx: Tx,
    network: SenderRule,
    sender: str,
    payer: str,
    flow: str,
    event: EnrolmentEvent,
    *,
    source: str,
    words: str,
) -> EnrolmentState:
    """Move an enrolment along its life, from `absent` where there is no row.

    `source` is who said so: staff, import, payer or evidence.  The same event
    again changes nothing.  Raises `IllegalTransition`.
    """
    key = _key(network, sender, payer, flow)
    moved = _move(tx, key, event, source, words)
    _follow(tx, network, key, moved)
    return moved.state


def hear(
    tx: Tx,
    network: SenderRule,
    sender: str,
    payer: str,
    flow: str,
    event: EnrolmentEvent,
    *,
    of: float,
    words: str,
) -> bool:
    """Take a payer's word on how an enrolment stood at a moment.

    False: better is known since, from the payer or from staff, and stays.
    """
    key = _key(network, sender, payer, flow)
    moved = _move(tx, key, event, _PAYER, words, of)
    _follow(tx, network, key, moved)
    return moved.held


def touch(tx: Tx, network: SenderRule, sender: str, payer: str, flow: str) -> None:
    """Note that the payer was asked again how an enrolment stands."""
    key = _key(network, sender, payer, flow)
    values = {"changed_at": tx.now}
    tx.connection.execute(update(schema.enrolment).where(*_its(key)).values(values))


def state_all(tx: Tx, stated: Iterable[Stated], *, source: str) -> int:
    """Put many enrolments where they are said to stand; return how many changed."""
    changed = 0
    opened: dict[tuple[str, str, str], tuple[SenderRule, set[str]]] = {}
    for each in stated:
        key = _key(each.network, each.sender, each.payer, each.flow)
        moved = _move(tx, key, event_to(each.state), source, each.words)
        changed += moved.changed
        if moved.changed and moved.state is EnrolmentState.OPEN:
            group = (each.network.name, each.payer, each.flow)
            opened.setdefault(group, (each.network, set()))[1].add(key["sender"])
    for (_, payer, flow), (network, senders) in opened.items():
        _let_go(tx, network, payer, flow, senders)
    return changed


def _move(
    tx: Tx,
    key: dict[str, str],
    event: EnrolmentEvent,
    source: str,
    words: str,
    of: float | None = None,
) -> _Moved:
    first = _row(tx, key, ENROLMENT.initial)
    new = dialect.insert_new(tx.connection, schema.enrolment, [first]) > 0
    row = _LOCK.rows(tx.connection, key)[0]
    before = EnrolmentState(row.state)
    if of is not None and _knows_better(row, event, of):
        return _Moved(before, changed=False, held=False)
    after = ENROLMENT.next_state(before, event)
    told_at = tx.now if of is None else max(of, row.told_at or of)
    values: dict[str, Any] = {"told_at": told_at}
    if before is not after or new or words not in ("", row.words):
        values |= {
            "state": after,
            "source": source,
            "words": words,
            "changed_at": tx.now,
        }
        if after is not before and after in _NOTED:
            values[_NOTED[after]] = tx.now
        tx.say(f"enrolment.{after}", name_of(key), source=source, words=words)
    tx.connection.execute(update(schema.enrolment).where(*_its(key)).values(values))
    return _Moved(after, changed=new or before is not after)


def _knows_better(row: Any, event: EnrolmentEvent, of: float) -> bool:
    """Say whether an enrolment's row knows of a later moment than a payer's word.

    Who only asked the payer meanwhile takes a yes, however old.  A desk may answer
    one question more than once; once it has said yes, that is its answer.
    """
    if row.told_at is None or of > row.told_at:
        return False
    if row.source != _PAYER:
        waits = row.state == EnrolmentState.REQUESTED
        return not (waits and event is EnrolmentEvent.OPEN)
    return bool(of < row.told_at or row.state == EnrolmentState.OPEN)


def _follow(tx: Tx, network: SenderRule, key: Mapping[str, str], moved: _Moved) -> None:
    """Let go what waited for an enrolment that has opened."""
    if moved.changed and moved.state is EnrolmentState.OPEN:
        _let_go(tx, network, key["payer_id"], key["flow"], {key["sender"]})


def _let_go(
    tx: Tx, network: SenderRule, payer: str, flow: str, senders: set[str]
) -> None:
    """Have the lots routed, or chased, again that waited for some senders' enrolment.

    A held lot without a directory version is one that the route step takes up.
    """
    payer_chases.wake(
        tx,
        lambda sender: network.normal_sender(sender) in senders,
        network=network.name,
        payer=payer,
        flow=flow,
    )
    lot = schema.lot
    waiting = _WAITING.rows(
        tx.connection,
        {"its_network": network.name, "its_payer": payer, "its_flow": flow},
    )
    due = [each.id for each in waiting if network.normal_sender(each.sender) in senders]
    for start in range(0, len(due), _AT_ONCE):
        tx.connection.execute(
            update(lot)
            .where(
                lot.c.id.in_(due[start : start + _AT_ONCE]),
                lot.c.state == LotState.HELD,
            )
            .values(directory_version=None)
        )


def _row(tx: Tx, key: dict[str, str], state: EnrolmentState) -> dict[str, Any]:
    return {**key, "state": state, "changed_at": tx.now}


def _key(network: SenderRule, sender: str, payer: str, flow: str) -> dict[str, str]:
    return {
        "network": network.name,
        "sender": network.normal_sender(sender),
        "payer_id": payer,
        "flow": flow,
    }


def name_of(key: dict[str, str]) -> str:
    """Name an enrolment as the history does."""
    return ":".join(key.values())


def _its(key: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [schema.enrolment.c[name] == value for name, value in key.items()]


_GIVEN: Final = {name: given(name) for name in KEY}
_FIND: Final = Prepared(select(schema.enrolment).where(*_its(_GIVEN)))
_LOCK: Final = Prepared(select(schema.enrolment).where(*_its(_GIVEN)).with_for_update())
_WAITING: Final = Prepared(
    select(schema.lot.c.id, schema.lot.c.sender).where(
        text(HELD_FOR_IT),
        schema.lot.c.state == LotState.HELD.value,
        schema.lot.c.network == given("its_network"),
        schema.lot.c.payer_id == given("its_payer"),
        schema.lot.c.flow == given("its_flow"),
    )
)
