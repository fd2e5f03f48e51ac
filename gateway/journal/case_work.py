"""What people do with one case: take it, put it off, close it, open it again.

Whoever acts may say with `was` how the case stood when they looked (`stamp`); a case
that somebody changed since is told, and not overwritten.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, Final

from sqlalchemy import Row, select, update

from gateway.committing import Tx
from gateway.errors import LostRace
from gateway.journal import anomalies, anomaly_comments, schema
from gateway.journal.prepared import Prepared, given
from routing.errors import GatewayError
from routing.lifecycle import ANOMALY, AnomalyEvent, AnomalyState

LONGEST: Final = 366 * 86_400.0
"""Seconds for which a case may be put off at most."""
_AT_ONCE: Final = 500


class CaseChanged(GatewayError):
    """Somebody changed a case after it was looked at; nothing was overwritten."""

    code: ClassVar[str] = "case-changed"


class NotSnoozable(GatewayError):
    """A case cannot be put off until that moment."""

    code: ClassVar[str] = "not-snoozable"


def stamp(row: Any) -> str:
    """Name how a case stands, as far as people change it."""
    facts = (row.state, row.assignee, row.resolution, row.severity, row.snoozed_until)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]


def assign(tx: Tx, case: str, to: str, *, by: str, was: str = "") -> None:
    """Give a case to a person."""
    _locked(tx, case, was)
    anomalies.move(tx, case, AnomalyEvent.ASSIGN, by=by, assignee=to)


def give_back(tx: Tx, case: str, *, by: str, was: str = "") -> None:
    """Let go of a case, so that anybody may take it."""
    _locked(tx, case, was)
    anomalies.move(tx, case, AnomalyEvent.UNASSIGN, by=by, assignee="")


def snooze(tx: Tx, case: str, until: float, *, by: str, was: str = "") -> None:
    """Put a case off until a moment; it comes back then, or at once if it gets worse.

    Raises `NotSnoozable` for a moment that has passed, or is over a year away.
    """
    if not tx.now < until <= tx.now + LONGEST:
        raise NotSnoozable(
            f"anomaly {case} can be put off until a later moment, within a year only"
        )
    row = _locked(tx, case, was)
    after = ANOMALY.next_state(AnomalyState(row.state), AnomalyEvent.SNOOZE)
    table = schema.anomaly
    tx.connection.execute(
        update(table).where(table.c.id == case).values(state=after, snoozed_until=until)
    )
    extent = {"severity": row.severity, "claims": row.claims}
    tx.say("anomaly.snooze", case, by=by, until=until, **extent)


def resolve(tx: Tx, case: str, why: str, *, by: str, was: str = "") -> None:
    """Close a case for a reason."""
    _locked(tx, case, was)
    anomalies.move(tx, case, AnomalyEvent.RESOLVE, by=by, resolution=why)


def reopen(tx: Tx, case: str, why: str, *, by: str, was: str = "") -> None:
    """Open a resolved case again; why is kept as a comment."""
    _locked(tx, case, was)
    anomalies.move(tx, case, AnomalyEvent.REOPEN, by=by, resolution="")
    anomaly_comments.add(tx, case, by=by, words=why)


def wake_due(tx: Tx) -> int:
    """Bring back what was put off until now; tell how many came back."""
    table = schema.anomaly
    rows = _DUE.rows(tx.connection, {"now": tx.now})
    for row in rows:
        tx.connection.execute(
            update(table)
            .where(table.c.id == row.id)
            .values(state=anomalies.state_awake(row), snoozed_until=None)
        )
        tx.say("anomaly.wake", row.id, by="gateway", why="its time has come")
    return len(rows)


def _locked(tx: Tx, case: str, was: str) -> Row[*tuple[Any, ...]]:
    """Read a case and keep others off it; raises `CaseChanged` unless it is as it was."""
    table = schema.anomaly
    row = tx.connection.execute(
        select(table).where(table.c.id == case).with_for_update()
    ).one_or_none()
    if row is None:
        raise LostRace(f"there is no anomaly {case}")
    if was and was != stamp(row):
        whose = f" ({row.assignee})" if row.assignee else ""
        raise CaseChanged(
            f"anomaly {case} was changed meanwhile: it is {row.state}{whose} now; look at "
            "it again"
        )
    return row


_DUE: Final = Prepared(
    select(schema.anomaly)
    .where(
        schema.anomaly.c.state == AnomalyState.SNOOZED.value,
        schema.anomaly.c.snoozed_until <= given("now"),
    )
    .limit(_AT_ONCE)
    .with_for_update(skip_locked=True)
)
