"""Step 10, watch: answers past due become late, then missing, in plain sight.

Due dates were counted in the payer's working days when the dispatch was sent;
here only time passes.  Missing is never final: a late answer still closes it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, select

from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import anomalies, expectations, ledger, schema
from routing.envelope import Level
from routing.ledger import Account
from routing.lifecycle import ExpectationEvent, ExpectationState

_AT_ONCE: Final = 500
_STILL_OWED: Final = frozenset({Account.DISPATCHED, Account.ACKNOWLEDGED})


class Watch:
    """Looks for expectations past due."""

    name = "watch"

    def __init__(self, *, database: Database, entropy: Entropy) -> None:
        self._database = database
        self._entropy = entropy

    def run_once(self) -> bool:
        """Move what is past due; False if nothing was."""
        moved = self._database.write("watch.due", self._look)
        self._database.write("watch.settle", self._settle)
        return bool(moved)

    def _look(self, tx: Tx) -> int:
        rows = expectations.past_due(tx, _AT_ONCE)
        for row in rows:
            if row.state == ExpectationState.OPEN:
                self._late(tx, row)
            else:
                self._missing(tx, row)
        return len(rows)

    def _late(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> None:
        next_at = max(row.missing_at, row.next_at)
        expectations.move(tx, row, ExpectationEvent.LAPSE, next_at=next_at)
        anomalies.raise_(
            tx,
            self._entropy,
            kind="answer-late",
            severity=anomalies.WARNING,
            subject=f"{row.payer_id}:{row.flow}:{row.kind}",
            payer=row.payer_id,
            words=f"payer {row.payer_id} owes {row.kind} answers for {row.flow} "
            "that are past due",
        )

    def _settle(self, tx: Tx) -> None:
        """Close the anomalies of payers that owe nothing late any more."""
        for row in anomalies.open_of_kind(tx.connection, "answer-late"):
            payer, flow, kind = row.subject.rsplit(":", 2)
            if not expectations.overdue(tx.connection, payer, flow, kind):
                anomalies.settle(
                    tx,
                    kind="answer-late",
                    subject=row.subject,
                    reason="all that was late has come",
                )

    def _missing(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> None:
        expectations.move(tx, row, ExpectationEvent.MISS)
        if row.level == Level.CLAIM:
            self._book_missing(tx, row)

    def _book_missing(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> None:
        """Move the claims that nobody answered to the account of the missing."""
        table = schema.lot
        lot = tx.connection.execute(
            select(table).where(table.c.id == row.lot_id).with_for_update()
        ).one()
        if Account(lot.account) in _STILL_OWED:
            ledger.move_lot(tx, lot, Account.MISSING, f"expectation.{row.kind}")
