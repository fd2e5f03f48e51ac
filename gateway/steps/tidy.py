"""Housekeeping: parts that nobody went on with, and staging files of nobody.

Only work in progress is ever removed here; what was acknowledged never is.
"""

from __future__ import annotations

from typing import Final

from gateway.committing import Tx
from gateway.database import Database
from gateway.intake import staging
from gateway.journal import parts
from gateway.storage.payloads import Payloads

KEEP_PARTS: Final = 7 * 86_400.0  # seconds a cut upload can be gone on with
_KEEP_STRAY: Final = 86_400.0  # an upload under way has a staging file and no row


class Tidy:
    """Forgets old parts."""

    name = "tidy"

    def __init__(self, *, database: Database, payloads: Payloads) -> None:
        self._database = database
        self._payloads = payloads

    def run_once(self) -> bool:
        """Forget what is too old; False if nothing was."""
        old = self._database.write("tidy", self._forget)
        for part in old:
            staging.remove(self._payloads, part)
        known = self._database.read(parts.all_ids)
        return bool(old) | bool(
            self._payloads.storage.forget_staging(known, older_than=_KEEP_STRAY)
        )

    def _forget(self, tx: Tx) -> list[str]:
        old = parts.older_than(tx.connection, tx.now - KEEP_PARTS)
        parts.forget(tx, old)
        return old
