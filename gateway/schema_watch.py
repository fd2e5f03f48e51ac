"""Stops a node once another program has migrated the journal under it.

What a newer program's rows mean is not known here, so nothing more is done with them
than to end what is under way.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from gateway.database import Database
from gateway.errors import SchemaMismatch
from gateway.journal import revision


class SchemaWatch:
    """Looks now and then whether the journal is still this program's."""

    _log = Logger()

    def __init__(self, database: Database, stop: Callable[[], None]) -> None:
        self.migrated = False
        self._database = database
        self._stop = stop

    def look(self) -> None:
        """Look, blocking; where it is another's say so and have the node stop, once."""
        if self.migrated:
            return
        try:
            self._database.read(revision.check)
        except SchemaMismatch as error:
            self.migrated = True
            self._log.error("{error}: the node stops", error=str(error))
            self._stop()
