"""The `notice` table: the outbox of messages to staff and vendors.

A message is a row, written with the decision that made it.  Its id is its Message-ID,
so that one which went twice, because a node died in between, is known as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.clock import Entropy, new_id
from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from gateway.journal.work import Taking
from routing.notice import NOTICE, NoticeEvent, NoticeState

AnyRow = Row[*tuple[Any, ...]]
_TABLE: Final = schema.notice
_WAITING: Final = _TABLE.c.state == NoticeState.WAITING.value

_TIME_HAS_COME: Final = _WAITING & (_TABLE.c.not_before <= given("now"))
_DUE: Final = Prepared(select(_TABLE.c.id).where(_TIME_HAS_COME).limit(1))

take: Final = Taking(
    _TABLE,
    due=_TIME_HAS_COME,
    order=(_TABLE.c.not_before, _TABLE.c.id),
)


def any_due(connection: Connection, now: float) -> bool:
    """Say whether a message waits whose time has come; a cheap look."""
    return _DUE.first(connection, {"now": now}) is not None


def put(tx: Tx, entropy: Entropy, *, rule: str, recipient: str, content: str) -> str:
    """Put a message into the outbox; return its id."""
    name = new_id("n", tx.now, entropy)
    tx.connection.execute(
        insert(_TABLE),
        {
            "id": name,
            "rule": rule,
            "recipient": recipient,
            "content": content,
            "state": NoticeState.WAITING,
            "not_before": tx.now,
            "tried_since": tx.now,
            "created_at": tx.now,
            "changed_at": tx.now,
        },
    )
    tx.say("notice.made", name, rule=rule, recipient=recipient)
    return name


def move(
    tx: Tx, row: Any, happened: NoticeEvent, *, tried: int = 1, **values: Any
) -> None:
    """Move a message that this worker holds along its life, and let go of it.

    Raises `LostRace` when another worker has taken it over meanwhile.
    """
    after = NOTICE.next_state(NoticeState(row.state), happened)
    changed = tx.connection.execute(
        update(_TABLE)
        .where(
            _TABLE.c.id == row.id,
            _TABLE.c.state == row.state,
            _TABLE.c.worker.is_not_distinct_from(row.worker),
            _TABLE.c.lease_until.is_not_distinct_from(row.lease_until),
        )
        .values(
            state=after,
            attempts=_TABLE.c.attempts + tried,
            worker=None,
            lease_until=None,
            changed_at=tx.now,
            **values,
        )
    ).rowcount
    if changed != 1:
        raise LostRace(f"message {row.id} was taken over by another worker")
    facts = {"cause": values["cause"]} if values.get("cause") else {}
    tx.say(f"notice.{happened}", row.id, **facts)


def revive(tx: Tx, row: Any, *, by: str) -> None:
    """Have a message that failed tried again, with new patience."""
    now = {"not_before": tx.now, "tried_since": tx.now}
    move(tx, row, NoticeEvent.REVIVE, tried=0, cause="", cause_words="", **now)
    tx.say("notice.asked-again", row.id, by=by)


def find(connection: Connection, notice: str) -> AnyRow | None:
    """Find one message."""
    query = select(_TABLE).where(_TABLE.c.id == notice)
    return connection.execute(query).one_or_none()


def listed(
    connection: Connection, *, failed: bool = False, most: int
) -> Sequence[AnyRow]:
    """List the newest messages, the newest first; those that failed only if told."""
    query = select(_TABLE).order_by(_TABLE.c.id.desc()).limit(most)
    if failed:
        query = query.where(_TABLE.c.state == NoticeState.FAILED.value)
    return connection.execute(query).all()


def last_sent(connection: Connection, rule: str) -> dict[str, float]:
    """Return when a rule's last message to each recipient went out."""
    query = (
        select(_TABLE.c.recipient, func.max(_TABLE.c.changed_at))
        .where(_TABLE.c.rule == rule, _TABLE.c.state == NoticeState.SENT.value)
        .group_by(_TABLE.c.recipient)
    )
    return {name: float(at) for name, at in connection.execute(query)}


def waiting(connection: Connection, rule: str) -> int:
    """Count a rule's messages that wait to be sent."""
    query = select(func.count()).where(_TABLE.c.rule == rule, _WAITING)
    return int(connection.execute(query).scalar_one())
