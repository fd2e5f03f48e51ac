"""The `cohort` table: how many claims were sent on a day, and answered after how long.

Counts are collected on the transaction and written once, at its end and in the
order of their keys: a return of ten thousand answers changes a handful of rows,
and two nodes that count for one payer wait for each other but never in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from gateway.journal import schema
from gateway.journal.prepared import Prepared, given
from gateway.journal.schema_owed import SENT
from routing.delays import Counted


class Cohort(NamedTuple):
    """What a row counts; `sent_on` is the payer's ISO day.

    `after` is in days, `SENT` for all that were sent.  What was `chased` came after
    something had been done for it, and says nothing of how fast the payer is.
    """

    payer_id: str
    flow: str
    kind: str
    sent_on: str
    after: int = SENT
    chased: int = 0

    def answered(self, on: date, *, chased: bool) -> Cohort:
        """Return the row of what was sent with this and is answered on a day.

        An answer never comes before its send: one that outran it counts as of
        that day.
        """
        days = (on - date.fromisoformat(self.sent_on)).days
        return self._replace(after=max(0, days), chased=int(chased))


class Count(NamedTuple):
    """Claims, and the cents that they ask for."""

    claims: int = 0
    asked: int = 0

    def plus(self, claims: int, asked: int) -> Count:
        """Return both together."""
        return Count(self.claims + claims, self.asked + asked)


def add(connection: Connection, counted: Mapping[Cohort, Count]) -> None:
    """Add counts to their rows; part of the caller's transaction."""
    rows = [
        cohort._asdict() | count._asdict() for cohort, count in sorted(counted.items())
    ]
    _ADD.run_many(connection, rows)


def read(
    connection: Connection,
    since: str,
    until: str = "9",
    *,
    payers: Collection[str] | None = None,
) -> list[Counted]:
    """Read the cohorts sent between two ISO days, both included, by their keys.

    Of all payers, or of some.
    """
    its = {"since": since, "until": until}
    if payers is None:
        return [Counted._make(row) for row in _READ.rows(connection, its)]
    some = _BETWEEN.where(schema.cohort.c.payer_id.in_(payers))
    return [Counted._make(row) for row in connection.execute(some, its)]


def _adding(insert: Any) -> Any:
    table = schema.cohort
    statement = insert(table)
    added = {name: table.c[name] + statement.excluded[name] for name in Count._fields}
    return statement.on_conflict_do_update(index_elements=Cohort._fields, set_=added)


_ADD: Final = Prepared(_adding, (*Cohort._fields, *Count._fields))
_BETWEEN: Final = (
    select(*(schema.cohort.c[name] for name in Counted._fields))
    .where(
        schema.cohort.c.sent_on >= given("since"),
        schema.cohort.c.sent_on <= given("until"),
    )
    .order_by(*schema.cohort.primary_key)
)
_READ: Final = Prepared(_BETWEEN)
