"""Housekeeping: parts that nobody went on with, staging files of nobody, old webhooks.

With it goes the look at certificates that end.  Only work in progress is ever removed here, and what endpoints were told long ago;
what was acknowledged never is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.clock import Entropy, Now
from gateway.committing import Tx
from gateway.database import Database
from gateway.intake import staging
from gateway.journal import parts, webhook_deliveries
from gateway.steps import certificates
from gateway.storage.payloads import Payloads
from routing.directory import Directory

KEEP_PARTS: Final = 7 * 86_400.0  # seconds a cut upload can be gone on with
_KEEP_STRAY: Final = 86_400.0  # an upload under way has a staging file and no row


class Tidy:
    """Forgets old parts."""

    name = "tidy"

    def __init__(
        self,
        *,
        database: Database,
        payloads: Payloads,
        keep_webhooks: float,
        directory: Callable[[], Directory],
        entropy: Entropy,
        now: Now,
    ) -> None:
        self._database = database
        self._payloads = payloads
        self._directory = directory
        self._entropy = entropy
        self._now = now
        self._keep_webhooks = keep_webhooks

    def run_once(self) -> bool:
        """Forget what is too old; False if nothing was."""
        old = self._database.write("tidy", self._forget)
        for part in old:
            staging.remove(self._payloads, part)
        known = self._database.read(parts.all_ids)
        stray = self._payloads.storage.forget_staging(known, older_than=_KEEP_STRAY)
        ending = certificates.ending(self._directory(), self._now())
        self._database.write("tidy.papers", certificates.tell, self._entropy, ending)
        told = self._database.write("tidy.webhooks", self._forget_webhooks)
        return bool(old) | bool(stray) | bool(told)

    def _forget_webhooks(self, tx: Tx) -> int:
        return webhook_deliveries.tidy(tx, tx.now - self._keep_webhooks)

    def _forget(self, tx: Tx) -> list[str]:
        old = parts.older_than(tx.connection, tx.now - KEEP_PARTS)
        parts.forget(tx, old)
        return old
