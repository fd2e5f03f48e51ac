"""Step 10, watch: answers past due become late, then missing, in plain sight.

Due dates were counted in the payer's working days when the dispatch was sent;
here only time passes.  What is late is chased.  Missing is never final: a late
answer still closes it.

Where many clients' answers of one payer are late at once and nothing at all comes
from it, the payer is silent: one incident stands for all, nobody is chased and
nothing is called missing until it is heard again, or has been silent for so long
that only asking can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import Row, select

from config.directory_records import Within
from gateway.clock import Entropy
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import (
    anomalies,
    approvals,
    case_work,
    chases,
    expectations,
    ledger,
    payer_chases,
    returns,
    schema,
)
from gateway.steps import unanswered
from routing.directory import Directory
from routing.envelope import Level
from routing.errors import NoRoute
from routing.ledger import Account
from routing.lifecycle import ExpectationEvent, ExpectationState

_AT_ONCE: Final = 500
_STILL_OWED: Final = frozenset({Account.DISPATCHED, Account.ACKNOWLEDGED})
SILENT: Final = "payer-silent"
_MANY: Final = 3  # clients with late answers, since the payer was heard last
_LONGEST_SILENCE: Final = Within(5, 0.0)  # then it is asked all the same
_CATCH_UP: Final = Within(2, 0.0)  # what a payer that is back has to catch up


class Watch:
    """Looks for expectations past due."""

    name = "watch"

    def __init__(
        self,
        *,
        database: Database,
        directory: Callable[[], Directory],
        entropy: Entropy,
        word_within: float,
    ) -> None:
        self._database = database
        self._directory = directory
        self._entropy = entropy
        self._word_within = word_within

    def run_once(self) -> bool:
        """Move what is past due; False if nothing was."""
        moved = self._database.write("watch.due", self._look)
        self._database.write("watch.unanswered", unanswered.withdraw, self._word_within)
        self._database.write("watch.settle", self._settle)
        return bool(moved)

    def _look(self, tx: Tx) -> int:
        rows = expectations.past_due(tx, _AT_ONCE)
        silent = {
            row.subject
            for row in anomalies.open_of_kind(tx.connection, SILENT)
            if self._endpoint(row.subject) is not None  # it is still in the directory
        }
        fresh: dict[str, int] = {}
        for row in rows:
            if row.state == ExpectationState.OPEN:
                self._late(tx, row)
                fresh[row.payer_id] = fresh.get(row.payer_id, 0) + 1
            elif row.payer_id in silent:
                self._put_off(tx, row)
            else:
                self._missing(tx, row)
        self._tell_late(tx, rows)
        for payer in sorted(fresh.keys() - silent):
            self._notice_silence(tx, payer)
        for payer in sorted(fresh.keys() & silent):
            payer_chases.pause(tx, payer)
        return len(rows)

    def _late(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> None:
        next_at = max(row.missing_at, row.next_at)
        expectations.move(tx, row, ExpectationEvent.LAPSE, next_at=next_at)
        chases.begin(tx, row, chases.lot_of(tx.connection, row.lot_id))

    def _tell_late(self, tx: Tx, rows: Iterable[Row[*tuple[Any, ...]]]) -> None:
        """Raise one anomaly for all late answers of a payer, flow and kind."""
        counted: Counter[tuple[str, str, str]] = Counter()
        claims: Counter[tuple[str, str, str]] = Counter()
        for row in rows:
            if row.state == ExpectationState.OPEN:
                key = row.payer_id, row.flow, row.kind
                counted[key] += 1
                claims[key] += row.owed
        for (payer, flow, kind), count in counted.items():
            anomalies.raise_(
                tx,
                self._entropy,
                kind="answer-late",
                severity=anomalies.WARNING,
                subject=f"{payer}:{flow}:{kind}",
                payer=payer,
                seen=count,
                claims=claims[payer, flow, kind],
                words=f"payer {payer} owes {kind} answers for {flow} that are past due",
            )

    def _settle(self, tx: Tx) -> None:
        """Close the anomalies of payers that owe nothing late any more.

        Cases that were put off until now come back.
        """
        case_work.wake_due(tx)
        for row in anomalies.open_of_kind(tx.connection, "answer-late"):
            payer, flow, kind = row.subject.rsplit(":", 2)
            if not expectations.overdue(tx.connection, payer, flow, kind):
                anomalies.settle(
                    tx,
                    kind="answer-late",
                    subject=row.subject,
                    reason="all that was late has come",
                )
        for row in anomalies.open_of_kind(tx.connection, "answer-missing"):
            payer, flow, _ = row.subject.rsplit(":", 2)
            if not payer_chases.any_missing(tx.connection, payer, flow, row.last_seen):
                payer_chases.end_given_up(tx, payer, flow)
                anomalies.settle(
                    tx,
                    kind="answer-missing",
                    subject=row.subject,
                    reason="all that was missing has come, or is not owed any more",
                )
        for row in anomalies.open_of_kind(tx.connection, "remedy-approval"):
            approvals.settle_if_none(tx, row.subject, "nothing waits any more")
        for row in anomalies.open_of_kind(tx.connection, SILENT):
            self._notice_return(tx, row)
        self._resume_forgotten(tx)

    def _resume_forgotten(self, tx: Tx) -> None:
        """Let the chases of payers go on whose incident somebody has closed."""
        paused = payer_chases.payers_paused(tx.connection)
        if paused:
            open_ones = anomalies.open_of_kind(tx.connection, SILENT)
            for payer in sorted(paused - {row.subject for row in open_ones}):
                payer_chases.resume(tx, payer, at=tx.now)

    # A payer that is silent as a whole

    def _notice_silence(self, tx: Tx, payer: str) -> None:
        """Pause a payer's chases when many wait for it and nothing at all comes."""
        endpoint = self._endpoint(payer)
        if endpoint is None:
            return
        heard = returns.last_from(tx.connection, endpoint)
        if heard is None or self._due(payer, heard, Within(1, 0.0)) > tx.now:
            return
        if payer_chases.clients_late_since(tx.connection, payer, heard, _MANY) < _MANY:
            return
        count = payer_chases.pause(tx, payer)
        anomalies.raise_(
            tx,
            self._entropy,
            kind=SILENT,
            severity=anomalies.ERROR,
            subject=payer,
            payer=payer,
            seen=count,
            words=f"payer {payer} has sent nothing for over a working day, and answers "
            f"for {_MANY} clients or more became late since; its chases wait until it "
            "is heard. If it has announced an outage, put it into its calendar",
        )

    def _notice_return(self, tx: Tx, incident: Row[*tuple[Any, ...]]) -> None:
        """Let chases go on when a payer is heard again, or silent for too long."""
        payer = incident.subject
        endpoint = self._endpoint(payer)
        heard = None if endpoint is None else returns.last_from(tx.connection, endpoint)
        began = incident.last_seen
        if heard is not None and heard > began:
            reason = "the payer is heard again"
            at = self._due(payer, tx.now, _CATCH_UP)
        elif endpoint is None or self._due(payer, began, _LONGEST_SILENCE) < tx.now:
            reason, at = "the payer was silent for so long that it is asked", tx.now
        else:
            return
        payer_chases.resume(tx, payer, at=at)
        anomalies.settle(tx, kind=SILENT, subject=payer, reason=reason)

    def _put_off(self, tx: Tx, row: Row[*tuple[Any, ...]]) -> None:
        """Call nothing missing while its payer as a whole is silent."""
        until = self._due(row.payer_id, tx.now, _CATCH_UP)
        expectations.put_off(tx, row, until)

    def _endpoint(self, payer: str) -> str | None:
        try:
            return self._directory().payer(payer).endpoint
        except NoRoute:
            return None

    def _due(self, payer: str, since: float, within: Within) -> float:
        return self._directory().calendar(payer).due(since, within)

    # What nobody answered

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
