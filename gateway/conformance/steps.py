"""What a test client has done by now, from the journal: the steps of `steps.toml`.

Each rule tells when its step was first done, or None.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select

from gateway.journal import schema
from routing.envelope import Level
from routing.lifecycle import DepositState, HandbackState

_FILE: Final = Path(__file__).parent / "steps.toml"
_PATIENCE: Final = 1800.0  # seconds for which a return may wait
_DEPOSIT, _LOT = schema.deposit.c, schema.lot.c
_ANSWER, _HANDBACK = schema.answer.c, schema.handback.c
_GOOD: Final = (_DEPOSIT.state == DepositState.SPLIT, _DEPOSIT.errors == 0)
_DONE: Final = _HANDBACK.state == HandbackState.ACKNOWLEDGED


@frozen(kw_only=True)
class Step:
    """One step: what is to be done, how, and whether a certificate needs it."""

    name: str
    check: str
    words: str
    how: str
    needed: bool = True
    outcome: str = ""


@frozen(kw_only=True)
class Seen:
    """A step, and when it was done; None: not yet."""

    step: Step
    at: float | None


@cache
def steps() -> Sequence[Step]:
    """Read the steps that come with the program."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Step(**each) for each in found["step"])


def see(connection: Connection, client: str, now: float) -> list[Seen]:
    """Say of every step when a client has done it."""
    return [
        Seen(step=step, at=_RULES[step.check](connection, client, now, step))
        for step in steps()
    ]


def doors(connection: Connection, client: str) -> Mapping[str, int]:
    """Count a client's deposits by the door that they came through."""
    query = (
        select(_DEPOSIT.channel, func.count().label("files"))
        .where(_DEPOSIT.client_id == client)
        .group_by(_DEPOSIT.channel)
        .order_by(_DEPOSIT.channel)
    )
    return {row.channel: row.files for row in connection.execute(query)}


def networks(connection: Connection, client: str) -> list[str]:
    """Name the networks of which a client has returns."""
    query = select(_HANDBACK.network).where(_HANDBACK.client_id == client).distinct()
    return sorted(connection.execute(query).scalars())


