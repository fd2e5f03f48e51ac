"""What the journal of a run knows in the end: who was answered, when, and by which remedy.

Read from rows alone; what the world did is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import field, frozen
from sqlalchemy import Connection, Integer, case, func, select

from gateway.journal import ledger_check, schema
from gateway.simulator.study_payers import FIRST_DAY
from gateway.simulator.study_timing import ZONE
from routing.chase import RemedyState
from routing.ledger import ANSWERED, Account

_NOT_DONE: Final = (RemedyState.APPROVAL, RemedyState.PLANNED, RemedyState.DENIED)


@frozen(kw_only=True)
class Measured:
    """One run; lots by their match key, days of the study from 0.

    `closed` tells on which day how many claims of a lot got a closing answer,
    `missing` how many were ever called missing.  `remedies` are tries that were
    made, and claims that they brought.
    """

    closed: Mapping[str, Sequence[tuple[int, int]]]
    missing: Mapping[str, int]
    remedies: Mapping[str, tuple[int, int]] = field(factory=dict)
    imbalance: int = 0
    paid_twice: int = 0
    seconds: float = 0.0
    memory_mb: float = 0.0

    def answered(self, lot: str, by: int | None = None) -> int:
        """Count the claims of a lot that were answered, or were so by a day."""
        return sum(
            claims
            for day, claims in self.closed.get(lot, ())
            if by is None or day <= by
        )


def measure(connection: Connection, /, **others: float) -> Measured:
    """Read a journal; `others` are what it cannot know."""
    return Measured(
        closed=_closed(connection),
        missing=_missing(connection),
        remedies=_remedies(connection),
        imbalance=ledger_check.imbalance(connection),
        **others,  # type: ignore[arg-type]
    )


def _closed(connection: Connection) -> dict[str, list[tuple[int, int]]]:
    """Read when claims came into an account of the answered, or left it again."""
    move, lot = schema.ledger_move, schema.lot
    answered = list(ANSWERED)
    came = case((move.c.target.in_(answered), move.c.claims), else_=0)
    left = case((move.c.source.in_(answered), move.c.claims), else_=0)
    query = (
        select(lot.c.match_key, move.c.at, func.sum(came - left, type_=Integer))
        .join(lot, lot.c.id == move.c.lot_id)
        .where(move.c.target.in_(answered) | move.c.source.in_(answered))
        .group_by(lot.c.match_key, move.c.at)
        .order_by(lot.c.match_key, move.c.at)
    )
    found: dict[str, list[tuple[int, int]]] = {}
    for key, at, claims in connection.execute(query):
        if claims:
            found.setdefault(key, []).append((_day(at), int(claims)))
    return found


def _missing(connection: Connection) -> dict[str, int]:
    move, lot = schema.ledger_move, schema.lot
    query = (
        select(lot.c.match_key, func.max(move.c.claims))
        .join(lot, lot.c.id == move.c.lot_id)
        .where(move.c.target == Account.MISSING)
        .group_by(lot.c.match_key)
    )
    return {key: int(claims) for key, claims in connection.execute(query)}


def _remedies(connection: Connection) -> dict[str, tuple[int, int]]:
    table = schema.remedy
    query = (
        select(table.c.kind, func.count(), func.sum(table.c.brought))
        .where(table.c.state.not_in(_NOT_DONE))
        .group_by(table.c.kind)
        .order_by(table.c.kind)
    )
    return {
        kind: (int(tried), int(brought))
        for kind, tried, brought in connection.execute(query)
    }


def _day(at: float) -> int:
    return (datetime.fromtimestamp(at, ZONE).date() - FIRST_DAY).days
