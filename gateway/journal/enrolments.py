"""The `enrolment` table: which senders a payer knows, and who must act for the others.

Senders are kept in their network's normal form, so a number that is padded
otherwise is the same one.  An enrolment that opens lets its held lots go: they
are marked in the same transaction, and the route step takes them up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, Row, func, select, text, update

from gateway.committing import Tx
from gateway.journal import dialect, schema
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
_TOLD: Final = 6  # events of one enrolment
_HELD_FOR_IT: Final = f"cause = '{NOT_ENROLLED}'"  # as the index has it, word for word

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
        tx.say("enrolment.absent", _name(key), client=client)
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
    after = _move(tx, key, event, source, words)
    if after is EnrolmentState.OPEN:
        _let_go(tx, network, payer, flow, {key["sender"]})
    return after


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
        before = _FIND.first(tx.connection, key)
        after = _move(tx, key, event_to(each.state), source, each.words)
        changed += before is None or before.state != after
        if after is EnrolmentState.OPEN:
            group = (each.network.name, each.payer, each.flow)
            opened.setdefault(group, (each.network, set()))[1].add(key["sender"])
    for (_, payer, flow), (network, senders) in opened.items():
        _let_go(tx, network, payer, flow, senders)
    return changed


def listed(
    connection: Connection,
    *,
    payer: str | None = None,
    senders: Collection[str] | None = None,
    state: str | None = None,
) -> list[Row[*tuple[Any, ...]]]:
    """List enrolments by payer, sender and flow; some only where told.

    `senders` are in the normal form.
    """
    table = schema.enrolment
    query = select(table).order_by(
        table.c.network, table.c.payer_id, table.c.sender, table.c.flow
    )
    if payer is not None:
        query = query.where(table.c.payer_id == payer)
    if senders is not None:
        query = query.where(table.c.sender.in_(senders))
    if state is not None:
        query = query.where(table.c.state == state)
    return list(connection.execute(query))


def history(connection: Connection, row: Any) -> list[Row[*tuple[Any, ...]]]:
    """List the newest events of an enrolment's row, the oldest of them first."""
    table = schema.event
    name = _name({each: str(getattr(row, each)) for each in _GIVEN})
    query = select(table.c.at, table.c.kind, table.c.subject, table.c.facts)
    newest = query.where(table.c.subject == name).order_by(table.c.at.desc())
    return list(reversed(connection.execute(newest.limit(_TOLD)).all()))


def waiting(
    connection: Connection, networks: Mapping[str, SenderRule]
) -> Counter[tuple[str, str, str, str]]:
    """Count the lots held for each enrolment: network, sender, payer, flow."""
    lot = schema.lot
    whose = (lot.c.network, lot.c.sender, lot.c.payer_id, lot.c.flow)
    query = (
        select(*whose, func.count())
        .where(text(_HELD_FOR_IT), lot.c.state == LotState.HELD)
        .group_by(*whose)
    )
    found: Counter[tuple[str, str, str, str]] = Counter()
    for network, sender, payer, flow, lots in connection.execute(query):
        normal = networks[network].normal_sender(sender)
        found[network, normal, payer, flow] += lots
    return found


def _move(
    tx: Tx, key: dict[str, str], event: EnrolmentEvent, source: str, words: str
) -> EnrolmentState:
    first = _row(tx, key, ENROLMENT.initial)
    new = dialect.insert_new(tx.connection, schema.enrolment, [first]) > 0
    row = _LOCK.rows(tx.connection, key)[0]
    before = EnrolmentState(row.state)
    after = ENROLMENT.next_state(before, event)
    if before is after and not new and words in ("", row.words):
        return after
    values: dict[str, Any] = {
        "state": after,
        "source": source,
        "words": words,
        "changed_at": tx.now,
    }
    if after is not before and after in _NOTED:
        values[_NOTED[after]] = tx.now
    tx.connection.execute(update(schema.enrolment).where(*_its(key)).values(values))
    tx.say(f"enrolment.{after}", _name(key), source=source, words=words)
    return after


def _let_go(
    tx: Tx, network: SenderRule, payer: str, flow: str, senders: set[str]
) -> None:
    """Have the lots routed again that waited for some senders' enrolment.

    A held lot without a directory version is one that the route step takes up.
    """
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


def _name(key: dict[str, str]) -> str:
    """Name an enrolment as the history does."""
    return ":".join(key.values())


def _its(key: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [schema.enrolment.c[name] == value for name, value in key.items()]


_GIVEN: Final = {
    name: given(name) for name in ("network", "sender", "payer_id", "flow")
}
_FIND: Final = Prepared(select(schema.enrolment).where(*_its(_GIVEN)))
_LOCK: Final = Prepared(select(schema.enrolment).where(*_its(_GIVEN)).with_for_update())
_WAITING: Final = Prepared(
    select(schema.lot.c.id, schema.lot.c.sender).where(
        text(_HELD_FOR_IT),
        schema.lot.c.state == LotState.HELD.value,
        schema.lot.c.network == given("its_network"),
        schema.lot.c.payer_id == given("its_payer"),
        schema.lot.c.flow == given("its_flow"),
    )
)
