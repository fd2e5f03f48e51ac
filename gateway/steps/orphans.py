"""Answers that fitted nothing are tried again: by age, and where a new directory tells.

An orphan is tried again after an hour, then whenever it is four times as old: what may
still come, such as a lot that another node was about to note, comes early.  A new
directory has those tried at once that came from where somebody else answers now, not
all of the house.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row

from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.journal import anomalies, returns
from gateway.steps.doubt import ABSURD
from gateway.steps.origin import FOREIGN
from gateway.steps.tally import Tally
from routing.answering import Answering, answering, changed
from routing.directory import Directory

ORPHANS: Final = "return-orphans"
_RETRY_AFTER: Final = 3600.0  # seconds, at least
_SELDOMER: Final = 3  # times its age, until the next try


class Orphans:
    """Puts returns back into the queue whose orphans are due for another try."""

    def __init__(
        self, database: Database, directory: Callable[[], Directory], now: Now
    ) -> None:
        self._database = database
        self._directory = directory
        self._now = now
        self._tried_with = ""  # the version with which orphans were tried last
        self._answering: Answering = {}  # who answers where by that one

    def put_back(self) -> None:
        """Put back what is due now; blocking."""
        self._notice_directory()
        self._database.write("match.again", returns.put_orphans_back)

    def _notice_directory(self) -> None:
        directory = self._directory()
        if directory.version == self._tried_with:
            return
        after = answering(directory, datetime.fromtimestamp(self._now(), UTC).date())
        if self._tried_with:
            where = changed(self._answering, after)
            self._database.write("match.directory", returns.orphans_due_now, where)
        else:  # it may have changed while this node was away
            now = self._now()
            while self._database.write("match.directory", returns.orphans_due, now):
                pass
        self._tried_with, self._answering = directory.version, after


def again_at(collected_at: float, now: float) -> float:
    """Say when the orphans of a return are tried again; Unix times."""
    return now + max(_RETRY_AFTER, _SELDOMER * (now - collected_at))


def tell_orphans(
    tx: Tx, entropy: Entropy, row: Row[*tuple[Any, ...]], payer: str, tally: Tally
) -> None:
    """Tell of the orphans of a return that was read, or that its outbox has none left."""
    if not tally.orphans:
        settle_outbox(tx, row.endpoint_id)
        return
    anomalies.raise_(
        tx,
        entropy,
        kind=ORPHANS,
        severity=anomalies.WARNING,
        subject=row.endpoint_id,
        payer=payer,
        seen=tally.orphans,
        words=f"return {row.id}: {tally.orphans} of {tally.count} "
        "answers fit nothing that was sent; they are kept and tried again",
    )


def settle_outbox(tx: Tx, endpoint: str) -> None:
    """Close what is told of an outbox once every answer from it is somebody's."""
    if returns.orphans_left(tx.connection, endpoint):
        return
    for kind in (ORPHANS, FOREIGN, ABSURD):
        anomalies.settle(
            tx,
            kind=kind,
            subject=endpoint,
            reason="every answer has found what it speaks of",
        )
