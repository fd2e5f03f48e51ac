"""What remedies were tried for missing answers, and what they brought."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from gateway.journal import schema
from gateway.journal.apart import is_real
from routing.chase import RemedyState

_TRIED = (
    RemedyState.TRIED,
    RemedyState.BROUGHT,
    RemedyState.NOTHING,
    RemedyState.FAILED,
)


class Tried(NamedTuple):
    """A payer's remedy of one kind: tries by what came of them, and claims brought."""

    payer: str
    remedy: str
    states: dict[RemedyState, int]
    claims: int

    def count(self, *states: RemedyState) -> int:
        """Count the tries in some states."""
        return sum(self.states.get(state, 0) for state in states)

    @property
    def tried(self) -> int:
        """How often it was done, or failed in the doing."""
        return self.count(*_TRIED)


def read(
    connection: Connection, since: float, until: float, payer: str | None = None
) -> list[Tried]:
    """Count the remedies begun between two times, by payer (or of one) and kind."""
    table = schema.remedy.c
    query = (
        select(
            table.payer_id,
            table.kind,
            table.state,
            func.count(),
            func.sum(table.brought),
        )
        .where(table.at >= since, table.at < until)
        .where(is_real(table.payer_id))
        .group_by(table.payer_id, table.kind, table.state)
    )
    if payer is not None:
        query = query.where(table.payer_id == payer)
    found: dict[tuple[str, str], Tried] = {}
    for whose, kind, state, count, brought in connection.execute(query):
        row = found.get((whose, kind)) or Tried(whose, kind, {}, 0)
        states = {**row.states, RemedyState(state): int(count)}
        found[whose, kind] = Tried(whose, kind, states, row.claims + int(brought))
    return [found[key] for key in sorted(found)]