def _good_file(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    return _first(connection, select(_DEPOSIT.received_at).where(_of(client), *_GOOD))


def _bad_file(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    bad = select(func.min(_DEPOSIT.received_at)).where(_of(client), _DEPOSIT.errors > 0)
    first = connection.execute(bad).scalar_one()
    if first is None:
        return None
    after = _DEPOSIT.received_at > first
    return _first(
        connection, select(_DEPOSIT.received_at).where(_of(client), after, *_GOOD)
    )


def _answered(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    return _first(connection, _acknowledged(client, _ANSWER.outcome == step.outcome))


def _claim_answered(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    said = and_(_ANSWER.level == Level.CLAIM, _ANSWER.outcome == step.outcome)
    return _first(connection, _acknowledged(client, said))


def _lot_refused(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    other = schema.answer.alias()
    single = exists().where(
        other.c.lot_id == _ANSWER.lot_id, other.c.level == Level.CLAIM
    )
    whole = and_(_ANSWER.level == Level.LOT, _ANSWER.outcome == "rejected", ~single)
    return _first(connection, _acknowledged(client, whole))


def _answered_twice(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    kind = schema.payer_return.c.kind
    said = (_ANSWER.lot_id, _ANSWER.claim_seq, _ANSWER.outcome, kind)
    twice = (
        select(func.max(_HANDBACK.acknowledged_at).label("at"))
        .select_from(schema.answer)
        .join(schema.handback, _HANDBACK.id == _ANSWER.handback_id)
        .join(schema.payer_return, schema.payer_return.c.id == _ANSWER.return_id)
        .where(_HANDBACK.client_id == client, _ANSWER.lot_id.is_not(None), _DONE)
        .group_by(*said)
        .having(func.count(_HANDBACK.id.distinct()) > 1)
        .subquery()
    )
    return _first(connection, select(twice.c.at))


def _late(connection: Connection, client: str, now: float, step: Step) -> float | None:
    owed, kind = schema.expectation.c, schema.payer_return.c.kind
    late = exists().where(
        owed.lot_id == _ANSWER.lot_id,
        owed.due_at < _ANSWER.matched_at,
        owed.kind == kind,
        schema.payer_return.c.id == _ANSWER.return_id,
    )
    return _first(connection, _acknowledged(client, late))


def _no_answer(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    chased = schema.chase.c
    said = exists().where(_ANSWER.lot_id == chased.lot_id)
    query = select(chased.opened_at).where(chased.client_id == client, ~said)
    again = (
        select(_LOT.id)
        .where(_LOT.client_id == client, _LOT.cause == "duplicate-lot")
        .limit(1)
    )
    if connection.execute(again).first() is not None:
        return None
    return _first(connection, query)


def _all_fetched(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    waits = _HANDBACK.state == HandbackState.READY
    return _none_waits(connection, client, waits, _HANDBACK.created_at, now)


def _all_acknowledged(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    waits = _HANDBACK.state == HandbackState.FETCHED
    return _none_waits(connection, client, waits, _HANDBACK.fetched_at, now)


def _renamed(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    return _gone_on_with(connection, client, whole=True)


def _resumed(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    return _gone_on_with(connection, client, whole=False)


def _sent_again(
    connection: Connection, client: str, now: float, step: Step
) -> float | None:
    name = schema.inbox_name.c
    twice = (
        select(func.max(name.modified_at).label("at"))
        .where(name.client_id == client, name.deposit_id.is_not(None))
        .group_by(name.deposit_id)
        .having(func.count() > 1)
        .subquery()
    )
    return _first(connection, select(twice.c.at))


def _gone_on_with(connection: Connection, client: str, *, whole: bool) -> float | None:
    """Tell when a part that was kept became a deposit: as it was, or longer."""
    event = schema.event.c
    opened = select(schema.client.c.created_at).where(schema.client.c.id == client)
    query = (
        select(event.at, event.kind, event.subject, event.facts)
        .where(
            event.kind.in_(("upload.kept", "upload.deposited")),
            event.at >= opened.scalar_subquery(),
        )
        .order_by(event.at)
    )
    kept: dict[str, int] = {}
    for row in connection.execute(query):
        facts = json.loads(row.facts)
        if row.kind == "upload.kept":
            if facts["client"] == client:
                kept[row.subject] = facts["size"]
        elif row.subject in kept:
            before = kept[row.subject]
            if facts["size"] == before if whole else facts["size"] > before:
                return float(row.at)
    return None


def _none_waits(
    connection: Connection,
    client: str,
    waits: ColumnElement[bool],
    since: ColumnElement[Any],
    now: float,
) -> float | None:
    """Tell when the last return was acknowledged, unless one waits for too long."""
    late = select(_HANDBACK.id).where(
        _HANDBACK.client_id == client, waits, since < now - _PATIENCE
    )
    if connection.execute(late.limit(1)).first() is not None:
        return None
    last = select(func.max(_HANDBACK.acknowledged_at)).where(
        _HANDBACK.client_id == client, _DONE
    )
    found: float | None = connection.execute(last).scalar_one()
    return found


def _acknowledged(client: str, which: ColumnElement[bool]) -> Select[Any]:
    """Select when returns were acknowledged that hold such an answer."""
    return (
        select(_HANDBACK.acknowledged_at)
        .select_from(schema.answer)
        .join(schema.handback, _HANDBACK.id == _ANSWER.handback_id)
        .where(_HANDBACK.client_id == client, _DONE, which)
    )


def _first(connection: Connection, query: Select[Any]) -> float | None:
    moment = query.subquery()
    found = connection.execute(select(func.min(moment.c[0]))).scalar_one()
    return None if found is None else float(found)


def _of(client: str) -> ColumnElement[bool]:
    return _DEPOSIT.client_id == client


_RULES: Final[Mapping[str, Callable[[Connection, str, float, Step], float | None]]] = {
    "good_file": _good_file,
    "bad_file": _bad_file,
    "answered": _answered,
    "claim_answered": _claim_answered,
    "lot_refused": _lot_refused,
    "answered_twice": _answered_twice,
    "late": _late,
    "no_answer": _no_answer,
    "all_fetched": _all_fetched,
    "all_acknowledged": _all_acknowledged,
    "renamed": _renamed,
    "resumed": _resumed,
    "sent_again": _sent_again,
}
